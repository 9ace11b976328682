//! The macros' own attributes on fields, arguments and methods.

use syn::{Attribute, Expr, Meta, Token};

use crate::errors::Errors;
use crate::parse::entries;
use crate::spelling::spelled;

/// Removes the attribute of that name and returns it.
pub(super) fn take(attrs: &mut Vec<Attribute>, name: &str) -> Option<Attribute> {
    let at = attrs.iter().position(|attr| attr.path().is_ident(name))?;
    Some(attrs.remove(at))
}

/// Removes every attribute of that name with an error.
pub(super) fn refuse(attrs: &mut Vec<Attribute>, name: &str, message: &str, errors: &mut Errors) {
    while let Some(attr) = take(attrs, name) {
        errors.at(attr, message);
    }
}

/// The expression in `#[default(expression)]`.
pub(super) fn default(attr: &Attribute, errors: &mut Errors) -> Option<Expr> {
    match &attr.meta {
        Meta::List(list) if !list.tokens.is_empty() => list
            .parse_args()
            .map_err(|error| {
                let place = error.span();
                errors.push(syn::Error::new(place, format_args!("{error}: write `#[default(value)]`")));
            })
            .ok(),
        Meta::NameValue(meta) => {
            errors.at(attr, format_args!("write `#[default({})]`", spelled(&meta.value)));
            Some(meta.value.clone())
        }
        _ => {
            errors.at(attr, "a default needs its value: write `#[default(value)]`");
            None
        }
    }
}

/// The expression in `#[field(default = expression)]`.
pub(super) fn field_default(attr: &Attribute, errors: &mut Errors) -> Option<Expr> {
    let list = match &attr.meta {
        Meta::Path(_) => return None,
        Meta::List(list) => list,
        Meta::NameValue(meta) => {
            let value = spelled(&meta.value);
            errors.at(&attr.meta, format_args!("write `#[field]` or `#[field(default = {value})]`"));
            return Some(meta.value.clone());
        }
    };
    let mut default = None;
    entries(list.tokens.clone(), ("field", "`default = value`"), errors, |key, input| {
        if key != "default" {
            return Ok(false);
        }
        input.parse::<Token![=]>()?;
        default = Some(input.parse()?);
        Ok(true)
    });
    default
}
