//! `sdctl watch`: one line an event, until Ctrl+C.

use std::collections::HashMap;

use sd_client::{Event, Failure as Client, Gate, Watch};
use sd_wire::id::AskId;
use sd_wire::printable::Printable;
use serde_json::{Value, json};

use crate::ago::{now, utc};
use crate::failure::Failure;
use crate::paper::{Ink, Paper};
use crate::process::looks_like;
use crate::show::waiting_json;

/// What is known of what waits, for the line that says how it ended.
type Known = HashMap<AskId, (String, u32)>;

/// `sdctl watch`. A gate that is not there at first is an error, one that goes is an event.
pub(crate) async fn watch(paper: &mut Paper) -> Result<(), Failure> {
    let mut watch = Watch::start(Gate::connect().await?).await?;
    let mut known = Known::new();
    let mut event = watch.next().await?;
    if event == Event::Gone {
        return Err(Client::Absent.into());
    }
    loop {
        if paper.json() {
            paper.document(&document(&event, &known, now()))?;
        } else {
            for line in lines(&event, &known, paper) {
                paper.line(&format!("{}  {line}", utc(now())))?;
            }
        }
        remember(event, &mut known);
        event = watch.next().await?;
    }
}

fn remember(event: Event, known: &mut Known) {
    match event {
        Event::Here { waiting } => {
            *known = waiting.into_iter().map(|it| (it.id, (it.kind, it.pid))).collect()
        }
        Event::Gone => known.clear(),
        Event::Created { id, kind, pid } => {
            known.insert(id, (kind, pid));
        }
        Event::Says { .. } => {}
        Event::Resolved { id, .. } => {
            known.remove(&id);
        }
    }
}

fn lines(event: &Event, known: &Known, paper: &Paper) -> Vec<String> {
    let ask = |word: &str, ink, id: &AskId, kind: &str, pid: u32| {
        let name = looks_like(pid).map_or(String::new(), |name| format!(" ({name})"));
        format!("{}  {id}  {kind:11}  pid {pid}{name}", paper.paint(ink, &format!("{word:9}")))
    };
    match event {
        Event::Here { waiting } => {
            let first = format!("{}  {} waiting", paper.paint(Ink::Good, "here     "), waiting.len());
            let rest = waiting.iter().map(|it| ask("waiting", Ink::Waiting, &it.id, &it.kind, it.pid));
            std::iter::once(first).chain(rest).collect()
        }
        Event::Gone => vec![format!("{}  the gate is gone", paper.paint(Ink::Bad, "gone     "))],
        Event::Created { id, kind, pid } => vec![ask("created", Ink::Waiting, id, kind, *pid)],
        Event::Says { id, says } => {
            let claim = Printable::clipped(says, 120);
            vec![format!("{}  {id}  {claim}", paper.paint(Ink::Waiting, "says     "))]
        }
        Event::Resolved { id, outcome } => vec![match known.get(id) {
            Some((kind, pid)) => ask(outcome, Ink::of(outcome), id, kind, *pid),
            None => format!("{}  {id}", paper.paint(Ink::of(outcome), &format!("{outcome:9}"))),
        }],
    }
}

fn document(event: &Event, known: &Known, time: u64) -> Value {
    match event {
        Event::Here { waiting } => {
            let waiting: Value = waiting.iter().map(waiting_json).collect();
            json!({"event": "here", "time": time, "waiting": waiting})
        }
        Event::Gone => json!({"event": "gone", "time": time}),
        Event::Created { id, kind, pid } => json!({
            "event": "created",
            "time": time,
            "id": id.as_str(),
            "kind": kind,
            "pid": pid,
            "looks_like": looks_like(*pid),
        }),
        Event::Says { id, says } => json!({"event": "says", "time": time, "id": id.as_str(), "says": says}),
        Event::Resolved { id, outcome } => {
            let (kind, pid) = known.get(id).map(|(kind, pid)| (kind, pid)).unzip();
            json!({
                "event": "resolved",
                "time": time,
                "id": id.as_str(),
                "outcome": outcome,
                "kind": kind,
                "pid": pid,
            })
        }
    }
}
