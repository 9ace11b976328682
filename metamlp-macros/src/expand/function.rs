//! The expansion of `#[compact]` on a function: the module with its fields, its
//! body as the method `call`, and a function that makes the module.

use proc_macro2::{Span, TokenStream};
use syn::Ident;

use super::docs::argument_docs;
use super::module::many_arguments;
use super::{call as calls, methods, module, tokens};
use crate::model::{Field, FunctionModule};

pub(crate) fn expand(function: &FunctionModule) -> TokenStream {
    [module::expand(&function.module), call(function), constructor(function)].into_iter().collect()
}

/// The function as a method, in which each field is a variable of its name.
fn call(function: &FunctionModule) -> TokenStream {
    let FunctionModule { module, call, input_docs, locals, .. } = function;
    let (name, runtime) = (&module.name, &module.runtime);
    let receiver = tokens!(&self);
    let mut call = call.clone();
    call.signature.ident = Ident::new("call", call.signature.ident.span().resolved_at(Span::mixed_site()));
    call.signature.inputs.insert(0, syn::parse_quote!(#receiver));
    let locals = module.fields.iter().zip(locals).map(|(field, local)| {
        let Field { name, ty, .. } = field;
        let cfgs = field.cfgs();
        tokens!(#(#cfgs)* let #local: #ty = #runtime::field(&self.#name);)
    });
    let method = calls::entering(&call, &locals.collect(), name.span(), runtime);
    let allows: Vec<_> = module.allows().cloned().collect();
    let table = methods::table(name, &allows, &[&call], runtime);
    let docs = argument_docs(input_docs.iter().map(|(name, docs)| (name, docs.iter())));
    tokens! {
        impl #name {
            /// Runs the module, inside `init` or `apply`.
            #docs
            #method
        }
        #table
    }
}

/// The function `mlp(hidden)`, which calls `Mlp::new(hidden)`.
fn constructor(function: &FunctionModule) -> TokenStream {
    let FunctionModule { module, call, .. } = function;
    let (vis, name, function) = (&module.vis, &module.name, &call.signature.ident);
    let arguments = module.required().map(|field| {
        let Field { name, ty, .. } = field;
        let cfgs = field.cfgs();
        tokens!(#(#cfgs)* #name: #ty)
    });
    let given = module.required().map(|field| {
        let name = &field.name;
        let cfgs = field.cfgs();
        tokens!(#(#cfgs)* #name)
    });
    let doc = format!(" The same as `{name}::new`.");
    let (allows, many_arguments) = (module.allows(), many_arguments(module));
    tokens! {
        #(#allows)*
        #[doc = #doc]
        #many_arguments
        #[must_use]
        #[track_caller]
        #vis fn #function(#(#arguments),*) -> #name {
            #name::new(#(#given),*)
        }
    }
}
