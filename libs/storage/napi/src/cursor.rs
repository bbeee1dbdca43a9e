//! Replay into a slab of the caller.

use fishplate_storage::{Cursor, Entry, Fill, Query};
use napi::bindgen_prelude::{BufferSlice, Float64ArraySlice, Result};
use napi_derive::napi;

use crate::error::fault;
use crate::store::NativeStore;

#[napi]
pub struct NativeCursor {
    cursor: Cursor,
    entries: Vec<Entry>,
}

#[napi]
impl NativeStore {
    #[napi]
    pub fn follow(
        &self,
        from: f64,
        to: Option<f64>,
        stream: Option<String>,
        limit: Option<f64>,
    ) -> Result<NativeCursor> {
        let query = Query {
            from: from as u64,
            to: to.map_or(u64::MAX, |to| to as u64),
            stream,
            limit: limit.map_or(u64::MAX, |limit| limit as u64),
        };
        let cursor = self.store.follow(&query).map_err(fault)?;
        Ok(NativeCursor {
            cursor,
            entries: Vec::new(),
        })
    }
}

#[napi]
impl NativeCursor {
    /// Number of events in the slab. 0: no more for now. Below 0: a slab of so many bytes is needed. Each event has five members in
    /// `entries`: number, time, and where in the slab its stream begins, its payload begins, and its payload ends.
    #[napi]
    pub fn fill(
        &mut self,
        mut slab: BufferSlice<'_>,
        mut entries: Float64ArraySlice<'_>,
    ) -> Result<f64> {
        match self
            .cursor
            .fill(&mut slab, &mut self.entries)
            .map_err(fault)?
        {
            Fill::End => Ok(0.0),
            Fill::Needs(size) => Ok(-(size as f64)),
            Fill::Events => {
                // SAFETY: JavaScript waits for this call, so that nobody else has the array.
                let places = unsafe { entries.as_mut() }.as_chunks_mut::<5>().0;
                for (place, entry) in places.iter_mut().zip(&self.entries) {
                    *place = [
                        entry.seq as f64,
                        entry.time as f64,
                        entry.stream as f64,
                        entry.start as f64,
                        entry.end as f64,
                    ];
                }
                Ok(self.entries.len() as f64)
            }
        }
    }
}
