//! What waits and what was settled: `list`, `show`, `history`.

use sd_client::{Gate, Settled, Waiting};
use serde_json::{Value, json};

use crate::ago::{age, ago, now, utc};
use crate::failure::Failure;
use crate::find::{Found, find};
use crate::paper::{Ink, Paper};
use crate::process::looks_like;
use crate::status::there;
use crate::table::{Table, plain};

/// `sdctl list`.
pub(crate) async fn list(gate: &Gate, paper: &mut Paper) -> Result<(), Failure> {
    let waiting = gate.waiting().await?;
    if paper.json() {
        return Ok(paper.document(&waiting.iter().map(waiting_json).collect())?);
    }
    if waiting.is_empty() {
        return Ok(paper.line("nothing waits")?);
    }
    let mut table = Table::under(["ID", "KIND", "WAITS", "PID", "LOOKS LIKE"]);
    let now = now();
    for it in &waiting {
        let name = looks_like(it.pid).unwrap_or_else(|| "(gone)".to_owned());
        let kind = (it.kind.clone(), Ink::Waiting);
        table.row([plain(&it.id), kind, plain(age(it.since, now)), plain(it.pid), plain(name)]);
    }
    table.write(paper)?;
    if paper.terminal() {
        paper.line(&format!("\nDetails and answers: {}.", there()))?;
    }
    Ok(())
}

/// `sdctl history`.
pub(crate) async fn history(gate: &Gate, paper: &mut Paper) -> Result<(), Failure> {
    let settled = gate.history().await?;
    if paper.json() {
        return Ok(paper.document(&settled.iter().map(settled_json).collect())?);
    }
    if settled.is_empty() {
        return Ok(paper.line("nothing was settled since the gate was started")?);
    }
    let mut table = Table::under(["ID", "KIND", "OUTCOME", "WHEN", "PID"]);
    let now = now();
    for it in &settled {
        let outcome = (it.outcome.clone(), Ink::of(&it.outcome));
        table.row([plain(&it.id), plain(&it.kind), outcome, plain(ago(it.at, now)), plain(it.pid)]);
    }
    Ok(table.write(paper)?)
}

/// `sdctl show ID`.
pub(crate) async fn show(gate: &Gate, id: &str, paper: &mut Paper) -> Result<(), Failure> {
    let found = find(gate, id).await?;
    if paper.json() {
        return Ok(paper.document(&match &found {
            Found::Waiting(it) => waiting_json(it),
            Found::Settled(it) => settled_json(it),
        })?);
    }
    let mut table = Table::new();
    let mut row = |name: &str, cell| table.row([(name.to_owned(), Ink::Heading), cell]);
    let now = now();
    match found {
        Found::Waiting(it) => {
            row("id", plain(&it.id));
            row("kind", plain(&it.kind));
            let state = format!("waits for {} (since {} UTC)", age(it.since, now), utc(it.since));
            row("state", (state, Ink::Waiting));
            let name = looks_like(it.pid).map_or("gone".to_owned(), |name| format!("looks like {name}"));
            row("pid", plain(format!("{}, {name}", it.pid)));
            row(
                "details",
                plain(format!("what exactly is asked for stands on the approval screen only: {}", there())),
            );
        }
        Found::Settled(it) => {
            row("id", plain(&it.id));
            row("kind", plain(&it.kind));
            let state = format!("{} {} (at {} UTC)", it.outcome, ago(it.at, now), utc(it.at));
            row("state", (state, Ink::of(&it.outcome)));
            row("pid", plain(it.pid));
            row("details", plain("what exactly was asked for stood on the approval screen only"));
        }
    }
    Ok(table.write(paper)?)
}

/// What waits, for a script.
pub(crate) fn waiting_json(it: &Waiting) -> Value {
    json!({
        "id": it.id.as_str(),
        "kind": it.kind,
        "state": "waiting",
        "since": it.since,
        "pid": it.pid,
        "looks_like": looks_like(it.pid),
    })
}

fn settled_json(it: &Settled) -> Value {
    json!({
        "id": it.id.as_str(),
        "kind": it.kind,
        "state": "settled",
        "outcome": it.outcome,
        "settled": it.at,
        "pid": it.pid,
    })
}
