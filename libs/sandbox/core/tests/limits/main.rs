//! Limits: what exceeds one is ended by it, and the result says by which. Each bomb is bounded by itself too, so that a limit
//! that did not hold would fail the test, and not the machine.
#![cfg(target_os = "linux")]

use std::sync::Arc;

use fishplate_sandbox::{
    Captured, Command, Launch, Limits, Means, Policy, Rules, Sandbox, StartError, Supervisor,
};

#[path = "../arena/mod.rs"]
mod arena;
mod disk;
mod ending;
mod input;
mod memory;
mod output;
mod processes;
mod starting;
mod time;

use arena::{Mode, World};

const USER: Mode = Mode {
    root: true,
    means: "user",
};
const MEANS: [Means; 3] = [
    Means::UserNamespaces,
    Means::PrivilegedNamespaces,
    Means::LandlockOnly,
];

fn here() -> World {
    World::new(Mode {
        root: arena::is_root(),
        ..USER
    })
}

fn launch(world: &World, command: &[&str], limits: Limits) -> Launch {
    let policy = Policy {
        require: fishplate_sandbox::Require::None,
        limits,
        ..Policy::default()
    };
    let rules = Rules::new(policy, &world.path("ws"), None).expect("rules");
    let (program, args) = command.split_first().expect("a command");
    Launch::new(arena::helper(), Arc::new(rules), *program).args(args.iter().copied())
}

fn run(launch: Launch) -> Result<Captured, StartError> {
    Supervisor::new().expect("a supervisor").run(launch)
}

/// Runs it by all means that this user has, and asks what of each.
fn by_all_means(command: &[&str], limits: Limits, ask: impl Fn(Means, Captured)) {
    for means in MEANS {
        if means == Means::PrivilegedNamespaces && !arena::is_root() {
            continue;
        }
        let world = here();
        let mut launch = launch(&world, command, limits);
        launch.strongest = means;
        ask(
            means,
            run(launch).unwrap_or_else(|error| panic!("{means:?}: {error}")),
        );
        assert!(
            world.left().iter().all(|name| !name.starts_with('.')),
            "{:?}",
            world.left()
        );
    }
}

fn python(script: &str) -> [&str; 3] {
    ["/usr/bin/python3", "-c", script]
}

fn sandbox(world: &World, policy: &serde_json::Value) -> Sandbox {
    let policy = policy.to_string();
    Sandbox::open(&world.path("ws"), &policy, None, arena::helper()).expect("a sandbox")
}

fn command(program: &str, args: &[&str]) -> Command {
    Command {
        program: program.into(),
        args: args.iter().map(Into::into).collect(),
        kept_bytes: 1 << 20,
        ..Command::default()
    }
}
