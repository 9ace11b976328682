//! The cache of compiled programs, by the structure of their graphs. Values are never part of a graph, so a model that
//! is applied in a loop is compiled once.

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::embedded::{Executable, compile};
use crate::engine::statistics;
use crate::graph::Graph;
use crate::graph::recording::Recording;

/// Beyond this many programs the cache starts anew: shapes that change all the time must not fill the memory.
const MOST_PLANS: usize = 1024;

/// A compiled program and the graph that it was compiled from.
struct Cached {
    graph: Graph,
    executable: Arc<Executable>,
}

static PLANS: Mutex<Option<FxHashMap<u64, Vec<Cached>>>> = Mutex::new(None);

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
    if plans.len() >= MOST_PLANS {
        plans.clear();
    }
    let cached = Cached { graph, executable: Arc::clone(&executable) };
    plans.entry(hash).or_default().push(cached);
    Some(executable)
}

fn lookup(hash: u64, recording: &Recording) -> Option<Arc<Executable>> {
    let plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    let same_hash = plans.as_ref()?.get(&hash)?;
    same_hash.iter().find(|cached| recording.is(&cached.graph)).map(|cached| Arc::clone(&cached.executable))
}
