//! What may be said of a vector beside its numbers: named scalars.

use std::cmp::Ordering;

/// A value of metadata.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// The absence of a value, stated.
    Null,
    /// True or false.
    Bool(bool),
    /// A finite number.
    Number(f64),
    /// A text.
    Text(Box<str>),
}

impl Scalar {
    /// Orders two values of one kind, texts by their bytes; None for different kinds, which no range compares.
    ///
    /// ```
    /// use fishplate_vector::Scalar;
    /// use std::cmp::Ordering;
    /// assert_eq!(Scalar::Number(1.0).compare(&Scalar::Number(2.0)), Some(Ordering::Less));
    /// assert_eq!(Scalar::Number(1.0).compare(&Scalar::Text("1".into())), None);
    /// ```
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => left.partial_cmp(right),
            (Self::Text(left), Self::Text(right)) => Some(left.cmp(right)),
            (Self::Bool(left), Self::Bool(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }
}

/// The scalars of one vector by name, in the order in which they were given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metadata(Box<[(Box<str>, Scalar)]>);

impl Metadata {
    /// Of fields with distinct names; of two with one name the first counts.
    pub fn new(fields: Vec<(Box<str>, Scalar)>) -> Self {
        Self(fields.into_boxed_slice())
    }

    /// The value of a field.
    pub fn get(&self, field: &str) -> Option<&Scalar> {
        self.0
            .iter()
            .find(|(name, _)| **name == *field)
            .map(|(_, value)| value)
    }

    /// Its fields.
    pub fn fields(&self) -> &[(Box<str>, Scalar)] {
        &self.0
    }

    /// Bytes that it keeps on the heap.
    pub fn heap_bytes(&self) -> usize {
        let texts: usize = self
            .0
            .iter()
            .map(|(name, value)| {
                let text = match value {
                    Scalar::Text(text) => text.len(),
                    _ => 0,
                };
                name.len() + text
            })
            .sum();
        texts + size_of_val(&*self.0)
    }
}
