//! The rules of `#[compact]` on a free function.

use proc_macro2::{Delimiter, Group};
use quote::{ToTokens as _, format_ident, quote};
use std::collections::BTreeSet;
use syn::ext::IdentExt as _;
use syn::{Attribute, Expr, FnArg, GenericParam, Generics, Ident, PatType, ReturnType, Type};

use super::{argument_name, attributes, field_name, qualifiers};
use crate::errors::Errors;
use crate::model::{Field, FunctionModule, Module, Runtime, ungrouped};
use crate::parse::Function;
use crate::scan::{elides, find_self};

/// The module that the function describes; `None` if the function cannot be understood.
pub(crate) fn check(runtime: Runtime, mut function: Function, errors: &mut Errors) -> Option<FunctionModule> {
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

    let mut checked = FunctionModule {
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
    expands &= sort_arguments(&mut checked, errors);
    sort_attributes(&mut checked);
    no_self(&mut checked, errors);
    expands.then_some(checked)
}

/// Splits the arguments into fields and inputs. True if all of them can be expanded.
fn sort_arguments(function: &mut FunctionModule, errors: &mut Errors) -> bool {
    let mut expands = true;
    let mut names = BTreeSet::new();
    for argument in std::mem::take(&mut function.call.signature.inputs) {
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
            leave_out_body(function);
            continue;
        }
        if let Some(default) = default {
            expands &= is_owned(&argument.ty, errors);
            let setter = field_name(&name, default.is_some(), errors) && default.is_some();
            let PatType { attrs, pat, ty, .. } = argument;
            function.locals.push(pat.into_token_stream());
            function.module.fields.push(Field {
                attrs,
                vis: function.module.vis.clone(),
                name,
                ty: *ty,
                default,
                setter,
                into: false,
            });
        } else {
            let (docs, attrs) = argument.attrs.into_iter().partition(|attr| attr.path().is_ident("doc"));
            argument.attrs = attrs;
            function.input_docs.push((name, docs));
            function.call.signature.inputs.push(FnArg::Typed(argument));
        }
    }
    expands
}

/// Removes the mark of a field. `Some` if the argument is a field, with its default if it has one.
fn field_mark(attrs: &mut Vec<Attribute>, errors: &mut Errors) -> Option<Option<Expr>> {
    let mut mark = attributes::take(attrs, "field").map(|attr| attributes::field_default(&attr, errors));
    attributes::refuse(attrs, "field", "this argument is marked already: keep one `#[field]`", errors);
    if let Some(attr) = attributes::take(attrs, "default") {
        errors.at(&attr, "on an argument write `#[field(default = value)]`");
        mark = Some(attributes::default(&attr, errors));
    }
    mark
}

/// Replaces the body, which would not compile without the part that was refused.
fn leave_out_body(function: &mut FunctionModule) {
    function.call.body = Group::new(Delimiter::Brace, quote!(::core::unreachable!()));
}

/// Moves docs to the struct and copies `allow`; the other attributes stay on the call.
fn sort_attributes(function: &mut FunctionModule) {
    let (docs, rest) =
        std::mem::take(&mut function.call.attrs).into_iter().partition(|attr| attr.path().is_ident("doc"));
    function.module.attrs = docs;
    function.call.attrs = rest;
    function
        .module
        .attrs
        .extend(function.call.attrs.iter().filter(|attr| attr.path().is_ident("allow")).cloned());
}

/// The name of the struct: `auto_encoder` makes `AutoEncoder`.
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
                "`{written}` gives no name for the struct: begin with a letter, as in `mlp`, which makes `Mlp`"
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
            "a `#[compact]` function cannot be generic: write the types out; `&Tensor` takes numbers of any type",
        );
        only = false;
    }
    only
}

/// Refuses an output with an elided lifetime: the call gets a receiver, and
/// elision would then borrow from the module instead of the input.
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

/// True if the type can be that of a field: owned, and no `impl Trait`.
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

/// Refuses a `self` in the body and leaves the body out, since `self` would not resolve.
fn no_self(function: &mut FunctionModule, errors: &mut Errors) {
    let Some(token) = find_self(function.call.body.stream()) else {
        return;
    };
    errors.at(
        token,
        "a free function has no `self`: its fields go by their names, and `self.param(..)` is `metamlp::param(..)`",
    );
    leave_out_body(function);
}
