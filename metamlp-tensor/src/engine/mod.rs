//! The seam between recorded programs and the engine that runs them.
//!
//! What flows through here: a boundary or a trace asks for the compiled program of some tensors
//! ([`prepared`]). Their [recording](crate::graph::recording) is looked up in the [plan cache](plan_cache). If it is not
//! there, its graph is compiled by the [embedded engine](crate::embedded). [Tracing](trace) a function gives a program
//! without running it; [`Plan`](plan::Plan) describes one to the user, [`statistics`] count them for tests, and
//! [`threads`] sets on how many threads they run.

pub(crate) mod least_recently_used;
pub(crate) mod plan;
pub(crate) mod plan_cache;
pub mod statistics;
pub(crate) mod threads;
pub(crate) mod trace;

use std::sync::Arc;

use crate::embedded::Executable;
use crate::graph::node::Tensor;
use crate::graph::recording::Recording;
use crate::memory::pool;

/// Returns the memory that nothing uses to the system, at once: free buffers of all dtypes, and programs beyond the
/// [`Limits`](crate::Limits). What is needed again is made again.
///
/// ```
/// use metamlp_tensor::{F32, Tensor, trim};
/// let x = Tensor::ones([1000, 1000], F32);
/// x.evaluate()?;
/// drop(x);    // its 4 MB are kept for the next tensor
/// trim();     // and now returned
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
pub fn trim() {
    plan_cache::trim();
    pool::trim();
}

/// The recording of `outputs`, with `arguments` as its first inputs, and its program, compiled now or before.
pub(crate) fn prepared(arguments: &[Tensor], outputs: &[Tensor]) -> (Recording, Arc<Executable>) {
    prepared_since(0, arguments, outputs)
}

/// As [`prepared`]. Tensors that were born at `since` or before are inputs, see [`Recording::since`].
pub(crate) fn prepared_since(
    since: u64,
    arguments: &[Tensor],
    outputs: &[Tensor],
) -> (Recording, Arc<Executable>) {
    loop {
        let recording = Recording::since(since, arguments, outputs);
        if let Some(executable) = plan_cache::get_or_compile(&recording) {
            return (recording, executable);
        }
        // Another thread has computed one of the tensors since they were recorded.
    }
}
