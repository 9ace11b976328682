//! The expansion of `#[module]`: the struct with its handle, constructor and
//! setters, and the traits of a module.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::docs::{argument_docs, default_doc};
use super::tokens;
use crate::check::HANDLE;
use crate::model::{Field, Module};

pub(crate) fn expand(module: &Module) -> TokenStream {
    [definition(module), constructors(module), default(module), clone(module), debug(module), runtime(module)]
        .into_iter()
        .collect()
}

fn handle() -> Ident {
    Ident::new(HANDLE, Span::mixed_site())
}

/// The struct, with the handle at its end.
fn definition(module: &Module) -> TokenStream {
    let Module { attrs, vis, name, fields, function, runtime } = module;
    let handle = handle();
    let fields = fields.iter().map(|field| {
        let Field { attrs, vis, name, ty, .. } = field;
        // A public field needs docs, and the argument of a function may have none.
        let doc = function.as_ref().filter(|_| field.docs().next().is_none()).map(|function| {
            let doc = format!(" The argument `{name}` of `{function}`.");
            tokens!(#[doc = #doc])
        });
        tokens!(#(#attrs)* #doc #vis #name: #ty,)
    });
    tokens! {
        #(#attrs)*
        #vis struct #name {
            #(#fields)*
            #[doc(hidden)]
            #handle: #runtime::Handle,
        }
    }
}

/// Silences the lint on `new` if it has many arguments.
pub(super) fn many_arguments(module: &Module) -> Option<TokenStream> {
    (module.required().count() > 7).then(|| tokens!(#[allow(clippy::too_many_arguments)]))
}

/// `new`, `named` and the setters.
fn constructors(module: &Module) -> TokenStream {
    let Module { vis, name, fields, .. } = module;
    let handle = handle();
    let new = new(module);
    let setters = fields.iter().filter(|field| field.setter).map(|field| setter(module, field));
    let allows = module.allows();
    tokens! {
        #(#allows)*
        impl #name {
            #new
            #(#setters)*
            /// Gives the module a name of its own, in place of the automatic one.
            #[must_use]
            #vis fn named(mut self, name: impl ::core::convert::Into<::std::string::String>) -> Self {
                self.#handle.rename(name);
                self
            }
        }
    }
}

fn new(module: &Module) -> TokenStream {
    let Module { vis, fields, runtime, .. } = module;
    let handle = handle();
    let class = module.class();
    let title = if fields.iter().any(|field| field.default.is_some()) {
        format!(" `{class}` with everything else at its default.")
    } else {
        format!(" A new `{class}`.")
    };
    let arguments_docs = argument_docs(module.required().map(|field| (&field.name, field.docs())));
    let arguments = module.required().map(|field| {
        let (name, ty) = (&field.name, field.argument());
        let cfgs = field.cfgs();
        tokens!(#(#cfgs)* #name: #ty)
    });
    let converted = module.required().filter(|field| field.into).map(|field| {
        let Field { name, ty, .. } = field;
        let cfgs = field.cfgs();
        tokens!(#(#cfgs)* let #name: #ty = ::core::convert::Into::into(#name);)
    });
    // The defaults come first: they may use the arguments, which are moved afterwards.
    let defaults = fields.iter().filter_map(|field| {
        let (name, default) = (&field.name, field.default.as_ref()?);
        let cfgs = field.cfgs();
        Some(tokens!(#(#cfgs)* #name: #default,))
    });
    let given = module.required().map(|field| {
        let name = &field.name;
        let cfgs = field.cfgs();
        tokens!(#(#cfgs)* #name,)
    });
    let many_arguments = many_arguments(module);
    tokens! {
        #[doc = #title]
        #arguments_docs
        #many_arguments
        #[must_use]
        #[track_caller]
        #vis fn new(#(#arguments),*) -> Self {
            #(#converted)*
            Self {
                #(#defaults)*
                #(#given)*
                #handle: #runtime::Handle::new(#class),
            }
        }
    }
}

fn setter(module: &Module, field: &Field) -> TokenStream {
    let (vis, name) = (&module.vis, &field.name);
    let cfgs = field.cfgs();
    let mut docs: Vec<_> = field.docs().map(ToTokens::to_token_stream).collect();
    if docs.is_empty() {
        let doc = format!(" Sets `{name}`.");
        docs.push(tokens!(#[doc = #doc]));
    }
    docs.extend(field.default.as_ref().map(default_doc));
    let argument = field.setter_argument();
    let value =
        if field.setter_converts() { tokens!(::core::convert::Into::into(#name)) } else { tokens!(#name) };
    tokens! {
        #(#cfgs)*
        #(#docs)*
        #[must_use]
        #vis fn #name(mut self, #name: #argument) -> Self {
            self.#name = #value;
            self
        }
    }
}

/// `Default`, if `new` takes no arguments.
fn default(module: &Module) -> TokenStream {
    if module.required().next().is_some() {
        return TokenStream::new();
    }
    let name = &module.name;
    let allows = module.allows();
    tokens! {
        #(#allows)*
        impl ::core::default::Default for #name {
            #[track_caller]
            fn default() -> Self {
                Self::new()
            }
        }
    }
}

/// `Clone`, field by field: the clone of the handle is a new identity.
fn clone(module: &Module) -> TokenStream {
    let Module { name, fields, .. } = module;
    let handle = handle();
    let allows = module.allows();
    let fields = fields.iter().map(|field| {
        let name = &field.name;
        let cfgs = field.cfgs();
        let clone = quote_spanned!(type_span(field)=> ::core::clone::Clone::clone(&self.#name));
        tokens!(#(#cfgs)* #name: #clone,)
    });
    tokens! {
        #(#allows)*
        #[automatically_derived]
        impl ::core::clone::Clone for #name {
            fn clone(&self) -> Self {
                Self {
                    #(#fields)*
                    #handle: ::core::clone::Clone::clone(&self.#handle),
                }
            }
        }
    }
}

/// `Debug`, without the handle.
fn debug(module: &Module) -> TokenStream {
    let Module { name, fields, .. } = module;
    let class = module.class();
    let allows = module.allows();
    let fields = fields.iter().map(|field| {
        let name = &field.name;
        let cfgs = field.cfgs();
        let label = name.unraw().to_string();
        let value = quote_spanned!(type_span(field)=> &self.#name);
        tokens!(#(#cfgs)* debug.field(#label, #value);)
    });
    tokens! {
        #(#allows)*
        #[automatically_derived]
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut debug = formatter.debug_struct(#class);
                #(#fields)*
                debug.finish()
            }
        }
    }
}

/// `Module`: the handle, and the modules in the fields.
fn runtime(module: &Module) -> TokenStream {
    let Module { name, fields, runtime, .. } = module;
    let handle = handle();
    let allows = module.allows();
    let visits = fields.iter().map(|field| {
        let name = &field.name;
        let cfgs = field.cfgs();
        let label = name.unraw().to_string();
        tokens!(#(#cfgs)* #runtime::Probe::new(&self.#name).submodules(#label, visit);)
    });
    // If every field has a `cfg`, `visit` may be unused.
    let unused =
        fields.iter().all(|field| field.cfgs().next().is_some()).then(|| tokens!(#[allow(unused_variables)]));
    tokens! {
        #(#allows)*
        impl #runtime::Module for #name {
            fn handle(&self) -> &#runtime::Handle {
                &self.#handle
            }

            #unused
            fn submodules(&self, visit: &mut #runtime::Visit<'_>) {
                #(#visits)*
            }

            fn as_methods(&self) -> ::core::option::Option<&dyn #runtime::Methods> {
                #runtime::Probe::new(self).methods()
            }
        }
    }
}

/// The span of a field's type, for errors about the type.
fn type_span(field: &Field) -> Span {
    field.ty.span().resolved_at(Span::mixed_site())
}
