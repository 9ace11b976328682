//! The requests that a module can make of its scope: names, signatures and
//! documentation, in one table. The methods of [`Module`](crate::Module), the
//! methods of [`Scope`](crate::Scope) and the free functions are generated from
//! it; what a request does is in `scope::requests`.

/// Passes the table to a macro. A row is the documentation, `[must_use]` if it
/// applies, the signature without the receiver, and `where Sized` if the
/// request cannot be made of a `dyn Module`.
macro_rules! requests {
    ($generate:ident) => {
        $generate! {
            /// The parameter called `name`: the stored one or, where `params` is
            /// mutable, as in `init`, a new one that `init` draws from the stream `params`.
            ///
            /// `spec` is the shape, or the shape and the dtype. A stored parameter of
            /// another shape is an [`Error::ParamShape`](crate::Error::ParamShape); the
            /// dtype is not compared.
            fn param(name: &str, init: impl Into<Initializer>, spec: impl Into<Spec>) -> Tensor where Sized;

            /// The variable called `name` in any collection. `init` makes it if it is
            /// missing and the collection is mutable.
            fn variable<E: Into<Entry>>(collection: &str, name: &str, init: impl FnOnce() -> E) -> Variable
            where Sized;

            /// The next key of a random stream at this module: a different one for each
            /// call, stream and path. A stream that was not given uses the key of `params`.
            [must_use] fn make_rng(stream: &str) -> Key;

            /// True if that random stream was given. `params` does not count for another stream.
            [must_use] fn has_rng(stream: &str) -> bool;

            /// Appends a value to the tuple called `name` in a collection, such as
            /// `intermediates`, if that is mutable. Returns true if it is.
            fn sow(collection: &str, name: &str, value: impl Into<Entry>) -> bool where Sized;

            /// Like [`sow`](crate::Module::sow), but stores `reduce(stored, value)` instead
            /// of appending. The first value is reduced with the result of `init`.
            fn sow_with(
                collection: &str,
                name: &str,
                value: &Tensor,
                init: impl FnOnce() -> Tensor,
                reduce: impl FnOnce(&Tensor, &Tensor) -> Tensor,
            ) -> bool where Sized;

            /// `value` plus the variable called `name` in the collection `perturbations`.
            /// The variable is zero and has the gradient of `value`. Returns `value`
            /// itself if there is no such collection.
            [must_use] fn perturb(name: &str, value: &Tensor) -> Tensor;

            /// The current value of a variable of this module, or the variables of the submodule of that name.
            [must_use] fn get_variable(collection: &str, name: &str) -> Option<Entry>;

            /// True if this module has that variable.
            [must_use] fn has_variable(collection: &str, name: &str) -> bool;

            /// Writes a variable of this module, which need not be declared. A map is
            /// merged into a stored map.
            fn put_variable(collection: &str, name: &str, value: impl Into<Entry>) where Sized;

            /// Puts this module and `other` in one scope, so that a wrapper adds its
            /// variables to those of the module it wraps (Flax's `share_scope`).
            ///
            /// If `other` is a submodule of this module, it moves into this module's
            /// scope; otherwise this module moves into `other`'s. Call it before the
            /// module that moves asks for anything. The two must not use the same names.
            ///
            /// ```
            /// use metamlp::prelude::*;
            ///
            /// /// A `Dense` with a low-rank addition (LoRA), instead of the `Dense`.
            /// #[module]
            /// struct DenseLora { base: Dense, features: usize, rank: usize }
            ///
            /// #[compact]
            /// impl DenseLora {
            ///     fn call(&self, x: &Tensor) -> Tensor {
            ///         self.share_scope(&self.base);
            ///         let inputs = x.shape()[x.rank() - 1];
            ///         let a = self.param("A", initializers::lecun_normal(), [inputs, self.rank]);
            ///         let b = self.param("B", initializers::zeros(), [self.rank, self.features]);
            ///         self.base.call(x) + x.matmul(&a).matmul(&b)
            ///     }
            /// }
            ///
            /// #[compact]
            /// fn model(x: &Tensor) -> Tensor {
            ///     let dense = Dense::new(10);
            ///     DenseLora::new(dense, 10, 2).call(x)
            /// }
            ///
            /// let variables = model().init(Key::new(0), |m| m.call(&Tensor::spec([1, 5], F32)))?;
            /// let names: Vec<_> = variables["params"]["Dense_0"].as_map().unwrap().names().collect();
            /// assert_eq!(names, ["A", "B", "kernel", "bias"]);
            /// # Ok::<(), metamlp::Error>(())
            /// ```
            fn share_scope(other: &(impl Module + ?Sized)) where Sized;

            /// True while `init` runs.
            [must_use] fn is_initializing() -> bool;

            /// True if that collection may be written.
            [must_use] fn is_mutable_collection(collection: &str) -> bool;

            /// The names from the model to this module joined by `/`; empty for the model itself.
            [must_use] fn path() -> String;

            /// The last name of the [`path`](crate::Module::path). A module that has no
            /// path yet, and the model itself, return the name that they were given, if any.
            [must_use] fn name() -> Option<String>;

            /// The current variables of this module and its submodules in every
            /// collection. Empty outside of `init` and `apply`.
            ///
            /// ```
            /// use metamlp::prelude::*;
            ///
            /// /// A penalty on all weights of the layer.
            /// #[compact]
            /// fn penalty(x: &Tensor) -> Tensor {
            ///     let dense = Dense::new(3);
            ///     dense.call(x);
            ///     let mut sum = Tensor::zeros([], F32);
            ///     dense.variables().params().for_each(&mut |weights| sum = &sum + weights.square().sum_all());
            ///     sum
            /// }
            ///
            /// let x = Tensor::ones([1, 2], F32);
            /// let (sum, _) = penalty().init_with_output(Key::new(0), |m| m.call(&x))?;
            /// assert!(sum.item::<f32>()? > 0.0);
            /// # Ok::<(), metamlp::Error>(())
            /// ```
            [must_use] fn variables() -> Variables;
        }
    };
}

/// Generates the methods of `Module`.
macro_rules! module_methods {
    ($(
        $(#[$doc:meta])* $([$must_use:ident])?
        fn $name:ident $(<$g:ident: $bound:path>)? ($($argument:ident: $ty:ty),* $(,)?) $(-> $output:ty)?
        $(where $sized:ident)?;
    )*) => {$(
        $(#[$doc])*
        $(#[$must_use])?
        #[track_caller]
        fn $name $(<$g: $bound>)? (&self $(, $argument: $ty)*) $(-> $output)? $(where Self: $sized)? {
            let scope = $crate::scope::Scope::of(self.handle());
            $crate::scope::requests::$name(&scope, ::std::panic::Location::caller() $(, $argument)*)
        }
    )*};
}

/// Generates the methods of `Scope`.
macro_rules! scope_methods {
    ($(
        $(#[$doc:meta])* $([$must_use:ident])?
        fn $name:ident $(<$g:ident: $bound:path>)? ($($argument:ident: $ty:ty),* $(,)?) $(-> $output:ty)?
        $(where $sized:ident)?;
    )*) => {$(
        #[doc = concat!("[`Module::", stringify!($name), "`](crate::Module::", stringify!($name), ") of the scope's module.")]
        $(#[$must_use])?
        #[track_caller]
        pub fn $name $(<$g: $bound>)? (&self $(, $argument: $ty)*) $(-> $output)? {
            $crate::scope::requests::$name(self, ::std::panic::Location::caller() $(, $argument)*)
        }
    )*};
}

/// Generates the free functions.
macro_rules! functions {
    ($(
        $(#[$doc:meta])* $([$must_use:ident])?
        fn $name:ident $(<$g:ident: $bound:path>)? ($($argument:ident: $ty:ty),* $(,)?) $(-> $output:ty)?
        $(where $sized:ident)?;
    )*) => {$(
        #[doc = concat!("[`Module::", stringify!($name), "`](crate::Module::", stringify!($name), ") of the running module.")]
        #[doc = ""]
        #[doc = "For a module written as a function, which has no `self`."]
        $(#[$must_use])?
        #[track_caller]
        pub fn $name $(<$g: $bound>)? ($($argument: $ty),*) $(-> $output)? {
            $crate::scope::requests::$name(&$crate::scope::Scope::current(), ::std::panic::Location::caller() $(, $argument)*)
        }
    )*};
}

/// Generates the list of the names.
macro_rules! request_names {
    ($(
        $(#[$doc:meta])* $([$must_use:ident])?
        fn $name:ident $(<$g:ident: $bound:path>)? ($($argument:ident: $ty:ty),* $(,)?) $(-> $output:ty)?
        $(where $sized:ident)?;
    )*) => {
        &[$(stringify!($name)),*]
    };
}

pub(crate) use {functions, module_methods, request_names, requests, scope_methods};
