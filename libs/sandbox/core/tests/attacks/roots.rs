//! A root that lies in another one: who may write the outer one can put a link into the path of the inner one, after the inner
//! sandbox was made and before its command starts.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::{Arc, mpsc};

use fishplate_sandbox::{
    Event, Launch, Means, Outcome, Policy, Rules, StartError, Stdin, Supervisor,
};

use crate::arena::{self, Mode, World};

const MEANS: [(&str, Means); 3] = [
    ("user", Means::UserNamespaces),
    ("privileged", Means::PrivilegedNamespaces),
    ("landlock", Means::LandlockOnly),
];

fn run(rules: &Arc<Rules>, means: Means, script: &str) -> Result<Outcome, StartError> {
    let mut launch = Launch::new(arena::helper(), Arc::clone(rules), "sh").args(["-c", script]);
    launch.strongest = means;
    launch.stdin = Stdin::Null;
    let (sender, receiver) = mpsc::channel();
    let supervisor = Supervisor::new().expect("a supervisor");
    let listener = Box::new(move |event: Event<'_>| {
        if let Event::End(end) = event {
            let _ = sender.send(end);
        }
    });
    supervisor.start(launch, listener)?;
    receiver.recv().expect("an end")
}

/// The inner root, and rules for it.
fn inner(world: &World) -> Arc<Rules> {
    let root = world.path("ws/a/inner");
    fs::create_dir_all(&root).expect("made");
    fs::create_dir_all(world.path("outside/inner")).expect("made");
    let policy = r#"{"require":"none","protectDefaults":false}"#;
    let policy = Policy::from_json(policy).expect("a policy");
    Arc::new(Rules::new(policy, &root, None).expect("rules"))
}

fn each(mut attack: impl FnMut(&World, &Arc<Rules>, Means)) {
    for (name, means) in MEANS {
        let mode = Mode {
            root: arena::is_root(),
            means: name,
        };
        if arena::modes().contains(&mode) {
            let world = World::new(mode);
            attack(&world, &inner(&world), means);
        }
    }
}

fn swap(world: &World, name: &str, target: &Path) {
    let place = world.path(name);
    fs::rename(&place, world.path("ws/aside")).expect("moved");
    symlink(target, &place).expect("linked");
}

#[test]
fn a_link_above_a_root_does_not_open_what_it_leads_to() {
    each(|world, rules, means| {
        // As it is, it writes.
        let before = run(rules, means, "echo x > first").expect("it starts");
        assert_eq!(before.exit_code, Some(0));
        assert!(world.path("ws/a/inner/first").exists());
        swap(world, "ws/a", &world.path("outside"));
        let after = run(rules, means, "echo x > new");
        assert!(
            matches!(after, Err(StartError::Confine { .. })),
            "{after:?}"
        );
        assert!(!world.path("outside/inner/new").exists(), "{means:?}");
    });
}

#[test]
fn a_link_in_the_place_of_a_root_does_not_open_what_it_leads_to() {
    each(|world, rules, means| {
        swap(world, "ws/a/inner", &world.path("outside/inner"));
        let after = run(rules, means, "echo x > new");
        assert!(
            matches!(after, Err(StartError::Confine { .. })),
            "{after:?}"
        );
        assert!(!world.path("outside/inner/new").exists(), "{means:?}");
    });
}

/// A root that has become a repository is undone; what a link leads to is not the command's work.
#[test]
fn a_repository_behind_a_link_keeps_its_head() {
    each(|world, rules, means| {
        for name in ["objects", "refs"] {
            fs::create_dir_all(world.path("outside/inner").join(name)).expect("made");
        }
        fs::write(world.path("outside/inner/HEAD"), "ref: refs/heads/main\n").expect("written");
        let defaults = Policy::from_json(r#"{"require":"none"}"#).expect("a policy");
        let rules = Rules::new(defaults, &rules.workspace, None).expect("rules");
        swap(world, "ws/a", &world.path("outside"));
        let after = run(&Arc::new(rules), means, "true");
        assert!(
            matches!(after, Err(StartError::Confine { .. })),
            "{after:?}"
        );
        assert!(world.path("outside/inner/HEAD").exists(), "{means:?}");
    });
}
