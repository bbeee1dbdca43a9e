//! Any bytes are an ignore file, and the deciding one is the last that matches by itself.
#![no_main]

use fishplate_gitignore::Rules;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8], bool, bool)| {
    let (content, path, fold, is_directory) = input;
    let rules = Rules::parse(content, fold);
    let decided = rules.decide(path, &mut || is_directory);
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let last = content
        .split(|&byte| byte == b'\n')
        .enumerate()
        .filter_map(|(index, line)| {
            // A mark of byte order counts at the beginning of a file alone.
            let alone = [b"\n".as_slice(), line].concat();
            Rules::parse(&alone, fold)
                .decide(path, &mut || is_directory)
                .map(|_| index + 1)
        });
    assert_eq!(decided.map(|pattern| pattern.line), last.last());
});
