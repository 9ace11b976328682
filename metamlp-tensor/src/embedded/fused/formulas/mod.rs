//! Operations that often follow each other, in one loop each: their values
//! between stay in the processor's registers, and their arithmetic and its
//! order are those of the single operations, so that no bit changes. Knows
//! bodies of kernels; nothing of tiles.

use std::sync::LazyLock;

use multiversion::multiversion;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::dtype::DType;
use crate::engine::statistics::count_compile_work;
use crate::graph::op::{Binary, Comparison, Op, Reduction, Unary};
use crate::graph::{Graph, Id};
use crate::math::arithmetic::Arithmetic;

use crate::embedded::analysis::body::{Body, Value};
use crate::embedded::slices::loops::{Lanes, elementwise};

/// Operands of a formula at most.
pub(crate) const MOST_LEAVES: usize = 9;

/// A tree of operations on `f32`, and the loop that computes it.
pub(crate) struct Formula {
    tree: Tree,
    leaves: usize,
    /// The leaves before this one have an element for each of the tile's; the others one for all.
    each: usize,
    pub(crate) run: Loop,
    /// The loop without the first leaf, which is what the result is written over.
    pub(crate) in_place: Option<Loop>,
}

/// Reads the leaves and writes the result.
pub(crate) type Loop = fn(&[Lanes<'_, f32>], &mut [f32]);

#[derive(Clone)]
enum Tree {
    Leaf(usize),
    Unary(Unary, Box<Tree>),
    Binary(Binary, Box<[Tree; 2]>),
    /// A maximum with a literal, in which neither NaN nor the sign of zero is a question.
    AtLeast(Box<[Tree; 2]>),
    Compare(Comparison, Box<[Tree; 2]>),
    Select(Box<[Tree; 3]>),
}

macro_rules! tree {
    ((AtLeast $x:tt $bound:tt)) => {
        Tree::AtLeast(Box::new([tree!($x), tree!($bound)]))
    };
    ((Less $x:tt $y:tt)) => {
        Tree::Compare(Comparison::Lt, Box::new([tree!($x), tree!($y)]))
    };
    ((AtMost $x:tt $y:tt)) => {
        Tree::Compare(Comparison::Le, Box::new([tree!($x), tree!($y)]))
    };
    ((Guarded $choice:tt $yes:tt $no:tt)) => {
        tree!((Select $choice $yes $no))
    };
    ((Select $choice:tt $yes:tt $no:tt)) => {
        Tree::Select(Box::new([tree!($choice), tree!($yes), tree!($no)]))
    };
    (($Op:ident $x:tt)) => {
        Tree::Unary(Unary::$Op, Box::new(tree!($x)))
    };
    (($Op:ident $x:tt $y:tt)) => {
        Tree::Binary(Binary::$Op, Box::new([tree!($x), tree!($y)]))
    };
    ($name:ident) => {
        $name.clone()
    };
}

macro_rules! value {
    ((AtLeast $x:tt $bound:tt)) => {{
        let (x, bound) = (value!($x), value!($bound));
        if x <= bound { bound } else { x }
    }};
    ((Less $x:tt $y:tt)) => {
        Comparison::Lt.holds(value!($x), value!($y))
    };
    ((AtMost $x:tt $y:tt)) => {
        Comparison::Le.holds(value!($x), value!($y))
    };
    // A choice of which only what comes of the first value is looked at.
    ((Guarded $choice:tt $yes:tt $no:tt)) => {
        value!($yes)
    };
    ((Select $choice:tt $yes:tt $no:tt)) => {
        if value!($choice) { value!($yes) } else { value!($no) }
    };
    (($Op:ident $x:tt)) => {
        Arithmetic::unary(value!($x), Unary::$Op)
    };
    (($Op:ident $x:tt $y:tt)) => {
        Arithmetic::binary(value!($x), Binary::$Op, value!($y))
    };
    ($name:ident) => {
        $name
    };
}

/// The loop that writes over the first leaf, where it is asked for.
macro_rules! in_place {
    (() as option $name:ident) => { None };
    ((in_place) as option $name:ident) => { Some(single::in_place::$name) };
    (() $($formula:tt)*) => {};
    ((in_place) $name:ident($first:ident $($leaf:ident)*; $($same:ident)*) $($inner:ident = $expression:tt;)* => $result:tt) => {
        #[multiversion(targets(
            "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
            "x86_64+avx2+fma",
        ))]
        pub(in crate::embedded::fused::formulas) fn $name(leaves: &[Lanes<'_, f32>], out: &mut [f32]) {
            let &[$($leaf,)* $($same),*] = leaves else { return };
            $(let Some($same) = $same.first() else { return };)*
            elementwise!(in out($first) = $($leaf),* => {
                $(let $inner = value!($expression);)*
                value!($result)
            });
        }
    };
}

/// Each formula with its leaves, after `;` those that all elements have in common and that a register of the
/// processor holds; then values that it names, then its own value.
macro_rules! formulas {
    ($($name:ident($($leaf:ident),+ $(; $($same:ident),+)?) $($in_place:ident)? {
        $($inner:ident = $expression:tt;)* => $result:tt
    })*) => {
        mod single {
            use super::*;

            $(
                #[multiversion(targets(
                    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
                    "x86_64+avx2+fma",
                ))]
                pub(crate) fn $name(leaves: &[Lanes<'_, f32>], out: &mut [f32]) {
                    let &[$($leaf,)+ $($($same),+)?] = leaves else { return };
                    $($(let Some($same) = $same.first() else { return };)+)?
                    elementwise!(out = $($leaf),+ => {
                        $(let $inner = value!($expression);)*
                        value!($result)
                    });
                }
            )*

            pub(crate) mod in_place {
                use super::*;

                $(in_place!(($($in_place)?) $name($($leaf)+; $($($same)+)?) $($inner = $expression;)* => $result);)*
            }
        }

        /// The larger ones first.
        static FORMULAS: LazyLock<Vec<Formula>> = LazyLock::new(|| {
            vec![$({
                let mut leaves = 0;
                $(
                    let $leaf = Tree::Leaf(leaves);
                    leaves += 1;
                )+
                let each = leaves;
                $($(
                    let $same = Tree::Leaf(leaves);
                    leaves += 1;
                )+)?
                $(let $inner = tree!($expression);)*
                let in_place: Option<Loop> = in_place!(($($in_place)?) as option $name);
                Formula { tree: tree!($result), leaves, each, run: single::$name, in_place }
            }),*]
        });
    };
}

formulas! {
    gelu(x; bound, zero, cubic, scale, one, half) {
        is_inside = (Less (Abs x) bound);
        inside = (Guarded is_inside x zero);
        argument = (Mul inside (Add (Mul (Mul inside inside) cubic) scale));
        gated = (Mul inside (Mul (Add (Tanh argument) one) half));
        => (Select is_inside gated (AtLeast x zero))
    }
    silu(x; bound, zero) {
        is_inside = (Less (Abs x) bound);
        inside = (Guarded is_inside x zero);
        => (Select is_inside (Mul inside (Logistic inside)) (AtLeast x zero))
    }
    adamw(before, moment, square; inverse, square_inverse, inside, outside, decay, rate) in_place {
        root = (Add (Sqrt (Add (Mul square square_inverse) inside)) outside);
        direction = (Add (Div (Mul moment inverse) root) (Mul before decay));
        => (Add before (Mul direction rate))
    }
    adam(before, moment, square; inverse, square_inverse, inside, outside, rate) in_place {
        root = (Add (Sqrt (Add (Mul square square_inverse) inside)) outside);
        => (Add before (Mul (Div (Mul moment inverse) root) rate))
    }
    adam_direction(moment, square; inverse, square_inverse, inside, outside) {
        => (Div (Mul moment inverse) (Add (Sqrt (Add (Mul square square_inverse) inside)) outside))
    }
    inverse_deviation(square, mean; zero, epsilon) {
        => (Rsqrt (Add (AtLeast (Sub square (Mul mean mean)) zero) epsilon))
    }
    square_moment(before, x; fresh, decay) in_place { => (Add (Mul fresh (Mul x x)) (Mul decay before)) }
    moment(before, x; fresh, decay) in_place { => (Add (Mul fresh x) (Mul decay before)) }
    descent(before, x; rate) in_place { => (Add before (Mul x rate)) }
    mul_add_square(a, b, c, d) { => (Add (Mul a b) (Mul (Mul c c) d)) }
    layer_norm(x, scale, bias; sum, squares, count, zero, epsilon) in_place {
        mean = (Div sum count);
        square = (Div squares count);
        factor = (Rsqrt (Add (AtLeast (Sub square (Mul mean mean)) zero) epsilon));
        => (Add (Mul (Sub x mean) (Mul factor scale)) bias)
    }
    normalize_row(x, scale, bias; mean, factor) in_place { => (Add (Mul (Sub x mean) (Mul factor scale)) bias) }
    normalize(x, mean, factor, scale, bias) { => (Add (Mul (Sub x mean) (Mul factor scale)) bias) }
    scale_shift(x, mean, factor, bias) { => (Add (Mul (Sub x mean) factor) bias) }
    sum_of_products(a, b, c, d) { => (Add (Mul a b) (Mul c d)) }
    difference_of_products(a, b, c, d) { => (Sub (Mul a b) (Mul c d)) }
    tanh_slope(a, y; one) { => (Mul a (Sub one (Mul y y))) }
    exp_difference_row(x; y) { => (Exp (Sub x y)) }
    exp_difference(x, y) { => (Exp (Sub x y)) }
    difference_scaled_row(x; y, factor) { => (Mul (Sub x y) factor) }
    difference_scaled(x, y, factor) { => (Mul (Sub x y) factor) }
    sum_scaled(x, y, factor) { => (Mul (Add x y) factor) }
    product_of_three(x, y, z) { => (Mul (Mul x y) z) }
    product_plus(x, y, z) { => (Add (Mul x y) z) }
    product_minus(x, y, z) { => (Sub (Mul x y) z) }
    minus_product(x, y, z) { => (Sub z (Mul x y)) }
    sum_of_three(x, y, z) { => (Add (Add x y) z) }
    sum_at_least(x, y; bound) { => (AtLeast (Add x y) bound) }
    relu_of_sum(x, y; zero) {
        sum = (Add x y);
        => (Select (AtMost sum zero) zero sum)
    }
    relu(x; zero) in_place { => (Select (AtMost x zero) zero x) }
    scaled_by_inverse(x; one, divisor) in_place { => (Mul x (Div one divisor)) }
    scaled(x; factor) in_place { => (Mul x factor) }
    at_least(x; bound) { => (AtLeast x bound) }
}

/// What a kernel does in one go: a node, perhaps with those that only it needs.
pub(crate) struct Job {
    pub(crate) id: Id,
    pub(crate) operands: SmallVec<[Value; 4]>,
    /// The node's own operation, if there is none.
    pub(crate) formula: Option<&'static Formula>,
    /// Of a sum along a row: the sum of the squares of the same elements, which is taken with it.
    pub(crate) squares: Option<Id>,
}

/// The nodes of `body` in as few jobs as there are formulas for.
pub(crate) fn jobs(graph: &Graph, body: &Body) -> Vec<Job> {
    let mut users: FxHashMap<Id, SmallVec<[Id; 2]>> = FxHashMap::default();
    for id in &body.nodes {
        for operand in body.operands[id].iter().filter_map(Value::node) {
            users.entry(operand).or_default().push(*id);
        }
    }
    let kept =
        |id: Id| body.stored.contains(&id) || body.reduced.is_some_and(|(_, value)| value == Value::Node(id));
    let same = body.same(graph);
    let mut inside: FxHashSet<Id> = FxHashSet::default();
    let mut jobs: Vec<Job> = Vec::new();
    count_compile_work(body.nodes.len());
    for &id in body.nodes.iter().rev() {
        if inside.contains(&id) {
            continue;
        }
        let found = FORMULAS.iter().find_map(|formula| {
            let mut search = Search {
                graph,
                body,
                leaves: SmallVec::from_elem(None, formula.leaves),
                each: formula.each,
                same: &same,
                met: SmallVec::new(),
            };
            let is_closed = |met: &[Id]| {
                met.iter().all(|&inner| {
                    inner == id || (!kept(inner) && users[&inner].iter().all(|user| met.contains(user)))
                })
            };
            if !search.matches(&formula.tree, Value::Node(id)) || !is_closed(&search.met) {
                return None;
            }
            // A value that is both inside and a leaf is needed by itself.
            let is_inside = |value: Value| value.node().is_some_and(|node| search.met.contains(&node));
            if search.leaves.iter().flatten().any(|&leaf| is_inside(leaf)) {
                return None;
            }
            let leaves: Option<SmallVec<[Value; 4]>> = search.leaves.iter().copied().collect();
            Some((formula, leaves?, search.met))
        });
        jobs.push(match found {
            Some((formula, operands, met)) => {
                inside.extend(met.into_iter().filter(|&inner| inner != id));
                Job { id, operands, formula: Some(formula), squares: None }
            }
            None => {
                let product = body.summed_product(graph, id).filter(|x| users[x].len() == 1 && !kept(*x));
                inside.extend(product);
                Job {
                    id,
                    operands: body.operands[&product.unwrap_or(id)][..].into(),
                    formula: None,
                    squares: None,
                }
            }
        });
    }
    jobs.reverse();
    join_moments(graph, body, &mut jobs);
    jobs
}

/// Takes each sum along a row together with the sum of the same elements' squares.
fn join_moments(graph: &Graph, body: &Body, jobs: &mut Vec<Job>) {
    let is_sum = |job: &Job| {
        body.folds.contains(&job.id)
            && matches!(graph.node(job.id).op, Op::Reduce { kind: Reduction::Sum, .. })
    };
    let mut at = 0;
    while at < jobs.len() {
        if let (true, &[x]) = (is_sum(&jobs[at]), &jobs[at].operands[..]) {
            let is_partner = |job: &Job| is_sum(job) && job.operands[..] == [x, x];
            if let Some(partner) = jobs.iter().position(is_partner) {
                jobs[at].squares = Some(jobs[partner].id);
                // Whichever came first had what it reads, which is what both read.
                if partner < at {
                    jobs.swap(partner, at);
                }
                jobs.remove(partner.max(at));
                continue;
            }
        }
        at += 1;
    }
}

/// An attempt to see a formula in a body.
struct Search<'a> {
    graph: &'a Graph,
    body: &'a Body,
    leaves: SmallVec<[Option<Value>; MOST_LEAVES]>,
    each: usize,
    /// The nodes that have one element for all.
    same: &'a FxHashSet<Id>,
    /// The nodes that the formula computes.
    met: SmallVec<[Id; 16]>,
}

impl Search<'_> {
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

    /// Whether all of them match; leaves nothing behind if not.
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

/// Whether a maximum with it is a comparison and a choice: it is neither NaN nor -0.
fn is_clear(value: Value) -> bool {
    let Value::Literal(literal) = value else { return false };
    let number = literal.as_f64();
    !number.is_nan() && (number != 0.0 || number.is_sign_positive())
}

#[cfg(test)]
mod tests;
