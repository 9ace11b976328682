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

fn caption(table: &Table) -> String {
    // The text of a size of 0 is empty, as in the cells.
    match table.total() {
        Size { count: 0, .. } => "Total Parameters: 0".to_owned(),
        total => format!("Total Parameters: {total}"),
    }
}

fn cells(table: &Table, row: &Row) -> Vec<Cell> {
    let mut cells = vec![
        vec![row.path.clone()],
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
