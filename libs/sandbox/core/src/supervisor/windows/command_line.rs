//! A command line of arguments, which Windows hands to a program as one text: quoted so that `CommandLineToArgvW` and the C
//! runtimes take it apart into the same arguments again.
//!
//! Pure, over UTF-16: Linux builds it for its tests.

/// Units that a command line holds, its closing NUL not counted.
const MOST: usize = 32_766;

const QUOTE: u16 = b'"' as u16;
const BACKSLASH: u16 = b'\\' as u16;
const SPACE: u16 = b' ' as u16;

/// Why there is no command line for arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineError {
    #[error("hold a NUL")]
    Nul,
    #[error("begin with a program whose name holds a quotation mark")]
    Program,
    #[error("are {0} UTF-16 units long as a command line; Windows takes at most {MOST}")]
    TooLong(usize),
    #[error(
        "of a batch file hold a line end, a quotation mark or one of %!^&|<>(), by which cmd.exe would run something else; call \
         the program behind the batch file instead"
    )]
    Batch,
}

/// The command line of a program and its arguments; without a closing NUL.
pub(crate) fn command_line(program: &[u16], args: &[Vec<u16>]) -> Result<Vec<u16>, LineError> {
    if program.contains(&QUOTE) {
        // In the first place a backslash escapes nothing.
        return Err(LineError::Program);
    }
    let mut line = vec![QUOTE];
    line.extend_from_slice(program);
    line.push(QUOTE);
    for argument in args {
        line.push(SPACE);
        append(&mut line, argument);
    }
    checked(line)
}

/// The command line of `cmd.exe` that runs a batch file. Arguments that `cmd.exe` would read as its own are refused: no way of
/// quoting is safe for all of them.
pub(crate) fn batch_line(
    shell: &[u16],
    batch: &[u16],
    args: &[Vec<u16>],
) -> Result<Vec<u16>, LineError> {
    let is_special =
        |unit: &u16| u8::try_from(*unit).is_ok_and(|byte| b"\"%!^&|<>()\r\n".contains(&byte));
    // Parentheses and the like are common in the paths of batch files themselves (`Program Files (x86)`), where quotation marks
    // keep them; a percent sign they do not keep.
    let is_special_in_path =
        |unit: &u16| u8::try_from(*unit).is_ok_and(|byte| b"\"%!\r\n".contains(&byte));
    if batch.iter().any(is_special_in_path) || args.iter().flatten().any(is_special) {
        return Err(LineError::Batch);
    }
    let mut inner = vec![QUOTE];
    inner.extend_from_slice(batch);
    inner.push(QUOTE);
    for argument in args {
        inner.push(SPACE);
        append(&mut inner, argument);
    }
    // Without scripts of the registry (/d); and /s takes away exactly the outer quotation marks.
    let mut line = command_line(shell, &[])?;
    line.extend(" /d /s /c \"".encode_utf16());
    line.extend(inner);
    line.push(QUOTE);
    checked(line)
}

fn checked(line: Vec<u16>) -> Result<Vec<u16>, LineError> {
    if line.contains(&0) {
        return Err(LineError::Nul);
    }
    if line.len() > MOST {
        return Err(LineError::TooLong(line.len()));
    }
    Ok(line)
}

/// One argument. Backslashes count only before a quotation mark, and there each needs another.
fn append(line: &mut Vec<u16>, argument: &[u16]) {
    let is_blank = |unit: &u16| matches!(u8::try_from(*unit), Ok(b' ' | b'\t' | b'\n' | 0x0b));
    let needs_quotes = argument.is_empty() || argument.iter().any(is_blank);
    if needs_quotes {
        line.push(QUOTE);
    }
    let mut backslashes = 0;
    for unit in argument {
        match *unit {
            BACKSLASH => backslashes += 1,
            QUOTE => {
                line.extend(std::iter::repeat_n(BACKSLASH, backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        line.push(*unit);
    }
    if needs_quotes {
        line.extend(std::iter::repeat_n(BACKSLASH, backslashes));
        line.push(QUOTE);
    }
}

#[cfg(test)]
mod tests {
    use super::{LineError, batch_line, command_line};
    use proptest::prelude::*;

    fn wide(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    fn line(args: &[&str]) -> String {
        let args: Vec<_> = args.iter().map(|arg| wide(arg)).collect();
        String::from_utf16(&command_line(&wide("p"), &args).expect("a line")).expect("text")
    }

    /// The rules as Microsoft documents them for `CommandLineToArgvW`.
    fn parse(line: &[u16]) -> Vec<Vec<u16>> {
        let (quote, backslash) = (u16::from(b'"'), u16::from(b'\\'));
        let is_blank = |unit: u16| unit == u16::from(b' ') || unit == u16::from(b'\t');
        let mut units = line.iter().copied().peekable();
        assert_eq!(units.next(), Some(quote), "the program is quoted");
        let mut parsed = vec![units.by_ref().take_while(|unit| *unit != quote).collect()];
        loop {
            while units.next_if(|unit| is_blank(*unit)).is_some() {}
            if units.peek().is_none() {
                return parsed;
            }
            let (mut argument, mut quoted) = (Vec::new(), false);
            while let Some(unit) = units.next_if(|unit| quoted || !is_blank(*unit)) {
                if unit == backslash {
                    let mut count = 1;
                    while units.next_if_eq(&backslash).is_some() {
                        count += 1;
                    }
                    if units.peek() == Some(&quote) {
                        argument.extend(std::iter::repeat_n(backslash, count / 2));
                        if count % 2 == 1 {
                            units.next();
                            argument.push(quote);
                        }
                    } else {
                        argument.extend(std::iter::repeat_n(backslash, count));
                    }
                } else if unit == quote {
                    if quoted && units.next_if_eq(&quote).is_some() {
                        argument.push(quote);
                    } else {
                        quoted = !quoted;
                    }
                } else {
                    argument.push(unit);
                }
            }
            parsed.push(argument);
        }
    }

    #[test]
    fn arguments_are_quoted_as_documented() {
        assert_eq!(line(&["a", "b c"]), r#""p" a "b c""#);
        assert_eq!(line(&[""]), r#""p" """#);
        assert_eq!(line(&[r#"a"b"#]), r#""p" a\"b"#);
        assert_eq!(line(&[r"a\b\"]), r#""p" a\b\"#);
        assert_eq!(line(&[r"a b\"]), r#""p" "a b\\""#);
        assert_eq!(line(&[r#"\""#]), r#""p" \\\""#);
    }

    #[test]
    fn what_cannot_be_said_is_an_error() {
        assert_eq!(command_line(&wide("a\"b"), &[]), Err(LineError::Program));
        assert_eq!(
            command_line(&wide("p"), &[wide("a\0b")]),
            Err(LineError::Nul)
        );
        let long = vec![wide(&"a".repeat(40_000))];
        assert!(matches!(
            command_line(&wide("p"), &long),
            Err(LineError::TooLong(_))
        ));
    }

    #[test]
    fn a_batch_file_gets_no_argument_that_cmd_reads_as_its_own() {
        let run = |args: &[&str]| {
            let args: Vec<_> = args.iter().map(|arg| wide(arg)).collect();
            batch_line(&wide(r"C:\cmd.exe"), &wide(r"C:\a (x86)\npm.cmd"), &args)
        };
        let plain = run(&["run", "a b"]).expect("a line");
        assert_eq!(
            String::from_utf16(&plain).expect("text"),
            r#""C:\cmd.exe" /d /s /c ""C:\a (x86)\npm.cmd" run "a b"""#
        );
        for attack in [
            "a&calc", "%PATH%", "a\"&calc", "a|b", "a^b", "a\nb", "!a!", "a>b",
        ] {
            assert_eq!(run(&[attack]), Err(LineError::Batch), "{attack}");
        }
        let shell = wide(r"C:\cmd.exe");
        assert_eq!(
            batch_line(&shell, &wide(r"C:\%x%.cmd"), &[]),
            Err(LineError::Batch)
        );
    }

    proptest! {
        #[test]
        fn arguments_come_back_as_they_were(args in proptest::collection::vec(
            proptest::collection::vec(prop_oneof![
                Just(u16::from(b'"')), Just(u16::from(b'\\')), Just(u16::from(b' ')), Just(u16::from(b'\t')),
                Just(u16::from(b'a')), 1u16..=0xffff,
            ], 0..12), 0..6))
        {
            let line = command_line(&wide("p q"), &args).expect("a line");
            let mut expected = vec![wide("p q")];
            expected.extend(args);
            prop_assert_eq!(parse(&line), expected);
        }
    }

    /// The system itself.
    #[cfg(windows)]
    #[test]
    fn the_system_takes_them_apart_likewise() {
        use windows_sys::Win32::Foundation::LocalFree;
        use windows_sys::Win32::UI::Shell::CommandLineToArgvW;
        let args = [
            "",
            "a b",
            r#"a"b"#,
            r"c\",
            r"d e\\",
            r#"\\"f g\""#,
            "\u{65e5}",
        ];
        let mut text = command_line(&wide("p"), &args.map(wide)).expect("a line");
        text.push(0);
        let mut count = 0;
        // SAFETY: the text ends in a NUL, and the count is a place for a number.
        let parsed = unsafe { CommandLineToArgvW(text.as_ptr(), &raw mut count) };
        assert!(!parsed.is_null());
        let found: Vec<String> = (0..usize::try_from(count).expect("a count"))
            .map(|index| {
                // SAFETY: the array has that many texts, each with a NUL at its end.
                let units = unsafe {
                    let start = *parsed.add(index);
                    let length = (0..).take_while(|at| *start.add(*at) != 0).count();
                    std::slice::from_raw_parts(start, length)
                };
                String::from_utf16(units).expect("text")
            })
            .collect();
        // SAFETY: it was allocated so, and nothing points into it any more.
        unsafe { LocalFree(parsed.cast()) };
        assert_eq!(found[1..], args);
    }
}
