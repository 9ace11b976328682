//! A sequence of layers. Knows of a layer only how to call it.

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

/// A sequence of layers, each applied to the output of the previous one (Flax's `Sequential`).
///
/// The result of a layer is the next layer's arguments: the values of a tuple by position, the fields
/// of a struct or the values of a map by name. A module is named by its position, `layers_0`,
/// `layers_1` .., where functions count too, if it was created outside of a running module. A module
/// created in another module's method belongs to that module and is named there.
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
    /// Appends a module, to be called by its method `call`.
    #[must_use]
    pub fn then(mut self, layer: impl Chained + 'static) -> Self {
        self.layers.push(layer.into());
        self
    }

    /// Appends a function of one tensor. Modules that it creates belong to the sequence (`Dense_0`).
    #[must_use]
    pub fn then_fn<R: Tree>(mut self, f: impl Fn(&Tensor) -> R + Send + Sync + 'static) -> Self {
        self.layers.push(Layer::function(f));
        self
    }

    /// Runs the layers from one tensor to one tensor.
    #[track_caller]
    pub fn call(&self, x: &Tensor) -> Tensor {
        self.call_with(crate::args![x]).into_tensor()
    }

    /// Runs the layers with any arguments of the first one; returns the result of the last one.
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

/// By hand: the arguments are those of the first layer.
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
