//! Makes of the tables in `libs/tokenizer/tables` what the crate uses in place: a trie in a double array, the pairs in a
//! hash table, and the bytes of every token. The tables are small and come with git; these are large and do not.

mod classes;
mod double_array;
mod merges;
mod pairs;
mod trie;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The tables that this source was written for, by the FNV-1a hash of their text. A table that changes changes this file,
/// and so everything that is built from it.
const TABLES: [(&str, u64); 4] = [
    ("o200k_base", 0xb881_c953_27e2_9c2a),
    ("cl100k_base", 0x3d8e_0625_e47c_3536),
    ("p50k_base", 0xb052_81d2_4dcd_98c1),
    ("classes", 0x42d4_786c_33cb_3107),
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../tables");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build");
    for (name, hash) in TABLES {
        let file = folder.join(format!("{name}.js"));
        println!("cargo::rerun-if-changed={}", file.display());
        let text = read_table(&file)?;
        if fingerprint(text.as_bytes()) != hash {
            let found = fingerprint(text.as_bytes());
            return Err(format!("{name} is not the table of this source: {found:#018x}").into());
        }
        if name == "classes" {
            classes::write(&out, &text)?;
        } else {
            write_vocabulary(&out.join(name), &text)?;
        }
    }
    Ok(())
}

fn write_vocabulary(out: &Path, text: &str) -> Result<(), Box<dyn Error>> {
    let merges = merges::parse(text)?;
    let trie = trie::build(&merges);
    let words = |extension: &str, words: Vec<u32>| {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        fs::write(out.with_extension(extension), bytes)
    };
    words("trie", double_array::build(&trie))?;
    words("prefixes", trie::prefixes(&trie, merges.tokens.len()))?;
    words("pairs", pairs::build(&merges.halves))?;
    words("filter", pairs::filter(&merges.halves))?;
    words("halves", merges.halves.iter().flatten().copied().collect())?;
    let mut ends = vec![0];
    for token in &merges.tokens {
        ends.push(ends[ends.len() - 1] + u32::try_from(token.len())?);
    }
    words("ends", ends)?;
    fs::write(out.with_extension("bytes"), merges.tokens.concat())?;
    let lengths = merges.tokens.iter().map(|token| u8::try_from(token.len()));
    fs::write(
        out.with_extension("lengths"),
        lengths.collect::<Result<Vec<_>, _>>()?,
    )?;
    Ok(())
}

/// The text of a table, which is the only string in its file of JavaScript.
fn read_table(file: &Path) -> Result<String, Box<dyn Error>> {
    let source = fs::read_to_string(file)?;
    let start = source.find("  '").ok_or("no table in the file")? + 3;
    let end = source.rfind('\'').ok_or("no end of the table")?;
    Ok(source[start..end].to_owned())
}

fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
