//! git's extended headers, and the names in a `diff --git` line.

use std::borrow::Cow;

use memchr::memmem;

use super::Parser;
use crate::Encoding;
use crate::patch::FilePatch;
use crate::quote::unquote_name;

/// Old and new name.
type NamePair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

impl<'a> Parser<'a> {
    /// Reads the headers behind `diff --git`, and the names in what follows it.
    pub(super) fn git_headers(&mut self, names: &'a [u8], patch: &mut FilePatch<'a>) {
        patch.is_git = true;
        if let Some((old, new)) = self.git_names(names) {
            patch.old_name = Some(old);
            patch.new_name = Some(new);
        }
        self.at += 1;
        while let Some(&line) = self.lines.get(self.at) {
            if self.is_file_header(line) || self.is_hunk_header(line) || self.is_diff_header(line) {
                break;
            }
            self.git_header(line, patch);
            self.at += 1;
        }
    }

    fn git_header(&self, line: &'a [u8], patch: &mut FilePatch<'a>) {
        let after = |prefix: &[u8]| line.strip_prefix(prefix);
        let mode = |prefix: &[u8]| {
            let rest = after(prefix)?;
            let len = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            (len > 0).then(|| Cow::Borrowed(&rest[..len]))
        };
        let renamed = |side: &[u8], prefix: &[u8]| {
            let name = self.unquoted(self.until_line_terminator(after(prefix)?));
            Some(Cow::Owned([side, &name].concat()))
        };
        if let Some(name) = renamed(b"a/", b"rename from ") {
            patch.old_name = Some(name);
            patch.is_rename = true;
        } else if let Some(name) = renamed(b"b/", b"rename to ") {
            patch.new_name = Some(name);
            patch.is_rename = true;
        } else if let Some(name) = renamed(b"a/", b"copy from ") {
            patch.old_name = Some(name);
            patch.is_copy = true;
        } else if let Some(name) = renamed(b"b/", b"copy to ") {
            patch.new_name = Some(name);
            patch.is_copy = true;
        } else if let Some(mode) = mode(b"new file mode ") {
            patch.is_create = true;
            patch.new_mode = Some(mode);
        } else if let Some(mode) = mode(b"deleted file mode ") {
            patch.is_delete = true;
            patch.old_mode = Some(mode);
        } else if let Some(mode) = mode(b"old mode ") {
            patch.old_mode = Some(mode);
        } else if let Some(mode) = mode(b"new mode ") {
            patch.new_mode = Some(mode);
        } else if line.starts_with(b"Binary files ") || line.starts_with(b"GIT binary patch") {
            patch.is_binary = true;
        }
    }

    /// `line` up to a character at which JavaScript's `.` stops.
    fn until_line_terminator(&self, line: &'a [u8]) -> &'a [u8] {
        let mut end = line.iter().position(|&b| b == b'\r').unwrap_or(line.len());
        if self.encoding == Encoding::Utf8 {
            for terminator in ["\u{2028}", "\u{2029}"] {
                end = memmem::find(&line[..end], terminator.as_bytes()).unwrap_or(end);
            }
        }
        &line[..end]
    }

    /// The names in what follows `diff --git `. Names that are not quoted and differ cannot always be told
    /// apart; git names them again in other headers then.
    fn git_names(&self, names: &'a [u8]) -> Option<NamePair<'a>> {
        let quoted = |text: &[u8]| unquote_name(text).map(|(name, len)| (Cow::Owned(name), len));
        if names.starts_with(b"\"") {
            let text = self.to_utf8(names);
            let (old, len) = quoted(&text)?;
            let rest = &text[len..];
            let rest = &rest[first_char_len(rest)..];
            let new = if rest.starts_with(b"\"") {
                quoted(rest)?.0
            } else {
                Cow::Owned(rest.to_vec())
            };
            return Some((old, new));
        }
        if let Some(quote) = memchr::memchr(b'"', names) {
            let (new, _) = quoted(&self.to_utf8(&names[quote..]))?;
            return Some((self.to_utf8(self.without_last_char(&names[..quote])), new));
        }
        if !names.starts_with(b"a/") {
            return None;
        }
        let splits: Vec<usize> = memmem::find_iter(names, b" b/").collect();
        let &middle = splits.get(splits.len() / 2)?;
        Some((
            self.to_utf8(&names[..middle]),
            self.to_utf8(&names[middle + 1..]),
        ))
    }

    fn without_last_char(&self, text: &'a [u8]) -> &'a [u8] {
        let mut end = text.len().saturating_sub(1);
        if self.encoding == Encoding::Utf8 {
            while end > 0 && text[end] & 0xc0 == 0x80 {
                end -= 1;
            }
        }
        &text[..end]
    }
}

/// Length of the first character of UTF-8 `text`, 0 when it is empty.
fn first_char_len(text: &[u8]) -> usize {
    if text.is_empty() {
        return 0;
    }
    1 + text[1..].iter().take_while(|&&b| b & 0xc0 == 0x80).count()
}
