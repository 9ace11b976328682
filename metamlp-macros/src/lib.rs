//! The macros of metamlp: [`macro@module`] and [`macro@compact`] define layers and
//! models; [`derive@Tree`] lets `jit`, `grad` and `evaluate` take a user's own struct.
//!
//! The generated code is short: the work is done by the library. It uses one
//! path, the hidden module `::metamlp::__private`. If the crate has another name,
//! give it by `#[module(crate = path)]`, `#[compact(crate = path)]` and
//! `#[tree(crate = path)]`.
//!
//! `pipeline` runs the stages: `parse` (the grammar), `check` (the rules and their
//! messages, all of them in one compilation), `model` (the result of `check`) and
//! `expand`. An item that cannot be understood is emitted unchanged by `fallback`.
//! The bodies of functions are never parsed and never rewritten.

mod check;
mod errors;
mod expand;
mod fallback;
mod model;
mod parse;
mod pipeline;
mod scan;
mod spelling;

use proc_macro::TokenStream;

/// Makes a struct a module: a layer or a model with its configuration.
///
/// The struct gets a hidden field with the module's identity, and
///
/// - `new`, which takes the fields that have no `#[default(..)]`, in their order
///   (for a field marked `#[into]`, any value that converts into it);
/// - for each field with `#[default(value)]` a setter of its name, which takes
///   any value that converts into the field (a field of a primitive type, a
///   tuple, an array, a reference or a function pointer takes exactly that type);
/// - `named("..")`, which gives the module a name in place of the automatic one;
/// - `Clone` (the clone is a separate module), `Debug`, `Default` if `new` takes
///   no arguments, and `Module`, with `init` and `apply`.
///
/// `new` evaluates the defaults, which may use the fields without a default.
/// Modules in fields, also in a `Vec`, an `Option`, an array or a map, are
/// submodules named by their fields.
///
/// ```
/// use metamlp::prelude::*;
///
/// /// Encodes, runs the blocks, and decodes.
/// #[module]
/// struct AutoEncoder {
///     encoder: Dense,
///     decoder: Dense,
///     blocks: Vec<Dense>,
///     /// The factor of the blocks' outputs.
///     #[default(0.5)]
///     scale: f64,
/// }
///
/// #[compact]
/// impl AutoEncoder {
///     fn call(&self, x: &Tensor) -> Tensor {
///         self.decode(&self.encode(x))
///     }
///
///     fn encode(&self, x: &Tensor) -> Tensor {
///         let x = self.encoder.call(x);
///         self.blocks.iter().fold(x, |x, block| &x + block.call(&x) * self.scale)
///     }
///
///     fn decode(&self, z: &Tensor) -> Tensor {
///         self.decoder.call(z)
///     }
/// }
///
/// let blocks = vec![Dense::new(4), Dense::new(4)];
/// let model = AutoEncoder::new(Dense::new(4), Dense::new(6), blocks).scale(1.0);
/// let variables = model.init(Key::new(0), |m| m.call(&Tensor::spec([1, 6], F32)))?;
/// let submodules: Vec<_> = variables.params().names().collect();
/// assert_eq!(submodules, ["encoder", "blocks_0", "blocks_1", "decoder"]);
/// # Ok::<(), metamlp::Error>(())
/// ```
///
/// The struct has named fields and no generics.
///
/// # Names that a field cannot have
///
/// No field can be called `new`, `named` or `call`. A field with a default cannot
/// be called like a method of `Module`, which its setter would hide: `apply`,
/// `apply_mut`, `bind`, `eval_shape`, `get_variable`, `has_rng`, `has_variable`,
/// `init`, `init_with_output`, `invoke`, `is_initializing`,
/// `is_mutable_collection`, `make_rng`, `module_paths`, `name`, `param`, `path`,
/// `perturb`, `put_variable`, `share_scope`, `sow`, `sow_with`, `tabulate`,
/// `unused_variables`, `variable`, `variables` or `with`. A field without a
/// default has no setter and can have these names.
#[proc_macro_attribute]
pub fn module(options: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::module(options.into(), item.into()).into()
}

/// Makes the methods of an `impl` block, or a function, run in the scope of a
/// module, where submodules and variables get their names.
///
/// # On an `impl` block
///
/// Every method with a `&self` enters the scope of `self` and runs its body; its
/// output is captured if that was requested. Bodies are not rewritten: they may
/// use `return`, `?`, references of any lifetime and calls of other methods.
/// Functions without `self` and methods under `#[nowrap]` do not change.
///
/// ```
/// use metamlp::prelude::*;
///
/// #[module]
/// struct Foo {}
///
/// #[compact]
/// impl Foo {
///     fn call(&self, x: &Tensor, train: bool) -> Tensor {
///         let x = Dense::new(16).call(x);
///         let x = BatchNorm::new().use_running_average(!train).call(&x);
///         Dense::new(1).call(&x.tanh())
///     }
/// }
///
/// let foo = Foo::new();
/// let variables = foo.init(Key::new(0), |m| m.call(&Tensor::spec([1, 7], F32), false))?;
/// let submodules: Vec<_> = variables.params().names().collect();
/// assert_eq!(submodules, ["Dense_0", "BatchNorm_0", "Dense_1"]);
/// # Ok::<(), metamlp::Error>(())
/// ```
///
/// A method under `#[compact_name_scope]` has a scope of its own, named like the
/// method: modules made there are under its name (`up/Dense_0`), as in a
/// submodule without a struct. Requests through `self` still use the module's scope.
///
/// ```
/// use metamlp::prelude::*;
///
/// #[module]
/// struct UpDown {}
///
/// #[compact]
/// impl UpDown {
///     fn call(&self, x: &Tensor) -> Tensor {
///         self.down(&self.up(x))
///     }
///
///     #[compact_name_scope]
///     fn up(&self, x: &Tensor) -> Tensor {
///         Dense::new(8).call(x)
///     }
///
///     #[compact_name_scope]
///     fn down(&self, x: &Tensor) -> Tensor {
///         Dense::new(2).call(x)
///     }
/// }
///
/// let model = UpDown::new();
/// let variables = model.init(Key::new(0), |m| m.call(&Tensor::spec([1, 2], F32)))?;
/// assert_eq!(variables["params"]["up"]["Dense_0"]["kernel"].as_tensor().unwrap().shape(), [2, 8]);
/// assert_eq!(variables["params"]["down"]["Dense_0"]["kernel"].as_tensor().unwrap().shape(), [8, 2]);
/// # Ok::<(), metamlp::Error>(())
/// ```
///
/// # On a function
///
/// A function is a module with one method. Arguments marked `#[field]` or
/// `#[field(default = value)]` are the fields of a struct named after the
/// function (`auto_encoder` makes `AutoEncoder`), the others are the arguments
/// of its `call`. The body uses both by their names. The function's docs go to
/// the struct, and calling the function is the same as calling `new`.
///
/// ```
/// use metamlp::prelude::*;
///
/// /// A perceptron with two hidden layers.
/// #[compact]
/// pub fn mlp(x: &Tensor, #[field] hidden: usize, #[field(default = 10)] classes: usize) -> Tensor {
///     let x = Dense::new(hidden).call(x).tanh();
///     let x = Dense::new(hidden).call(&x).tanh();
///     Dense::new(classes).call(&x)
/// }
///
/// let model: Mlp = mlp(32).classes(2);     // Mlp::new(32).classes(2)
/// let variables = model.init(Key::new(0), |m| m.call(&Tensor::spec([1, 7], F32)))?;
/// assert_eq!(variables["params"]["Dense_2"]["kernel"].as_tensor().unwrap().shape(), [32, 2]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[proc_macro_attribute]
pub fn compact(options: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::compact(options.into(), item.into()).into()
}

/// Makes a struct or an enum a tree of tensors, which `jit`, `grad`, `evaluate`
/// and the others take as an argument or a result.
///
/// Every field must be a tree; its path is its name, or its index in a tuple
/// struct. A field under `#[tree(static)]` is part of the program and not of the
/// data: it is cloned, and hashed and compared to distinguish programs, so it must
/// be `Clone`, `Eq`, `Hash`, `Send` and `Sync`. Floats are compared by their bits,
/// and so are vectors, arrays and options of floats. The variant of an enum is
/// static. A type parameter that the fields use must be a tree.
///
/// ```
/// use metamlp::prelude::*;
///
/// #[derive(Clone, Tree)]
/// struct Batch {
///     images: Tensor,
///     labels: Tensor,
///     #[tree(static)]
///     classes: usize,
/// }
///
/// let images = Tensor::ones([2, 3], F32);
/// let batch = Batch { images, labels: Tensor::zeros([2], I32), classes: 10 };
/// let paths: Vec<_> = batch.tensors_with_paths().into_iter().map(|(path, _)| path.to_string()).collect();
/// assert_eq!(paths, ["images", "labels"]);
///
/// let mean = jit(|batch: Batch| Ok(batch.images.mean_all() / batch.classes as f64));
/// assert_eq!(mean(batch)?.item::<f32>()?, 0.1);
/// # Ok::<(), metamlp::tensor::Error>(())
/// ```
#[proc_macro_derive(Tree, attributes(tree))]
pub fn tree(item: TokenStream) -> TokenStream {
    pipeline::tree(item.into()).into()
}
