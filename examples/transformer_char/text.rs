//! The text as ids, one per different character, and its windows. Knows no model.

use std::fs;
use std::path::{Path, PathBuf};

use metamlp::prelude::*;

use crate::error::{Error, Result};

/// One part in this many, the last one, is held out.
const HELD_OUT: usize = 10;

/// A text: the beginning is for training, the end is held out.
#[derive(Debug)]
pub(crate) struct Text {
    path: PathBuf,
    /// The different characters in order; the index is the id.
    vocabulary: Vec<char>,
    ids: Vec<i32>,
}

impl Text {
    /// Reads a file. Both of its parts must be longer than `context` characters.
    pub(crate) fn read(path: &Path, context: usize) -> Result<Self> {
        let text = fs::read_to_string(path)
            .map_err(|source| metamlp_experiment::Error::Read { path: path.into(), source })?;
        let mut vocabulary: Vec<char> = text.chars().collect();
        vocabulary.sort_unstable();
        vocabulary.dedup();
        let mut read = Self { path: path.into(), vocabulary, ids: Vec::new() };
        read.ids = read.encode(&text)?;
        let least = HELD_OUT * (context + 1);
        if read.ids.len() < least {
            return Err(Error::Short { path: path.into(), found: read.ids.len(), least });
        }
        Ok(read)
    }

    /// The number of different characters.
    pub(crate) fn vocabulary(&self) -> usize {
        self.vocabulary.len()
    }

    /// The ids of the training part, `[characters]`.
    pub(crate) fn training(&self) -> Tensor {
        ids(&self.ids[..self.ids.len() - self.ids.len() / HELD_OUT])
    }

    /// The ids of the held-out part, `[characters]`.
    pub(crate) fn held_out(&self) -> Tensor {
        ids(&self.ids[self.ids.len() - self.ids.len() / HELD_OUT..])
    }

    /// The ids of characters; all must occur in the text.
    pub(crate) fn encode(&self, characters: &str) -> Result<Vec<i32>> {
        let id = |character| match self.vocabulary.binary_search(&character) {
            // There are far fewer characters than `i32` values.
            Ok(id) => Ok(id as i32),
            Err(_) => Err(Error::Character { path: self.path.clone(), character }),
        };
        characters.chars().map(id).collect()
    }

    /// The characters of these ids.
    pub(crate) fn decode(&self, ids: &[i32]) -> String {
        ids.iter().filter_map(|&id| self.vocabulary.get(usize::try_from(id).ok()?)).collect()
    }
}

/// The windows of `length` ids that begin at each of `starts`: `[starts, length]`.
pub(crate) fn windows(ids: &Tensor, starts: &Tensor, length: usize) -> Tensor {
    ids.take(&(starts.expand_dims(1) + Tensor::arange(length, I32)), 0)
}

fn ids(ids: &[i32]) -> Tensor {
    Tensor::from_vec([ids.len()], ids.to_vec())
}
