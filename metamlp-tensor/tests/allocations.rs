//! Memory is recycled: after its first calls, a program that runs on the caller's thread allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use metamlp_tensor::{Result, Tensor, jit, random, value_and_grad};

/// The system's allocator, with a counter of allocations.
struct Counting;

static REQUESTS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged.
#[expect(unsafe_code, reason = "a global allocator is an unsafe trait")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        REQUESTS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller upholds the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_training_step_asks_for_nothing_after_its_first_calls() -> Result<()> {
    // Small enough to run on the caller's thread.
    let step = jit(|w: Tensor, x: Tensor| {
        let loss =
            |w: &Tensor| Ok((x.matmul(w).tanh().matmul(&w.transpose([1, 0])) - &x).square().mean_all());
        let (loss, gradient) = value_and_grad(&w, loss)?;
        Ok((&w - gradient * 0.1, loss))
    });
    let x = random::normal(random::Key::new(0), [64, 80]);
    let mut w = random::normal(random::Key::new(1), [80, 40]) * 0.1;
    let mut losses = [0.0; 12];
    for (call, place) in losses.iter_mut().enumerate() {
        if call == 3 {
            REQUESTS.store(0, Ordering::Relaxed);
        }
        let (next, loss) = step(w, x.clone())?;
        w = next;
        *place = loss.item::<f32>()?;
    }
    assert_eq!(REQUESTS.load(Ordering::Relaxed), 0);
    assert!(losses[11] < losses[0]);
    Ok(())
}
