//! Bench addon: `fishplate-diff` and imara-diff on the same texts in the same process, without conversions between.
#![allow(missing_docs, reason = "an addon of one benchmark")]
#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API functions take what was converted for them"
)]

use fishplate_diff::{Algorithm, DiffOptions, diff_lines};
use imara_diff::{BasicLineDiffPrinter, Diff, InternedInput, UnifiedDiffConfig};
use napi::bindgen_prelude::{Error, Result};
use napi_derive::napi;

/// Two texts, kept in Rust so that only the comparison is timed.
#[napi]
pub struct Pair {
    old: String,
    new: String,
}

#[napi(object)]
pub struct Outcome {
    /// Lines added and removed.
    pub changed: u32,
    /// Bytes of unified diff text with 3 lines of context.
    pub length: u32,
    pub algorithm: String,
}

#[napi]
impl Pair {
    #[napi(constructor)]
    pub fn new(old: String, new: String) -> Self {
        Self { old, new }
    }

    #[napi]
    pub fn fishplate(&self, algorithm: String) -> Result<Outcome> {
        let algorithm = match algorithm.as_str() {
            "exact" => Algorithm::Exact,
            "histogram" => Algorithm::Histogram,
            "patience" => Algorithm::Patience,
            _ => Algorithm::Auto,
        };
        let options = DiffOptions {
            algorithm,
            indent_heuristic: true,
            ..DiffOptions::default()
        };
        let diff = diff_lines(self.old.as_bytes(), self.new.as_bytes(), &options)
            .map_err(|error| Error::from_reason(error.to_string()))?
            .ok_or_else(|| Error::from_reason("no limit was set"))?;
        let mut text = Vec::new();
        diff.write_unified(3, &mut text);
        let stat = diff.stat();
        Ok(Outcome {
            changed: count(stat.added + stat.removed),
            length: count(text.len()),
            algorithm: diff.algorithm().as_str().to_owned(),
        })
    }

    #[napi]
    pub fn imara(&self, algorithm: String) -> Outcome {
        let engine = match algorithm.as_str() {
            "myers" => imara_diff::Algorithm::Myers,
            "minimal" => imara_diff::Algorithm::MyersMinimal,
            _ => imara_diff::Algorithm::Histogram,
        };
        let input = InternedInput::new(self.old.as_str(), self.new.as_str());
        let mut diff = Diff::compute(engine, &input);
        diff.postprocess_lines(&input);
        let printer = BasicLineDiffPrinter(&input.interner);
        let text = diff
            .unified_diff(&printer, UnifiedDiffConfig::default(), &input)
            .to_string();
        Outcome {
            changed: diff.count_additions() + diff.count_removals(),
            length: count(text.len()),
            algorithm,
        }
    }

    /// Myers, its default; given up after ten seconds.
    #[napi]
    pub fn similar(&self) -> Outcome {
        let diff = similar::TextDiff::configure()
            .timeout(std::time::Duration::from_secs(10))
            .diff_lines(self.old.as_str(), self.new.as_str());
        let text = diff.unified_diff().context_radius(3).to_string();
        let changed = diff
            .iter_all_changes()
            .filter(|change| change.tag() != similar::ChangeTag::Equal)
            .count();
        Outcome {
            changed: count(changed),
            length: count(text.len()),
            algorithm: "myers".to_owned(),
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
