//! The macros of metamlp: [`macro@module`] and [`macro@compact`], with which a
//! layer is written, and [`derive@Tree`], with which a user's own struct crosses
//! `jit`, `grad` and `evaluate`.
//!
//! The generated code is short, since all that is interesting is library code.
//! It names one thing, the hidden module `::metamlp::__private`; where the crate
//! goes by another name, `#[module(crate = path)]`, `#[compact(crate = path)]`
//! and `#[tree(crate = path)]` say so.
//!
//! An item passes through `parse` (the grammar), `check` (every rule and every
//! message, all of them in one compilation), `model` (what was understood) and
//! `expand`; where nothing can be understood, `fallback` emits it as it was
//! written. The bodies of functions are never parsed and never rewritten.

mod check;
mod entry;
mod errors;
mod expand;
mod fallback;
mod model;
mod parse;
mod scan;
mod spelling;

use proc_macro::TokenStream;

/// Makes a module of a struct: a layer or a model with its configuration.
///
/// The struct gets a hidden field with the module's identity, and
///
/// - `new`, which takes the fields that have no `#[default(..)]`, in their order
///   (of a field marked `#[into]`, whatever converts into it);
/// - for each field with `#[default(value)]` a setter of its name, which takes
///   what converts into the field (a field of a primitive type, a tuple, an
///   array, a reference or a function pointer takes exactly that);
/// - `named("..")`, which gives it a name in place of the automatic one;
/// - `Clone` (the clone is a module of its own), `Debug`, `Default` where `new`
///   takes nothing, and `Module`, with `init` and `apply`.
///
/// A default is evaluated by `new` and may use the fields without one. Fields
/// that hold modules, in a `Vec`, an `Option`, an array or a map too, are
/// submodules, named by their fields.
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
///     /// What the blocks' outputs are multiplied by.
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
/// The struct has named fields and no generics. `new`, `named` and `call` are
/// taken, and a field with a default cannot be called like a method of `Module`.
#[proc_macro_attribute]
pub fn module(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::module(options.into(), item.into()).into()
}

/// Makes the methods of an `impl` block, or a function, calls of a module: they
/// run in the module's scope, where submodules and variables get their names.
///
/// # On an `impl` block
///
/// Every method with a `&self` enters the scope of `self`, runs its body, and
/// has its output captured where that was asked for. Bodies may use `return`,
/// `?`, loans of any lifetime and calls of the other methods, since they are
/// not rewritten. Functions without `self`, and methods under `#[nowrap]`, are
/// left alone.
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
/// Under `#[compact_name_scope]` a method is a scope of its own, called like
/// it: what is made there is under its name (`up/Dense_0`), as in a submodule
/// without a struct. What is asked for through `self` is the module's own.
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
/// of its `call`; in the body each goes by its name. The function's docs go to
/// the struct, and the function itself becomes `new` under another name.
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
    entry::compact(options.into(), item.into()).into()
}

/// Makes a tree of tensors of a struct or an enum, so that `jit`, `grad`,
/// `evaluate` and the others take it as an argument or a result.
///
/// Every field is a tree itself, and its path is its name (its index, in a
/// tuple struct). A field under `#[tree(static)]` belongs to the program and
/// not to the data: it is cloned, and hashed to tell programs apart, so it is
/// `Clone` and `Hash`. The variant of an enum is static. A type parameter that
/// the fields hold must be a tree.
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
    entry::tree(item.into()).into()
}
