//! The expansion of `#[derive(Tree)]`: a visit of the fields, and a copy with
//! other tensors.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Generics, Member};

use super::tokens;
use crate::model::{Runtime, TreePart, TreeShape, TreeType};
use crate::scan::mentions;

pub(crate) fn expand(tree: &TreeType) -> TokenStream {
    let TreeType { name, shape, runtime, .. } = tree;
    let generics = bounded(tree);
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let (visit, map) = match shape {
        TreeShape::Struct(parts) => (visit_fields(parts, runtime), map_fields(parts, runtime)),
        TreeShape::Enum(variants) => (visit_variants(variants, runtime), map_variants(variants, runtime)),
    };
    let (visitor, replace) =
        (argument("visitor", shape.is_visited()), argument("replace", shape.has_trees()));
    tokens! {
        #[automatically_derived]
        impl #impl_generics #runtime::Tree for #name #type_generics #where_clause {
            fn visit(&self, #visitor: &mut dyn #runtime::TreeVisitor) {
                #visit
            }

            fn map(&self, #replace: &mut dyn ::core::ops::FnMut(&#runtime::Tensor) -> #runtime::Tensor) -> Self {
                #map
            }
        }
    }
}

/// The name of an argument, with an underscore if it is unused.
fn argument(name: &str, used: bool) -> Ident {
    if used {
        Ident::new(name, Span::mixed_site())
    } else {
        format_ident!("_{name}", span = Span::mixed_site())
    }
}

fn visit_fields(parts: &[TreePart], runtime: &Runtime) -> TokenStream {
    parts.iter().map(|part| visit(part, &of_self(part), runtime)).collect()
}

fn map_fields(parts: &[TreePart], runtime: &Runtime) -> TokenStream {
    let fields = parts.iter().map(|part| map(part, &of_self(part), runtime));
    tokens!(Self { #(#fields)* })
}

/// The variant's name is static, then its fields follow.
fn visit_variants(variants: &[(Ident, Vec<TreePart>)], runtime: &Runtime) -> TokenStream {
    let arms = variants.iter().map(|(variant, parts)| {
        let pattern = pattern(variant, parts);
        let name = variant.unraw().to_string();
        let visits = parts.iter().map(|part| visit(part, &bound(part).into_token_stream(), runtime));
        tokens!(#pattern => { visitor.static_value(&#name); #(#visits)* })
    });
    matched(arms)
}

fn map_variants(variants: &[(Ident, Vec<TreePart>)], runtime: &Runtime) -> TokenStream {
    let arms = variants.iter().map(|(variant, parts)| {
        let pattern = pattern(variant, parts);
        let fields = parts.iter().map(|part| map(part, &bound(part).into_token_stream(), runtime));
        tokens!(#pattern => Self::#variant { #(#fields)* },)
    });
    matched(arms)
}

fn matched(arms: impl ExactSizeIterator<Item = TokenStream>) -> TokenStream {
    // For an enum without variants only `*self` can be matched without arms.
    let this = if arms.len() == 0 { tokens!(*self) } else { tokens!(self) };
    tokens!(match #this { #(#arms)* })
}

/// Visits one field, whose value is `value`.
fn visit(part: &TreePart, value: &TokenStream, runtime: &Runtime) -> TokenStream {
    let span = part.ty.span().resolved_at(Span::mixed_site());
    if part.is_static {
        return quote_spanned!(span=> {
            use #runtime::VisitStatic as _;
            (&#runtime::StaticField(#value)).visit(&mut |part| visitor.static_part(part));
        });
    }
    let segment = match &part.member {
        Member::Named(name) => {
            let name = name.unraw().to_string();
            tokens!(#runtime::Segment::Name(#name))
        }
        Member::Unnamed(index) => {
            let index = index.index as usize;
            tokens!(#runtime::Segment::Index(#index))
        }
    };
    quote_spanned!(span=> visitor.part(#segment, #value);)
}

/// One field of the copy, made from `value`.
fn map(part: &TreePart, value: &TokenStream, runtime: &Runtime) -> TokenStream {
    let span = part.ty.span().resolved_at(Span::mixed_site());
    let member = &part.member;
    if part.is_static {
        quote_spanned!(span=> #member: ::core::clone::Clone::clone(#value),)
    } else {
        quote_spanned!(span=> #member: #runtime::Tree::map(#value, replace),)
    }
}

fn of_self(part: &TreePart) -> TokenStream {
    let member = &part.member;
    let span = part.ty.span().resolved_at(Span::mixed_site());
    quote_spanned!(span=> &self.#member)
}

/// `Self::Variant { field: part_field, .. }`.
fn pattern(variant: &Ident, parts: &[TreePart]) -> TokenStream {
    let fields = parts.iter().map(|part| {
        let (member, bound) = (&part.member, bound(part));
        tokens!(#member: #bound)
    });
    tokens!(Self::#variant { #(#fields),* })
}

/// The variable of a variant's field in the match arm of the variant.
fn bound(part: &TreePart) -> Ident {
    match &part.member {
        Member::Named(name) => format_ident!("part_{}", name, span = Span::mixed_site()),
        Member::Unnamed(index) => format_ident!("part_{}", index.index, span = Span::mixed_site()),
    }
}

/// The generics, with `T: Tree` for each type parameter that non-static fields use.
fn bounded(tree: &TreeType) -> Generics {
    let mut generics = tree.generics.clone();
    let runtime = &tree.runtime;
    for param in generics.type_params_mut() {
        let name = param.ident.to_string();
        let held =
            tree.shape.parts().any(|part| !part.is_static && mentions(part.ty.to_token_stream(), &name));
        if held {
            param.bounds.push(syn::parse_quote!(#runtime::Tree));
        }
    }
    generics
}
