//! The table as an HTML page: a tree of modules that folds. One file without external resources.

use std::fmt::Write as _;

use metamlp_tensor::Tree as _;

use super::size::with_commas;
use super::tree::Node;
use super::{Row, Size, Table, cell};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

impl Table {
    /// The table as an HTML page: a tree of modules whose branches fold, with the totals of each.
    #[must_use]
    pub fn to_html(&self) -> String {
        let rows = self.rows();
        let page = Page { table: self, total: self.total() };
        let mut html = String::new();
        let title = format!("{} Summary", escaped(self.class));
        html.push_str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        add(&mut html, format_args!("<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"));
        add(&mut html, format_args!("<h1>{title}</h1>\n"));
        page.totals(&mut html, rows.first());
        page.header(&mut html);
        for node in Node::tree(&rows) {
            page.node(&mut html, &node, 0);
        }
        add(&mut html, format_args!("</div>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n"));
        html
    }
}

/// Values that all parts of the page use.
struct Page<'a> {
    table: &'a Table,
    total: Size,
}

impl Page<'_> {
    /// The totals of the model.
    fn totals(&self, html: &mut String, model: Option<&Row>) {
        html.push_str("<dl class=\"totals\">\n");
        let mut figure = |name: &str, value: &str, unit: &str| {
            let (name, value) = (escaped(name), escaped(value));
            add(html, format_args!("<div><dt>{name}</dt><dd>{value} <small>{unit}</small></dd></div>\n"));
        };
        let mut size = |name: &str, size: Size| figure(name, &with_commas(size.count), &size.bytes_text());
        for (collection, map) in self.table.variables.iter() {
            size(collection, Size::of(map));
        }
        if self.table.variables.len() != 1 {
            size("all variables", self.total);
        }
        for (name, flops) in self.flops(model) {
            figure(name, &flops.map_or_else(|| "unknown".into(), with_commas), "");
        }
        html.push_str("</dl>\n");
    }

    /// The column headers, and the start of the tree.
    fn header(&self, html: &mut String) {
        let numbers = self.flops(None).len() + self.table.variables.len();
        html.push_str("<p class=\"buttons\"><button type=\"button\" data-open=\"true\">Unfold all</button>");
        html.push_str("<button type=\"button\" data-open=\"false\">Fold all</button></p>\n");
        add(
            html,
            format_args!("<div class=\"tree\" style=\"--numbers:{numbers}\">\n<div class=\"row head\">"),
        );
        html.push_str("<span>module</span><span>inputs</span><span>outputs</span>");
        let flops = self.flops(None).into_iter().map(|(name, _)| name);
        for name in flops.chain(self.table.collections()) {
            add(html, format_args!("<span class=\"number\">{}</span>", escaped(name)));
        }
        html.push_str("</div>\n");
    }

    fn node(&self, html: &mut String, node: &Node<'_>, depth: usize) {
        let has_body = !node.children.is_empty()
            || !node.repeated.is_empty()
            || node.row.is_some_and(|row| !row.variables.tensors().is_empty());
        if !has_body {
            add(html, format_args!("<div class=\"row leaf\" style=\"--depth:{depth}\">"));
            self.cells(html, node, node.row);
            html.push_str("</div>\n");
            return;
        }
        let open = if depth == 0 { " open" } else { "" };
        add(html, format_args!("<details style=\"--depth:{depth}\"{open}>\n<summary class=\"row\">"));
        self.cells(html, node, node.row);
        html.push_str("</summary>\n");
        if let Some(row) = node.row {
            self.variables(html, row);
        }
        for row in &node.repeated {
            add(html, format_args!("<div class=\"row again\" style=\"--depth:{depth}\">"));
            self.cells(html, node, Some(row));
            html.push_str("</div>\n");
        }
        for child in &node.children {
            self.node(html, child, depth + 1);
        }
        html.push_str("</details>\n");
    }

    /// The cells of a call, with the sizes of the module and all modules below it.
    fn cells(&self, html: &mut String, node: &Node<'_>, row: Option<&Row>) {
        let is_first = row.map(std::ptr::from_ref) == node.row.map(std::ptr::from_ref);
        let class = row.map_or_else(String::new, Row::title);
        let class = if is_first && class == node.name { String::new() } else { escaped(&class) };
        let name = if is_first { escaped(node.name) } else { "again".into() };
        add(html, format_args!("<span class=\"name\"><b>{name}</b> <i>{class}</i></span>"));
        let inputs = row.map(|row| cell::inputs(&row.inputs)).unwrap_or_default();
        let output = row.and_then(|row| row.output.as_ref()).map(cell::of_entry).unwrap_or_default();
        for lines in [inputs, output] {
            add(html, format_args!("<span class=\"type\">{}</span>", escaped(&lines.join("\n"))));
        }
        for (_, flops) in self.flops(row) {
            let flops = flops.map(with_commas).unwrap_or_default();
            add(html, format_args!("<span class=\"number\">{flops}</span>"));
        }
        for collection in self.table.collections() {
            let size = if is_first { node.size(collection) } else { Size::default() };
            html.push_str("<span class=\"number\">");
            if size.count > 0 {
                add(html, format_args!("{} <small>{}</small>", with_commas(size.count), size.bytes_text()));
                let share = size.bytes as f64 / self.total.bytes.max(1) as f64;
                add(html, format_args!("<span class=\"share\" style=\"--share:{share:.4}\"></span>"));
            }
            html.push_str("</span>");
        }
    }

    /// The module's own variables.
    fn variables(&self, html: &mut String, row: &Row) {
        for (collection, map) in row.variables.iter().filter(|(_, map)| !map.is_empty()) {
            let lines = cell::variables(map);
            add(html, format_args!("<div class=\"variables\"><i>{}</i><pre>", escaped(collection)));
            add(html, format_args!("{}</pre></div>\n", escaped(&lines.join("\n"))));
        }
    }

    /// The FLOP columns that are shown.
    fn flops(&self, row: Option<&Row>) -> Vec<(&'static str, Option<u64>)> {
        let flops = self.table.flops.then(|| ("flops", row.and_then(|row| row.flops)));
        let vjp_flops = self.table.vjp_flops.then(|| ("vjp_flops", row.and_then(|row| row.vjp_flops)));
        flops.into_iter().chain(vjp_flops).collect()
    }
}

fn add(html: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = html.write_fmt(text);
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
