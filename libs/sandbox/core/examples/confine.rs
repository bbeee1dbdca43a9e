//! Runs one command confined: `confine HELPER WORKSPACE POLICY-JSON MEANS COMMAND [ARGS...]`, where MEANS is `user`,
//! `privileged` or `landlock`, the strongest to use. What held and how it ended goes to the second stream, as JSON.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};

use fishplate_sandbox::{Event, Launch, Means, Policy, Rules, Stdin, Supervisor};

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(125)
        }
    }
}

fn run() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let mut next = || arguments.next().ok_or("too few arguments");
    let (helper, workspace, policy) = (next()?, next()?, next()?);
    let (means, command) = (next()?, next()?);
    let home = std::env::home_dir();
    let policy = Policy::from_json(policy.to_str().ok_or("the policy is no text")?)?;
    let rules = Rules::new(policy, Path::new(&workspace), home.as_deref())?;
    let mut launch = Launch::new(Path::new(&helper), Arc::new(rules), command).args(arguments);
    launch.strongest = match means.to_str() {
        Some("user") => Means::UserNamespaces,
        Some("privileged") => Means::PrivilegedNamespaces,
        Some("landlock") => Means::LandlockOnly,
        _ => return Err("the means are user, privileged or landlock".into()),
    };
    launch.stdin = Stdin::Null;
    let (sender, receiver) = mpsc::channel();
    let supervisor = Supervisor::new()?;
    supervisor.start(
        launch,
        Box::new(move |event| match event {
            Event::Stdout(bytes) => drop(std::io::stdout().write_all(bytes)),
            Event::Stderr(bytes) => drop(std::io::stderr().write_all(bytes)),
            Event::StdinDrained | Event::Listener(_) => {}
            Event::End(end) => drop(sender.send(end)),
        }),
    )?;
    match receiver.recv()? {
        Err(error) => {
            eprintln!("{}: {error}", error.code());
            Ok(ExitCode::from(126))
        }
        Ok(outcome) => {
            let told = serde_json::json!({
                "exitCode": outcome.exit_code,
                "signal": outcome.signal,
                "limitHit": outcome.limit_hit,
                "timedOut": outcome.timed_out,
                "durationUs": outcome.duration.as_micros(),
                "violations": outcome.violations,
                "enforcement": outcome.enforcement,
            });
            eprintln!("{told}");
            let code = outcome.exit_code.and_then(|code| u8::try_from(code).ok());
            Ok(ExitCode::from(code.unwrap_or(124)))
        }
    }
}
