//! Names in paths: which of them a disk takes for the same, and which of them Windows reads as something else.
//!
//! Pure functions over text: the answer for macOS and Windows is the same on every system, and tested on each.

use std::ffi::OsStr;
use std::path::{Component, Path};

use unicode_normalization::UnicodeNormalization;

/// Longest name of one file, in bytes, on the disks of Linux and macOS.
pub(crate) const NAME_BYTES: usize = 255;
/// Longest path that Linux takes, in bytes, its closing NUL included.
pub(crate) const PATH_BYTES: usize = 4096;

/// How a disk compares names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// Byte for byte: Linux.
    Exact,
    /// Letter case, Unicode normal form and invisible characters do not count: APFS and HFS+.
    Apple,
    /// Letter case does not count: NTFS.
    Windows,
}

impl Disk {
    /// The one of the system that this is built for.
    pub const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(target_vendor = "apple") {
        Self::Apple
    } else {
        Self::Exact
    };
}

/// Why a path names nothing that can be asked about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No character at all.
    #[error("the path is empty")]
    Empty,
    /// No system takes one in a path.
    #[error("the path holds a NUL at byte {at}")]
    Nul {
        /// Where, in bytes.
        at: usize,
    },
    /// A name or the whole path is over what the system takes.
    #[error("{what} is {bytes} bytes long; at most {most} are possible")]
    TooLong {
        /// `a name in the path` or `the path`.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The longest possible.
        most: usize,
    },
    /// Windows reads the name as something other than a file of that name.
    #[error("the name {name:?} {problem}")]
    Windows {
        /// The name, or the whole path where that is at fault.
        name: String,
        /// What it would be taken for.
        problem: &'static str,
    },
}

impl NameError {
    /// Its code, as docs/errors.md has it.
    pub fn code(&self) -> &'static str {
        "NAME_INVALID"
    }
}

/// Whether `disk` takes the two for one name. Where its own table is not known to the last character, for one more often
/// than the disk does: a denial then covers both.
pub fn same_name(left: &OsStr, right: &OsStr, disk: Disk) -> bool {
    left == right
        || (disk != Disk::Exact
            && folded(&left.to_string_lossy(), disk) == folded(&right.to_string_lossy(), disk))
}

/// Whether `path` is `base` or lies below it, by names alone: both absolute, without links, `.` and `..`.
pub fn is_below(path: &Path, base: &Path, disk: Disk) -> bool {
    if disk == Disk::Exact {
        return path.starts_with(base);
    }
    let mut steps = path.components();
    base.components()
        .all(|wanted| match (steps.next(), wanted) {
            (Some(Component::Prefix(step)), Component::Prefix(wanted)) => same_name(
                OsStr::new(bare_prefix(&step.as_os_str().to_string_lossy())),
                OsStr::new(bare_prefix(&wanted.as_os_str().to_string_lossy())),
                disk,
            ),
            (Some(step), wanted) => same_name(step.as_os_str(), wanted.as_os_str(), disk),
            (None, _) => false,
        })
}

/// `\\?\C:` and `C:` are one drive.
fn bare_prefix(prefix: &str) -> &str {
    prefix.strip_prefix(r"\\?\").unwrap_or(prefix)
}

fn folded(name: &str, disk: Disk) -> String {
    // Upper case first: it joins letters such as the long s, the Kelvin sign and the final sigma.
    let fold = |letter: char| letter.to_uppercase().flat_map(char::to_lowercase);
    match disk {
        Disk::Exact => name.to_owned(),
        Disk::Windows => name.chars().flat_map(fold).collect(),
        Disk::Apple => name
            .nfd()
            .filter(|letter| !is_invisible(*letter))
            .flat_map(fold)
            .nfd()
            .collect(),
    }
}

/// Characters that HFS+ leaves out when it compares.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

/// Checks one name of a path as Windows reads it.
///
/// # Errors
///
/// [`NameError::Windows`] for a device name (`CON`, `NUL.txt`, `COM1`), an alternate stream (`a:b`), an 8.3 alias
/// (`PROGRA~1`), a dot or a space at the end, and characters that no name has.
pub fn check_windows_name(name: &str) -> Result<(), NameError> {
    let fault = |problem| {
        Err(NameError::Windows {
            name: name.to_owned(),
            problem,
        })
    };
    if name.contains(':') {
        return fault("names an alternate stream; leave the colon out");
    }
    if name.contains(|letter: char| letter < ' ' || r#"<>"|?*"#.contains(letter)) {
        return fault("holds a character that no file name on Windows has");
    }
    if name.ends_with(['.', ' ']) {
        return fault("ends in a dot or a space, which Windows drops; leave it out");
    }
    if is_device(name) {
        return fault("is that of a device, with or without an extension; choose another");
    }
    if is_short_alias(name) {
        return fault("looks like an 8.3 alias of another name; use the long name");
    }
    Ok(())
}

/// Checks the start of a path as Windows reads it.
///
/// # Errors
///
/// [`NameError::Windows`] for `\\?\`, `\\.\`, `\??\` and shares of other machines: they go around the rules of names.
#[cfg_attr(not(any(windows, test)), expect(dead_code))]
pub(crate) fn check_windows_start(path: &str) -> Result<(), NameError> {
    let start: String = path
        .chars()
        .take(4)
        .map(|letter| if letter == '/' { '\\' } else { letter })
        .collect();
    if start.starts_with(r"\\") || start.starts_with(r"\??") {
        return Err(NameError::Windows {
            name: path.chars().take(40).collect(),
            problem: "begins as a device or network path; use a drive letter or a relative path",
        });
    }
    Ok(())
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end();
    let stem: String = stem.chars().flat_map(char::to_uppercase).collect();
    if matches!(
        stem.as_str(),
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$"
    ) {
        return true;
    }
    let number = stem
        .strip_prefix("COM")
        .or_else(|| stem.strip_prefix("LPT"));
    let mut letters = number.unwrap_or_default().chars();
    matches!(
        (letters.next(), letters.next()),
        (Some('0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}'), None)
    )
}

/// Up to eight characters with a tilde and a number at the end, and an extension of up to three.
fn is_short_alias(name: &str) -> bool {
    let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
    let Some((start, number)) = stem.rsplit_once('~') else {
        return false;
    };
    !start.is_empty()
        && stem.chars().count() <= 8
        && extension.chars().count() <= 3
        && !extension.contains('.')
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Disk, check_windows_name, check_windows_start, is_below, same_name};
    use std::ffi::OsStr;
    use std::path::Path;

    fn same(left: &str, right: &str, disk: Disk) -> bool {
        same_name(OsStr::new(left), OsStr::new(right), disk)
    }

    #[test]
    fn case_twins_are_one_name_where_the_disk_says_so() {
        for (left, right) in [
            (".git", ".GIT"),
            ("Straße", "STRASSE"),
            ("ΣΑΣ", "σας"),
            ("\u{212a}", "k"),
        ] {
            assert!(!same(left, right, Disk::Exact), "{left} {right}");
            assert!(same(left, right, Disk::Apple), "{left} {right}");
            assert!(same(left, right, Disk::Windows), "{left} {right}");
        }
        assert!(!same("git", "got", Disk::Windows));
    }

    #[test]
    fn both_normal_forms_and_invisible_characters_are_one_name_on_apples_disks() {
        assert!(same("caf\u{e9}", "cafe\u{301}", Disk::Apple));
        assert!(same("CAF\u{c9}", "cafe\u{301}", Disk::Apple));
        assert!(same(".g\u{200c}it", ".git", Disk::Apple));
        assert!(!same("caf\u{e9}", "cafe\u{301}", Disk::Windows));
        assert!(!same("caf\u{e9}", "cafe\u{301}", Disk::Exact));
    }

    #[test]
    fn below_is_by_whole_names() {
        for disk in [Disk::Exact, Disk::Apple, Disk::Windows] {
            assert!(is_below(Path::new("/a/b/c"), Path::new("/a/b"), disk));
            assert!(is_below(Path::new("/a/b"), Path::new("/a/b"), disk));
            assert!(!is_below(Path::new("/a/bc"), Path::new("/a/b"), disk));
            assert!(!is_below(Path::new("/a"), Path::new("/a/b"), disk));
        }
        assert!(is_below(
            Path::new("/A/.Git/hooks/x"),
            Path::new("/a/.git/HOOKS"),
            Disk::Apple
        ));
        assert!(!is_below(Path::new("/A/x"), Path::new("/a"), Disk::Exact));
    }

    #[test]
    fn windows_reads_these_as_something_else() {
        for name in [
            "CON",
            "con",
            "nul.txt",
            "NUL .txt",
            "com1",
            "COM0",
            "COM\u{b9}",
            "LPT9.tar.gz",
            "CONIN$",
            "a:b",
            "file.txt::$DATA",
            "PROGRA~1",
            "a~12.txt",
            "end.",
            "end ",
            "...",
            "a\u{1}",
            "wild*",
        ] {
            assert!(check_windows_name(name).is_err(), "{name}");
        }
        for name in [
            "console",
            "com",
            "COM10",
            "COMX",
            "nul2",
            "~backup",
            "a~b",
            "readme.md",
            ".gitignore",
            "notes~1.markdown",
            "averylongname~1",
        ] {
            assert!(check_windows_name(name).is_ok(), "{name}");
        }
        for path in [
            r"\\?\C:\x",
            r"\\.\pipe\x",
            "//?/C:/x",
            r"\??\C:\x",
            r"\\host\share",
        ] {
            assert!(check_windows_start(path).is_err(), "{path}");
        }
        for path in [r"C:\x", r"x\y", "/x", r"\x"] {
            assert!(check_windows_start(path).is_ok(), "{path}");
        }
    }
}
