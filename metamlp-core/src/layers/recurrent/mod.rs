//! Recurrent layers: cells, which make one step, and the layers that take them
//! along a sequence.

mod bidirectional;
mod cell;
mod conv_lstm;
mod flip;
mod gru;
mod lstm;
mod mgu;
mod optimized_lstm;
mod rnn;
mod simple;

pub use bidirectional::Bidirectional;
pub use cell::{Cell, RNNCell};
pub use conv_lstm::ConvLSTMCell;
pub use flip::flip_sequences;
pub use gru::GRUCell;
pub use lstm::LSTMCell;
pub use mgu::MGUCell;
pub use optimized_lstm::OptimizedLSTMCell;
pub use rnn::RNN;
pub use simple::SimpleCell;
