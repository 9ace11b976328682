//! Schedules in sequence.

use metamlp_tensor::{Error, Result, Tensor};

use crate::schedule::Schedule;

/// Applies the schedules one after the other: each starts at its boundary and counts steps from there
/// (optax's `join_schedules`).
///
/// The boundaries are ascending and one less than the schedules; anything else is an error at the first
/// step.
///
/// ```
/// use metamlp_optim::{cosine_decay_schedule, join_schedules, linear_schedule, sgd};
/// let warm_up = linear_schedule(0.0, 0.1, 100);
/// let optimizer = sgd(join_schedules([warm_up, cosine_decay_schedule(0.1, 900)], [100]));
/// ```
#[must_use]
pub fn join_schedules(
    schedules: impl IntoIterator<Item = Schedule>,
    boundaries: impl IntoIterator<Item = usize>,
) -> Schedule {
    let schedules: Vec<_> = schedules.into_iter().collect();
    let boundaries: Vec<_> = boundaries.into_iter().collect();
    Schedule::named("join_schedules", move |count| {
        let mut each = schedules.iter().map(|schedule| move |count: &Tensor| schedule.at(count));
        let Some(first) = each.next() else {
            return Err(Error::argument("join_schedules", "schedules", "empty", "one or more"));
        };
        if schedules.len() != boundaries.len() + 1 || !boundaries.is_sorted() {
            let expected = format!("{} in ascending order, one less than schedules", schedules.len() - 1);
            return Err(Error::argument("join_schedules", "boundaries", format!("{boundaries:?}"), expected));
        }
        joined(count, first, each.zip(boundaries.iter().copied()))
    })
}

/// `first`, then each schedule of `rest` from its boundary on.
pub(super) fn joined<F: FnOnce(&Tensor) -> Result<Tensor>, G: FnOnce(&Tensor) -> Result<Tensor>>(
    count: &Tensor,
    first: F,
    rest: impl IntoIterator<Item = (G, usize)>,
) -> Result<Tensor> {
    let mut value = first(count)?;
    for (next, boundary) in rest {
        let boundary = i32::try_from(boundary).unwrap_or(i32::MAX);
        value = count.less(boundary).select(value, next(&(count - boundary))?);
    }
    Ok(value)
}
