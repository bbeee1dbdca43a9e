//! Starts a process in a container and a job: suspended, so that it does nothing before it is in both.

use std::ffi::c_void;
use std::fs::File;
use std::io::{self, PipeWriter};
use std::mem::{size_of, zeroed};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{
    HANDLE, HANDLE_FLAG_INHERIT, SetHandleInformation, WAIT_OBJECT_0,
};
use windows_sys::Win32::Security::{
    CreateWellKnownSid, PSID, SECURITY_CAPABILITIES, SECURITY_MAX_SID_SIZE, SID_AND_ATTRIBUTES,
    WELL_KNOWN_SID_TYPE, WinCapabilityInternetClientServerSid, WinCapabilityInternetClientSid,
    WinCapabilityPrivateNetworkClientServerSid,
};
use windows_sys::Win32::System::Threading::{
    CREATE_NO_WINDOW, CREATE_SUSPENDED, CREATE_UNICODE_ENVIRONMENT, CreateProcessW,
    DeleteProcThreadAttributeList, EXTENDED_STARTUPINFO_PRESENT, GetExitCodeProcess,
    InitializeProcThreadAttributeList, LPPROC_THREAD_ATTRIBUTE_LIST,
    PROC_THREAD_ATTRIBUTE_HANDLE_LIST, PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY,
    PROC_THREAD_ATTRIBUTE_SECURITY_CAPABILITIES, PROCESS_INFORMATION, ResumeThread,
    STARTF_USESTDHANDLES, STARTUPINFOEXW, TerminateProcess, UpdateProcThreadAttribute,
    WaitForSingleObject,
};

use super::job::{ENDED, Job};

/// As `winbase.h` has them: no code of others is loaded into every process, none from other machines, and a broken heap is an end.
const MITIGATIONS: u64 = 1 << 12 | 1 << 32 | 1 << 52;

/// What is started.
pub(super) struct Start<'a> {
    /// UTF-16 with a NUL at the end, as all texts here.
    pub program: &'a [u16],
    pub line: Vec<u16>,
    pub variables: &'a [u16],
    pub cwd: &'a [u16],
    pub confined: Confined,
    pub has_input: bool,
}

/// In what it runs.
#[derive(Clone, Copy)]
pub(super) enum Confined {
    By {
        container: PSID,
        has_network: bool,
    },
    /// For tests of the rest on systems that know no containers.
    #[cfg(test)]
    NotAtAll,
}

/// A process that runs, with this side's ends of its pipes.
pub(super) struct Started {
    pub process: Process,
    pub stdin: Option<PipeWriter>,
    pub stdout: io::PipeReader,
    pub stderr: io::PipeReader,
}

/// The first process of a command.
#[derive(Debug)]
pub(super) struct Process(OwnedHandle);

impl Process {
    pub(super) fn has_ended(&self) -> bool {
        // SAFETY: the handle is open.
        unsafe { WaitForSingleObject(self.0.as_raw_handle(), 0) == WAIT_OBJECT_0 }
    }

    /// None: it was ended with its job.
    pub(super) fn exit_code(&self) -> Option<i32> {
        let mut code = 0;
        // SAFETY: the handle is open, and the code's place is one.
        let told = unsafe { GetExitCodeProcess(self.0.as_raw_handle(), &raw mut code) };
        (told != 0 && code != ENDED).then_some(code.cast_signed())
    }
}

pub(super) fn start(start: Start<'_>, job: &Job) -> io::Result<Started> {
    let (input, own_input): (OwnedHandle, Option<PipeWriter>) = if start.has_input {
        let (input, own) = io::pipe()?;
        (input.into(), Some(own))
    } else {
        (File::open("NUL")?.into(), None)
    };
    let (own_output, output) = io::pipe()?;
    let (own_errors, errors) = io::pipe()?;
    let streams = [input, output.into(), errors.into()];
    for stream in &streams {
        // SAFETY: the handle is open.
        let set = unsafe {
            SetHandleInformation(
                stream.as_raw_handle(),
                HANDLE_FLAG_INHERIT,
                HANDLE_FLAG_INHERIT,
            )
        };
        if set == 0 {
            return Err(io::Error::last_os_error());
        }
    }
    let handles = streams.each_ref().map(AsRawHandle::as_raw_handle);
    let process = create(start, handles, job)?;
    Ok(Started {
        process,
        stdin: own_input,
        stdout: own_output,
        stderr: own_errors,
    })
}

fn create(start: Start<'_>, handles: [HANDLE; 3], job: &Job) -> io::Result<Process> {
    let mut line = start.line;
    let mut capabilities = Capabilities::of(start.confined)?;
    let mut list = Attributes::new(3)?;
    list.set(PROC_THREAD_ATTRIBUTE_HANDLE_LIST, &handles)?;
    list.set(PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY, &MITIGATIONS)?;
    let security = capabilities.security();
    if let Some(security) = &security {
        list.set(PROC_THREAD_ATTRIBUTE_SECURITY_CAPABILITIES, security)?;
    }
    // SAFETY: numbers and pointers, of which zero is a value that stands for nothing.
    let mut info: STARTUPINFOEXW = unsafe { zeroed() };
    info.StartupInfo.cb = u32::try_from(size_of::<STARTUPINFOEXW>()).map_err(io::Error::other)?;
    info.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    [
        info.StartupInfo.hStdInput,
        info.StartupInfo.hStdOutput,
        info.StartupInfo.hStdError,
    ] = handles;
    info.lpAttributeList = list.get();
    // SAFETY: as above.
    let mut made: PROCESS_INFORMATION = unsafe { zeroed() };
    // SAFETY: all texts end in a NUL, and the line's is one's own to write; the list and what it points to live longer than the
    // call, and its size says that there is one.
    let done = unsafe {
        CreateProcessW(
            start.program.as_ptr(),
            line.as_mut_ptr(),
            null(),
            null(),
            1,
            CREATE_SUSPENDED
                | CREATE_NO_WINDOW
                | CREATE_UNICODE_ENVIRONMENT
                | EXTENDED_STARTUPINFO_PRESENT,
            start.variables.as_ptr().cast(),
            start.cwd.as_ptr(),
            (&raw const info).cast(),
            &raw mut made,
        )
    };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: both handles are open, and nobody else has them.
    let (process, thread) = unsafe {
        (
            OwnedHandle::from_raw_handle(made.hProcess),
            OwnedHandle::from_raw_handle(made.hThread),
        )
    };
    let taken = job.take_in(process.as_raw_handle()).and_then(|()| {
        // SAFETY: the handle is open.
        match unsafe { ResumeThread(thread.as_raw_handle()) } {
            u32::MAX => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    });
    if let Err(error) = taken {
        // SAFETY: the handle is open; the process has done nothing yet.
        unsafe { TerminateProcess(process.as_raw_handle(), ENDED) };
        return Err(error);
    }
    Ok(Process(process))
}

/// The container, and what it may do on the network.
struct Capabilities {
    container: PSID,
    /// Their memory is pointed to by `granted`.
    _sids: Vec<Box<[u64; SID_WORDS]>>,
    granted: Vec<SID_AND_ATTRIBUTES>,
}

const SID_WORDS: usize = (SECURITY_MAX_SID_SIZE as usize).div_ceil(8);
/// That a capability counts.
const ENABLED: u32 = 4;

impl Capabilities {
    fn of(confined: Confined) -> io::Result<Self> {
        let (container, has_network) = match confined {
            Confined::By {
                container,
                has_network,
            } => (container, has_network),
            #[cfg(test)]
            Confined::NotAtAll => (null_mut(), false),
        };
        let kinds: &[WELL_KNOWN_SID_TYPE] = if has_network {
            &[
                WinCapabilityInternetClientSid,
                WinCapabilityInternetClientServerSid,
                WinCapabilityPrivateNetworkClientServerSid,
            ]
        } else {
            &[]
        };
        let (mut sids, mut granted) = (Vec::new(), Vec::new());
        for kind in kinds {
            let mut sid = Box::new([0u64; SID_WORDS]);
            let mut size = SECURITY_MAX_SID_SIZE;
            let place: PSID = sid.as_mut_ptr().cast();
            // SAFETY: the place is as large as any identifier.
            if unsafe { CreateWellKnownSid(*kind, null_mut(), place, &raw mut size) } == 0 {
                return Err(io::Error::last_os_error());
            }
            granted.push(SID_AND_ATTRIBUTES {
                Sid: place,
                Attributes: ENABLED,
            });
            sids.push(sid);
        }
        Ok(Self {
            container,
            _sids: sids,
            granted,
        })
    }

    fn security(&mut self) -> Option<SECURITY_CAPABILITIES> {
        (!self.container.is_null()).then(|| SECURITY_CAPABILITIES {
            AppContainerSid: self.container,
            Capabilities: self.granted.as_mut_ptr(),
            CapabilityCount: u32::try_from(self.granted.len()).unwrap_or(0),
            Reserved: 0,
        })
    }
}

/// A list of attributes of a process that is to be made.
struct Attributes(Vec<usize>);

impl Attributes {
    fn new(most: u32) -> io::Result<Self> {
        let mut size = 0;
        // SAFETY: asked for nothing but the size; that it says no is its way.
        unsafe { InitializeProcThreadAttributeList(null_mut(), most, 0, &raw mut size) };
        let mut memory = vec![0usize; size.div_ceil(size_of::<usize>())];
        // SAFETY: the memory is as large as was asked for.
        let done = unsafe {
            InitializeProcThreadAttributeList(memory.as_mut_ptr().cast(), most, 0, &raw mut size)
        };
        if done == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(memory))
    }

    fn get(&mut self) -> LPPROC_THREAD_ATTRIBUTE_LIST {
        self.0.as_mut_ptr().cast::<c_void>()
    }

    /// The list keeps a pointer to the value.
    fn set<T>(&mut self, attribute: u32, value: &T) -> io::Result<()> {
        // SAFETY: the list was made; the value is of that size and, by its callers, lives until the process is made.
        let done = unsafe {
            UpdateProcThreadAttribute(
                self.get(),
                0,
                attribute as usize,
                std::ptr::from_ref(value).cast(),
                size_of::<T>(),
                null_mut(),
                null(),
            )
        };
        if done == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: it was made.
        unsafe { DeleteProcThreadAttributeList(self.get()) };
    }
}
