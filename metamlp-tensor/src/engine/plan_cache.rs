//! The cache of compiled programs, by the structure of their graphs. Values are never part of a graph, so a model that
//! is applied in a loop is compiled once.

use std::sync::{Arc, Mutex, PoisonError};

use crate::embedded::{Executable, compile};
use crate::engine::least_recently_used::{Bound, LeastRecentlyUsed};
use crate::engine::statistics;
use crate::graph::Graph;
use crate::graph::recording::Recording;
use crate::memory::limits::Limits;

/// A compiled program and the graph that it was compiled from.
struct Cached {
    graph: Graph,
    executable: Arc<Executable>,
}

/// The programs whose recordings have one hash: nearly always a single one.
type Bucket = Vec<Cached>;

/// Bounded by [`Limits`]: shapes that change all the time must not fill the memory.
static PLANS: Mutex<Option<LeastRecentlyUsed<u64, Bucket>>> = Mutex::new(None);

/// Returns the program of `recording` from the cache, or compiles it. `None` if the recording is stale, see
/// [`Recording::graph`]: it has to be made again.
pub(crate) fn get_or_compile(recording: &Recording) -> Option<Arc<Executable>> {
    let hash = recording.hash();
    if let Some(found) = lookup(hash, recording) {
        statistics::count_cached_plan();
        return Some(found);
    }
    let graph = recording.graph()?;
    // Compiled without the lock, since it is slow. If another thread compiles an equal program meanwhile, both are kept.
    let executable = Arc::new(compile(&graph));
    statistics::count_compiled_plan();
    let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    let plans = plans.get_or_insert_default();
    let mut bucket = plans.get(&hash).map(std::mem::take).unwrap_or_default();
    bucket.push(Cached { graph, executable: Arc::clone(&executable) });
    let bytes = bucket.iter().map(|cached| cached.executable.estimated_bytes()).sum();
    plans.insert(hash, bucket, bytes, bound());
    Some(executable)
}

/// Forgets programs until the cache is within the limits.
pub(crate) fn trim() {
    if let Some(plans) = &mut *PLANS.lock().unwrap_or_else(PoisonError::into_inner) {
        plans.shrink(bound());
    }
}

fn bound() -> Bound {
    let limits = Limits::current();
    Bound { entries: limits.plans, weight: limits.plan_bytes }
}

fn lookup(hash: u64, recording: &Recording) -> Option<Arc<Executable>> {
    let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    let same_hash = plans.as_mut()?.get(&hash)?;
    same_hash.iter().find(|cached| recording.is(&cached.graph)).map(|cached| Arc::clone(&cached.executable))
}
