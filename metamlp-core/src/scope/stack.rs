//! The stack of modules that run on this thread, innermost last. Only `init`,
//! `apply`, module calls and [`Scope::enter`](super::Scope::enter) push; they pop
//! when they return or unwind.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::Arc;

use super::root::Root;
use super::tree::ScopeId;
use crate::module::intercept::Interceptors;

/// One running module, or the closure of `init` or `apply`.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) root: Arc<Root>,
    pub(crate) scope: ScopeId,
    /// The module's id and the running method; `None` in the closure.
    pub(crate) running: Option<(u64, &'static str)>,
    /// The interceptors of the methods that run here.
    pub(crate) interceptors: Interceptors,
}

/// A scope that names the modules made while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) root: u64,
    pub(crate) scope: ScopeId,
}

thread_local! {
    static STACK: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
}

/// Pops what [`push`] pushed.
#[must_use]
pub(crate) struct Guard {
    depth: usize,
    not_send: PhantomData<*const ()>,
}

pub(crate) fn push(frame: Frame) -> Guard {
    let depth = STACK.with_borrow_mut(|stack| {
        stack.push(frame);
        stack.len() - 1
    });
    Guard { depth, not_send: PhantomData }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Dropped after the borrow: the last handle to a root drops user values.
        let popped = STACK.with_borrow_mut(|stack| stack.split_off(self.depth.min(stack.len())));
        drop(popped);
    }
}

/// The innermost frame.
pub(crate) fn top() -> Option<Frame> {
    STACK.with_borrow(|stack| stack.last().cloned())
}

/// The innermost frame, if that module runs in it.
pub(crate) fn top_of(module: u64) -> Option<Frame> {
    STACK.with_borrow(|stack| {
        let top = stack.last()?;
        matches!(top.running, Some((running, _)) if running == module).then(|| top.clone())
    })
}

/// The innermost frame of each call of `init` or `apply`, innermost first.
pub(crate) fn tops() -> impl Iterator<Item = Frame> {
    let mut depth = usize::MAX;
    std::iter::from_fn(move || {
        STACK.with_borrow(|stack| {
            let above = stack.get(depth).map(|frame| frame.root.id);
            let at =
                stack[..depth.min(stack.len())].iter().rposition(|frame| Some(frame.root.id) != above)?;
            depth = at;
            stack.get(at).cloned()
        })
    })
}

/// The root with that number, if its model is running.
pub(crate) fn root(id: u64) -> Option<Arc<Root>> {
    let is = |frame: &&Frame| frame.root.id == id;
    STACK.with_borrow(|stack| stack.iter().rev().find(is).map(|frame| Arc::clone(&frame.root)))
}

/// The scope that owns a module made now.
pub(crate) fn owner() -> Option<(Owner, Arc<Root>)> {
    STACK.with_borrow(|stack| {
        let Frame { root, scope, running, .. } = stack.last()?;
        running.map(|_| (Owner { root: root.id, scope: *scope }, Arc::clone(root)))
    })
}
