//! How much longer than necessary a diff gets when the exact engine is too dear.
//!
//! The exact engine, whose scripts are as short as can be (see `round_trip.rs`), says what the minimum is.

use fishplate_diff::{Algorithm, AlgorithmUsed, DiffOptions, diff_lines};

/// xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit as u64) as usize
    }

    /// Lines as in code: many of their own, some that are everywhere.
    fn line(&mut self) -> String {
        match self.below(10) {
            0 => "\n".into(),
            1 => "    }\n".into(),
            2 => "    return;\n".into(),
            _ => format!("    let value{} = {};\n", self.below(3000), self.below(100)),
        }
    }

    fn file(&mut self, lines: usize) -> Vec<String> {
        (0..lines).map(|_| self.line()).collect()
    }

    fn edited(&mut self, file: &[String], percent: usize) -> Vec<String> {
        let mut edited = Vec::new();
        for line in file {
            match (self.below(100) < percent, self.below(3)) {
                (false, _) => edited.push(line.clone()),
                (true, 0) => {}
                (true, 1) => edited.extend([self.line(), line.clone()]),
                (true, _) => edited.push(self.line()),
            }
        }
        edited
    }

    fn shuffled(&mut self, file: &[String], block: usize) -> Vec<String> {
        let mut blocks: Vec<&[String]> = file.chunks(block).collect();
        for i in (1..blocks.len()).rev() {
            blocks.swap(i, self.below(i + 1));
        }
        blocks.concat()
    }
}

#[test]
fn a_diff_past_the_exact_budget_is_at_most_two_percent_longer_than_the_shortest() {
    let mut random = Random(20_260_101);
    let file = random.file(4000);
    let mut pairs: Vec<(&str, Vec<String>, Vec<String>)> = Vec::new();
    for (name, percent) in [("10% edited", 10), ("30% edited", 30), ("60% edited", 60)] {
        pairs.push((name, file.clone(), random.edited(&file, percent)));
    }
    let mut moved = file.clone();
    moved.rotate_left(1200);
    pairs.push(("one block moved", file.clone(), moved));
    for (name, block) in [
        ("blocks of 100 shuffled", 100),
        ("blocks of 7 shuffled", 7),
        ("shuffled", 1),
    ] {
        pairs.push((name, file.clone(), random.shuffled(&file, block)));
    }
    pairs.push(("unrelated", file.clone(), random.file(4000)));
    let few = |random: &mut Random| {
        (0..4000)
            .map(|_| format!("{}\n", random.below(6)))
            .collect()
    };
    pairs.push(("six different lines", few(&mut random), few(&mut random)));
    for (name, old, new) in &pairs {
        let (old, new) = (old.concat(), new.concat());
        let length = |algorithm| {
            let options = DiffOptions {
                algorithm,
                ..DiffOptions::default()
            };
            let diff = diff_lines(old.as_bytes(), new.as_bytes(), &options)
                .expect("small")
                .expect("not strict");
            (diff.stat().added + diff.stat().removed, diff.algorithm())
        };
        let (least, used) = length(Algorithm::Exact);
        assert_eq!(used, AlgorithmUsed::Exact);
        let (found, used) = length(Algorithm::Auto);
        let ratio = found as f64 / least as f64;
        println!(
            "{name}: {} changed lines by {}, {ratio:.4} of {least}",
            found,
            used.as_str()
        );
        assert!(
            ratio <= 1.02,
            "{name}: {found} changed lines, {least} would do"
        );
        let (histogram, _) = length(Algorithm::Histogram);
        let (patience, _) = length(Algorithm::Patience);
        assert!(histogram >= least && patience >= least);
    }
}
