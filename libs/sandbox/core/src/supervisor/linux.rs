//! Linux: a helper for each command, and one thread that watches over all of them.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use rustix::fd::OwnedFd;

use super::{Event, Handler, Launch, StartError, Stdin};
use crate::capabilities::linux::enforcement_beside as enforcement;
use crate::capabilities::{Enforcement, capabilities};

pub(crate) mod cgroup;
mod interpreter;
mod job;
pub(crate) mod paths;
pub(crate) mod plan;
pub(crate) mod probe;
mod reactor;
pub(crate) mod sockets;
mod spawn;

use job::Job;
use reactor::{Order, Reactor};

/// Bytes that wait for a command to read them, above which a writer is asked to wait.
const STDIN_HIGH_WATER: u64 = 1 << 20;

#[derive(Debug)]
pub(super) struct Supervisor {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What threads that start commands share with the one that watches.
#[derive(Debug)]
struct Shared {
    wake: OwnedFd,
    queue: Mutex<Queue>,
    next: AtomicU64,
}

#[derive(Default)]
struct Queue {
    orders: Vec<Order>,
    /// Bytes that each command has yet to read, from its start to its end.
    unread: HashMap<u64, u64>,
    stopped: bool,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Queue").finish_non_exhaustive()
    }
}

#[derive(Clone, Debug)]
pub(super) struct Running {
    id: u64,
    shared: Arc<Shared>,
}

impl Shared {
    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `false`: the thread takes no more.
    fn order(&self, order: Order) -> bool {
        let mut queue = self.queue();
        if queue.stopped {
            return false;
        }
        queue.orders.push(order);
        drop(queue);
        // Full means that it will wake anyway.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
        true
    }
}

impl Supervisor {
    pub(super) fn new() -> io::Result<Self> {
        use rustix::event::{EventfdFlags, eventfd};
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let shared = Arc::new(Shared {
            wake,
            queue: Mutex::default(),
            next: AtomicU64::new(1),
        });
        let reactor = Reactor::new(Arc::clone(&shared))?;
        let thread = std::thread::Builder::new()
            .name("fishplate-sandbox".to_owned())
            .spawn(move || reactor.run())?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    pub(super) fn start(
        &self,
        launch: Launch,
        mut handler: Handler,
    ) -> Result<(Running, Enforcement), StartError> {
        let started = Instant::now();
        let found = capabilities(&launch.helper)?;
        let means = found
            .means
            .map(|means| means.max(launch.strongest))
            .filter(|means| {
                !found
                    .unavailable
                    .iter()
                    .any(|(unavailable, _)| unavailable == means)
            });
        let Some(means) = means else {
            return Err(StartError::too_weak(
                launch.rules.policy.require,
                &found.enforcement,
            ));
        };
        let sockets = plan::host_sockets(&launch.rules, means);
        let held = enforcement(&limited(&launch), means, &found, sockets.as_ref());
        if held.meets() < launch.rules.policy.require {
            return Err(StartError::too_weak(launch.rules.policy.require, &held));
        }
        let id = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let prepared = plan::prepare(&launch, means, &found, sockets.as_ref())?;
        if let Some(listener) = prepared.listener {
            handler(Event::Listener(listener));
        }
        let open = launch.stdin != Stdin::Null;
        let spawned = spawn::spawn(&launch.helper, &prepared.plan, open)?;
        let job = Job::new(
            launch,
            &prepared.limits,
            prepared.plan,
            spawned,
            handler,
            held.clone(),
            started,
        );
        self.shared.queue().unread.insert(id, 0);
        if !self.shared.order(Order::Add(id, Box::new(job))) {
            self.shared.queue().unread.remove(&id);
            return Err(StartError::Stopped);
        }
        let running = Running {
            id,
            shared: Arc::clone(&self.shared),
        };
        Ok((running, held))
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.shared.order(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The rules with the limits of this launch, which can be what is held less well.
fn limited(launch: &Launch) -> crate::policy::Rules {
    let mut rules = (*launch.rules).clone();
    rules.policy.limits = plan::lower(rules.policy.limits, launch.limits);
    rules
}

impl Running {
    pub(super) fn kill(&self) {
        self.shared.order(Order::Kill(self.id));
    }

    pub(super) fn kill_now(&self) {
        self.shared.order(Order::KillNow(self.id));
    }

    pub(super) fn pause_output(&self) {
        self.shared.order(Order::Pause(self.id));
    }

    pub(super) fn resume_output(&self) {
        self.shared.order(Order::Resume(self.id));
    }

    pub(super) fn write_stdin(&self, bytes: Vec<u8>) -> bool {
        let waiting = {
            let mut queue = self.shared.queue();
            let Some(waiting) = queue.unread.get_mut(&self.id) else {
                // It has ended: nobody reads, so nobody waits.
                return true;
            };
            *waiting += bytes.len() as u64;
            *waiting
        };
        self.shared.order(Order::Write(self.id, bytes));
        waiting <= STDIN_HIGH_WATER
    }

    pub(super) fn close_stdin(&self) {
        self.shared.order(Order::CloseStdin(self.id));
    }
}
