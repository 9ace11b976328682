//! The order in which more than two operands are contracted: optimal for few operands, greedy for many.

use super::equation::Labels;

/// The most operands for which all orders are compared. There are about 3^n splits of subsets.
const MOST_COMPARED: usize = 8;

/// The greedy order compares all pairs of up to this many operands.
const MOST_SEARCHED: usize = 32;

/// The pairs to contract, in order. Operands are numbered as given; the result of each pair gets the next number.
pub(super) fn order(terms: &[Labels], output: Labels, extents: &[usize]) -> Vec<(usize, usize)> {
    if terms.len() <= MOST_COMPARED {
        optimal(terms, output, extents)
    } else {
        greedy(terms, output, extents)
    }
}

/// The number of elements of a tensor with these labels.
fn size(labels: Labels, extents: &[usize]) -> f64 {
    let present = extents.iter().enumerate().filter(|(label, _)| labels >> label & 1 == 1);
    present.map(|(_, &extent)| extent as f64).product()
}

fn union(terms: impl IntoIterator<Item = Labels>) -> Labels {
    terms.into_iter().fold(0, |all, term| all | term)
}

/// The cheapest way to contract a subset of the operands: its cost, and the subset that is the left half of the last pair.
#[derive(Clone, Copy)]
struct Way {
    cost: f64,
    lhs: usize,
}

fn optimal(terms: &[Labels], output: Labels, extents: &[usize]) -> Vec<(usize, usize)> {
    let all = (1usize << terms.len()) - 1;
    let of = |subset: usize| union((0..terms.len()).filter(|i| subset >> i & 1 == 1).map(|i| terms[i]));
    let within: Vec<Labels> = (0..=all).map(of).collect();
    // The labels of a subset's result.
    let left = |subset: usize| within[subset] & (output | within[all & !subset]);
    let mut ways = vec![Way { cost: 0.0, lhs: 0 }; all + 1];
    for subset in 1..=all {
        if subset.is_power_of_two() {
            continue;
        }
        let mut best = Way { cost: f64::INFINITY, lhs: subset & subset.wrapping_neg() };
        // Tries each split once: the half with the lowest operand is on the left.
        let lowest = best.lhs;
        let mut lhs = (subset - 1) & subset;
        while lhs > 0 {
            if lhs & lowest != 0 {
                let rhs = subset & !lhs;
                let cost = ways[lhs].cost + ways[rhs].cost + size(left(lhs) | left(rhs), extents);
                if cost < best.cost {
                    best = Way { cost, lhs };
                }
            }
            lhs = (lhs - 1) & subset;
        }
        ways[subset] = best;
    }
    let mut pairs = Vec::new();
    flatten(all, &ways, terms.len(), &mut pairs);
    pairs
}

/// Appends the pairs that contract `subset` and returns the number of the result.
fn flatten(subset: usize, ways: &[Way], count: usize, pairs: &mut Vec<(usize, usize)>) -> usize {
    if subset.count_ones() <= 1 {
        return subset.trailing_zeros() as usize;
    }
    let lhs = ways[subset].lhs;
    let pair = (flatten(lhs, ways, count, pairs), flatten(subset & !lhs, ways, count, pairs));
    pairs.push(pair);
    count + pairs.len() - 1
}

/// Contracts in each step the pair whose result is smallest compared with its operands. With many operands only the first
/// ones left are compared.
fn greedy(terms: &[Labels], output: Labels, extents: &[usize]) -> Vec<(usize, usize)> {
    let mut remaining: Vec<(usize, Labels)> = terms.iter().copied().enumerate().collect();
    let mut uses = Uses::default();
    terms.iter().for_each(|&term| uses.add(term));
    let mut pairs = Vec::new();
    while remaining.len() > 1 {
        let mut best: Option<(f64, usize, usize, Labels)> = None;
        let compared = &remaining[..remaining.len().min(MOST_SEARCHED)];
        let sizes: Vec<f64> = compared.iter().map(|&(_, term)| size(term, extents)).collect();
        for (i, &(_, lhs)) in compared.iter().enumerate() {
            for (j, &(_, rhs)) in compared.iter().enumerate().skip(i + 1) {
                let result = (lhs | rhs) & (output | uses.besides(lhs, rhs));
                let growth = size(result, extents) - sizes[i] - sizes[j];
                if best.is_none_or(|(least, ..)| growth < least) {
                    best = Some((growth, i, j, result));
                }
            }
        }
        let (_, i, j, result) = best.expect("two or more operands have a pair");
        let (rhs, rhs_labels) = remaining.remove(j);
        let (lhs, lhs_labels) = remaining.remove(i);
        uses.remove(lhs_labels);
        uses.remove(rhs_labels);
        uses.add(result);
        pairs.push((lhs, rhs));
        remaining.push((terms.len() + pairs.len() - 1, result));
    }
    pairs
}

/// For each label the number of operands that have it, up to 3 in sets: labels of at least one, two and three operands.
#[derive(Default)]
struct Uses {
    counts: Vec<usize>,
    more_than_one: Labels,
    more_than_two: Labels,
    any: Labels,
}

impl Uses {
    fn add(&mut self, labels: Labels) {
        self.count(labels, |count| count + 1);
    }

    fn remove(&mut self, labels: Labels) {
        self.count(labels, |count| count - 1);
    }

    fn count(&mut self, labels: Labels, change: impl Fn(usize) -> usize) {
        self.counts.resize(Labels::BITS as usize, 0);
        for (label, count) in self.counts.iter_mut().enumerate() {
            let bit = 1 << label;
            if labels & bit == 0 {
                continue;
            }
            *count = change(*count);
            for (least, set) in
                [&mut self.any, &mut self.more_than_one, &mut self.more_than_two].into_iter().enumerate()
            {
                *set = if *count > least { *set | bit } else { *set & !bit };
            }
        }
    }

    /// The labels of the operands other than two that have these labels.
    fn besides(&self, lhs: Labels, rhs: Labels) -> Labels {
        let (both, one) = (lhs & rhs, lhs ^ rhs);
        (self.any & !(lhs | rhs)) | (self.more_than_one & one) | (self.more_than_two & both)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_at_the_end_of_a_chain_goes_first() {
        // ij,jk,kl,l->i
        let terms = [0b0011, 0b0110, 0b1100, 0b1000];
        assert_eq!(order(&terms, 0b0001, &[50, 60, 70, 80]), [(2, 3), (1, 4), (0, 5)]);
    }

    /// The order that compares all pairs, with the labels of the others found anew for each.
    fn compared(terms: &[Labels], output: Labels, extents: &[usize]) -> Vec<(usize, usize)> {
        let mut remaining: Vec<(usize, Labels)> = terms.iter().copied().enumerate().collect();
        let mut pairs = Vec::new();
        while remaining.len() > 1 {
            let mut best: Option<(f64, usize, usize, Labels)> = None;
            for i in 0..remaining.len() {
                for j in i + 1..remaining.len() {
                    let others = (0..remaining.len()).filter(|&k| k != i && k != j).map(|k| remaining[k].1);
                    let result = (remaining[i].1 | remaining[j].1) & (output | union(others));
                    let [result_size, lhs, rhs] =
                        [result, remaining[i].1, remaining[j].1].map(|labels| size(labels, extents));
                    let growth = result_size - lhs - rhs;
                    if best.is_none_or(|(least, ..)| growth < least) {
                        best = Some((growth, i, j, result));
                    }
                }
            }
            let (_, i, j, result) = best.unwrap();
            let rhs = remaining.remove(j).0;
            pairs.push((remaining.remove(i).0, rhs));
            remaining.push((terms.len() + pairs.len() - 1, result));
        }
        pairs
    }

    #[test]
    fn the_greedy_order_compares_all_pairs_of_a_few_operands() {
        let mut state = 7_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as Labels
        };
        for count in 9..20 {
            let terms: Vec<Labels> = (0..count).map(|_| random() & random() & 0xfff).collect();
            let output = random() & random() & 0xfff & union(terms.iter().copied());
            let extents = [2, 3, 5, 1, 7, 0, 4, 2, 9, 3, 3, 2];
            assert_eq!(greedy(&terms, output, &extents), compared(&terms, output, &extents));
        }
    }

    #[test]
    fn many_operands_are_contracted_without_large_results() {
        // A chain of 20 matrices, between two vectors: greedy never makes a matrix wider.
        let terms: Vec<Labels> = (0..20).map(|i| 0b11 << i).collect();
        let pairs = order(&terms, 1, &[7; 21]);
        assert_eq!(pairs.len(), 19);
        let mut used: Vec<usize> = pairs.iter().flat_map(|&(a, b)| [a, b]).collect();
        used.sort_unstable();
        assert_eq!(used, (0..38).collect::<Vec<_>>());
    }
}
