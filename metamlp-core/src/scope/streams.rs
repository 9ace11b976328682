//! The random streams of one call and how often each was drawn from in each
//! place. Key derivation is in [`Rngs`].

use metamlp_tensor::random::Key;
use smallvec::SmallVec;

use super::tree::{ScopeId, Tree};
use crate::scope::rngs::Rngs;

#[derive(Debug)]
pub(super) struct Streams {
    rngs: Rngs,
    /// By scope: the number of keys drawn, by the position of the stream.
    draws: Vec<SmallVec<[(usize, u32); 2]>>,
}

impl Streams {
    pub(super) fn new(rngs: Rngs) -> Self {
        Self { rngs, draws: Vec::new() }
    }

    /// The next key of a stream at a scope; `None` if neither it nor `params` in its place is visible there.
    pub(super) fn draw(&mut self, tree: &Tree, scope: ScopeId, stream: &str) -> Option<Key> {
        let position = self.rngs.resolve(stream, |stream| tree.sees_rng(scope, stream))?;
        let home = tree.home(scope);
        if self.draws.len() <= home.index() {
            self.draws.resize_with(home.index() + 1, SmallVec::new);
        }
        let draws = &mut self.draws[home.index()];
        let count = match draws.iter_mut().find(|(at, _)| *at == position) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                draws.push((position, 1));
                1
            }
        };
        let path = tree.names_to(scope);
        Some(self.rngs.derive(position, path.iter().map(|name| &***name), count))
    }

    /// True if the stream itself was given and is visible at the scope.
    pub(super) fn has(&self, tree: &Tree, scope: ScopeId, stream: &str) -> bool {
        self.rngs.get(stream).is_some() && tree.sees_rng(scope, stream)
    }

    /// The names of the streams that a scope sees.
    pub(super) fn names<'a>(&'a self, tree: &'a Tree, scope: ScopeId) -> impl Iterator<Item = &'a str> {
        self.rngs.names().filter(move |name| tree.sees_rng(scope, name))
    }
}
