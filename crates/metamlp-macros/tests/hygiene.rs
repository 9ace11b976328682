//! The expansion names nothing but by absolute paths: no prelude is needed, and nothing in scope misleads it.

#![allow(dead_code, non_camel_case_types)]

mod fake;

#[no_implicit_prelude]
mod user {
    use crate::fake::Tensor;
    use ::metamlp_macros::{Tree, compact, module};

    // What the expansion would find if it named these by their last word.
    struct Option;
    struct String;
    struct Handle;
    struct Probe;
    trait Into {}
    trait Clone {}
    trait Module {}
    fn enter() {}
    mod core {}
    mod std {}

    #[module(crate = crate::fake)]
    struct Dense {
        features: usize,
        #[default(true)]
        use_bias: bool,
        #[default(::std::vec::Vec::new())]
        visit: ::std::vec::Vec<usize>,
    }

    #[compact(crate = crate::fake)]
    impl Dense {
        fn call(&self, output: &Tensor) -> Tensor {
            ::core::clone::Clone::clone(output)
        }
    }

    #[compact(crate = crate::fake)]
    fn network(x: &Tensor, #[field] formatter: usize, #[field(default = 3)] debug: usize) -> Tensor {
        let _ = (formatter, debug);
        ::core::clone::Clone::clone(x)
    }

    #[derive(Tree)]
    #[tree(crate = crate::fake)]
    struct Batch {
        visitor: Tensor,
        replace: Tensor,
    }

    #[derive(Tree)]
    #[tree(crate = crate::fake)]
    enum Choice {
        Some(Tensor),
        None,
        Ok { visitor: Tensor, replace: Tensor },
    }

    #[::core::prelude::v1::test]
    fn works_without_a_prelude() {
        let x = Tensor(1.0);
        ::std::assert_eq!(Dense::new(1).use_bias(false).call(&x), x);
        ::std::assert_eq!(network(1).debug(2).call(&x), x);
    }
}
