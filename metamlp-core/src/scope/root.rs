//! One call of `init` or `apply`: its settings and the state that its scopes share.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::stack;
use super::state::{Settings, State};
use super::store::Snapshot;
use super::tree::ScopeId;
use crate::error::{Error, Names};
use crate::module::capture::{Capture, INTERMEDIATES};
use crate::module::handle::Identity;
use crate::module::options::Options;
use crate::module::record::Record;
use crate::variables::Variables;
use crate::variables::filter::{DenyList, Filter};

/// The purpose of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose<'a> {
    /// Create the variables.
    Init,
    /// Compute the shapes of the variables that `Init` would create.
    EvalShape,
    /// Use these variables.
    Apply(&'a Variables),
}

#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) id: u64,
    pub(crate) is_initializing: bool,
    /// True if variables are shapes without values: nothing is computed.
    pub(crate) is_abstract: bool,
    pub(crate) capture: Option<Capture>,
    pub(crate) record: Option<Record>,
    state: Mutex<State>,
    /// The number of calls that run now. A bound model may have several, one inside the other.
    running: AtomicUsize,
    /// Held by the thread that runs a bound model.
    turn: Mutex<()>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Root {
    pub(crate) fn new(module: &Identity, purpose: Purpose<'_>, options: Options) -> Arc<Self> {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let (variables, mutable) = match purpose {
            Purpose::Init | Purpose::EvalShape => (None, options.mutable_or(DenyList::new(INTERMEDIATES))),
            Purpose::Apply(variables) => (Some(variables), options.mutable_or(false)),
        };
        let preserve_adopted_names = options.preserves_adopted_names();
        let (rngs, capture, record) = options.into_parts();
        let is_abstract = matches!(purpose, Purpose::EvalShape);
        let settings = Settings { mutable, rngs, is_abstract, preserve_adopted_names };
        let state = State::new(id, module, variables.unwrap_or(&Variables::new()), settings);
        Arc::new(Self {
            id,
            is_initializing: variables.is_none(),
            is_abstract,
            capture,
            record,
            state: Mutex::new(state),
            running: AtomicUsize::new(0),
            turn: Mutex::new(()),
        })
    }

    /// Locks the state. The lock is never held while user code runs.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks the root as running until the guard is dropped.
    pub(super) fn start(&self) -> impl Drop + use<'_> {
        struct End<'a>(&'a AtomicUsize);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        self.running.fetch_add(1, Ordering::Relaxed);
        End(&self.running)
    }

    /// True until its `init` or `apply` has ended.
    pub(super) fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed) > 0
    }

    /// Waits until no other thread runs the bound model. A call from inside the model does not wait.
    pub(crate) fn take_turn(&self) -> Option<MutexGuard<'_, ()>> {
        if stack::root(self.id).is_some() {
            return None;
        }
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.state().renew_names();
        Some(turn)
    }

    /// A name in `mutable` that is not a collection and is close to one, with the collections.
    pub(super) fn unknown_mutable(&self) -> Option<(String, Names)> {
        let state = self.state();
        let mutable = state.tree.mutable(ScopeId::ROOT);
        let collections = state.store.collections();
        let by_default = self.capture.is_some() || matches!(mutable, Filter::Except(_));
        let mut given = mutable.names().filter(|name| !(by_default && *name == INTERMEDIATES));
        given.find_map(|name| {
            if collections.position(name).is_some() {
                return None;
            }
            let available = Names::new(name, collections.names());
            let is_given = |near: &str| mutable.names().any(|name| name == near);
            available.nearest().is_some_and(|near| !is_given(near)).then(|| (name.to_owned(), available))
        })
    }

    /// The root's variables, to be put back by [`restore`](Root::restore).
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut state = self.state();
        let State { tree, store, .. } = &mut *state;
        store.snapshot(tree)
    }

    /// Puts variables back, and drops an error that a panic kept from being returned.
    pub(crate) fn restore(&self, before: Snapshot) {
        let mut state = self.state();
        let State { tree, store, .. } = &mut *state;
        store.restore(tree, before);
        drop(state.take_error());
    }

    /// Starts to note which variables are read.
    pub(crate) fn note_reads(&self) {
        self.state().store.note_reads();
    }

    /// The paths of the variables that were read, and of the modules all of whose variables were.
    pub(crate) fn reads(&self) -> BTreeSet<String> {
        self.state().store.reads()
    }

    /// Keeps the first error; returns the error for the tensor that will carry it.
    pub(crate) fn fail(&self, error: Error) -> Error {
        self.state().fail(error)
    }
}
