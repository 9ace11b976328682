//! Layers one after the other. Knows of a layer only that it can be called.

use std::panic::Location;

use metamlp_macros::module;
use metamlp_tensor::{Source, Tensor, Tree};

use super::layer::{Chained, Layer};
use crate::__private::Probe;
use crate::argument::poisoned;
use crate::error::Error;
use crate::module::Module;
use crate::module::invoke::{Arguments, BoundArguments, Invoked, Method, Methods};
use crate::scope::{Call, Scope};
use crate::variables::entry::Entry;

/// A chain of layers, each applied to the output of the one before (Flax's `Sequential`).
///
/// What a module returns are the next one's arguments: a tuple's values in
/// order, the fields of a struct or a map's values by name. A module in a chain
/// of its own, or in one that is a field, is called `layers_0`, `layers_1` ..,
/// where functions count as well; one that is made in a method of another
/// module is that module's, and gets its name there.
///
/// ```
/// use metamlp::prelude::*;
/// let model = Sequential::new().then(Dense::new(4)).then_fn(relu).then(Dense::new(2));
/// let x = Tensor::ones([3, 5], F32);
/// let variables = model.init(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(variables.params().names().collect::<Vec<_>>(), ["layers_0", "layers_2"]);
/// assert_eq!(model.apply(&variables, (), |m| m.call(&x))?.shape(), [3, 2]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct Sequential {
    /// The layers, in order.
    #[default(Vec::new())]
    layers: Vec<Layer>,
}

impl Sequential {
    /// The same with one more layer: a module, which is called by its method `call`.
    #[must_use]
    pub fn then(mut self, layer: impl Chained + 'static) -> Self {
        self.layers.push(layer.into());
        self
    }

    /// The same with one more layer: a function of one tensor. It may make
    /// modules, which are then the chain's own (`Dense_0`).
    #[must_use]
    pub fn then_fn<R: Tree>(mut self, f: impl Fn(&Tensor) -> R + Send + Sync + 'static) -> Self {
        self.layers.push(Layer::function(f));
        self
    }

    /// Runs the layers on one tensor, and returns one tensor.
    #[track_caller]
    pub fn call(&self, x: &Tensor) -> Tensor {
        self.call_with(crate::args![x]).into_tensor()
    }

    /// Runs the layers on whatever the first one takes, and returns whatever
    /// the last one does.
    ///
    /// ```
    /// use metamlp::prelude::*;
    ///
    /// #[compact]
    /// fn swap(a: &Tensor, b: &Tensor) -> (Tensor, Tensor) {
    ///     (b.clone(), a.clone())
    /// }
    ///
    /// let model = Sequential::new().then(swap()).then(swap());
    /// let (a, b) = (Tensor::zeros([1], F32), Tensor::ones([1], F32));
    /// let output = model.apply(&Variables::new(), (), |m| m.call_with(args![&a, &b]))?;
    /// assert_eq!(output[1].as_tensor().unwrap().to_vec::<f32>()?, [1.0]);
    /// # Ok::<(), metamlp::Error>(())
    /// ```
    #[track_caller]
    pub fn call_with<'a>(&self, inputs: impl Into<Arguments<'a>>) -> Entry {
        let inputs = inputs.into();
        let tensors = inputs.tensors();
        let (name, entry) = match tensors.as_deref() {
            Some([x]) => ("x", Some(x.into())),
            tensors => {
                ("inputs", tensors.map(|tensors| tensors.iter().map(Entry::from).collect::<Vec<_>>().into()))
            }
        };
        Call::new(self, "call", |seen| seen.add(name, entry)).run(
            |given| match tensors.and_then(|tensors| given.replace(name, &tensors)) {
                Some(replaced) => self.chain(&replaced.into_iter().collect()),
                None => self.chain(&inputs),
            },
            |output| Probe::new(output).output(),
        )
    }

    fn chain(&self, inputs: &Arguments<'_>) -> Entry {
        let Some((first, rest)) = self.layers.split_first() else {
            return self.refuse(|at| Error::EmptySequential { at });
        };
        let output = self.run_layer(0, first, inputs);
        rest.iter()
            .zip(1..)
            .fold(output, |output, (layer, position)| self.run_layer(position, layer, &output.into()))
    }

    fn run_layer(&self, position: usize, layer: &Layer, inputs: &Arguments<'_>) -> Entry {
        layer.call(inputs).unwrap_or_else(|problem| {
            self.refuse(|at| Error::Invoke {
                class: "Sequential",
                method: format!("layers_{position}"),
                problem: Box::new(problem),
                at,
            })
        })
    }

    fn refuse(&self, error: impl FnOnce(Source) -> Error) -> Entry {
        let error = Scope::of(self.handle()).fail(Location::caller(), error);
        poisoned(error).into()
    }
}

/// By hand, since what it takes is up to its first layer.
impl Methods for Sequential {
    fn methods(&self) -> &'static [Method] {
        const METHODS: &[Method] = &[Method::of_any_arguments("call")];
        METHODS
    }

    #[track_caller]
    fn run(&self, given: &BoundArguments<'_>) -> Invoked {
        Ok(Some(self.call_with(given.arguments())))
    }
}
