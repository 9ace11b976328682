//! Compiled programs by the structure of their graphs. Values are never part
//! of a graph, so a model applied in a loop is compiled once.

use std::hash::{BuildHasher, BuildHasherDefault};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::{FxHashMap, FxHasher};

use crate::execution::{Executable, compile, statistics};
use crate::graph::Graph;

/// Beyond this many programs the cache starts anew: shapes that change all the
/// time must not fill the memory.
const MOST_PLANS: usize = 1024;

struct Plan {
    graph: Graph,
    executable: Arc<Executable>,
}

static PLANS: Mutex<Option<FxHashMap<u64, Vec<Plan>>>> = Mutex::new(None);

/// The program of `graph`, compiled if no equal graph has been before.
pub(crate) fn get_or_compile(graph: Graph) -> Arc<Executable> {
    let hash = BuildHasherDefault::<FxHasher>::default().hash_one(&graph);
    if let Some(found) = lookup(hash, &graph) {
        statistics::count_cached_plan();
        return found;
    }
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
    executable
}

fn lookup(hash: u64, graph: &Graph) -> Option<Arc<Executable>> {
    let plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    let same_hash = plans.as_ref()?.get(&hash)?;
    same_hash.iter().find(|plan| plan.graph == *graph).map(|plan| Arc::clone(&plan.executable))
}
