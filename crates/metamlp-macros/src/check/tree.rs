//! The rules of `#[derive(Tree)]`.

use proc_macro2::{Span, TokenStream};
use syn::{Attribute, Data, DeriveInput, Fields, Index, Member, Meta, Path};

use super::take_attribute;
use crate::errors::Errors;
use crate::model::{Runtime, TreePart, TreeShape, TreeType};
use crate::parse::{crate_path, entries, unknown_option};

/// The type, unless it can be no tree.
pub(crate) fn check(item: TokenStream, errors: &mut Errors) -> Option<TreeType> {
    let DeriveInput { mut attrs, ident: name, generics, data, .. } = errors.take(syn::parse2(item))?;
    let runtime = Runtime::new(type_options(&mut attrs, errors));
    let shape = match data {
        Data::Struct(data) => TreeShape::Struct(parts(data.fields, errors)),
        Data::Enum(data) => TreeShape::Enum(
            data.variants
                .into_iter()
                .map(|mut variant| {
                    while let Some(attr) = take_attribute(&mut variant.attrs, "tree") {
                        errors.at(
                            attr,
                            "`#[tree(..)]` goes on the type (`crate = path`) or on a field (`static`)",
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
        let fixed = is_static(&mut field.attrs, errors);
        let member =
            field.ident.map_or_else(|| Member::from(Index { index, span: Span::mixed_site() }), Member::from);
        TreePart { member, ty: field.ty, fixed }
    });
    parts.collect()
}

/// Reads `#[tree(crate = path)]` on the type.
fn type_options(attrs: &mut Vec<Attribute>, errors: &mut Errors) -> Option<Path> {
    let mut krate = None;
    while let Some(attr) = take_attribute(attrs, "tree") {
        let Some(options) = options(&attr, "crate = path", errors) else {
            continue;
        };
        entries(options, errors, |key, input| match key {
            key if key == "crate" => {
                krate = Some(crate_path(input)?);
                Ok(())
            }
            key if key == "static" => Err(syn::Error::new_spanned(
                key,
                "`static` goes on a field: a whole type that is static is no tree",
            )),
            key => Err(unknown_option(key, "tree", "`crate = path` on a type, `static` on a field")),
        });
    }
    krate
}

/// Reads `#[tree(static)]` on a field.
fn is_static(attrs: &mut Vec<Attribute>, errors: &mut Errors) -> bool {
    let mut fixed = false;
    while let Some(attr) = take_attribute(attrs, "tree") {
        let Some(options) = options(&attr, "static", errors) else {
            continue;
        };
        entries(options, errors, |key, _| match key {
            key if key == "static" => {
                fixed = true;
                Ok(())
            }
            key if key == "crate" => Err(syn::Error::new_spanned(key, "`crate = path` goes on the type")),
            key => Err(unknown_option(key, "tree", "`static` on a field, `crate = path` on a type")),
        });
    }
    fixed
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
