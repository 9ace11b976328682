//! The place in the user's program where a tensor was made: the caller's line, and the path of the module that was
//! running. Knows modules by the text of their paths only.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

thread_local! {
    static PATH: RefCell<Option<Arc<str>>> = const { RefCell::new(None) };
    static CALLER: Cell<Option<&'static Location<'static>>> = const { Cell::new(None) };
}

/// Runs `f`. Errors of tensors made inside it name `path` as the module path.
///
/// The module system calls this when a module's method is entered.
///
/// ```
/// use metamlp_tensor::{F32, Tensor, with_path};
/// let bad = with_path(&"Foo/Dense_1".into(), || {
///     Tensor::zeros([2, 3], F32).matmul(&Tensor::zeros([2, 3], F32))
/// });
/// assert!(bad.evaluate().unwrap_err().to_string().starts_with("Foo/Dense_1 ("));
/// ```
pub fn with_path<R>(path: &Arc<str>, f: impl FnOnce() -> R) -> R {
    with(Some(Arc::clone(path)), f)
}

/// Runs `f`, a function of a library. Errors of tensors made inside it name the line `caller`, unless a function that
/// called this one has given its own.
///
/// `#[track_caller]` does the same for a single call. It ends at closures and at further functions.
///
/// ```
/// use std::panic::Location;
/// use metamlp_tensor::{Tensor, with_caller};
///
/// #[track_caller]
/// fn gram(x: &Tensor) -> Tensor {
///     with_caller(Location::caller(), || [x.t()].map(|t| t.matmul(x))[0].clone())
/// }
/// let line = line!() + 1;
/// let bad = gram(&Tensor::scalar(1.0f32));
/// assert!(bad.evaluate().unwrap_err().to_string().contains(&format!(":{line}: ")));
/// ```
pub fn with_caller<R>(caller: &'static Location<'static>, f: impl FnOnce() -> R) -> R {
    let outer = CALLER.get();
    with_line(outer.or(Some(caller)), f)
}

/// Runs `f` with no module path and no caller.
pub(crate) fn without_source<R>(f: impl FnOnce() -> R) -> R {
    with_line(None, || with(None, f))
}

fn with_line<R>(line: Option<&'static Location<'static>>, f: impl FnOnce() -> R) -> R {
    struct Restore(Option<&'static Location<'static>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            CALLER.set(self.0);
        }
    }
    let _restore = Restore(CALLER.replace(line));
    f()
}

fn with<R>(path: Option<Arc<str>>, f: impl FnOnce() -> R) -> R {
    struct Restore(Option<Arc<str>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            PATH.set(self.0.take());
        }
    }
    let _restore = Restore(PATH.replace(path));
    f()
}

/// A line of the user's program and the module that was running there.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    /// The module's path (`Foo/Dense_1`), if a module was running.
    pub path: Option<Arc<str>>,
    /// The line of the caller.
    pub location: &'static Location<'static>,
}

impl Source {
    /// The caller's line and the current module path.
    #[track_caller]
    #[must_use]
    pub fn here() -> Self {
        Self::at(Location::caller())
    }

    /// The line `location` and the current module path. Inside of [`with_caller`] its line replaces `location`.
    #[must_use]
    pub fn at(location: &'static Location<'static>) -> Self {
        Self { path: PATH.with_borrow(Clone::clone), location: CALLER.get().unwrap_or(location) }
    }

    /// The line where a tensor was made and the current module path.
    pub(crate) fn of(location: &'static Location<'static>) -> Self {
        Self { path: PATH.with_borrow(Clone::clone), location }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, line) = (self.location.file(), self.location.line());
        match &self.path {
            Some(path) => write!(f, "{path} ({file}:{line})"),
            None => write!(f, "{file}:{line}"),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
