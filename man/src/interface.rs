//! The interface description as Markdown: each method, property and signal with the comment that stands before it.

use std::fmt::Write as _;

/// What can be said of a member.
#[derive(Default)]
struct Member {
    name: String,
    comment: String,
    arguments: Vec<(String, String, bool)>,
}

/// One heading a kind, one a member; and the comments that stand before the interface, as they are.
pub(crate) fn markdown(xml: &str) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "## Description\n");
    let (before, within) = xml.split_once("<interface ").unwrap_or((xml, ""));
    for comment in comments(before) {
        for line in comment.lines() {
            match line.strip_prefix("    ") {
                // What is indented further is a list: words, and after some room what they are.
                Some(entry) => {
                    let (words, meaning) = entry.split_once("   ").unwrap_or((entry, ""));
                    let _ = writeln!(out, "- `{}`: {}", words.trim(), meaning.trim());
                }
                None => {
                    let _ = writeln!(out, "{}", line.trim());
                }
            }
        }
        out.push('\n');
    }
    for (kind, heading) in [("method", "Methods"), ("property", "Properties"), ("signal", "Signals")] {
        let _ = writeln!(out, "## {heading}\n");
        for member in members(within, kind) {
            let _ = writeln!(out, "### {}\n", member.name);
            let (ins, outs): (Vec<_>, Vec<_>) = member.arguments.iter().partition(|(_, _, inward)| *inward);
            if !member.arguments.is_empty() {
                let listed = |list: &[&(String, String, bool)]| {
                    list.iter().map(|(name, of, _)| format!("`{of}` *{name}*")).collect::<Vec<_>>().join(", ")
                };
                let arrow = if outs.is_empty() || kind != "method" {
                    String::new()
                } else {
                    format!(" → {}", listed(&outs))
                };
                let first = if kind == "method" {
                    listed(&ins)
                } else {
                    listed(&member.arguments.iter().collect::<Vec<_>>())
                };
                let _ = writeln!(out, "({first}){arrow}\n");
            }
            let _ = writeln!(out, "{}\n", member.comment);
        }
    }
    out
}

/// The members of a kind, in the order of the file.
fn members(xml: &str, kind: &str) -> Vec<Member> {
    let mut found: Vec<Member> = Vec::new();
    let mut comment = String::new();
    let mut inside = false;
    let mut rest = xml;
    while let Some((_, at)) = rest.split_once('<') {
        if let Some((said, after)) = at.strip_prefix("!--").and_then(|at| at.split_once("-->")) {
            comment = said.split_whitespace().collect::<Vec<_>>().join(" ");
            rest = after;
            continue;
        }
        let Some((tag, after)) = at.split_once('>') else { break };
        rest = after;
        let word = tag.split_whitespace().next().unwrap_or_default();
        if word == kind {
            let mut arguments = Vec::new();
            if let Some(of) = attribute(tag, "type") {
                arguments.push((attribute(tag, "access").unwrap_or_default(), of, true));
            }
            let name = attribute(tag, "name").unwrap_or_default();
            found.push(Member { name, comment: std::mem::take(&mut comment), arguments });
            inside = !tag.ends_with('/');
        } else if word == "arg" && inside {
            if let (Some(member), Some(name), Some(of)) =
                (found.last_mut(), attribute(tag, "name"), attribute(tag, "type"))
            {
                member.arguments.push((name, of, attribute(tag, "direction").as_deref() != Some("out")));
            }
        } else if word.strip_prefix('/') == Some(kind) {
            inside = false;
        }
    }
    found
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, after) = tag.split_once(&format!(" {name}=\""))?;
    after.split_once('"').map(|(value, _)| value.to_owned())
}

fn comments(xml: &str) -> Vec<&str> {
    xml.split("<!--")
        .skip(1)
        .filter_map(|at| at.split_once("-->"))
        .map(|(said, _)| said.trim_matches('\n'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = include_str!("../../policy/net.mowaka.SecretsDispatcher1.xml");

    #[test]
    fn each_member_is_there_with_its_arguments_and_a_comment() {
        let said = markdown(XML);
        let node = zbus_xml::Node::from_reader(XML.as_bytes()).unwrap();
        let interface = &node.interfaces()[0];
        let mut names: Vec<String> = Vec::new();
        names.extend(interface.methods().iter().map(|m| m.name().to_string()));
        names.extend(interface.properties().iter().map(|p| p.name().to_string()));
        names.extend(interface.signals().iter().map(|s| s.name().to_string()));
        assert!(names.len() > 25, "{names:?}");
        for name in names {
            let (_, after) =
                said.split_once(&format!("### {name}\n")).unwrap_or_else(|| panic!("{name} is missing"));
            let own = after.split("\n#").next().unwrap();
            assert!(
                own.trim_start_matches(|c| c != '\n').trim().len() > 20 || own.len() > 40,
                "{name}: {own}"
            );
        }
        for method in interface.methods() {
            let own =
                said.split(&format!("### {}\n", method.name())).nth(1).unwrap().split("\n#").next().unwrap();
            for argument in method.args() {
                assert!(own.contains(&format!("*{}*", argument.name().unwrap())), "{}: {own}", method.name());
            }
        }
    }

    #[test]
    fn errors_and_claims_are_told_of() {
        let said = markdown(XML);
        assert!(said.contains("BadPayload") && said.contains("app-start"), "{said}");
    }
}
