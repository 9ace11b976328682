//! The attention pattern: two matrix products, and between them fused kernels over the rows of the first, become one
//! step, so that the matrix of all scores never exists.

use smallvec::SmallVec;

use crate::embedded::analysis::body::Body;
use crate::embedded::analysis::row_group::RowGroup;
use crate::graph::Id;

use super::draft::{Attention, Draft, Work};
use super::table::{Drafts, Number, Place};

/// Joins two products with the kernels between them, where these run on the rows of the first product and only the
/// second product reads their result.
pub(crate) fn join_attentions(drafts: &mut Drafts<'_>) {
    for number in drafts.numbers() {
        if let Some(found) = find(drafts, number) {
            join(drafts, found);
        }
    }
}

struct Found {
    /// The first product, then the kernels, in the order in which they run.
    inside: Vec<Number>,
    group: RowGroup,
    /// The second product.
    last: Number,
    place: Place,
}

fn find(drafts: &Drafts<'_>, first: Number) -> Option<Found> {
    let (graph, layout) = (drafts.graph, drafts.layout);
    let (id, scores) = drafts.get(first)?.as_product()?;
    let mut group = scores.row_group(id)?;
    let (mut inside, mut made) = (vec![first], vec![id]);
    let outside = loop {
        let outside = readers_outside(drafts, &made, &inside);
        let next = outside.iter().copied().find_map(|reader| {
            let fused = drafts.draft(reader).as_fused()?;
            let cuts = group.cuts_with(graph, &fused.body, &fused.group)?;
            drafts.place(&with(&inside, reader))?;
            Some((reader, fused, cuts))
        });
        let Some((reader, fused, cuts)) = next else { break outside };
        group.join(&fused.group, cuts);
        inside.push(reader);
        made.extend(&drafts.draft(reader).writes);
    };
    let [last] = outside[..] else { return None };
    let (weights, others) = made.split_last()?;
    let (output_id, output) = drafts.draft(last).as_product()?;
    let is_inner = |id: &Id| !drafts.readers(*id).contains(&last) && !layout.is_output(*id);
    let bodies = || inside[1..].iter().filter_map(|&number| drafts.draft(number).as_fused());
    // A block of a matrix is a block of its rows only if the rows are one run.
    let is_one_run = group.cut().is_some_and(|cut| cut.run == scores.rows);
    let lhs = layout.place(graph.node(output_id).operands[0]);
    let fits = is_one_run
        && !layout.is_output(*weights)
        && others.iter().all(is_inner)
        && output.follows_rows(scores, lhs, *weights)
        && bodies().any(|fused| fused.body.reduced.is_some());
    let place = fits.then(|| drafts.place(&with(&inside, last)))??;
    Some(Found { inside, group, last, place })
}

/// The drafts that read what those `inside` made, and are not among them.
fn readers_outside(drafts: &Drafts<'_>, made: &[Id], inside: &[Number]) -> Vec<Number> {
    let mut readers: Vec<Number> = made.iter().flat_map(|&id| drafts.readers(id)).collect();
    readers.sort_unstable();
    readers.dedup();
    readers.retain(|reader| !inside.contains(reader));
    readers
}

fn with(members: &[Number], one: Number) -> Vec<Number> {
    members.iter().copied().chain([one]).collect()
}

fn join(drafts: &mut Drafts<'_>, Found { inside, group, last, place }: Found) {
    let members = with(&inside, last);
    let mut parts = inside.iter().map(|&number| drafts.take(number)).collect::<Vec<Draft>>().into_iter();
    let scores = parts.next().expect("the first product is inside");
    let output = drafts.take(last);
    let (mut reads, mut made) = (scores.reads.clone(), scores.writes.clone());
    let mut between: Vec<Body> = Vec::new();
    for part in parts {
        reads.extend(part.reads.iter().copied());
        made.extend(part.writes.iter().copied());
        between.push(part.into_body());
    }
    reads.extend(output.reads.iter().copied());
    reads.retain(|read| !made.contains(read));
    reads.sort_unstable();
    reads.dedup();
    let writes: SmallVec<[Id; 3]> = output.writes.clone();
    let attention =
        Attention { scores: scores.into_product(), between, group, output: output.into_product() };
    drafts.join(&members, last, place, Draft { work: Work::Attention(attention), reads, writes });
}
