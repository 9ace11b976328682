//! Per-thread free list of graph nodes. A model that is applied in a loop makes and drops the same number of nodes each
//! time, so that they need no allocation.

use std::cell::RefCell;
use std::sync::Arc;

use crate::graph::node::Node;

/// The most free nodes that a thread keeps.
const MOST: usize = 1024;

thread_local! {
    static SPARE: RefCell<Vec<Arc<Node>>> = const { RefCell::new(Vec::new()) };
}

/// Takes a node from the free list: it has no value and no other owner.
pub(crate) fn take() -> Option<Arc<Node>> {
    // The list is gone while the thread ends.
    SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten()
}

/// Drops the node's value and puts the node on the free list, unless it has another owner.
pub(crate) fn keep(mut node: Arc<Node>) {
    let Some(last) = Arc::get_mut(&mut node) else { return };
    drop(last.value.take());
    // A node that does not fit is dropped after the borrow has ended.
    let rest = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < MOST {
            spare.push(node);
            return None;
        }
        Some(node)
    });
    drop(rest);
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
