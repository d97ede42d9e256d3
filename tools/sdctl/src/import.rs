//! `sdctl import`: moves what another Secret Service holds into the companion's store.
//!
//! Everything is read from the source, a person says yes to each ask on the approval screen, and sd-fetch stores each
//! item, reads it back and compares. The source is left as it is unless the whole of it arrived and this was wished for.

mod batch;
mod delete;
mod item;
mod options;
mod own_keyring;
mod report;
mod session;
mod source;
mod why;

pub(crate) use options::Options;
pub(crate) use why::Why;

use std::io::{IsTerminal, Write};

use sd_client::Gate;
use sd_sys::harden;
use sd_wire::bounded::Text;
use sd_wire::claims::Claims;
use sd_wire::import::Fate;
use sd_wire::path::CollectionPath;

use crate::failure::Failure;
use crate::import::batch::Batch;
use crate::import::own_keyring::OwnKeyring;
use crate::import::report::Report;
use crate::import::source::Source;
use crate::paper::Paper;

/// `sdctl import`.
pub(crate) async fn import(options: Options, paper: &mut Paper) -> Result<(), Failure> {
    let into = options.target()?;
    // Secrets pass through here: from now on no other process of the same user looks into this one.
    harden::this_process().map_err(|e| Why::Kernel(e.to_string()))?;
    let own = if options.from_gnome_keyring { Some(OwnKeyring::start()?) } else { None };
    let source = match &own {
        Some(own) => Source::ours(&own.address).await?,
        None => Source::at(options.from.as_deref()).await?,
    };
    let collections = source.chosen(options.collection.as_deref()).await?;
    if options.dry_run {
        let items = source.listed(&collections).await?;
        return Ok(Report::of(&source.name, items).dry(paper)?);
    }
    let gate = Gate::connect().await?;
    for collection in &collections {
        source.unlock(collection).await?;
    }
    let session = session::Session::open(&source).await?;
    let mut items = source.listed(&collections).await?;
    let all = items.len();
    for (n, item) in (1_usize..).zip(&mut items) {
        item.measure(&source, &session).await;
        progress("read", n, all);
    }
    let batches = batch::cut(&mut items);
    let mut report = Report::of(&source.name, items);
    report.asks = batches.len();
    let ended = ask(&gate, &source, &session, &batches, &into, options.replace, &mut report).await;
    let deleted = match &ended {
        Ok(()) if options.delete_from_source => delete::moved(&source, &session, &mut report, &options).await,
        _ => Ok(()),
    };
    report.write(paper, ended.as_ref().err().or(deleted.as_ref().err()))?;
    ended.and(deleted)?;
    if report.is_complete() { Ok(()) } else { Err(Why::Incomplete.into()) }
}

/// Asks for one batch after the other, until one is not approved.
async fn ask(
    gate: &Gate,
    source: &Source,
    session: &session::Session,
    batches: &[Batch],
    into: &CollectionPath,
    replace: bool,
    report: &mut Report,
) -> Result<(), Why> {
    let many = report.items.len();
    if batches.len() > 1 {
        say(&format!(
            "{many} items are more than one ask may have: {} asks, one after the other",
            batches.len()
        ));
    }
    for (turn, batch) in (1_usize..).zip(batches) {
        let Some((manifest, secrets)) = batch.load(source, session, &mut report.items).await? else {
            continue;
        };
        let count = manifest.items.len();
        let part =
            if batches.len() > 1 { format!(", ask {turn} of {}", batches.len()) } else { String::new() };
        let says = format!("{count} items from {}{part}", source.name);
        let claims = Claims { says: Some(Text::clipped(&says)), ..Claims::default() };
        say(&format!("{says}: {}, look through the list, and answer there", crate::status::there()));
        let mut told = 0_usize;
        let ended = gate
            .import(&manifest, &secrets, into, replace, &claims, |n, fate| {
                told = told.saturating_add(1);
                progress("settled", told, count);
                report.settle(batch, n, fate);
            })
            .await;
        if let Err(why) = ended {
            report.stopped(batch, &why);
            return Err(Why::Stopped(why));
        }
    }
    Ok(())
}

impl Report {
    fn settle(&mut self, batch: &Batch, n: u32, fate: Fate) {
        let place = usize::try_from(n).ok().and_then(|n| batch.sent(&self.items, n));
        if let Some(item) = place.and_then(|place| self.items.get_mut(place)) {
            item.settle(fate);
        }
    }
}

/// To whoever watches; not part of the answer.
fn say(line: &str) {
    // Nobody who cannot read it misses anything.
    let _ = writeln!(std::io::stderr(), "sdctl: {line}");
}

/// How far it is, on a terminal only.
fn progress(what: &str, done: usize, all: usize) {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        let end = if done == all { "\n" } else { "" };
        let _ = write!(terminal, "\rsdctl: {what} {done} of {all}{end}");
    }
}

#[cfg(test)]
mod tests;
