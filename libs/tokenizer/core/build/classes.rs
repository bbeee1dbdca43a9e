//! Classes of characters in two stages: blocks of 256, each kept once.

use std::error::Error;
use std::fs;
use std::path::Path;

/// Reads runs of a class digit and a length to the base of 36.
pub fn write(out: &Path, text: &str) -> Result<(), Box<dyn Error>> {
    let mut classes = Vec::with_capacity(0x11_0000);
    for run in text.split(' ') {
        let (class, length) = run.split_at_checked(1).ok_or("an empty run")?;
        let length = usize::from_str_radix(length, 36)?;
        classes.resize(classes.len() + length, class.parse::<u8>()?);
    }
    let mut blocks: Vec<&[u8]> = Vec::new();
    let mut numbers = Vec::new();
    for block in classes.chunks(256) {
        let known = blocks.iter().position(|other| *other == block);
        numbers.push(u8::try_from(known.unwrap_or(blocks.len()))?);
        if known.is_none() {
            blocks.push(block);
        }
    }
    fs::write(out.join("blocks.bin"), numbers)?;
    fs::write(out.join("classes.bin"), blocks.concat())?;
    Ok(())
}
