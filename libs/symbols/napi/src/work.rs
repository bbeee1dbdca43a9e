//! Work for a thread of the pool.

use napi::bindgen_prelude::{AsyncTask, Env, Task, ToNapiValue, TypeName};
use napi::{Error, Result};

type Run<Output> = Box<dyn FnOnce() -> Result<Output> + Send>;

pub struct Work<Output> {
    /// None once it has run.
    run: Option<Run<Output>>,
}

pub fn work<Output>(
    run: impl FnOnce() -> Result<Output> + Send + 'static,
) -> AsyncTask<Work<Output>>
where
    Output: Send + ToNapiValue + TypeName + 'static,
{
    AsyncTask::new(Work {
        run: Some(Box::new(run)),
    })
}

impl<Output: Send + ToNapiValue + TypeName + 'static> Task for Work<Output> {
    type Output = Output;
    type JsValue = Output;

    fn compute(&mut self) -> Result<Output> {
        let run = self.run.take();
        run.map_or_else(|| Err(Error::from_reason("it has run before")), |run| run())
    }

    fn resolve(&mut self, _: Env, output: Output) -> Result<Output> {
        Ok(output)
    }
}
