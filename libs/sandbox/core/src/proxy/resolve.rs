//! Names to addresses, each lookup on a thread of its own: the system's resolver can only be waited for.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot};

/// The stack of a thread that looks a name up; the system's resolver loads modules that need some.
const STACK: usize = 512 * 1024;

/// Says which addresses a name has.
pub trait Resolve: Send + Sync {
    /// The addresses of a name, which is in lower case and without a dot at its end. It may block.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from an answer.
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver: `/etc/hosts`, DNS, and whatever else is configured.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let addresses = (name, 0).to_socket_addrs()?;
        Ok(addresses.map(|address| address.ip()).collect())
    }
}

/// Lookups that run at once, up to a bound.
#[derive(Clone)]
pub(super) struct Lookups {
    resolver: Arc<dyn Resolve>,
    permits: Arc<Semaphore>,
}

impl Lookups {
    pub(super) fn new(resolver: Arc<dyn Resolve>, at_once: usize) -> Self {
        Self {
            resolver,
            permits: Arc::new(Semaphore::new(at_once.max(1))),
        }
    }

    /// Looks a name up. Whoever stops waiting leaves a thread behind, which counts until the resolver answers it.
    pub(super) async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let closed = || io::Error::other("the lookup ended without an answer");
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| closed())?;
        let (sender, receiver) = oneshot::channel();
        let (resolver, name) = (Arc::clone(&self.resolver), name.to_owned());
        std::thread::Builder::new()
            .name("fishplate-dns".into())
            .stack_size(STACK)
            .spawn(move || {
                let _permit = permit;
                // Nobody listens anymore after a shutdown.
                let _ = sender.send(resolver.resolve(&name));
            })?;
        receiver.await.map_err(|_| closed())?
    }
}
