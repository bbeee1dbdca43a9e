//! The plan: everything that the helper does, decided before it starts. It decides nothing itself, and a step that
//! fails ends it: what holds is what the plan says.

use std::ffi::CString;

use crate::guard::Guard;

/// By which means a command is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strategy {
    /// Landlock, seccomp and resource limits; no namespaces.
    Plain,
    /// Namespaces made by a privileged caller, without one of users.
    Privileged,
    /// Namespaces, those of users among them.
    User,
}

impl Strategy {
    /// What stands for it between supervisor and helper.
    pub fn number(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Privileged => 1,
            Self::User => 2,
        }
    }

    /// The strategy that a number stands for.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Plain, Self::Privileged, Self::User]
            .into_iter()
            .find(|strategy| strategy.number() == number)
    }
}

/// What can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkPlan {
    /// A network of its own with nothing but loopback; without namespaces, no sockets of the internet families.
    None,
    /// The same, and a listening socket on this port of it that is handed to the supervisor; without namespaces, TCP
    /// connections to this port only.
    Proxy(u16),
    /// The host's.
    Full,
}

/// What ends a command inside. 0: no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitPlan {
    /// Processor time of all processes, in milliseconds.
    pub cpu_ms: u64,
    /// Resident memory of all processes, in bytes.
    pub memory_bytes: u64,
    /// Processes and threads at once.
    pub processes: u32,
    /// Bytes of one file, and of all writes.
    pub file_bytes: u64,
    /// The largest process number of the namespace, where the kernel counts these by namespace.
    pub pid_max: u32,
    /// The most that the private temporary directories hold together, in bytes.
    pub tmp_bytes: u64,
}

/// A path that stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    /// The writable root above it.
    pub root: CString,
    /// Its place below that root, without leading slash.
    pub below: CString,
    /// What of it.
    pub guard: Guard,
}

/// A control group that is made for the command, and removed after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CgroupPlan {
    /// Its directory.
    pub directory: CString,
    /// Files below it and what is written to them.
    pub settings: Vec<(CString, CString)>,
    /// The file that counts processes killed for want of memory (`oom_kill N`), where there is one.
    pub kills: CString,
}

/// Everything that the helper does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// By which means.
    pub strategy: Strategy,
    /// Do everything but become the command.
    pub probe: bool,
    /// What can be reached.
    pub network: NetworkPlan,
    /// The version of Landlock to hold to; 0: none.
    pub landlock: u32,
    /// Whether `/tmp`, `/var/tmp` are private.
    pub private_tmp: bool,
    /// Whether everything but what is named may be written.
    pub full_access: bool,
    /// What ends it.
    pub limits: LimitPlan,
    /// The command: a path, or a name that is looked for in the `PATH` of `env`.
    pub program: CString,
    /// Its arguments, its own name first.
    pub args: Vec<CString>,
    /// Its variables, as `NAME=value`.
    pub env: Vec<CString>,
    /// Its working directory.
    pub cwd: CString,
    /// Writable directories, outer ones first.
    pub roots: Vec<CString>,
    /// What stays as it is below them.
    pub protected: Vec<Protected>,
    /// Directories that are no repositories of git, and must not become any.
    pub unborn: Vec<CString>,
    /// Paths that nobody may read, as far as they are there.
    pub deny: Vec<CString>,
    /// Directories that are replaced by empty ones (`true`: writable).
    pub hidden: Vec<(CString, bool)>,
    /// Paths below those that stay visible, read-only.
    pub keep: Vec<CString>,
    /// Links that are made again below those: where, and where to.
    pub links: Vec<(CString, CString)>,
    /// Kernel files that are covered where they are there.
    pub masks: Vec<CString>,
    /// Kernel files and directories that are read-only where they are there.
    pub read_only: Vec<CString>,
    /// Without namespaces: what may be read and run, with everything below it.
    pub readable: Vec<CString>,
    /// Without namespaces: a temporary directory that is made and removed again; empty: none.
    pub scratch: CString,
    /// Control groups.
    pub cgroups: Vec<CgroupPlan>,
}

/// Bytes that are no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanError;

const MAGIC: u32 = 0x4650_0001;

impl Plan {
    /// The plan as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Encoder(Vec::with_capacity(8192));
        out.number(u64::from(MAGIC));
        out.number(u64::from(self.strategy.number()));
        out.number(match self.network {
            NetworkPlan::None => 0,
            NetworkPlan::Full => 1 << 16,
            NetworkPlan::Proxy(port) => 2 << 16 | u64::from(port),
        });
        for flag in [self.probe, self.private_tmp, self.full_access] {
            out.number(u64::from(flag));
        }
        let limits = &self.limits;
        for number in [
            u64::from(self.landlock),
            limits.cpu_ms,
            limits.memory_bytes,
            u64::from(limits.processes),
            limits.file_bytes,
            u64::from(limits.pid_max),
            limits.tmp_bytes,
        ] {
            out.number(number);
        }
        for text in [&self.program, &self.cwd, &self.scratch] {
            out.text(text);
        }
        for list in [
            &self.args,
            &self.env,
            &self.roots,
            &self.unborn,
            &self.deny,
            &self.keep,
            &self.masks,
            &self.read_only,
            &self.readable,
        ] {
            out.list(list, Encoder::text);
        }
        out.list(&self.protected, |out, item| {
            out.text(&item.root);
            out.text(&item.below);
            out.number(item.guard.number());
        });
        out.list(&self.hidden, |out, (path, writable)| {
            out.text(path);
            out.number(u64::from(*writable));
        });
        out.list(&self.links, |out, (path, target)| {
            out.text(path);
            out.text(target);
        });
        out.list(&self.cgroups, |out, group| {
            out.text(&group.directory);
            out.text(&group.kills);
            out.list(&group.settings, |out, (file, value)| {
                out.text(file);
                out.text(value);
            });
        });
        out.0
    }

    /// The plan that `bytes` hold.
    ///
    /// # Errors
    ///
    /// [`PlanError`] where they hold none, or more than one.
    pub fn decode(bytes: &[u8]) -> Result<Self, PlanError> {
        let mut from = Decoder(bytes);
        if from.number()? != u64::from(MAGIC) {
            return Err(PlanError);
        }
        let strategy = u8::try_from(from.number()?).map_err(|_| PlanError)?;
        let strategy = Strategy::from_number(strategy).ok_or(PlanError)?;
        let network = from.number()?;
        let port = u16::try_from(network & 0xffff).map_err(|_| PlanError)?;
        let network = match network >> 16 {
            0 => NetworkPlan::None,
            1 => NetworkPlan::Full,
            2 => NetworkPlan::Proxy(port),
            _ => return Err(PlanError),
        };
        let (probe, private_tmp, full_access) = (from.flag()?, from.flag()?, from.flag()?);
        let landlock = from.small()?;
        let limits = LimitPlan {
            cpu_ms: from.number()?,
            memory_bytes: from.number()?,
            processes: from.small()?,
            file_bytes: from.number()?,
            pid_max: from.small()?,
            tmp_bytes: from.number()?,
        };
        let (program, cwd, scratch) = (from.text()?, from.text()?, from.text()?);
        let plan = Self {
            strategy,
            probe,
            network,
            landlock,
            private_tmp,
            full_access,
            limits,
            program,
            cwd,
            scratch,
            args: from.list(Decoder::text)?,
            env: from.list(Decoder::text)?,
            roots: from.list(Decoder::text)?,
            unborn: from.list(Decoder::text)?,
            deny: from.list(Decoder::text)?,
            keep: from.list(Decoder::text)?,
            masks: from.list(Decoder::text)?,
            read_only: from.list(Decoder::text)?,
            readable: from.list(Decoder::text)?,
            protected: from.list(|from| {
                Ok(Protected {
                    root: from.text()?,
                    below: from.text()?,
                    guard: Guard::from_number(from.number()?).ok_or(PlanError)?,
                })
            })?,
            hidden: from.list(|from| Ok((from.text()?, from.flag()?)))?,
            links: from.list(|from| Ok((from.text()?, from.text()?)))?,
            cgroups: from.list(|from| {
                Ok(CgroupPlan {
                    directory: from.text()?,
                    kills: from.text()?,
                    settings: from.list(|from| Ok((from.text()?, from.text()?)))?,
                })
            })?,
        };
        if from.0.is_empty() {
            Ok(plan)
        } else {
            Err(PlanError)
        }
    }
}

struct Encoder(Vec<u8>);

impl Encoder {
    fn number(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn text(&mut self, value: &CString) {
        let bytes = value.as_bytes_with_nul();
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn list<T>(&mut self, items: &[T], each: impl Fn(&mut Self, &T)) {
        self.number(items.len() as u64);
        items.iter().for_each(|item| each(self, item));
    }
}

struct Decoder<'a>(&'a [u8]);

impl Decoder<'_> {
    fn take(&mut self, length: usize) -> Result<&[u8], PlanError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(PlanError)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u64, PlanError> {
        let bytes = self.take(8)?.try_into().map_err(|_| PlanError)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn small(&mut self) -> Result<u32, PlanError> {
        u32::try_from(self.number()?).map_err(|_| PlanError)
    }

    fn flag(&mut self) -> Result<bool, PlanError> {
        match self.number()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(PlanError),
        }
    }

    fn text(&mut self) -> Result<CString, PlanError> {
        let length = usize::try_from(self.number()?).map_err(|_| PlanError)?;
        CString::from_vec_with_nul(self.take(length)?.to_vec()).map_err(|_| PlanError)
    }

    fn list<T>(
        &mut self,
        each: impl Fn(&mut Self) -> Result<T, PlanError>,
    ) -> Result<Vec<T>, PlanError> {
        // Every item has at least a length of its own, so a count beyond what is left is no count.
        let count = usize::try_from(self.number()?).map_err(|_| PlanError)?;
        if count > self.0.len() {
            return Err(PlanError);
        }
        (0..count).map(|_| each(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{CgroupPlan, LimitPlan, NetworkPlan, Plan, Protected, Strategy};
    use crate::guard::{Guard, StandIn};
    use std::ffi::CString;

    fn text(value: &str) -> CString {
        CString::new(value).expect("no NUL")
    }

    fn plan() -> Plan {
        Plan {
            strategy: Strategy::User,
            probe: false,
            network: NetworkPlan::Proxy(3128),
            landlock: 7,
            private_tmp: true,
            full_access: false,
            limits: LimitPlan {
                cpu_ms: 1,
                memory_bytes: 2,
                processes: 3,
                file_bytes: 4,
                pid_max: 5,
                tmp_bytes: 6,
            },
            program: text("sh"),
            args: vec![text("sh"), text("")],
            env: vec![text("A=b")],
            cwd: text("/w"),
            roots: vec![text("/w")],
            protected: vec![Protected {
                root: text("/w"),
                below: text(".git/hooks"),
                guard: Guard::All(StandIn::Itself),
            }],
            unborn: vec![text("/w")],
            deny: vec![text("/h/.ssh")],
            hidden: vec![(text("/tmp"), true)],
            keep: vec![text("/tmp/w")],
            links: vec![(text("/run/a"), text("/b"))],
            masks: vec![text("/proc/kcore")],
            read_only: vec![text("/proc/sys")],
            readable: vec![text("/")],
            scratch: text(""),
            cgroups: vec![CgroupPlan {
                directory: text("/c"),
                settings: vec![(text("pids.max"), text("9"))],
                kills: text(""),
            }],
        }
    }

    #[test]
    fn a_plan_comes_back_as_it_was() {
        assert_eq!(Plan::decode(&plan().encode()), Ok(plan()));
    }

    #[test]
    fn a_plan_cut_anywhere_is_none() {
        let bytes = plan().encode();
        for length in 0..bytes.len() {
            assert!(Plan::decode(&bytes[..length]).is_err(), "{length}");
        }
        let longer = [bytes.as_slice(), b"x"].concat();
        assert!(Plan::decode(&longer).is_err());
    }

    #[test]
    fn a_plan_with_any_byte_changed_ends_in_a_plan_or_an_error() {
        let bytes = plan().encode();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0xff;
            let _ = Plan::decode(&changed);
        }
    }
}
