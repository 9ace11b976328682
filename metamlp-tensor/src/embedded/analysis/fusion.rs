//! Fusion: the nodes that one kernel computes, and the values that are stored. Knows the graph and its layout; nothing of
//! how a kernel runs.
//!
//! An edge is *fusible* if an elementwise operation or a reduction reads an elementwise operation one for one. Every other
//! edge is a *barrier*. The *level* of a node is the number of barriers before it. Nodes of one level that fusible edges
//! connect form a kernel: no path between two of them leaves the level, so kernels never wait for each other in a circle.

use smallvec::SmallVec;

use crate::dtype::DType;
use crate::graph::class::{Class, Elementwise};
use crate::graph::op::{Binary, Op, Unary};
use crate::graph::{Graph, Id};

use super::layout::{Kind, Layout};

/// The kernels of a graph.
#[derive(Debug)]
pub(crate) struct Fusion {
    /// For each node the kernel that computes it, named by one of its nodes.
    kernels: Vec<Id>,
    /// For each node, true if its elements are written to a buffer.
    stored: Vec<bool>,
}

/// Highest cost of a value that each kernel computes again. A more expensive one is computed once and stored.
const CHEAP: u32 = 4;
/// Most buffers that such a value reads. A value that reads more is stored.
const FEW_LOADS: u32 = 2;

struct User {
    id: Id,
    is_fusible: bool,
}

struct Analysis<'a> {
    graph: &'a Graph,
    layout: &'a Layout,
    users: Vec<SmallVec<[User; 2]>>,
    /// For each elementwise node the reduction that alone uses it, if there is one.
    absorbed: Vec<Option<Id>>,
    is_cheap: Vec<bool>,
    levels: Vec<u32>,
}

impl Fusion {
    pub(crate) fn new(graph: &Graph, layout: &Layout) -> Self {
        let mut analysis = Analysis::new(graph, layout);
        analysis.absorb();
        analysis.find_cheap();
        analysis.find_levels();
        analysis.sink();
        let kernels = analysis.join();
        let stored = analysis.stored(&kernels);
        Self { kernels, stored }
    }

    pub(crate) fn kernel(&self, id: Id) -> Id {
        self.kernels[id as usize]
    }

    pub(crate) fn is_stored(&self, id: Id) -> bool {
        self.stored[id as usize]
    }
}

impl<'a> Analysis<'a> {
    fn new(graph: &'a Graph, layout: &'a Layout) -> Self {
        let count = graph.nodes.len();
        let mut users: Vec<SmallVec<[User; 2]>> = (0..count).map(|_| SmallVec::new()).collect();
        for id in 0..count as Id {
            for (base, is_fusible) in edges(graph, layout, id) {
                users[base as usize].push(User { id, is_fusible });
            }
        }
        Self {
            graph,
            layout,
            users,
            absorbed: vec![None; count],
            is_cheap: vec![false; count],
            levels: vec![0; count],
        }
    }

    fn ids(&self) -> impl DoubleEndedIterator<Item = Id> + use<> {
        0..self.graph.nodes.len() as Id
    }

    /// True if kernels of the node's users can compute its elements themselves.
    fn is_elementwise(&self, id: Id) -> bool {
        matches!(self.layout.kind(id), Kind::Elementwise | Kind::Random)
    }

    /// The reduction that absorbed the node; the node itself if none did.
    fn reduction(&self, id: Id) -> Id {
        self.absorbed[id as usize].unwrap_or(id)
    }

    /// Gives each reduction the operations that it alone uses.
    fn absorb(&mut self) {
        for id in self.ids().rev() {
            let users = &self.users[id as usize];
            let Some(first) = users.first() else { continue };
            if self.layout.kind(id) != Kind::Elementwise || self.layout.is_output(id) {
                continue;
            }
            let owner = self.reduction(first.id);
            let is_reduction = self.layout.kind(owner) == Kind::Reduce;
            if is_reduction && users.iter().all(|user| user.is_fusible && self.reduction(user.id) == owner) {
                self.absorbed[id as usize] = Some(owner);
            }
        }
    }

    fn find_cheap(&mut self) {
        let mut costs = vec![(0u32, 0u32); self.graph.nodes.len()];
        // A bool made of each element of a contraction, such as where an activation is flat, takes one byte. If it is
        // stored, the contraction's own elements can be freed.
        let mut tells_of_contraction = vec![false; self.graph.nodes.len()];
        for id in self.ids() {
            if !self.is_elementwise(id) {
                continue;
            }
            let (mut cost, mut loads) = (weight(&self.graph.node(id).op), 0u32);
            for place in self.layout.operands(self.graph, id) {
                let base = self.graph.node(place.base);
                let is_contraction = self.layout.kind(place.base) == Kind::Contraction;
                tells_of_contraction[id as usize] |= tells_of_contraction[place.base as usize]
                    || (is_contraction && place.view.is_whole(base.ty.shape.size()));
                if self.layout.is_one_for_one(self.graph, place) {
                    let (more, reads) = costs[place.base as usize];
                    cost = cost.saturating_add(more);
                    loads = loads.saturating_add(reads);
                } else if place.view.strides.iter().any(|&stride| stride != 0) {
                    loads = loads.saturating_add(1);
                }
            }
            costs[id as usize] = (cost, loads);
            let is_byte = self.graph.node(id).ty.dtype == DType::Bool && tells_of_contraction[id as usize];
            self.is_cheap[id as usize] = cost <= CHEAP && loads <= FEW_LOADS && !is_byte;
        }
    }

    /// Puts each node at the earliest level that its operands allow.
    fn find_levels(&mut self) {
        for id in self.ids() {
            let mut level = 0;
            for (base, is_fusible) in edges(self.graph, self.layout, id) {
                let below = self.levels[base as usize];
                level = level.max(below + u32::from(!self.is_inside(base, id, is_fusible)));
            }
            self.levels[id as usize] = level;
        }
    }

    /// True if `base` and its user can be in one kernel.
    fn is_inside(&self, base: Id, user: Id, is_fusible: bool) -> bool {
        let owner = self.absorbed[base as usize];
        if owner.is_some() {
            return owner == Some(self.reduction(user));
        }
        is_fusible && self.is_elementwise(user) && self.absorbed[user as usize].is_none()
    }

    /// Moves a node to the latest level that its users allow, if that is the level of a user's kernel.
    fn sink(&mut self) {
        for id in self.ids().rev() {
            if !self.is_elementwise(id) || self.absorbed[id as usize].is_some() {
                continue;
            }
            let (mut latest, mut latest_inside) = (u32::MAX, u32::MAX);
            for user in &self.users[id as usize] {
                let level = self.levels[self.reduction(user.id) as usize];
                if self.is_inside(id, user.id, user.is_fusible) {
                    latest_inside = latest_inside.min(level);
                } else {
                    latest = latest.min(level - 1);
                }
            }
            if latest_inside != u32::MAX && latest_inside <= latest {
                self.levels[id as usize] = latest_inside;
            }
        }
    }

    /// Joins the two ends of each fusible edge within a level; gives the kernel of each node.
    fn join(&self) -> Vec<Id> {
        let mut kernels: Vec<Id> = self.ids().map(|id| self.reduction(id)).collect();
        for id in self.ids() {
            for user in &self.users[id as usize] {
                let level = self.levels[user.id as usize];
                if self.is_inside(id, user.id, user.is_fusible) && self.levels[id as usize] == level {
                    let (a, b) = (root(&mut kernels, id), root(&mut kernels, user.id));
                    kernels[a as usize] = b;
                }
            }
        }
        for id in self.ids() {
            let root = root(&mut kernels, id);
            kernels[id as usize] = root;
        }
        kernels
    }

    fn stored(&self, kernels: &[Id]) -> Vec<bool> {
        self.ids()
            .map(|id| {
                self.layout.is_output(id)
                    || match self.layout.kind(id) {
                        Kind::Alias | Kind::Iota => false,
                        Kind::Input | Kind::Reduce | Kind::Contraction | Kind::Direct => true,
                        // Fused kernels have literals among their instructions; others read them from a buffer.
                        Kind::Constant => {
                            self.users[id as usize].iter().any(|user| !self.knows_literals(user.id))
                        }
                        Kind::Elementwise | Kind::Random => self.users[id as usize].iter().any(|user| {
                            let elsewhere = kernels[user.id as usize] != kernels[id as usize];
                            !user.is_fusible || (elsewhere && !self.is_cheap[id as usize])
                        }),
                    }
            })
            .collect()
    }

    /// True if the kernel of `id` has literals among its instructions; other kernels read them from a buffer.
    fn knows_literals(&self, id: Id) -> bool {
        self.layout.kind(id).reads_elements()
    }
}

/// The owners that `id` reads, each with true if `id` takes its elements one for one.
fn edges(graph: &Graph, layout: &Layout, id: Id) -> SmallVec<[(Id, bool); 3]> {
    let kind = layout.kind(id);
    let takes_elements = kind.reads_elements();
    if kind == Kind::Alias {
        return SmallVec::new();
    }
    layout
        .operands(graph, id)
        // Kernels count positions themselves.
        .filter(|place| !place.is_counted)
        .map(|place| (place.base, takes_elements && layout.is_one_for_one(graph, place)))
        .collect()
}

fn root(kernels: &mut [Id], mut id: Id) -> Id {
    while kernels[id as usize] != id {
        let above = kernels[id as usize];
        kernels[id as usize] = kernels[above as usize];
        id = above;
    }
    id
}

/// The cost of an operation for each element, in additions.
pub(crate) fn weight(op: &Op) -> u32 {
    match op.class() {
        Class::Elementwise(op) => match op {
            Elementwise::Unary(unary) => match unary {
                Unary::Abs | Unary::IsFinite | Unary::Neg | Unary::Not | Unary::Sign => 1,
                Unary::Ceil | Unary::Floor | Unary::RoundNearestEven => 2,
                Unary::Sqrt => 4,
                Unary::Rsqrt => 6,
                Unary::Exp | Unary::Log | Unary::Log1p | Unary::Logistic | Unary::Tanh | Unary::ExpM1 => 12,
                Unary::Erf | Unary::ErfInv | Unary::Erfc => 24,
                Unary::Cos | Unary::Sin | Unary::Tan => 60,
            },
            Elementwise::Binary(binary) => match binary {
                Binary::Add
                | Binary::Sub
                | Binary::Mul
                | Binary::And
                | Binary::Or
                | Binary::Xor
                | Binary::ShiftLeft
                | Binary::ShiftRight => 1,
                Binary::Max | Binary::Min => 2,
                Binary::Div => 4,
                Binary::Rem => 20,
                Binary::Pow | Binary::Atan2 => 60,
            },
            Elementwise::Compare(_)
            | Elementwise::Select
            | Elementwise::MulAdd
            | Elementwise::Convert
            | Elementwise::BitcastConvert => 1,
        },
        Class::Random => 40,
        Class::Reduce { .. } | Class::View(_) | Class::Iota { .. } => 1,
        Class::Input | Class::Constant(_) | Class::Contraction | Class::Direct => {
            unreachable!("{} is not part of a fused kernel", op.name())
        }
    }
}
