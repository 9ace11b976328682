//! The smallest runtime that the macros' expansion compiles against. It keeps
//! no variables: it counts identities and writes down which calls were entered.

#![allow(dead_code, missing_docs, missing_debug_implementations, unreachable_pub, unused_imports)]
#![allow(clippy::pedantic)]

pub mod __private {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeMap;
    use std::fmt::Write as _;
    use std::ops::Deref;
    use std::panic::Location;

    thread_local! {
        static MADE: Cell<usize> = const { Cell::new(0) };
        static EVENTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    /// The calls since the last look, and what each gave for capture.
    pub fn events() -> Vec<String> {
        EVENTS.take()
    }

    fn event(text: String) {
        EVENTS.with_borrow_mut(|events| events.push(text));
    }

    #[derive(Debug)]
    pub struct Handle {
        pub identity: usize,
        pub class: &'static str,
        pub name: Option<String>,
        pub line: u32,
    }

    impl Handle {
        #[track_caller]
        pub fn new(class: &'static str) -> Self {
            let identity = MADE.replace(MADE.get() + 1);
            Self { identity, class, name: None, line: Location::caller().line() }
        }

        pub fn rename(&mut self, name: impl Into<String>) {
            self.name = Some(name.into());
        }
    }

    impl Clone for Handle {
        fn clone(&self) -> Self {
            Self { name: self.name.clone(), line: self.line, ..Self::new(self.class) }
        }
    }

    impl PartialEq for Handle {
        fn eq(&self, other: &Self) -> bool {
            self.name == other.name
        }
    }

    pub type Visit<'a> = dyn FnMut(&str, &Handle) + 'a;

    pub trait Module {
        fn handle(&self) -> &Handle;
        fn submodules(&self, visit: &mut Visit<'_>);

        fn submodule_names(&self) -> Vec<String> {
            let mut names = Vec::new();
            self.submodules(&mut |name, handle| names.push(format!("{name}: {}", handle.class)));
            names
        }
    }

    #[track_caller]
    pub fn enter<M: Module + ?Sized, R>(
        module: &M,
        method: &'static str,
        body: impl FnOnce() -> R,
        entry: impl FnOnce(&R) -> Option<String>,
    ) -> R {
        let class = module.handle().class;
        event(format!("{class}.{method}:{}", Location::caller().line()));
        let output = body();
        if let Some(entry) = entry(&output) {
            event(format!("-> {entry}"));
        }
        output
    }

    pub fn field<T: Clone>(field: &T) -> T {
        field.clone()
    }

    pub struct Probe<'a, T: ?Sized> {
        value: &'a T,
        anything: Anything,
    }

    pub struct Anything;

    impl<'a, T: ?Sized> Probe<'a, T> {
        pub fn new(value: &'a T) -> Self {
            Self { value, anything: Anything }
        }
    }

    impl<T: Submodules + ?Sized> Probe<'_, T> {
        pub fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
            self.value.submodules(name, visit);
        }
    }

    impl<T: Tree> Probe<'_, T> {
        pub fn entry(&self) -> Option<String> {
            Some(shown(self.value))
        }
    }

    impl<T: ?Sized> Deref for Probe<'_, T> {
        type Target = Anything;
        fn deref(&self) -> &Anything {
            &self.anything
        }
    }

    impl Anything {
        pub fn submodules(&self, _name: &str, _visit: &mut Visit<'_>) {}
        pub fn entry(&self) -> Option<String> {
            None
        }
    }

    pub trait Submodules {
        fn submodules(&self, name: &str, visit: &mut Visit<'_>);
    }

    impl<M: Module> Submodules for M {
        fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
            visit(name, self.handle());
        }
    }

    impl<S: Submodules> Submodules for Vec<S> {
        fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
            for (i, part) in self.iter().enumerate() {
                part.submodules(&format!("{name}_{i}"), visit);
            }
        }
    }

    impl<S: Submodules> Submodules for Option<S> {
        fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
            if let Some(part) = self {
                part.submodules(name, visit);
            }
        }
    }

    impl<S: Submodules> Submodules for BTreeMap<String, S> {
        fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
            for (key, part) in self {
                part.submodules(&format!("{name}_{key}"), visit);
            }
        }
    }

    /// A number.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Tensor(pub f64);

    #[derive(Clone, Copy, Debug)]
    pub enum Segment<'a> {
        Name(&'a str),
        Index(usize),
    }

    pub trait Tree: Sized {
        fn visit(&self, visitor: &mut dyn TreeVisitor);
        fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self;
    }

    pub trait TreeVisitor {
        fn tensor(&mut self, tensor: &Tensor);
        fn enter(&mut self, segment: Segment<'_>);
        fn leave(&mut self);
        fn static_part(&mut self, value: String);
    }

    impl dyn TreeVisitor + '_ {
        pub fn part(&mut self, segment: Segment<'_>, part: &impl Tree) {
            self.enter(segment);
            part.visit(self);
            self.leave();
        }

        pub fn fixed(&mut self, value: &(impl std::hash::Hash + std::fmt::Debug + ?Sized)) {
            self.static_part(format!("{value:?}"));
        }
    }

    /// A tree as text: `(images=1 labels=(0=2))`.
    pub fn shown(tree: &impl Tree) -> String {
        struct Shown(String);
        impl TreeVisitor for Shown {
            fn tensor(&mut self, tensor: &Tensor) {
                let _ = write!(self.0, "{} ", tensor.0);
            }
            fn enter(&mut self, segment: Segment<'_>) {
                let _ = match segment {
                    Segment::Name(name) => write!(self.0, "{name}=("),
                    Segment::Index(index) => write!(self.0, "{index}=("),
                };
            }
            fn leave(&mut self) {
                self.0.truncate(self.0.trim_end().len());
                self.0.push_str(") ");
            }
            fn static_part(&mut self, value: String) {
                let _ = write!(self.0, "{value} ");
            }
        }
        let mut text = Shown(String::new());
        tree.visit(&mut text);
        text.0.trim_end().to_owned()
    }

    impl Tree for Tensor {
        fn visit(&self, visitor: &mut dyn TreeVisitor) {
            visitor.tensor(self);
        }
        fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
            replace(self)
        }
    }

    impl<T: Tree> Tree for Vec<T> {
        fn visit(&self, visitor: &mut dyn TreeVisitor) {
            for (i, part) in self.iter().enumerate() {
                visitor.part(Segment::Index(i), part);
            }
        }
        fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
            self.iter().map(|part| part.map(replace)).collect()
        }
    }
}

pub use __private::{Module, Tensor, Tree};
