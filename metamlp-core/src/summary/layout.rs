//! A table as text in cells, shared by the formats.

use super::{Row, Size, Table, cell};

/// The lines of a cell.
pub(super) type Cell = Vec<String>;

pub(super) struct Layout {
    pub(super) title: String,
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// One entry per column; `Total` stands before the first collection.
    pub(super) footer: Vec<String>,
    pub(super) caption: String,
}

impl Layout {
    pub(super) fn of(table: &Table) -> Self {
        let rows = table.rows();
        let mut header: Vec<String> = ["path", "module", "inputs", "outputs"].map(Into::into).into();
        header.extend(table.flops.then(|| "flops".into()));
        header.extend(table.vjp_flops.then(|| "vjp_flops".into()));
        let mut footer = vec![String::new(); header.len() - 1];
        footer.push("Total".into());
        for (collection, map) in table.variables.iter() {
            header.push(collection.to_owned());
            footer.push(Size::of(map).to_string());
        }
        Self {
            title: format!("{} Summary", table.class),
            header,
            rows: rows.iter().map(|row| cells(table, row)).collect(),
            footer,
            caption: caption(table),
        }
    }
}

/// The most characters of a path. All lines of a table are as long as its longest path, so that the table of a model that
/// is nested very deeply would fill the memory.
const LONGEST_PATH: usize = 200;

/// A path; its middle is left out if it is very long.
fn shortened(path: &str) -> String {
    let length = path.chars().count();
    if length <= LONGEST_PATH {
        return path.to_owned();
    }
    let end = (LONGEST_PATH - 1) / 2;
    let begin = LONGEST_PATH - 1 - end;
    path.chars().take(begin).chain(['…']).chain(path.chars().skip(length - end)).collect()
}

fn caption(table: &Table) -> String {
    // The text of a size of 0 is empty, as in the cells.
    match table.total() {
        Size { count: 0, .. } => "Total Parameters: 0".to_owned(),
        total => format!("Total Parameters: {total}"),
    }
}

fn cells(table: &Table, row: &Row) -> Vec<Cell> {
    let mut cells = vec![
        vec![shortened(&row.path)],
        vec![row.title()],
        cell::inputs(&row.inputs),
        row.output.as_ref().map(cell::of_entry).unwrap_or_default(),
    ];
    let number = |number: Option<u64>| number.map(|number| number.to_string()).into_iter().collect();
    cells.extend(table.flops.then(|| number(row.flops)));
    cells.extend(table.vjp_flops.then(|| number(row.vjp_flops)));
    cells.extend(table.collections().map(|collection| {
        let mut lines = row.variables.collection(collection).map(cell::variables).unwrap_or_default();
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(row.size(collection).to_string());
        lines
    }));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_keeps_its_beginning_and_its_end() {
        let path = |modules: usize| vec!["Block_0"; modules].join("/");
        assert_eq!(shortened(&path(25)), path(25));
        let short = shortened(&path(1000));
        assert_eq!(short.chars().count(), LONGEST_PATH);
        assert!(short.starts_with("Block_0/Block_0/") && short.ends_with("/Block_0/Block_0"), "{short}");
    }
}
