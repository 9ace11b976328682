//! The expansion names nothing but by absolute paths: no prelude is needed,
//! nothing in scope misleads it, and the crate may go by another name.

#![allow(dead_code, non_camel_case_types)]

#[no_implicit_prelude]
mod user {
    use ::metamlp::{Tensor, Tree, compact, module};

    // What the expansion would find if it named these by their last word.
    struct Option;
    struct String;
    struct Handle;
    struct Probe;
    struct Result;
    struct Vec;
    struct Method;
    struct Parameter;
    trait Methods {}
    trait Into {}
    trait Clone {}
    trait Module {}
    struct Call;
    fn given() {}
    fn inputs() {}
    fn field() {}
    mod core {}
    mod std {}
    mod metamlp {}

    #[module]
    struct Layer {
        features: usize,
        #[default(true)]
        use_bias: bool,
        #[default(::std::vec::Vec::new())]
        visit: ::std::vec::Vec<usize>,
    }

    #[compact]
    impl Layer {
        fn call(&self, output: &Tensor) -> Tensor {
            ::core::clone::Clone::clone(output)
        }
    }

    #[compact]
    fn network(x: &Tensor, #[field] formatter: usize, #[field(default = 3)] debug: usize) -> Tensor {
        let _ = (formatter, debug);
        ::core::clone::Clone::clone(x)
    }

    #[derive(Tree)]
    struct Batch {
        visitor: Tensor,
        replace: Tensor,
    }

    #[derive(Tree)]
    enum Choice {
        Some(Tensor),
        None,
        Ok { visitor: Tensor, replace: Tensor },
    }

    #[::core::prelude::v1::test]
    fn works_without_a_prelude() {
        let x = Tensor::ones([3], ::metamlp::F32);
        ::std::assert_eq!(Layer::new(1).use_bias(false).call(&x).shape(), [3]);
        ::std::assert_eq!(network(1).debug(2).call(&x).shape(), [3]);
        let arguments = ::metamlp::args![output = &x];
        let y = ::metamlp::Module::invoke(&Layer::new(1), "call", arguments);
        ::std::assert_eq!(y.into_tensor().shape(), [3]);
    }
}

/// The crate under another name, with a call that can be told apart.
mod renamed {
    pub(crate) mod __private {
        pub(crate) use metamlp::__private::*;

        thread_local! {
            pub(crate) static ENTERED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
        }

        pub(crate) struct Call;

        impl Call {
            #[allow(clippy::new_ret_no_self)]
            pub(crate) fn new<'m, M: Module>(
                module: &'m M,
                method: &'static str,
                describe: impl FnOnce(&mut Inputs),
            ) -> metamlp::__private::Call<'m> {
                ENTERED.set(ENTERED.get() + 1);
                metamlp::__private::Call::new(module, method, describe)
            }
        }
    }
}

#[test]
fn works_under_another_name() {
    use metamlp::{F32, Tensor, Tree, compact, module};

    #[module(crate = crate::hygiene::renamed)]
    struct Layer {}

    #[compact(crate = crate::hygiene::renamed)]
    impl Layer {
        fn call(&self, x: &Tensor) -> Tensor {
            x.clone()
        }
    }

    #[compact(crate = renamed)]
    fn network(x: &Tensor) -> Tensor {
        x.clone()
    }

    #[derive(Tree)]
    #[tree(crate = crate::hygiene::renamed)]
    struct Batch(Tensor);

    let batch = Batch(Tensor::ones([3], F32));
    let by_name = metamlp::Module::invoke(&Layer::new(), "call", metamlp::args![&batch.0]);
    assert_eq!((by_name.into_tensor().shape(), renamed::__private::ENTERED.take()), (&[3][..], 1));
    network().call(&Layer::new().call(&batch.0));
    assert_eq!(renamed::__private::ENTERED.get(), 2);
}
