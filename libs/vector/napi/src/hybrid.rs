//! Texts of a hybrid index: a class that holds an index of the core. Fusing and files are TypeScript's.

use std::cell::{Ref, RefCell, RefMut};

use fishplate_vector::encoding::{Reader, write_metadata};
use fishplate_vector::{TextIndex, VectorError, Weights};
use napi::bindgen_prelude::{Buffer, Result, Uint8ArraySlice};
use napi_derive::napi;

use crate::failure::fault;

#[napi(object, js_name = "NativeTextStats", object_from_js = false)]
pub struct TextStatsJs {
    pub texts: f64,
    pub terms: f64,
    pub bytes: f64,
}

#[napi(js_name = "NativeTextIndex")]
pub struct TextIndexJs {
    /// None once it is closed.
    index: RefCell<Option<TextIndex>>,
}

#[napi]
impl TextIndexJs {
    #[napi(constructor)]
    pub fn new(k1: f64, b: f64) -> Result<Self> {
        TextIndex::new(Weights { k1, b })
            .map(Self::over)
            .map_err(fault)
    }

    #[napi(factory)]
    pub fn from_bytes(bytes: Uint8ArraySlice<'_>) -> Result<Self> {
        TextIndex::from_bytes(&bytes).map(Self::over).map_err(fault)
    }

    fn over(index: TextIndex) -> Self {
        Self {
            index: RefCell::new(Some(index)),
        }
    }

    /// Whether the key had a text before.
    #[napi]
    pub fn add(
        &self,
        key: String,
        text: String,
        metadata: Option<Uint8ArraySlice<'_>>,
    ) -> Result<bool> {
        let metadata = metadata.map(|bytes| {
            let mut reader = Reader::new("the metadata", &bytes);
            let metadata = reader.metadata()?;
            reader.end()?;
            Ok(metadata)
        });
        let metadata = metadata.transpose().map_err(fault)?.flatten();
        self.open_mut()?.add(&key, &text, metadata).map_err(fault)
    }

    #[napi]
    pub fn remove(&self, key: String) -> Result<bool> {
        Ok(self.open_mut()?.remove(&key))
    }

    #[napi]
    pub fn has(&self, key: String) -> Result<bool> {
        Ok(self.open()?.contains(&key))
    }

    /// Keys in the order in which they came.
    #[napi]
    pub fn keys(&self) -> Result<Vec<String>> {
        Ok(self.open()?.keys().map(Into::into).collect())
    }

    #[napi]
    pub fn metadata_of(&self, key: String) -> Result<Buffer> {
        let mut bytes = Vec::new();
        write_metadata(self.open()?.metadata(&key), &mut bytes);
        Ok(bytes.into())
    }

    /// Of each hit: score (f64), bytes of the key (u16), key, metadata; all little-endian.
    #[napi]
    pub fn search(
        &self,
        query: String,
        count: u32,
        filter: Option<Uint8ArraySlice<'_>>,
    ) -> Result<Buffer> {
        let filter = filter.map(|bytes| {
            let mut reader = Reader::new("the filter", &bytes);
            let filter = reader.filter()?;
            reader.end()?;
            Ok(filter)
        });
        let filter = filter.transpose().map_err(fault)?;
        let index = self.open()?;
        let mut bytes = Vec::new();
        for hit in index.search(&query, count as usize, filter.as_ref()) {
            bytes.extend(hit.score.to_le_bytes());
            bytes.extend(
                u16::try_from(hit.key.len())
                    .unwrap_or_default()
                    .to_le_bytes(),
            );
            bytes.extend(hit.key.as_bytes());
            write_metadata(hit.metadata, &mut bytes);
        }
        Ok(bytes.into())
    }

    #[napi]
    pub fn to_bytes(&self) -> Result<Buffer> {
        Ok(self.open()?.to_bytes().into())
    }

    #[napi]
    pub fn stats(&self) -> Result<TextStatsJs> {
        let index = self.open()?;
        Ok(TextStatsJs {
            texts: index.len() as f64,
            terms: index.term_count() as f64,
            bytes: index.bytes() as f64,
        })
    }

    #[napi]
    pub fn close(&self) {
        self.index.replace(None);
    }

    fn open(&self) -> Result<Ref<'_, TextIndex>> {
        Ref::filter_map(self.index.borrow(), Option::as_ref).map_err(|_| fault(VectorError::Closed))
    }

    fn open_mut(&self) -> Result<RefMut<'_, TextIndex>> {
        RefMut::filter_map(self.index.borrow_mut(), Option::as_mut)
            .map_err(|_| fault(VectorError::Closed))
    }
}

/// The terms of a text, as an index counts them.
#[napi]
pub fn terms(text: String) -> Vec<String> {
    let mut found = Vec::new();
    fishplate_vector::text::terms(&text, |term| found.push(term.to_owned()));
    found
}
