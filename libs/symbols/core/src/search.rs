//! Queries: candidates by their letters, best tiers first, until nothing left can be better than what was found.

use crate::align::{Aligner, Costs};
use crate::error::Result;
use crate::fold::{Letter, ONCE, length_of, unit};
use crate::hits::{Hit, hit};
use crate::index::SymbolIndex;
use crate::matcher::{Match, MatchTier, match_initials, match_name, match_start, small};
use crate::packed::is_narrow;
use crate::path_filter::PathFilter;
use crate::qualifier::PathFits;
use crate::reading::{Reading, readings};
use crate::records::Record;
use crate::spotter::{Spotted, Spotter};
use crate::symbol::SymbolKind;
use crate::top::{Entry, Top};
use crate::typo::TypoNeedle;
use crate::weights::{
    AS_TYPED, BOOST, CASE, CHANCE, EXPORTED, INNER, INNER_LETTER, INNER_LETTERS, KINDS,
    LEFT_LETTER, MOST_KIND, MOST_POPULAR, POPULAR, PREFIX, QUALIFIED, ROOM, SUBSEQUENCE, WORD,
    WORD_END,
};

/// Hits of a query whose options ask for no other number.
pub const DEFAULT_LIMIT: usize = 20;

/// The most hits of a query.
pub const MAX_LIMIT: usize = 10_000;

/// Letters of the shortest name behind a qualifier that is found by letters in their order: all too many names have two
/// or three letters.
const FUZZY_BEHIND_QUALIFIER: usize = 4;

/// What to look for, beside the name.
pub struct QueryOptions {
    /// Most hits.
    pub limit: usize,
    /// Only these kinds; all where there are none.
    pub kinds: Vec<SymbolKind>,
    /// Only in these files.
    pub path: Option<PathFilter>,
    /// Files whose symbols are preferred.
    pub boost_paths: Vec<PathFilter>,
    /// Whether letters in their order and typos are enough.
    pub fuzzy: bool,
}

impl Default for QueryOptions {
    fn default() -> Self {
        Self {
            limit: DEFAULT_LIMIT,
            kinds: Vec::new(),
            path: None,
            boost_paths: Vec::new(),
            fuzzy: true,
        }
    }
}

/// What is known of a file for one query.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Unknown,
    Excluded,
    Plain,
    Boosted,
}

/// A query while it runs.
struct Search<'index> {
    index: &'index SymbolIndex,
    options: &'index QueryOptions,
    /// A bit for each number of a kind.
    kinds: u32,
    places: Vec<Place>,
    /// The most that anything but the name can add.
    most: i32,
    aligner: Aligner,
    top: Top<'index>,
    /// Names that may have all letters of the query.
    ids: Vec<u32>,
    /// Names that have them with others between, while they wait for those that have them in a piece, behind the most that
    /// they can be worth.
    apart: Vec<(i32, u32)>,
    /// Letters of one name.
    name: Vec<Letter>,
}

/// What of a reading is looked for within names.
struct Inside<'search> {
    number: usize,
    reading: &'search Reading,
    ids: &'search [u32],
    /// None where the query has letters that no packed name has.
    spotter: Option<&'search Spotter>,
    /// The most that anything but the name can add.
    most: i32,
}

impl SymbolIndex {
    /// The symbols whose names match a text, best first. Ties are broken by path, line and column.
    ///
    /// The text is a name or a part of one, also with words before it that say where it is: `dir/file name`,
    /// `Class.method`, `module::name`. A scan over the letters of all names, so linear in these.
    ///
    /// # Errors
    ///
    /// A text over 4096 bytes.
    ///
    /// ```
    /// use fishplate_symbols::{MatchTier, QueryOptions, Symbol, SymbolIndex, SymbolKind};
    ///
    /// let mut index = SymbolIndex::new();
    /// let symbols = ["getUserName", "gunzip"].map(|name| Symbol::new(name, SymbolKind::Function, 0, 0));
    /// index.update_file("src/user.ts", &symbols, &[])?;
    /// let hits = index.query("gUN", &QueryOptions::default())?;
    /// assert_eq!(hits[0].symbol.name, "getUserName");
    /// assert_eq!(hits[0].tier, MatchTier::Initials);
    /// assert_eq!(hits[0].ranges, [(0, 1), (3, 4), (7, 8)]);
    /// # Ok::<(), fishplate_symbols::SymbolsError>(())
    /// ```
    pub fn query(&self, text: &str, options: &QueryOptions) -> Result<Vec<Hit>> {
        let readings = readings(text)?;
        let limit = options.limit.min(MAX_LIMIT);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let boost = if options.boost_paths.is_empty() {
            0
        } else {
            BOOST
        };
        let kinds = options.kinds.iter().map(|&kind| 1_u32 << kind as u8);
        let mut search = Search {
            index: self,
            options,
            kinds: if options.kinds.is_empty() {
                u32::MAX
            } else {
                kinds.sum()
            },
            places: vec![Place::Unknown; self.files.slots()],
            most: MOST_POPULAR + EXPORTED + MOST_KIND + boost,
            aligner: Aligner::default(),
            top: Top::new(self, limit),
            ids: Vec::new(),
            apart: Vec::new(),
            name: Vec::new(),
        };
        for (number, reading) in readings.iter().enumerate() {
            search.read(number, reading);
        }
        let entries = search.top.entries();
        let mut aligner = search.aligner;
        Ok(entries
            .iter()
            .filter_map(|entry| hit(self, readings.get(entry.reading)?, entry, &mut aligner))
            .collect())
    }
}

impl Search<'_> {
    fn read(&mut self, number: usize, reading: &Reading) {
        let mut fits = PathFits::default();
        let qualified = if reading.qualifier.is_some() {
            QUALIFIED
        } else {
            0
        };
        let most = self.most + qualified;
        let mut ids = std::mem::take(&mut self.ids);
        let wanted = reading.needle.mask;
        self.index
            .names
            .select(|mask, _| wanted & !mask == 0, &mut ids);
        self.starts(number, reading, &ids, most, &mut fits);
        if !self
            .top
            .is_beyond(WORD + ROOM + WORD_END + AS_TYPED + CASE + most)
        {
            self.insides(number, reading, &ids, most, &mut fits);
            if self.options.fuzzy && !self.top.has_piece() {
                self.typos(number, reading, &mut ids, most, &mut fits);
            }
        }
        self.ids = ids;
    }

    /// Names that begin with the query, or whose words begin with its letters.
    fn starts(
        &mut self,
        number: usize,
        reading: &Reading,
        ids: &[u32],
        most: i32,
        fits: &mut PathFits,
    ) {
        let needle = &reading.needle;
        let names = &self.index.names;
        let first = needle
            .letters
            .first()
            .map_or(0, |&letter| u64::from(unit(letter)));
        // One letter is a beginning or nothing.
        let initials = if needle.len() < 2 {
            u64::MAX
        } else {
            needle.mask & ONCE
        };
        let highest = PREFIX + ROOM + WORD_END + AS_TYPED + CASE + most;
        let mut name = std::mem::take(&mut self.name);
        for &id in ids {
            let head = names.head(id);
            let begins = head >> 48 == first;
            if !begins && initials & !head != 0 {
                continue;
            }
            // Longer names are worth less.
            let more = length_of(head).saturating_sub(needle.len());
            if more > 0 && self.top.is_beyond(highest - small(more) * LEFT_LETTER) {
                continue;
            }
            names.unpack(id, &mut name);
            if let Some(found) = match_start(needle, names.get(id), &name) {
                self.take(number, reading, id, found, fits);
            }
        }
        self.name = name;
    }

    /// Names that have the query, or its letters, elsewhere: first those with a word that begins as the query does, since
    /// the others are worth less.
    fn insides(
        &mut self,
        number: usize,
        reading: &Reading,
        ids: &[u32],
        most: i32,
        fits: &mut PathFits,
    ) {
        let spotter = Spotter::new(&reading.needle);
        let inside = Inside {
            number,
            reading,
            ids,
            spotter: spotter.as_ref(),
            most,
        };
        self.insides_where(true, &inside, fits);
        if !self.top.is_beyond(
            INNER + INNER_LETTER * INNER_LETTERS + ROOM + WORD_END + AS_TYPED + CASE + most,
        ) {
            self.insides_where(false, &inside, fits);
        }
    }

    fn insides_where(&mut self, begins: bool, inside: &Inside<'_>, fits: &mut PathFits) {
        let &Inside {
            number,
            reading,
            ids,
            spotter,
            most,
        } = inside;
        let needle = &reading.needle;
        let names = &self.index.names;
        let first = needle.first_bit();
        let fuzzy = self.options.fuzzy
            && needle.len() > 1
            && (reading.qualifier.is_none() || needle.len() >= FUZZY_BEHIND_QUALIFIER);
        let costs = Costs::new(needle);
        let highest = SUBSEQUENCE + costs.highest(!begins, 0) + CASE + most;
        let mut name = std::mem::take(&mut self.name);
        let mut apart = std::mem::take(&mut self.apart);
        for &id in ids {
            let head = names.head(id);
            if (head & first != 0) != begins {
                continue;
            }
            let packed = names.packed_from(id);
            let spotted = match spotter {
                _ if !is_narrow(packed) => Spotted::Unknown,
                Some(spotter) => spotter.spot(packed, length_of(head)),
                None => Spotted::Nowhere,
            };
            match spotted {
                Spotted::Nowhere => continue,
                // Pieces first: they are worth more, and few.
                Spotted::Apart { is_late, gaps } if fuzzy => {
                    let more = small(length_of(head).saturating_sub(needle.len()));
                    let letters = costs.highest(is_late, gaps) - more * LEFT_LETTER;
                    if letters + CASE >= CHANCE {
                        apart.push((SUBSEQUENCE + letters + CASE + most, id));
                    }
                }
                Spotted::Apart { .. } => continue,
                Spotted::Together | Spotted::Unknown => {
                    names.unpack(id, &mut name);
                    let more = small(name.len().saturating_sub(needle.len()));
                    let fuzzy = fuzzy && !self.top.is_beyond(highest - more * LEFT_LETTER);
                    let found = match_name(needle, names.get(id), &name, fuzzy, &mut self.aligner);
                    if let Some(found) = found
                        && found.tier < MatchTier::Initials
                    {
                        self.take(number, reading, id, found, fits);
                    }
                }
            }
        }
        apart.sort_unstable_by_key(|&(highest, _)| std::cmp::Reverse(highest));
        for &(highest, id) in &apart {
            if self.top.is_beyond(highest) {
                break;
            }
            if names.count(id) == 0 {
                continue;
            }
            names.unpack(id, &mut name);
            if match_initials(needle, &name).is_none()
                && let Some(found) = self.aligner.align(needle, &name)
            {
                self.take(number, reading, id, found, fits);
            }
        }
        apart.clear();
        (self.name, self.apart) = (name, apart);
    }

    /// Names with typos, where no name has the query in one piece.
    fn typos(
        &mut self,
        number: usize,
        reading: &Reading,
        ids: &mut Vec<u32>,
        most: i32,
        fits: &mut PathFits,
    ) {
        let needle = &reading.needle;
        let names = &self.index.names;
        let Some(typos) = TypoNeedle::new(needle) else {
            return;
        };
        let mut name = std::mem::take(&mut self.name);
        let spotter = Spotter::new(needle);
        typos.select(names, needle.mask, ids);
        for &id in &*ids {
            let head = names.head(id);
            let length = length_of(head);
            if !typos.may_match(needle.mask, names.mask(id), head)
                || self.top.is_beyond(typos.highest(length) + most)
            {
                continue;
            }
            let packed = names.packed(id);
            let is_far = typos.most_in(length) == 1
                && is_narrow(packed)
                && spotter
                    .as_ref()
                    .is_some_and(|spotter| !spotter.may_have_half(packed));
            if is_far || !typos.may_be_near(packed) {
                continue;
            }
            names.unpack(id, &mut name);
            let Some((found, _)) = typos.match_name(needle, &name) else {
                continue;
            };
            let other = match_name(needle, names.get(id), &name, true, &mut self.aligner);
            if other.is_none_or(|other| other.total() < found.total()) {
                self.take(number, reading, id, found, fits);
            }
        }
        self.name = name;
    }

    /// Offers all symbols of a name that matches.
    fn take(
        &mut self,
        number: usize,
        reading: &Reading,
        name: u32,
        found: Match,
        fits: &mut PathFits,
    ) {
        let qualified = if reading.qualifier.is_some() {
            QUALIFIED
        } else {
            0
        };
        let popular = popularity(self.index.names.count(name));
        let base = found.total() + popular;
        if self
            .top
            .is_beyond(base + self.most - MOST_POPULAR + qualified)
        {
            return;
        }
        let mut next = self.index.names.first(name);
        while let Some(record) = self.index.records.get(next) {
            let id = next;
            next = record.next;
            if self.kinds & (1 << record.kind as u8) == 0 {
                continue;
            }
            let boosted = match self.place(record.file) {
                Place::Excluded | Place::Unknown => continue,
                Place::Plain => 0,
                Place::Boosted => BOOST,
            };
            let declared = declared(&record);
            let score = base + boosted + declared;
            if self.top.is_beyond(score + qualified) {
                continue;
            }
            let Some(place) = self.qualify(reading, &record, fits) else {
                continue;
            };
            self.top.offer(Entry {
                id,
                score: score + place,
                reading: number,
                found,
                popular,
                declared,
                place,
                boosted,
            });
        }
    }

    fn qualify(&self, reading: &Reading, record: &Record, fits: &mut PathFits) -> Option<i32> {
        let Some(qualifier) = &reading.qualifier else {
            return Some(0);
        };
        let file = self.index.files.get(record.file)?;
        let container = self.index.names.mask(record.container);
        if qualifier.is_excluded(file.mask, container) {
            return None;
        }
        let path = fits
            .entry(record.file)
            .or_insert_with(|| qualifier.fit_path(&file.path));
        qualifier.worth(*path, self.index.names.get(record.container))
    }

    fn place(&mut self, file: u32) -> Place {
        let Some(place) = self.places.get_mut(file as usize) else {
            return Place::Excluded;
        };
        if *place == Place::Unknown {
            let path = self.index.files.get(file).map_or("", |file| &file.path);
            *place = if self
                .options
                .path
                .as_ref()
                .is_some_and(|filter| !filter.matches(path))
            {
                Place::Excluded
            } else if self
                .options
                .boost_paths
                .iter()
                .any(|filter| filter.matches(path))
            {
                Place::Boosted
            } else {
                Place::Plain
            };
        }
        *place
    }
}

/// What a symbol is worth for what it is.
pub(crate) fn declared(record: &Record) -> i32 {
    let kind = KINDS
        .get((record.kind as usize).saturating_sub(1))
        .copied()
        .unwrap_or(0);
    kind + if record.exported { EXPORTED } else { 0 }
}

fn popularity(count: u32) -> i32 {
    let doublings = i32::try_from(count.checked_ilog2().unwrap_or(0)).unwrap_or(0);
    (doublings * POPULAR).min(MOST_POPULAR)
}
