//! Finding formulas in the body of a kernel. Knows bodies; nothing of tiles.

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use crate::dtype::DType;
use crate::graph::op::{Binary, Op};
use crate::graph::{Graph, Id};

use super::table::FORMULAS;
use super::{Formula, MOST_LEAVES, Tree};
use crate::embedded::analysis::body::{Body, Value};

/// An attempt to match a formula with the nodes of a body.
pub(super) struct Search<'a> {
    graph: &'a Graph,
    body: &'a Body,
    /// The value of each leaf, once it has been met.
    leaves: SmallVec<[Option<Value>; MOST_LEAVES]>,
    /// The leaves before this one have an element for each element of the tile.
    each: usize,
    /// The nodes with one value for all elements.
    same: &'a FxHashSet<Id>,
    /// The nodes that have matched an operation of the formula.
    met: SmallVec<[Id; 16]>,
}

/// A formula that computes a node, the values of its leaves, and all nodes that it computes.
pub(super) type Found = (&'static Formula, SmallVec<[Value; 4]>, SmallVec<[Id; 16]>);

impl<'a> Search<'a> {
    /// The first formula of the table that computes `id`. `is_closed` is true for the nodes of a formula if
    /// only its result is read elsewhere.
    pub(super) fn find(
        graph: &'a Graph,
        body: &'a Body,
        same: &'a FxHashSet<Id>,
        id: Id,
        is_closed: &dyn Fn(&[Id]) -> bool,
    ) -> Option<Found> {
        FORMULAS.iter().find_map(|formula| {
            let leaves = SmallVec::from_elem(None, formula.leaves);
            let mut search = Search { graph, body, leaves, each: formula.each, same, met: SmallVec::new() };
            if !search.matches(&formula.tree, Value::Node(id)) || !is_closed(&search.met) {
                return None;
            }
            let leaves: Option<SmallVec<[Value; 4]>> = search.leaves.iter().copied().collect();
            let leaves = leaves.expect("a formula that matches has met all its leaves");
            // A leaf that the formula computes itself would not be stored.
            let is_inside = |value: &Value| value.node().is_some_and(|node| search.met.contains(&node));
            (!leaves.iter().any(is_inside)).then_some((formula, leaves, search.met))
        })
    }

    fn matches(&mut self, tree: &Tree, value: Value) -> bool {
        if let Tree::Leaf(leaf) = *tree {
            let known = self.leaves[leaf].get_or_insert(value);
            let fits = leaf < self.each || self.body.is_same(value, self.same);
            return fits && *known == value && self.dtype(value) == DType::F32;
        }
        let Value::Node(id) = value else { return false };
        let operands = &self.body.operands[&id];
        let is_found = match (tree, &self.graph.node(id).op) {
            (Tree::Unary(op, x), Op::Unary(found)) => op == found && self.matches(x, operands[0]),
            (Tree::Binary(op, trees), Op::Binary(found)) if op == found => {
                let (x, y) = (operands[0], operands[1]);
                let is_commutative = matches!(op, Binary::Add | Binary::Mul);
                self.all(&trees[..], &[x, y]) || (is_commutative && self.all(&trees[..], &[y, x]))
            }
            (Tree::AtLeast(trees), Op::Binary(Binary::Max)) => {
                let (x, y) = (operands[0], operands[1]);
                (is_clear(y) && self.all(&trees[..], &[x, y]))
                    || (is_clear(x) && self.all(&trees[..], &[y, x]))
            }
            (Tree::Compare(op, trees), Op::Compare(found)) => op == found && self.all(&trees[..], operands),
            (Tree::Select(trees), Op::Select) => self.all(&trees[..], operands),
            _ => false,
        };
        if is_found {
            self.met.push(id);
        }
        is_found
    }

    /// True if all trees match. If not, undoes the matches of some of them.
    fn all(&mut self, trees: &[Tree], values: &[Value]) -> bool {
        let (leaves, met) = (self.leaves.clone(), self.met.len());
        let is_found = trees.iter().zip(values).all(|(tree, &value)| self.matches(tree, value));
        if !is_found {
            self.leaves = leaves;
            self.met.truncate(met);
        }
        is_found
    }

    fn dtype(&self, value: Value) -> DType {
        match value {
            Value::Literal(literal) => literal.dtype(),
            Value::Load(load) => self.body.loads[load].dtype,
            Value::Node(id) => self.graph.node(id).ty.dtype,
        }
    }
}

/// True if a maximum with this literal is a comparison and a selection: it is neither NaN nor -0.
fn is_clear(value: Value) -> bool {
    let Value::Literal(literal) = value else { return false };
    let number = literal.as_f64();
    !number.is_nan() && (number != 0.0 || number.is_sign_positive())
}
