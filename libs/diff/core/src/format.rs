//! Patches as text: unified format (GNU diffutils manual, "Detailed Description of Unified Format") with
//! git's extended headers, in the layout of npm diff.

use crate::FormatError;
use crate::patch::{FileHeaders, FilePatch, Hunk};
use crate::quote::quote_name;

const UNDERLINE: &[u8] = b"===================================================================\n";
const DEFAULT_MODE: &[u8] = b"100644";

/// Appends one patch as text. The same bytes as npm diff 9's `formatPatch`.
///
/// For a git patch `headers` is not looked at, and `---` and `+++` are left out when there are no hunks. A
/// patch of which nothing is written is a single newline. Names in `---`, `+++` and git's headers are
/// quoted where they must be.
///
/// # Errors
/// [`FormatError::MissingOldName`] or [`MissingNewName`](FormatError::MissingNewName) for a git patch
/// without that name; nothing is appended then.
///
/// ```
/// use fishplate_diff::{FileHeaders, FilePatch, format_patch};
///
/// let patch = FilePatch {
///     old_name: Some(b"a/old".as_slice().into()),
///     new_name: Some(b"b/new".as_slice().into()),
///     is_git: true,
///     is_rename: true,
///     ..FilePatch::default()
/// };
/// let mut out = Vec::new();
/// format_patch(&patch, FileHeaders::ALL, &mut out)?;
/// assert_eq!(out, b"diff --git a/old b/new\nrename from old\nrename to new\n");
/// # Ok::<(), fishplate_diff::FormatError>(())
/// ```
pub fn format_patch(
    patch: &FilePatch<'_>,
    headers: FileHeaders,
    out: &mut Vec<u8>,
) -> Result<(), FormatError> {
    let start = out.len();
    push_headers(patch, headers, !patch.hunks.is_empty(), out)?;
    for hunk in &patch.hunks {
        push_hunk(hunk, out);
    }
    if out.len() == start {
        out.push(b'\n');
    }
    Ok(())
}

/// Appends several patches, an empty line between them, as npm diff does.
///
/// # Errors
/// As [`format_patch`], and [`FormatError::MissingFileHeaders`] when several patches that are not all
/// git's would have no `---` and `+++` lines. What was appended before the error stays.
pub fn format_patches(
    patches: &[FilePatch<'_>],
    headers: FileHeaders,
    out: &mut Vec<u8>,
) -> Result<(), FormatError> {
    if patches.len() > 1 && !headers.file && !patches.iter().all(|patch| patch.is_git) {
        return Err(FormatError::MissingFileHeaders);
    }
    for (i, patch) in patches.iter().enumerate() {
        if i > 0 {
            out.push(b'\n');
        }
        format_patch(patch, headers, out)?;
    }
    Ok(())
}

/// Appends the header lines of a patch.
pub(crate) fn push_headers(
    patch: &FilePatch<'_>,
    headers: FileHeaders,
    has_hunks: bool,
    out: &mut Vec<u8>,
) -> Result<(), FormatError> {
    if patch.is_git {
        push_git_headers(patch, out)?;
    } else {
        if let (true, Some(name)) = (headers.index, &patch.old_name)
            && patch.old_name == patch.new_name
        {
            push_parts(&[b"Index: ", name, b"\n"], out);
        }
        if headers.underline {
            out.extend_from_slice(UNDERLINE);
        }
    }
    let wanted = if patch.is_git {
        has_hunks
    } else {
        headers.file
    };
    if let (true, Some(old), Some(new)) = (wanted, &patch.old_name, &patch.new_name) {
        push_file_header(b"--- ", old, patch.old_header.as_deref(), out);
        push_file_header(b"+++ ", new, patch.new_header.as_deref(), out);
    }
    Ok(())
}

fn push_file_header(marker: &[u8], name: &[u8], header: Option<&[u8]>, out: &mut Vec<u8>) {
    push_parts(&[marker, &quote_name(name)], out);
    if let Some(header) = header.filter(|header| !header.is_empty()) {
        push_parts(&[b"\t", header], out);
    }
    out.push(b'\n');
}

fn push_git_headers(patch: &FilePatch<'_>, out: &mut Vec<u8>) -> Result<(), FormatError> {
    let given = |name: &Option<std::borrow::Cow<'_, [u8]>>| {
        name.as_deref()
            .filter(|name| !name.is_empty())
            .map(<[u8]>::to_vec)
    };
    let old = given(&patch.old_name).ok_or(FormatError::MissingOldName)?;
    let new = given(&patch.new_name).ok_or(FormatError::MissingNewName)?;
    // The line names a real file on both sides, never /dev/null.
    let (mut line_old, mut line_new) = (old.clone(), new.clone());
    if patch.is_create && old == b"/dev/null" {
        line_old = with_prefix(&new, b"b/", b"a/");
    } else if patch.is_delete && new == b"/dev/null" {
        line_new = with_prefix(&old, b"a/", b"b/");
    }
    push_parts(
        &[
            b"diff --git ",
            &quote_name(&line_old),
            b" ",
            &quote_name(&line_new),
            b"\n",
        ],
        out,
    );
    let mode = |mode: &Option<std::borrow::Cow<'_, [u8]>>| {
        mode.as_deref().unwrap_or(DEFAULT_MODE).to_vec()
    };
    if patch.is_delete {
        push_parts(&[b"deleted file mode ", &mode(&patch.old_mode), b"\n"], out);
    }
    if patch.is_create {
        push_parts(&[b"new file mode ", &mode(&patch.new_mode), b"\n"], out);
    }
    if let (Some(old_mode), Some(new_mode), false) = (
        &patch.old_mode,
        &patch.new_mode,
        patch.is_delete || patch.is_create,
    ) && !old_mode.is_empty()
        && !new_mode.is_empty()
    {
        push_parts(
            &[b"old mode ", old_mode, b"\nnew mode ", new_mode, b"\n"],
            out,
        );
    }
    let bare_old = with_prefix(&old, b"a/", b"");
    let bare_new = with_prefix(&new, b"b/", b"");
    for (is, verb) in [(patch.is_rename, &b"rename"[..]), (patch.is_copy, b"copy")] {
        if is {
            push_parts(&[verb, b" from ", &quote_name(&bare_old), b"\n"], out);
            push_parts(&[verb, b" to ", &quote_name(&bare_new), b"\n"], out);
        }
    }
    Ok(())
}

/// `name` with `from` at its start, if it is there, replaced by `to`.
fn with_prefix(name: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    name.strip_prefix(from)
        .map_or_else(|| name.to_vec(), |rest| [to, rest].concat())
}

fn push_hunk(hunk: &Hunk<'_>, out: &mut Vec<u8>) {
    push_hunk_header(
        hunk.old_start,
        hunk.old_lines,
        hunk.new_start,
        hunk.new_lines,
        out,
    );
    for line in &hunk.lines {
        push_parts(&[line.kind.marker(), line.content, b"\n"], out);
    }
}

/// Appends an `@@` line. A side without lines is numbered by the line before it.
pub(crate) fn push_hunk_header(
    old_start: usize,
    old_lines: usize,
    new_start: usize,
    new_lines: usize,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(b"@@ -");
    push_range(old_start, old_lines, out);
    out.extend_from_slice(b" +");
    push_range(new_start, new_lines, out);
    out.extend_from_slice(b" @@\n");
}

fn push_range(start: usize, lines: usize, out: &mut Vec<u8>) {
    match (start, lines) {
        // No such line, but what npm diff writes.
        (0, 0) => out.extend_from_slice(b"-1"),
        (_, 0) => push_number(start - 1, out),
        _ => push_number(start, out),
    }
    out.push(b',');
    push_number(lines, out);
}

fn push_number(mut number: usize, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn push_parts(parts: &[&[u8]], out: &mut Vec<u8>) {
    for part in parts {
        out.extend_from_slice(part);
    }
}
