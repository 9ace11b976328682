//! The rules and their messages: turns parsed items into the model and notes
//! every error. Items that can be understood are expanded in spite of an error,
//! so that one mistake gives one message.

mod attributes;
pub(crate) mod block;
pub(crate) mod function;
pub(crate) mod module;
pub(crate) mod tree;

use syn::{FnArg, Generics, Ident, Pat, PatIdent, Signature};

use crate::errors::Errors;

/// The hidden field of every module.
pub(crate) const HANDLE: &str = "__module";

/// The generated functions of every module, whose names no field may have.
const GENERATED: [&str; 3] = ["call", "named", "new"];

/// The methods of the `Module` trait that users call, sorted: a setter of the same name would hide them.
const INHERITED: &[&str] = &[
    "apply",
    "apply_mut",
    "bind",
    "eval_shape",
    "get_variable",
    "has_rng",
    "has_variable",
    "init",
    "init_with_output",
    "invoke",
    "is_initializing",
    "is_mutable_collection",
    "make_rng",
    "module_paths",
    "name",
    "param",
    "path",
    "perturb",
    "put_variable",
    "share_scope",
    "sow",
    "sow_with",
    "tabulate",
    "unused_variables",
    "variable",
    "variables",
    "with",
];

/// True if the field may have that name; `setter` is true if the field gets a setter.
fn field_name(name: &Ident, setter: bool, errors: &mut Errors) -> bool {
    let known = |names: &[&str]| names.iter().any(|known| name == known);
    if name == HANDLE {
        errors.at(name, "`__module` is the field that `#[module]` adds: rename this one");
    } else if known(&GENERATED) {
        errors.at(name, format_args!("`{name}` is a function of every module: rename this field"));
    } else if setter && known(INHERITED) {
        errors.at(
            name,
            format_args!("the setter `{name}` would hide the method `Module::{name}`: rename this field"),
        );
    } else {
        return true;
    }
    false
}

/// Refuses the qualifiers that a module's method cannot have. True if the rest can be expanded.
fn qualifiers(signature: &mut Signature, errors: &mut Errors) -> bool {
    let Signature { constness, asyncness, safety, abi, variadic, .. } = signature;
    let mut expands = true;
    if let Some(token) = constness.take() {
        errors.at(token, "a module's call runs inside a scope, never at compile time: drop `const`");
    }
    if let Some(token) = asyncness {
        errors.at(
            token,
            "a module's call must end while its scope is open: drop `async`, and await the inputs before the call",
        );
        expands = false;
    }
    if let syn::Safety::Unsafe(token) = safety {
        errors
            .at(token, "a module's call is safe: drop `unsafe` here and write an `unsafe` block in the body");
        *safety = syn::Safety::Default;
    }
    if let Some(token) = abi.take() {
        errors.at(token, "a module is called from Rust alone: drop `extern`");
    }
    if let Some(token) = variadic {
        errors.at(token, "a module's call has a fixed number of arguments: take a slice, `&[Tensor]`");
        expands = false;
    }
    expands
}

/// Refuses type and const parameters and `where` clauses. True if there were none.
fn no_parameters(generics: &Generics, what: &str, instead: &str, errors: &mut Errors) -> bool {
    if !generics.params.is_empty() {
        errors.at(&generics.params, format_args!("{what} cannot be generic: {instead}"));
    } else if let Some(clause) = &generics.where_clause {
        errors.at(clause, format_args!("{what} cannot have a `where` clause: {instead}"));
    } else {
        return true;
    }
    false
}

/// The name of an argument; a pattern is an error.
fn argument_name<'a>(pattern: &'a Pat, errors: &mut Errors) -> Option<&'a PatIdent> {
    match pattern {
        Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => return Some(name),
        Pat::Wild(_) => errors.at(pattern, "an argument of a module's call needs a name: write `_x`"),
        _ => errors.at(
            pattern,
            "an argument of a module's call needs a name: write `x` here and take it apart in the body, `let .. = x;`",
        ),
    }
    None
}

/// The arguments without the receiver.
fn arguments(signature: &mut Signature) -> impl Iterator<Item = &mut syn::PatType> {
    signature.inputs.iter_mut().filter_map(|argument| match argument {
        FnArg::Typed(argument) => Some(argument),
        FnArg::Receiver(_) => None,
    })
}

/// Refuses `#[compact]` on any other item than an `impl` block or a function.
pub(crate) fn not_compact(keyword: &Ident, errors: &mut Errors) {
    let instead = match keyword.to_string().as_str() {
        "struct" => "on the struct write `#[module]`",
        "trait" => "put it on `impl Foo { .. }` of a module",
        _ => "on a module's struct write `#[module]`",
    };
    errors.at(keyword, format_args!("`#[compact]` goes on an `impl` block or a free function: {instead}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_module_is_known() {
        let mut methods = [metamlp::__private::METHODS, metamlp::__private::REQUESTS].concat();
        methods.sort_unstable();
        assert_eq!(methods, INHERITED);
    }

    #[test]
    fn every_name_that_a_field_may_not_have_is_documented() {
        let docs = include_str!("../lib.rs");
        for name in GENERATED.iter().chain(INHERITED) {
            assert!(docs.contains(&format!("`{name}`")), "{name}");
        }
    }
}
