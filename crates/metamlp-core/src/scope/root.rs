//! One call of `init` or `apply`: what it was given, and the state that the
//! scopes inside it share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::state::State;
use crate::apply::Apply;
use crate::capture::{Capture, INTERMEDIATES};
use crate::error::Error;
use crate::filter::DenyList;
use crate::handle::Identity;
use crate::variables::Variables;

#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) id: u64,
    pub(crate) is_initializing: bool,
    pub(crate) capture: Option<Capture>,
    state: Mutex<State>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Root {
    /// A call on `variables` or, to initialise, on none.
    pub(crate) fn new(module: &Identity, variables: Option<&Variables>, options: Apply) -> Arc<Self> {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let mutable = match variables {
            None => options.mutable_or(DenyList::new(INTERMEDIATES)),
            Some(_) => options.mutable_or(false),
        };
        let (rngs, capture) = options.into_parts();
        Arc::new(Self {
            id,
            is_initializing: variables.is_none(),
            capture,
            state: Mutex::new(State::new(id, module, variables, rngs, mutable)),
        })
    }

    /// The state. Never held while a user's code runs.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the first error, and gives it back for the tensor that carries it.
    pub(crate) fn fail(&self, error: Error) -> Error {
        self.state().fail(error)
    }
}
