//! The walk over recorded operations in which operands come before their users. It keeps its own stack, so that the
//! depth of a graph is not bounded by the thread's.

use crate::graph::node::Tensor;

/// The nodes that are still to be visited, the next one last. `N` is kept for a node between its two visits.
pub(crate) struct Pending<N>(Vec<Visit<N>>);

enum Visit<N> {
    /// The node's operands have not been visited.
    First(Tensor),
    /// All operands have been visited.
    Last(N),
    /// The place of a node whose first visit is under way.
    Reserved,
}

impl<N> Pending<N> {
    /// Adds a node. It is visited before all that were added earlier.
    #[inline]
    pub(crate) fn push(&mut self, tensor: Tensor) {
        self.0.push(Visit::First(tensor));
    }
}

impl<N> Default for Pending<N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// The actions at each node of a walk.
pub(crate) trait Walk {
    /// The state kept for a node between its two visits.
    type Node;

    /// The first visit: pushes the operands to be visited before the node. `None` if the node needs no last visit.
    fn first(&mut self, tensor: Tensor, pending: &mut Pending<Self::Node>) -> Option<Self::Node>;

    /// True if the node has had its last visit since its first one, on another path.
    fn is_done(&self, node: &Self::Node) -> bool;

    /// The last visit, after those of all operands that [`first`](Walk::first) has pushed.
    fn last(&mut self, node: Self::Node);
}

/// Visits everything in `pending`, and all that the visits push. `pending` is empty afterwards.
#[inline]
pub(crate) fn walk<W: Walk>(walk: &mut W, pending: &mut Pending<W::Node>) {
    while let Some(visit) = pending.0.pop() {
        match visit {
            Visit::First(tensor) => {
                let place = pending.0.len();
                pending.0.push(Visit::Reserved);
                match walk.first(tensor, pending) {
                    // Nothing to wait for.
                    Some(node) if pending.0.len() == place + 1 => {
                        pending.0.pop();
                        walk.last(node);
                    }
                    Some(node) => pending.0[place] = Visit::Last(node),
                    None => pending.0.truncate(place),
                }
            }
            Visit::Last(node) => {
                if !walk.is_done(&node) {
                    walk.last(node);
                }
            }
            Visit::Reserved => unreachable!("a reserved place is replaced or removed before the next visit"),
        }
    }
}
