//! The job object that all processes of a command are in: none leaves it, its handle's end is theirs, and it counts.

use std::io;
use std::mem::size_of;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::IO::{CreateIoCompletionPort, GetQueuedCompletionStatus};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_ACTIVE_PROCESS,
    JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION, JOB_OBJECT_LIMIT_JOB_MEMORY,
    JOB_OBJECT_LIMIT_JOB_TIME, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOB_OBJECT_UILIMIT_DESKTOP,
    JOB_OBJECT_UILIMIT_DISPLAYSETTINGS, JOB_OBJECT_UILIMIT_EXITWINDOWS,
    JOB_OBJECT_UILIMIT_GLOBALATOMS, JOB_OBJECT_UILIMIT_HANDLES, JOB_OBJECT_UILIMIT_READCLIPBOARD,
    JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS, JOB_OBJECT_UILIMIT_WRITECLIPBOARD,
    JOBOBJECT_ASSOCIATE_COMPLETION_PORT, JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION,
    JOBOBJECT_BASIC_UI_RESTRICTIONS, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JOBOBJECTINFOCLASS,
    JobObjectAssociateCompletionPortInformation, JobObjectBasicAndIoAccountingInformation,
    JobObjectBasicUIRestrictions, JobObjectExtendedLimitInformation, QueryInformationJobObject,
    SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::SystemServices::{
    JOB_OBJECT_MSG_ACTIVE_PROCESS_LIMIT, JOB_OBJECT_MSG_END_OF_JOB_TIME,
    JOB_OBJECT_MSG_JOB_MEMORY_LIMIT,
};

use crate::policy::Limits;
use crate::supervisor::{DEFAULT_PROCESSES, LimitHit};

/// The exit code of processes that are ended with their job: no program's own.
pub(super) const ENDED: u32 = 0xe0f1_5b09;

/// Everything that reaches windows, clipboards and sessions of the user.
const NO_DESKTOP: u32 = JOB_OBJECT_UILIMIT_DESKTOP
    | JOB_OBJECT_UILIMIT_DISPLAYSETTINGS
    | JOB_OBJECT_UILIMIT_EXITWINDOWS
    | JOB_OBJECT_UILIMIT_GLOBALATOMS
    | JOB_OBJECT_UILIMIT_HANDLES
    | JOB_OBJECT_UILIMIT_READCLIPBOARD
    | JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS
    | JOB_OBJECT_UILIMIT_WRITECLIPBOARD;

#[derive(Debug)]
pub(super) struct Job {
    job: OwnedHandle,
    /// Where it tells of limits.
    port: OwnedHandle,
}

/// What its processes use and have used.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    pub user_us: u64,
    pub system_us: u64,
    pub written_bytes: u64,
    pub processes: u32,
    pub peak_bytes: u64,
}

impl Job {
    pub(super) fn new(limits: &Limits) -> io::Result<Self> {
        // SAFETY: no name, and the default security, which no child inherits.
        let job = owned(unsafe { CreateJobObjectW(null(), null()) })?;
        // SAFETY: a port of its own, for no file.
        let port =
            owned(unsafe { CreateIoCompletionPort(INVALID_HANDLE_VALUE, null_mut(), 0, 1) })?;
        let made = Self { job, port };
        made.set(JobObjectExtendedLimitInformation, &limits_of(limits))?;
        made.set(
            JobObjectBasicUIRestrictions,
            &JOBOBJECT_BASIC_UI_RESTRICTIONS {
                UIRestrictionsClass: NO_DESKTOP,
            },
        )?;
        made.set(
            JobObjectAssociateCompletionPortInformation,
            &JOBOBJECT_ASSOCIATE_COMPLETION_PORT {
                CompletionKey: null_mut(),
                CompletionPort: made.port.as_raw_handle(),
            },
        )?;
        Ok(made)
    }

    fn set<T>(&self, class: JOBOBJECTINFOCLASS, value: &T) -> io::Result<()> {
        let size = u32::try_from(size_of::<T>()).map_err(io::Error::other)?;
        // SAFETY: the value is of that size, and of the kind that the class has.
        let done = unsafe {
            SetInformationJobObject(self.handle(), class, std::ptr::from_ref(value).cast(), size)
        };
        if done == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    fn ask<T: Default>(&self, class: JOBOBJECTINFOCLASS) -> T {
        let mut value = T::default();
        if let Ok(size) = u32::try_from(size_of::<T>()) {
            // SAFETY: the place is of that size, and of the kind that the class has; its plain numbers may have any bits.
            unsafe {
                QueryInformationJobObject(
                    self.handle(),
                    class,
                    (&raw mut value).cast(),
                    size,
                    null_mut(),
                )
            };
        }
        value
    }

    /// Puts a process in that has not run yet.
    pub(super) fn take_in(&self, process: HANDLE) -> io::Result<()> {
        // SAFETY: both handles are open.
        if unsafe { AssignProcessToJobObject(self.handle(), process) } == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    pub(super) fn end(&self) {
        // SAFETY: the handle is open.
        unsafe { TerminateJobObject(self.handle(), ENDED) };
    }

    pub(super) fn used(&self) -> Used {
        let counted: JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION =
            self.ask(JobObjectBasicAndIoAccountingInformation);
        let peaks: JOBOBJECT_EXTENDED_LIMIT_INFORMATION =
            self.ask(JobObjectExtendedLimitInformation);
        // Counted in tenths of microseconds.
        let micros = |time: i64| u64::try_from(time / 10).unwrap_or(0);
        Used {
            user_us: micros(counted.BasicInfo.TotalUserTime),
            system_us: micros(counted.BasicInfo.TotalKernelTime),
            written_bytes: counted.IoInfo.WriteTransferCount,
            processes: counted.BasicInfo.ActiveProcesses,
            peak_bytes: peaks.PeakProcessMemoryUsed as u64,
        }
    }

    /// The limit that the job tells of, waited for so many milliseconds.
    pub(super) fn limit(&self, patience_ms: u32) -> Option<LimitHit> {
        let (mut message, mut key, mut process) = (0, 0, null_mut());
        // SAFETY: the port is open, and each place is one for what the call tells.
        let told = unsafe {
            GetQueuedCompletionStatus(
                self.port.as_raw_handle(),
                &raw mut message,
                &raw mut key,
                &raw mut process,
                patience_ms,
            )
        };
        match message {
            _ if told == 0 => None,
            JOB_OBJECT_MSG_ACTIVE_PROCESS_LIMIT => Some(LimitHit::Processes),
            JOB_OBJECT_MSG_JOB_MEMORY_LIMIT => Some(LimitHit::MemoryBytes),
            JOB_OBJECT_MSG_END_OF_JOB_TIME => Some(LimitHit::CpuMs),
            _ => None,
        }
    }

    fn handle(&self) -> HANDLE {
        self.job.as_raw_handle()
    }
}

fn limits_of(limits: &Limits) -> JOBOBJECT_EXTENDED_LIMIT_INFORMATION {
    let mut set = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    let basic = &mut set.BasicLimitInformation;
    basic.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
        | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION
        | JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
    basic.ActiveProcessLimit = limits.processes.unwrap_or(DEFAULT_PROCESSES);
    if let Some(cpu_ms) = limits.cpu_ms {
        basic.LimitFlags |= JOB_OBJECT_LIMIT_JOB_TIME;
        basic.PerJobUserTimeLimit =
            i64::try_from(cpu_ms.saturating_mul(10_000)).unwrap_or(i64::MAX);
    }
    if let Some(memory_bytes) = limits.memory_bytes {
        basic.LimitFlags |= JOB_OBJECT_LIMIT_JOB_MEMORY;
        set.JobMemoryLimit = usize::try_from(memory_bytes).unwrap_or(usize::MAX);
    }
    set
}

/// A handle that the system has just opened.
fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is open, and nobody else has it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}
