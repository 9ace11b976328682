//! The calls that a run of a model made, for those who tabulate them.

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
    /// The output's tensors; none of what is no tree, or did not return.
    pub(crate) output: Option<Entry>,
    /// The mutable collections of the whole model when the call began, and when it returned.
    pub(crate) before: Variables,
    pub(crate) after: Variables,
}

/// The calls in the order in which they began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<CallRecord>>>);

impl Record {
    /// Notes a call that begins; its position.
    pub(crate) fn begin(&self, call: CallRecord) -> usize {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(call);
        calls.len() - 1
    }

    /// Notes what the call at that position left behind.
    pub(crate) fn end(&self, position: usize, output: Option<&Entry>, after: Variables) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(call) = calls.get_mut(position) {
            call.output = output.cloned();
            call.after = after;
        }
    }

    /// What was noted.
    pub(crate) fn take(&self) -> Vec<CallRecord> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
