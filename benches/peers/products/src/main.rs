//! Matrix products of matrixmultiply, gemm and faer. usage: products-worker CRATE THREADS

#[path = "../../worker.rs"]
mod worker;

use std::error::Error;
use std::hint::black_box;

use worker::{Call, numbers, serve};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let (name, threads) = (arguments[1].clone(), arguments[2].parse()?);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    serve(&name, |case| {
        let shape = case.strip_prefix("W8_").ok_or("no such case")?;
        let shape: Vec<usize> = shape.split('x').map(str::parse).collect::<Result<_, _>>()?;
        product(&name, threads, [shape[0], shape[1], shape[2]])
    })
}

fn product(name: &str, threads: usize, [m, k, n]: [usize; 3]) -> Result<Call, Box<dyn Error>> {
    let (a, b, mut c) = (numbers(m * k, 1), numbers(k * n, 2), vec![0f32; m * n]);
    let row = |width: usize| width as isize;
    Ok(match name {
        "matrixmultiply" => Box::new(move || {
            // SAFETY: the slices have the extents and strides that are given.
            unsafe {
                matrixmultiply::sgemm(
                    m, k, n, 1.0, a.as_ptr(), row(k), 1, b.as_ptr(), row(n), 1, 0.0, c.as_mut_ptr(), row(n), 1,
                );
            }
            black_box(&c);
        }),
        "gemm" => Box::new(move || {
            let parallelism = if threads > 1 { gemm::Parallelism::Rayon(threads) } else { gemm::Parallelism::None };
            // SAFETY: the slices have the extents and strides that are given.
            unsafe {
                gemm::gemm(
                    m, n, k, c.as_mut_ptr(), 1, row(n), false, a.as_ptr(), 1, row(k), b.as_ptr(), 1, row(n), 0.0, 1.0,
                    false, false, false, parallelism,
                );
            }
            black_box(&c);
        }),
        "faer" => Box::new(move || {
            use faer::{Accum, MatMut, MatRef, Par};
            faer::linalg::matmul::matmul(
                MatMut::from_row_major_slice_mut(&mut c, m, n),
                Accum::Replace,
                MatRef::from_row_major_slice(&a, m, k),
                MatRef::from_row_major_slice(&b, k, n),
                1.0f32,
                if threads > 1 { Par::rayon(threads) } else { Par::Seq },
            );
            black_box(&c);
        }),
        _ => return Err(format!("no crate {name}").into()),
    })
}
