//! Every message of the macros, one file each, in `tests/ui`.
//!
//! `TRYBUILD=overwrite cargo test --test metamlp ui` writes the expected messages anew.

#[test]
fn messages() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
