//! The table in GitHub's Markdown.

use super::Table;
use super::layout::Layout;

impl Table {
    /// The table in GitHub's Markdown, one line per row.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let Layout { title, header, rows, footer, caption } = Layout::of(self);
        let mut text = format!("### {}\n\n", escaped(&title));
        let mut line = |cells: Vec<String>| {
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
        };
        line(header.iter().map(|name| escaped(name)).collect());
        line(header.iter().map(|_| "---".to_owned()).collect());
        for row in rows {
            line(row.iter().map(|cell| lines(cell)).collect());
        }
        line(footer.iter().map(|total| bold(total)).collect());
        text + "\n" + &bold(&caption) + "\n"
    }
}

fn lines(cell: &[String]) -> String {
    let escaped: Vec<String> = cell.iter().map(|line| escaped(line)).collect();
    escaped.join("<br>")
}

fn bold(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("**{}**", escaped(text)) }
}

/// Escapes the text: no character of it acts as markup, and indents are kept.
fn escaped(text: &str) -> String {
    let body = text.trim_start_matches(' ');
    let mut escaped = "&nbsp;".repeat(text.len() - body.len());
    let mut before = None;
    let mut characters = body.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            // An underscore inside a word is not markup.
            '_' if before.is_some_and(char::is_alphanumeric)
                && characters.peek().is_some_and(|next| next.is_alphanumeric()) =>
            {
                escaped.push('_');
            }
            '\\' | '`' | '*' | '_' | '|' | '~' => escaped.extend(['\\', character]),
            '\n' | '\r' => escaped.push(' '),
            _ => escaped.push(character),
        }
        before = Some(character);
    }
    escaped
}
