//! What a query gives: a symbol, why it was found, and which letters of it matched.

use serde::Serialize;

use crate::align::Aligner;
use crate::fold::{Folded, HUMP, Letter};
use crate::index::SymbolIndex;
use crate::matcher::{MatchTier, Needle, match_piece};
use crate::reading::Reading;
use crate::symbol::Symbol;
use crate::top::Entry;
use crate::typo::{TypoNeedle, kept_letters};

/// A symbol that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hit {
    /// The file that declares it.
    pub path: String,
    /// What it is.
    #[serde(flatten)]
    pub symbol: Symbol,
    /// The sum of the parts.
    pub score: i32,
    /// In what way its name matches.
    pub tier: MatchTier,
    /// Starts and ends of the letters that match, in UTF-16 units of the name.
    pub ranges: Vec<(u32, u32)>,
    /// What the score is made of.
    pub parts: ScoreParts,
}

/// Parts of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScoreParts {
    /// The tier.
    pub tier: i32,
    /// How well the name matches within its tier.
    pub fit: i32,
    /// Letters of the same case, less words that do not begin where the query has them begin.
    pub case: i32,
    /// How many symbols have the name.
    pub popular: i32,
    /// Kind, and whether it is exported.
    pub declared: i32,
    /// How well the words before the name fit path and container.
    pub place: i32,
    /// The file is to be preferred.
    pub boost: i32,
}

/// The hit of an entry.
pub(crate) fn hit(
    index: &SymbolIndex,
    reading: &Reading,
    entry: &Entry,
    aligner: &mut Aligner,
) -> Option<Hit> {
    let symbol = index.symbol(entry.id)?;
    let path = &index.files.get(index.records.get(entry.id)?.file)?.path;
    let folded = Folded::of(&symbol.name);
    let needle = &reading.needle;
    let places = places(
        needle,
        &symbol.name,
        &folded.letters,
        entry.found.tier,
        aligner,
    );
    let case = match entry.found.tier {
        MatchTier::Typo => 0,
        _ => places
            .iter()
            .enumerate()
            .map(|(letter, &at)| needle.case(letter, folded.letters.get(at).copied().unwrap_or(0)))
            .sum(),
    };
    Some(Hit {
        path: path.to_string(),
        score: entry.score,
        tier: entry.found.tier,
        ranges: ranges(&folded, &places),
        parts: ScoreParts {
            tier: entry.found.base,
            fit: entry.found.fit - case,
            case,
            popular: entry.popular,
            declared: entry.declared,
            place: entry.place,
            boost: entry.boosted,
        },
        symbol,
    })
}

/// Where the letters of the query are in the name.
fn places(
    needle: &Needle,
    text: &str,
    name: &[Letter],
    tier: MatchTier,
    aligner: &mut Aligner,
) -> Vec<usize> {
    match tier {
        MatchTier::Exact | MatchTier::Prefix => (0..needle.len()).collect(),
        MatchTier::Initials => name
            .iter()
            .enumerate()
            .filter(|(_, letter)| **letter & HUMP != 0)
            .map(|(at, _)| at)
            .take(needle.len())
            .collect(),
        MatchTier::Substring => {
            let start = match_piece(needle, text, name).map_or(0, |(_, start)| start);
            (start..start + needle.len()).collect()
        }
        MatchTier::Subsequence => aligner.places(needle, name),
        MatchTier::Typo => TypoNeedle::new(needle)
            .and_then(|typos| typos.match_name(needle, name))
            .map(|(_, part)| kept_letters(needle, name, part))
            .unwrap_or_default(),
    }
}

/// Neighbouring places together, as places of the name itself.
fn ranges(folded: &Folded, places: &[usize]) -> Vec<(u32, u32)> {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for (start, length) in places.iter().filter_map(|&at| folded.origins.get(at)) {
        let end = start + u32::from(*length);
        match ranges.last_mut() {
            Some(last) if *start <= last.1 => last.1 = last.1.max(end),
            _ => ranges.push((*start, end)),
        }
    }
    ranges
}
