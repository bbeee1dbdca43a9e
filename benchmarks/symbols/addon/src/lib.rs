//! Bench addon: `nucleo-matcher`, the matcher of the Helix editor, over a list of texts.
#![allow(missing_docs, reason = "an addon of one benchmark")]
#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API functions take what was converted for them"
)]

use napi_derive::napi;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32String};

#[napi]
pub struct Nucleo {
    texts: Vec<Utf32String>,
    matcher: Matcher,
}

#[napi]
impl Nucleo {
    /// With `paths` it prefers what stands behind a slash, as for file names.
    #[napi(constructor)]
    pub fn new(texts: Vec<String>, paths: bool) -> Self {
        let config = if paths {
            Config::DEFAULT.match_paths()
        } else {
            Config::DEFAULT
        };
        Self {
            texts: texts.into_iter().map(Utf32String::from).collect(),
            matcher: Matcher::new(config),
        }
    }

    /// Places of the best texts; ties go to the shorter text, then to the first.
    #[napi]
    pub fn query(&mut self, text: String, limit: u32) -> Vec<u32> {
        let pattern = Pattern::parse(&text, CaseMatching::Smart, Normalization::Smart);
        let mut found: Vec<(u32, usize, u32)> = Vec::new();
        for (place, text) in (0..).zip(&self.texts) {
            if let Some(score) = pattern.score(text.slice(..), &mut self.matcher) {
                found.push((score, text.len(), place));
            }
        }
        let order = |a: &(u32, usize, u32), b: &(u32, usize, u32)| {
            b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2))
        };
        let limit = limit as usize;
        if found.len() > limit {
            found.select_nth_unstable_by(limit, order);
            found.truncate(limit);
        }
        found.sort_unstable_by(order);
        found.into_iter().map(|(_, _, place)| place).collect()
    }
}
