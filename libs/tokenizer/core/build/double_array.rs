//! A trie as a double array: the child of a node for a byte lies in the slot `base ^ byte`, and says there for which byte
//! it is a child. No two nodes have the same base, so that this is enough.

use std::collections::{HashMap, VecDeque};

use crate::merges::NONE;
use crate::trie::Trie;

/// Free slots that are tried for a node of several children.
const TRIES: usize = 512;

/// Two words a slot: base, shifted by 9, with the byte plus one (0: the slot is free); and the token, or `NONE`. The root is
/// in slot 0. No node has the base 0, so that it serves for those without children.
pub fn build(trie: &Trie) -> Vec<u32> {
    let mut slots = Slots::default();
    slots.grow();
    slots.take(0);
    let mut words: HashMap<usize, (u32, u32)> = HashMap::new();
    let mut queue = VecDeque::from([(0, 0, 0)]);
    while let Some((node, slot, label)) = queue.pop_front() {
        let node = &trie.nodes[node];
        let labels: Vec<u8> = node.children.iter().map(|&(byte, _)| byte).collect();
        let base = if labels.is_empty() {
            0
        } else {
            slots.place(&labels)
        };
        words.insert(slot, ((base as u32) << 9 | label, node.token));
        for &(byte, child) in &node.children {
            queue.push_back((child, base ^ usize::from(byte), u32::from(byte) + 1));
        }
    }
    (0..slots.taken.len())
        .flat_map(|slot| {
            let (unit, token) = words.get(&slot).copied().unwrap_or((0, NONE));
            [unit, token]
        })
        .collect()
}

#[derive(Default)]
struct Slots {
    taken: Vec<bool>,
    /// Free slots, lowest first; taken ones are dropped when they come up.
    free: VecDeque<usize>,
    bases: Vec<bool>,
}

impl Slots {
    fn grow(&mut self) {
        let start = self.taken.len();
        self.free.extend(start..start + 256);
        self.taken.resize(start + 256, false);
        self.bases.resize(start + 256, false);
        // The base 0 is nobody's.
        self.bases[0] = true;
    }

    fn take(&mut self, slot: usize) {
        self.taken[slot] = true;
    }

    /// Takes slots for children of these bytes; answers with the base.
    fn place(&mut self, labels: &[u8]) -> usize {
        let first = usize::from(labels[0]);
        let mut tried = 0;
        while tried < self.free.len().min(TRIES) {
            let slot = self.free[tried];
            if self.taken[slot] {
                // Swapping keeps the queue short, and nearly in order.
                self.free.swap(0, tried);
                self.free.pop_front();
                continue;
            }
            if self.fits(slot ^ first, labels) {
                return self.claim(slot ^ first, labels);
            }
            tried += 1;
        }
        let mut block = self.taken.len();
        self.grow();
        // In a new block any base will do.
        if self.bases[block] {
            block += 1;
        }
        self.claim(block, labels)
    }

    fn fits(&self, base: usize, labels: &[u8]) -> bool {
        !self.bases[base]
            && labels
                .iter()
                .all(|&label| !self.taken[base ^ usize::from(label)])
    }

    fn claim(&mut self, base: usize, labels: &[u8]) -> usize {
        self.bases[base] = true;
        for &label in labels {
            self.taken[base ^ usize::from(label)] = true;
        }
        base
    }
}
