//! A line of Markdown as a line of roff: emphasis, code, links, and what roff would take for an order.

/// Longer than this, a word may not fit the cell of a table.
const LONG: usize = 30;

/// A paragraph's words. Of a link its text stays, and its address where that leads out of the documents.
pub(crate) fn words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = span(rest, "`")
            .map(|(inside, after)| (bold(&breakable(inside)), after))
            .or_else(|| span(rest, "**").map(|(inside, after)| (bold(&words(inside)), after)))
            .or_else(|| emphasis(rest).map(|(inside, after)| (format!("\\fI{}\\fR", words(inside)), after)))
            .or_else(|| link(rest));
        if let Some((said, after)) = taken {
            out.push_str(&said);
            rest = after;
        } else {
            push(&mut out, c);
            rest = rest.strip_prefix(c).unwrap_or_default();
        }
    }
    guarded(&out)
}

/// Text that stands for itself, to the byte: quotes and accents are not made pretty.
pub(crate) fn code(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\'' => out.push_str("\\(aq"),
            '`' => out.push_str("\\(ga"),
            '^' => out.push_str("\\(ha"),
            '~' => out.push_str("\\(ti"),
            '"' => out.push_str("\\(dq"),
            _ => push(&mut out, c),
        }
    }
    out
}

/// Likewise; a long path may be broken behind a slash.
fn breakable(text: &str) -> String {
    let text = code(text);
    if text.len() > LONG { text.replace('/', "/\\:") } else { text }
}

/// A line that roff does not take for an order.
pub(crate) fn guarded(line: &str) -> String {
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() }
}

fn push(out: &mut String, c: char) {
    match c {
        '\\' => out.push_str("\\e"),
        '-' => out.push_str("\\-"),
        _ => out.push(c),
    }
}

fn bold(text: &str) -> String {
    format!("\\fB{text}\\fR")
}

/// What stands between two marks at the beginning, and what comes behind.
fn span<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let (inside, after) = text.strip_prefix(mark)?.split_once(mark)?;
    (!inside.is_empty()).then_some((inside, after))
}

/// Single stars; one with a space behind it is a star.
fn emphasis(text: &str) -> Option<(&str, &str)> {
    let (inside, after) = span(text, "*")?;
    (!inside.starts_with(' ') && !inside.ends_with(' ')).then_some((inside, after))
}

fn link(text: &str) -> Option<(String, &str)> {
    let (label, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (address, after) = rest.split_once(')')?;
    if label.contains('[') {
        return None;
    }
    let out = if address.contains("://") { format!(" <{}>", code(address)) } else { String::new() };
    Some((words(label) + &out, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emphasis_code_and_links_are_told_apart() {
        assert_eq!(words("a `b-c` **d** *e* [f](g.md)."), "a \\fBb\\-c\\fR \\fBd\\fR \\fIe\\fR f.");
        assert_eq!(words("[f](https://x.example)"), "f <https://x.example>");
    }

    #[test]
    fn a_pattern_is_no_emphasis() {
        assert_eq!(words("`*` and 2 * 3 * 4"), "\\fB*\\fR and 2 * 3 * 4");
    }

    #[test]
    fn nothing_is_an_order_to_roff() {
        assert_eq!(words(".SH x"), "\\&.SH x");
        assert_eq!(words("'tis \\n"), "\\&'tis \\en");
        assert_eq!(code("'a' `b`"), "\\(aqa\\(aq \\(gab\\(ga");
    }
}
