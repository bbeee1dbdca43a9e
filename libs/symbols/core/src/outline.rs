//! What a file declares, as a tree.

use serde::Serialize;

use crate::index::SymbolIndex;
use crate::symbol::Symbol;

/// A symbol with its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SymbolNode {
    /// The symbol.
    #[serde(flatten)]
    pub symbol: Symbol,
    /// What is in it, by place.
    pub children: Vec<SymbolNode>,
}

/// Deepest nesting; what is deeper lies beside its parent.
const DEEPEST: usize = 64;

/// A symbol whose members are still being read.
struct Open {
    node: SymbolNode,
    /// Behind its range; none where that is not known.
    end: Option<(u32, u32)>,
}

impl SymbolIndex {
    /// The outline of a file; nothing where it is not known.
    ///
    /// A symbol is a member of the innermost one whose range holds it. Where a range is not known, it is a member of the
    /// last symbol before it that bears the name of its container.
    pub fn outline(&self, path: &str) -> Vec<SymbolNode> {
        let mut symbols = self.symbols(path);
        // Of two at one place the one that reaches further holds the other.
        symbols.sort_by_key(|symbol| {
            let end = end(symbol).map(|(line, column)| (u32::MAX - line, u32::MAX - column));
            (symbol.line, symbol.column, end)
        });
        let mut roots: Vec<SymbolNode> = Vec::new();
        let mut open: Vec<Open> = Vec::new();
        for symbol in symbols {
            let keep = parents(&open, &symbol).min(DEEPEST);
            close(&mut open, keep, &mut roots);
            open.push(Open {
                end: end(&symbol),
                node: SymbolNode {
                    symbol,
                    children: Vec::new(),
                },
            });
        }
        close(&mut open, 0, &mut roots);
        roots
    }
}

/// How many of the open symbols are around a symbol.
fn parents(open: &[Open], symbol: &Symbol) -> usize {
    let mut keep = open.len();
    while let Some(last) = keep.checked_sub(1).and_then(|last| open.get(last)) {
        let is_around = match last.end {
            Some(end) => (symbol.line, symbol.column) < end,
            None => is_container(&last.node.symbol, symbol),
        };
        if is_around {
            break;
        }
        keep -= 1;
    }
    keep
}

fn is_container(owner: &Symbol, member: &Symbol) -> bool {
    let container = member.container.as_deref().unwrap_or_default();
    let name = container.rsplit(['.', ':', '#']).next();
    !owner.name.is_empty() && (container == owner.name || name == Some(&owner.name))
}

fn close(open: &mut Vec<Open>, keep: usize, roots: &mut Vec<SymbolNode>) {
    while open.len() > keep {
        let Some(Open { node, .. }) = open.pop() else {
            return;
        };
        match open.last_mut() {
            Some(parent) => parent.node.children.push(node),
            None => roots.push(node),
        }
    }
}

fn end(symbol: &Symbol) -> Option<(u32, u32)> {
    let line = symbol.end_line?;
    Some((line, symbol.end_column.unwrap_or(u32::MAX)))
}
