//! How a protected path is held, and what stands for one that is missing.

/// What of a path stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Its place: it and the directories between are not moved.
    Place,
    /// Its place, and it can be written though a directory above it is protected.
    Open,
    /// All of it; and where it is missing, this stands for it.
    All(StandIn),
}

/// What stands for a protected path that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandIn {
    /// A socket that nobody listens on.
    Socket,
    /// An empty directory.
    Directory,
    /// An empty file.
    Empty,
    /// A file that names its own directory.
    Itself,
    /// Nothing: it can be made.
    Nothing,
}

impl Guard {
    const ALL: [Self; 7] = [
        Self::Place,
        Self::Open,
        Self::All(StandIn::Socket),
        Self::All(StandIn::Directory),
        Self::All(StandIn::Empty),
        Self::All(StandIn::Itself),
        Self::All(StandIn::Nothing),
    ];

    pub(crate) fn number(self) -> u64 {
        let place = Self::ALL.iter().position(|guard| *guard == self);
        place.unwrap_or_default() as u64
    }

    pub(crate) fn from_number(number: u64) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::Guard;

    #[test]
    fn every_guard_comes_back_as_it_was() {
        for guard in Guard::ALL {
            assert_eq!(Guard::from_number(guard.number()), Some(guard));
        }
        assert_eq!(Guard::from_number(7), None);
    }
}
