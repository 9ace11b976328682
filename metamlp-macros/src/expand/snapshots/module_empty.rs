#[module]
struct Foo {}

// ---------------------------------------- becomes

struct Foo {
    #[doc(hidden)]
    __module: ::metamlp::__private::Handle,
}
impl Foo {
    /// A new `Foo`.
    #[must_use]
    #[track_caller]
    fn new() -> Self {
        Self {
            __module: ::metamlp::__private::Handle::new("Foo"),
        }
    }
    /// Gives the module a name of its own, in place of the automatic one.
    #[must_use]
    fn named(mut self, name: impl ::core::convert::Into<::std::string::String>) -> Self {
        self.__module.rename(name);
        self
    }
}
impl ::core::default::Default for Foo {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}
#[automatically_derived]
impl ::core::clone::Clone for Foo {
    fn clone(&self) -> Self {
        Self {
            __module: ::core::clone::Clone::clone(&self.__module),
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for Foo {
    fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let mut debug = formatter.debug_struct("Foo");
        debug.finish()
    }
}
impl ::metamlp::__private::Module for Foo {
    fn handle(&self) -> &::metamlp::__private::Handle {
        &self.__module
    }
    #[allow(unused_variables)]
    fn submodules(&self, visit: &mut ::metamlp::__private::Visit<'_>) {}
    fn as_methods(&self) -> ::core::option::Option<&dyn ::metamlp::__private::Methods> {
        ::metamlp::__private::Probe::new(self).methods()
    }
}
