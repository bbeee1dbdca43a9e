//! A graph as bytes and back: its links. Codes are made of the arena's vectors anew. docs/formats/vector-graph.md says what each byte means.

use super::layer::Layer;
use super::{GraphOptions, HIGHEST, LayeredGraph};
use crate::encoding::Reader;
use crate::error::VectorError;
use crate::metric::Metric;
use crate::rows::Rows;

const VERSION: u32 = 1;
const WHAT: &str = "the graph";

impl LayeredGraph {
    pub(super) fn written(&self) -> Result<Vec<u8>, VectorError> {
        let mut bytes = Vec::new();
        bytes.extend(VERSION.to_le_bytes());
        for number in [
            self.options.connections,
            self.options.effort,
            self.layers.len(),
        ] {
            bytes.extend(narrow(number).to_le_bytes());
        }
        bytes.extend(self.lot.to_le_bytes());
        bytes.extend(self.entry.unwrap_or(u32::MAX).to_le_bytes());
        for layer in &self.layers {
            bytes.extend(narrow(layer.len()).to_le_bytes());
            let mut rows: Vec<u32> = layer.rows().collect();
            rows.sort_unstable();
            let size = rows.len() * (layer.most * 4 + 5);
            bytes
                .try_reserve(size)
                .map_err(|_| VectorError::Memory { bytes: size })?;
            for row in rows {
                let links = layer.links(row);
                bytes.extend(row.to_le_bytes());
                bytes.extend(u16::try_from(links.len()).unwrap_or(u16::MAX).to_le_bytes());
                bytes.extend(links.iter().flat_map(|link| link.to_le_bytes()));
            }
        }
        Ok(bytes)
    }

    /// The graph of bytes that [`crate::Graph::to_bytes`] gave, over the rows that it was of.
    ///
    /// # Errors
    ///
    /// [`VectorError::Encoding`] where they are anything else, or of other rows; [`VectorError::Memory`].
    pub fn from_bytes(bytes: &[u8], rows: &Rows, metric: Metric) -> Result<Self, VectorError> {
        let mut reader = Reader::new(WHAT, bytes);
        if reader.u32()? != VERSION {
            return Err(reader.error("it is of a newer format"));
        }
        let options = GraphOptions {
            connections: reader.u32()? as usize,
            effort: reader.u32()? as usize,
        };
        let mut graph = Self::new(rows.shape().dims(), metric, options)?;
        let count = reader.u32()? as usize;
        if count > HIGHEST + 1 {
            return Err(reader.error("it has too many layers"));
        }
        graph.lot = reader.u64()?;
        if graph.lot == 0 {
            return Err(reader.error("its lot is nothing"));
        }
        let entry = reader.u32()?;
        for number in 0..count {
            let layer = read_layer(&mut reader, number, options, rows, graph.layers.last())?;
            graph.layers.push(layer);
        }
        reader.end()?;
        graph.entry = match graph.layers.last() {
            Some(highest) if highest.holds(entry) => Some(entry),
            None if entry == u32::MAX => None,
            _ => return Err(reader.error("it has no beginning")),
        };
        if graph.len() != rows.live().count() {
            return Err(reader.error("it has other rows than the index"));
        }
        for row in rows.live() {
            if let Some(vector) = rows.vector(row) {
                graph.codes.put(row, &vector)?;
            }
        }
        Ok(graph)
    }
}

/// A layer, whose rows must be live and in the layer below, and whose links must lead to rows of its own.
fn read_layer(
    reader: &mut Reader<'_>,
    number: usize,
    options: GraphOptions,
    rows: &Rows,
    below: Option<&Layer>,
) -> Result<Layer, VectorError> {
    let most = if number == 0 {
        options.connections * 2
    } else {
        options.connections
    };
    let mut layer = Layer::new(most, number == 0);
    let mut links = Vec::new();
    let count = reader.u32()?;
    if count == 0 {
        return Err(reader.error("a layer is empty"));
    }
    for _ in 0..count {
        let row = reader.u32()?;
        let is_there = rows.is_live(row) && below.is_none_or(|below| below.holds(row));
        if !is_there || layer.holds(row) {
            return Err(reader.error("a row is not there, or there twice"));
        }
        layer.add(row);
        // One more than the most is there where every link is the only one to its row.
        for _ in 0..reader.u16()? {
            links.push((row, reader.u32()?));
        }
    }
    for (from, to) in links {
        if from == to || !layer.holds(to) || layer.links(from).contains(&to) {
            return Err(reader.error("a link leads nowhere, or is there twice"));
        }
        layer.link(from, to);
    }
    Ok(layer)
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
