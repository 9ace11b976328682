//! [`simd!`]: the instruction sets that hot loops are compiled for.

/// Compiles each function of the block for AVX-512, for AVX2 with FMA, and for the base instruction set of the target.
/// A call runs the best version that the processor has; it is chosen once per function and process.
///
/// Rust does not contract a product and a sum to a fused multiply-add, so that all versions give the same bits.
/// A closure inside such a function is compiled for the base instruction set only, unless it is inlined.
///
/// Each function costs three times the compile time of a plain one. Use it for loops that models run often.
macro_rules! simd {
    ($($(#[$attribute:meta])* $visibility:vis fn $name:ident($($arguments:tt)*) $(-> $result:ty)? { $($body:tt)* })*) => {$(
        #[::multiversion::multiversion(targets(
            "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
            "x86_64+avx2+fma",
        ))]
        $(#[$attribute])*
        $visibility fn $name($($arguments)*) $(-> $result)? {
            $($body)*
        }
    )*};
}
pub(crate) use simd;
