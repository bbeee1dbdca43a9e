//! Configuration files of git, read to learn what they name. What git would refuse is passed over line by line: a value too
//! many protects a path too many, a value too few none.

/// One setting: `[section "subsection"] name = value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// In small letters.
    pub section: String,
    /// As spelled; none where there is none.
    pub subsection: Option<Vec<u8>>,
    /// In small letters.
    pub name: String,
    /// None where only the name stands there, which means yes.
    pub value: Option<Vec<u8>>,
}

/// All settings of a file, in their order.
pub(super) fn settings(text: &[u8]) -> Vec<Setting> {
    let mut reader = Reader { text, at: 0 };
    if text.starts_with(b"\xef\xbb\xbf") {
        reader.at = 3;
    }
    let (mut section, mut subsection) = (String::new(), None);
    let mut found = Vec::new();
    while let Some(byte) = reader.next() {
        match byte {
            b'#' | b';' => reader.skip_line(),
            b'[' => (section, subsection) = reader.section(),
            byte if byte.is_ascii_alphanumeric() => {
                let (name, value) = reader.setting(byte);
                found.push(Setting {
                    section: section.clone(),
                    subsection: subsection.clone(),
                    name,
                    value,
                });
            }
            _ => {}
        }
    }
    found
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    /// The next byte, line ends as line feeds.
    fn next(&mut self) -> Option<u8> {
        let byte = *self.text.get(self.at)?;
        self.at += 1;
        if byte == b'\r' && self.text.get(self.at) == Some(&b'\n') {
            self.at += 1;
            return Some(b'\n');
        }
        Some(byte)
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|byte| byte != b'\n') {}
    }

    /// What follows a bracket, to its end.
    fn section(&mut self) -> (String, Option<Vec<u8>>) {
        let mut name = Vec::new();
        let mut subsection = None;
        while let Some(byte) = self.next() {
            match byte {
                b']' | b'\n' => break,
                b'"' => subsection = Some(self.quoted()),
                b' ' | b'\t' => {}
                byte => name.push(byte.to_ascii_lowercase()),
            }
        }
        // The old form, whose second part has no case.
        if subsection.is_none()
            && let Some(dot) = name.iter().position(|byte| *byte == b'.')
        {
            subsection = name.get(dot + 1..).map(<[u8]>::to_vec);
            name.truncate(dot);
        }
        (String::from_utf8_lossy(&name).into_owned(), subsection)
    }

    fn quoted(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        while let Some(byte) = self.next() {
            match byte {
                b'"' | b'\n' => break,
                b'\\' => text.extend(self.next()),
                byte => text.push(byte),
            }
        }
        text
    }

    /// A name that begins with this byte, and its value.
    fn setting(&mut self, first: u8) -> (String, Option<Vec<u8>>) {
        let mut name = vec![first.to_ascii_lowercase()];
        let mut byte = self.next();
        while let Some(letter) = byte.filter(|byte| byte.is_ascii_alphanumeric() || *byte == b'-') {
            name.push(letter.to_ascii_lowercase());
            byte = self.next();
        }
        while matches!(byte, Some(b' ' | b'\t')) {
            byte = self.next();
        }
        let name = String::from_utf8_lossy(&name).into_owned();
        match byte {
            Some(b'=') => (name, Some(self.value())),
            Some(b'\n') | None => (name, None),
            Some(_) => {
                self.skip_line();
                (name, None)
            }
        }
    }

    fn value(&mut self) -> Vec<u8> {
        let mut value = Vec::new();
        // How much of it stays when spaces at its end go.
        let mut kept = 0;
        let mut is_quoted = false;
        while let Some(byte) = self.next() {
            match byte {
                b'\n' => break,
                b'"' => {
                    is_quoted = !is_quoted;
                    kept = value.len();
                }
                b'#' | b';' if !is_quoted => {
                    self.skip_line();
                    break;
                }
                b' ' | b'\t' if !is_quoted => {
                    if !value.is_empty() {
                        value.push(byte);
                    }
                }
                byte => {
                    match byte {
                        b'\\' => match self.next() {
                            Some(b'\n') | None => {}
                            Some(b'n') => value.push(b'\n'),
                            Some(b't') => value.push(b'\t'),
                            Some(b'b') => value.push(8),
                            Some(other) => value.push(other),
                        },
                        byte => value.push(byte),
                    }
                    kept = value.len();
                }
            }
        }
        value.truncate(kept);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::settings;
    use std::process::Command;

    /// As `git config --list -z` has it.
    fn listed(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for setting in settings(text) {
            out.extend(setting.section.as_bytes());
            if let Some(subsection) = setting.subsection {
                out.push(b'.');
                out.extend(subsection);
            }
            out.push(b'.');
            out.extend(setting.name.as_bytes());
            if let Some(value) = setting.value {
                out.push(b'\n');
                out.extend(value);
            }
            out.push(0);
        }
        out
    }

    #[test]
    fn files_are_read_as_git_reads_them() {
        let texts: &[&str] = &[
            "",
            "[core]\n\thooksPath = .githooks\n",
            "\u{feff}[Core]\r\n\tHooksPath = a b  \t# comment\r\n\tbare\r\n",
            "[include] path = ~/x ; and more\n[includeIf \"gitdir:/a \\\"b\\\\\"]\npath=\"q # ;\" rest\n",
            "[filter.Old]\nclean = a \\\n  b\\n\\t\\\"\\\\\n",
            "[a \"B.c\"] x-y = \" lead\" trail \"  \"  \n # c\n;d\n[e]f=\n g\n",
            "[core]clean = a \\\n[x]\ny = b \\\n  \n",
            "[core]fsmonitor=a\"b c\"d\n",
        ];
        for text in texts {
            let place =
                std::env::temp_dir().join(format!("fishplate-git-config-{}", std::process::id()));
            std::fs::write(&place, text).expect("written");
            let git = Command::new("git")
                .args(["config", "--list", "-z", "--no-includes", "--file"])
                .arg(&place)
                .output();
            std::fs::remove_file(&place).expect("removed");
            let Ok(git) = git else {
                return;
            };
            assert!(git.status.success(), "{text:?}: {git:?}");
            assert_eq!(
                String::from_utf8_lossy(&listed(text.as_bytes())),
                String::from_utf8_lossy(&git.stdout),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_is_no_configuration_ends_in_some_answer() {
        let text = b"[a \"b\\\"c\"]\r\nd = \"e\\\n f\" # g\n[h]i\n\xff=\0";
        for from in 0..text.len() {
            for to in from..text.len() {
                let _ = settings(&text[from..to]);
            }
        }
    }
}
