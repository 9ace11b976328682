# The commands of daily work; CONTRIBUTING.md says when to use which.

# Compiles everything, fast.
check:
    cargo check --workspace --all-targets

# Every test: units, behaviour, golden cases, documentation examples.
test:
    cargo test --workspace

# The rules of the house alone: sizes, cycles of imports, words, manifests.
house:
    cargo test --test metamlp house

# Formatting and lints, as in CI.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# The documentation, with warnings as errors.
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# The main example, in its quick mode.
example:
    cargo run --release --example meta_ot -- --quick
