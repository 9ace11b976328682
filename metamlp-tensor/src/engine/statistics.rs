//! Counters of compiled programs and executed operations, one set for each thread. For tests.

use std::cell::Cell;

thread_local! {
    static EXECUTED_NODES: Cell<u64> = const { Cell::new(0) };
    static EXECUTED_PLANS: Cell<u64> = const { Cell::new(0) };
    static COMPILED_PLANS: Cell<u64> = const { Cell::new(0) };
    static CACHED_PLANS: Cell<u64> = const { Cell::new(0) };
    static COMPILE_WORK: Cell<u64> = const { Cell::new(0) };
}

/// The number of operations that programs of this thread have run, counted after optimisation.
///
/// ```
/// use metamlp_tensor::{F32, Tensor, statistics};
/// let x = Tensor::from_vec([2], vec![1.0f32, 2.0]);
/// let before = statistics::executed_nodes();
/// let _never_read = x.exp();
/// assert_eq!(statistics::executed_nodes(), before);
/// x.sum_all().evaluate()?;
/// assert_eq!(statistics::executed_nodes(), before + 1);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[must_use]
pub fn executed_nodes() -> u64 {
    EXECUTED_NODES.get()
}

/// The number of programs that this thread has run.
#[must_use]
pub fn executed_plans() -> u64 {
    EXECUTED_PLANS.get()
}

/// The number of programs that this thread has compiled.
#[must_use]
pub fn compiled_plans() -> u64 {
    COMPILED_PLANS.get()
}

/// The number of programs that this thread has taken from the cache.
#[must_use]
pub fn cached_plans() -> u64 {
    CACHED_PLANS.get()
}

/// Nodes, windows and drafts that the compiler has looked at so far: a measure of its work that no clock disturbs.
#[must_use]
pub fn compile_work() -> u64 {
    COMPILE_WORK.get()
}

pub(crate) fn count_compile_work(visits: usize) {
    COMPILE_WORK.set(COMPILE_WORK.get() + visits as u64);
}

pub(crate) fn count_nodes(nodes: usize) {
    EXECUTED_NODES.set(EXECUTED_NODES.get() + nodes as u64);
    EXECUTED_PLANS.set(EXECUTED_PLANS.get() + 1);
}

pub(crate) fn count_compiled_plan() {
    COMPILED_PLANS.set(COMPILED_PLANS.get() + 1);
}

pub(crate) fn count_cached_plan() {
    CACHED_PLANS.set(CACHED_PLANS.get() + 1);
}
