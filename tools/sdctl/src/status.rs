//! `sdctl status`: what is there, what is not, and what to do about it.

use sd_client::{Gate, screen};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::owner::Owner;
use crate::paper::{Ink, Paper};
use crate::table::Table;
use crate::takeover;

/// Where a person answers.
pub(crate) fn there() -> String {
    format!("press {} ({})", screen::key(), screen::name())
}

/// What the gate says.
struct Known {
    version: u32,
    ready: bool,
    locked: bool,
    waiting: usize,
}

/// `sdctl status`. All is said before the most important lack becomes the exit status.
pub(crate) async fn status(paper: &mut Paper) -> Result<(), Failure> {
    let (known, owner) = smol::future::zip(known(), Owner::now()).await;
    if paper.json() {
        paper.document(&document(&known, &owner))?;
    } else {
        table(&known, &owner).write(paper)?;
    }
    match known {
        Ok(Known { ready: true, .. }) => Ok(()),
        Ok(_) => Err(Failure::NoScreen),
        Err(why) => Err(why),
    }
}

async fn known() -> Result<Known, Failure> {
    let gate = Gate::connect().await?;
    // First what the gate knows by itself: without a gate that ends within a second.
    let (version, waiting) = (gate.version().await?, gate.waiting().await?.len());
    let (ready, locked) = smol::future::zip(gate.ready(), gate.locked()).await;
    Ok(Known { version, ready: ready?, locked: locked?, waiting })
}

fn table(known: &Result<Known, Failure>, owner: &Owner) -> Table<2> {
    let mut table = Table::new();
    let mut row = |name: &str, ink, text: String| table.row([(name.to_owned(), Ink::Heading), (text, ink)]);
    match known {
        Err(_) => row("gate", Ink::Bad, "does not answer".to_owned()),
        Ok(known) => {
            row("gate", Ink::Good, format!("is there (version {} of its interface)", known.version));
            match known {
                Known { ready: false, .. } => row("screen", Ink::Bad, "does not answer".to_owned()),
                Known { locked, waiting, .. } => {
                    row("screen", Ink::Good, format!("is there: {}", there()));
                    row("store", Ink::Plain, store(*locked).to_owned());
                    let ink = if *waiting > 0 { Ink::Waiting } else { Ink::Plain };
                    row("waiting", ink, waiting_words(*waiting));
                }
            }
        }
    }
    let (ink, words) = owner_words(owner);
    row("secrets", ink, words);
    row("takeover", Ink::Plain, takeover_words(takeover::is_recorded()).to_owned());
    table
}

fn store(locked: bool) -> &'static str {
    if locked {
        "locked, or not known to be open; unlock it on the approval screen with u"
    } else {
        "open; `sdctl lock` locks it"
    }
}

fn waiting_words(waiting: usize) -> String {
    match waiting {
        0 => "nothing".to_owned(),
        1 => "1 request; see `sdctl list`".to_owned(),
        n => format!("{n} requests; see `sdctl list`"),
    }
}

fn owner_words(owner: &Owner) -> (Ink, String) {
    const START: &str = "`systemctl --user start sd-agent.service`";
    match owner {
        Owner::Agent(pid) => (Ink::Good, format!("org.freedesktop.secrets is sd-agent's (pid {pid})")),
        Owner::Other(pid, name) => {
            let name = name.as_deref().unwrap_or("a process of another user");
            let words = format!(
                "org.freedesktop.secrets is owned by {name} (pid {pid}), so applications do not ask here: `sdctl \
                 takeover` hands it over, and `sdctl takeover --dry-run` says how"
            );
            (Ink::Bad, words)
        }
        Owner::Startable => (
            Ink::Plain,
            "org.freedesktop.secrets is nobody's yet; the first application starts it".to_owned(),
        ),
        Owner::Nobody => (Ink::Bad, format!("org.freedesktop.secrets is nobody's: {START}")),
        Owner::NoBus => (Ink::Plain, "there is no session bus here, so no application can ask".to_owned()),
    }
}

fn takeover_words(recorded: bool) -> &'static str {
    if recorded { "was done; `sdctl release` puts back what was there before" } else { "was not done" }
}

fn document(known: &Result<Known, Failure>, owner: &Owner) -> Value {
    let (gate, screen, locked, waiting) = match known {
        Ok(it) => {
            (json!({"there": true, "version": it.version}), it.ready, json!(it.locked), json!(it.waiting))
        }
        Err(why) => (json!({"there": false, "why": why.to_string()}), false, Value::Null, Value::Null),
    };
    let owner = match owner {
        Owner::Agent(pid) => json!({"owner": "sd-agent", "pid": pid, "ours": true}),
        Owner::Other(pid, name) => json!({"owner": name, "pid": pid, "ours": false}),
        Owner::Startable => json!({"owner": null, "startable": true}),
        Owner::Nobody => json!({"owner": null, "startable": false}),
        Owner::NoBus => Value::Null,
    };
    json!({
        "gate": gate,
        "screen": {"there": screen, "key": screen::key(), "vt": screen::number()},
        "locked": locked,
        "waiting": waiting,
        "secrets": owner,
        "takeover": {"recorded": takeover::is_recorded()},
    })
}
