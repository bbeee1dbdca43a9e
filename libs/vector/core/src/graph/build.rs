//! How rows come into a graph and leave it.

use super::codes::Codes;
use super::layer::Layer;
use super::walk::{Near, descend, nearest};
use super::{HIGHEST, LayeredGraph};

/// Links that a row gets in place of one that led to a removed row, at most.
const IN_PLACE: usize = 2;

impl LayeredGraph {
    /// Links a row whose codes are there.
    pub(super) fn link(&mut self, row: u32) {
        let height = self.draw();
        let probe = self.codes.probe_of(row);
        let top = self.layers.len();
        if let Some(entry) = self.entry {
            let mut from = Near {
                distance: self.codes.distance(&probe, entry),
                row: entry,
            };
            for layer in self.layers[(height + 1).min(top)..].iter().rev() {
                from = descend(&self.codes, layer, &probe, from);
            }
            let mut from = vec![from];
            for layer in self.layers[..(height + 1).min(top)].iter_mut().rev() {
                let effort = self.options.effort;
                let (near, _) = nearest(
                    &self.codes,
                    layer,
                    &probe,
                    &from,
                    effort,
                    usize::MAX,
                    |_| true,
                );
                let chosen = scattered(&self.codes, &near, self.options.connections);
                layer.add(row);
                for Near { row: other, .. } in chosen {
                    layer.link(row, other);
                    layer.link(other, row);
                    thin_out(&self.codes, layer, other);
                }
                from = near;
            }
        }
        if height >= top {
            for number in top..=height {
                let connections = self.options.connections;
                let most = if number == 0 {
                    connections * 2
                } else {
                    connections
                };
                let mut layer = Layer::new(most, number == 0);
                layer.add(row);
                self.layers.push(layer);
            }
            self.entry = Some(row);
        }
    }

    /// Takes a row out of every layer, and leads on what led to it.
    pub(super) fn unlink(&mut self, row: u32) {
        for layer in &mut self.layers {
            let Some(node) = layer.take(row) else {
                break;
            };
            for &other in &node.into {
                lead_on(&self.codes, layer, other, node.out.iter().chain(&node.into));
            }
            // Nobody may be left to whom nothing leads.
            for &other in &node.out {
                let is_lost = layer.node(other).is_some_and(|node| node.into.is_empty());
                if is_lost && let Some(&back) = layer.links(other).first() {
                    layer.link(back, other);
                    thin_out(&self.codes, layer, back);
                }
            }
        }
        while self.layers.last().is_some_and(|layer| layer.len() == 0) {
            self.layers.pop();
        }
        if self.entry == Some(row) || self.layers.is_empty() {
            self.entry = self.layers.last().and_then(Layer::any);
        }
        if self.layers.is_empty() {
            self.codes.clear();
        }
    }

    /// The highest layer of a new row: each one holds a share of the one below.
    fn draw(&mut self) -> usize {
        // xorshift64 (Marsaglia, 2003).
        self.lot ^= self.lot << 13;
        self.lot ^= self.lot >> 7;
        self.lot ^= self.lot << 17;
        let lot = ((self.lot >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        let height = -lot.ln() / (self.options.connections as f64).ln();
        (height as usize).min(HIGHEST)
    }
}

/// Of rows, the nearest first, those that lie in different directions: none is nearer to a chosen one than to where the links start.
fn scattered(codes: &Codes, near: &[Near], most: usize) -> Vec<Near> {
    let mut chosen: Vec<Near> = Vec::with_capacity(most);
    for &one in near {
        if chosen.len() == most {
            break;
        }
        if is_apart(codes, one, chosen.iter().map(|other| other.row)) {
            chosen.push(one);
        }
    }
    chosen
}

/// Whether none of the others is nearer to a row than where the link starts; what equals another one adds nothing either.
fn is_apart(codes: &Codes, one: Near, mut others: impl Iterator<Item = u32>) -> bool {
    !others
        .any(|other| codes.between(one.row, other) < one.distance || codes.are_same(one.row, other))
}

/// Cuts links of a row that has too many; never the only one to another row.
fn thin_out(codes: &Codes, layer: &mut Layer, row: u32) {
    let links = layer.links(row);
    if links.len() <= layer.most {
        return;
    }
    let mut near: Vec<Near> = links
        .iter()
        .map(|&other| Near {
            distance: codes.between(row, other),
            row: other,
        })
        .collect();
    near.sort_unstable();
    let chosen = scattered(codes, &near, layer.most);
    let mut cut: Vec<u32> = near
        .iter()
        .filter(|one| !chosen.contains(one))
        .map(|one| one.row)
        .collect();
    cut.retain(|&other| !layer.is_only_way(row, other));
    if near.len() - cut.len() > layer.most {
        // Those that stay for their own sake push out the farthest ones that others lead to.
        let surplus = near.len() - cut.len() - layer.most;
        let others = chosen.iter().rev().map(|one| one.row);
        let others = others.filter(|&other| !layer.is_only_way(row, other));
        cut.extend(others.take(surplus).collect::<Vec<_>>());
    }
    for other in cut {
        layer.cut(row, other);
    }
}

/// Gives a row links to some of those near to a removed one.
fn lead_on<'a>(
    codes: &Codes,
    layer: &mut Layer,
    row: u32,
    candidates: impl Iterator<Item = &'a u32>,
) {
    let links = layer.links(row);
    let mut near: Vec<Near> = candidates
        .filter(|&&other| other != row && !links.contains(&other))
        .map(|&other| Near {
            distance: codes.between(row, other),
            row: other,
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    let mut added = 0;
    for one in near {
        let links = layer.links(row);
        if added == IN_PLACE || links.len() >= layer.most {
            break;
        }
        if links.is_empty() || is_apart(codes, one, links.iter().copied()) {
            layer.link(row, one.row);
            added += 1;
        }
    }
}
