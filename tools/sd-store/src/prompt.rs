//! org.freedesktop.Secret.Prompt: a person unlocks the store. gpg-agent's pinentry asks; nothing is asked here.

use std::sync::Arc;

use async_io::Timer;
use sd_wire::deadline;
use sd_wire::fault::Fault as Wire;
use smol::future;
use zbus::Message;
use zbus::zvariant::Value;

use crate::asked::{self, Asked};
use crate::desk::Desk;
use crate::dispatch::{Turn, object, tell};
use crate::fault::Fault;
use crate::refusal::Refusal;
use crate::{collection, place};

pub(crate) const INTERFACE: &str = "org.freedesktop.Secret.Prompt";

/// What a caller may perform once.
pub(crate) enum Prompt {
    /// Unlocks these collections.
    Waits(Vec<String>),
    /// Under way; whom it asks for a passphrase just now is asked no longer when this is gone.
    Asks { _whom: Option<Asked> },
}

pub(crate) fn answer(turn: &Turn<'_>, number: u64) -> Result<Message, Refusal> {
    let (desk, sender) = (turn.desk, &turn.call.sender);
    match turn.call.member.as_str() {
        "Prompt" => {
            let _window: String = turn.call.arguments()?;
            let found = desk.seat(sender, |seat| {
                seat.prompts
                    .get_mut(&number)
                    .map(|prompt| std::mem::replace(prompt, Prompt::Asks { _whom: None }))
            });
            let Prompt::Waits(unlocks) = found.flatten().ok_or_else(Refusal::no_such_object)? else {
                return Err(Refusal::failed("this prompt was performed already"));
            };
            smol::spawn(perform(Arc::clone(desk), sender.clone(), number, unlocks)).detach();
            turn.call.reply(&())
        }
        "Dismiss" => {
            let found = desk.seat(sender, |seat| seat.prompts.remove(&number)).flatten();
            if let Prompt::Waits(_) = found.ok_or_else(Refusal::no_such_object)? {
                completed(desk, number, true, Value::from(Vec::<zbus::zvariant::ObjectPath<'_>>::new()));
            }
            // One that is under way ends by itself now, and says so.
            turn.call.reply(&())
        }
        _ => turn.no_such_method(),
    }
}

/// Unlocks one collection after the other; one key is asked for once, whatever it opens.
async fn perform(desk: Arc<Desk>, sender: String, number: u64, unlocks: Vec<String>) {
    let mut opened = Vec::new();
    let mut failed = None;
    for element in unlocks {
        match unlock(&desk, &sender, number, element.clone()).await {
            Ok(()) => {
                collection::changed(&desk, &element);
                opened.extend(object(place::collection(&element)).ok());
            }
            Err(why) => {
                sd_journal::warning(&why);
                failed = Some(why);
                break;
            }
        }
    }
    desk.seat(&sender, |seat| seat.prompts.remove(&number));
    match failed {
        None => completed(&desk, number, false, Value::from(opened)),
        // Beyond the specification, which has no more than "dismissed": the word of sd-wire for why, for sd-fetch.
        Some(why) => completed(&desk, number, true, Value::from(word(&why))),
    }
}

async fn unlock(desk: &Desk, sender: &str, number: u64, element: String) -> Result<(), Fault> {
    let store = Arc::clone(&desk.store);
    let it = element.clone();
    let (open, root, name) = smol::unblock(move || {
        let open = store.unlock_at_once(&it)?;
        Ok::<_, Fault>((open, store.root().to_owned(), store.key_of(&it)?))
    })
    .await?;
    if open {
        return Ok(());
    }
    let (asked, end) = asked::begin(&root, &name)?;
    let wanted = desk.seat(sender, |seat| match seat.prompts.get_mut(&number) {
        Some(prompt) => {
            *prompt = Prompt::Asks { _whom: Some(asked) };
            true
        }
        None => false,
    });
    let late = async {
        // As long as whoever wants it unlocked may wait, and not longer.
        Timer::after(deadline::WORKER_ASKS).await;
        Err(Fault::Gpg(Wire::NoPassphrase))
    };
    let ended = future::or(smol::unblock(end), late).await;
    if wanted != Some(true) || desk.seat(sender, |seat| seat.prompts.contains_key(&number)) != Some(true) {
        return Err(Fault::Gpg(Wire::Dismissed));
    }
    ended?;
    let store = Arc::clone(&desk.store);
    smol::unblock(move || {
        store.opened(&element)?;
        store.read_ahead();
        Ok(())
    })
    .await
}

fn word(why: &Fault) -> String {
    let why = match why {
        Fault::Gpg(why) => *why,
        _ => Wire::Refused,
    };
    serde_json::to_value(why).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

fn completed(desk: &Desk, number: u64, dismissed: bool, result: Value<'_>) {
    tell(desk, &place::prompt(number), INTERFACE, "Completed", &(dismissed, result));
}
