//! A directory for one unit test.

use std::path::PathBuf;

/// Goes when it is dropped.
pub struct Trial(PathBuf);

impl Trial {
    pub fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("fishplate-unit-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a directory");
        Self(std::fs::canonicalize(path).expect("a path"))
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
