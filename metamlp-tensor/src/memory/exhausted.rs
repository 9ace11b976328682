//! Memory that the system refuses. The allocation unwinds to [`or_exhausted`], which a run of a program wraps: kernels ask
//! for memory in many places, on many threads, and none of them can go on.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The bytes that were asked.
struct Exhausted(usize);

/// Below this many bytes the elements are written at once, which takes no longer than asking for zeroed memory.
const ZEROED: usize = 1 << 17;

/// `length` elements of arbitrary value in a vector with this capacity. Unwinds if the system refuses the memory.
pub(crate) fn vector<T: Copy + Default>(length: usize) -> Vec<T> {
    let mut vector = Vec::new();
    reserve(&mut vector, length);
    if length.saturating_mul(size_of::<T>()) < ZEROED {
        vector.resize(length, T::default());
        return vector;
    }
    // Zeroed memory costs nothing until it is touched, but it cannot be asked for fallibly. The system has just granted as
    // much and has it back.
    drop(vector);
    vec![T::default(); length]
}

/// Makes room for `more` elements. Unwinds if the system refuses the memory.
pub(crate) fn reserve<T>(vector: &mut Vec<T>, more: usize) {
    if vector.try_reserve_exact(more).is_err() {
        // Not a panic: no message is printed, and `or_exhausted` catches it.
        resume_unwind(Box::new(Exhausted(more.saturating_mul(size_of::<T>()))));
    }
}

/// Appends `value`. Unwinds if the system refuses the memory.
pub(crate) fn push<T>(vector: &mut Vec<T>, value: T) {
    if vector.len() == vector.capacity() {
        reserve(vector, vector.len().max(4));
    }
    vector.push(value);
}

/// The elements in a vector of their own, or the bytes that the system refused.
pub(crate) fn copied<T: Copy>(elements: &[T]) -> Result<Vec<T>, usize> {
    collected(elements.len(), elements.iter().copied())
}

/// `length` elements in a vector, or the bytes that the system refused.
pub(crate) fn collected<T>(length: usize, elements: impl Iterator<Item = T>) -> Result<Vec<T>, usize> {
    let mut vector = Vec::new();
    vector.try_reserve_exact(length).map_err(|_| length.saturating_mul(size_of::<T>()))?;
    vector.extend(elements);
    Ok(vector)
}

/// The result of `f`, or the bytes that the system refused to it.
pub(crate) fn or_exhausted<R>(f: impl FnOnce() -> R) -> Result<R, usize> {
    // What `f` has changed is not read after an error, except for caches, which are whole at every allocation.
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload: Box<dyn Any + Send>| match payload.downcast() {
        Ok(exhausted) => {
            let Exhausted(bytes) = *exhausted;
            bytes
        }
        Err(panic) => resume_unwind(panic),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_memory_is_an_error_on_any_thread() {
        let length = usize::MAX >> 4;
        assert_eq!(or_exhausted(|| vector::<f32>(length).len()), Err(4 * length));
        let refused = || rayon::join(|| vector::<f64>(length).len(), || 1);
        assert_eq!(or_exhausted(refused), Err(8 * length));
        assert_eq!(or_exhausted(|| vector::<u32>(ZEROED).len()), Ok(ZEROED));
        assert_eq!(or_exhausted(|| vector::<bool>(7).len()), Ok(7));
    }

    #[test]
    fn a_panic_stays_a_panic() {
        assert!(catch_unwind(|| or_exhausted(|| resume_unwind(Box::new("thrown away")))).is_err());
    }
}
