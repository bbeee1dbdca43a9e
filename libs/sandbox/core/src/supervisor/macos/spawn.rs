//! Starts a helper, and asks it for the end of the command.

use std::ffi::OsString;
use std::io::{self, IoSlice, PipeReader, PipeWriter, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fishplate_sandbox_helper::{KILL, LimitKind, Plan, Report, Step, TERMINATE};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use crate::supervisor::threads::{Begun, Ending, Tree};
use crate::supervisor::{LimitHit, StartError};

/// How long a helper may take to read its plan.
const PATIENCE: Duration = Duration::from_secs(10);

struct Helper {
    channel: UnixStream,
    child: Mutex<Child>,
    command: OsString,
    cwd: PathBuf,
}

pub(super) fn spawn(
    helper: &Path,
    plan: &Plan,
    stdin: bool,
    command: OsString,
    cwd: PathBuf,
) -> Result<Begun, StartError> {
    let (input, own_input): (OwnedFd, Option<PipeWriter>) = if stdin {
        let (input, own) = io::pipe()?;
        (input.into(), Some(own))
    } else {
        (std::fs::File::open("/dev/null")?.into(), None)
    };
    let (own_output, output): (PipeReader, PipeWriter) = io::pipe()?;
    let (own_errors, errors) = io::pipe()?;
    let (mut channel, inner) = UnixStream::pair()?;
    channel.set_write_timeout(Some(PATIENCE))?;
    // Sent before the helper runs: it finds the message there.
    let descriptors = [input.as_fd(), output.as_fd(), errors.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    let first = [IoSlice::new(b"P")];
    sendmsg(&channel, &first, &mut ancillary, SendFlags::empty()).map_err(io::Error::from)?;
    let child = Command::new(helper)
        .stdin(Stdio::from(OwnedFd::from(inner)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .env_clear()
        .spawn()
        .map_err(|error| StartError::Helper {
            path: helper.to_path_buf(),
            error,
        })?;
    let child = Mutex::new(child);
    let bytes = plan.encode();
    let told = channel
        .write_all(&(bytes.len() as u64).to_le_bytes())
        .and_then(|()| channel.write_all(&bytes));
    let tree = Helper {
        channel,
        child,
        command,
        cwd,
    };
    if let Err(error) = told {
        tree.abandon();
        return Err(error.into());
    }
    Ok(Begun {
        stdin: own_input.map(|pipe| Box::new(pipe) as _),
        stdout: Box::new(own_output),
        stderr: Box::new(own_errors),
        tree: Arc::new(tree),
    })
}

impl Helper {
    fn tell(&self, order: u8) {
        let _ = (&self.channel).write_all(&[order]);
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_error(&self, step: Step, error: io::Error) -> StartError {
        let command = self.command.clone();
        match step {
            Step::Exec if error.kind() == io::ErrorKind::NotFound => {
                StartError::NotFound { command }
            }
            Step::Exec => StartError::NotExecutable { command, error },
            Step::Cwd => StartError::Cwd {
                path: self.cwd.clone(),
                error,
            },
            _ => StartError::Confine {
                step: format!("{step:?}").to_lowercase(),
                detail: "by sandbox-exec, whose words are in the command's second stream"
                    .to_owned(),
                error,
            },
        }
    }
}

impl Tree for Helper {
    fn terminate(&self) {
        self.tell(TERMINATE);
    }

    fn kill(&self) {
        self.tell(KILL);
    }

    fn abandon(&self) {
        let mut child = self.child();
        let _ = child.kill();
        let _ = child.wait();
    }

    fn wait(&self) -> Result<Ending, StartError> {
        let mut ending = Ending::default();
        let mut failed = None;
        let mut message = [0; Report::SIZE];
        let mut status = None;
        while (&self.channel).read_exact(&mut message).is_ok() {
            match Report::decode(&message) {
                Some(Report::Exited { status: raw, usage }) => {
                    status = Some(ExitStatus::from_raw(raw));
                    ending.usage = usage;
                }
                Some(Report::Limit(kind)) => {
                    ending.limit.get_or_insert(match kind {
                        LimitKind::Cpu => LimitHit::CpuMs,
                        LimitKind::Memory => LimitHit::MemoryBytes,
                        LimitKind::Processes => LimitHit::Processes,
                        LimitKind::Files => LimitHit::FileBytes,
                    });
                }
                Some(Report::Failed { step, errno, .. }) => {
                    failed.get_or_insert((step, io::Error::from_raw_os_error(errno)));
                }
                Some(Report::Done) => break,
                Some(Report::Listening | Report::Probed | Report::Refused(..)) | None => {}
            }
        }
        let _ = self.child().wait();
        if let Some((step, error)) = failed
            && ending.limit.is_none()
        {
            return Err(self.start_error(step, error));
        }
        ending.exit_code = status.and_then(|status| status.code());
        // What ended without a word was ended by force.
        ending.signal = status.map_or(Some(libc::SIGKILL), |status| status.signal());
        Ok(ending)
    }
}
