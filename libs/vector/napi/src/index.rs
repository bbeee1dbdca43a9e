//! The index: a class that holds one of the core.

use std::cell::{Ref, RefCell, RefMut};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fishplate_vector::encoding::{Reader, write_metadata};
use fishplate_vector::{
    GraphOptions, LayeredGraph, Metadata, SearchOptions, Shape, Snapshot, Storage, VectorError,
    VectorIndex,
};
use napi::bindgen_prelude::{AsyncTask, Buffer, Env, Result, Task, Uint8ArraySlice, Unknown};
use napi_derive::napi;

use crate::failure::{fault, invalid};
use crate::file::Save;
use crate::hits::encoded;
use crate::numbers::Numbers;
use crate::pairs::{Slot, rows_function};
use crate::similarity::metric_of;

#[napi(object, js_name = "NativeSearchOptions", object_to_js = false)]
pub struct SearchOptionsJs {
    pub filter: Option<Buffer>,
    pub min_score: Option<f64>,
    pub diversity: Option<f64>,
    pub effort: Option<u32>,
}

impl SearchOptionsJs {
    pub(crate) fn options(&self) -> Result<SearchOptions> {
        let filter = self.filter.as_ref().map(|bytes| {
            let mut reader = Reader::new("the filter", bytes);
            let filter = reader.filter()?;
            reader.end()?;
            Ok(filter)
        });
        Ok(SearchOptions {
            filter: filter.transpose().map_err(fault)?,
            min_score: self.min_score,
            diversity: self.diversity,
            effort: self.effort.map(|effort| effort as usize),
        })
    }
}

#[napi(object, js_name = "NativeGraphOptions", object_to_js = false)]
pub struct GraphOptionsJs {
    pub connections: u32,
    pub effort: u32,
}

#[napi(object, js_name = "NativeStats", object_from_js = false)]
pub struct StatsJs {
    pub vectors: f64,
    pub bytes: f64,
    pub graph_bytes: f64,
    pub mapped_bytes: f64,
}

/// Calls a search off.
#[napi(js_name = "SearchControl")]
#[derive(Default)]
pub struct ControlJs {
    is_cancelled: Arc<AtomicBool>,
}

#[napi]
impl ControlJs {
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    #[napi]
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }
}

#[napi(js_name = "NativeIndex")]
pub struct IndexJs {
    /// Empty once it is closed.
    index: Rc<Slot>,
}

#[napi]
impl IndexJs {
    #[napi(constructor)]
    pub fn new(
        dims: u32,
        metric: u32,
        storage: u32,
        rescore: bool,
        graph: Option<GraphOptionsJs>,
    ) -> Result<Self> {
        let metric = metric_of(metric)?;
        let storage = u8::try_from(storage)
            .ok()
            .and_then(Storage::from_number)
            .ok_or_else(|| invalid("no storage has that number"))?;
        let shape = Shape::new(dims as usize, storage, rescore).map_err(fault)?;
        let Some(graph) = graph else {
            return Ok(Self::over(VectorIndex::new(shape, metric)));
        };
        let options = GraphOptions {
            connections: graph.connections as usize,
            effort: graph.effort as usize,
        };
        let graph = LayeredGraph::new(shape.dims(), metric, options).map_err(fault)?;
        let graph = Box::new(graph);
        Ok(Self::over(VectorIndex::with_graph(shape, metric, graph)))
    }

    #[napi]
    pub fn add(
        &self,
        key: String,
        #[napi(ts_arg_type = "Float32Array")] vector: Numbers<'_, f32>,
        metadata: Option<Uint8ArraySlice<'_>>,
    ) -> Result<u32> {
        let mut all = metadata_of(metadata.as_deref(), 1)?;
        let placed = self
            .open_mut()?
            .add(&key, &vector, all.pop().flatten())
            .map_err(fault)?;
        Ok(placed.row)
    }

    /// All of them or, where one is refused, none.
    #[napi]
    pub fn add_many(
        &self,
        keys: Vec<String>,
        #[napi(ts_arg_type = "Float32Array")] vectors: Numbers<'_, f32>,
        metadata: Option<Uint8ArraySlice<'_>>,
    ) -> Result<()> {
        let metadata = metadata_of(metadata.as_deref(), keys.len())?;
        self.open_mut()?
            .add_many(&keys, &vectors, metadata)
            .map_err(fault)
    }

    #[napi]
    pub fn remove(&self, key: String) -> Result<bool> {
        self.open_mut()?.remove(&key).map_err(fault)
    }

    #[napi]
    pub fn row_of(&self, key: String) -> Result<Option<u32>> {
        Ok(self.open()?.arena().row_of(&key))
    }

    #[napi]
    pub fn key_of(&self, row: u32) -> Result<Option<String>> {
        Ok(self.open()?.arena().rows().key(row).map(Into::into))
    }

    /// Copies a row's vector into `vector`.
    #[napi]
    pub fn vector_of(
        &self,
        row: u32,
        #[napi(ts_arg_type = "Float32Array")] mut vector: Numbers<'_, f32>,
    ) -> Result<()> {
        let index = self.open()?;
        let found = index.arena().rows().vector(row);
        let found = found.ok_or_else(|| fault(VectorError::Row { row }))?;
        for (to, from) in vector.apart_from(&[])?.iter_mut().zip(&*found) {
            *to = *from;
        }
        Ok(())
    }

    #[napi]
    pub fn metadata_of(&self, row: u32) -> Result<Buffer> {
        let mut bytes = Vec::new();
        write_metadata(self.open()?.arena().rows().metadata(row), &mut bytes);
        Ok(bytes.into())
    }

    /// The scores of two rows, as a function of their numbers that needs no `this`.
    #[napi(ts_return_type = "(left: number, right: number) => number")]
    pub fn similarity_function<'env>(&self, env: &'env Env) -> Result<Unknown<'env>> {
        rows_function(env, &self.index)
    }

    #[napi]
    pub fn search_sync(
        &self,
        #[napi(ts_arg_type = "Float32Array")] query: Numbers<'_, f32>,
        k: u32,
        options: Option<SearchOptionsJs>,
    ) -> Result<Buffer> {
        let options = options.map(|options| options.options()).transpose()?;
        let snapshot = self.open()?.snapshot();
        let hits = snapshot
            .search(
                &query,
                k as usize,
                &options.unwrap_or_default(),
                &AtomicBool::new(false),
            )
            .map_err(fault)?;
        Ok(encoded(&hits, snapshot.rows()).into())
    }

    #[napi(ts_return_type = "Promise<Buffer>")]
    pub fn search(
        &self,
        #[napi(ts_arg_type = "Float32Array")] query: Numbers<'_, f32>,
        k: u32,
        options: Option<SearchOptionsJs>,
        control: Option<&ControlJs>,
    ) -> Result<AsyncTask<Search>> {
        let options = options.map(|options| options.options()).transpose()?;
        Ok(AsyncTask::new(Search {
            snapshot: self.open()?.snapshot(),
            query: query.to_vec(),
            k: k as usize,
            options: options.unwrap_or_default(),
            is_cancelled: control
                .map(|control| Arc::clone(&control.is_cancelled))
                .unwrap_or_default(),
        }))
    }

    #[napi]
    pub fn stats(&self) -> Result<StatsJs> {
        let stats = self.open()?.stats();
        Ok(StatsJs {
            vectors: stats.vectors as f64,
            bytes: stats.bytes as f64,
            graph_bytes: stats.graph_bytes as f64,
            mapped_bytes: stats.mapped_bytes as f64,
        })
    }

    /// Dimensions, metric, storage, whether vectors are kept beside codes, whether there is a graph.
    #[napi]
    pub fn shape(&self) -> Result<Vec<u32>> {
        let index = self.open()?;
        let shape = index.arena().rows().shape();
        Ok(vec![
            u32::try_from(shape.dims()).unwrap_or(u32::MAX),
            u32::from(index.metric().number()),
            u32::from(shape.storage().number()),
            u32::from(shape.keeps_vectors()),
            u32::from(index.has_graph()),
        ])
    }

    #[napi(ts_return_type = "Promise<void>")]
    pub fn save(&self, path: String) -> Result<AsyncTask<Save>> {
        Ok(AsyncTask::new(Save {
            snapshot: self.open()?.snapshot(),
            path: path.into(),
        }))
    }

    #[napi]
    pub fn close(&self) {
        self.index.replace(None);
    }
}

impl IndexJs {
    pub(crate) fn over(index: VectorIndex) -> Self {
        Self {
            index: Rc::new(RefCell::new(Some(index))),
        }
    }

    fn open(&self) -> Result<Ref<'_, VectorIndex>> {
        Ref::filter_map(self.index.borrow(), Option::as_ref).map_err(|_| fault(VectorError::Closed))
    }

    fn open_mut(&self) -> Result<RefMut<'_, VectorIndex>> {
        RefMut::filter_map(self.index.borrow_mut(), Option::as_mut)
            .map_err(|_| fault(VectorError::Closed))
    }
}

/// One after the other; of none, nobody has any.
fn metadata_of(bytes: Option<&[u8]>, count: usize) -> Result<Vec<Option<Metadata>>> {
    let Some(bytes) = bytes else {
        return Ok(vec![None; count]);
    };
    let mut reader = Reader::new("the metadata", bytes);
    let all: std::result::Result<_, _> = (0..count).map(|_| reader.metadata()).collect();
    let all = all.map_err(fault)?;
    reader.end().map_err(fault)?;
    Ok(all)
}

/// A search on a thread of the pool.
pub struct Search {
    snapshot: Snapshot,
    query: Vec<f32>,
    k: usize,
    options: SearchOptions,
    is_cancelled: Arc<AtomicBool>,
}

impl Task for Search {
    type Output = Vec<u8>;
    type JsValue = Buffer;

    fn compute(&mut self) -> Result<Vec<u8>> {
        let hits = self
            .snapshot
            .search(&self.query, self.k, &self.options, &self.is_cancelled)
            .map_err(fault)?;
        Ok(encoded(&hits, self.snapshot.rows()))
    }

    fn resolve(&mut self, _: Env, hits: Vec<u8>) -> Result<Buffer> {
        Ok(hits.into())
    }
}
