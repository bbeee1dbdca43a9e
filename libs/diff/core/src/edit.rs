//! The edit script: runs of equal, removed and added lines in the order in which they stand.
//!
//! This is what every engine hands back and what hunks are cut from. It holds line numbers only, no text.

/// What happens to a run of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EditKind {
    /// The lines are on both sides.
    Equal,
    /// The lines are on the old side only.
    Removed,
    /// The lines are on the new side only.
    Added,
}

/// A run of lines with the same fate.
///
/// Neighbouring edits of a script differ in kind; removed and added runs may follow each other in either
/// order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edit {
    /// What happens to the lines.
    pub kind: EditKind,
    /// Index (0-based) of the first old line, or for an added run of the old line it stands before.
    pub old_start: u32,
    /// Index (0-based) of the first new line, or for a removed run of the new line it stood before.
    pub new_start: u32,
    /// Number of lines, at least 1.
    pub len: u32,
}

/// How many lines a diff removes and adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiffStat {
    /// Lines on the new side only.
    pub added: usize,
    /// Lines on the old side only.
    pub removed: usize,
}

/// Builds a script front to back, joining runs of one kind.
#[derive(Debug, Default)]
pub(crate) struct Script {
    edits: Vec<Edit>,
    old: u32,
    new: u32,
}

impl Script {
    /// Appends `len` lines of `kind`.
    pub(crate) fn push(&mut self, kind: EditKind, len: usize) {
        if len == 0 {
            return;
        }
        let len = len as u32;
        match self.edits.last_mut() {
            Some(last) if last.kind == kind => last.len += len,
            _ => self.edits.push(Edit {
                kind,
                old_start: self.old,
                new_start: self.new,
                len,
            }),
        }
        match kind {
            EditKind::Equal => {
                self.old += len;
                self.new += len;
            }
            EditKind::Removed => self.old += len,
            EditKind::Added => self.new += len,
        }
    }

    /// Appends what a mark for each line says: lines that are not marked pair up in order.
    pub(crate) fn push_marks(&mut self, removed: &[bool], added: &[bool]) {
        let run = |marks: &[bool], want: bool| marks.iter().take_while(|&&m| m == want).count();
        let (mut i, mut j) = (0, 0);
        while i < removed.len() || j < added.len() {
            let gone = run(&removed[i..], true);
            let came = run(&added[j..], true);
            self.push(EditKind::Removed, gone);
            self.push(EditKind::Added, came);
            i += gone;
            j += came;
            let kept = run(&removed[i..], false).min(run(&added[j..], false));
            debug_assert!(
                gone + came + kept > 0,
                "marks leave unequal numbers of lines"
            );
            self.push(EditKind::Equal, kept);
            i += kept;
            j += kept;
        }
    }

    /// The finished script.
    pub(crate) fn finish(self) -> Vec<Edit> {
        self.edits
    }
}

/// Counts the changed lines of a script.
pub(crate) fn stat(edits: &[Edit]) -> DiffStat {
    edits.iter().fold(DiffStat::default(), |mut stat, edit| {
        match edit.kind {
            EditKind::Equal => {}
            EditKind::Removed => stat.removed += edit.len as usize,
            EditKind::Added => stat.added += edit.len as usize,
        }
        stat
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_runs_of_one_kind() {
        let mut script = Script::default();
        script.push(EditKind::Equal, 2);
        script.push(EditKind::Equal, 0);
        script.push(EditKind::Added, 1);
        script.push(EditKind::Added, 2);
        script.push(EditKind::Removed, 1);
        let edits = script.finish();
        assert_eq!(edits.len(), 3);
        assert_eq!(
            edits[1],
            Edit {
                kind: EditKind::Added,
                old_start: 2,
                new_start: 2,
                len: 3
            }
        );
        assert_eq!(
            edits[2],
            Edit {
                kind: EditKind::Removed,
                old_start: 2,
                new_start: 5,
                len: 1
            }
        );
        assert_eq!(
            stat(&edits),
            DiffStat {
                added: 3,
                removed: 1
            }
        );
    }

    #[test]
    fn marks_become_removals_before_additions() {
        let mut script = Script::default();
        script.push_marks(&[false, true, false], &[false, true, true, false]);
        let kinds: Vec<_> = script.finish().iter().map(|e| (e.kind, e.len)).collect();
        assert_eq!(
            kinds,
            [
                (EditKind::Equal, 1),
                (EditKind::Removed, 1),
                (EditKind::Added, 2),
                (EditKind::Equal, 1)
            ]
        );
    }
}
