//! The rules of `#[module]`.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, Fields, GenericParam, Item, ItemStruct, Meta, Path, Token};

use super::{HANDLE, attributes, field_name, no_parameters};
use crate::errors::Errors;
use crate::model::{Field, Module, Runtime};
use crate::spelling::spelled;

/// The traits that `#[module]` implements, which cannot be derived too.
const IMPLEMENTED: [(&str, &str); 4] = [
    ("Clone", "`#[module]` implements `Clone` (a clone is a separate module)"),
    ("Debug", "`#[module]` implements `Debug`"),
    ("Default", "`#[module]` implements `Default` where every field has a `#[default(..)]`"),
    ("Copy", "a module has an identity and cannot be `Copy`"),
];

/// The module; `None` if the item cannot be one.
pub(crate) fn check(runtime: Runtime, item: TokenStream, errors: &mut Errors) -> Option<Module> {
    let parsed = errors.take(syn::parse2(item))?;
    let Item::Struct(item) = parsed else {
        not_a_struct(&parsed, errors);
        return None;
    };
    let instead = match item.generics.params.first() {
        Some(GenericParam::Lifetime(_)) => "use owned types (`String`, `Arc<..>`), or `&'static`",
        _ => "write the types out; use an enum or a function pointer for a part that varies",
    };
    let one_type = no_parameters(&item.generics, "a module", instead, errors);
    let fields = fields(&item, errors)?;
    if !one_type {
        return None;
    }
    let ItemStruct { mut attrs, vis, ident, .. } = item;
    derives(&mut attrs, errors);
    Some(Module { attrs, vis, name: ident, fields, function: None, runtime })
}

fn not_a_struct(item: &Item, errors: &mut Errors) {
    match item {
        Item::Enum(item) => errors.at(
            item.enum_token,
            "`#[module]` goes on a struct: write `struct` with named fields, one of which may be this enum",
        ),
        Item::Union(item) => {
            errors.at(item.union_token, "`#[module]` goes on a struct: write `struct` with named fields");
        }
        Item::Fn(item) => {
            errors.at(item.sig.fn_token, "`#[module]` goes on a struct: on a function write `#[compact]`");
        }
        Item::Impl(item) => {
            errors.at(
                item.impl_token,
                "`#[module]` goes on the struct: on its `impl` block write `#[compact]`",
            );
        }
        Item::Trait(item) => errors.at(
            item.trait_token,
            "`#[module]` goes on a struct: a trait has no fields for hyper-parameters; put it on the struct that \
             implements the trait",
        ),
        item => errors.at(item, "`#[module]` goes on a struct with named fields"),
    }
}

fn fields(item: &ItemStruct, errors: &mut Errors) -> Option<Vec<Field>> {
    match &item.fields {
        Fields::Named(fields) => Some(fields.named.iter().filter_map(|f| field(f.clone(), errors)).collect()),
        Fields::Unnamed(fields) => {
            let named: Vec<_> = fields
                .unnamed
                .iter()
                .enumerate()
                .map(|(i, field)| format!("field_{i}: {}", spelled(&field.ty)))
                .collect();
            errors.at(
                fields,
                format_args!(
                    "submodules are named by their fields, so a module's fields need names: write `struct {} {{ {} }}`",
                    item.ident,
                    named.join(", ")
                ),
            );
            None
        }
        Fields::Unit => {
            errors.at(
                &item.ident,
                format_args!("a module is a struct with braces: write `struct {} {{}}`", item.ident),
            );
            None
        }
    }
}

fn field(field: syn::Field, errors: &mut Errors) -> Option<Field> {
    let syn::Field { mut attrs, vis, ident: Some(name), ty, default: initial, .. } = field else {
        return None;
    };
    let mut default = None;
    if let Some((equals, value)) = initial {
        errors.at(
            quote!(#equals #value),
            format_args!("a default is written before the field: write `#[default({})]`", spelled(&value)),
        );
        default = Some(value);
    }
    while let Some(attr) = attributes::take(&mut attrs, "default") {
        if default.is_some() {
            errors.at(attr, format_args!("`{name}` has a default already: keep one"));
        } else {
            default = attributes::default(&attr, errors);
        }
    }
    while let Some(attr) = attributes::take(&mut attrs, "field") {
        errors.at(
            &attr,
            "`#[field]` marks arguments of a `#[compact]` function; in a struct every field is one: \
             write `#[default(value)]`, or nothing",
        );
        default = default.or(attributes::field_default(&attr, errors));
    }
    let into = into(&mut attrs, default.is_some(), errors);
    let setter = default.is_some();
    let setter = field_name(&name, setter, errors) && setter;
    (name != HANDLE).then_some(Field { attrs, vis, name, ty, default, setter, into })
}

/// True if the field is marked `#[into]`.
fn into(attrs: &mut Vec<Attribute>, has_default: bool, errors: &mut Errors) -> bool {
    let Some(attr) = attributes::take(attrs, "into") else {
        return false;
    };
    if !matches!(attr.meta, Meta::Path(_)) {
        errors.at(&attr.meta, "`#[into]` takes no options: write `#[into]`");
    }
    if has_default {
        errors.at(&attr, "`#[into]` is for the arguments of `new`; a setter always converts: drop it");
        return false;
    }
    true
}

/// Removes the traits that `#[module]` implements from the user's derives.
fn derives(attrs: &mut [Attribute], errors: &mut Errors) {
    for attr in attrs.iter_mut().filter(|attr| attr.path().is_ident("derive")) {
        let Ok(paths) = attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated) else {
            continue;
        };
        let kept: Vec<_> = paths.iter().filter(|path| !implemented(path, errors)).collect();
        if kept.len() < paths.len() {
            *attr = syn::parse_quote!(#[derive(#(#kept),*)]);
        }
    }
}

fn implemented(path: &Path, errors: &mut Errors) -> bool {
    let Some(last) = path.segments.last() else {
        return false;
    };
    let known = IMPLEMENTED.iter().find(|(name, _)| last.ident == name);
    if let Some((name, why)) = known {
        errors.at(path.to_token_stream(), format_args!("{why}: drop `{name}` from the derive"));
    }
    known.is_some()
}
