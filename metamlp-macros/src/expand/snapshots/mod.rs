//! The expansion of each form, as files that a reader may open: in
//! `snapshots/`, a program and below it what becomes of it.
//!
//! `TRYBUILD=overwrite cargo test -p metamlp-macros` writes them anew, as it
//! does the messages in `tests/ui`.

use std::path::PathBuf;
use std::{env, fs};

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::{Attribute, Item, Meta};

use crate::pipeline;

const DIVIDER: &str = "\n// ---------------------------------------- becomes\n\n";

#[test]
fn module_with_defaults() {
    check("module");
}

#[test]
fn module_without_fields() {
    check("module_empty");
}

#[test]
fn compact_block() {
    check("block");
}

#[test]
fn compact_function() {
    check("function");
}

#[test]
fn tree_of_a_struct() {
    check("tree_struct");
}

#[test]
fn tree_of_an_enum() {
    check("tree_enum");
}

/// The page's comments are not compared, nor how it breaks lines.
#[test]
fn the_program_of_the_guide() {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/macros.md");
    let page = fs::read_to_string(page).unwrap();
    let mut blocks = page.split("```rust\n").skip(1).map(|block| block.split_once("```").unwrap().0);
    let (program, shown) = (blocks.next().unwrap(), blocks.next().unwrap());
    let expansion = prettyplease::unparse(&syn::parse2(expand(program)).unwrap());
    let mut shown = syn::parse_file(shown).unwrap();
    shown.items.retain(|item| !matches!(item, Item::Use(_)));
    let shown = prettyplease::unparse(&shown);
    assert!(expansion == shown, "docs/guide/macros.md shows\n\n{shown}\n\nbut it is\n\n{expansion}");
}

/// Expands the program in that file and compares.
fn check(name: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("src/expand/snapshots")
        .join(name)
        .with_extension("rs");
    let file = fs::read_to_string(&path).unwrap();
    let (program, expected) = file.split_once(DIVIDER).unwrap_or((&file, ""));
    let expansion = prettyplease::unparse(&syn::parse2(expand(program)).unwrap());
    if env::var_os("TRYBUILD").is_some_and(|value| value == "overwrite") {
        fs::write(&path, [program, DIVIDER, &expansion].concat()).unwrap();
    } else {
        assert!(expansion == expected, "{} has changed:\n\n{expansion}", path.display());
    }
}

fn expand(program: &str) -> TokenStream {
    let items = syn::parse_file(program).unwrap().items.into_iter();
    items.filter(|item| !matches!(item, Item::Use(_))).map(expand_item).collect()
}

fn expand_item(mut item: Item) -> TokenStream {
    let (Item::Struct(syn::ItemStruct { attrs, .. })
    | Item::Enum(syn::ItemEnum { attrs, .. })
    | Item::Impl(syn::ItemImpl { attrs, .. })
    | Item::Fn(syn::ItemFn { attrs, .. })) = &mut item
    else {
        panic!("no macro goes on this item")
    };
    let at = attrs.iter().position(|attr| macro_name(attr).is_some()).unwrap();
    let attr = attrs.remove(at);
    let options = match &attr.meta {
        Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    };
    match macro_name(&attr) {
        Some("module") => pipeline::module(options, item.into_token_stream()),
        Some("compact") => pipeline::compact(options, item.into_token_stream()),
        _ => pipeline::tree(item.into_token_stream()),
    }
}

fn macro_name(attr: &Attribute) -> Option<&'static str> {
    ["module", "compact", "derive"].into_iter().find(|name| attr.path().is_ident(name))
}
