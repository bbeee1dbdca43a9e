//! Conditions on metadata.

use std::cmp::Ordering;

use crate::scalar::{Metadata, Scalar};

/// Which vectors a search may return.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of these hold; of none, true.
    And(Vec<Self>),
    /// One of these holds; of none, false.
    Or(Vec<Self>),
    /// This does not hold.
    Not(Box<Self>),
    /// The field is there and one of these, of the same kind.
    In(Box<str>, Vec<Scalar>),
    /// The field is there, of the kind of the bounds, and within them. At least one bound is given.
    Range(Box<str>, Range),
    /// The field is there, with null too.
    Exists(Box<str>),
}

/// Bounds of a [`Filter::Range`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Range {
    /// The value is greater than this.
    pub above: Option<Scalar>,
    /// The value is this or greater.
    pub from: Option<Scalar>,
    /// The value is less than this.
    pub below: Option<Scalar>,
    /// The value is this or less.
    pub to: Option<Scalar>,
}

impl Filter {
    /// Whether it holds for these fields; a vector without metadata has none.
    ///
    /// ```
    /// use fishplate_vector::{Filter, Metadata, Scalar};
    /// let metadata = Metadata::new(vec![("lang".into(), Scalar::Text("en".into()))]);
    /// let english = Filter::In("lang".into(), vec![Scalar::Text("en".into())]);
    /// assert!(english.holds(Some(&metadata)));
    /// assert!(!english.holds(None));
    /// assert!(Filter::Not(Box::new(english)).holds(None));
    /// ```
    pub fn holds(&self, metadata: Option<&Metadata>) -> bool {
        match self {
            Self::And(all) => all.iter().all(|one| one.holds(metadata)),
            Self::Or(any) => any.iter().any(|one| one.holds(metadata)),
            Self::Not(other) => !other.holds(metadata),
            Self::In(field, values) => {
                value_of(metadata, field).is_some_and(|value| values.contains(value))
            }
            Self::Range(field, range) => {
                value_of(metadata, field).is_some_and(|value| range.holds(value))
            }
            Self::Exists(field) => value_of(metadata, field).is_some(),
        }
    }
}

impl Range {
    fn holds(&self, value: &Scalar) -> bool {
        let meets = |bound: &Option<Scalar>, wanted: &[Ordering]| {
            bound.as_ref().is_none_or(|bound| {
                value
                    .compare(bound)
                    .is_some_and(|order| wanted.contains(&order))
            })
        };
        meets(&self.above, &[Ordering::Greater])
            && meets(&self.from, &[Ordering::Greater, Ordering::Equal])
            && meets(&self.below, &[Ordering::Less])
            && meets(&self.to, &[Ordering::Less, Ordering::Equal])
    }
}

fn value_of<'a>(metadata: Option<&'a Metadata>, field: &str) -> Option<&'a Scalar> {
    metadata.and_then(|metadata| metadata.get(field))
}
