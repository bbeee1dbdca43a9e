//! The number of this process. It is asked for at each call, to notice a fork; a call of the system each time would be a tenth of an append.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Number of this process, also in a fork.
pub fn process_id() -> u32 {
    static KNOWN: OnceLock<Option<&'static AtomicU32>> = OnceLock::new();
    let Some(known) = KNOWN.get_or_init(wiped_in_forks) else {
        return std::process::id();
    };
    match known.load(Ordering::Relaxed) {
        0 => {
            let id = std::process::id();
            known.store(id, Ordering::Relaxed);
            id
        }
        id => id,
    }
}

/// A number in a page that the kernel fills with zeros in every fork; `None` where there is no such thing.
#[cfg(target_os = "linux")]
fn wiped_in_forks() -> Option<&'static AtomicU32> {
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};
    const PAGE: usize = 4096;
    // SAFETY: a new mapping at a place that the kernel chooses. It is never given back.
    let page = unsafe {
        mmap_anonymous(
            std::ptr::null_mut(),
            PAGE,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE,
        )
    };
    let page = page.ok()?;
    // SAFETY: the range is that mapping, which nobody knows yet.
    unsafe { madvise(page, PAGE, Advice::LinuxWipeOnFork) }.ok()?;
    // SAFETY: the page is aligned, filled with zeros, writable, and stays for as long as the process.
    Some(unsafe { AtomicU32::from_ptr(page.cast()) })
}

#[cfg(not(target_os = "linux"))]
fn wiped_in_forks() -> Option<&'static AtomicU32> {
    None
}

#[cfg(test)]
mod tests {
    use super::process_id;

    #[test]
    fn it_is_what_the_system_says() {
        assert_eq!(process_id(), std::process::id());
        assert_eq!(process_id(), std::process::id());
    }
}
