//! The grammar: options, helper attributes, and functions whose bodies stay
//! unparsed tokens. The rules are in `check`.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{Attribute, Generics, Ident, ImplItem, LitStr, Path, Result, Signature, Token, Type, Visibility};

use crate::errors::Errors;

/// An item under `#[compact]`.
pub(crate) enum CompactItem {
    Block(Box<ImplBlock>),
    Function(Box<Function>),
    /// Anything else, by its keyword.
    Other(Ident),
}

/// An `impl` block.
pub(crate) struct ImplBlock {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) impl_token: Token![impl],
    pub(crate) generics: Generics,
    /// The trait of `impl Trait for ..`.
    pub(crate) for_trait: Option<Type>,
    pub(crate) self_type: Type,
    pub(crate) members: Vec<Member>,
}

/// One item of an `impl` block.
pub(crate) enum Member {
    Function(Box<Function>),
    Other(TokenStream),
}

/// A function or method with its unparsed body.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Group,
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attrs, vis, signature, body } = self;
        tokens.extend(quote!(#(#attrs)* #vis #signature #body));
    }
}

impl Parse for CompactItem {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let ahead = input.fork();
        ahead.call(Attribute::parse_outer)?;
        ahead.parse::<Visibility>()?;
        if starts_function(&ahead) {
            return input.parse().map(|function| Self::Function(Box::new(function)));
        }
        ahead.parse::<Option<Token![unsafe]>>()?;
        if ahead.peek(Token![impl]) {
            return input.parse().map(|block| Self::Block(Box::new(block)));
        }
        let keyword = ahead.call(Ident::parse_any)?;
        input.parse::<TokenStream>()?;
        Ok(Self::Other(keyword))
    }
}

impl Parse for ImplBlock {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        input.parse::<Option<Token![unsafe]>>()?;
        let impl_token = input.parse()?;
        let mut generics = if input.peek(Token![<]) { input.parse()? } else { Generics::default() };
        let mut self_type: Type = input.parse()?;
        let mut for_trait = None;
        if input.parse::<Option<Token![for]>>()?.is_some() {
            for_trait = Some(std::mem::replace(&mut self_type, input.parse()?));
        }
        generics.where_clause = input.parse()?;

        let content;
        syn::braced!(content in input);
        attrs.extend(content.call(Attribute::parse_inner)?);
        let mut members = Vec::new();
        while !content.is_empty() {
            members.push(content.parse()?);
        }
        Ok(Self { attrs, impl_token, generics, for_trait, self_type, members })
    }
}

impl Parse for Member {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let ahead = input.fork();
        ahead.call(Attribute::parse_outer)?;
        ahead.parse::<Visibility>()?;
        if starts_function(&ahead) {
            input.parse().map(|function| Self::Function(Box::new(function)))
        } else {
            let item: ImplItem = input.parse()?;
            Ok(Self::Other(item.into_token_stream()))
        }
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let signature = input.parse()?;
        let body: Group = input.parse()?;
        // The block of a closure cannot have inner attributes: move them to the function.
        let (inner, rest) = split_inner_attributes.parse2(body.stream())?;
        if inner.is_empty() {
            return Ok(Self { attrs, vis, signature, body });
        }
        attrs.extend(inner.into_iter().map(|attr| Attribute { style: syn::AttrStyle::Outer, ..attr }));
        let mut stripped = Group::new(body.delimiter(), rest);
        stripped.set_span(body.span());
        Ok(Self { attrs, vis, signature, body: stripped })
    }
}

fn split_inner_attributes(input: ParseStream<'_>) -> Result<(Vec<Attribute>, TokenStream)> {
    Ok((input.call(Attribute::parse_inner)?, input.parse()?))
}

/// True if the signature of a function follows, with any qualifiers.
fn starts_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    let qualified = || -> Result<()> {
        ahead.parse::<Option<Token![const]>>()?;
        ahead.parse::<Option<Token![async]>>()?;
        ahead.parse::<Option<Token![unsafe]>>()?;
        if ahead.parse::<Option<Token![extern]>>()?.is_some() {
            ahead.parse::<Option<LitStr>>()?;
        }
        Ok(())
    };
    qualified().is_ok() && ahead.peek(Token![fn])
}

/// Reads the `key, key = ..` of the attribute called `of`; `known` names its
/// options in messages. `accept` gets each key, parses its value, and returns
/// false for an unknown key. An error in one entry does not hide errors in the next.
pub(crate) fn entries(
    tokens: TokenStream,
    (of, known): (&str, &str),
    errors: &mut Errors,
    mut accept: impl FnMut(&Ident, ParseStream<'_>) -> Result<bool>,
) {
    let mut entry = |input: ParseStream<'_>| {
        let Ok(key) = input.call(Ident::parse_any) else {
            return Err(input.error(format_args!("this is not an option: `#[{of}]` takes {known}")));
        };
        if !accept(&key, input)? {
            let message = format_args!("unknown option `{key}`: `#[{of}]` takes {known}");
            return Err(syn::Error::new_spanned(&key, message));
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        Ok(())
    };
    let all = |input: ParseStream<'_>| {
        while !input.is_empty() {
            if let Err(error) = entry(input) {
                errors.push(error);
                skip_entry(input);
            }
        }
        Ok(())
    };
    // The errors have been collected already.
    let _: Result<()> = all.parse2(tokens);
}

fn skip_entry(input: ParseStream<'_>) {
    while let Ok(token) = input.parse::<TokenTree>() {
        if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',') {
            return;
        }
    }
}

/// Reads `crate = path`, the only option of the attribute called `of`.
pub(crate) fn crate_option(tokens: TokenStream, of: &str, errors: &mut Errors) -> Option<Path> {
    let mut krate = None;
    entries(tokens, (of, "`crate = path`"), errors, |key, input| {
        if key != "crate" {
            return Ok(false);
        }
        krate = Some(crate_path(input)?);
        Ok(true)
    });
    krate
}

/// Reads the `= path` after `crate`.
pub(crate) fn crate_path(input: ParseStream<'_>) -> Result<Path> {
    input.parse::<Token![=]>()?;
    input.call(Path::parse_mod_style).map_err(|error| {
        syn::Error::new(error.span(), "a crate is named by its path, without quotes: write `crate = metamlp`")
    })
}

impl ImplBlock {
    /// The tokens before the braces: `impl Foo`.
    pub(crate) fn head(&self) -> TokenStream {
        let Self { attrs, impl_token, self_type, .. } = self;
        quote!(#(#attrs)* #impl_token #self_type)
    }
}
