/// A linear layer.
#[module]
pub struct Dense {
    /// The size of the output's last axis.
    features: usize,
    /// Whether a bias is added.
    #[default(true)]
    use_bias: bool,
    #[default(lecun_normal())]
    pub kernel_init: Initializer,
    #[cfg(feature = "f16")]
    #[default(None)]
    dtype: Option<DType>,
}

// ---------------------------------------- becomes

/// A linear layer.
pub struct Dense {
    /// The size of the output's last axis.
    features: usize,
    /// Whether a bias is added.
    use_bias: bool,
    pub kernel_init: Initializer,
    #[cfg(feature = "f16")]
    dtype: Option<DType>,
    #[doc(hidden)]
    __module: ::metamlp::__private::Handle,
}
impl Dense {
    /// `Dense` with everything else at its default.
    ///
    /// - `features`: The size of the output's last axis.
    #[must_use]
    #[track_caller]
    pub fn new(features: usize) -> Self {
        Self {
            use_bias: true,
            kernel_init: lecun_normal(),
            #[cfg(feature = "f16")]
            dtype: None,
            features,
            __module: ::metamlp::__private::Handle::new("Dense"),
        }
    }
    /// Whether a bias is added.
    ///
    /// Default: `true`.
    #[must_use]
    pub fn use_bias(mut self, use_bias: bool) -> Self {
        self.use_bias = use_bias;
        self
    }
    /// Sets `kernel_init`.
    ///
    /// Default: `lecun_normal()`.
    #[must_use]
    pub fn kernel_init(
        mut self,
        kernel_init: impl ::core::convert::Into<Initializer>,
    ) -> Self {
        self.kernel_init = ::core::convert::Into::into(kernel_init);
        self
    }
    #[cfg(feature = "f16")]
    /// Sets `dtype`.
    ///
    /// Default: `None`.
    #[must_use]
    pub fn dtype(mut self, dtype: impl ::core::convert::Into<Option<DType>>) -> Self {
        self.dtype = ::core::convert::Into::into(dtype);
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
impl ::core::clone::Clone for Dense {
    fn clone(&self) -> Self {
        Self {
            features: ::core::clone::Clone::clone(&self.features),
            use_bias: ::core::clone::Clone::clone(&self.use_bias),
            kernel_init: ::core::clone::Clone::clone(&self.kernel_init),
            #[cfg(feature = "f16")]
            dtype: ::core::clone::Clone::clone(&self.dtype),
            __module: ::core::clone::Clone::clone(&self.__module),
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for Dense {
    fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let mut debug = formatter.debug_struct("Dense");
        debug.field("features", &self.features);
        debug.field("use_bias", &self.use_bias);
        debug.field("kernel_init", &self.kernel_init);
        #[cfg(feature = "f16")] debug.field("dtype", &self.dtype);
        debug.finish()
    }
}
impl ::metamlp::__private::Module for Dense {
    fn handle(&self) -> &::metamlp::__private::Handle {
        &self.__module
    }
    fn submodules(&self, visit: &mut ::metamlp::__private::Visit<'_>) {
        ::metamlp::__private::Probe::new(&self.features).submodules("features", visit);
        ::metamlp::__private::Probe::new(&self.use_bias).submodules("use_bias", visit);
        ::metamlp::__private::Probe::new(&self.kernel_init)
            .submodules("kernel_init", visit);
        #[cfg(feature = "f16")]
        ::metamlp::__private::Probe::new(&self.dtype).submodules("dtype", visit);
    }
    fn as_methods(&self) -> ::core::option::Option<&dyn ::metamlp::__private::Methods> {
        ::metamlp::__private::Probe::new(self).methods()
    }
}
