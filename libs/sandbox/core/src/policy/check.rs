//! Values that a policy cannot have.

use super::{Policy, PolicyError, field};

/// Looks at all that can be told without a workspace.
pub(super) fn check(policy: &Policy) -> Result<(), PolicyError> {
    let limits = &policy.limits;
    let counts = [
        ("limits.wallMs", limits.wall_ms),
        ("limits.cpuMs", limits.cpu_ms),
        ("limits.memoryBytes", limits.memory_bytes),
        ("limits.processes", limits.processes.map(u64::from)),
        ("limits.fileBytes", limits.file_bytes),
        ("limits.outputBytes", limits.output_bytes),
    ];
    for (name, value) in counts {
        if value == Some(0) {
            return Err(field(name, "must be at least 1; leave it out for no limit"));
        }
    }
    let lists = [
        ("writableRoots", policy.writable_roots.as_slice()),
        ("readDeny", policy.read_deny.as_deref().unwrap_or_default()),
        ("protectedPaths", policy.protected_paths.as_slice()),
    ];
    for (name, paths) in lists {
        for (index, path) in paths.iter().enumerate() {
            let bytes = path.as_os_str().as_encoded_bytes();
            if bytes.is_empty() || bytes.contains(&0) {
                return Err(field(
                    &format!("{name}[{index}]"),
                    "must be a path, without a NUL",
                ));
            }
        }
    }
    let env = &policy.env;
    for name in env.pass.iter().chain(env.set.keys()) {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(field(
                "env",
                format!("has the name {name:?}; a name is not empty and holds no = and no NUL"),
            ));
        }
    }
    for (name, value) in &env.set {
        if value.contains('\0') {
            return Err(field(&format!("env.set.{name}"), "holds a NUL"));
        }
    }
    Ok(())
}
