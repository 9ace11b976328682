//! Records the method calls of a run, for tables of a model.

use std::sync::{Arc, Mutex, PoisonError};

use crate::module::inputs::Inputs;
use crate::variables::Variables;
use crate::variables::entry::Entry;

/// One call of a module's method.
#[derive(Clone, Debug)]
pub(crate) struct CallRecord {
    /// The names from the root to the module, joined by `/`.
    pub(crate) path: String,
    pub(crate) class: &'static str,
    pub(crate) method: &'static str,
    pub(crate) inputs: Inputs,
    /// The output's tensors; `None` if the output is not a `Tree` or the call panicked.
    pub(crate) output: Option<Entry>,
    /// The mutable collections of the whole model when the call began, and when it returned.
    pub(crate) before: Variables,
    pub(crate) after: Variables,
}

/// The calls in the order of their beginnings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<CallRecord>>>);

impl Record {
    /// Adds a call that begins; returns its position.
    pub(crate) fn begin(&self, call: CallRecord) -> usize {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(call);
        calls.len() - 1
    }

    /// Completes the call at that position.
    pub(crate) fn end(&self, position: usize, output: Option<&Entry>, after: Variables) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let call = calls.get_mut(position).expect("`begin` has returned the position");
        call.output = output.cloned();
        call.after = after;
    }

    /// Takes the calls out of the record.
    pub(crate) fn take(&self) -> Vec<CallRecord> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
