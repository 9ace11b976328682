//! [`Limits`]: the bounds of caches, free memory and pending operations. Knows no cache.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The bounds of caches, free memory and pending operations in this process. Results do not depend on them: a forgotten
/// program is compiled again when it is needed.
///
/// ```
/// use metamlp_tensor::Limits;
/// let mut limits = Limits::current();
/// limits.pooled_bytes = 256 << 20;
/// limits.set();
/// assert_eq!(Limits::current().pooled_bytes, 256 << 20);
/// # Limits::default().set();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Programs of one function under [`jit`](crate::jit()). The least recently used ones are forgotten.
    /// Default 1024.
    pub programs: usize,
    /// Estimated bytes of the programs of one function under `jit`. Default 256 MiB.
    pub program_bytes: usize,
    /// Programs of everything that runs without `jit`, and of what `jit` shares with it. Default 1024.
    pub plans: usize,
    /// Estimated bytes of these programs. Default 256 MiB.
    pub plan_bytes: usize,
    /// Bytes of free memory that is kept for the next tensors, over all dtypes. Default 1 GiB.
    pub pooled_bytes: usize,
    /// Seconds for which free memory is kept that nothing uses. Checked when other memory becomes free. Default 60.
    pub pooled_seconds: usize,
    /// Operations that have been recorded and not evaluated. Beyond them long chains are evaluated. A chain is evaluated in any
    /// case when it is 2048 operations long. Default 131,072.
    pub pending_operations: usize,
}

macro_rules! limits {
    ($($field:ident $static:ident $default:expr;)*) => {
        $(static $static: AtomicUsize = AtomicUsize::new($default);)*

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl Limits {
            /// The limits that hold now.
            #[must_use]
            pub fn current() -> Self {
                Self { $($field: $static.load(Ordering::Relaxed),)* }
            }

            /// Makes these the limits of the process. What is beyond them is forgotten when the next thing is kept, or at
            /// once with [`trim`](crate::trim()).
            pub fn set(self) {
                $($static.store(self.$field, Ordering::Relaxed);)*
            }
        }
    };
}

limits! {
    programs PROGRAMS 1024;
    program_bytes PROGRAM_BYTES 256 << 20;
    plans PLANS 1024;
    plan_bytes PLAN_BYTES 256 << 20;
    pooled_bytes POOLED_BYTES 1 << 30;
    pooled_seconds POOLED_SECONDS 60;
    pending_operations PENDING_OPERATIONS 1 << 17;
}
