//! The macros in which the table of formulas is written. Each formula becomes a [`Tree`](super::Tree), by which it is
//! found in a kernel, and a loop, which runs it.
//!
//! An expression is a name, or an operation on expressions in parentheses: `(Mul x (Add y one))`.

/// The tree of an expression.
macro_rules! tree {
    ((AtLeast $x:tt $bound:tt)) => {
        Tree::AtLeast(Box::new([tree!($x), tree!($bound)]))
    };
    ((Less $x:tt $y:tt)) => {
        Tree::Compare(Comparison::Lt, Box::new([tree!($x), tree!($y)]))
    };
    ((AtMost $x:tt $y:tt)) => {
        Tree::Compare(Comparison::Le, Box::new([tree!($x), tree!($y)]))
    };
    ((Unless $choice:tt $yes:tt $no:tt)) => {
        tree!((Select $choice $yes $no))
    };
    ((Select $choice:tt $yes:tt $no:tt)) => {
        Tree::Select(Box::new([tree!($choice), tree!($yes), tree!($no)]))
    };
    (($Op:ident $x:tt)) => {
        Tree::Unary(Unary::$Op, Box::new(tree!($x)))
    };
    (($Op:ident $x:tt $y:tt)) => {
        Tree::Binary(Binary::$Op, Box::new([tree!($x), tree!($y)]))
    };
    ($name:ident) => {
        $name.clone()
    };
}
pub(super) use tree;

/// The value of an expression for one element. It has the bits of the operations by themselves.
macro_rules! value {
    ((AtLeast $x:tt $bound:tt)) => {{
        let (x, bound) = (value!($x), value!($bound));
        if x <= bound { bound } else { x }
    }};
    ((Less $x:tt $y:tt)) => {
        value!($x) < value!($y)
    };
    ((AtMost $x:tt $y:tt)) => {
        value!($x) <= value!($y)
    };
    // A `Select` that is only read where the choice is false.
    ((Unless $choice:tt $yes:tt $no:tt)) => {
        value!($no)
    };
    ((Select $choice:tt $yes:tt $no:tt)) => {
        if value!($choice) { value!($yes) } else { value!($no) }
    };
    // One method for each operation: the call of a function with all of them, inlined for each operation of each formula,
    // takes most of the compile time of this crate.
    ((Abs $x:tt)) => {
        Arithmetic::abs(value!($x))
    };
    ((Exp $x:tt)) => {
        Arithmetic::exp(value!($x))
    };
    ((Logistic $x:tt)) => {
        Arithmetic::logistic(value!($x))
    };
    ((Rsqrt $x:tt)) => {
        Arithmetic::rsqrt(value!($x))
    };
    ((Sqrt $x:tt)) => {
        Arithmetic::sqrt(value!($x))
    };
    ((Tanh $x:tt)) => {
        Arithmetic::tanh(value!($x))
    };
    ((Add $x:tt $y:tt)) => {
        Arithmetic::add(value!($x), value!($y))
    };
    ((Sub $x:tt $y:tt)) => {
        Arithmetic::sub(value!($x), value!($y))
    };
    ((Mul $x:tt $y:tt)) => {
        Arithmetic::mul(value!($x), value!($y))
    };
    ((Div $x:tt $y:tt)) => {
        Arithmetic::div(value!($x), value!($y))
    };
    ($name:ident) => {
        $name
    };
}
pub(super) use value;

/// The loop that writes its result over the first leaf, for a formula that is marked `in_place`.
macro_rules! in_place {
    (() as option $name:ident) => { None };
    ((in_place) as option $name:ident) => { Some(single::in_place::$name) };
    (() $($formula:tt)*) => {};
    ((in_place) $name:ident($first:ident $($leaf:ident)*; $($same:ident)*) $($inner:ident = $expression:tt;)* => $result:tt) => {
        simd! {
            pub(in crate::embedded::fused::formulas) fn $name(leaves: &[Lanes<'_, f32>], out: &mut [f32]) {
                let &[$($leaf,)* $($same),*] = leaves else { unreachable!("{LEAVES}") };
                $(let $same = $same.first();)*
                elementwise!(in out($first) = $($leaf),* => {
                    $(let $inner = value!($expression);)*
                    value!($result)
                });
            }
        }
    };
}
pub(super) use in_place;

/// The table of formulas: a name; the leaves with one element for each element of the tile; after `;` the leaves with
/// one value for the whole tile, which the loop keeps in registers; then named intermediate values, and the result.
macro_rules! formulas {
    ($($name:ident($($leaf:ident),+ $(; $($same:ident),+)?) $($in_place:ident)? {
        $($inner:ident = $expression:tt;)* => $result:tt
    })*) => {
        mod single {
            use super::*;

            simd! {$(
                pub(crate) fn $name(leaves: &[Lanes<'_, f32>], out: &mut [f32]) {
                    let &[$($leaf,)+ $($($same),+)?] = leaves else { unreachable!("{LEAVES}") };
                    $($(let $same = $same.first();)+)?
                    elementwise!(out = $($leaf),+ => {
                        $(let $inner = value!($expression);)*
                        value!($result)
                    });
                }
            )*}

            pub(crate) mod in_place {
                use super::*;

                $(in_place!(($($in_place)?) $name($($leaf)+; $($($same)+)?) $($inner = $expression;)* => $result);)*
            }
        }

        /// The formulas in the order of the table.
        pub(super) static FORMULAS: LazyLock<Vec<Formula>> = LazyLock::new(|| {
            vec![$({
                let mut leaves = 0;
                $(
                    let $leaf = Tree::Leaf(leaves);
                    leaves += 1;
                )+
                let each = leaves;
                $($(
                    let $same = Tree::Leaf(leaves);
                    leaves += 1;
                )+)?
                $(let $inner = tree!($expression);)*
                let in_place: Option<Loop> = in_place!(($($in_place)?) as option $name);
                Formula { tree: tree!($result), leaves, each, run: single::$name, in_place }
            }),*]
        });
    };
}
pub(super) use formulas;
