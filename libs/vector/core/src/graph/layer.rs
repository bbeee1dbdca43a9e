//! A layer: rows with their links, known from both ends.

use hashbrown::HashMap;

/// A row of a layer.
#[derive(Debug, Default, Clone)]
pub(super) struct Node {
    /// Where its links lead.
    pub out: Vec<u32>,
    /// Whose links lead to it.
    pub into: Vec<u32>,
}

/// Rows of a layer. The lowest layer has all rows and is a table, the others are sparse.
#[derive(Debug)]
enum Nodes {
    Table {
        nodes: Vec<Option<Node>>,
        count: usize,
    },
    Sparse(HashMap<u32, Node>),
}

#[derive(Debug)]
pub(super) struct Layer {
    /// Links of a row, at most.
    pub most: usize,
    nodes: Nodes,
}

impl Layer {
    /// The lowest one is a table.
    pub fn new(most: usize, is_lowest: bool) -> Self {
        let nodes = if is_lowest {
            Nodes::Table {
                nodes: Vec::new(),
                count: 0,
            }
        } else {
            Nodes::Sparse(HashMap::new())
        };
        Self { most, nodes }
    }

    pub fn len(&self) -> usize {
        match &self.nodes {
            Nodes::Table { count, .. } => *count,
            Nodes::Sparse(nodes) => nodes.len(),
        }
    }

    pub fn holds(&self, row: u32) -> bool {
        self.node(row).is_some()
    }

    pub fn node(&self, row: u32) -> Option<&Node> {
        match &self.nodes {
            Nodes::Table { nodes, .. } => nodes.get(row as usize)?.as_ref(),
            Nodes::Sparse(nodes) => nodes.get(&row),
        }
    }

    fn node_mut(&mut self, row: u32) -> Option<&mut Node> {
        match &mut self.nodes {
            Nodes::Table { nodes, .. } => nodes.get_mut(row as usize)?.as_mut(),
            Nodes::Sparse(nodes) => nodes.get_mut(&row),
        }
    }

    /// Where a row's links lead.
    pub fn links(&self, row: u32) -> &[u32] {
        self.node(row).map_or(&[], |node| &node.out)
    }

    /// Adds a row without links.
    pub fn add(&mut self, row: u32) {
        match &mut self.nodes {
            Nodes::Table { nodes, count } => {
                let at = row as usize;
                if nodes.len() <= at {
                    nodes.resize(at + 1, None);
                }
                if let Some(slot) = nodes.get_mut(at)
                    && slot.replace(Node::default()).is_none()
                {
                    *count += 1;
                }
            }
            Nodes::Sparse(nodes) => {
                nodes.insert(row, Node::default());
            }
        }
    }

    /// Takes a row out, and every link from and to it.
    pub fn take(&mut self, row: u32) -> Option<Node> {
        let node = match &mut self.nodes {
            Nodes::Table { nodes, count } => {
                let taken = nodes.get_mut(row as usize)?.take();
                *count -= usize::from(taken.is_some());
                taken
            }
            Nodes::Sparse(nodes) => {
                let taken = nodes.remove(&row);
                if nodes.capacity() > 64 && nodes.len() < nodes.capacity() / 4 {
                    nodes.shrink_to(nodes.len() * 2);
                }
                taken
            }
        }?;
        for &other in &node.out {
            if let Some(other) = self.node_mut(other) {
                drop_one(&mut other.into, row);
            }
        }
        for &other in &node.into {
            if let Some(other) = self.node_mut(other) {
                drop_one(&mut other.out, row);
            }
        }
        Some(node)
    }

    /// Adds a link that is not there.
    pub fn link(&mut self, from: u32, to: u32) {
        if let Some(node) = self.node_mut(to) {
            node.into.push(from);
        }
        if let Some(node) = self.node_mut(from) {
            node.out.push(to);
        }
    }

    /// Takes a link away.
    pub fn cut(&mut self, from: u32, to: u32) {
        if let Some(node) = self.node_mut(to) {
            drop_one(&mut node.into, from);
        }
        if let Some(node) = self.node_mut(from) {
            drop_one(&mut node.out, to);
        }
    }

    /// Whether this link is the only one to a row.
    pub fn is_only_way(&self, from: u32, to: u32) -> bool {
        self.node(to).is_some_and(|node| node.into == [from])
    }

    /// Any row of it.
    pub fn any(&self) -> Option<u32> {
        self.rows().next()
    }

    /// Its rows; of a sparse layer in no order.
    pub fn rows(&self) -> Box<dyn Iterator<Item = u32> + '_> {
        match &self.nodes {
            Nodes::Table { nodes, .. } => Box::new(
                (0_u32..)
                    .zip(nodes)
                    .filter_map(|(row, node)| node.is_some().then_some(row)),
            ),
            Nodes::Sparse(nodes) => Box::new(nodes.keys().copied()),
        }
    }

    /// Bytes that it keeps in memory.
    pub fn bytes(&self) -> usize {
        let heap = |node: &Node| (node.out.capacity() + node.into.capacity()) * 4;
        match &self.nodes {
            Nodes::Table { nodes, .. } => {
                let links: usize = nodes.iter().flatten().map(heap).sum();
                links + nodes.capacity() * size_of::<Option<Node>>()
            }
            Nodes::Sparse(nodes) => {
                nodes.values().map(heap).sum::<usize>() + nodes.allocation_size()
            }
        }
    }
}

/// Takes one away; the last one takes its place. Lists that were much longer give memory back.
fn drop_one(rows: &mut Vec<u32>, row: u32) {
    if let Some(at) = rows.iter().position(|&one| one == row) {
        rows.swap_remove(at);
    }
    if rows.capacity() > 64 && rows.len() < rows.capacity() / 4 {
        rows.shrink_to(rows.len() * 2);
    }
}
