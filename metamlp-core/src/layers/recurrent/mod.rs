//! Recurrent layers: cells, which compute one step, and `RNN` and `Bidirectional`, which run them over
//! a sequence.

mod bidirectional;
mod carry;
mod cell;
mod conv_lstm;
mod flip_sequences;
mod gru;
mod lstm;
mod mgu;
mod optimized_lstm;
mod rnn;
mod rnn_cell;
mod simple;

pub use bidirectional::Bidirectional;
pub use cell::Cell;
pub use conv_lstm::ConvLSTMCell;
pub use flip_sequences::flip_sequences;
pub use gru::GRUCell;
pub use lstm::LSTMCell;
pub use mgu::MGUCell;
pub use optimized_lstm::OptimizedLSTMCell;
pub use rnn::RNN;
pub use rnn_cell::RNNCell;
pub use simple::SimpleCell;
