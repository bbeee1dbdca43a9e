//! Errors on their way to JavaScript.

use napi::Error;

/// Error codes of the diff track, as `DIFF_CODES` of `@fishplate/diff` lists them.
#[derive(Clone, Copy)]
pub enum Code {
    /// The patch is no unified diff text.
    PatchMalformed,
    /// The patch is for several files.
    PatchMultipleFiles,
    /// The patch says that a binary file changed.
    PatchBinary,
    /// An input is past the core's limit.
    InputTooLarge,
    /// The exact comparison is past its memory limit.
    DiffTooLarge,
    /// The result is no possible string.
    OutputTooLarge,
}

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::PatchMalformed => "PATCH_MALFORMED",
            Self::PatchMultipleFiles => "PATCH_MULTIPLE_FILES",
            Self::PatchBinary => "PATCH_BINARY",
            Self::InputTooLarge => "INPUT_TOO_LARGE",
            Self::DiffTooLarge => "DIFF_TOO_LARGE",
            Self::OutputTooLarge => "OUTPUT_TOO_LARGE",
        }
    }
}

/// An error whose message starts with its code: the only text that both a sync call and a promise carry over.
pub fn fault(code: Code, message: impl std::fmt::Display) -> Error {
    Error::from_reason(format!("{}: {message}", code.name()))
}
