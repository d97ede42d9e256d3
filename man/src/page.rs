//! A page: from Markdown, or from what clap makes of a command line, in the order in which manuals have their sections.

use std::fmt::Write as _;

use crate::markdown;

const MANUAL: &str = "Secrets Dispatcher";
/// What the text begins with: the first line has man(1) run tbl; an apostrophe stays one.
const PREAMBLE: &str = "'\\\" t\n.ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";
/// Words to type are neither hyphenated nor spread.
const SET: &str = ".nh\n.ad l\n";

/// A page that is written in Markdown.
pub(crate) fn written(name: &str, section: &str, about: &str, text: &str) -> String {
    let body = markdown::body(text);
    // A document begins without a heading.
    let description = if body.starts_with(".SH") { "" } else { ".SH DESCRIPTION\n" };
    format!("{}.SH NAME\n{} \\- {about}\n{description}{body}", title(name, section), name.replace('-', "\\-"))
}

/// A page of a command: what clap made of it, put in order, with the sections of `more` behind.
pub(crate) fn of_command(name: &str, section: &str, clap: &str, more: &str) -> String {
    let mut out = title(name, section);
    let (mut exit, mut environment) = (Vec::new(), Vec::new());
    let mut notes = String::new();
    for part in clap.split("\n.SH ").skip(1) {
        let Some((heading, body)) = part.split_once('\n') else { continue };
        match heading {
            "VERSION" => {}
            "DESCRIPTION" | "EXTRA" => {
                let mut kept = String::new();
                for paragraph in body.replace("\n.PP\n", "\n\n").split("\n\n").map(str::trim) {
                    if let Some(codes) = paragraph.strip_prefix("Exit status:") {
                        exit.push(codes.replace('\n', " "));
                    } else if let Some(variables) = paragraph.strip_prefix("Environment:\n") {
                        environment.push(variables.to_owned());
                    } else if paragraph.starts_with(' ') || paragraph.contains("    ") {
                        let _ = writeln!(kept, ".PP\n.nf\n{paragraph}\n.fi");
                    } else if !paragraph.is_empty() {
                        let _ = writeln!(kept, ".PP\n{}", ticked(paragraph));
                    }
                }
                if heading == "EXTRA" {
                    notes = kept;
                } else {
                    let _ = write!(out, ".SH DESCRIPTION\n{kept}");
                }
            }
            "SUBCOMMANDS" => {
                let _ =
                    write!(out, ".SH COMMANDS\n{}", ticked(&body.replace("(1)", &format!("({section})"))));
                out.push('\n');
            }
            // Of what it is about, a line without a full stop, as whatis(1) lists it.
            "NAME" => {
                let _ = writeln!(out, ".SH NAME\n{}", ticked(body.trim_end().trim_end_matches('.')));
            }
            _ => {
                let _ = writeln!(out, ".SH {heading}\n{}", ticked(body.trim_end()));
            }
        }
    }
    for codes in exit {
        let _ = write!(out, ".SH \"EXIT STATUS\"\n{}", statuses(&codes));
    }
    for variables in environment {
        let _ = write!(out, ".SH ENVIRONMENT\n{}", entries(&variables));
    }
    if !notes.is_empty() {
        let _ = write!(out, ".SH NOTES\n{notes}");
    }
    out + &markdown::body(more)
}

fn title(name: &str, section: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    // Beside a long name there is no room for it.
    let manual = if name.len() < 28 { MANUAL } else { "" };
    let name = name.replace('-', "\\-");
    format!("{PREAMBLE}.TH \"{name}\" {section} \"\" \"{MANUAL} {version}\" \"{manual}\"\n{SET}")
}

/// What stands between backticks is a word to type.
fn ticked(text: &str) -> String {
    let mut out = String::new();
    for (n, part) in text.split('`').enumerate() {
        if n % 2 == 1 {
            let _ = write!(out, "\\fB{part}\\fR");
        } else {
            out.push_str(part);
        }
    }
    out
}

/// `0 done; 64 usage`, one below the other: a number behind a comma or semicolon begins the next.
fn statuses(codes: &str) -> String {
    let mut out = String::new();
    let mut before = ";";
    for word in codes.trim().trim_end_matches('.').split_whitespace() {
        if word.bytes().all(|b| b.is_ascii_digit()) && before.ends_with([',', ';']) {
            let kept = out.trim_end_matches([',', ';', ' ']).len();
            out.truncate(kept);
            let _ = write!(out, "{}.TP\n.B {word}\n", newline(&out));
        } else {
            let _ = write!(out, "{}{word}", if out.ends_with('\n') { "" } else { " " });
        }
        before = word;
    }
    ticked(&out) + "\n"
}

/// Variables, each with its meaning on an indented line below.
fn entries(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if indent < 6 {
            let _ = write!(out, "{}.TP\n.B {}", newline(&out), line.trim());
        } else {
            let _ = write!(out, "\n{}", line.trim());
        }
    }
    out + "\n"
}

fn newline(out: &str) -> &'static str {
    if out.is_empty() { "" } else { "\n" }
}
