//! Per-thread free list of graph nodes. A model that is applied in a loop makes and drops the same number of nodes each
//! time, so that they need no allocation.

use std::cell::RefCell;
use std::sync::Arc;

use crate::graph::node::Node;

/// The most free nodes that a thread keeps.
const MOST: usize = 1024;

/// Nodes without a value, an operand and another owner.
pub(crate) struct FreeList(Vec<Arc<Node>>);

thread_local! {
    static FREE: RefCell<FreeList> = const { RefCell::new(FreeList(Vec::new())) };
}

impl FreeList {
    /// Puts a node that has no value, no operand and no other owner on the list.
    #[inline]
    pub(crate) fn keep(&mut self, node: Arc<Node>) {
        if self.0.len() < MOST {
            self.0.push(node);
        }
    }
}

/// Takes a node from the free list: it has no value and no other owner.
#[inline]
pub(crate) fn take() -> Option<Arc<Node>> {
    // The list is gone while the thread ends.
    FREE.try_with(|free| free.borrow_mut().0.pop()).ok().flatten()
}

/// Runs `f` on the free list of this thread. `f` must not make nodes.
#[inline]
pub(crate) fn with(f: impl FnOnce(&mut FreeList)) {
    let mut f = Some(f);
    let mut run = |free: &mut FreeList| {
        if let Some(f) = f.take() {
            f(free);
        }
    };
    let has_run = FREE.try_with(|free| match free.try_borrow_mut() {
        Ok(mut free) => {
            run(&mut free);
            true
        }
        // `f` of an outer call drops the last owner of a node, which another thread has just let go.
        Err(_) => false,
    });
    // The list is gone while the thread ends.
    if has_run != Ok(true) {
        run(&mut FreeList(Vec::new()));
    }
}

#[cfg(test)]
mod tests {
    use crate::{F32, Tensor};

    #[test]
    fn a_node_is_filled_again_and_its_value_is_gone() {
        let inner = Tensor::ones([3], F32);
        assert!(inner.evaluate().is_ok());
        let address = inner.address();
        let outer = inner.exp();
        drop(inner);
        // Evaluating `outer` drops its operation and operands.
        assert!(outer.evaluate().is_ok());
        let next = Tensor::spec([2], F32);
        assert_eq!(next.address(), address);
        assert_eq!(next.shape(), [2]);
        assert!(!next.is_concrete());
    }
}
