//! Rights of a container on files: entries that are put into their access lists, and taken out again.

use std::ffi::c_void;
use std::io;
use std::path::Path;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{
    CloseHandle, ERROR_SUCCESS, HANDLE, LocalFree, WAIT_ABANDONED, WAIT_OBJECT_0,
};
use windows_sys::Win32::Security::Authorization::{
    ACCESS_MODE, DENY_ACCESS, EXPLICIT_ACCESS_W, GRANT_ACCESS, GetNamedSecurityInfoW,
    NO_MULTIPLE_TRUSTEE, SE_FILE_OBJECT, SetEntriesInAclW, SetNamedSecurityInfoW, TRUSTEE_IS_SID,
    TRUSTEE_IS_UNKNOWN, TRUSTEE_W,
};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACL, DACL_SECURITY_INFORMATION, DeleteAce, EqualSid, GetAce, INHERITED_ACE,
    NO_INHERITANCE, PSECURITY_DESCRIPTOR, PSID, SUB_CONTAINERS_AND_OBJECTS_INHERIT,
};
use windows_sys::Win32::Storage::FileSystem::{
    DELETE, FILE_ALL_ACCESS, FILE_APPEND_DATA, FILE_DELETE_CHILD, FILE_GENERIC_EXECUTE,
    FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_WRITE_ATTRIBUTES, FILE_WRITE_DATA, FILE_WRITE_EA,
    WRITE_DAC, WRITE_OWNER,
};
use windows_sys::Win32::System::Threading::{CreateMutexW, ReleaseMutex, WaitForSingleObject};

use super::{plain, wide};

/// How long another process that changes access lists is waited for, in milliseconds.
const PATIENCE_MS: u32 = 60_000;

/// What a container may do with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Read and run it and all below.
    Read,
    /// The same, and change it; not its access list, and not the removal of what is below against that one's own list.
    Write,
    /// Not change it, nor what is below.
    NoWrite,
    /// Nothing at all.
    Nothing,
    /// Not move or remove the directory itself.
    InPlace,
}

impl Access {
    /// Rights, whether they are given or taken, and whether what is below has them too.
    fn entry(self) -> (u32, ACCESS_MODE, u32) {
        let below = SUB_CONTAINERS_AND_OBJECTS_INHERIT;
        let read = FILE_GENERIC_READ | FILE_GENERIC_EXECUTE;
        let change = FILE_WRITE_DATA
            | FILE_APPEND_DATA
            | FILE_WRITE_ATTRIBUTES
            | FILE_WRITE_EA
            | FILE_DELETE_CHILD
            | DELETE
            | WRITE_DAC
            | WRITE_OWNER;
        match self {
            Self::Read => (read, GRANT_ACCESS, below),
            Self::Write => (read | FILE_GENERIC_WRITE | DELETE, GRANT_ACCESS, below),
            Self::NoWrite => (change, DENY_ACCESS, below),
            Self::Nothing => (FILE_ALL_ACCESS, DENY_ACCESS, below),
            Self::InPlace => (DELETE | FILE_DELETE_CHILD, DENY_ACCESS, NO_INHERITANCE),
        }
    }
}

/// The access list of a path, as a copy of one's own.
struct List {
    descriptor: PSECURITY_DESCRIPTOR,
    /// Null: everybody may do everything.
    list: *mut ACL,
}

impl List {
    fn of(name: &[u16]) -> io::Result<Self> {
        let (mut list, mut descriptor) = (null_mut(), null_mut());
        // SAFETY: the name ends in a NUL; what is not asked for has no place.
        let code = unsafe {
            GetNamedSecurityInfoW(
                name.as_ptr(),
                SE_FILE_OBJECT,
                DACL_SECURITY_INFORMATION,
                null_mut(),
                null_mut(),
                &raw mut list,
                null_mut(),
                &raw mut descriptor,
            )
        };
        checked(code)?;
        Ok(Self { descriptor, list })
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: the system allocated it so; the list lies within it.
        unsafe { LocalFree(self.descriptor) };
    }
}

/// Puts an entry for the container into the access list of a path.
pub(super) fn grant(path: &Path, sid: PSID, access: Access) -> io::Result<()> {
    let _alone = Alone::wait()?;
    let name = wide(plain(path).as_os_str());
    let old = List::of(&name)?;
    let (rights, mode, inheritance) = access.entry();
    let entry = EXPLICIT_ACCESS_W {
        grfAccessPermissions: rights,
        grfAccessMode: mode,
        grfInheritance: inheritance,
        Trustee: TRUSTEE_W {
            pMultipleTrustee: null_mut(),
            MultipleTrusteeOperation: NO_MULTIPLE_TRUSTEE,
            TrusteeForm: TRUSTEE_IS_SID,
            TrusteeType: TRUSTEE_IS_UNKNOWN,
            ptstrName: sid.cast(),
        },
    };
    let mut new = null_mut();
    // SAFETY: one entry, whose identifier lives as long as the call; the old list is one of the system, or null.
    checked(unsafe { SetEntriesInAclW(1, &raw const entry, old.list, &raw mut new) })?;
    let set = set(&name, new);
    // SAFETY: the system allocated it so.
    unsafe { LocalFree(new.cast()) };
    set
}

/// Takes the container's own entries out of the access list of a path; one that is gone has none.
pub(super) fn take_back(path: &Path, sid: PSID) -> io::Result<()> {
    let _alone = Alone::wait()?;
    let name = wide(plain(path).as_os_str());
    let found = match List::of(&name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    if found.list.is_null() {
        return Ok(());
    }
    // SAFETY: the list is one of the system.
    let count = unsafe { (*found.list).AceCount };
    let mut is_changed = false;
    for index in (0..u32::from(count)).rev() {
        let mut entry: *mut c_void = null_mut();
        // SAFETY: the list is one, and the index is below its count.
        if unsafe { GetAce(found.list, index, &raw mut entry) } == 0 {
            continue;
        }
        // SAFETY: entries that allow and those that deny have one layout, and the identifier lies at its end.
        let is_own = unsafe {
            let entry = entry.cast::<ACCESS_ALLOWED_ACE>();
            let header = (*entry).Header;
            header.AceType <= 1
                && u32::from(header.AceFlags) & INHERITED_ACE == 0
                && EqualSid((&raw mut (*entry).SidStart).cast(), sid) != 0
        };
        // SAFETY: as above; counted from the end, so that indices below stay.
        if is_own && unsafe { DeleteAce(found.list, index) } != 0 {
            is_changed = true;
        }
    }
    if is_changed {
        set(&name, found.list)
    } else {
        Ok(())
    }
}

/// Sets the list, and with it what inherits from it.
fn set(name: &[u16], list: *const ACL) -> io::Result<()> {
    // SAFETY: the name ends in a NUL, and the list is one of the system.
    checked(unsafe {
        SetNamedSecurityInfoW(
            name.as_ptr(),
            SE_FILE_OBJECT,
            DACL_SECURITY_INFORMATION,
            null_mut(),
            null_mut(),
            list,
            null(),
        )
    })
}

fn checked(code: u32) -> io::Result<()> {
    if code == ERROR_SUCCESS {
        return Ok(());
    }
    Err(io::Error::from_raw_os_error(code.cast_signed()))
}

/// That no other process or thread changes a list between its reading and its writing.
struct Alone(HANDLE);

impl Alone {
    fn wait() -> io::Result<Self> {
        let name = wide("Local\\fishplate-sandbox-access".as_ref());
        // SAFETY: the name ends in a NUL; the default security is asked for.
        let mutex = unsafe { CreateMutexW(null(), 0, name.as_ptr()) };
        if mutex.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is open.
        match unsafe { WaitForSingleObject(mutex, PATIENCE_MS) } {
            // One that ended in between left nothing half done: lists are set as a whole.
            WAIT_OBJECT_0 | WAIT_ABANDONED => Ok(Self(mutex)),
            _ => {
                // SAFETY: it was opened here.
                unsafe { CloseHandle(mutex) };
                Err(io::ErrorKind::TimedOut.into())
            }
        }
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // SAFETY: it is this thread's, and was opened here.
        unsafe {
            ReleaseMutex(self.0);
            CloseHandle(self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, LocalFree, grant, null_mut, take_back, wide};
    use windows_sys::Win32::Security::Authorization::ConvertStringSidToSidW;

    /// Guests: known everywhere, and in no list of a temporary directory.
    const SID: &str = "S-1-5-32-546";

    /// The system's own word for a list.
    fn shown(path: &std::path::Path) -> String {
        let output = std::process::Command::new("icacls").arg(path).output();
        String::from_utf8_lossy(&output.expect("icacls").stdout).into_owned()
    }

    #[test]
    fn what_is_granted_is_in_the_list_until_it_is_taken_back() {
        let mut sid = null_mut();
        // SAFETY: the text ends in a NUL, and the identifier's place is one.
        let known = unsafe { ConvertStringSidToSidW(wide(SID.as_ref()).as_ptr(), &raw mut sid) };
        assert_ne!(known, 0);
        let name = format!("fishplate-access-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a directory");
        let before = shown(&path);
        for access in [Access::Write, Access::NoWrite] {
            grant(&path, sid, access).expect("granted");
        }
        let granted = shown(&path);
        take_back(&path, sid).expect("taken back");
        let after = shown(&path);
        std::fs::remove_dir(&path).expect("removed");
        // SAFETY: the system allocated it so.
        unsafe { LocalFree(sid) };
        // Guests, in whatever language: two lines more.
        assert_eq!(
            granted.lines().count(),
            before.lines().count() + 2,
            "{granted}"
        );
        assert_eq!(before, after);
    }
}
