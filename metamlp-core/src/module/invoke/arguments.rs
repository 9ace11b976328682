//! The arguments of a call by name, positional or named.

use std::any::Any;
use std::fmt;

use metamlp_tensor::Tensor;

use super::Argument;
use crate::variables::entry::Entry;

/// The arguments that [`Module::invoke`](crate::Module::invoke) passes to a method;
/// made by [`args!`](crate::args).
#[derive(Default)]
pub struct Arguments<'a>(Vec<Argument<'a>>);

impl<'a> Arguments<'a> {
    pub(super) fn iter(&self) -> std::slice::Iter<'_, Argument<'a>> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The tensors, if all arguments are unnamed tensors.
    pub(crate) fn tensors(&self) -> Option<Vec<Tensor>> {
        let unnamed = self.iter().filter(|argument| argument.name().is_none());
        let tensors: Vec<_> = unnamed.filter_map(|argument| argument.get().cloned()).collect();
        (tensors.len() == self.len()).then_some(tensors)
    }

    /// The value, if there is exactly one argument, unnamed and of that type.
    pub(crate) fn only<T: Any>(&self) -> Option<&T> {
        match self.0.as_slice() {
            [only] if only.name().is_none() => only.get(),
            _ => None,
        }
    }
}

impl<'a, const N: usize> From<[Argument<'a>; N]> for Arguments<'a> {
    fn from(arguments: [Argument<'a>; N]) -> Self {
        Self(arguments.into())
    }
}

impl<'a, A: Into<Argument<'a>>> FromIterator<A> for Arguments<'a> {
    fn from_iter<I: IntoIterator<Item = A>>(arguments: I) -> Self {
        Self(arguments.into_iter().map(Into::into).collect())
    }
}

/// A method's output as the arguments of another: a tuple's values in order, a
/// map's by their names, a tensor by itself.
impl From<Entry> for Arguments<'_> {
    fn from(output: Entry) -> Self {
        match output {
            Entry::Tensor(tensor) => Self(vec![tensor.into()]),
            Entry::Tuple(entries) => entries.iter().cloned().collect(),
            Entry::Map(map) => {
                Self(map.iter().map(|(name, entry)| Argument::from(entry.clone()).named(name)).collect())
            }
        }
    }
}

/// Their types: `(Tensor, train: bool)`.
impl fmt::Debug for Arguments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("");
        for argument in &self.0 {
            tuple.field(argument);
        }
        tuple.finish()
    }
}

/// The arguments for [`Module::invoke`](crate::Module::invoke): values in the
/// order of the parameters, then named ones as `name = value`.
///
/// Pass a value of any `'static` type by reference, `&x`. Numbers, `bool`s,
/// strings, tensors, vectors, `None`, `Some(..)` and references are passed as they are.
///
/// ```
/// use metamlp::prelude::*;
///
/// #[module]
/// struct Scale {}
///
/// #[compact]
/// impl Scale {
///     fn call(&self, x: &Tensor, by: f32, shift: Option<&Tensor>) -> Tensor {
///         let y = x * f64::from(by);
///         shift.map_or(y.clone(), |shift| y + shift)
///     }
/// }
///
/// let x = Tensor::ones([2], F32);
/// let scale = Scale::new();
/// for (arguments, expected) in [(args![&x, 3, None], 3.0), (args![&x, shift = &x, by = 0.5], 1.5)] {
///     let y = scale.apply(&Variables::new(), (), |m| m.invoke("call", arguments))?;
///     assert_eq!(y.as_tensor().unwrap().to_vec::<f32>()?, [expected; 2]);
/// }
/// # Ok::<(), metamlp::Error>(())
/// ```
#[macro_export]
macro_rules! args {
    (@ [$($done:expr,)*]) => {
        <$crate::invoke::Arguments as ::core::convert::From<[$crate::invoke::Argument; _]>>::from([$($done),*])
    };
    (@ [$($done:expr,)*] None $(, $($rest:tt)*)?) => {
        $crate::args!(@ [$($done,)* $crate::invoke::Argument::none(),] $($($rest)*)?)
    };
    (@ [$($done:expr,)*] $name:ident = None $(, $($rest:tt)*)?) => {
        $crate::args!(@ [
            $($done,)*
            $crate::invoke::Argument::none().named(::core::stringify!($name)),
        ] $($($rest)*)?)
    };
    (@ [$($done:expr,)*] $name:ident = $value:expr $(, $($rest:tt)*)?) => {
        $crate::args!(@ [
            $($done,)*
            $crate::__private::IntoArgument::into_argument($value).named(::core::stringify!($name)),
        ] $($($rest)*)?)
    };
    (@ [$($done:expr,)*] $value:expr $(, $($rest:tt)*)?) => {
        $crate::args!(@ [$($done,)* $crate::__private::IntoArgument::into_argument($value),] $($($rest)*)?)
    };
    ($($arguments:tt)*) => { $crate::args!(@ [] $($arguments)*) };
}
