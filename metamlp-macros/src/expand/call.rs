//! The expansion of one method: describe its arguments to observers, run its
//! body in the module's scope with its own or with replaced arguments, report its output.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{Attribute, FnArg, GenericArgument, Pat, PatType, PathArguments, ReturnType, Signature, Type};

use super::tokens;
use crate::model::{Runtime, is_primitive, ungrouped};
use crate::parse::Function;
use crate::scan::{borrows, mentions, names_lifetime};

/// A method whose body runs in the module's scope, after `locals`. A type that is not a
/// module is reported once, at `module`, since the error is the same for every method.
pub(super) fn entering(
    method: &Function,
    locals: &TokenStream,
    module: Span,
    runtime: &Runtime,
) -> TokenStream {
    call(method, locals, &tokens!(run), module, runtime)
}

/// A method whose body runs in the scope of its own name, below the module's.
pub(super) fn entering_name_scope(method: &Function, module: Span, runtime: &Runtime) -> TokenStream {
    call(method, &TokenStream::new(), &tokens!(run_in_name_scope), module, runtime)
}

/// The method as a call; `run` is how the call runs the body.
fn call(
    method: &Function,
    locals: &TokenStream,
    run: &TokenStream,
    module: Span,
    runtime: &Runtime,
) -> TokenStream {
    let Function { attrs, vis, signature, body } = method;
    let name = signature.ident.unraw().to_string();
    let receiver = Ident::new("self", receiver_span(method).located_at(module));
    let mut signature = signature.clone();
    let arguments = arguments(&mut signature);
    let description = description(&arguments, runtime);
    let given: Vec<_> = arguments.iter().filter_map(|argument| argument.given(runtime)).collect();
    let given_name = if given.is_empty() { tokens!(_) } else { tokens!(given) };
    let output = closure_output(&signature.output);
    let seen = seen(&signature.output, runtime);
    // An error is reported with the line of the call.
    let tracked = attrs.iter().any(|attr| attr.path().is_ident("track_caller"));
    let track_caller = (!tracked).then(|| tokens!(#[track_caller]));
    // The lint would ask to remove the braces of a one-line body, which are the user's.
    let body = if given.is_empty() {
        body.to_token_stream()
    } else {
        tokens!({ #(#given)* #[allow(unused_braces)] #body })
    };
    tokens! {
        #(#attrs)*
        #track_caller
        #vis #signature {
            #locals
            #runtime::Call::new(#receiver, #name, #description)
                .#run(move |#given_name| #output #body, #seen)
        }
    }
}

/// The span of the `self` in the signature: a `self` with another span is another variable.
fn receiver_span(method: &Function) -> Span {
    match method.signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => receiver.self_token.span,
        _ => Span::mixed_site(),
    }
}

/// An argument that observers can see.
struct Argument {
    cfgs: Vec<Attribute>,
    name: Ident,
    /// True if the body changes the variable. If the body gets a variable of its
    /// own, the `mut` is moved there.
    mutable: bool,
    passing: Passing,
}

/// How an argument is passed.
enum Passing {
    /// A number, a flag or a string, which is reported as text.
    Value,
    /// An owned value; `replaceable` if observers may replace it.
    Owned { replaceable: bool },
    /// `&T` or `&[T]`.
    Loan { replaceable: bool },
    /// `Option<&T>`.
    OptionalLoan { replaceable: bool },
    /// `&mut T`, reported as it is before the call.
    MutableLoan,
}

/// The visible arguments. Removes `mut` from the signature where the body gets
/// a variable of its own.
fn arguments(signature: &mut Signature) -> Vec<Argument> {
    // An opaque output may borrow from any argument, and would outlive a replacement.
    let outlived = mentions(signature.output.to_token_stream(), "impl");
    let typed = signature.inputs.iter_mut().filter_map(|argument| match argument {
        FnArg::Typed(argument) => Some(argument),
        FnArg::Receiver(_) => None,
    });
    typed.filter_map(|argument| Argument::new(argument, outlived)).collect()
}

impl Argument {
    fn new(argument: &mut PatType, outlived: bool) -> Option<Self> {
        let passing = Passing::of(&argument.ty, outlived)?;
        let Pat::Ident(pattern) = &mut *argument.pat else { return None };
        if pattern.ident.to_string().starts_with('_') {
            return None;
        }
        let mutable = pattern.mutability.is_some();
        if passing.is_replaceable() {
            pattern.mutability = None;
        }
        let cfgs = argument.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect();
        Some(Self { cfgs, name: pattern.ident.clone(), mutable, passing })
    }

    fn label(&self) -> String {
        self.name.unraw().to_string()
    }

    /// The statement that describes the argument.
    fn described(&self, runtime: &Runtime) -> TokenStream {
        let Self { cfgs, name, passing, .. } = self;
        let label = self.label();
        let probe = |value: TokenStream| tokens!(inputs.add(#label, #runtime::Probe::new(#value).entry()););
        let statement = match passing {
            Passing::Value => tokens!(inputs.add_value(#label, &#name);),
            Passing::Loan { .. } => probe(name.to_token_stream()),
            Passing::MutableLoan => probe(tokens!(&*#name)),
            Passing::Owned { .. } | Passing::OptionalLoan { .. } => probe(tokens!(&#name)),
        };
        tokens!(#(#cfgs)* #statement)
    }

    /// The statements that replace the argument.
    fn given(&self, runtime: &Runtime) -> Option<TokenStream> {
        let Self { cfgs, name, mutable, passing } = self;
        if !passing.is_replaceable() {
            return None;
        }
        let label = self.label();
        let mutable = mutable.then(|| tokens!(mut));
        let probed = match passing {
            Passing::Loan { .. } => name.to_token_stream(),
            _ => tokens!(&#name),
        };
        if let Passing::Owned { .. } = passing {
            return Some(tokens! {
                #(#cfgs)*
                let #mutable #name = match #runtime::Probe::new(#probed).replaced(#label, given) {
                    ::core::option::Option::Some(replaced) => replaced,
                    ::core::option::Option::None => #name,
                };
            });
        }
        let place = Ident::new("place", Span::mixed_site());
        Some(tokens! {
            #(#cfgs)*
            let mut #place = #runtime::Probe::new(#probed).place();
            #(#cfgs)*
            let #mutable #name = #runtime::Probe::new(#probed).given(#label, given, #name, &mut #place);
        })
    }
}

impl Passing {
    /// `None` for an argument that cannot be seen. Dispatch on a trait ignores
    /// lifetimes, so other types that borrow are excluded by their syntax.
    fn of(ty: &Type, outlived: bool) -> Option<Self> {
        // An output with an argument's lifetime may be the argument itself.
        let replaceable = !outlived && !names_lifetime(ty.to_token_stream());
        match ungrouped(ty) {
            Type::Reference(loan) => match ungrouped(&loan.elem) {
                inner if is_str(inner) => Some(Self::Value),
                inner if borrows(inner.to_token_stream()) => None,
                _ if loan.mutability.is_some() => Some(Self::MutableLoan),
                _ => Some(Self::Loan { replaceable }),
            },
            Type::Path(path) if is_printed(&path.path) => Some(Self::Value),
            // Dispatch would treat it as an option of the static `str`, which is a tree.
            ty if loaned_option(ty).is_some_and(is_str) => None,
            ty if loaned_option(ty).is_some() => Some(Self::OptionalLoan { replaceable }),
            ty if borrows(ty.to_token_stream()) => None,
            _ => Some(Self::Owned { replaceable }),
        }
    }

    fn is_replaceable(&self) -> bool {
        match self {
            Self::Value | Self::MutableLoan => false,
            Self::Owned { replaceable } | Self::Loan { replaceable } | Self::OptionalLoan { replaceable } => {
                *replaceable
            }
        }
    }
}

/// True if the type's name is that of a primitive or of `String`.
fn is_printed(path: &syn::Path) -> bool {
    is_primitive(path) || path.is_ident("String")
}

fn is_str(ty: &Type) -> bool {
    matches!(ungrouped(ty), Type::Path(path) if path.path.is_ident("str"))
}

/// The `T` of an `Option<&T>`, if it does not borrow.
pub(super) fn loaned_option(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let mut arguments = arguments.args.iter();
    match (arguments.next(), arguments.next()) {
        (Some(GenericArgument::Type(ty)), None) => match ungrouped(ty) {
            Type::Reference(loan) if loan.mutability.is_some() => None,
            Type::Reference(loan) => Some(&*loan.elem).filter(|elem| !borrows(elem.to_token_stream())),
            _ => None,
        },
        _ => None,
    }
}

/// The closure that describes the arguments.
fn description(arguments: &[Argument], runtime: &Runtime) -> TokenStream {
    if arguments.is_empty() {
        return tokens!(|_| {});
    }
    let described = arguments.iter().map(|argument| argument.described(runtime));
    // If every argument has a `cfg`, `inputs` may be unused.
    let unused =
        arguments.iter().all(|argument| !argument.cfgs.is_empty()).then(|| tokens!(let _ = &inputs;));
    tokens!(|inputs| { #unused #(#described)* })
}

/// The output type of the closure; inferred for an `impl Trait`, which a closure cannot name.
fn closure_output(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => tokens!(-> ()),
        ReturnType::Type(_, ty) if mentions(ty.to_token_stream(), "impl") => TokenStream::new(),
        output => output.to_token_stream(),
    }
}

/// The closure that reports the output: the tensors of a tree or of a borrowed
/// tree, nothing for any other type.
fn seen(output: &ReturnType, runtime: &Runtime) -> TokenStream {
    let loan =
        |probed: TokenStream| tokens!(|output| #runtime::Seen::loan(#runtime::Probe::new(#probed).entry()));
    let nothing = tokens!(|_| #runtime::Seen::loan(::core::option::Option::None));
    let ReturnType::Type(_, ty) = output else { return nothing };
    match ungrouped(ty) {
        Type::Reference(loan) if borrows(loan.elem.to_token_stream()) => nothing,
        Type::Reference(reference) if reference.mutability.is_some() => loan(tokens!(&**output)),
        Type::Reference(_) => loan(tokens!(*output)),
        ty if borrows(ty.to_token_stream()) => nothing,
        _ => tokens!(|output| #runtime::Probe::new(output).output()),
    }
}
