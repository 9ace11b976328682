//! The generated code meets the strictest lints; `cargo clippy` on this file is the test.

#![deny(warnings, clippy::all, clippy::pedantic, missing_docs, missing_debug_implementations)]
#![deny(unused_qualifications, unused_lifetimes, single_use_lifetimes, trivial_casts)]

use metamlp::prelude::*;

/// A module with everything that a lint might ask about.
#[module]
#[allow(clippy::struct_excessive_bools)]
pub struct Strict {
    first: bool,
    second: bool,
    third: bool,
    fourth: bool,
    fifth: usize,
    sixth: String,
    seventh: Vec<usize>,
    eighth: Option<f64>,
    #[default(true)]
    is_causal: bool,
    #[default(1)]
    to_width: usize,
    #[default(1)]
    into_width: usize,
    #[default(0)]
    add: usize,
    #[default(0)]
    not: usize,
    #[default(String::new())]
    unused: String,
}

/// Without arguments, `new` has a `Default` beside it.
#[module]
pub struct Simple {}

#[compact]
impl Simple {
    /// Whatever came.
    #[must_use]
    pub fn call(&self, x: &Tensor) -> Tensor {
        self.twice(x);
        self.nothing();
        x.clone()
    }

    fn twice(&self, x: &Tensor) -> Tensor {
        self.once(x)
    }

    fn once(&self, x: &Tensor) -> Tensor {
        x * 1.0
    }

    fn nothing(&self) {}
}

/// Bodies on one line.
#[module]
pub struct Terse {}

#[compact]
#[rustfmt::skip]
impl Terse {
    /// Whatever came.
    #[must_use]
    pub fn call(&self, x: &Tensor) -> Tensor { x.clone() }

    /// Nothing.
    pub fn nothing(&self, _x: &Tensor) {}
}

/// A module whose methods take everything that a parameter can be.
#[module]
pub struct Parameters {
    /// What a chain begins with.
    inner: Option<Simple>,
}

#[compact]
impl Parameters {
    /// Loans, copies and options.
    #[must_use]
    pub fn call(&self, x: &Tensor, width: usize, scale: Option<f64>, other: Option<&Tensor>) -> Tensor {
        let scale = scale.unwrap_or_default();
        let y = x * scale;
        if width > 1 { other.map_or(y.clone(), |other| y + other) } else { y }
    }

    /// Slices, text, what is fixed, and what the body changes.
    #[must_use]
    pub fn texts(
        &self,
        parts: &[Tensor],
        name: &str,
        fixed: &'static str,
        mut owned: Vec<Tensor>,
    ) -> Vec<Tensor> {
        owned.extend(parts.iter().filter(|_| name == fixed).cloned());
        owned
    }

    /// What goes by no name.
    pub fn hindered<T: Tree>(&self, values: &mut Vec<f64>, f: impl Fn(f64) -> f64, x: T) -> T {
        values.push(f(1.0));
        x
    }

    /// Left alone one day.
    #[deprecated = "call `call`"]
    #[must_use]
    pub fn former(&self, x: &Tensor) -> Tensor {
        x.clone()
    }

    #[cfg(any())]
    fn absent(&self, x: &Absent) {}

    fn conditional<'a>(&self, #[cfg(any())] absent: &Absent, #[cfg(not(any()))] x: &'a Tensor) -> &'a Tensor {
        assert!(self.inner.is_none());
        x
    }
}

/// A function.
#[compact]
#[must_use]
pub fn network(
    x: &Tensor,
    /// Used.
    #[field]
    width: usize,
    #[field] a: bool,
    #[field] b: bool,
    #[field] c: bool,
    #[field] d: bool,
    #[field(default = true)] is_deep: bool,
    #[field(default = String::new())] label: String,
) -> Tensor {
    const LIMIT: usize = 3;
    if width < LIMIT && a && b && c && d && is_deep && label.is_empty() {
        x.clone()
    } else {
        Tensor::zeros([3], F32)
    }
}

/// Data.
#[derive(Clone, Debug, Tree)]
pub struct Batch {
    /// Of tensors.
    pub x: Tensor,
    #[tree(static)]
    seed: u64,
}

/// Data of two kinds.
#[derive(Clone, Debug, Tree)]
pub enum Choice {
    /// Nothing.
    Nothing,
    /// Something.
    Something(Tensor, #[tree(static)] String),
}

mod private {
    use metamlp::{compact, module};

    #[module]
    struct Unused {
        #[default(1)]
        width: usize,
    }

    #[compact]
    impl Unused {
        fn call(&self) {}
    }
}

#[test]
fn runs() {
    let x = Tensor::ones([3], F32);
    assert_eq!(Simple::new().call(&x).shape(), [3]);
    assert_eq!(network(1, true, true, true, true).call(&x).shape(), [3]);
    let parameters = Parameters::new(None);
    assert_eq!(parameters.invoke("call", args![&x, 2, 0.5, other = None]).into_tensor().shape(), [3]);
    assert_eq!(parameters.invoke("conditional", args![x = &x]).into_tensor().shape(), [3]);
    let parts = parameters.invoke("texts", args![vec![x.clone()], "a", &"a", [x]]);
    assert_eq!(parts.as_tuple().map(<[Entry]>::len), Some(2));
}
