//! The rules of `#[compact]` on a free function.

use proc_macro2::{Delimiter, Group};
use quote::{ToTokens as _, format_ident, quote};
use std::collections::BTreeSet;
use syn::ext::IdentExt as _;
use syn::{Attribute, Expr, FnArg, GenericParam, Generics, Ident, PatType, ReturnType, Type};

use super::{argument_name, attributes, field_name, qualifiers};
use crate::errors::Errors;
use crate::model::{Field, Module, Network, Runtime, ungrouped};
use crate::parse::Function;
use crate::scan::{elides, find_self};

/// The module that the function describes, unless there is nothing to make of it.
pub(crate) fn check(runtime: Runtime, mut function: Function, errors: &mut Errors) -> Option<Network> {
    let signature = &mut function.signature;
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
        errors.at(
            receiver,
            "`#[compact]` on a lone method does not see its type: put it on the block, `#[compact] impl Mlp { .. }`; \
             in a free function there is no `self`, its fields are arguments marked `#[field]`",
        );
        return None;
    }
    let mut expands = qualifiers(signature, errors);
    expands &= lifetimes_only(&signature.generics, errors);
    expands &= output_names_its_lifetime(&signature.output, errors);
    let name = struct_name(&signature.ident, errors);
    expands &= name.is_some();
    let name = name.unwrap_or_else(|| signature.ident.clone());

    let mut network = Network {
        module: Module {
            attrs: Vec::new(),
            vis: function.vis.clone(),
            name,
            fields: Vec::new(),
            function: Some(signature.ident.clone()),
            runtime,
        },
        locals: Vec::new(),
        input_docs: Vec::new(),
        call: function,
    };
    expands &= sort_arguments(&mut network, errors);
    sort_attributes(&mut network);
    no_self(&mut network, errors);
    expands.then_some(network)
}

/// Parts the arguments into fields and inputs; whether all can be expanded.
fn sort_arguments(network: &mut Network, errors: &mut Errors) -> bool {
    let mut expands = true;
    let mut names = BTreeSet::new();
    for argument in std::mem::take(&mut network.call.signature.inputs) {
        let FnArg::Typed(mut argument) = argument else {
            continue;
        };
        let default = field_mark(&mut argument.attrs, errors);
        let Some(pattern) = argument_name(&argument.pat, errors) else {
            expands = false;
            continue;
        };
        let name = pattern.ident.clone();
        if !names.insert(name.to_string()) {
            errors.at(&name, format_args!("there is an argument `{name}` already: rename one of them"));
            leave_out_body(network);
            continue;
        }
        if let Some(default) = default {
            expands &= is_owned(&argument.ty, errors);
            let setter = field_name(&name, default.is_some(), errors) && default.is_some();
            let PatType { attrs, pat, ty, .. } = argument;
            network.locals.push(pat.into_token_stream());
            network.module.fields.push(Field {
                attrs,
                vis: network.module.vis.clone(),
                name,
                ty: *ty,
                default,
                setter,
                into: false,
            });
        } else {
            let (docs, attrs) = argument.attrs.into_iter().partition(|attr| attr.path().is_ident("doc"));
            argument.attrs = attrs;
            network.input_docs.push((name, docs));
            network.call.signature.inputs.push(FnArg::Typed(argument));
        }
    }
    expands
}

/// Takes out the mark of a field: what it says of a default.
fn field_mark(attrs: &mut Vec<Attribute>, errors: &mut Errors) -> Option<Option<Expr>> {
    let mut mark = attributes::take(attrs, "field").map(|attr| attributes::field_default(&attr, errors));
    attributes::refuse(attrs, "field", "this argument is marked already: keep one `#[field]`", errors);
    if let Some(attr) = attributes::take(attrs, "default") {
        errors.at(&attr, "on an argument write `#[field(default = value)]`");
        mark = Some(attributes::default(&attr, errors));
    }
    mark
}

/// For where the body cannot be understood without what was refused.
fn leave_out_body(network: &mut Network) {
    network.call.body = Group::new(Delimiter::Brace, quote!(::core::unreachable!()));
}

/// Docs go to the struct, `allow` everywhere, the rest stays on the call.
fn sort_attributes(network: &mut Network) {
    let (docs, rest) =
        std::mem::take(&mut network.call.attrs).into_iter().partition(|attr| attr.path().is_ident("doc"));
    network.module.attrs = docs;
    network.call.attrs = rest;
    network
        .module
        .attrs
        .extend(network.call.attrs.iter().filter(|attr| attr.path().is_ident("allow")).cloned());
}

/// The class that belongs to a function's name: `auto_encoder` makes `AutoEncoder`.
fn struct_name(function: &Ident, errors: &mut Errors) -> Option<Ident> {
    let written = function.unraw().to_string();
    let mut name = String::new();
    for word in written.split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(letters.as_str());
    }
    if name == "Self" || !name.starts_with(char::is_alphabetic) {
        errors.at(
            function,
            format_args!(
                "`{written}` makes no name for a struct: begin with a letter, as in `mlp`, which makes `Mlp`"
            ),
        );
        return None;
    }
    Some(format_ident!("{name}", span = function.span()))
}

fn lifetimes_only(generics: &Generics, errors: &mut Errors) -> bool {
    let mut only = true;
    for param in generics.params.iter().filter(|param| !matches!(param, GenericParam::Lifetime(_))) {
        errors.at(
            param,
            "a `#[compact]` function cannot be generic: write the types out, or `&Tensor` for whatever holds numbers",
        );
        only = false;
    }
    only
}

/// Refuses an output that borrows by elision: with the receiver that the call
/// gets, elision would pick the module instead of the input.
fn output_names_its_lifetime(output: &ReturnType, errors: &mut Errors) -> bool {
    let ReturnType::Type(_, ty) = output else {
        return true;
    };
    if !elides(ty.to_token_stream()) {
        return true;
    }
    errors.at(
        ty,
        "the output borrows from an input: name the lifetime, `fn f<'a>(x: &'a Tensor) -> &'a Tensor`, or return an \
         owned value",
    );
    false
}

/// Whether the type can be a field's, which outlives the call and has one type.
fn is_owned(ty: &Type, errors: &mut Errors) -> bool {
    match ungrouped(ty) {
        Type::Reference(reference)
            if reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static") =>
        {
            errors.at(
                ty,
                "a field outlives the function's call: own it (`String`, `Vec<..>`), or write `&'static ..`",
            );
            false
        }
        Type::ImplTrait(_) => {
            errors
                .at(ty, "a field has one type: write it out; for a function that is `fn(&Tensor) -> Tensor`");
            false
        }
        _ => true,
    }
}

/// Refuses a `self` in the body, which is then left out, since it could not be resolved.
fn no_self(network: &mut Network, errors: &mut Errors) {
    let Some(token) = find_self(network.call.body.stream()) else {
        return;
    };
    errors.at(
        token,
        "a free function has no `self`: its fields go by their names, and `self.param(..)` is `metamlp::param(..)`",
    );
    leave_out_body(network);
}
