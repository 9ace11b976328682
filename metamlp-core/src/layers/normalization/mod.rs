//! Normalization layers: of activations by their statistics, and of the weights of another module.

mod batch_norm;
mod group_norm;
mod instance_norm;
mod layer_norm;
mod rms_norm;
mod spectral_norm;
mod statistics;
mod weight_norm;

pub use batch_norm::BatchNorm;
pub use group_norm::GroupNorm;
pub use instance_norm::InstanceNorm;
pub use layer_norm::LayerNorm;
pub use rms_norm::RMSNorm;
pub use spectral_norm::SpectralNorm;
pub use weight_norm::WeightNorm;
