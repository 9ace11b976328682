//! The rows of a table as a tree of modules.

use super::{Row, Size};

/// A module: its calls, and the modules below it in the order of their first calls.
pub(super) struct Node<'a> {
    /// The last name of the path; the class for the model itself.
    pub(super) name: &'a str,
    /// The first call; `None` if only submodules of it were called.
    pub(super) row: Option<&'a Row>,
    pub(super) repeated: Vec<&'a Row>,
    pub(super) children: Vec<Node<'a>>,
}

impl<'a> Node<'a> {
    /// The root modules: the model.
    pub(super) fn tree(rows: &'a [Row]) -> Vec<Self> {
        let mut root = Self::named("");
        for row in rows {
            let names = row.path.split('/').filter(|name| !name.is_empty());
            let node = names.fold(&mut root, |node, name| node.child(name));
            match node.row {
                None => node.row = Some(row),
                Some(_) => node.repeated.push(row),
            }
        }
        match root.row {
            Some(row) => {
                root.name = row.class;
                vec![root]
            }
            None => root.children,
        }
    }

    /// The size of its rows and of all below.
    pub(super) fn size(&self, collection: &str) -> Size {
        let own = self.row.map_or_else(Size::default, |row| row.size(collection));
        own + self.children.iter().map(|child| child.size(collection)).sum()
    }

    fn named(name: &'a str) -> Self {
        Self { name, row: None, repeated: Vec::new(), children: Vec::new() }
    }

    fn child(&mut self, name: &'a str) -> &mut Self {
        let at = match self.children.iter().position(|child| child.name == name) {
            Some(at) => at,
            None => {
                self.children.push(Self::named(name));
                self.children.len() - 1
            }
        };
        &mut self.children[at]
    }
}
