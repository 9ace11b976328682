//! One argument of a call by name: a value whose type is known only at run time.

use std::any::{Any, TypeId, type_name};
use std::cell::OnceCell;
use std::fmt;

use metamlp_tensor::Tensor;

use super::number::Number;
use crate::variables::entry::Entry;

/// A value for a parameter of any type; made by [`args!`](crate::args).
///
/// Any `'static` value can be passed by reference, `&x`; numbers, `bool`s,
/// strings, tensors, vectors and options of these by value too. A number is
/// converted to the number type of the parameter if that is exact.
pub struct Argument<'a> {
    /// The name of the parameter; `None` for a positional argument.
    name: Option<String>,
    value: Value<'a>,
    /// The value converted to another type, once a parameter has asked for it.
    converted: OnceCell<Box<dyn Any>>,
}

enum Value<'a> {
    /// `None` for any option type.
    Absent,
    Loan(&'a dyn Any, &'static str),
    Owned(Box<dyn Any>, &'static str),
    Number(Number, &'static str),
    Text(&'a str),
}

impl<'a> Argument<'a> {
    fn new(value: Value<'a>) -> Self {
        Self { name: None, value, converted: OnceCell::new() }
    }

    fn owned<T: Any>(value: T) -> Self {
        Self::new(Value::Owned(Box::new(value), type_name::<T>()))
    }

    /// `None` for a parameter of any `Option`.
    #[must_use]
    pub fn none() -> Self {
        Self::new(Value::Absent)
    }

    /// Makes it a named argument.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self.value, Value::Absent)
    }

    /// The value, if it has that type or converts to it without loss.
    pub(super) fn get<T: Any>(&self) -> Option<&T> {
        self.any(TypeId::of::<T>())?.downcast_ref()
    }

    /// The elements, if it is a vector or an array of up to eight.
    pub(super) fn slice<T: Any>(&self) -> Option<&[T]> {
        if let Some(values) = self.get::<Vec<T>>() {
            return Some(values);
        }
        macro_rules! array {
            ($($len:literal)*) => { None$(.or_else(|| self.get::<[T; $len]>().map(<[T; $len]>::as_slice)))* };
        }
        array!(0 1 2 3 4 5 6 7 8)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => self.get::<String>().map(String::as_str).or_else(|| self.get::<&'static str>().copied()),
        }
    }

    fn any(&self, wanted: TypeId) -> Option<&dyn Any> {
        let value = match &self.value {
            Value::Loan(value, _) => Some(*value),
            Value::Owned(value, _) => Some(&**value),
            Value::Absent | Value::Number(..) | Value::Text(_) => None,
        };
        if let Some(value) = value.filter(|value| (**value).type_id() == wanted) {
            return Some(value);
        }
        let kept = match self.converted.get() {
            Some(kept) => kept,
            None => {
                let converted = self.convert(value, wanted)?;
                self.converted.get_or_init(|| converted)
            }
        };
        Some(&**kept)
    }

    fn convert(&self, value: Option<&dyn Any>, wanted: TypeId) -> Option<Box<dyn Any>> {
        match self.value {
            Value::Number(number, _) => return number.to(wanted),
            Value::Text(text) if wanted == TypeId::of::<String>() => return Some(Box::new(text.to_owned())),
            _ => {}
        }
        match value?.downcast_ref::<Entry>()? {
            Entry::Tensor(tensor) if wanted == TypeId::of::<Tensor>() => Some(Box::new(tensor.clone())),
            Entry::Tuple(entries) if wanted == TypeId::of::<Vec<Tensor>>() => {
                let tensors: Option<Vec<_>> =
                    entries.iter().map(|entry| entry.as_tensor().cloned()).collect();
                tensors.map(|tensors| Box::new(tensors) as _)
            }
            _ => None,
        }
    }

    /// The argument, borrowed.
    pub(super) fn reborrow(&self) -> Argument<'_> {
        let value = match &self.value {
            Value::Absent => Value::Absent,
            Value::Loan(value, ty) => Value::Loan(*value, ty),
            Value::Owned(value, ty) => Value::Loan(&**value, ty),
            Value::Number(number, ty) => Value::Number(*number, ty),
            Value::Text(text) => Value::Text(text),
        };
        Argument { name: self.name.clone(), ..Argument::new(value) }
    }

    /// The type's name without paths.
    pub(super) fn type_name(&self) -> String {
        match &self.value {
            Value::Absent => "None".to_owned(),
            Value::Text(_) => "&str".to_owned(),
            Value::Loan(_, ty) | Value::Owned(_, ty) | Value::Number(_, ty) => without_paths(ty),
        }
    }
}

/// A value that [`args!`](crate::args) takes: any that converts into an [`Argument`].
#[diagnostic::on_unimplemented(
    message = "a `{Self}` must be passed to a method by reference",
    label = "pass this by reference",
    note = "write `&value`; numbers, `bool`s, strings, tensors, vectors and options of these can be passed by value"
)]
pub trait IntoArgument<'a> {
    /// The argument.
    fn into_argument(self) -> Argument<'a>;
}

#[diagnostic::do_not_recommend]
impl<'a, T> IntoArgument<'a> for T
where
    Argument<'a>: From<T>,
{
    fn into_argument(self) -> Argument<'a> {
        self.into()
    }
}

/// `Option<Tensor>` for `core::option::Option<metamlp_tensor::node::Tensor>`.
fn without_paths(ty: &str) -> String {
    let mut short = String::new();
    for part in ty.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}

/// Any borrowed value.
impl<'a, T: Any> From<&'a T> for Argument<'a> {
    fn from(value: &'a T) -> Self {
        Self::new(Value::Loan(value, type_name::<T>()))
    }
}

impl<'a> From<&'a str> for Argument<'a> {
    fn from(text: &'a str) -> Self {
        Self::new(Value::Text(text))
    }
}

/// A copy of the elements.
impl<T: Any + Clone> From<&[T]> for Argument<'_> {
    fn from(values: &[T]) -> Self {
        Self::owned(values.to_vec())
    }
}

impl<T: Any> From<Vec<T>> for Argument<'_> {
    fn from(values: Vec<T>) -> Self {
        Self::owned(values)
    }
}

impl<T: Any, const N: usize> From<[T; N]> for Argument<'_> {
    fn from(values: [T; N]) -> Self {
        Self::owned(Vec::from(values))
    }
}

/// The inner value, or [`Argument::none`].
impl<'a, T: Into<Argument<'a>>> From<Option<T>> for Argument<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(Self::none, Into::into)
    }
}

macro_rules! from_owned {
    ($($ty:ty)*) => {$(
        impl From<$ty> for Argument<'_> {
            fn from(value: $ty) -> Self {
                Self::owned(value)
            }
        }
    )*};
}

/// A tensor as itself.
impl From<Entry> for Argument<'_> {
    fn from(entry: Entry) -> Self {
        match entry {
            Entry::Tensor(tensor) => tensor.into(),
            entry => Self::owned(entry),
        }
    }
}

from_owned!(Tensor String bool char metamlp_tensor::DType metamlp_tensor::random::Key);

macro_rules! from_number {
    ($($ty:ty as $kind:ident($number:ty))*) => {$(
        impl From<$ty> for Argument<'_> {
            fn from(value: $ty) -> Self {
                Self::new(Value::Number(Number::$kind(value as $number), stringify!($ty)))
            }
        }
    )*};
}

from_number! {
    i8 as Integer(i128) i16 as Integer(i128) i32 as Integer(i128) i64 as Integer(i128) isize as Integer(i128)
    u8 as Integer(i128) u16 as Integer(i128) u32 as Integer(i128) u64 as Integer(i128) usize as Integer(i128)
    f32 as Float(f64) f64 as Float(f64)
}

impl fmt::Debug for Argument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name}: {}", self.type_name()),
            None => f.write_str(&self.type_name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_without_their_paths() {
        for (long, short) in [
            ("core::option::Option<metamlp_tensor::node::Tensor>", "Option<Tensor>"),
            ("[alloc::string::String; 2]", "[String; 2]"),
            ("(usize, &str)", "(usize, &str)"),
        ] {
            assert_eq!(without_paths(long), short);
        }
    }
}
