//! Metadata and filters as bytes: what bindings hand over and files hold. docs/formats/vector.md says what each byte means.

use crate::error::VectorError;
use crate::filter::{Filter, Range};
use crate::scalar::{Metadata, Scalar};

/// Filters within filters, at most.
const DEEPEST: usize = 64;

/// In place of a number of fields: there is no metadata.
const NO_METADATA: u16 = u16::MAX;

/// Reads what is encoded, from its beginning on.
#[derive(Debug)]
pub struct Reader<'a> {
    what: &'static str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Over bytes; `what` names them in errors.
    pub fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, bytes, at: 0 }
    }

    /// How many bytes have been read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The error of what was read last.
    pub fn error(&self, reason: &'static str) -> VectorError {
        VectorError::Encoding {
            what: self.what,
            reason,
            at: self.at,
        }
    }

    /// Refuses what follows.
    ///
    /// # Errors
    ///
    /// [`VectorError::Encoding`] where there is more.
    pub fn end(&self) -> Result<(), VectorError> {
        if self.at == self.bytes.len() {
            return Ok(());
        }
        Err(self.error("there is more than what it says"))
    }

    /// The next bytes.
    ///
    /// # Errors
    ///
    /// [`VectorError::Encoding`] where there are fewer.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], VectorError> {
        let taken = self.bytes.get(self.at..).and_then(|rest| rest.get(..count));
        let Some(taken) = taken else {
            return Err(self.error("it ends too early"));
        };
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], VectorError> {
        let taken = self.take(N)?;
        taken
            .try_into()
            .map_err(|_| self.error("it ends too early"))
    }

    /// A byte.
    ///
    /// # Errors
    ///
    /// [`VectorError::Encoding`].
    pub fn u8(&mut self) -> Result<u8, VectorError> {
        self.array().map(u8::from_le_bytes)
    }

    /// A number of 16 bits.
    ///
    /// # Errors
    ///
    /// [`VectorError::Encoding`].
    pub fn u16(&mut self) -> Result<u16, VectorError> {
        self.array().map(u16::from_le_bytes)
    }

    /// A number of 32 bits.
    ///
    /// # Errors
    ///
    /// [`VectorError::Encoding`].
    pub fn u32(&mut self) -> Result<u32, VectorError> {
        self.array().map(u32::from_le_bytes)
    }

    /// A number of 64 bits.
    ///
    /// # Errors
    ///
    /// [`VectorError::Encoding`].
    pub fn u64(&mut self) -> Result<u64, VectorError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A text of that many bytes.
    ///
    /// # Errors
    ///
    /// [`VectorError::Encoding`], where it is no UTF-8 too.
    pub fn text(&mut self, bytes: usize) -> Result<&'a str, VectorError> {
        let taken = self.take(bytes)?;
        str::from_utf8(taken).map_err(|_| self.error("a text is no UTF-8"))
    }

    /// A scalar.
    ///
    /// # Errors
    ///
    /// [`VectorError::Encoding`].
    pub fn scalar(&mut self) -> Result<Scalar, VectorError> {
        match self.u8()? {
            0 => Ok(Scalar::Null),
            1 => Ok(Scalar::Bool(false)),
            2 => Ok(Scalar::Bool(true)),
            3 => {
                let number = f64::from_bits(self.u64()?);
                if !number.is_finite() {
                    return Err(self.error("a number is not finite"));
                }
                Ok(Scalar::Number(number))
            }
            4 => {
                let bytes = self.u32()? as usize;
                Ok(Scalar::Text(self.text(bytes)?.into()))
            }
            _ => Err(self.error("no scalar has this tag")),
        }
    }

    /// Metadata, or its absence.
    ///
    /// # Errors
    ///
    /// [`VectorError::Encoding`].
    pub fn metadata(&mut self) -> Result<Option<Metadata>, VectorError> {
        let count = self.u16()?;
        if count == NO_METADATA {
            return Ok(None);
        }
        let mut fields = Vec::new();
        for _ in 0..count {
            fields.push((self.name()?, self.scalar()?));
        }
        Ok(Some(Metadata::new(fields)))
    }

    /// A filter.
    ///
    /// # Errors
    ///
    /// [`VectorError::Encoding`], where it is nested more than 64 deep too.
    pub fn filter(&mut self) -> Result<Filter, VectorError> {
        self.filter_within(DEEPEST)
    }

    fn filter_within(&mut self, depth: usize) -> Result<Filter, VectorError> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(self.error("filters are nested more than 64 deep"));
        };
        match self.u8()? {
            0 => Ok(Filter::And(self.filters(depth)?)),
            1 => Ok(Filter::Or(self.filters(depth)?)),
            2 => Ok(Filter::Not(Box::new(self.filter_within(depth)?))),
            3 => {
                let field = self.name()?;
                let count = self.u32()?;
                let mut values = Vec::new();
                for _ in 0..count {
                    values.push(self.scalar()?);
                }
                Ok(Filter::In(field, values))
            }
            4 => {
                let field = self.name()?;
                let given = self.u8()?;
                let mut bound = |bit: u8| (given & bit != 0).then(|| self.scalar()).transpose();
                let range = Range {
                    above: bound(1)?,
                    from: bound(2)?,
                    below: bound(4)?,
                    to: bound(8)?,
                };
                Ok(Filter::Range(field, range))
            }
            5 => Ok(Filter::Exists(self.name()?)),
            _ => Err(self.error("no filter has this tag")),
        }
    }

    fn filters(&mut self, depth: usize) -> Result<Vec<Filter>, VectorError> {
        let count = self.u32()?;
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(self.filter_within(depth)?);
        }
        Ok(all)
    }

    fn name(&mut self) -> Result<Box<str>, VectorError> {
        let bytes = self.u16()?;
        Ok(self.text(usize::from(bytes))?.into())
    }
}

/// Appends metadata, or its absence, as [`Reader::metadata`] reads it. Longer names and more fields than fit cannot come from there.
pub fn write_metadata(metadata: Option<&Metadata>, out: &mut Vec<u8>) {
    let Some(metadata) = metadata else {
        out.extend(NO_METADATA.to_le_bytes());
        return;
    };
    let fields = metadata
        .fields()
        .iter()
        .filter(|(name, _)| name.len() <= usize::from(u16::MAX));
    let fields: Vec<_> = fields.take(usize::from(NO_METADATA) - 1).collect();
    #[expect(clippy::cast_possible_truncation, reason = "taken above")]
    out.extend((fields.len() as u16).to_le_bytes());
    for (name, value) in fields {
        #[expect(clippy::cast_possible_truncation, reason = "filtered above")]
        out.extend((name.len() as u16).to_le_bytes());
        out.extend(name.as_bytes());
        write_scalar(value, out);
    }
}

fn write_scalar(value: &Scalar, out: &mut Vec<u8>) {
    match value {
        Scalar::Null => out.push(0),
        Scalar::Bool(false) => out.push(1),
        Scalar::Bool(true) => out.push(2),
        Scalar::Number(number) => {
            out.push(3);
            out.extend(number.to_le_bytes());
        }
        Scalar::Text(text) => {
            out.push(4);
            out.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
            out.extend(text.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Reader, write_metadata};
    use crate::filter::Filter;
    use crate::scalar::{Metadata, Scalar};

    fn scalars() -> impl Strategy<Value = Scalar> {
        prop_oneof![
            Just(Scalar::Null),
            any::<bool>().prop_map(Scalar::Bool),
            (-1e300..1e300).prop_map(Scalar::Number),
            ".*".prop_map(|text| Scalar::Text(text.into())),
        ]
    }

    proptest! {
        #[test]
        fn metadata_survives(fields in proptest::collection::vec((".*", scalars()), 0..6)) {
            let fields = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
            let metadata = Metadata::new(fields);
            let mut bytes = Vec::new();
            write_metadata(Some(&metadata), &mut bytes);
            write_metadata(None, &mut bytes);
            let mut reader = Reader::new("metadata", &bytes);
            prop_assert_eq!(reader.metadata().unwrap(), Some(metadata));
            prop_assert_eq!(reader.metadata().unwrap(), None);
            reader.end().unwrap();
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(0_u8..8, 0..64)) {
            let _ = Reader::new("filter", &bytes).filter();
            let _ = Reader::new("metadata", &bytes).metadata();
        }
    }

    #[test]
    fn filters_are_nested_64_deep_at_most() {
        let mut bytes = vec![2; 63];
        bytes.extend([0, 0, 0, 0, 0]);
        assert!(Reader::new("filter", &bytes).filter().is_ok());
        bytes.insert(0, 2);
        assert!(Reader::new("filter", &bytes).filter().is_err());
    }

    #[test]
    fn a_huge_count_takes_no_memory() {
        let error = Reader::new("filter", &[0, 255, 255, 255, 255]).filter();
        assert_eq!(error.unwrap_err().code(), "INPUT_INVALID");
        assert_eq!(
            Reader::new("filter", &[0, 0, 0, 0, 0]).filter().unwrap(),
            Filter::And(vec![])
        );
    }
}
