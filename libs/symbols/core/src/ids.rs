//! Ids of the symbols of a file, and room for more of anything.

/// Ids in the order given; those that follow one another take no room of their own.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    first: u32,
    count: u32,
    /// All of them, where they do not follow one another.
    list: Box<[u32]>,
}

impl Ids {
    pub(crate) fn new(ids: Vec<u32>) -> Self {
        let first = ids.first().copied().unwrap_or(0);
        let is_run = (first..).zip(&ids).all(|(next, &id)| next == id);
        Self {
            first,
            // There are fewer than ids.
            count: u32::try_from(ids.len()).unwrap_or(u32::MAX),
            list: if is_run { Box::default() } else { ids.into() },
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.count as usize
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + Clone {
        let run = if self.list.is_empty() { self.count } else { 0 };
        let run = (self.first..).take(run as usize);
        run.chain(self.list.iter().copied())
    }

    /// Bytes beside the value itself.
    pub(crate) fn memory(&self) -> usize {
        size_of_val(&*self.list)
    }
}

/// Makes room for so many more, an eighth of what is there at least: doubling leaves half of the room empty.
pub(crate) fn make_room<Item>(items: &mut Vec<Item>, more: usize) {
    if items.capacity() - items.len() < more {
        items.reserve_exact(more.max(items.len() / 8));
    }
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn ids_come_back_in_their_order() {
        for ids in [vec![], vec![7], vec![3, 4, 5], vec![3, 5, 4], vec![5, 4, 3]] {
            let held = Ids::new(ids.clone());
            assert_eq!(held.len(), ids.len());
            assert_eq!(held.iter().collect::<Vec<_>>(), ids);
            assert_eq!(held.memory() == 0, ids.is_sorted());
        }
    }
}
