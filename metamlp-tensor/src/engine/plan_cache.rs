//! Compiled programs by the structure of their graphs. Values are never part
//! of a graph, so a model applied in a loop is compiled once.

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::statistics;
use crate::embedded::{Executable, compile};
use crate::graph::Graph;
use crate::graph::recording::Recording;

/// Beyond this many programs the cache starts anew: shapes that change all the
/// time must not fill the memory.
const MOST_PLANS: usize = 1024;

struct Plan {
    graph: Graph,
    executable: Arc<Executable>,
}

static PLANS: Mutex<Option<FxHashMap<u64, Vec<Plan>>>> = Mutex::new(None);

/// The program of `recording`, compiled if no equal one has been before; none
/// if the recording has to be made again.
pub(crate) fn get_or_compile(recording: &Recording) -> Option<Arc<Executable>> {
    let hash = recording.hash();
    if let Some(found) = lookup(hash, recording) {
        statistics::count_cached_plan();
        return Some(found);
    }
    let graph = recording.graph()?;
    // Without the lock: compiling is slow, and another thread's plan is as good.
    let executable = Arc::new(compile(&graph));
    statistics::count_compiled_plan();
    let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    let plans = plans.get_or_insert_default();
    if plans.len() >= MOST_PLANS {
        plans.clear();
    }
    let plan = Plan { graph, executable: Arc::clone(&executable) };
    plans.entry(hash).or_default().push(plan);
    Some(executable)
}

fn lookup(hash: u64, recording: &Recording) -> Option<Arc<Executable>> {
    let plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    let same_hash = plans.as_ref()?.get(&hash)?;
    same_hash.iter().find(|plan| recording.is(&plan.graph)).map(|plan| Arc::clone(&plan.executable))
}
