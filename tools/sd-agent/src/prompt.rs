//! org.freedesktop.Secret.Prompt: the only thing that may take as long as a person does.
//!
//! Whoever takes a prompt off its seat emits its `Completed`: so it is emitted exactly once, whatever comes first of
//! the answer, `Dismiss` and the caller's end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_io::Timer;
use sd_cipher::Cipher;
use sd_client::{Failure, screen};
use sd_wire::bounded::Text;
use sd_wire::change::Change;
use sd_wire::description::Description;
use sd_wire::path::ItemPath;
use smol::Task;
use zbus::Message;
use zbus::names::OwnedUniqueName;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, Value};
use zeroize::Zeroizing;

use crate::asks::NewItem;
use crate::caller::Caller;
use crate::desk::{Desk, Seen};
use crate::dispatch::{Turn, object};
use crate::refusal::Refusal;
use crate::stand_in::{self, Standing};
use crate::{browser, change, news, place, store};

pub(crate) const INTERFACE: &str = "org.freedesktop.Secret.Prompt";

/// The most prompts of one connection, waiting and running.
const MOST: usize = 64;
/// Between the return of `Prompt` and `Completed`. go-keyring saw the signal 165 µs after `Prompt` had returned,
/// before its AddMatch had reached the bus (zalando/go-keyring#104).
const SETTLE: Duration = Duration::from_millis(120);

/// A prompt that somebody has been given.
pub(crate) struct Prompt {
    kind: Kind,
    state: State,
}

enum State {
    Waiting(Work),
    /// Dropping the task withdraws its ask.
    Running(Task<()>),
}

/// What a prompt is for.
pub(crate) enum Work {
    /// Open the store if `store` says so or an item's collection is locked, and then approve reads of the items. `given`
    /// are the paths as the caller wrote them, `items` those of them that are items.
    Unlock { given: Vec<OwnedObjectPath>, items: Vec<ItemPath>, store: bool },
    /// Make an item.
    Create(Box<Creation>),
    /// Delete an item.
    Delete(ItemPath),
    /// Make or delete a collection.
    Change(Change),
}

/// An item to be made, its secret still as it came over the bus.
pub(crate) struct Creation {
    pub(crate) item: NewItem,
    pub(crate) cipher: Arc<Cipher>,
    pub(crate) parameters: Vec<u8>,
    pub(crate) value: Zeroizing<Vec<u8>>,
}

/// The type of a prompt's result, which it has also when it was dismissed: libsecret hangs otherwise.
#[derive(Clone, Copy)]
enum Kind {
    Paths,
    Path,
}

impl Work {
    fn kind(&self) -> Kind {
        match self {
            Self::Unlock { .. } => Kind::Paths,
            Self::Create(_) | Self::Delete(_) | Self::Change(_) => Kind::Path,
        }
    }
}

pub(crate) fn answer(turn: &Turn<'_>, number: u64) -> Result<Message, Refusal> {
    match turn.call.member.as_str() {
        "Prompt" => {
            let _window: String = turn.call.arguments()?;
            start(turn, number)?;
            turn.call.reply(&())
        }
        "Dismiss" => {
            turn.call.no_arguments()?;
            dismiss(turn, number)?;
            turn.call.reply(&())
        }
        _ => Err(turn.no_such_method()),
    }
}

/// A new prompt of the caller's; returns its path. Nothing is asked before the caller calls `Prompt` on it.
pub(crate) fn make(turn: &Turn<'_>, work: Work) -> Result<ObjectPath<'static>, Refusal> {
    let number = turn.desk.number();
    turn.desk.seated(&turn.call.sender, |seat| {
        if seat.prompts.len() >= MOST {
            return Err(Refusal::limits_exceeded(format!("{MOST} prompts are open already; dismiss some")));
        }
        seat.prompts.insert(number, Prompt { kind: work.kind(), state: State::Waiting(work) });
        Ok(())
    })?;
    object(&place::prompt(number)).map(|path| path.into_owned())
}

fn start(turn: &Turn<'_>, number: u64) -> Result<(), Refusal> {
    let (desk, caller, sender) = (turn.desk.clone(), turn.caller.clone(), turn.call.sender.clone());
    turn.desk.seated(&turn.call.sender, |seat| {
        let prompt = seat.prompts.remove(&number).ok_or_else(unknown)?;
        let kind = prompt.kind;
        let state = match prompt.state {
            // Spawned with the seat still locked: however fast it is, it finds its prompt there.
            State::Waiting(work) => {
                State::Running(smol::spawn(run(desk, caller, sender, number, kind, work)))
            }
            running @ State::Running(_) => {
                seat.prompts.insert(number, Prompt { kind, state: running });
                return Err(Refusal::failed(format!(
                    "this prompt is being shown already ({})",
                    screen::name()
                )));
            }
        };
        seat.prompts.insert(number, Prompt { kind, state });
        Ok(())
    })
}

fn dismiss(turn: &Turn<'_>, number: u64) -> Result<(), Refusal> {
    let sender = &turn.call.sender;
    let prompt = turn.desk.seat(sender, |seat| seat.prompts.remove(&number)).flatten().ok_or_else(unknown)?;
    prompt.dismiss(turn.desk, sender, number);
    Ok(())
}

impl Prompt {
    /// Tells the caller that it was dismissed. Its task, if there is one, ends here, and its ask leaves the screen.
    pub(crate) fn dismiss(self, desk: &Desk, sender: &OwnedUniqueName, number: u64) {
        completed(desk, sender, number, self.kind.dismissed());
    }
}

async fn run(desk: Arc<Desk>, caller: Caller, sender: OwnedUniqueName, number: u64, kind: Kind, work: Work) {
    let settled = Instant::now() + SETTLE;
    let result = match work {
        Work::Unlock { given, items, store } if browser::asks(&desk, &sender, &items) => {
            let unlock = || unlock(&desk, &caller, given.clone(), &items, store);
            (false, browser::until_approved(unlock).await)
        }
        work => match carry_out(&desk, &caller, &sender, work).await {
            Ok(value) => (false, value),
            Err(refusal) => {
                // The signal has no room for a reason, so the log is where a person can find it.
                sd_journal::info(format_args!("a prompt ended unapproved: {}", refusal.text));
                kind.dismissed()
            }
        },
    };
    Timer::at(settled).await;
    if let Some(prompt) = desk.seat(&sender, |seat| seat.prompts.remove(&number)).flatten() {
        completed(&desk, &sender, number, result);
        if let State::Running(this_task) = prompt.state {
            this_task.detach();
        }
    }
}

async fn carry_out(
    desk: &Arc<Desk>,
    caller: &Caller,
    sender: &OwnedUniqueName,
    work: Work,
) -> Result<Value<'static>, Refusal> {
    let claims = caller.claims();
    match work {
        Work::Unlock { given, items, store } => Ok(unlock(desk, caller, given, &items, store).await?),
        Work::Create(creation) => {
            let Creation { item, cipher, parameters, value } = *creation;
            store::open_for_collection(desk, &item.collection, &claims).await?;
            let secret = cipher.open(&parameters, &value)?;
            drop(value);
            let stored: Result<ItemPath, Failure> = desk.asks.store(&item, &secret, &claims).await;
            let path = stored?;
            made(desk, caller, sender, &path, &item);
            Ok(Value::from(object(path.as_str())?.into_owned()))
        }
        Work::Delete(item) => {
            store::open_for_items(desk, std::slice::from_ref(&item), &claims).await?;
            let item = stand_in::needed(desk, caller, item).await?;
            desk.asks.delete(&item, &claims).await?;
            news::item_gone(desk, &caller.app, &item);
            Ok(Kind::Path.nothing())
        }
        Work::Change(change) => match change::make(desk, caller, sender, &change).await? {
            Some(collection) => Ok(Value::from(object(collection.as_str())?.into_owned())),
            None => Ok(Kind::Path.nothing()),
        },
    }
}

/// Opens what is locked, and has the reads approved. Returns which of the paths are unlocked then.
async fn unlock(
    desk: &Arc<Desk>,
    caller: &Caller,
    mut given: Vec<OwnedObjectPath>,
    named: &[ItemPath],
    store: bool,
) -> Result<Value<'static>, Failure> {
    let claims = caller.claims();
    if store {
        store::unlock(desk, &claims).await?;
    } else {
        store::open_for_items(desk, named, &claims).await?;
    }
    let items = stand_in::resolved(desk, caller, named.to_vec()).await?;
    // What stands for nothing cannot be opened: the search has found nothing, and that may be told now.
    let nothing = named.iter().filter(|path| {
        let standing = desk.stand_ins().of(&caller.app, path);
        standing == Some(Standing::ForNothing)
    });
    let nothing: Vec<&ItemPath> = nothing.collect();
    given.retain(|path| nothing.iter().all(|item| item.as_str() != path.as_str()));
    if !items.is_empty() {
        let (lives, shown) = desk.asks.access(&items, &claims).await?;
        desk.approve(&caller.app, &items, lives, shown);
        news::approved(desk, &caller.app, &items, lives);
    }
    Ok(Value::from(given.into_iter().map(OwnedObjectPath::into_inner).collect::<Vec<_>>()))
}

/// Remembers what the caller has itself said of an item that it has made, and tells those whom it concerns.
fn made(desk: &Arc<Desk>, caller: &Caller, sender: &OwnedUniqueName, path: &ItemPath, item: &NewItem) {
    let told = desk.told().of(&caller.app, path);
    let now = change::now();
    let knew = desk.seat(sender, |seat| {
        let before = seat.said(path).map(|said| said.created);
        let created =
            told.as_ref().map(|told| told.created).or(before.filter(|when| *when > 0)).unwrap_or(now);
        let (label, attributes) = (item.label.as_str().to_owned(), item.attributes.clone());
        seat.saw(path.clone(), Arc::new(Seen { label, attributes, created, modified: now }));
        before.is_some()
    });
    let description = Description {
        item: path.clone(),
        collection: told.as_ref().map_or_else(Text::default, |told| told.collection.clone()),
        label: item.label.clone(),
        attributes: item.attributes.clone(),
        created: told.as_ref().map_or(now, |told| told.created),
        modified: now,
        locked: false,
    };
    desk.told().wrote(&caller.app, description);
    news::item_made(desk, &caller.app, path, knew == Some(true) || told.is_some());
    news::wrote(desk, &caller.app, path);
}

impl Kind {
    fn nothing(self) -> Value<'static> {
        match self {
            Self::Paths => Value::from(Vec::<ObjectPath<'static>>::new()),
            Self::Path => Value::from(ObjectPath::from_static_str_unchecked("/")),
        }
    }

    fn dismissed(self) -> (bool, Value<'static>) {
        (true, self.nothing())
    }
}

/// To the caller alone: other applications need not know what it asks for, or how it went.
fn completed(desk: &Desk, sender: &OwnedUniqueName, number: u64, result: (bool, Value<'static>)) {
    let signal = Message::signal(place::prompt(number), INTERFACE, "Completed")
        .and_then(|signal| signal.destination(sender.as_str().to_owned()))
        .and_then(|signal| signal.build(&result));
    match signal {
        Ok(signal) => desk.send(signal),
        Err(e) => sd_journal::error(format_args!("a Completed signal could not be written: {e}")),
    }
}

fn unknown() -> Refusal {
    Refusal::no_such_object("there is no such prompt of yours; each serves once")
}
