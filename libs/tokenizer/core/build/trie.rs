//! The tokens as a trie.

use std::collections::HashMap;

use crate::merges::{Merges, NONE};

#[derive(Default)]
pub struct Trie {
    /// Node 0 is the root, and parents come before their children.
    pub nodes: Vec<Node>,
}

pub struct Node {
    pub parent: usize,
    /// The token that ends here, or `NONE`.
    pub token: u32,
    /// In the order of their bytes.
    pub children: Vec<(u8, usize)>,
}

pub fn build(merges: &Merges) -> Trie {
    let mut trie = Trie::default();
    let mut edges: HashMap<(usize, u8), usize> = HashMap::new();
    trie.nodes.push(Node::below(0));
    for (token, bytes) in (0..).zip(&merges.tokens) {
        if bytes.is_empty() {
            continue;
        }
        let mut at = 0;
        for &byte in bytes {
            at = *edges.entry((at, byte)).or_insert_with(|| {
                trie.nodes.push(Node::below(at));
                trie.nodes.len() - 1
            });
        }
        trie.nodes[at].token = token;
    }
    for ((parent, byte), child) in edges {
        trie.nodes[parent].children.push((byte, child));
    }
    for node in &mut trie.nodes {
        node.children.sort_unstable();
    }
    trie
}

/// For each token the longest shorter one that it begins with, or `NONE`.
pub fn prefixes(trie: &Trie, tokens: usize) -> Vec<u32> {
    let mut prefixes = vec![NONE; tokens];
    let mut nearest = vec![NONE; trie.nodes.len()];
    for (at, node) in trie.nodes.iter().enumerate().skip(1) {
        let above = nearest[node.parent];
        nearest[at] = if node.token == NONE {
            above
        } else {
            node.token
        };
        if node.token != NONE {
            prefixes[node.token as usize] = above;
        }
    }
    prefixes
}

impl Node {
    fn below(parent: usize) -> Self {
        Self {
            parent,
            token: NONE,
            children: Vec::new(),
        }
    }
}
