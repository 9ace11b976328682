//! The rules of `#[derive(Tree)]`.

use proc_macro2::{Span, TokenStream};
use syn::{Attribute, Data, DeriveInput, Fields, Index, Member, Meta, Path};

use super::attributes;
use crate::errors::Errors;
use crate::model::{Runtime, TreePart, TreeShape, TreeType};
use crate::parse::{crate_path, entries};

/// The type; `None` if it cannot be a tree.
pub(crate) fn check(item: TokenStream, errors: &mut Errors) -> Option<TreeType> {
    let DeriveInput { mut attrs, ident: name, generics, data, .. } = errors.take(syn::parse2(item))?;
    let runtime = Runtime::new(type_options(&mut attrs, errors));
    let shape = match data {
        Data::Struct(data) => TreeShape::Struct(parts(data.fields, errors)),
        Data::Enum(data) => TreeShape::Enum(
            data.variants
                .into_iter()
                .map(|mut variant| {
                    while let Some(attr) = attributes::take(&mut variant.attrs, "tree") {
                        errors.at(
                            attr,
                            "a variant is static by itself: write `#[tree(static)]` on one of its fields, or nothing",
                        );
                    }
                    (variant.ident, parts(variant.fields, errors))
                })
                .collect(),
        ),
        Data::Union(data) => {
            errors.at(
                data.union_token,
                "a union does not know which of its fields it holds: write an enum, or implement `Tree` by hand",
            );
            return None;
        }
    };
    Some(TreeType { name, generics, shape, runtime })
}

fn parts(fields: Fields, errors: &mut Errors) -> Vec<TreePart> {
    let parts = fields.into_iter().zip(0..).map(|(mut field, index)| {
        let is_static = is_static(&mut field.attrs, errors);
        let member =
            field.ident.map_or_else(|| Member::from(Index { index, span: Span::mixed_site() }), Member::from);
        TreePart { member, ty: field.ty, is_static }
    });
    parts.collect()
}

/// Reads `#[tree(crate = path)]` on the type.
fn type_options(attrs: &mut Vec<Attribute>, errors: &mut Errors) -> Option<Path> {
    let mut krate = None;
    while let Some(attr) = attributes::take(attrs, "tree") {
        let Some(options) = options(&attr, "crate = path", errors) else { continue };
        entries(options, ("tree", "`crate = path` on a type"), errors, |key, input| {
            if key == "static" {
                return Err(syn::Error::new_spanned(
                    key,
                    "a type that is static as a whole is no tree: write `static` on a field",
                ));
            }
            if key != "crate" {
                return Ok(false);
            }
            krate = Some(crate_path(input)?);
            Ok(true)
        });
    }
    krate
}

/// Reads `#[tree(static)]` on a field.
fn is_static(attrs: &mut Vec<Attribute>, errors: &mut Errors) -> bool {
    let mut is_static = false;
    while let Some(attr) = attributes::take(attrs, "tree") {
        let Some(options) = options(&attr, "static", errors) else { continue };
        entries(options, ("tree", "`static` on a field"), errors, |key, _| {
            if key == "crate" {
                return Err(syn::Error::new_spanned(key, "write `crate = path` on the type"));
            }
            is_static |= key == "static";
            Ok(key == "static")
        });
    }
    is_static
}

fn options(attr: &Attribute, known: &str, errors: &mut Errors) -> Option<TokenStream> {
    match &attr.meta {
        Meta::List(list) if !list.tokens.is_empty() => Some(list.tokens.clone()),
        _ => {
            errors.at(&attr.meta, format_args!("write `#[tree({known})]`"));
            None
        }
    }
}
