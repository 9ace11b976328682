//! The table for a terminal, drawn with box characters as in Flax.

use std::fmt;
use std::iter::zip;

use super::Table;
use super::layout::{Cell, Layout};

/// A horizontal line: its left end, fill, crossings and right end.
type Rule = [char; 4];

const TOP: Rule = ['┏', '━', '┳', '┓'];
const BELOW_HEADER: Rule = ['┡', '━', '╇', '┩'];
const BETWEEN: Rule = ['├', '─', '┼', '┤'];
const BOTTOM: Rule = ['└', '─', '┴', '┘'];

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Layout { title, header, rows, footer, caption } = Layout::of(self);
        let header: Vec<Cell> = header.into_iter().map(|name| vec![name]).collect();
        let footer: Vec<Cell> = footer.into_iter().map(|total| vec![total]).collect();
        let widths: Vec<usize> = (0..header.len())
            .map(|column| {
                let lines = rows.iter().chain([&header, &footer]).flat_map(|row| &row[column]);
                lines.map(|line| line.chars().count()).max().unwrap_or(0)
            })
            .collect();
        let whole = widths.iter().map(|width| width + 3).sum::<usize>() + 1;
        let total_column = footer.iter().position(|cell| cell[0] == "Total");

        centered(f, &title, whole)?;
        rule(f, TOP, &widths)?;
        cells(f, '┃', &header, &widths, None)?;
        rule(f, BELOW_HEADER, &widths)?;
        for row in &rows {
            cells(f, '│', row, &widths, None)?;
            rule(f, BETWEEN, &widths)?;
        }
        cells(f, '│', &footer, &widths, total_column)?;
        rule(f, BOTTOM, &widths)?;
        writeln!(f)?;
        centered(f, &caption, whole)
    }
}

fn centered(f: &mut fmt::Formatter<'_>, text: &str, width: usize) -> fmt::Result {
    let left = width.saturating_sub(text.chars().count()) / 2;
    writeln!(f, "{:left$}{text}", "")
}

fn rule(f: &mut fmt::Formatter<'_>, [left, line, crossing, right]: Rule, widths: &[usize]) -> fmt::Result {
    let parts: Vec<String> = widths.iter().map(|width| line.to_string().repeat(width + 2)).collect();
    writeln!(f, "{left}{}{right}", parts.join(&crossing.to_string()))
}

/// A row of cells, as high as its highest cell; one column may be right-aligned.
fn cells(
    f: &mut fmt::Formatter<'_>,
    edge: char,
    row: &[Cell],
    widths: &[usize],
    right: Option<usize>,
) -> fmt::Result {
    let height = row.iter().map(Vec::len).max().unwrap_or(0);
    for line in 0..height {
        for (column, (cell, &width)) in zip(row, widths).enumerate() {
            let text = cell.get(line).map_or("", |text| text);
            if right == Some(column) {
                write!(f, "{edge} {text:>width$} ")?;
            } else {
                write!(f, "{edge} {text:<width$} ")?;
            }
        }
        writeln!(f, "{edge}")?;
    }
    Ok(())
}
