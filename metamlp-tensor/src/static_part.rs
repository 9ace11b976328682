//! Static parts of trees: how they are compared, hashed and kept, and floats that are compared by their bits.

use std::any::Any;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A part of a tree that is not a tensor: any value that can be compared, hashed, copied and sent to another thread.
///
/// A float is no such value, but its bits are: `#[derive(Tree)]` takes the bits of floats, and of vectors, arrays and
/// options of floats.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a static part of a tree",
    note = "a static part needs `Clone`, `Eq`, `Hash`, `Send` and `Sync`, and no lifetime but `'static`"
)]
pub trait StaticPart: Send + Sync {
    /// Feeds the value to `hasher`.
    fn feed(&self, hasher: &mut dyn Hasher);
    /// True if `other` is of the same type and equal.
    fn equals(&self, other: &dyn Any) -> bool;
    /// The value as one of any type.
    fn as_any(&self) -> &dyn Any;
    /// A copy of the value.
    fn kept(&self) -> Arc<dyn StaticPart>;
}

impl<T: Clone + Eq + Hash + Send + Sync + 'static> StaticPart for T {
    fn feed(&self, mut hasher: &mut dyn Hasher) {
        self.hash(&mut hasher);
    }
    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<T>() == Some(self)
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn kept(&self) -> Arc<dyn StaticPart> {
        Arc::new(self.clone())
    }
}

/// Values with floats, which are compared by their bits: 0 and -0 differ, and a NaN equals itself.
pub trait Bits {
    /// The bits.
    type Bits: StaticPart;
    /// The bits of the value.
    fn bits(&self) -> Self::Bits;
}

macro_rules! bits {
    ($($ty:ty as $bits:ty => $of:expr;)*) => {$(
        impl Bits for $ty {
            type Bits = $bits;
            fn bits(&self) -> $bits {
                let of: fn(&$ty) -> $bits = $of;
                of(self)
            }
        }
    )*};
}

bits! {
    f64 as u64 => |value| value.to_bits();
    f32 as u32 => |value| value.to_bits();
    half::f16 as u16 => |value| value.to_bits();
    half::bf16 as u16 => |value| value.to_bits();
    bool as bool => |value| *value;
    usize as usize => |value| *value;
    u64 as u64 => |value| *value;
    u32 as u32 => |value| *value;
    i64 as i64 => |value| *value;
    i32 as i32 => |value| *value;
    String as String => |value| value.clone();
}

impl<T: Bits<Bits: Clone + Eq + Hash + 'static>> Bits for Option<T> {
    type Bits = Option<T::Bits>;
    fn bits(&self) -> Self::Bits {
        self.as_ref().map(Bits::bits)
    }
}

impl<T: Bits<Bits: Clone + Eq + Hash + 'static>> Bits for Vec<T> {
    type Bits = Vec<T::Bits>;
    fn bits(&self) -> Self::Bits {
        self.iter().map(Bits::bits).collect()
    }
}

impl<T: Bits<Bits: Clone + Eq + Hash + 'static>, const N: usize> Bits for [T; N] {
    type Bits = [T::Bits; N];
    fn bits(&self) -> Self::Bits {
        self.each_ref().map(Bits::bits)
    }
}

impl<A, B> Bits for (A, B)
where
    A: Bits<Bits: Clone + Eq + Hash + 'static>,
    B: Bits<Bits: Clone + Eq + Hash + 'static>,
{
    type Bits = (A::Bits, B::Bits);
    fn bits(&self) -> Self::Bits {
        (self.0.bits(), self.1.bits())
    }
}

/// A field that `#[derive(Tree)]` visits as a static part.
#[derive(Debug)]
pub struct StaticField<'a, T>(pub &'a T);

/// The choice between a field's value and its bits. The method call picks the first that exists: the value for
/// `StaticField<T>`, the bits for `&StaticField<T>`, which needs one more reference.
pub trait VisitStatic {
    /// Calls `visit` with the part.
    fn visit(&self, visit: &mut dyn FnMut(&dyn StaticPart));
}

impl<T: StaticPart> VisitStatic for StaticField<'_, T> {
    fn visit(&self, visit: &mut dyn FnMut(&dyn StaticPart)) {
        visit(self.0);
    }
}

impl<T: Bits> VisitStatic for &StaticField<'_, T> {
    fn visit(&self, visit: &mut dyn FnMut(&dyn StaticPart)) {
        visit(&self.0.bits());
    }
}
