//! The macro `options!`: a struct of options with defaults, in place of Python's keyword arguments.

/// Writes a struct of required and optional values, its `new` with the required ones, a setter for each
/// optional one, and a function that builds the result with all defaults.
///
/// A `Schedule` or `Hyperparam` is accepted as anything that converts into it, a `Mask` as a function
/// of a path.
macro_rules! options {
    (
        $(#[$struct_doc:meta])*
        pub struct $Name:ident($($required:ident: $Required:ident),*) as $function:ident -> $Made:ty {
            $($(#[$doc:meta])+ $field:ident: $Kind:ident $(<$Inner:ident>)? $(= $default:expr)?,)*
        }
    ) => {
        #[doc = concat!("[`", stringify!($Name), "`] with its usual options.")]
        #[must_use]
        pub fn $function($($required: options!(@argument $Required)),*) -> $Made {
            $Name::new($($required),*).into()
        }

        $(#[$struct_doc])*
        #[derive(Clone, Debug)]
        #[must_use]
        pub struct $Name {
            $($required: $Required,)*
            $($field: $Kind $(<$Inner>)?,)*
        }

        #[allow(clippy::new_without_default, reason = "`new` takes arguments in most expansions")]
        impl $Name {
            /// Required arguments; the options have optax's defaults.
            pub fn new($($required: options!(@argument $Required)),*) -> Self {
                Self {
                    $($required: options!(@value $Required, $required),)*
                    $($field: options!(@default $Kind $(<$Inner>)? $(, $default)?),)*
                }
            }

            $(
                $(#[$doc])+
                pub fn $field(mut self, $field: options!(@argument $Kind $(<$Inner>)?)) -> Self {
                    self.$field = options!(@value $Kind $(<$Inner>)?, $field);
                    self
                }
            )*
        }
    };

    (@argument Schedule) => { impl Into<Schedule> };
    (@argument Hyperparam) => { impl Into<Hyperparam> };
    (@argument Option<Hyperparam>) => { impl Into<Hyperparam> };
    (@argument Option<Mask>) => { impl Fn(&metamlp_tensor::TreePath) -> bool + Send + Sync + 'static };
    (@argument Option<$Inner:ident>) => { $Inner };
    (@argument $Kind:ident) => { $Kind };

    (@value Schedule, $value:expr) => { $value.into() };
    (@value Hyperparam, $value:expr) => { $value.into() };
    (@value Option<Hyperparam>, $value:expr) => { Some($value.into()) };
    (@value Option<Mask>, $value:expr) => { Some(Mask::new($value)) };
    (@value Option<$Inner:ident>, $value:expr) => { Some($value) };
    (@value $Kind:ident, $value:expr) => { $value };

    (@default Option<$Inner:ident>) => { None };
    (@default $Kind:ident, $value:expr) => { options!(@value $Kind, $value) };
}

pub(super) use options;
