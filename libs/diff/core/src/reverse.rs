//! The patch that undoes a patch.

use std::borrow::Cow;

use crate::patch::{FilePatch, Hunk, HunkLine, LineKind};

impl<'a> FilePatch<'a> {
    /// The patch that turns the new text into the old one; npm diff's `reversePatch`.
    ///
    /// Lines keep their order, so an addition may come to stand before a removal. For git patches the
    /// prefixes `a/` and `b/` are swapped with the names. To undo a copy is to delete the copied file: such
    /// a patch has no hunks, as the patch of the copy does not hold the whole file.
    ///
    /// Undo the patches of several files in opposite order. O(lines); contents are shared.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let name = |name: &Option<Cow<'a, [u8]>>| {
            if self.is_git {
                name.as_ref().map(swapped_prefix)
            } else {
                name.clone()
            }
        };
        let mut reversed = Self {
            old_name: name(&self.new_name),
            new_name: name(&self.old_name),
            old_header: self.new_header.clone(),
            new_header: self.old_header.clone(),
            index: self.index.clone(),
            is_git: self.is_git,
            is_rename: self.is_rename,
            is_copy: self.is_copy,
            is_create: self.is_delete,
            is_delete: self.is_create,
            is_binary: self.is_binary,
            old_mode: self.new_mode.clone(),
            new_mode: self.old_mode.clone(),
            hunks: Vec::new(),
        };
        if self.is_copy {
            reversed.new_name = Some(Cow::Borrowed(b"/dev/null"));
            reversed.new_header = None;
            reversed.is_delete = true;
            (reversed.is_create, reversed.is_copy, reversed.is_rename) = (false, false, false);
        } else {
            reversed.hunks = self.hunks.iter().map(reversed_hunk).collect();
        }
        reversed
    }
}

fn reversed_hunk<'a>(hunk: &Hunk<'a>) -> Hunk<'a> {
    let turned = |kind| match kind {
        LineKind::Removed => LineKind::Added,
        LineKind::Added => LineKind::Removed,
        other => other,
    };
    Hunk {
        old_start: hunk.new_start,
        old_lines: hunk.new_lines,
        new_start: hunk.old_start,
        new_lines: hunk.old_lines,
        lines: hunk
            .lines
            .iter()
            .map(|line| HunkLine {
                kind: turned(line.kind),
                content: line.content,
            })
            .collect(),
    }
}

fn swapped_prefix<'a>(name: &Cow<'a, [u8]>) -> Cow<'a, [u8]> {
    let swapped = match &name[..] {
        [b'a', b'/', rest @ ..] => [b"b/", rest].concat(),
        [b'b', b'/', rest @ ..] => [b"a/", rest].concat(),
        _ => return name.clone(),
    };
    Cow::Owned(swapped)
}
