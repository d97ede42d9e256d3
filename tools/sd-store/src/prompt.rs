//! org.freedesktop.Secret.Prompt: a person unlocks the store. gpg-agent's pinentry asks; nothing is asked here.

use std::sync::Arc;

use async_io::Timer;
use sd_wire::deadline;
use smol::future;
use zbus::Message;
use zbus::zvariant::Value;

use crate::desk::Desk;
use crate::dispatch::{Turn, object, tell};
use crate::fault::Fault;
use crate::refusal::Refusal;
use crate::{collection, place};

pub(crate) const INTERFACE: &str = "org.freedesktop.Secret.Prompt";

pub(crate) fn answer(turn: &Turn<'_>, number: u64) -> Result<Message, Refusal> {
    let known = turn.desk.seat(&turn.call.sender, |seat| seat.prompts.get_mut(&number).map(std::mem::take));
    let unlocks = known.flatten().ok_or_else(Refusal::no_such_object)?;
    match turn.call.member.as_str() {
        "Prompt" => {
            let _window: String = turn.call.arguments()?;
            if unlocks.is_empty() {
                return Err(Refusal::failed("this prompt was performed already"));
            }
            smol::spawn(perform(Arc::clone(turn.desk), turn.call.sender.clone(), number, unlocks)).detach();
            turn.call.reply(&())
        }
        "Dismiss" => {
            turn.desk.seat(&turn.call.sender, |seat| seat.prompts.remove(&number));
            if !unlocks.is_empty() {
                completed(turn.desk, number, true, &[]);
            }
            turn.call.reply(&())
        }
        _ => {
            // Only looked at.
            turn.desk.seat(&turn.call.sender, |seat| seat.prompts.insert(number, unlocks));
            turn.no_such_method()
        }
    }
}

/// Unlocks one collection after the other; one key is asked for once, whatever it opens.
async fn perform(desk: Arc<Desk>, sender: String, number: u64, unlocks: Vec<String>) {
    let mut opened = Vec::new();
    let mut dismissed = false;
    for element in unlocks {
        match unlock(&desk, element.clone()).await {
            Ok(()) => {
                collection::changed(&desk, &element);
                opened.push(element);
            }
            Err(why) => {
                sd_journal::warning(&why);
                dismissed = true;
                break;
            }
        }
    }
    desk.seat(&sender, |seat| seat.prompts.remove(&number));
    completed(&desk, number, dismissed, &opened);
}

async fn unlock(desk: &Desk, element: String) -> Result<(), Fault> {
    let store = Arc::clone(&desk.store);
    let done = smol::unblock(move || store.unlock(&element));
    let late = async {
        // As long as whoever wants it unlocked may wait, and not longer.
        Timer::after(deadline::WORKER_ASKS).await;
        Err(Fault::Late("nobody gave the passphrase, and gpg still waits for it".into()))
    };
    future::or(done, late).await
}

fn completed(desk: &Desk, number: u64, dismissed: bool, opened: &[String]) {
    let paths: Vec<_> = opened.iter().filter_map(|one| object(place::collection(one)).ok()).collect();
    tell(desk, &place::prompt(number), INTERFACE, "Completed", &(dismissed, Value::from(paths)));
}
