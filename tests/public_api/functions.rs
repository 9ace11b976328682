//! The names of a crate's public functions, read from its sources: `Tensor::matmul`, `relu`. Tests compare them with their
//! lists, so that a list that forgets a function fails.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Macros that make functions of a type (or of none) from rows such as `abs => Abs;` and `sum, sum_keepdims;`.
const ROWS: [(&str, &str); 5] = [
    ("unary", "Tensor::"),
    ("binary", "Tensor::"),
    ("compare", "Tensor::"),
    ("reductions", "Tensor::"),
    ("presets", ""),
];
/// Other macros that make public functions: setters, those of [`REQUESTS`], and the hidden ones of tests.
const OTHERS: [&str; 5] = ["options", "module_methods", "scope_methods", "functions", "fill"];
/// The macro that holds the functions which modules, scopes and the running module have.
const REQUESTS: &str = "macro_rules! requests {";

/// The public functions below `folder`. Left out are hidden ones and setters, which take `mut self` and return `Self`.
pub(super) fn public_functions(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let source = fs::read_to_string(&path).expect("a source is text");
                let source = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
                Reader::default().read(source, &mut names);
            }
        }
    }
    names
}

/// Where the reader of a file is.
#[derive(Default)]
struct Reader {
    /// What stands before the names of the block: `Tensor::`.
    prefix: String,
    block: Block,
}

#[derive(Default, PartialEq)]
enum Block {
    #[default]
    None,
    /// Only `pub fn`.
    Impl,
    /// Each `fn`.
    Trait,
    Rows,
    Requests,
    /// The rules of a macro.
    Macro,
    Skipped,
}

impl Reader {
    fn read(&mut self, source: &str, names: &mut BTreeSet<String>) {
        let lines: Vec<&str> = source.lines().collect();
        let mut is_hidden = false;
        for (i, &line) in lines.iter().enumerate() {
            if let Some(attribute) = line.trim().strip_prefix("#[") {
                is_hidden |= attribute.starts_with("doc(hidden)");
                continue;
            }
            if line.trim().starts_with("//") {
                continue;
            }
            if line == "}" {
                (self.block, self.prefix) = (Block::None, String::new());
            } else if !line.starts_with([' ', '}', ')']) {
                self.enter(line, names, is_hidden);
            } else if self.block == Block::Macro && line.contains("pub fn $") {
                let known = ROWS.iter().map(|(row, _)| *row).chain(OTHERS);
                if !known.into_iter().any(|of| of == self.prefix) {
                    names.insert(format!("{}! (a macro that this reader does not know)", self.prefix));
                }
            } else if self.block == Block::Requests {
                let row = line.trim().trim_start_matches("[must_use] ").strip_prefix("fn ").and_then(name);
                names.extend(
                    row.iter().flat_map(|row| ["Module::", "Scope::", ""].map(|of| format!("{of}{row}"))),
                );
            } else if line.starts_with("    ") && !line.starts_with("     ") && !is_hidden {
                self.member(line.trim(), &lines[i..], names);
            }
            is_hidden = false;
        }
    }

    /// A line that starts a block, or a function of no type.
    fn enter(&mut self, line: &str, names: &mut BTreeSet<String>, is_hidden: bool) {
        if let Some(function) = line.strip_prefix("pub fn ") {
            if !is_hidden {
                names.extend(name(function));
            }
        } else if let Some(rest) = line.strip_prefix("impl").filter(|rest| rest.starts_with([' ', '<'])) {
            let of = without_generics(rest);
            self.block = if of.contains(" for ") { Block::Skipped } else { Block::Impl };
            self.prefix = format!("{}::", of.trim().trim_end_matches(" {").trim());
        } else if let Some(rest) = line.strip_prefix("pub trait ") {
            self.block = if is_hidden { Block::Skipped } else { Block::Trait };
            self.prefix = format!("{}::", name(rest).unwrap_or_default());
        } else if let Some((of, "")) = line.split_once("! {") {
            if let Some((_, prefix)) = ROWS.iter().find(|(row, _)| *row == of) {
                (self.block, self.prefix) = (Block::Rows, (*prefix).to_owned());
            } else if of == "options" {
                // Its functions stand in its second line.
                (self.block, self.prefix) = (Block::Impl, String::new());
            }
        } else if line == REQUESTS {
            self.block = Block::Requests;
        } else if let Some(of) = line.strip_prefix("macro_rules! ") {
            (self.block, self.prefix) = (Block::Macro, of.trim_end_matches(" {").to_owned());
        }
    }

    /// A line of a block. `rest` are the lines from this one.
    fn member(&self, line: &str, rest: &[&str], names: &mut BTreeSet<String>) {
        let function = match self.block {
            Block::Impl => line.strip_prefix("pub ").map(|line| line.strip_prefix("const ").unwrap_or(line)),
            Block::Trait => Some(line),
            Block::Rows => {
                let row = line.trim_end_matches(';').split(" => ").next().unwrap_or_default();
                if line.ends_with(';') {
                    names.extend(row.split(", ").map(|name| format!("{}{name}", self.prefix)));
                }
                return;
            }
            Block::None | Block::Skipped | Block::Requests | Block::Macro => return,
        };
        if let Some(of) = function.and_then(|line| line.strip_prefix("fn ")) {
            let signature: String = rest.iter().take_while(|line| !line.ends_with('{')).copied().collect();
            let signature = if signature.is_empty() { line } else { &signature };
            if !signature.contains("(mut self") && !signature.contains("(    mut self") {
                names.extend(name(of).map(|name| format!("{}{name}", self.prefix)));
            }
        } else if let Some((_, function)) = line.strip_prefix("pub struct ").and(line.split_once(") as ")) {
            names.extend(name(function));
        } else if let Some(function) = line.strip_prefix(") as ") {
            names.extend(name(function));
        }
    }
}

/// The name at the start of `text`; none for the `$name` of a macro.
fn name(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// `text` without what stands in angle brackets.
fn without_generics(text: &str) -> String {
    let mut depth = 0i32;
    let mut previous = ' ';
    let outside = text.chars().filter(|&c| {
        let is_arrow = c == '>' && previous == '-';
        previous = c;
        depth += i32::from(c == '<') - i32::from(c == '>' && !is_arrow);
        depth == 0 && c != '>'
    });
    outside.collect()
}
