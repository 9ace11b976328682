//! Nodes that a thread has done with and fills again: a model that is applied
//! in a loop makes and drops the same number of them each time.

use std::cell::RefCell;
use std::sync::Arc;

use crate::graph::node::Node;

/// Nodes that a thread keeps.
const MOST: usize = 1024;

thread_local! {
    static SPARE: RefCell<Vec<Arc<Node>>> = const { RefCell::new(Vec::new()) };
}

/// A node without a value, held by nobody else; none if there is none to spare.
pub(crate) fn take() -> Option<Arc<Node>> {
    // Where the thread is ending there is no list any more.
    SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten()
}

/// Keeps a node for its memory, if it is nobody else's; its value goes at once.
pub(crate) fn keep(mut node: Arc<Node>) {
    let Some(last) = Arc::get_mut(&mut node) else { return };
    drop(last.value.take());
    // What does not fit is dropped here, outside of the borrow.
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
        // Computing `outer` forgets what it was computed from.
        assert!(outer.evaluate().is_ok());
        let next = Tensor::spec([2], F32);
        assert_eq!(next.address(), address);
        assert_eq!(next.shape(), [2]);
        assert!(!next.is_concrete());
    }
}
