//! What a notification says: who seems to ask, for what, and which keys lead to VT8. Nothing of an item, and nothing
//! that could be taken for a place to approve at.

use std::time::Duration;

use sd_client::screen;
use sd_wire::id::AskId;
use sd_wire::printable::Printable;

/// How many of many are named.
const NAMED: usize = 3;
/// The most characters of a sentence from elsewhere.
const CLIP: usize = 240;

/// The most characters of a claim.
const CLAIM: usize = 120;

/// The process that asks, by its present appearance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Who {
    /// Its process id.
    pub(crate) pid: u32,
    /// Its name, and nothing when it has gone.
    pub(crate) name: Option<Printable>,
    /// The process that started it.
    pub(crate) parent: Option<(u32, Printable)>,
}

/// One ask, as much as may be told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) id: AskId,
    /// As in `sd_wire::ask::Want::kind`.
    pub(crate) kind: String,
    pub(crate) who: Who,
    /// What it says that it is for.
    pub(crate) says: Option<Printable>,
}

/// Whether a person has to press a key for such an ask of another program. These three are answered without one
/// (promise 2), but for a search where items are hidden.
pub(crate) fn needs_a_key(kind: &str) -> bool {
    !matches!(kind, "search" | "collections" | "lock")
}

impl Ask {
    fn line(&self) -> String {
        let wish = match self.kind.as_str() {
            "read" | "access" => "Read a secret",
            "store" => "Store a secret",
            "import" => "Import a keyring",
            "delete" => "Delete a secret",
            "sign" => "Sign with your key",
            "unlock" => "Unlock the store",
            "list" => "List what is stored",
            "search" => "Look whether a secret is there",
            "change" => "Change what is stored",
            other => return format!("Ask of kind {}: {}", Printable::clipped(other, 32), self.who.line()),
        };
        format!("{wish}: {}", self.who.line())
    }
}

impl Who {
    fn line(&self) -> String {
        // The name at the end: whatever it says, nothing of ours stands behind it on its line.
        match &self.name {
            Some(name) => format!("process {}, looks like {name}", self.pid),
            None => format!("process {}, gone already", self.pid),
        }
    }
}

/// A notification, its text without any markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) title: String,
    pub(crate) body: String,
    /// The title for a server that shows nothing else.
    pub(crate) alone: String,
    /// Whether time runs out.
    pub(crate) urgent: bool,
    /// How many asks it stands for.
    pub(crate) asks: usize,
    /// After this the server may take it down itself: should we be killed, nobody else would.
    pub(crate) lives: Duration,
}

/// For one ask.
pub(crate) fn one(ask: &Ask, urgent: bool, lives: Duration) -> Notice {
    let title = titled(format!("Approve on {}", place()), urgent);
    let first = ask.line();
    let mut body = first.clone();
    if let Some(says) = &ask.says {
        body.push_str(&format!("\nIt says: {says}"));
    }
    if let Some((pid, name)) = &ask.who.parent {
        body.push_str(&format!("\nStarted by process {pid}, looks like {name}"));
    }
    body.push_str(&format!("\n{} leads there. Ask {}", screen::key(), ask.id));
    Notice { alone: format!("{title}: {first}"), title, body, urgent, asks: 1, lives }
}

/// Where answers are given.
fn place() -> String {
    format!("{} ({})", screen::name(), screen::key())
}

/// The words of whoever asks, fit to be shown as such.
pub(crate) fn claim(says: &str) -> Printable {
    Printable::clipped(says, CLAIM)
}

/// For several asks, in their order.
pub(crate) fn many(asks: &[&Ask], urgent: bool, lives: Duration) -> Notice {
    let title = titled(format!("{} requests wait on {}", asks.len(), place()), urgent);
    let mut lines: Vec<String> = asks.iter().take(NAMED).map(|ask| ask.line()).collect();
    if asks.len() > NAMED {
        lines.push(format!("and {} more", asks.len() - NAMED));
    }
    lines.push(format!("{} leads there.", screen::key()));
    Notice { alone: title.clone(), title, body: lines.join("\n"), urgent, asks: asks.len(), lives }
}

/// For requests that failed because nobody is there to be asked. The sentence says what to do.
pub(crate) fn absence(who: Option<&Who>, sentence: &str, lives: Duration) -> Notice {
    let title = "Nobody can approve requests".to_owned();
    let mut body = Printable::clipped(sentence, CLIP).as_str().to_owned();
    if let Some(who) = who {
        body.push_str(&format!("\nAsked by {}", who.line()));
    }
    Notice { alone: format!("{title}: log in again"), title, body, urgent: false, asks: 0, lives }
}

fn titled(title: String, urgent: bool) -> String {
    if urgent { title + ", soon too late" } else { title }
}

/// The text for a server that reads markup: what could begin any is written as an entity.
pub(crate) fn without_markup(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// The title as any server may have it. A title has no markup by the specification, but there are servers that read
/// some; an entity would stand there as it is on all others.
pub(crate) fn plain_title(title: &str) -> String {
    title.replace(['<', '>', '&'], "?")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(kind: &str, name: &str) -> Ask {
        let who = Who { pid: 42, name: Some(Printable::clipped(name, 64)), parent: None };
        Ask { id: AskId::from_random([7; 8]), kind: kind.into(), who, says: None }
    }

    #[test]
    fn a_notification_says_who_wants_what_and_where_to_answer() {
        let mut ask = ask("sign", "sd-gpg");
        ask.who.parent = Some((41, Printable::line("git")));
        ask.says = Some(claim("the subject\nGood signature"));
        let notice = one(&ask, false, Duration::ZERO);
        assert_eq!(notice.title, "Approve on VT8 (Ctrl+Alt+F8)");
        assert_eq!(
            notice.body,
            "Sign with your key: process 42, looks like sd-gpg\nIt says: the subject\\nGood signature\nStarted by process 41, looks like git\n\
             Ctrl+Alt+F8 leads there. Ask 0707070707070707"
        );
    }

    #[test]
    fn an_import_is_named_and_says_how_much_it_is() {
        let mut ask = ask("import", "sdctl");
        ask.says = Some(claim("214 items from gnome-keyring-daemon (7)"));
        let notice = one(&ask, false, Duration::ZERO);
        assert!(
            notice.body.starts_with("Import a keyring: process 42, looks like sdctl\n"),
            "{}",
            notice.body
        );
        assert!(notice.body.contains("It says: 214 items from gnome-keyring-daemon (7)"), "{}", notice.body);
    }

    #[test]
    fn a_hostile_name_is_neither_markup_nor_a_line_of_its_own_nor_runs_backwards() {
        let notice = one(&ask("read", "<b>&\u{1b}[1m\n\u{202e}x"), false, Duration::ZERO);
        assert_eq!(notice.body.lines().count(), 2, "{}", notice.body);
        let escaped = without_markup(&notice.body);
        assert!(escaped.contains(r"&lt;b&gt;&amp;\x1b[1m\n\u{202e}x"), "{escaped}");
        assert!(!plain_title(&notice.alone).contains(['<', '&']), "{}", notice.alone);
    }

    #[test]
    fn of_many_the_first_are_named_and_all_are_counted() {
        let asks: Vec<Ask> = (0..5).map(|n| ask("read", &format!("p{n}"))).collect();
        let notice = many(&asks.iter().collect::<Vec<_>>(), true, Duration::ZERO);
        assert_eq!(notice.title, "5 requests wait on VT8 (Ctrl+Alt+F8), soon too late");
        assert!(notice.body.contains("p2") && !notice.body.contains("p3"), "{}", notice.body);
        assert!(notice.body.contains("and 2 more"), "{}", notice.body);
    }

    #[test]
    fn an_unknown_kind_is_told_and_cannot_be_long() {
        let notice = one(&ask(&"k".repeat(5000), "x"), false, Duration::ZERO);
        assert!(notice.body.len() < 300, "{}", notice.body);
    }
}
