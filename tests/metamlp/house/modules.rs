//! The modules of a crate and what each imports from the others, read from the
//! text of its files. Modules behind `#[cfg(test)]` are not there.

use std::collections::{BTreeMap, BTreeSet};

use super::sources::{Source, sources};
use super::tokens::{Kind, Token, closed, code, starts_with};

/// `a::b::c` as its parts, from the root of the crate.
type Path = Vec<String>;

/// A module, in a file of its own or inside of one.
#[derive(Debug, Default)]
struct Module {
    file: String,
    children: BTreeSet<String>,
    /// Its functions, types, constants and macros.
    items: BTreeSet<String>,
    /// `pub use path as name`: an import of `name` is one of `path`.
    exports: BTreeMap<String, Path>,
    /// `pub use path::*`.
    glob_exports: Vec<Path>,
    /// `use path as name`.
    aliases: BTreeMap<String, Path>,
    /// `use path::*`.
    globs: Vec<Path>,
    /// Paths outside of `use`, such as `crate::a::f()`, as they are written.
    paths: Vec<Path>,
    /// Every word outside of `use`.
    words: BTreeSet<String>,
}

/// The modules of a crate by their paths.
#[derive(Debug)]
pub(super) struct Crate {
    modules: BTreeMap<Path, Module>,
    /// The other name of `crate`, from `extern crate self as name`.
    own_name: Option<String>,
}

impl Crate {
    /// The crate whose root is `folder/lib.rs`.
    pub(super) fn read(folder: &str) -> Self {
        let mut read = Self { modules: BTreeMap::new(), own_name: None };
        read.file(&format!("{folder}/lib.rs"), folder, &Vec::new());
        read
    }

    /// The files that each file imports from, by paths from the root of the repository.
    pub(super) fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut imports = BTreeMap::<&str, BTreeSet<&str>>::new();
        for (path, module) in &self.modules {
            let found = imports.entry(&module.file).or_default();
            for target in self.targets(path, module) {
                let file = self.modules[&target].file.as_str();
                if file != module.file {
                    found.insert(file);
                }
            }
        }
        imports
    }

    /// The modules that a module takes items from.
    fn targets(&self, at: &Path, module: &Module) -> BTreeSet<Path> {
        let mut targets = BTreeSet::new();
        // Re-exported items count if the module uses them itself.
        let used = module.exports.iter().filter(|(name, _)| module.words.contains(*name));
        for path in module.aliases.values().chain(used.map(|(_, path)| path)) {
            // An imported module counts where something in it is named.
            if let Some(Found::Item(target)) = self.find(&self.absolute(at, module, path)) {
                targets.insert(target);
            }
        }
        for path in &module.paths {
            if let Some(Found::Item(target)) = self.find(&self.absolute(at, module, path)) {
                targets.insert(target);
            }
        }
        for path in &module.globs {
            if let Some(Found::Module(target)) = self.find(&self.absolute(at, module, path)) {
                targets.extend(module.words.iter().filter_map(|word| self.item(&target, word, 0)));
            }
        }
        targets
    }

    /// A path from the root; empty if it leads out of the crate.
    fn absolute(&self, at: &Path, module: &Module, path: &Path) -> Path {
        let Some(first) = path.first() else { return Vec::new() };
        let rest = |start: &[String], skip: usize| [start, &path[skip..]].concat();
        let root = ["crate".to_owned()];
        if first == "crate" || self.own_name.as_ref() == Some(first) {
            return rest(&root, 1);
        }
        let here = [&root[..], &at[..]].concat();
        if first == "super" {
            let supers = path.iter().take_while(|part| *part == "super").count();
            return rest(&here[..here.len().saturating_sub(supers).max(1)], supers);
        }
        if first == "self" {
            return rest(&here, 1);
        }
        if module.children.contains(first) {
            return rest(&here, 0);
        }
        match module.aliases.get(first).or_else(|| module.exports.get(first)) {
            Some(alias) if alias.first() != Some(first) => {
                let start = self.absolute(at, module, alias);
                if start.is_empty() { start } else { rest(&start, 1) }
            }
            _ => Vec::new(),
        }
    }

    /// The item or module of an absolute path.
    fn find(&self, path: &Path) -> Option<Found> {
        self.find_from(path.strip_prefix(&["crate".to_owned()][..])?, 0)
    }

    fn find_from(&self, path: &[String], depth: usize) -> Option<Found> {
        let mut at = Vec::new();
        for (i, part) in path.iter().enumerate() {
            let module = &self.modules[&at];
            if module.children.contains(part) {
                at.push(part.clone());
            } else if let Some(export) = module.exports.get(part).filter(|_| depth < MOST_REEXPORTS) {
                let absolute = self.absolute(&at, module, export);
                let rest = [absolute.get(1..)?, &path[i + 1..]].concat();
                return self.find_from(&rest, depth + 1);
            } else {
                // An item that is not seen is a macro's: it is taken to be in the module.
                return Some(Found::Item(self.item(&at, part, depth).unwrap_or(at)));
            }
        }
        Some(Found::Module(at))
    }

    /// The module that an item of this name in the module `at` is written in.
    fn item(&self, at: &Path, name: &str, depth: usize) -> Option<Path> {
        let module = &self.modules[at];
        if module.items.contains(name) {
            return Some(at.clone());
        }
        if depth == MOST_REEXPORTS {
            return None;
        }
        if let Some(export) = module.exports.get(name) {
            let absolute = self.absolute(at, module, export);
            return match self.find_from(absolute.get(1..)?, depth + 1)? {
                Found::Item(target) => Some(target),
                Found::Module(_) => None,
            };
        }
        module.glob_exports.iter().find_map(|glob| {
            let absolute = self.absolute(at, module, glob);
            match self.find_from(absolute.get(1..)?, depth + 1)? {
                Found::Module(target) => self.item(&target, name, depth + 1),
                Found::Item(_) => None,
            }
        })
    }

    /// Reads a file that is the module `path`; its modules are files in `folder`.
    fn file(&mut self, file: &str, folder: &str, path: &Path) {
        let Some(source) = sources().iter().find(|source| source.path == file) else { return };
        let tokens = code(&source.text);
        self.module(source, &tokens, folder, path);
    }

    fn module(&mut self, source: &Source, tokens: &[Token<'_>], folder: &str, path: &Path) {
        let mut module = Module { file: source.path.clone(), ..Module::default() };
        let mut inner = Vec::new();
        let (mut i, mut depth, mut at_path) = (0, 0, None);
        while i < tokens.len() {
            let text = tokens[i].text;
            let next = |after: usize| tokens.get(i + after).map_or("", |token| token.text);
            match text {
                "{" => depth += 1,
                "}" => depth -= 1,
                "path" if next(1) == "=" => at_path = Some(next(2).trim_matches('"')),
                "extern" if starts_with(&tokens[i..], &["extern", "crate", "self", "as"]) => {
                    self.own_name = Some(next(4).to_owned());
                }
                "use" => {
                    let end = (i..tokens.len()).find(|&j| tokens[j].text == ";").unwrap_or(tokens.len());
                    // `pub use` and `pub(crate) use`.
                    let is_public = i > 0 && matches!(tokens[i - 1].text, "pub" | ")");
                    module.add_uses(&tokens[i + 1..end], is_public);
                    i = end + 1;
                    continue;
                }
                "mod" if depth == 0 && matches!(next(2), ";" | "{") => {
                    module.children.insert(next(1).to_owned());
                    let end = if next(2) == "{" { closed(tokens, i + 2) } else { i + 3 };
                    inner.push((next(1).to_owned(), i + 3..end, at_path.take()));
                    i = end;
                    continue;
                }
                "fn" | "struct" | "enum" | "trait" | "const" | "static" | "type" if depth == 0 => {
                    module.items.insert(next(1).to_owned());
                }
                "macro_rules" => _ = module.items.insert(next(2).to_owned()),
                _ if tokens[i].kind == Kind::Word => module.add_word(tokens, i),
                _ => {}
            }
            i += 1;
        }
        self.modules.insert(path.clone(), module);
        for (name, body, at_path) in inner {
            let inner_path = [&path[..], std::slice::from_ref(&name)].concat();
            if body.is_empty() {
                let choices = match at_path {
                    Some(file) => vec![format!("{folder}/{file}")],
                    None => vec![format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")],
                };
                let exists = |file: &&String| sources().iter().any(|source| source.path == **file);
                let file = choices.iter().find(exists).unwrap_or_else(|| panic!("no file of `mod {name}`"));
                let folder = file.strip_suffix("/mod.rs").unwrap_or(file.trim_end_matches(".rs"));
                self.file(file, folder, &inner_path);
            } else {
                let body = &tokens[body.start..body.end - 1];
                self.module(source, body, &format!("{folder}/{name}"), &inner_path);
            }
        }
    }
}

/// Re-exports of re-exports that are followed.
const MOST_REEXPORTS: usize = 8;

/// The target of a path: a module, or an item in a module.
enum Found {
    Module(Path),
    Item(Path),
}

impl Module {
    /// Notes a word, and the path that starts there, if one does.
    fn add_word(&mut self, tokens: &[Token<'_>], i: usize) {
        self.words.insert(tokens[i].text.to_owned());
        let before = i.checked_sub(1).map_or("", |before| tokens[before].text);
        let is_start = tokens.get(i + 1).is_some_and(|token| token.text == "::");
        if !is_start || matches!(before, "::" | "." | "in") {
            return;
        }
        let mut path = vec![tokens[i].text.to_owned()];
        for pair in tokens[i + 1..].chunks_exact(2) {
            if pair[0].text != "::" || pair[1].kind != Kind::Word {
                break;
            }
            path.push(pair[1].text.to_owned());
        }
        self.paths.push(path);
    }

    /// Notes `use` of these tokens: `a::{b, c::*, self as d}`.
    fn add_uses(&mut self, tokens: &[Token<'_>], is_public: bool) {
        let mut uses = Vec::new();
        use_tree(tokens, &Vec::new(), &mut uses);
        for (name, path) in uses {
            match (name, is_public) {
                (Some(name), true) => _ = self.exports.insert(name, path),
                (Some(name), false) => _ = self.aliases.insert(name, path),
                (None, true) => self.glob_exports.push(path),
                (None, false) => self.globs.push(path),
            }
        }
    }
}

/// The names and paths of imports `a::{b, c::*, self as d}`; a `*` has no name.
fn use_tree(tokens: &[Token<'_>], prefix: &Path, uses: &mut Vec<(Option<String>, Path)>) {
    let mut i = 0;
    while i < tokens.len() {
        let mut path = prefix.clone();
        let mut name = None;
        while i < tokens.len() && tokens[i].text != "," {
            match tokens[i].text {
                "::" => {}
                "{" => {
                    let end = closed(tokens, i);
                    use_tree(&tokens[i + 1..end - 1], &path, uses);
                    path.clear();
                    i = end - 1;
                }
                "*" => uses.push((None, std::mem::take(&mut path))),
                "as" => {
                    name = tokens.get(i + 1).map(|token| token.text.to_owned());
                    i += 1;
                }
                "self" if !path.is_empty() => {}
                part => path.push(part.to_owned()),
            }
            i += 1;
        }
        if let Some(last) = path.last() {
            uses.push((Some(name.unwrap_or_else(|| last.clone())), path));
        }
        i += 1;
    }
}

#[test]
fn an_import_is_split_into_paths() {
    let tokens = code("crate::a::{self, b::{C, D as E}, f::*}, g");
    let mut uses = Vec::new();
    use_tree(&tokens, &Vec::new(), &mut uses);
    let told: Vec<_> = uses.iter().map(|(name, path)| format!("{name:?} {}", path.join("::"))).collect();
    let expected = [
        "Some(\"a\") crate::a",
        "Some(\"C\") crate::a::b::C",
        "Some(\"E\") crate::a::b::D",
        "None crate::a::f",
        "Some(\"g\") g",
    ];
    assert_eq!(told, expected);
}
