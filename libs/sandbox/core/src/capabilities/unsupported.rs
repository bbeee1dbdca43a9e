//! Systems on which nothing confines.

use std::path::Path;

use super::{Capabilities, Enforcement};
use crate::policy::Rules;
use crate::supervisor::{Means, StartError};

pub(super) fn capabilities(_: &Path) -> Result<Capabilities, StartError> {
    Err(StartError::Unsupported)
}

pub(super) fn enforcement(_: &Rules, _: Means, found: &Capabilities) -> Enforcement {
    found.enforcement.clone()
}
