//! Random streams, and the derivation of a stream's key for one place of a model
//! from the path of the module and a counter.

use metamlp_tensor::random::Key;
use sha1_smol::Sha1;

use crate::variables::ordered::Ordered;

/// The name of the stream that parameters are drawn from, and of their collection.
pub(crate) const PARAMS: &str = "params";

/// Random streams by name, from which `init` and `apply` draw keys.
///
/// A single [`Key`] is the `params` stream. A request for a stream that was not
/// given falls back to `params`, as in Flax; see [`strict`](Rngs::strict).
///
/// ```
/// use metamlp::{Key, Rngs};
/// let rngs = Rngs::new([("params", Key::new(0)), ("noise", Key::new(1))]);
/// assert_eq!(rngs.names().collect::<Vec<_>>(), ["params", "noise"]);
/// assert_eq!(Rngs::from(Key::new(0)).names().collect::<Vec<_>>(), ["params"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Rngs {
    streams: Ordered<Key>,
    derivation: Derivation,
}

/// How keys are derived from a stream's key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Derivation {
    /// True if no stream falls back to `params`, and the stream's name is part of the hash.
    strict: bool,
    /// True if a zero byte precedes each part of a path.
    separator: bool,
}

impl Rngs {
    /// Streams by name.
    #[must_use]
    pub fn new<N: Into<String>>(streams: impl IntoIterator<Item = (N, Key)>) -> Self {
        Self {
            streams: streams.into_iter().map(|(name, key)| (name.into(), key)).collect(),
            derivation: Derivation::default(),
        }
    }

    /// Adds or replaces a stream.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, key: impl Into<Key>) -> Self {
        self.streams.insert(name.into(), key.into());
        self
    }

    /// Makes the streams independent: a missing stream is an error, and streams
    /// with equal keys give different keys.
    ///
    /// By default a missing stream falls back to `params`, as in Flax; giving the
    /// stream later then changes the initial parameters. The keys of strict
    /// streams are not Flax's.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.derivation = Derivation { strict: true, separator: true };
        self
    }

    /// Separates the parts of a path in the hash (Flax's `flax_fix_rng_separator`;
    /// `false` by default, as there). Without it the paths `ab/c` and `a/bc` have
    /// the same keys.
    #[must_use]
    pub fn separator(mut self, separator: bool) -> Self {
        self.derivation.separator = separator;
        self
    }

    /// The streams' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.streams.names()
    }

    /// The key of a stream.
    #[must_use]
    pub fn get(&self, stream: &str) -> Option<&Key> {
        self.streams.get(stream)
    }

    /// Adds the streams of `other`, which replace those of the same name.
    pub(crate) fn merge(&mut self, other: &Rngs) {
        self.derivation = other.derivation;
        for (name, key) in other.streams.iter() {
            self.streams.insert(&**name, key.clone());
        }
    }

    /// The position of `stream`, or of its fallback, among the streams that are `seen`.
    pub(crate) fn resolve(&self, stream: &str, seen: impl Fn(&str) -> bool) -> Option<usize> {
        let position = |stream| self.streams.position(stream).filter(|_| seen(stream));
        position(stream).or_else(|| if self.derivation.strict { None } else { position(PARAMS) })
    }

    /// The key of the stream at that position for the `count`-th draw (from 1) at `path`.
    pub(crate) fn derive<'a>(
        &self,
        stream: usize,
        path: impl IntoIterator<Item = &'a str>,
        count: u32,
    ) -> Key {
        let (name, key) = (self.streams.key(stream), self.streams.at(stream));
        let mut fold = Fold::new(self.derivation.separator);
        if self.derivation.strict {
            fold.name(name);
        }
        path.into_iter().for_each(|part| fold.name(part));
        fold.count(count);
        key.fold_in(fold.hash())
    }
}

impl From<Key> for Rngs {
    fn from(key: Key) -> Self {
        Self::new([(PARAMS, key)])
    }
}

impl From<&Key> for Rngs {
    fn from(key: &Key) -> Self {
        key.clone().into()
    }
}

impl<N: Into<String>, const LEN: usize> From<[(N, Key); LEN]> for Rngs {
    fn from(streams: [(N, Key); LEN]) -> Self {
        Self::new(streams)
    }
}

/// Flax's `_fold_in_static`: the first word of the SHA-1 of a path and a counter.
struct Fold {
    sha1: Sha1,
    separator: bool,
}

impl Fold {
    fn new(separator: bool) -> Self {
        Self { sha1: Sha1::new(), separator }
    }

    fn part(&mut self, bytes: &[u8]) {
        if self.separator {
            self.sha1.update(&[0]);
        }
        self.sha1.update(bytes);
    }

    fn name(&mut self, name: &str) {
        self.part(name.as_bytes());
    }

    /// An integer is hashed as its big-endian bytes, leading zeros left out.
    fn count(&mut self, count: u32) {
        let skipped = count.leading_zeros() as usize / 8;
        self.part(&count.to_be_bytes()[skipped..]);
    }

    fn hash(&self) -> u32 {
        let [a, b, c, d, ..] = self.sha1.digest().bytes();
        u32::from_be_bytes([a, b, c, d])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(separator: bool, path: &[&str], count: u32) -> [u32; 2] {
        let rngs = Rngs::from(Key::new(0)).separator(separator);
        rngs.derive(0, path.iter().copied(), count).words().unwrap()
    }

    #[test]
    fn keys_are_those_of_flax() {
        let keys = |path, count| words(false, path, count);
        assert_eq!(keys(&[], 1), [0x5527_b11e, 0xc7be_436d]);
        assert_eq!(keys(&[], 2), [0xce09_0f83, 0xe6db_bec3]);
        assert_eq!(keys(&["Dense_0"], 1), [0xb567_2c9f, 0xda53_0980]);
        assert_eq!(keys(&["Dense_0"], 2), [0xad93_e90a, 0xd977_50f8]);
        assert_eq!(keys(&["Dense_1"], 1), [0xd1da_cb12, 0xf851_ba60]);
        assert_eq!(keys(&["encoder", "Dense_0"], 1), [0x3226_6cb1, 0xe7d1_a968]);
        assert_eq!(keys(&["a"], 256), [0x6e3f_3351, 0x24be_b736]);
        assert_eq!(keys(&["ab", "c"], 1), [0xca51_e455, 0x99d6_d72b]);
        assert_eq!(keys(&["a", "bc"], 1), [0xca51_e455, 0x99d6_d72b]);
    }

    /// Flax, of scopes: `test_fold_in_static_seperator`.
    #[test]
    fn keys_with_the_separator_are_those_of_flax() {
        let keys = |path, count| words(true, path, count);
        assert_eq!(keys(&[], 1), [0x5bf9_a2f6, 0xdcd4_6d0e]);
        assert_eq!(keys(&["Dense_0"], 1), [0x0e86_75d2, 0x930a_d4bc]);
        assert_eq!(keys(&["ab", "c"], 1), [0xba95_6375, 0xb229_853d]);
        assert_eq!(keys(&["a", "bc"], 1), [0xe8b2_7978, 0x62e0_4e9b]);
    }

    #[test]
    fn strict_streams_differ_though_their_keys_do_not() {
        let rngs = Rngs::new([("params", Key::new(0)), ("noise", Key::new(0))]);
        let of = |rngs: &Rngs, stream| rngs.derive(stream, ["Dense_0"], 1).words().unwrap();
        assert_eq!(of(&rngs, 0), of(&rngs, 1));
        assert_eq!(rngs.resolve("dropout", |_| true), Some(0));
        let strict = rngs.strict();
        assert_ne!(of(&strict, 0), of(&strict, 1));
        assert_eq!(strict.resolve("dropout", |_| true), None);
    }
}
