//! Lets clients in, and ends when it is told to.

use std::collections::HashMap;
use std::io::{self, Read};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fishplate_sandbox::Supervisor;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::connection;
use crate::endpoint::Endpoint;
pub use crate::endpoint::EndpointError;
use crate::fault::Fault;
use crate::options::Options;
use crate::outgoing::Outgoing;
use crate::peer::check_peer;
use crate::session::{Session, Then};

/// Clients at once.
pub const MOST_CLIENTS: usize = 64;

/// How long the clients' threads have to end what runs; their helpers see the end of this process anyway.
const LAST_CLIENTS: Duration = Duration::from_secs(6);

/// How long to wait where the system has no descriptors left.
const PAUSE: Duration = Duration::from_millis(50);

/// Why a daemon does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// There is no such helper.
    #[error("--helper {}: {error}", path.display())]
    Helper {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The socket cannot be listened on.
    #[error("--socket {0}")]
    Endpoint(#[from] EndpointError),
    /// A thread, or what it needs, cannot be had.
    #[error("the system refused what a daemon needs: {0}")]
    System(#[from] io::Error),
}

/// Serves until a signal, a client or the end of standard input ends it. `on_listening` is called once clients can come.
///
/// # Errors
///
/// [`ServeError`], before any client has been let in.
pub fn serve(options: &Options, on_listening: impl FnOnce()) -> Result<(), ServeError> {
    let helper = std::path::absolute(&options.helper)
        .and_then(|path| std::fs::metadata(&path).map(|_| path))
        .map_err(|error| ServeError::Helper {
            path: options.helper.clone(),
            error,
        })?;
    let (end, ended) = channel();
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let supervisor = Supervisor::new()?;
    let (endpoint, listener) = Endpoint::listen(&options.socket)?;
    let server = Arc::new(Server {
        supervisor: Mutex::new(Some(Arc::new(supervisor))),
        helper: helper.into(),
        clients: Mutex::default(),
        changed: Condvar::new(),
        end: end.clone(),
    });
    let accepting = Arc::clone(&server);
    let started = (|| {
        let builder = std::thread::Builder::new;
        builder().spawn(move || accepting.accept(&listener))?;
        builder().spawn(move || {
            signals.forever().next();
            let _ = end.send(());
        })?;
        if options.has_parent {
            let watching = Arc::clone(&server);
            builder().spawn(move || watching.watch_parent())?;
        }
        Ok(())
    })();
    if let Err(error) = started {
        endpoint.remove();
        return Err(ServeError::System(error));
    }
    on_listening();
    // It lives as long as the server, which holds a sender.
    let _ = ended.recv();
    endpoint.remove();
    server.disconnect_all();
    server.stop();
    if options.has_parent {
        // The client made it for this daemon.
        endpoint.remove_directory();
    }
    Ok(())
}

#[derive(Debug)]
struct Server {
    /// None when the daemon ends.
    supervisor: Mutex<Option<Arc<Supervisor>>>,
    helper: Arc<Path>,
    clients: Mutex<Clients>,
    changed: Condvar,
    end: Sender<()>,
}

#[derive(Debug, Default)]
struct Clients {
    streams: HashMap<u64, UnixStream>,
    last: u64,
    is_orphan: bool,
    is_ending: bool,
}

impl Server {
    fn accept(self: &Arc<Self>, listener: &UnixListener) {
        loop {
            match listener.accept() {
                Ok((stream, _)) => self.admit(stream),
                // Of a client that is gone already, or for want of descriptors.
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }

    fn admit(self: &Arc<Self>, stream: UnixStream) {
        if let Err(stranger) = check_peer(&stream) {
            let fault = Fault::failed("SIDECAR_UNAVAILABLE", stranger.to_string());
            return connection::refuse(stream, &fault);
        }
        let Some(supervisor) = self.supervisor().clone() else {
            return;
        };
        let client = match self.enter(&stream) {
            Ok(Some(client)) => client,
            // Hung up on without a word, as by a daemon that is gone: the client starts another one.
            Ok(None) => return,
            Err(fault) => return connection::refuse(stream, &fault),
        };
        // Gone when the thread ends, by a panic too, or is not to be had.
        let leaving = Leaving {
            server: Arc::clone(self),
            client,
        };
        let _ = std::thread::Builder::new().spawn(move || {
            let server = Arc::clone(&leaving.server);
            let outgoing = Arc::new(Outgoing::default());
            let helper = Arc::clone(&server.helper);
            let session = Session::new(supervisor, helper, Arc::clone(&outgoing));
            if connection::serve(&stream, &outgoing, session) == Then::Shutdown {
                let _ = server.end.send(());
            }
            drop(leaving);
        });
    }

    /// None where the daemon is ending.
    fn enter(&self, stream: &UnixStream) -> Result<Option<u64>, Fault> {
        let mut clients = self.clients();
        if clients.is_ending {
            return Ok(None);
        }
        if clients.streams.len() >= MOST_CLIENTS {
            let message = format!("{MOST_CLIENTS} clients are connected already");
            return Err(Fault::failed("SIDECAR_UNAVAILABLE", message));
        }
        let copy = stream
            .try_clone()
            .map_err(|error| Fault::failed("SIDECAR_UNAVAILABLE", error.to_string()))?;
        clients.last += 1;
        let client = clients.last;
        clients.streams.insert(client, copy);
        Ok(Some(client))
    }

    fn leave(&self, client: u64) {
        let mut clients = self.clients();
        clients.streams.remove(&client);
        self.end_if_abandoned(&mut clients);
        self.changed.notify_all();
    }

    /// Whoever started this process holds the other end.
    fn watch_parent(&self) {
        let mut stdin = io::stdin();
        let mut buffer = [0; 256];
        loop {
            match stdin.read(&mut buffer) {
                Ok(0) => break,
                Err(error) if error.kind() != io::ErrorKind::Interrupted => break,
                _ => {}
            }
        }
        let mut clients = self.clients();
        clients.is_orphan = true;
        self.end_if_abandoned(&mut clients);
    }

    fn end_if_abandoned(&self, clients: &mut Clients) {
        if clients.is_orphan && clients.streams.is_empty() {
            // At once: who came in between would be thrown out.
            clients.is_ending = true;
            let _ = self.end.send(());
        }
    }

    /// Disconnects all clients, which ends what they run.
    fn disconnect_all(&self) {
        let end = Instant::now() + LAST_CLIENTS;
        let mut clients = self.clients();
        clients.is_ending = true;
        for stream in clients.streams.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        while !clients.streams.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            clients = match self.changed.wait_timeout(clients, left) {
                Ok((clients, _)) => clients,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Waits until nothing runs any more. Where a client's thread is stuck, the end of the process does it.
    fn stop(&self) {
        let supervisor = self.supervisor().take();
        drop(supervisor.and_then(Arc::into_inner));
    }

    fn supervisor(&self) -> MutexGuard<'_, Option<Arc<Supervisor>>> {
        self.supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Leaving {
    server: Arc<Server>,
    client: u64,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.server.leave(self.client);
    }
}
