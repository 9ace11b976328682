//! Memory of tensors is handed on: after its first call a program asks the
//! allocator for nothing of a tensor's size.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use metamlp_tensor::{Result, Tensor, jit, random, value_and_grad};

/// The system's allocator, counting what is as large as a tensor.
struct Counting;

static LARGE: AtomicUsize = AtomicUsize::new(0);
const TENSOR_BYTES: usize = 4096;

// SAFETY: every call goes to the system's allocator as it is.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGE.fetch_add(usize::from(layout.size() >= TENSOR_BYTES), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_training_step_allocates_no_tensor_after_the_first() -> Result<()> {
    let step = jit(|w: Tensor, x: Tensor| {
        let loss =
            |w: &Tensor| Ok((x.matmul(w).tanh().matmul(&w.transpose([1, 0])) - &x).square().mean_all());
        let (loss, gradient) = value_and_grad(&w, loss)?;
        Ok((&w - gradient * 0.1, loss))
    });
    let x = random::normal(random::Key::new(0), [64, 80]);
    let mut w = random::normal(random::Key::new(1), [80, 40]) * 0.1;
    let mut losses = Vec::new();
    for call in 0..12 {
        if call == 2 {
            LARGE.store(0, Ordering::Relaxed);
        }
        let (next, loss) = step(w, x.clone())?;
        w = next;
        losses.push(loss.item::<f32>()?);
    }
    assert_eq!(LARGE.load(Ordering::Relaxed), 0);
    assert!(losses[11] < losses[0]);
    Ok(())
}
