//! The index: symbols of files, by file and by name.

use serde::Serialize;

use crate::error::{Result, SymbolsError};
use crate::files::{File, Files};
use crate::ids::Ids;
use crate::names::{NONE, Names};
use crate::records::{Record, Records};
use crate::signature::{with_name, without_name};
use crate::symbol::{Reference, Symbol};
use crate::texts::Texts;

/// Slots of removed symbols that are kept for the next ones whatever their share.
const TOLERATED_SLOTS: usize = 4096;

/// Longest path, name, container or signature, in bytes.
pub const MAX_TEXT: usize = 1 << 20;

/// Symbols that can be searched while files change.
///
/// Updates cost what the file has, queries are in [`SymbolIndex::query`].
#[derive(Default)]
pub struct SymbolIndex {
    pub(crate) names: Names,
    pub(crate) signatures: Texts,
    pub(crate) files: Files,
    pub(crate) records: Records,
    /// Room for a signature without its name.
    unnamed: String,
}

/// What a file is to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSymbols {
    /// Path of the file, as it is to be found again; `/` or `\` between its parts.
    pub path: String,
    /// What it declares.
    pub symbols: Vec<Symbol>,
    /// Names that it uses.
    pub references: Vec<Reference>,
}

/// What an update did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateReport {
    /// Files that were given.
    pub files: usize,
    /// Symbols that were added.
    pub added: usize,
    /// Symbols of the same files that were there before.
    pub removed: usize,
    /// Symbols of the whole index now.
    pub symbols: usize,
}

/// A file that uses a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Use {
    /// Its path.
    pub path: String,
    /// How often it has the name.
    pub count: u32,
}

/// How much an index holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexStats {
    /// Files.
    pub files: usize,
    /// Symbols.
    pub symbols: usize,
    /// Names that differ.
    pub names: usize,
    /// Pairs of a file and a name that it uses.
    pub references: usize,
    /// Bytes that the index takes.
    pub memory_bytes: usize,
}

/// A file of an index, without copies.
#[derive(Clone, Copy)]
pub struct FileView<'index> {
    index: &'index SymbolIndex,
    file: &'index File,
}

impl<'index> FileView<'index> {
    /// Its path.
    pub fn path(self) -> &'index str {
        &self.file.path
    }

    /// Names that it declares, in the order given, each as often as it is declared.
    pub fn declared(self) -> impl Iterator<Item = &'index str> {
        let Self { index, file } = self;
        let records = file.symbols.iter().filter_map(|id| index.records.get(id));
        records.map(|record| index.names.get(record.name))
    }

    /// Names that it uses, and how often.
    pub fn references(self) -> impl Iterator<Item = (&'index str, u32)> {
        let Self { index, file } = self;
        file.references
            .iter()
            .map(|&(name, count)| (index.names.get(name), count))
    }
}

impl SymbolIndex {
    /// An index of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what a file declares and uses, in place of what it had. An empty file stays known until it is removed.
    ///
    /// # Errors
    ///
    /// A path without characters, a text over [`MAX_TEXT`], or an index that is full. Nothing is changed then.
    pub fn update_file(
        &mut self,
        path: &str,
        symbols: &[Symbol],
        references: &[Reference],
    ) -> Result<UpdateReport> {
        check(path, symbols, references)?;
        let file = self.files.add(path)?;
        let removed = self.take_out(file);
        let mut ids = Vec::with_capacity(symbols.len());
        let mut counts = Vec::with_capacity(references.len());
        let outcome = self.put_in(file, symbols, references, &mut ids, &mut counts);
        self.files.fill(file, Ids::new(ids), counts.into());
        if let Err(error) = outcome {
            // Half a file would answer as if it were whole.
            self.take_out(file);
            self.files.remove(file);
            return Err(error);
        }
        self.shrink()?;
        Ok(UpdateReport {
            files: 1,
            added: symbols.len(),
            removed,
            symbols: self.records.len(),
        })
    }

    /// [`SymbolIndex::update_file`] for many files, all of which are checked before the first is changed.
    ///
    /// # Errors
    ///
    /// As for one file.
    pub fn update_files(&mut self, batch: &[FileSymbols]) -> Result<UpdateReport> {
        for file in batch {
            check(&file.path, &file.symbols, &file.references)?;
        }
        let mut report = UpdateReport::default();
        for file in batch {
            let one = self.update_file(&file.path, &file.symbols, &file.references)?;
            report.files += 1;
            report.added += one.added;
            report.removed += one.removed;
        }
        report.symbols = self.records.len();
        Ok(report)
    }

    /// Forgets a file. False where it was not known.
    pub fn remove_file(&mut self, path: &str) -> bool {
        let Some(file) = self.files.find(path) else {
            return false;
        };
        self.take_out(file);
        self.files.remove(file);
        // What does not fit stays as it was, which is right too.
        let _ = self.shrink();
        true
    }

    /// The files, in no order that means anything.
    pub fn files(&self) -> impl Iterator<Item = FileView<'_>> {
        self.files
            .iter()
            .map(|(_, file)| FileView { index: self, file })
    }

    /// A file by its path.
    pub fn file(&self, path: &str) -> Option<FileView<'_>> {
        let file = self.files.get(self.files.find(path)?)?;
        Some(FileView { index: self, file })
    }

    /// What a file declares, in the order given; nothing where it is not known.
    pub fn symbols(&self, path: &str) -> Vec<Symbol> {
        let file = self.files.find(path).and_then(|id| self.files.get(id));
        let ids = file.into_iter().flat_map(|file| file.symbols.iter());
        ids.filter_map(|id| self.symbol(id)).collect()
    }

    /// The files that use a name, those that use it most first, then by path.
    pub fn references(&self, name: &str) -> Vec<Use> {
        let Some(name) = self.names.find(name) else {
            return Vec::new();
        };
        let mut uses: Vec<Use> = self
            .files
            .iter()
            .filter_map(|(_, file)| {
                let at = file
                    .references
                    .binary_search_by_key(&name, |&(id, _)| id)
                    .ok()?;
                let &(_, count) = file.references.get(at)?;
                Some(Use {
                    path: file.path.to_string(),
                    count,
                })
            })
            .collect();
        uses.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.path.cmp(&b.path)));
        uses
    }

    /// How much is held.
    pub fn stats(&self) -> IndexStats {
        IndexStats {
            files: self.files.len(),
            symbols: self.records.len(),
            names: self.names.held(),
            references: self
                .files
                .iter()
                .map(|(_, file)| file.references.len())
                .sum(),
            memory_bytes: self.names.memory()
                + self.signatures.memory()
                + self.files.memory()
                + self.records.memory(),
        }
    }

    /// A symbol by its id.
    pub(crate) fn symbol(&self, id: u32) -> Option<Symbol> {
        let record = self.records.get(id)?;
        Some(Symbol {
            name: self.names.get(record.name).to_owned(),
            kind: record.kind,
            line: record.line,
            column: record.column,
            end_line: known(record.end_line),
            end_column: known(record.end_column),
            container: known(record.container).map(|id| self.names.get(id).to_owned()),
            signature: known(record.signature).map(|id| match self.signatures.get(id) {
                held if record.named => with_name(held, self.names.get(record.name)),
                held => held.to_owned(),
            }),
            exported: record.exported,
        })
    }

    fn put_in(
        &mut self,
        file: u32,
        symbols: &[Symbol],
        references: &[Reference],
        ids: &mut Vec<u32>,
        counts: &mut Vec<(u32, u32)>,
    ) -> Result<()> {
        for symbol in symbols {
            ids.push(self.put_symbol(file, symbol)?);
        }
        for reference in references {
            counts.push((self.names.hold(&reference.name)?, reference.count));
        }
        counts.sort_unstable();
        // A name that was given twice counts for the sum.
        counts.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 = kept.1.saturating_add(later.1);
                self.names.release(later.0);
            }
            same
        });
        Ok(())
    }

    fn put_symbol(&mut self, file: u32, symbol: &Symbol) -> Result<u32> {
        let name = self.names.hold(&symbol.name)?;
        let container = match &symbol.container {
            Some(container) => self.names.hold(container)?,
            None => NONE,
        };
        let (signature, named) = match &symbol.signature {
            Some(signature) => self.hold_signature(signature, &symbol.name)?,
            None => (NONE, false),
        };
        self.put_record(Record {
            name,
            file,
            container,
            signature,
            line: symbol.line,
            column: symbol.column,
            end_line: symbol.end_line.unwrap_or(NONE),
            end_column: symbol.end_column.unwrap_or(NONE),
            next: NONE,
            kind: symbol.kind,
            exported: symbol.exported,
            named,
        })
    }

    /// The id of a signature, held once more, and whether the name was taken out of it.
    pub(crate) fn hold_signature(&mut self, signature: &str, name: &str) -> Result<(u32, bool)> {
        let mut held = std::mem::take(&mut self.unnamed);
        let without = without_name(signature, name, &mut held);
        let id = self.signatures.hold(without.unwrap_or(signature));
        let named = without.is_some();
        self.unnamed = held;
        Ok((id?.0, named))
    }

    /// Adds a record whose texts are held for it, in front of those of the same name.
    pub(crate) fn put_record(&mut self, mut record: Record) -> Result<u32> {
        record.next = self.names.first(record.name);
        let id = self.records.add(&record)?;
        self.names.link(record.name, id, 1);
        Ok(id)
    }

    /// Takes all of a file out; how many symbols it had.
    fn take_out(&mut self, file: u32) -> usize {
        let (symbols, references) = self.files.empty(file);
        let names = symbols
            .iter()
            .filter_map(|id| Some(self.records.get(id)?.name));
        let mut names: Vec<u32> = names.collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            self.unchain(name, file);
        }
        for id in symbols.iter() {
            self.let_go(id);
        }
        for &(name, _) in &references {
            self.names.release(name);
        }
        symbols.len()
    }

    /// Takes the symbols of a file out of the chain of a name.
    fn unchain(&mut self, name: u32, file: u32) {
        let (mut first, mut last) = (NONE, NONE);
        let mut taken = 0;
        let mut next = self.names.first(name);
        while let Some(record) = self.records.get(next) {
            let id = next;
            next = record.next;
            if record.file == file {
                taken += 1;
                continue;
            }
            if last == NONE {
                first = id;
            } else {
                self.records.set_next(last, id);
            }
            last = id;
        }
        self.records.set_next(last, NONE);
        self.names.link(name, first, -taken);
    }

    /// Lets go of a symbol that is in no chain any more.
    fn let_go(&mut self, id: u32) {
        let Some(record) = self.records.get(id) else {
            return;
        };
        self.names.release(record.name);
        if record.container != NONE {
            self.names.release(record.container);
        }
        if record.signature != NONE {
            self.signatures.release(record.signature);
        }
        self.records.remove(id);
    }

    /// Builds the index again where three quarters of it are empty.
    fn shrink(&mut self) -> Result<()> {
        let free = self.records.free();
        if free < TOLERATED_SLOTS || free / 3 < self.records.len() {
            return Ok(());
        }
        let mut smaller = Self::new();
        for file in self.files() {
            let symbols = self.symbols(file.path());
            let references: Vec<Reference> = file
                .references()
                .map(|(name, count)| Reference {
                    name: name.to_owned(),
                    count,
                })
                .collect();
            smaller.update_file(file.path(), &symbols, &references)?;
        }
        *self = smaller;
        Ok(())
    }
}

fn known(value: u32) -> Option<u32> {
    (value != NONE).then_some(value)
}

fn check(path: &str, symbols: &[Symbol], references: &[Reference]) -> Result<()> {
    if path.is_empty() {
        return Err(SymbolsError::Input {
            what: "path",
            reason: "it must not be empty".to_owned(),
        });
    }
    check_length("a path", path)?;
    for symbol in symbols {
        check_length("a name", &symbol.name)?;
        check_length(
            "a container",
            symbol.container.as_deref().unwrap_or_default(),
        )?;
        check_length(
            "a signature",
            symbol.signature.as_deref().unwrap_or_default(),
        )?;
    }
    references
        .iter()
        .try_for_each(|reference| check_length("a name", &reference.name))
}

fn check_length(what: &'static str, text: &str) -> Result<()> {
    if text.len() > MAX_TEXT {
        return Err(SymbolsError::TooLarge {
            what,
            size: format!("{} bytes", text.len()),
            limit: MAX_TEXT as u64,
        });
    }
    Ok(())
}
