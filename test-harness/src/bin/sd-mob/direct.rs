//! A request at the gate, with a sink of its own that is listened to until it ends.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use async_io::Timer;
use sd_sys::link::{Link, Packet, ReceiveError};
use sd_sys::payload::Payload;
use sd_wire::line::Words;
use sd_wire::outcome::{Granted, Outcome, Upload, What};
use sd_wire::parties::Role;
use zbus::zvariant::{Fd, ObjectPath, StructureBuilder, Value};

use crate::{Ended, Mob, Request, locked};

const NAME: &str = "net.mowaka.SecretsDispatcher1";
const PATH: &str = "/net/mowaka/SecretsDispatcher1";
const DEFAULT: &str = "/org/freedesktop/secrets/aliases/default";

/// How long the gate may take to take a request in. More than sd-client gives it: here it may be stopped.
const INTAKE: Duration = Duration::from_secs(4);
/// How often to look whether to hang up.
const SLICE: Duration = Duration::from_millis(100);

pub(crate) fn ask(mob: &Mob, request: &Request, words: &[&str]) -> Ended {
    let (home, sink) = Link::pair()?;
    let until = Instant::now() + mob.patience;
    let (member, arguments, secret) = method(words)?;
    let mut body = StructureBuilder::new().append_field(Value::from(Fd::from(OwnedFd::from(sink))));
    for argument in arguments {
        body = body.append_field(argument);
    }
    let says = words.join(" ");
    let claims = HashMap::from([("says", Value::from(says.as_str()))]);
    let body = body.append_field(Value::from(claims)).build()?;
    let bus = mob.system()?;
    let reply = smol::block_on(smol::future::or(
        bus.call_method(Some(NAME), PATH, Some(NAME), member, &body),
        async {
            Timer::after(INTAKE).await;
            Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into())
        },
    ));
    drop(body);
    let id: String = match reply {
        Ok(reply) => reply.body().deserialize()?,
        Err(zbus::Error::MethodError(name, _, _)) => return Ok(format!("refused {name}")),
        Err(e) => return Ok(format!("refused {e}")),
    };
    *locked(&request.id) = Some(id.clone());
    request.says(&format!("id {id}"));
    let mut ear = Ear { mob, request, home, until, id, end: None, body: Vec::new(), missing: 0, cut: false };
    ear.listen(secret)?;
    Ok(ear.in_words())
}

pub(crate) fn cancel(mob: &Mob, id: &str) -> Ended {
    let bus = mob.system()?;
    match smol::block_on(bus.call_method(Some(NAME), PATH, Some(NAME), "Cancel", &(id))) {
        Ok(_) => Ok("done".into()),
        Err(zbus::Error::MethodError(name, _, _)) => Ok(format!("refused {name}")),
        Err(e) => Ok(format!("refused {e}")),
    }
}

type Method<'a> = (&'static str, Vec<Value<'a>>, Option<&'a str>);

fn method<'a>(words: &[&'a str]) -> Result<Method<'a>, Box<dyn std::error::Error>> {
    let object = |path: &'a str| ObjectPath::try_from(path).map(Value::from);
    let pairs = |pair: &'a str| Value::from(pair.split_once('=').into_iter().collect::<HashMap<_, _>>());
    let text = Value::from("text/plain");
    Ok(match *words {
        ["search", pair] => ("RequestSearch", vec![object("/")?, pairs(pair)], None),
        ["collections"] => ("RequestCollections", vec![], None),
        ["list"] => ("RequestList", vec![object("/")?], None),
        ["read", item] => ("RequestSecret", vec![object(item)?], None),
        ["access", item] => ("RequestAccess", vec![Value::from(vec![ObjectPath::try_from(item)?])], None),
        ["store", label, pair, secret] => (
            "RequestStore",
            vec![object(DEFAULT)?, Value::from(label), pairs(pair), text, Value::from(false)],
            Some(secret),
        ),
        ["replace", item, secret] => ("RequestSetSecret", vec![object(item)?, text], Some(secret)),
        ["delete", item] => ("RequestDelete", vec![object(item)?], None),
        ["sign", message] => {
            let who = "Ada Example <ada@example.org> 1700000000 +0000";
            let tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
            let commit = format!("tree {tree}\nauthor {who}\ncommitter {who}\n\n{message}\n");
            let payload = OwnedFd::from(Payload::seal(commit.as_bytes())?);
            ("RequestSignature", vec![Value::from(Fd::from(payload)), Value::from("")], None)
        }
        ["lock"] => ("Lock", vec![], None),
        ["unlock"] => ("Unlock", vec![], None),
        _ => return Err(format!("not understood: {}", words.join(" ")).into()),
    })
}

struct Ear<'a> {
    mob: &'a Mob,
    request: &'a Request,
    home: Link,
    until: Instant,
    id: String,
    end: Option<What>,
    body: Vec<u8>,
    missing: u32,
    cut: bool,
}

impl Ear<'_> {
    /// Listens until the sink ends, or for too long.
    fn listen(&mut self, mut secret: Option<&str>) -> Result<(), Box<dyn std::error::Error>> {
        loop {
            if self.request.hung_up.load(Ordering::SeqCst) {
                return Ok(());
            }
            match self.home.receive_by(Instant::now() + SLICE) {
                Ok(Some(packet)) => self.take(packet, &mut secret)?,
                Ok(None) => {
                    self.cut = self.missing > 0;
                    return Ok(());
                }
                Err(ReceiveError::Io(why)) if why.kind() == std::io::ErrorKind::TimedOut => {
                    if Instant::now() > self.until {
                        self.request.says("wrong it was never told how this ended");
                        return Ok(());
                    }
                }
                Err(ReceiveError::Io(why)) if why.kind() == std::io::ErrorKind::ConnectionReset => {}
                Err(why) => self.request.says(&format!("wrong {why}")),
            }
        }
    }

    fn take(&mut self, packet: Packet, secret: &mut Option<&str>) -> Result<(), Box<dyn std::error::Error>> {
        let writer = packet.writer.map(|writer| writer.uid);
        if self.missing > 0 {
            match self.missing.checked_sub(u32::try_from(packet.bytes.len())?) {
                Some(missing) => self.missing = missing,
                None => self.request.says("wrong more bytes came than were announced"),
            }
            self.body.extend(packet.bytes);
            return Ok(());
        }
        if self.end.is_some() {
            self.request.says(&format!("wrong more came: {}", String::from_utf8_lossy(&packet.bytes).trim()));
            return Ok(());
        }
        let outcome = Outcome::from_line(&packet.bytes)?;
        if writer != Some(self.mob.parties.uid(outcome.what.role())) {
            self.request.says(&format!("wrong {} was written by uid {writer:?}", outcome.what));
        }
        if outcome.id.as_str() != self.id {
            self.request.says(&format!("wrong this is about {}, not {}", outcome.id, self.id));
        }
        if matches!(outcome.what, What::Invited {}) {
            if let (Some(secret), Some(socket)) = (secret.take(), packet.fds.into_iter().next()) {
                // One that is hung up on has not been given the secret; the outcome says the rest.
                let _ = upload(self.mob, socket, secret);
            }
            return Ok(());
        }
        self.missing = outcome.what.body_len();
        self.end = Some(outcome.what);
        Ok(())
    }

    fn in_words(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        let first = body.split_whitespace().next().unwrap_or_default();
        let first: String = first.chars().take(60).collect();
        match &self.end {
            None if self.request.hung_up.load(Ordering::SeqCst) => "hung-up".into(),
            None => "eof".into(),
            Some(What::Granted(granted)) => {
                let cut = if self.cut { "cut" } else { "granted" };
                let kind = match granted {
                    Granted::Secret { len, .. } => return format!("{cut} secret {first} {len}"),
                    Granted::Stored { item } => return format!("{cut} stored {item}"),
                    Granted::Found { .. } => "found",
                    Granted::Collections { .. } => "collections",
                    Granted::Imported {} => "imported",
                    Granted::Deleted {} => "deleted",
                    Granted::Listed { .. } => "listed",
                    Granted::Changed { .. } => "changed",
                    Granted::Signature { .. } => "signature",
                };
                format!("{cut} {kind} {first}")
            }
            Some(What::Approved { .. }) => "approved".into(),
            Some(What::Locked {}) => "locked".into(),
            Some(What::Unlocked {}) => "unlocked".into(),
            Some(What::Denied {}) => "denied".into(),
            Some(What::Expired {}) => "expired".into(),
            Some(What::Cancelled {}) => "cancelled".into(),
            Some(What::Rejected { why }) => format!("rejected {why}"),
            Some(What::Failed { stage, why }) => format!("failed at {stage}: {why}"),
            Some(What::Invited {} | What::Settled { .. }) => "garbled".into(),
        }
    }
}

fn upload(mob: &Mob, socket: OwnedFd, secret: &str) -> Result<(), Box<dyn std::error::Error>> {
    let link = Link::adopt(socket).map_err(|e| e.to_string())?;
    if link.peer()?.uid != mob.parties.uid(Role::Companion) {
        return Err("this is not the companion's".into());
    }
    link.send(&Upload { len: u32::try_from(secret.len())? }.to_line()?, &[])?;
    Ok(link.send(secret.as_bytes(), &[])?)
}
