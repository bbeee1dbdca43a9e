//! Whether a command's input has room for more: told by who writes it, and by the supervisor's thread when all was taken.

use std::sync::atomic::{AtomicU8, Ordering};

const ROOM: u8 = 0;
const WRITING: u8 = 1;
const TAKEN_MEANWHILE: u8 = 2;
const FULL: u8 = 3;

/// The room of one command.
#[derive(Debug, Default)]
pub struct InputRoom(AtomicU8);

impl InputRoom {
    /// Whether the client was told to wait, and has not been told since that all was taken.
    pub fn is_full(&self) -> bool {
        self.0.load(Ordering::Acquire) == FULL
    }

    /// Writes by `write`, which answers whether there is room for more; so does this. Where not, [`InputRoom::taken`] will say
    /// when there is.
    pub fn write(&self, write: impl FnOnce() -> bool) -> bool {
        self.0.store(WRITING, Ordering::Release);
        let wait = !write()
            && self
                .0
                .compare_exchange(WRITING, FULL, Ordering::AcqRel, Ordering::Acquire)
                .is_ok();
        if !wait {
            self.0.store(ROOM, Ordering::Release);
        }
        !wait
    }

    /// All was taken. Answers whether the client waits for that.
    pub fn taken(&self) -> bool {
        let _ = self.0.compare_exchange(
            WRITING,
            TAKEN_MEANWHILE,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        self.0
            .compare_exchange(FULL, ROOM, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::InputRoom;

    #[test]
    fn a_client_waits_only_for_what_will_be_told() {
        let room = InputRoom::default();
        assert!(room.write(|| true) && !room.taken() && !room.is_full());
        assert!(!room.write(|| false) && room.is_full());
        assert!(room.taken() && !room.is_full() && !room.taken());
        // All of it was taken before this thread went on.
        assert!(room.write(|| room.taken()) && !room.is_full() && !room.taken());
    }
}
