//! Batches: every example once per epoch, in the order of the key.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use metamlp::data::Batches;
use metamlp::prelude::*;

fn data(examples: usize) -> (Tensor, Tensor) {
    (Tensor::iota([examples, 3], 0, F32), Tensor::iota([examples], 0, I32))
}

fn labels(epoch: impl Iterator<Item = Result<(Tensor, Tensor), metamlp::Error>>) -> Vec<i32> {
    epoch
        .flat_map(|batch| {
            let (images, labels) = batch.unwrap();
            let labels = labels.to_vec::<i32>().unwrap();
            let rows: Vec<i32> = images.to_vec::<f32>().unwrap().chunks(3).map(|row| row[0] as i32).collect();
            assert_eq!(rows, labels);
            labels
        })
        .collect()
}

#[test]
fn an_epoch_has_every_example_once() {
    let batches = Batches::new(data(10), 4).unwrap().keep_remainder();
    assert_eq!((batches.len(), batches.in_order().len()), (3, 3));
    assert_eq!(labels(batches.in_order()), (0..10).collect::<Vec<_>>());

    let mut shuffled = labels(batches.shuffled(&Key::new(42)).unwrap());
    // JAX's permutation(key(42), 10).
    assert_eq!(shuffled, [7, 4, 2, 5, 3, 6, 8, 9, 0, 1]);
    assert_ne!(shuffled, labels(batches.shuffled(&Key::new(1)).unwrap()));
    shuffled.sort_unstable();
    assert_eq!(shuffled, (0..10).collect::<Vec<_>>());
}

#[test]
fn what_does_not_fill_a_batch_is_left_out_unless_it_is_kept() {
    let batches = Batches::new(data(10), 4).unwrap();
    assert_eq!(batches.len(), 2);
    assert_eq!(labels(batches.in_order()), (0..8).collect::<Vec<_>>());
    assert!(Batches::new(data(3), 4).unwrap().is_empty());
}

#[test]
fn prefetching_changes_nothing_and_can_be_dropped_early() {
    let batches = Batches::new(data(100), 3).unwrap();
    let key = Key::new(7);
    let expected = labels(batches.shuffled(&key).unwrap());
    for ahead in [0, 1, 5, 1000, 1 << 40, usize::MAX] {
        assert_eq!(labels(batches.shuffled(&key).unwrap().prefetch(ahead)), expected, "{ahead}");
    }
    let mut epoch = batches.shuffled(&key).unwrap().prefetch(1);
    assert!(epoch.next().is_some());
    drop(epoch);
}

/// Rows in batches of two; the batch with the number `bad` panics when it is taken.
#[derive(Clone)]
struct Records {
    rows: Tensor,
    bad: usize,
    taken: Arc<AtomicUsize>,
}

impl Tree for Records {
    fn visit(&self, visitor: &mut dyn metamlp::tensor::TreeVisitor) {
        visitor.tensor(&self.rows);
    }

    fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        let rows = replace(&self.rows);
        if rows.shape() == [2] && self.taken.fetch_add(1, Ordering::SeqCst) == self.bad {
            panic!("bad record");
        }
        Self { rows, ..self.clone() }
    }
}

#[test]
fn a_panic_while_prefetching_reaches_the_consumer_at_its_batch() {
    for ahead in [0, 1, 3, 100] {
        for bad in [0, 1, 4] {
            let taken = Arc::new(AtomicUsize::new(0));
            let records = Records { rows: Tensor::arange(10, I32), bad, taken };
            let mut epoch = Batches::new(records, 2).unwrap().in_order().prefetch(ahead);
            let mut seen = 0;
            let panic = loop {
                match catch_unwind(AssertUnwindSafe(|| epoch.next())) {
                    Ok(batch) => {
                        batch.expect("the epoch does not end early").unwrap();
                        seen += 1;
                    }
                    Err(panic) => break panic,
                }
            };
            assert_eq!(seen, bad);
            assert_eq!(panic.downcast_ref::<&str>(), Some(&"bad record"));
            assert!(epoch.next().is_none());
        }
    }
}

#[test]
fn data_that_cannot_be_cut_is_refused() {
    let message = |data: (Tensor, Tensor), size| Batches::new(data, size).unwrap_err().to_string();
    let uneven = (Tensor::zeros([4, 2], F32), Tensor::zeros([5], F32));
    assert!(message(uneven, 2).contains("Batches: data is f32[5], expected [4, ..], as the first tensor"));
    let scalar = (Tensor::zeros([], F32), Tensor::zeros([5], F32));
    assert!(message(scalar, 2).contains("Batches: data is without examples"));
    assert!(message(data(4), 0).contains("Batches: size is 0, expected at least 1"));
    assert!(Batches::new((), 1).is_err());
}
