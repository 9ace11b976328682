//! The rules of `#[compact]` on an `impl` block.

use quote::{ToTokens as _, quote};
use syn::{Attribute, FnArg, Meta, Receiver, ReceiverKind, Type};

use super::{argument_name, arguments, attributes, no_parameters, qualifiers};
use crate::errors::Errors;
use crate::model::{Block, BlockMember, Runtime, ungrouped};
use crate::parse::{Function, ImplBlock, Member};
use crate::spelling::spelled;

/// The block; `None` if it cannot be expanded.
pub(crate) fn check(runtime: Runtime, block: ImplBlock, errors: &mut Errors) -> Option<Block> {
    let self_type = spelled(&block.self_type);
    if let Some(for_trait) = &block.for_trait {
        errors.at(
            for_trait,
            format_args!(
                "`#[compact]` goes on the type's own block: write the method in `#[compact] impl {self_type} {{ .. }}` \
                 and call it from here"
            ),
        );
        return None;
    }
    let instead = "write the types out, one block for each module";
    if !no_parameters(&block.generics, "a `#[compact]` block", instead, errors) {
        return None;
    }
    let head = block.head();
    let holds_beside = |attr: &Attribute| attr.path().is_ident("cfg") || attr.path().is_ident("allow");
    let conditions = block.attrs.into_iter().filter(holds_beside).collect();
    let members = block.members.into_iter().map(|member| match member {
        Member::Function(function) => method(function, errors),
        Member::Other(item) => BlockMember::Untouched(item),
    });
    Some(Block { head, self_type: block.self_type, conditions, members: members.collect(), runtime })
}

fn method(mut method: Box<Function>, errors: &mut Errors) -> BlockMember {
    let nowrap = marked(&mut method, "nowrap", errors);
    let name_scope = marked(&mut method, "compact_name_scope", errors);
    attributes::refuse(
        &mut method.attrs,
        "compact",
        "`#[compact]` stands on the block already: drop it here",
        errors,
    );
    for argument in arguments(&mut method.signature) {
        attributes::refuse(
            &mut argument.attrs,
            "field",
            "a method's arguments are its inputs: make this a field of the struct, `#[module] struct .. { name: Type }`",
            errors,
        );
    }
    if let Some(attr) = &name_scope {
        if nowrap.is_some() {
            errors.at(attr, "a method under `#[nowrap]` has no scope: drop this, or the `#[nowrap]`");
        } else if method.signature.receiver().is_none() {
            errors
                .at(attr, "`#[compact_name_scope]` goes on a method of the module: give this one a `&self`");
        }
    }
    if nowrap.is_some() || !enters(&mut method, errors) {
        BlockMember::Untouched(method.into_token_stream())
    } else if name_scope.is_some() {
        BlockMember::NameScope(method)
    } else {
        BlockMember::Entering(method)
    }
}

/// Removes the attribute of that name, which takes no options.
fn marked(method: &mut Function, name: &str, errors: &mut Errors) -> Option<Attribute> {
    let attr = attributes::take(&mut method.attrs, name);
    if let Some(attr) = &attr
        && !matches!(attr.meta, Meta::Path(_))
    {
        errors.at(&attr.meta, format_args!("`#[{name}]` takes no options: write `#[{name}]`"));
    }
    attr
}

/// True if the method enters the module's scope and can be expanded.
fn enters(method: &mut Function, errors: &mut Errors) -> bool {
    let signature = &mut method.signature;
    let Some(FnArg::Receiver(receiver)) = signature.inputs.first() else {
        if signature.ident == "call" {
            let inputs = &signature.inputs;
            errors.at(
                &signature.ident,
                format_args!("`call` has no receiver: write `fn call({})`", spelled(quote!(&self, #inputs))),
            );
        }
        return false;
    };
    if !is_shared(receiver) {
        errors.at(
            receiver,
            "a module's call takes `&self`: store state that changes between calls in a variable, `self.variable(..)`; \
             put a method that builds or consumes the module in a plain `impl` block or under `#[nowrap]`",
        );
        return false;
    }
    let mut expands = qualifiers(signature, errors);
    for argument in arguments(signature) {
        expands &= argument_name(&argument.pat, errors).is_some();
    }
    expands
}

/// True if the receiver is `&self` in any spelling.
fn is_shared(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_none(),
        ReceiverKind::Typed(_, ty) => match ungrouped(ty) {
            Type::Reference(ty) => {
                ty.mutability.is_none()
                    && matches!(ungrouped(&ty.elem), Type::Path(path) if path.path.is_ident("Self"))
            }
            _ => false,
        },
        _ => false,
    }
}
