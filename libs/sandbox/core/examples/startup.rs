//! Start-up time of a confined `true`, in turn with bubblewrap and an unconfined one by `posix_spawn`:
//! `startup HELPER WORKSPACE ROUNDS RESIDENT-MIB [MEANS [POLICY]]`.
//! All are started from this process, which holds so much memory. Percentiles in milliseconds, and their ratio.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Instant;

use fishplate_sandbox::{Launch, Means, Policy, Rules, Supervisor};

const BWRAP: [&str; 15] = [
    "--unshare-all",
    "--die-with-parent",
    "--new-session",
    "--ro-bind",
    "/",
    "/",
    "--dev",
    "/dev",
    "--proc",
    "/proc",
    "--tmpfs",
    "/tmp",
    "--tmpfs",
    "/run",
    "--bind",
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [helper, workspace, rounds, resident, means @ ..] = arguments.as_slice() else {
        return Err(
            "startup HELPER WORKSPACE ROUNDS RESIDENT-MIB [user|privileged|landlock]".into(),
        );
    };
    let rounds: usize = rounds.parse()?;
    let ballast = vec![1u8; resident.parse::<usize>()? << 20];
    let policy = match means.get(1) {
        Some(text) => Policy::from_json(text)?,
        None => Policy::default(),
    };
    let rules = Rules::new(
        policy,
        Path::new(workspace),
        std::env::home_dir().as_deref(),
    )?;
    let rules = Arc::new(rules);
    let supervisor = Supervisor::new()?;
    let ours = || -> Result<f64, Box<dyn std::error::Error>> {
        let mut launch = Launch::new(Path::new(helper), Arc::clone(&rules), "/bin/true");
        launch.strongest = match means.first().map(String::as_str) {
            Some("privileged") => Means::PrivilegedNamespaces,
            Some("landlock") => Means::LandlockOnly,
            _ => Means::UserNamespaces,
        };
        let start = Instant::now();
        let end = supervisor.run(launch)?;
        let taken = start.elapsed().as_secs_f64() * 1e3;
        if end.outcome.exit_code != Some(0) {
            return Err(format!("{end:?}").into());
        }
        Ok(taken)
    };
    let bubblewrap = || -> Result<f64, Box<dyn std::error::Error>> {
        let start = Instant::now();
        let status = Command::new("bwrap")
            .args(BWRAP)
            .args([workspace, workspace, "/bin/true"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()?;
        let taken = start.elapsed().as_secs_f64() * 1e3;
        if status.success() {
            Ok(taken)
        } else {
            Err(format!("bwrap: {status}").into())
        }
    };
    // No code between fork and exec: the standard library calls posix_spawn.
    let unconfined = || -> Result<f64, Box<dyn std::error::Error>> {
        let start = Instant::now();
        let status = Command::new("/bin/true").stdin(Stdio::null()).status()?;
        let taken = start.elapsed().as_secs_f64() * 1e3;
        if status.success() {
            Ok(taken)
        } else {
            Err(format!("true: {status}").into())
        }
    };
    ours()?;
    let has_rival = bubblewrap().is_ok();
    let (mut own, mut rival, mut free) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        own.push(ours()?);
        free.push(unconfined()?);
        if has_rival {
            rival.push(bubblewrap()?);
        }
    }
    let at = |times: &mut Vec<f64>, part: f64| {
        times.sort_by(f64::total_cmp);
        let index = ((times.len() as f64 - 1.0) * part).round() as usize;
        times.get(index).copied().unwrap_or(f64::NAN)
    };
    let (half, most) = (at(&mut own, 0.5), at(&mut own, 0.99));
    println!(
        "ours   p50 {half:.2}  p99 {most:.2}  (resident {} MiB)",
        ballast.len() >> 20
    );
    let (plain, plain_most) = (at(&mut free, 0.5), at(&mut free, 0.99));
    println!("posix_spawn, unconfined  p50 {plain:.2}  p99 {plain_most:.2}");
    if has_rival {
        let (other, other_most) = (at(&mut rival, 0.5), at(&mut rival, 0.99));
        println!("bwrap  p50 {other:.2}  p99 {other_most:.2}");
        println!(
            "ratio  p50 {:.2}  p99 {:.2}",
            half / other,
            most / other_most
        );
    } else {
        println!("skipped: bubblewrap is not there, or cannot run");
    }
    Ok(())
}
