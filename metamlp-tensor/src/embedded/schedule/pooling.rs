//! The pooling pattern: a `reduce_window` over what the epilogue of a convolution writes runs on each image while that
//! is in cache, and so does the fused kernel that reads its result.

use crate::embedded::contraction::convolution::Pooling;
use crate::graph::Id;

use super::draft::{Contracted, Draft, Follower, PoolingDraft, Work};
use super::table::{Drafts, Number, Place};

/// Joins convolutions and their epilogues with a pooling that reads nothing else, and with the kernel behind it.
pub(crate) fn join_poolings(drafts: &mut Drafts<'_>) {
    for number in drafts.numbers() {
        if let Some(found) = find(drafts, number) {
            let (id, image) = join(drafts, number, found);
            if let Some((reader, place)) = find_follower(drafts, number, id, image) {
                join_follower(drafts, number, id, (reader, place));
            }
        }
    }
}

/// A pooling behind a convolution.
struct Found {
    pool: Number,
    id: Id,
    /// The output of the epilogue that it reads.
    of: Id,
    /// The elements of its result for one image.
    image: usize,
    place: Place,
}

fn find(drafts: &Drafts<'_>, number: Number) -> Option<Found> {
    let graph = drafts.graph;
    let Contracted { id, kernel, epilogue: Some(epilogue), .. } = drafts.get(number)?.as_contraction()?
    else {
        return None;
    };
    let image = kernel.image()?;
    let dtype = |id: Id| graph.node(id).ty.dtype;
    let outputs = epilogue.body.stored.iter().copied().filter(|&of| dtype(*id) == dtype(of));
    let mut readers: Vec<(Number, Id)> =
        outputs.flat_map(|of| drafts.readers(of).into_iter().map(move |reader| (reader, of))).collect();
    readers.sort_unstable();
    readers.into_iter().find_map(|(pool, of)| {
        let draft = drafts.draft(pool);
        let Work::Direct(id) = draft.work else { return None };
        let image = Pooling::fits(graph, id, image).filter(|_| draft.reads[..] == [of])?;
        Some(Found { pool, id, of, image, place: drafts.place(&[number, pool])? })
    })
}

/// Joins the pooling; gives its node and the elements of its result for one image.
fn join(drafts: &mut Drafts<'_>, number: Number, found: Found) -> (Id, usize) {
    let Found { pool, id, of, image, place } = found;
    let keeps_of = drafts.readers(of).len() > 1 || drafts.layout.is_output(of);
    let (own, _) = (drafts.take(number), drafts.take(pool));
    let (reads, mut writes) = (own.reads.clone(), own.writes.clone());
    if !keeps_of {
        writes.retain(|write| *write != of);
    }
    writes.push(id);
    let pooling = Some(PoolingDraft { id, of, keeps_of, then: None });
    let work = Work::Contraction(Contracted { pooling, ..own.into_contraction() });
    drafts.join(&[number, pool], number, place, Draft { work, reads, writes });
    (id, image)
}

/// The fused kernel that can follow the pooling `id` on each image, of `image` elements.
fn find_follower(drafts: &Drafts<'_>, number: Number, id: Id, image: usize) -> Option<(Number, Place)> {
    let own = drafts.draft(number);
    drafts.readers(id).into_iter().find_map(|reader| {
        let draft = drafts.draft(reader);
        let fused = draft.as_fused()?;
        let reads_others = draft.reads.iter().any(|read| *read != id && own.writes.contains(read));
        let fits = !reads_others && fused.can_follow(drafts.graph, id, image);
        Some((reader, fits.then(|| drafts.place(&[number, reader]))??))
    })
}

fn join_follower(drafts: &mut Drafts<'_>, number: Number, id: Id, (reader, place): (Number, Place)) {
    let keeps = drafts.readers(id).len() > 1 || drafts.layout.is_output(id);
    let (own, follower) = (drafts.take(number), drafts.take(reader));
    let (mut reads, mut writes) = (own.reads.clone(), own.writes.clone());
    reads.extend(follower.reads.iter().copied().filter(|&read| read != id));
    if !keeps {
        writes.retain(|write| *write != id);
    }
    writes.extend(follower.writes.iter().copied());
    let mut contracted = own.into_contraction();
    let pooling = contracted.pooling.as_mut().expect("the pooling was joined before its follower");
    pooling.then = Some(Follower { body: follower.into_body(), keeps });
    let work = Work::Contraction(contracted);
    drafts.join(&[number, reader], number, place, Draft { work, reads, writes });
}
