//! `options!`: a struct of options with defaults, as Python has keyword
//! arguments. Knows nothing of what the options are of.

/// Writes a struct with what is required and what has a default, `new` with the
/// required, a setter for each of the others, and the function that makes the
/// thing with all defaults.
///
/// Learning rates and hyper-parameters are taken as anything that can be one, a
/// mask as a function of a path.
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

        #[allow(clippy::new_without_default)]
        impl $Name {
            /// With the usual options, optax's.
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
