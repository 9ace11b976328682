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

/// A frame, and the number of programs that the thread was running when it was pushed.
struct Pushed {
    frame: Frame,
    runs: usize,
}

thread_local! {
    static STACK: RefCell<Vec<Pushed>> = const { RefCell::new(Vec::new()) };
}

/// Calls `f` on the frames of the code that runs now. While a thread runs a program it may be given a task of another
/// model, which must not find the modules of the one that waits.
fn with_frames<R>(f: impl FnOnce(&[Pushed]) -> R) -> R {
    let runs = metamlp_tensor::runs();
    STACK.with_borrow(|stack| {
        // The numbers never decrease: a task pops all that it has pushed.
        let begin = if stack.first().is_none_or(|first| first.runs == runs) {
            0
        } else {
            stack.partition_point(|pushed| pushed.runs < runs)
        };
        f(&stack[begin..])
    })
}

/// Pops what [`push`] pushed.
#[must_use]
pub(crate) struct Guard {
    depth: usize,
    not_send: PhantomData<*const ()>,
}

pub(crate) fn push(frame: Frame) -> Guard {
    let depth = STACK.with_borrow_mut(|stack| {
        stack.push(Pushed { frame, runs: metamlp_tensor::runs() });
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
    with_frames(|frames| frames.last().map(|pushed| pushed.frame.clone()))
}

/// The innermost frame, if that module runs in it.
pub(crate) fn top_of(module: u64) -> Option<Frame> {
    with_frames(|frames| {
        let top = &frames.last()?.frame;
        matches!(top.running, Some((running, _)) if running == module).then(|| top.clone())
    })
}

/// The innermost frame of each call of `init` or `apply`, innermost first.
pub(crate) fn tops() -> impl Iterator<Item = Frame> {
    let mut depth = usize::MAX;
    std::iter::from_fn(move || {
        with_frames(|frames| {
            let above = frames.get(depth).map(|pushed| pushed.frame.root.id);
            let below = &frames[..depth.min(frames.len())];
            let at = below.iter().rposition(|pushed| Some(pushed.frame.root.id) != above)?;
            depth = at;
            Some(frames[at].frame.clone())
        })
    })
}

/// The root with that number, if its model is running.
pub(crate) fn root(id: u64) -> Option<Arc<Root>> {
    let is = |pushed: &&Pushed| pushed.frame.root.id == id;
    with_frames(|frames| frames.iter().rev().find(is).map(|pushed| Arc::clone(&pushed.frame.root)))
}

/// The scope that owns a module made now.
pub(crate) fn owner() -> Option<(Owner, Arc<Root>)> {
    with_frames(|frames| {
        let Frame { root, scope, running, .. } = &frames.last()?.frame;
        running.map(|_| (Owner { root: root.id, scope: *scope }, Arc::clone(root)))
    })
}
