//! The method of Hunt and Szymanski: one step for each matching pair.

use super::{PAIR_COST, Places};
use crate::meter::{Meter, Stop};

/// The pairs of a longest common subsequence, in ascending order.
pub(super) fn sparse(
    old: &[u32],
    places: &Places,
    meter: &mut Meter<'_>,
) -> Result<Vec<(u32, u32)>, Stop> {
    const NONE: u32 = u32::MAX;
    struct Node {
        old: u32,
        new: u32,
        below: u32,
    }
    let mut nodes: Vec<Node> = Vec::new();
    // For each length the node of the chain that ends earliest, and where it ends.
    let mut tops: Vec<u32> = Vec::new();
    let mut ends: Vec<u32> = Vec::new();
    for (i, &id) in old.iter().enumerate() {
        let partners = places.of(id);
        meter.spend(PAIR_COST * partners.len() as u64 + 1)?;
        for &j in partners.iter().rev() {
            let len = if ends.last().is_some_and(|&end| end < j) {
                ends.len()
            } else {
                ends.partition_point(|&end| end < j)
            };
            if ends.get(len) == Some(&j) {
                continue;
            }
            let node = nodes.len() as u32;
            let below = if len == 0 { NONE } else { tops[len - 1] };
            nodes.push(Node {
                old: i as u32,
                new: j,
                below,
            });
            if len == ends.len() {
                ends.push(j);
                tops.push(node);
            } else {
                ends[len] = j;
                tops[len] = node;
            }
        }
    }
    let mut pairs = Vec::with_capacity(tops.len());
    let mut at = tops.last().copied().unwrap_or(NONE);
    while at != NONE {
        let node = &nodes[at as usize];
        pairs.push((node.old, node.new));
        at = node.below;
    }
    pairs.reverse();
    Ok(pairs)
}
