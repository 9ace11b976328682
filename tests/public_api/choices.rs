//! Random arguments of the hunt, with many that are odd. A seed gives the same ones everywhere.

use metamlp_tensor::random::Key;
use metamlp_tensor::{
    BF16, BOOL, Convolution, DType, F16, F32, F64, I32, OutOfRange, Padding, Tensor, U32, Window,
};

pub(super) struct Choices(pub(super) u64);

const DTYPES: [DType; 7] = [BOOL, I32, U32, F16, BF16, F32, F64];
const EXTENTS: [usize; 7] = [0, 1, 1, 2, 3, 5, 7];
const COUNTS: [usize; 12] = [0, 1, 2, 3, 4, 7, 64, 1 << 31, 1 << 40, 1 << 62, usize::MAX - 1, usize::MAX];
/// The greatest extent of a shape, and the greatest padding that is not refused: the results are computed. The hunt of the
/// tensors has greater ones.
const GREATEST_EXTENT: usize = 16;
const AXES: [isize; 12] = [0, 0, 1, 1, 2, -1, -1, -2, 3, -4, isize::MAX, isize::MIN];
const INTEGERS: [i32; 10] = [0, 1, -1, 2, -2, 7, 100, -100, i32::MAX, i32::MIN];
const FLOATS: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    2.5,
    -3.0,
    300.0,
    1e-30,
    -1e30,
    1e300,
    f64::MAX,
    f64::MIN_POSITIVE,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

impl Choices {
    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("it is below a usize")
    }

    pub(super) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    pub(super) fn flag(&mut self) -> bool {
        self.below(2) == 0
    }

    pub(super) fn dtype(&mut self) -> DType {
        self.of(&DTYPES)
    }

    pub(super) fn float(&mut self) -> f64 {
        self.of(&FLOATS)
    }

    pub(super) fn integer(&mut self) -> i32 {
        self.of(&INTEGERS)
    }

    pub(super) fn count(&mut self) -> usize {
        self.of(&COUNTS)
    }

    pub(super) fn small(&mut self) -> usize {
        self.of(&EXTENTS)
    }

    pub(super) fn axis(&mut self) -> isize {
        self.of(&AXES)
    }

    pub(super) fn axes(&mut self) -> Vec<isize> {
        (0..self.below(4)).map(|_| self.axis()).collect()
    }

    /// Extents, nearly always small ones.
    pub(super) fn shape(&mut self) -> Vec<usize> {
        let is_odd = self.below(8) == 0;
        (0..self.below(5))
            .map(|_| if is_odd { self.count().min(GREATEST_EXTENT) } else { self.small() })
            .collect()
    }

    /// Numbers, one for each axis of a tensor or not.
    pub(super) fn list(&mut self) -> Vec<usize> {
        self.shape()
    }

    pub(super) fn key(&mut self) -> Key {
        Key::new(self.integer())
    }

    /// A tensor: nearly always small and with values, sometimes with a type alone, or an error.
    pub(super) fn tensor(&mut self) -> Tensor {
        let (shape, dtype) = (self.shape(), self.dtype());
        match self.below(12) {
            0 => return Tensor::spec(shape, dtype),
            1 => return Tensor::ones([2], F32).reshape([3]),
            _ => {}
        }
        let size = shape.iter().try_fold(1usize, |size, &extent| size.checked_mul(extent));
        match size.filter(|&size| size <= 4096) {
            Some(size) => {
                let values = (0..size).map(|_| self.float()).collect();
                Tensor::from_vec(shape, values).convert(dtype)
            }
            None => Tensor::spec(shape, dtype),
        }
    }

    /// A tensor of whole numbers, such as indices.
    pub(super) fn integers(&mut self) -> Tensor {
        let (shape, dtype): (Vec<usize>, _) =
            ((0..self.below(3)).map(|_| self.small()).collect(), self.of(&[I32, U32]));
        let values = (0..shape.iter().product()).map(|_| self.integer()).collect();
        Tensor::from_vec(shape, values).bitcast_convert(dtype)
    }

    pub(super) fn out_of_range(&mut self) -> OutOfRange {
        self.of(&[OutOfRange::Fill, OutOfRange::Clip, OutOfRange::Wrap])
    }

    /// Elements to pad with; fewer than 0 cut elements off.
    fn amount(&mut self) -> isize {
        self.of(&[0, 0, 1, 2, -1, -3, GREATEST_EXTENT.cast_signed(), isize::MAX, isize::MIN])
    }

    pub(super) fn padding(&mut self) -> Padding {
        match self.below(4) {
            0 => Padding::Same,
            1 => Padding::Valid,
            _ => (0..self.below(4)).map(|_| (self.amount(), self.amount())).collect::<Vec<_>>().into(),
        }
    }

    pub(super) fn window(&mut self) -> Window {
        let mut window = Window::new(self.list()).padding(self.padding());
        if self.flag() {
            window = window.strides(self.list());
        }
        if self.flag() {
            window = window.base_dilation(self.list()).window_dilation(self.list());
        }
        window
    }

    pub(super) fn convolution(&mut self) -> Convolution {
        let mut convolution = Convolution::new().padding(self.padding()).feature_group_count(self.count());
        if self.flag() {
            convolution = convolution.feature_group_count(1).window_strides(self.list());
        }
        if self.flag() {
            convolution = convolution.lhs_dilation(self.list()).rhs_dilation(self.list());
        }
        convolution
    }
}
