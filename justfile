# The commands of a day's work; CONTRIBUTING.md tells when to use which.

# The compiler's opinion, fast.
check:
    cargo check --workspace --all-targets

# Every test: units, behaviour, golden cases, documentation examples.
test:
    cargo test --workspace

# Formatting and lints, as CI wants them.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# The documentation, with its warnings denied.
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# The main job, in its quick mode.
example:
    cargo run --release --example meta_ot -- --quick
