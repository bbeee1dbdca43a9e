//! Starting a command: what holds it, its plan, its helper.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Instant;

use super::job::{Job, Outset};
use super::plan::Prepared;
use super::spawn::Waiting;
use super::{Shared, plan, probe};
use crate::capabilities::linux::enforcement_beside;
use crate::capabilities::{Capabilities, Enforcement, capabilities};
use crate::policy::Rules;
use crate::supervisor::{Event, Handler, Launch, Means, StartError, Stdin};

/// The thread that starts commands for those who do not wait for it.
#[derive(Debug)]
pub(super) struct Starter {
    queue: Option<Sender<Asked>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

struct Asked {
    id: u64,
    launch: Launch,
    handler: Handler,
}

impl Starter {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        let (sender, receiver) = channel::<Asked>();
        let own = Arc::clone(shared);
        let thread = std::thread::Builder::new()
            .name("fishplate-sandbox-start".to_owned())
            .spawn(move || receiver.into_iter().for_each(|asked| asked.start(&own)));
        Self {
            queue: thread.is_ok().then_some(sender),
            thread: thread.ok(),
            shared: Arc::clone(shared),
        }
    }

    pub(super) fn take(&self, id: u64, launch: Launch, handler: Handler) {
        let asked = Asked {
            id,
            launch,
            handler,
        };
        let refused = match &self.queue {
            Some(queue) => queue.send(asked).err().map(|refused| refused.0),
            None => Some(asked),
        };
        // Without another thread, it is this one.
        if let Some(asked) = refused {
            asked.start(&self.shared);
        }
    }
}

impl Drop for Starter {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Asked {
    fn start(self, shared: &Arc<Shared>) {
        if let Err((error, mut handler)) = start(shared, self.id, self.launch, self.handler) {
            handler(Event::End(Err(error)));
        }
    }
}

/// Starts it; where that fails, the handler comes back with the reason.
pub(super) fn start(
    shared: &Arc<Shared>,
    id: u64,
    launch: Launch,
    mut handler: Handler,
) -> Result<(), (StartError, Handler)> {
    let outset = match begin(launch, &mut handler) {
        Ok(outset) => outset,
        Err(error) => {
            shared.forget(id);
            return Err((error, handler));
        }
    };
    let job = Job::new(outset, handler);
    shared.add(id, Box::new(job)).map_err(|job| {
        shared.forget(id);
        (StartError::Stopped, job.give_up())
    })
}

fn begin(launch: Launch, handler: &mut Handler) -> Result<Outset, StartError> {
    let started = Instant::now();
    let found = capabilities(&launch.helper)?;
    let required = launch.rules.policy.require;
    let means = found
        .means
        .map(|means| means.max(launch.strongest))
        .filter(|means| {
            let mut unavailable = found.unavailable.iter();
            // Those of other systems come after it.
            *means <= Means::LandlockOnly
                && !unavailable.any(|(unavailable, _)| unavailable == means)
        });
    let Some(means) = means else {
        return Err(StartError::too_weak(required, &found.enforcement));
    };
    let waiting = Waiting::start(&launch.helper, probe::strategy(means))?;
    let (held, prepared) = match prepare(&launch, means, &found) {
        Ok(prepared) => prepared,
        Err(error) => {
            waiting.dismiss();
            return Err(error);
        }
    };
    if let Some(listener) = prepared.listener {
        handler(Event::Listener(listener));
    }
    let process = waiting.follow(&prepared.plan, launch.stdin != Stdin::Null)?;
    Ok(Outset {
        limits: prepared.limits,
        plan: prepared.plan,
        enforcement: held,
        launch,
        process,
        started,
    })
}

/// What will hold, and the plan for it.
fn prepare(
    launch: &Launch,
    means: Means,
    found: &Capabilities,
) -> Result<(Enforcement, Prepared), StartError> {
    let sockets = plan::host_sockets(&launch.rules, means);
    let held = enforcement_beside(&limited(launch), means, found, sockets.as_ref());
    if held.meets() < launch.rules.policy.require {
        return Err(StartError::too_weak(launch.rules.policy.require, &held));
    }
    let prepared = plan::prepare(launch, means, found, sockets.as_ref())?;
    Ok((held, prepared))
}

/// The rules with the limits of this launch, which can be what is held less well.
fn limited(launch: &Launch) -> Rules {
    let mut rules = (*launch.rules).clone();
    rules.policy.limits = rules.policy.limits.lower(launch.limits);
    rules
}
