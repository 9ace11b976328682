/// A perceptron with two hidden layers.
#[compact]
pub fn mlp(
    /// `[batch, features]`.
    x: &Tensor,
    #[field] hidden: usize,
    /// How many there are to tell apart.
    #[field(default = 10)]
    classes: usize,
) -> Tensor {
    let x = relu(&Dense::new(hidden).call(x));
    let x = relu(&Dense::new(hidden).call(&x));
    Dense::new(classes).call(&x)
}

// ---------------------------------------- becomes

/// A perceptron with two hidden layers.
pub struct Mlp {
    /// The argument `hidden` of `mlp`.
    pub hidden: usize,
    /// How many there are to tell apart.
    pub classes: usize,
    #[doc(hidden)]
    __module: ::metamlp::__private::Handle,
}
impl Mlp {
    /// `Mlp` with everything else at its default.
    #[must_use]
    #[track_caller]
    pub fn new(hidden: usize) -> Self {
        Self {
            classes: 10,
            hidden,
            __module: ::metamlp::__private::Handle::new("Mlp"),
        }
    }
    /// How many there are to tell apart.
    ///
    /// Default: `10`.
    #[must_use]
    pub fn classes(mut self, classes: usize) -> Self {
        self.classes = classes;
        self
    }
    /// Gives the module a name of its own, in place of the automatic one.
    #[must_use]
    pub fn named(
        mut self,
        name: impl ::core::convert::Into<::std::string::String>,
    ) -> Self {
        self.__module.rename(name);
        self
    }
}
#[automatically_derived]
impl ::core::clone::Clone for Mlp {
    fn clone(&self) -> Self {
        Self {
            hidden: ::core::clone::Clone::clone(&self.hidden),
            classes: ::core::clone::Clone::clone(&self.classes),
            __module: ::core::clone::Clone::clone(&self.__module),
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for Mlp {
    fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let mut debug = formatter.debug_struct("Mlp");
        debug.field("hidden", &self.hidden);
        debug.field("classes", &self.classes);
        debug.finish()
    }
}
impl ::metamlp::__private::Module for Mlp {
    fn handle(&self) -> &::metamlp::__private::Handle {
        &self.__module
    }
    fn submodules(&self, visit: &mut ::metamlp::__private::Visit<'_>) {
        ::metamlp::__private::Probe::new(&self.hidden).submodules("hidden", visit);
        ::metamlp::__private::Probe::new(&self.classes).submodules("classes", visit);
    }
    fn as_methods(&self) -> ::core::option::Option<&dyn ::metamlp::__private::Methods> {
        ::metamlp::__private::Probe::new(self).methods()
    }
}
impl Mlp {
    /// Runs the module, inside `init` or `apply`.
    ///
    /// - `x`: `[batch, features]`.
    #[track_caller]
    pub fn call(&self, x: &Tensor) -> Tensor {
        let hidden: usize = ::metamlp::__private::field(&self.hidden);
        let classes: usize = ::metamlp::__private::field(&self.classes);
        ::metamlp::__private::Call::new(
                self,
                "call",
                |inputs| {
                    inputs.add("x", ::metamlp::__private::Probe::new(x).entry());
                },
            )
            .run(
                move |given| -> Tensor {
                    let mut place = ::metamlp::__private::Probe::new(x).place();
                    let x = ::metamlp::__private::Probe::new(x)
                        .given("x", given, x, &mut place);
                    #[allow(unused_braces)]
                    {
                        let x = relu(&Dense::new(hidden).call(x));
                        let x = relu(&Dense::new(hidden).call(&x));
                        Dense::new(classes).call(&x)
                    }
                },
                |output| ::metamlp::__private::Probe::new(output).output(),
            )
    }
}
impl ::metamlp::__private::Methods for Mlp {
    fn methods(&self) -> &'static [::metamlp::__private::Method] {
        const METHODS: &[::metamlp::__private::Method] = &[
            ::metamlp::__private::Method::new("call", &[("x", "&Tensor")], "Tensor"),
        ];
        METHODS
    }
    #[track_caller]
    fn run(
        &self,
        given: &::metamlp::__private::BoundArguments<'_>,
    ) -> ::metamlp::__private::Invoked {
        ::core::result::Result::Ok(
            match given.method() {
                "call" => {
                    ::metamlp::__private::Probe::new(
                            &self
                                .call(
                                    ::metamlp::__private::Parameter::<Tensor>::new(given, "x")
                                        .lend()?,
                                ),
                        )
                        .entry()
                }
                _ => ::core::option::Option::None,
            },
        )
    }
}
/// The same as `Mlp::new`.
#[must_use]
#[track_caller]
pub fn mlp(hidden: usize) -> Mlp {
    Mlp::new(hidden)
}
