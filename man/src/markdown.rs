//! The Markdown of our documents as the body of a manual page: headings, paragraphs, lists, tables, and text to the byte.
//!
//! Not all of Markdown: what the documents use. `main.rs` has a test that each of them gets through whole.

use std::fmt::Write as _;

use crate::inline::{code, guarded, words};

/// Lines of text to the byte longer than this are broken: a page is 80 wide, and they are indented by eleven.
const WIDE: usize = 68;
/// Cells longer than this share what room a table has.
const CELL: usize = 18;

/// The body. The first heading (`# …`) is left out: a page has its NAME instead.
pub(crate) fn body(markdown: &str) -> String {
    let mut out = String::new();
    let mut lines: &[&str] = &markdown.lines().collect::<Vec<_>>();
    if let Some((first, rest)) = lines.split_first()
        && first.starts_with("# ")
    {
        lines = rest;
    }
    blocks(lines, &mut out);
    out
}

fn blocks(mut lines: &[&str], out: &mut String) {
    while let Some((first, after)) = lines.split_first() {
        if first.trim().is_empty() {
            lines = after;
        } else if let Some(heading) = first.strip_prefix("## ") {
            line(out, &format!(".SH {}", quoted(&heading.to_uppercase())));
            lines = after;
        } else if let Some(heading) = first.strip_prefix("### ") {
            line(out, &format!(".SS {}", quoted(heading)));
            lines = after;
        } else if first.starts_with("```") {
            let end = after.iter().position(|line| line.starts_with("```")).unwrap_or(after.len());
            let (inside, behind) = after.split_at(end);
            verbatim(inside, out);
            lines = behind.split_first().map_or(&[], |(_, rest)| rest);
        } else if first.starts_with('|') {
            lines = while_so(lines, |line| line.starts_with('|'), |rows| table(rows, out));
        } else if let Some((mark, width)) = mark(first) {
            lines = item(lines, &mark, width, out);
        } else {
            line(out, ".PP");
            let end = after.iter().position(|line| begins(line)).map_or(lines.len(), |at| at + 1);
            let (paragraph, rest) = lines.split_at(end);
            line(out, &words(&joined(paragraph)));
            lines = rest;
        }
    }
}

/// Whether a line ends the paragraph before it.
fn begins(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with(['#', '|']) || line.starts_with("```") || mark(line).is_some()
}

/// The mark of an item of a list, and how far its lines are indented.
fn mark(line: &str) -> Option<(String, usize)> {
    if line.starts_with("- ") {
        return Some(("\\(bu".to_owned(), 2));
    }
    let (number, _) = line.split_once(". ")?;
    let counts = !number.is_empty() && number.len() < 3 && number.bytes().all(|b| b.is_ascii_digit());
    counts.then(|| (format!("{number}."), number.len() + 2))
}

/// One item of a list with all that is indented under it, and what comes behind.
fn item<'a, 'b>(lines: &'a [&'b str], mark: &str, width: usize, out: &mut String) -> &'a [&'b str] {
    let indent = " ".repeat(width);
    let end = lines
        .iter()
        .enumerate()
        .skip(1)
        .position(|(at, line)| {
            let goes_on = lines.iter().skip(at).find(|line| !line.trim().is_empty());
            !(line.starts_with(&indent)
                || line.trim().is_empty() && goes_on.is_some_and(|l| l.starts_with(&indent)))
        })
        .map_or(lines.len(), |at| at + 1);
    let (own, rest) = lines.split_at(end);
    let dedented: Vec<&str> = own.iter().map(|line| line.get(width..).unwrap_or_default()).collect();
    let first = dedented.iter().skip(1).position(|line| begins(line)).map_or(dedented.len(), |at| at + 1);
    let (paragraph, more) = dedented.split_at(first);
    line(out, &format!(".IP {mark} 4\n{}", words(&joined(paragraph))));
    if more.iter().any(|line| !line.trim().is_empty()) {
        line(out, ".RS 4");
        blocks(more, out);
        line(out, ".RE");
    }
    rest
}

/// Text to the byte. Long lines, which are JSON, may be broken behind a comma or a brace, without a hyphen.
fn verbatim(lines: &[&str], out: &mut String) {
    line(out, ".PP\n.RS 4");
    if lines.iter().all(|line| line.chars().count() <= WIDE) {
        line(out, ".nf");
        for text in lines {
            line(out, &guarded(&code(text)));
        }
        line(out, ".fi");
    } else {
        for text in lines {
            let breakable = code(text)
                .replace(',', ",\\:")
                .replace('{', "{\\:")
                .replace('/', "/\\:")
                .replace("\\(dq:", "\\(dq:\\:");
            line(out, &format!(".br\n.ti -2\n{}", guarded(&breakable)));
        }
        line(out, ".br");
    }
    line(out, ".RE");
}

fn table(rows: &[&str], out: &mut String) {
    let rows: Vec<Vec<&str>> = rows
        .iter()
        .map(|row| {
            row.trim().trim_start_matches('|').trim_end_matches('|').split(" | ").map(str::trim).collect()
        })
        .filter(|cells: &Vec<&str>| !cells.iter().all(|cell| cell.replace(['-', '|'], "").is_empty()))
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let formats: Vec<&str> = (0..columns)
        .map(|column| {
            let wide = rows.iter().filter_map(|row| row.get(column)).any(|cell| cell.chars().count() > CELL);
            if wide { "lx" } else { "l" }
        })
        .collect();
    line(out, &format!(".PP\n.TS\ntab(\t);\n{}.", formats.join(" ")));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| format!("T{{\n{}\nT}}", words(cell))).collect();
        line(out, &cells.join("\t"));
    }
    line(out, ".TE");
}

fn while_so<'a, 'b>(
    lines: &'a [&'b str],
    so: impl Fn(&str) -> bool,
    mut take: impl FnMut(&[&'b str]),
) -> &'a [&'b str] {
    let end = lines.iter().position(|line| !so(line)).unwrap_or(lines.len());
    let (own, rest) = lines.split_at(end);
    take(own);
    rest
}

fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

fn quoted(heading: &str) -> String {
    format!("\"{}\"", words(heading).replace('"', "\\(dq"))
}

fn line(out: &mut String, text: &str) {
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_title_in_text_to_the_byte_stays() {
        assert!(body("# title\n\n```\n# sd-decide\n```\n").contains("\n# sd\\-decide\n"));
    }

    #[test]
    fn headings_paragraphs_and_text_to_the_byte() {
        let page = body("# title\n\none\ntwo\n\n## Then `x`\n```\n.a 'b'\n```\n### And\n");
        assert_eq!(
            page,
            ".PP\none two\n.SH \"THEN \\fBX\\fR\"\n.PP\n.RS 4\n.nf\n\\&.a \\(aqb\\(aq\n.fi\n.RE\n.SS \"And\"\n"
        );
    }

    #[test]
    fn an_item_keeps_what_is_indented_under_it() {
        let page = body("1. one\n   more\n\n   ```\n   x\n   ```\n\n2. two\n\nafter\n");
        assert_eq!(
            page,
            ".IP 1. 4\none more\n.RS 4\n.PP\n.RS 4\n.nf\nx\n.fi\n.RE\n.RE\n.IP 2. 4\ntwo\n.PP\nafter\n"
        );
    }

    #[test]
    fn a_table_loses_its_ruler_and_keeps_its_cells() {
        let page = body("| a | |\n|---|---|\n| `b` | what is long enough to be broken |\n");
        assert!(page.starts_with(".PP\n.TS\ntab(\t);\nl lx.\n"), "{page}");
        assert!(page.contains("T{\n\\fBb\\fR\nT}\tT{\nwhat is long"), "{page}");
        assert!(!page.contains("---"), "{page}");
    }
}
