//! Deleting from the source what has arrived: only when all has, only what is still what was read, and only when told so
//! twice.

use std::io::{BufRead, IsTerminal, Write};

use zbus::zvariant::OwnedObjectPath;

use crate::import::item::State;
use crate::import::report::Report;
use crate::import::session::Session;
use crate::import::source::{ITEM, Source};
use crate::import::{Options, Why, progress};

/// Deletes every item that was moved from the source.
pub(super) async fn moved(
    source: &Source,
    session: &Session,
    report: &mut Report,
    options: &Options,
) -> Result<(), Why> {
    if !report.is_complete() || report.items.is_empty() {
        return Ok(());
    }
    let all = report.items.len();
    if !options.yes && !confirmed(all, &source.name)? {
        return Err(Why::NotDeleted("nothing was deleted from the source".into()));
    }
    let mut kept = 0_usize;
    for (n, item) in (1_usize..).zip(&mut report.items) {
        let State::Settled(fate) = item.state else { continue };
        // What was changed there since it was read is not what has arrived.
        let now = source.item(&item.path, &item.collection).await;
        let len = session.secret(source, &item.path).await.ok().map(|(secret, _)| secret.len());
        let same = now.is_ok_and(|now| item.is_still(&now))
            && len.and_then(|len| u32::try_from(len).ok()) == item.len();
        if same && delete(source, &item.path).await {
            item.state = State::Deleted(fate);
        } else {
            kept = kept.saturating_add(1);
        }
        progress("deleted", n, all);
    }
    if kept == 0 {
        return Ok(());
    }
    Err(Why::NotDeleted(format!(
        "{kept} of the {all} items were not deleted from the source: they changed there, or it refused"
    )))
}

async fn delete(source: &Source, path: &str) -> bool {
    let prompt: Result<OwnedObjectPath, Why> = source.call(path, ITEM, "Delete", &()).await;
    let Ok(prompt) = prompt else { return false };
    source.perform(&prompt).await.is_ok() && source.item(path, "").await.is_err()
}

/// Whether the person at the terminal types yes.
fn confirmed(all: usize, source: &str) -> Result<bool, Why> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Why::NotDeleted(
            "nothing was deleted from the source: there is no terminal to ask on; say --yes if you mean it"
                .into(),
        ));
    }
    let mut terminal = std::io::stderr();
    let _ = write!(terminal, "All {all} items are in the store. Type yes to delete them from {source}: ");
    let mut line = String::new();
    stdin.lock().read_line(&mut line).map_err(|e| Why::Kernel(e.to_string()))?;
    Ok(line.trim() == "yes")
}
