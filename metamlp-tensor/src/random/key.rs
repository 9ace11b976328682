//! [`Key`], the seed of every sampler. Knows threefry and tensors, no distribution.

use std::fmt;

use rand_core::Rng;

use super::key_rng::KeyRng;
use super::threefry;
use crate::dtype::U32;
use crate::error::{Error, Result, argument};
use crate::graph::node::Tensor;
use crate::graph::op::{Binary, Op};
use crate::graph::source::Source;
use crate::tree::{Tree, TreeVisitor};

/// A random key, JAX's `PRNGKey`: 64 bits that determine any number of draws and of further keys.
///
/// Samplers take it by value or by reference. Drawing twice from one key gives the same numbers, so [`split`](Key::split)
/// it first.
///
/// A key is a [`Tree`] of one tensor, `u32[2]`. As an argument of a function under [`jit`](crate::jit()) it is an argument
/// of the program, so that one program serves all keys.
///
/// ```
/// use metamlp_tensor::random::Key;
/// let key = Key::new(42);
/// assert_eq!(key.words()?, [0, 42]);
/// assert_eq!(key.split(2)[0].words()?, [0x6d3e048f, 0x1022172d]);
/// assert_eq!(key.fold_in(7).words()?, [0x97d0552f, 0x51bf719f]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[derive(Clone)]
pub struct Key(State);

#[derive(Clone)]
enum State {
    Words([u32; 2]),
    /// A tensor of type `u32[2]`, or a poisoned one.
    Tensor(Tensor),
}

impl Key {
    /// The key of a seed, JAX's `PRNGKey(seed)` in its default mode. Only the low 32 bits of the seed are used.
    ///
    /// ```
    /// use metamlp_tensor::random::Key;
    /// assert_eq!(Key::new(-1).words()?, [0, 0xffff_ffff]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[must_use]
    pub fn new(seed: impl Into<i64>) -> Self {
        Self::from_words([0, seed.into() as u32])
    }

    /// The key with these two words. All 64 bits are used.
    #[must_use]
    pub fn from_words(words: [u32; 2]) -> Self {
        Self(State::Words(words))
    }

    /// The key with the words of a `u32[2]` tensor, JAX's `wrap_key_data`.
    ///
    /// With a tensor of another type, everything that is drawn from the key is poisoned.
    ///
    /// ```
    /// use metamlp_tensor::{Tensor, random::Key};
    /// let key = Key::from_tensor(Tensor::from_vec([2], vec![0_u32, 42]));
    /// assert_eq!(key.words()?, Key::new(42).words()?);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn from_tensor(words: Tensor) -> Self {
        if words.shape() == [2] && words.dtype() == U32 {
            return Self(State::Tensor(words));
        }
        let error = argument("key", "words", words.ty(), "a u32[2] tensor", Source::here());
        Self(State::Tensor(Tensor::poison(error, [2], U32)))
    }

    /// A key drawn from any generator of the `rand` family.
    ///
    /// ```
    /// use metamlp_tensor::random::Key;
    /// let mut rng = Key::new(1).rng()?;
    /// let (a, b) = (Key::from_rng(&mut rng), Key::from_rng(&mut rng));
    /// assert_ne!(a.words()?, b.words()?);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[must_use]
    pub fn from_rng(rng: &mut (impl Rng + ?Sized)) -> Self {
        Self::from_words([rng.next_u32(), rng.next_u32()])
    }

    /// The two words.
    ///
    /// # Errors
    /// [`Error::NoValue`](crate::Error::NoValue) if the key is an argument of a function that is being traced.
    #[track_caller]
    pub fn words(&self) -> Result<[u32; 2]> {
        match &self.0 {
            State::Words(words) => Ok(*words),
            State::Tensor(tensor) => {
                let words = tensor.view::<u32>()?;
                Ok([words[0], words[1]])
            }
        }
    }

    /// The words as a tensor, `u32[2]`.
    #[track_caller]
    #[must_use]
    pub fn to_tensor(&self) -> Tensor {
        match &self.0 {
            State::Words(words) => Tensor::from_vec([2], words.to_vec()),
            State::Tensor(tensor) => tensor.clone(),
        }
    }

    /// A generator with `rand`'s traits that draws from this key.
    ///
    /// # Errors
    /// As [`words`](Self::words).
    #[track_caller]
    pub fn rng(&self) -> Result<KeyRng> {
        Ok(KeyRng::from_words(self.words()?))
    }

    /// `n` keys, independent of each other and of this one.
    ///
    /// If the system does not have the memory for them, there is a single key, and everything that is drawn from it carries
    /// the error.
    ///
    /// ```
    /// use metamlp_tensor::random::Key;
    /// let keys = Key::new(42).split(3);
    /// assert_eq!(keys[2].words()?, [0x92fb20ea, 0x0f38d913]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn split(&self, n: usize) -> Vec<Key> {
        let (mut words, mut keys): (Vec<[u32; 2]>, Vec<Key>) = (Vec::new(), Vec::new());
        let known = self.known();
        let held = if known.is_some() { n } else { 0 };
        if words.try_reserve_exact(held).is_err() || keys.try_reserve_exact(n).is_err() {
            let bytes = n.saturating_mul(size_of::<Key>());
            let error = Error::OutOfMemory { op: "split", bytes, source_line: Source::here() };
            return vec![Self(State::Tensor(Tensor::poison(error, [2], U32)))];
        }
        match known {
            Some(own) => {
                words.resize(n, [0; 2]);
                threefry::fill_split(own, 0, &mut words);
                keys.extend(words.into_iter().map(Self::from_words));
            }
            None => {
                let rows = Tensor::apply(Op::RngSplit { first: 0, count: n }, [self.to_tensor()]);
                // Not `map`: inside a closure the caller's line is lost.
                for i in 0..n {
                    keys.push(Self(State::Tensor(rows.index(i))));
                }
            }
        }
        keys
    }

    /// The two keys of `split(2)`.
    #[track_caller]
    pub(crate) fn split_in_two(&self) -> (Key, Key) {
        // Key number i of a split is the key with i folded in.
        (self.fold_in(0), self.fold_in(1))
    }

    /// The key for this key and `data`, such as a training step, the index of a layer or the hash of a name. JAX's
    /// `fold_in`.
    #[track_caller]
    #[must_use]
    pub fn fold_in(&self, data: u32) -> Key {
        match self.known() {
            Some(words) => Self::from_words(threefry::fold_in(words, data)),
            None => {
                let keys = Tensor::apply(Op::RngSplit { first: data, count: 1 }, [self.to_tensor()]);
                Self(State::Tensor(keys.reshape([2])))
            }
        }
    }

    /// [`fold_in`](Self::fold_in) of a number that is known only when the program runs, such as a training step.
    ///
    /// `data` is a tensor with one integer.
    ///
    /// ```
    /// use metamlp_tensor::{Tensor, random::Key};
    /// let key = Key::new(42);
    /// let folded = key.fold_in_tensor(&Tensor::scalar(7));
    /// assert_eq!(folded.words()?, key.fold_in(7).words()?);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn fold_in_tensor(&self, data: &Tensor) -> Key {
        if data.size() != 1 || !data.dtype().is_integer() {
            let error =
                argument("fold_in_tensor", "data", data.ty(), "a tensor of one integer", Source::here());
            return Self(State::Tensor(Tensor::poison(error, [2], U32)));
        }
        let words = self.to_tensor();
        let key = [words.slice_axis(0, 0, 1), words.slice_axis(0, 1, 2)];
        let low = data.reshape([1]).bitcast_convert(U32);
        Self(State::Tensor(block(key, &low)))
    }

    /// The words, if reading them evaluates nothing.
    fn known(&self) -> Option<[u32; 2]> {
        match &self.0 {
            State::Words(words) => Some(*words),
            State::Tensor(tensor) if tensor.is_concrete() => self.words().ok(),
            State::Tensor(_) => None,
        }
    }
}

/// Threefry's block function of the counter `(0, low)` in tensor operations. All operands are `u32[1]`.
#[track_caller]
fn block(key: [Tensor; 2], low: &Tensor) -> Tensor {
    let add = |a: &Tensor, b: &Tensor| a.binary(Binary::Add, b);
    let parity = key[0].xor(&key[1]).xor(threefry::PARITY);
    let [first, second] = key;
    let schedule = [first, second, parity];
    let (mut x, mut y) = (schedule[0].clone(), add(low, &schedule[1]));
    for group in 0..5 {
        for rotation in threefry::ROTATIONS[group % 2] {
            x = add(&x, &y);
            y = y.shift_left(rotation).or(y.shift_right(32 - rotation)).xor(&x);
        }
        x = add(&x, &schedule[(group + 1) % 3]);
        y = add(&y, &schedule[(group + 2) % 3]).binary(Binary::Add, group as u32 + 1);
    }
    Tensor::concatenate(&[x, y], 0)
}

impl From<&Key> for Key {
    fn from(key: &Key) -> Self {
        key.clone()
    }
}

impl Tree for Key {
    fn visit(&self, visitor: &mut dyn TreeVisitor) {
        visitor.tensor(&self.to_tensor());
    }

    fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        Self::from_tensor(replace(&self.to_tensor()))
    }
}

/// The two words in the format of JAX: `[0, 42]`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known() {
            Some([first, second]) => write!(f, "[{first}, {second}]"),
            None => f.write_str("[traced]"),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}
