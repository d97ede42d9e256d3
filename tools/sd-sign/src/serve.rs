//! One connection, one order: read it, carry it out, tell the sink, tell sd-decide.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;

use sd_sys::link::Link;
use sd_sys::payload::Payload;
use sd_sys::sink::Sink;
use sd_wire::deadline;
use sd_wire::fault::{Fault, Stage};
use sd_wire::id::AskId;
use sd_wire::outcome::{Granted, Outcome, What};
use sd_wire::parties::Parties;
use sd_wire::sign::{Fingerprint, MAX_PAYLOAD, Note, Order};

use crate::keyring::{self, Signature};
use crate::keys::Keys;

/// One connection from its first byte to its last.
pub(crate) fn one(link: &Link, parties: &Parties, keys: &Keys, gpg_is_lost: &Arc<AtomicBool>) {
    let (order, fds) = match sd_start::one_packet::<Order>(link, parties.decide) {
        Ok(received) => received,
        Err(why) => return sd_journal::warning(format!("an order was refused: {why}")),
    };
    if fds.len() != order.descriptors() {
        sd_journal::warning(format!(
            "an order was refused: {} descriptors came with it, it takes {}",
            fds.len(),
            order.descriptors()
        ));
        return sd_start::answer(link, &Note::Failed { why: Fault::Malformed });
    }
    let note = match order {
        Order::Describe { key, .. } => {
            let keys = keys.clone();
            by(Instant::now() + deadline::WORKER, gpg_is_lost, move || keyring::describe(&key, &keys))
                .map(Note::Key)
        }
        Order::State {} => state(keys, gpg_is_lost).map(|locked| Note::State { locked }),
        Order::Lock { .. } => {
            by(Instant::now() + deadline::WORKER, gpg_is_lost, sd_gpg_agent::forget).map(|()| Note::Done {})
        }
        Order::Unlock { .. } => unlock(keys, gpg_is_lost).map(|()| Note::Done {}),
        Order::Sign { id, fingerprint } => {
            sign(&id, fds, parties, &|payload| signature(&fingerprint, payload, keys, gpg_is_lost))
                .map(|()| Note::Done {})
        }
    };
    sd_start::answer(link, &note.unwrap_or_else(|why| Note::Failed { why }));
}

/// Whether the default key would ask for a passphrase. Where there is no key, nothing is locked.
fn state(keys: &Keys, gpg_is_lost: &Arc<AtomicBool>) -> Result<bool, Fault> {
    let keys = keys.clone();
    match by(Instant::now() + deadline::WORKER, gpg_is_lost, move || keyring::would_ask("", &keys)) {
        Err(why) if is_no_key(why) => Ok(false),
        other => other,
    }
}

fn unlock(keys: &Keys, gpg_is_lost: &Arc<AtomicBool>) -> Result<(), Fault> {
    let keys = keys.clone();
    match by(Instant::now() + deadline::WORKER_ASKS, gpg_is_lost, move || keyring::unlock("", &keys)) {
        Err(why) if is_no_key(why) => Ok(()),
        other => other,
    }
}

/// Whether there is no key that could and may sign, so that there is nothing to lock or to unlock either.
fn is_no_key(why: Fault) -> bool {
    matches!(
        why,
        Fault::NoKey
            | Fault::NotFound
            | Fault::UnusableKey
            | Fault::KeyExpired
            | Fault::KeyRevoked
            | Fault::KeyNotAllowed { .. }
            | Fault::KeyChanged { .. }
            | Fault::KeysUnknown
    )
}

/// Signs, and gives a person the time to type the key's passphrase if gpg-agent does not know it, or a card's PIN.
fn signature(
    fingerprint: &Fingerprint,
    payload: Vec<u8>,
    keys: &Keys,
    gpg_is_lost: &Arc<AtomicBool>,
) -> Result<Signature, Fault> {
    let began = Instant::now();
    let (fingerprint, keys) = (fingerprint.clone(), keys.clone());
    let waits = Waits::start(gpg_is_lost, move |may_ask| {
        keyring::sign(&fingerprint, &payload, &keys, || drop(may_ask.send(Word::MayAsk)))
    })?;
    match waits.until(began + deadline::WORKER)? {
        Word::Done(signature) => signature,
        Word::MayAsk => match waits.until(began + deadline::WORKER_ASKS)? {
            Word::Done(signature) => signature,
            Word::MayAsk => Err(Fault::Refused),
        },
    }
}

fn sign(
    id: &AskId,
    fds: Vec<OwnedFd>,
    parties: &Parties,
    signature: &dyn Fn(Vec<u8>) -> Result<Signature, Fault>,
) -> Result<(), Fault> {
    let (sink, payload) = beside(fds, parties.desktop).map_err(|why| {
        sd_journal::warning(format!("an order was refused: {why}"));
        Fault::Malformed
    })?;
    let signed = payload
        .and_then(|payload| payload.read().map_err(|e| e.to_string()))
        .map_err(|why| {
            sd_journal::warning(format!("a payload was refused: {why}"));
            Fault::Malformed
        })
        .and_then(signature);
    match signed {
        Ok(signature) => settle(sink, id, signature),
        Err(why) => {
            if let Ok(line) = Outcome::line(id, What::Failed { stage: Stage::Sign, why }) {
                // A requester that is gone needs no answer.
                let _ = sink.settle(&line);
            }
            Err(why)
        }
    }
}

/// The sink, and the payload or what is wrong with it: a sink that is good can be told of a payload that is not.
fn beside(fds: Vec<OwnedFd>, desktop: u32) -> Result<(Sink, Result<Payload, String>), String> {
    let mut fds = fds.into_iter();
    let (Some(sink), Some(payload)) = (fds.next(), fds.next()) else {
        return Err("a descriptor is missing".into());
    };
    let sink = Sink::admit(sink, desktop).map_err(|e| format!("sink: {e}"))?;
    Ok((sink, Payload::admit(payload, MAX_PAYLOAD).map_err(|e| e.to_string())))
}

/// Runs something of gpg, which has no deadline of its own, and gives up on it at `until`.
fn by<T: Send + 'static>(
    until: Instant,
    gpg_is_lost: &Arc<AtomicBool>,
    gpg: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    match Waits::start(gpg_is_lost, |_| gpg())?.until(until)? {
        Word::Done(done) => done,
        Word::MayAsk => Err(Fault::Refused),
    }
}

/// What is heard of something of gpg that is under way.
enum Word<T> {
    /// Somebody may have to type something, which takes longer.
    MayAsk,
    /// What came of it.
    Done(Result<T, Fault>),
}

/// Something of gpg that is under way in a thread of its own.
struct Waits<'a, T> {
    words: mpsc::Receiver<Word<T>>,
    gpg_is_lost: &'a Arc<AtomicBool>,
}

impl<'a, T: Send + 'static> Waits<'a, T> {
    fn start(
        gpg_is_lost: &'a Arc<AtomicBool>,
        gpg: impl FnOnce(&mpsc::Sender<Word<T>>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<Self, Fault> {
        let (said, words) = mpsc::channel();
        let lost = Arc::clone(gpg_is_lost);
        std::thread::Builder::new()
            .name("gpg".into())
            // Nobody listens any more when it comes back too late.
            .spawn(move || drop(said.send(Word::Done(known(&lost).and_then(|()| gpg(&said))))))
            .map_err(|_| Fault::Unavailable)?;
        Ok(Self { words, gpg_is_lost })
    }

    /// The next that is heard; [`Fault::GpgTimeout`] when that is nothing until then.
    fn until(&self, until: Instant) -> Result<Word<T>, Fault> {
        self.words.recv_timeout(until.saturating_duration_since(Instant::now())).map_err(|_| {
            self.gpg_is_lost.store(true, Ordering::Release);
            Fault::GpgTimeout
        })
    }
}

/// Nothing can be done in a process that does not know of gpg, and the next order is another one's.
fn known(gpg_is_lost: &AtomicBool) -> Result<(), Fault> {
    if sd_gpg_agent::gpg_is_known() {
        return Ok(());
    }
    sd_journal::warning("gpg and gpgconf did not answer; the sd-sign of the next order asks them again");
    gpg_is_lost.store(true, Ordering::Release);
    Err(Fault::Unavailable)
}

fn settle(sink: Sink, id: &AskId, signature: Signature) -> Result<(), Fault> {
    let len = u32::try_from(signature.bytes.len()).map_err(|_| Fault::TooLarge)?;
    let line = Outcome::line(id, What::Granted(Granted::Signature { len, status: signature.status }))
        .map_err(|_| Fault::TooLarge)?;
    sink.settle_with(&line, &signature.bytes, Instant::now() + deadline::UPLOAD).map_err(|_| Fault::NoReader)
}
