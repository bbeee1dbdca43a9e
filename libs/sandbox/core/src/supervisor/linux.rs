//! Linux: a helper for each command, and one thread that watches over all of them.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rustix::fd::OwnedFd;

use super::{Handler, Launch, StartError};

pub(crate) mod cgroup;
mod interpreter;
mod job;
mod mounts;
pub(crate) mod paths;
pub(crate) mod plan;
pub(crate) mod probe;
mod reactor;
pub(crate) mod sockets;
mod spawn;
mod start;

use job::Job;
use reactor::{Order, Reactor};
use start::Starter;

/// Bytes that wait for a command to read them, above which a writer is asked to wait.
const STDIN_HIGH_WATER: u64 = 1 << 20;

#[derive(Debug)]
pub(super) struct Supervisor {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    starter: Mutex<Option<Starter>>,
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
    /// What was ordered for commands that have not started yet.
    early: HashMap<u64, Vec<Order>>,
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

    /// The number of a command that is about to be started.
    fn reserve(&self) -> u64 {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut queue = self.queue();
        queue.unread.insert(id, 0);
        queue.early.insert(id, Vec::new());
        id
    }

    /// It will not start after all.
    fn forget(&self, id: u64) {
        let mut queue = self.queue();
        queue.unread.remove(&id);
        queue.early.remove(&id);
    }

    /// Gives a command that was started to the thread, with what was ordered meanwhile; back where that takes no more.
    fn add(&self, id: u64, job: Box<Job>) -> Result<(), Box<Job>> {
        let mut queue = self.queue();
        if queue.stopped {
            return Err(job);
        }
        queue.orders.push(Order::Add(id, job));
        let early = queue.early.remove(&id).unwrap_or_default();
        queue.orders.extend(early);
        drop(queue);
        self.wake();
        Ok(())
    }

    fn order(&self, order: Order) {
        let mut queue = self.queue();
        if queue.stopped {
            return;
        }
        if let Some(early) = order.command().and_then(|id| queue.early.get_mut(&id)) {
            early.push(order);
            return;
        }
        queue.orders.push(order);
        drop(queue);
        self.wake();
    }

    fn wake(&self) {
        // Full means that it will wake anyway.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
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
            starter: Mutex::default(),
        })
    }

    pub(super) fn start(&self, launch: Launch, handler: Handler) -> Result<Running, StartError> {
        let id = self.shared.reserve();
        match start::start(&self.shared, id, launch, handler) {
            Ok(()) => Ok(self.running(id)),
            Err((error, _)) => Err(error),
        }
    }

    /// The same on the thread for that, which begins with the first of them.
    pub(super) fn start_soon(&self, launch: Launch, handler: Handler) -> Running {
        let id = self.shared.reserve();
        let mut starter = self.starter.lock().unwrap_or_else(PoisonError::into_inner);
        let starter = starter.get_or_insert_with(|| Starter::new(&self.shared));
        starter.take(id, launch, handler);
        self.running(id)
    }

    fn running(&self, id: u64) -> Running {
        Running {
            id,
            shared: Arc::clone(&self.shared),
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.shared.order(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        // What it has yet to start is refused.
        let starter = self.starter.get_mut();
        drop(starter.unwrap_or_else(PoisonError::into_inner).take());
    }
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
