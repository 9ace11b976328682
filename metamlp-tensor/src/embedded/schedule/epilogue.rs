//! The epilogue pattern: a contraction and the fused kernel that reads its result one for one become one step.

use super::draft::{Contracted, Draft, Follower, Work};
use super::table::{Drafts, Number, Place};

/// Joins each contraction whose result is made in blocks with the first fused kernel that can run on the blocks.
pub(crate) fn join_epilogues(drafts: &mut Drafts<'_>) {
    for number in drafts.numbers() {
        if let Some((reader, place)) = find(drafts, number) {
            join(drafts, number, reader, place);
        }
    }
}

/// The fused kernel that can follow the contraction `number` on blocks of its result.
fn find(drafts: &Drafts<'_>, number: Number) -> Option<(Number, Place)> {
    let Contracted { id, kernel, epilogue: None, .. } = drafts.get(number)?.as_contraction()? else {
        return None;
    };
    let unit = kernel.unit()?;
    drafts.readers(*id).into_iter().find_map(|reader| {
        let fused = drafts.draft(reader).as_fused()?;
        let place = fused.can_follow(drafts.graph, *id, unit).then(|| drafts.place(&[number, reader]))??;
        Some((reader, place))
    })
}

fn join(drafts: &mut Drafts<'_>, number: Number, reader: Number, place: Place) {
    let id = drafts.draft(number).as_contraction().expect("a contraction was found").id;
    let keeps = drafts.readers(id).len() > 1 || drafts.layout.is_output(id);
    let (own, follower) = (drafts.take(number), drafts.take(reader));
    let mut reads = own.reads.clone();
    reads.extend(follower.reads.iter().copied().filter(|&read| read != id));
    let mut writes = follower.writes.clone();
    if keeps {
        writes.insert(0, id);
    }
    let epilogue = Some(Follower { body: follower.into_body(), keeps });
    let work = Work::Contraction(Contracted { epilogue, ..own.into_contraction() });
    drafts.join(&[number, reader], reader, place, Draft { work, reads, writes });
}
