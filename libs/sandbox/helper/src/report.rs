//! Reports: what the helper tells, one a message of fixed size.

/// What was being done when something failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Step {
    /// Reading the plan.
    Plan = 1,
    /// Making the control group.
    Cgroup = 2,
    /// Holding protected paths; the detail is the index of the path.
    Protect = 3,
    /// Making the namespaces.
    Namespaces = 4,
    /// Mapping users and groups.
    Users = 5,
    /// Building the view of files; the detail is the stage.
    View = 6,
    /// Setting up the network of its own.
    Network = 7,
    /// Setting resource limits.
    Limits = 8,
    /// Starting the process that becomes the command.
    Fork = 9,
    /// Changing to the working directory.
    Cwd = 10,
    /// Dropping privileges.
    Privileges = 11,
    /// Landlock; the detail is the stage.
    Landlock = 12,
    /// The system call filter.
    Filter = 13,
    /// Becoming the command.
    Exec = 14,
    /// Watching over the command.
    Watch = 15,
}

/// A limit that ended a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum LimitKind {
    /// `cpuMs`.
    Cpu = 1,
    /// `memoryBytes`.
    Memory = 2,
    /// `processes`.
    Processes = 3,
    /// `fileBytes`.
    Files = 4,
}

/// What a command did that nothing kept it from, and that was undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Refusal {
    /// It made a repository of git of a directory that was none; the detail is the directory's index in the plan.
    Repository = 1,
    /// A path was replaced from outside and could not be held again; the detail is the system's error number.
    Uncovered = 2,
    /// A path was replaced from outside, and the command had it open before it was held again.
    Opened = 3,
}

/// What the processes of a command used, those that it did not wait for included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time in user code, in microseconds.
    pub user_us: u64,
    /// Time in the kernel, in microseconds.
    pub system_us: u64,
    /// The largest resident size of one process, in bytes.
    pub max_rss_bytes: u64,
}

/// What the helper tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The command could not be started.
    Failed {
        /// What was being done.
        step: Step,
        /// The system's error number.
        errno: i32,
        /// More about where, by step.
        detail: u32,
    },
    /// A listening socket of the network inside comes with this message.
    Listening,
    /// The command ended.
    Exited {
        /// As wait(2) has it.
        status: i32,
        /// What it used.
        usage: Usage,
    },
    /// A limit ended the command.
    Limit(LimitKind),
    /// The command was ended, or its work undone.
    Refused(Refusal, u32),
    /// A probe went through.
    Probed,
    /// All processes are gone, and all that was made for them.
    Done,
}

impl Report {
    /// Bytes of a message.
    pub const SIZE: usize = 40;

    /// The report as a message.
    pub fn encode(self) -> [u8; Self::SIZE] {
        let mut words = [0u64; Self::SIZE / 8];
        let values: [u64; 5] = match self {
            Self::Failed {
                step,
                errno,
                detail,
            } => [1, step as u64, signed(errno), u64::from(detail), 0],
            Self::Listening => [2, 0, 0, 0, 0],
            Self::Exited { status, usage } => [
                3,
                signed(status),
                usage.user_us,
                usage.system_us,
                usage.max_rss_bytes,
            ],
            Self::Limit(kind) => [4, kind as u64, 0, 0, 0],
            Self::Probed => [5, 0, 0, 0, 0],
            Self::Done => [6, 0, 0, 0, 0],
            Self::Refused(refusal, detail) => [7, refusal as u64, u64::from(detail), 0, 0],
        };
        words.copy_from_slice(&values);
        let mut bytes = [0; Self::SIZE];
        for (to, word) in bytes.chunks_exact_mut(8).zip(words) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// The report of a message; `None` where it is none.
    pub fn decode(message: &[u8]) -> Option<Self> {
        let message: &[u8; Self::SIZE] = message.try_into().ok()?;
        let mut words = [0u64; Self::SIZE / 8];
        for (word, from) in words.iter_mut().zip(message.chunks_exact(8)) {
            *word = u64::from_le_bytes(from.try_into().ok()?);
        }
        let [kind, first, second, third, fourth] = words;
        Some(match kind {
            1 => Self::Failed {
                step: Step::from_number(first)?,
                errno: unsigned(second)?,
                detail: u32::try_from(third).ok()?,
            },
            2 => Self::Listening,
            3 => Self::Exited {
                status: unsigned(first)?,
                usage: Usage {
                    user_us: second,
                    system_us: third,
                    max_rss_bytes: fourth,
                },
            },
            4 => Self::Limit(LimitKind::from_number(first)?),
            5 => Self::Probed,
            6 => Self::Done,
            7 => Self::Refused(Refusal::from_number(first)?, u32::try_from(second).ok()?),
            _ => return None,
        })
    }
}

impl Step {
    const ALL: [Self; 15] = [
        Self::Plan,
        Self::Cgroup,
        Self::Protect,
        Self::Namespaces,
        Self::Users,
        Self::View,
        Self::Network,
        Self::Limits,
        Self::Fork,
        Self::Cwd,
        Self::Privileges,
        Self::Landlock,
        Self::Filter,
        Self::Exec,
        Self::Watch,
    ];

    fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|step| *step as u64 == number)
    }
}

impl LimitKind {
    fn from_number(number: u64) -> Option<Self> {
        [Self::Cpu, Self::Memory, Self::Processes, Self::Files]
            .into_iter()
            .find(|kind| *kind as u64 == number)
    }
}

impl Refusal {
    fn from_number(number: u64) -> Option<Self> {
        [Self::Repository, Self::Uncovered, Self::Opened]
            .into_iter()
            .find(|refusal| *refusal as u64 == number)
    }
}

/// The two's complement in a word, for [`unsigned`].
fn signed(value: i32) -> u64 {
    i64::from(value) as u64
}

fn unsigned(word: u64) -> Option<i32> {
    i32::try_from(word as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::{LimitKind, Refusal, Report, Step, Usage};

    #[test]
    fn reports_come_back_as_they_were() {
        let usage = Usage {
            user_us: 1,
            system_us: 2,
            max_rss_bytes: 3,
        };
        let mut reports = vec![
            Report::Listening,
            Report::Exited { status: -1, usage },
            Report::Limit(LimitKind::Files),
            Report::Refused(Refusal::Opened, 9),
            Report::Probed,
            Report::Done,
        ];
        reports.extend(Step::ALL.map(|step| Report::Failed {
            step,
            errno: 2,
            detail: 7,
        }));
        for report in reports {
            assert_eq!(Report::decode(&report.encode()), Some(report));
        }
        assert_eq!(Report::decode(&[0; Report::SIZE]), None);
        assert_eq!(Report::decode(b"short"), None);
    }
}
