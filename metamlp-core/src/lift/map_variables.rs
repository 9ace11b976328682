//! A module whose variables are a function of the stored ones.

use std::fmt;

use crate::module::Module;
use crate::scope::{Pack, View};
use crate::variables::Variables;
use crate::variables::filter::Filter;

/// Runs a module on variables that are a function of the stored ones (Flax's
/// `nn.map_variables`): weights that are masked, normalised, tied or quantised,
/// without a change to the module.
///
/// The module reads the result of [`trans_in`](MapVariables::trans_in) on its
/// variables in the mapped collections. If it may write there, the result of
/// [`trans_out`](MapVariables::trans_out) is stored.
///
/// ```
/// use metamlp::lift::map_variables;
/// use metamlp::prelude::*;
///
/// /// A layer whose output `i` depends on the inputs up to `i` only.
/// #[module]
/// struct CausalDense {
///     dense: Dense,
/// }
///
/// #[compact]
/// impl CausalDense {
///     fn call(&self, x: &Tensor) -> Tensor {
///         let n = x.shape()[x.rank() - 1];
///         let causal = make_causal_mask(&Tensor::ones([n], F32)).reshape([n, n]).t();
///         map_variables("params")
///             .trans_in(|variables| variables.map(&mut |kernel| kernel * &causal))
///             .init(self.is_initializing())
///             .run(&self.dense, |dense| dense.call(x))
///     }
/// }
///
/// let model = CausalDense::new(Dense::new(3).use_bias(false).kernel_init(initializers::ones()));
/// let x = Tensor::ones([1, 3], F32);
/// let (y, variables) = model.init_with_output(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(y.to_vec::<f32>()?, [1.0, 2.0, 3.0]);
/// assert_eq!(variables.to_string(), "params:\n  dense:\n    kernel: f32[3, 3]");
/// # Ok::<(), metamlp::Error>(())
/// ```
pub fn map_variables<'f>(mapped_collections: impl Into<Filter>) -> MapVariables<'f> {
    MapVariables {
        mapped_collections: mapped_collections.into(),
        trans_in: Box::new(|variables| variables),
        trans_out: Box::new(|variables| variables),
        init: false,
        mutable: false,
        rngs: true.into(),
        variables: true.into(),
    }
}

/// How variables are mapped; made by [`map_variables`].
#[must_use = "nothing is mapped until a module is run"]
pub struct MapVariables<'f> {
    mapped_collections: Filter,
    trans_in: Box<Transformation<'f>>,
    trans_out: Box<Transformation<'f>>,
    init: bool,
    mutable: bool,
    rngs: Filter,
    variables: Filter,
}

type Transformation<'f> = dyn Fn(Variables) -> Variables + 'f;

impl<'f> MapVariables<'f> {
    /// Maps the stored variables to the variables that the module reads; the identity by
    /// default. Paths begin at the module.
    pub fn trans_in(mut self, trans_in: impl Fn(Variables) -> Variables + 'f) -> Self {
        self.trans_in = Box::new(trans_in);
        self
    }

    /// Maps the variables that the module has written to the stored variables; the
    /// identity by default, so that `init` returns mapped values.
    pub fn trans_out(mut self, trans_out: impl Fn(Variables) -> Variables + 'f) -> Self {
        self.trans_out = Box::new(trans_out);
        self
    }

    /// Runs the module once on its own variables first, to create the missing
    /// ones. Usually `self.is_initializing()`; `false` by default.
    pub fn init(mut self, init: bool) -> Self {
        self.init = init;
        self
    }

    /// Lets the module write the mapped collections, if they are mutable. `false` by default.
    pub fn mutable(mut self, mutable: bool) -> Self {
        self.mutable = mutable;
        self
    }

    /// The random streams that the module sees; all by default.
    pub fn rngs(mut self, rngs: impl Into<Filter>) -> Self {
        self.rngs = rngs.into();
        self
    }

    /// The collections that the module sees besides the mapped ones; all by default.
    pub fn variables(mut self, variables: impl Into<Filter>) -> Self {
        self.variables = variables.into();
        self
    }

    /// Runs `f`, which calls the module's methods, or makes modules if `module`
    /// is the running one (`self`).
    ///
    /// `f` runs twice if [`init`](MapVariables::init) is set and a collection is
    /// mutable. Modules in fields of `module` that are named elsewhere are mapped
    /// there, by another call of the functions. Do not run it on one module from
    /// several threads at the same time.
    #[track_caller]
    pub fn run<M: Module + ?Sized, R>(&self, module: &M, f: impl Fn(&M) -> R) -> R {
        let Some(pack) = Pack::of(module) else { return f(module) };
        let own = self.mapped_collections.union(&self.variables);
        let is_written = self.init || self.mutable;
        let mutable =
            if is_written { own.clone() } else { self.variables.difference(&self.mapped_collections) };
        let view = View { mutable, rngs: self.rngs.clone() };
        let mut seen: Vec<Variables> =
            pack.variables().into_iter().map(|variables| only(variables, &own)).collect();

        if self.init && pack.is_mutable() {
            let (_, made) = pack.rehearse(|| pack.run(seen.clone(), &view, || f(module)));
            for (seen, made) in seen.iter_mut().zip(made) {
                let made = self.mapped(only(made, &self.mapped_collections), &*self.trans_out);
                *seen = std::mem::take(seen).updated(made);
            }
        }
        let seen = seen.into_iter().map(|variables| self.mapped(variables, &*self.trans_in)).collect();
        let (output, mut written) = pack.run(seen, &view, || f(module));
        if is_written {
            written = written.into_iter().map(|variables| self.mapped(variables, &*self.trans_out)).collect();
        }
        pack.publish(written);
        output
    }

    /// The variables with those of the mapped collections replaced.
    fn mapped(&self, variables: Variables, transformation: &Transformation<'_>) -> Variables {
        let (mapped, others): (Variables, Variables) = {
            let mapped = only(variables.clone(), &self.mapped_collections);
            (mapped, only(variables, &self.mapped_collections.complement()))
        };
        if mapped.is_empty() { others } else { others.updated(transformation(mapped)) }
    }
}

/// The collections that a filter contains.
fn only(variables: Variables, filter: &Filter) -> Variables {
    variables.into_iter().filter(|(name, _)| filter.contains(name)).collect()
}

/// The filters and flags.
impl fmt::Debug for MapVariables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mapped_collections, init, mutable, rngs, variables, .. } = self;
        f.debug_struct("MapVariables")
            .field("mapped_collections", mapped_collections)
            .field("init", init)
            .field("mutable", mutable)
            .field("rngs", rngs)
            .field("variables", variables)
            .finish_non_exhaustive()
    }
}
