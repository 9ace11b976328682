//! Flax Linen's own tests of modules and scopes, ported: the comment of a test
//! has the name of the original.
//!
//! Others are with the topic that they test, in the parent folder:
//! `naming`, `streams`, `capture`, `errors`, `init_apply`,
//! `interceptors`, `bind`, `eval_shape`, `share_scope`, `compact_name_scope`,
//! `invoke`, `sequential` and `summary`. Not ported, since Rust makes it
//! impossible:
//!
//! - `setup` and what may happen in it: `test_param_in_setup`,
//!   `test_setup_call_var_collision`, `test_setup_var_collision`,
//!   `test_submodule_var_collision_with_scope`, `test_super_setup`,
//!   `test_call_unbound_noncompact_module_methods_depending_on_setup`,
//!   `test_module_unbound_getattr`. Submodules are fields, which exist from the
//!   start and have different names; parameters are asked for in methods.
//! - Writing to a module, `test_noncompact_module_frozen`,
//!   `test_compact_module_frozen`, `test_submodule_frozen`: methods have a `&self`.
//! - Inheritance, `test_super_compact`, `test_inheritance_dataclass_attribs`,
//!   `test_kw_only`, `test_throws_incorrect_post_init_override_error`: there is none.
//! - `test_init_outside_call`, `test_init_outside_setup_without_compact`: what
//!   a plain method asks for is asked for by the module that it is a method of.
//! - A class instead of an instance, another value instead of a key or of
//!   a filter, a method that is not there or not a method, a missing `__call__`,
//!   `test_throws_invalid_instance_module_error`, `test_incorrect_property` and
//!   such: errors of types.

mod adopted_names;
mod collisions;
mod entry_points;
mod fields;
mod filters;
mod naming;
mod nesting;
mod sharing;
mod sow_and_capture;
mod streams;
mod support;
mod unwinding;
mod variables;
