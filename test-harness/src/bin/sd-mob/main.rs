//! sd-mob — one client of many, that asks for whatever it is told, many things at once, and says what became of each.
//!
//! For the ring `chaos`. Unlike `sd-ask` it listens to its sinks until they end, and so hears also what must not come: a
//! second outcome, one from the wrong uid, bytes after the last one.
#![forbid(unsafe_code)]

mod agent;
mod direct;

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::Parser;
use sd_sys::trusted::read_trusted;
use sd_wire::line::Words;
use sd_wire::parties::{MAX_FILE, Parties};
use zbus::Connection;

/// Does what the lines of its standard input say, each at once: `NUMBER WORD ARGUMENT…`.
///
/// At the gate: `search NAME=VALUE`, `collections`, `list`, `read ITEM`, `access ITEM`, `store LABEL NAME=VALUE SECRET`,
/// `replace ITEM SECRET`, `delete ITEM`, `sign TEXT`, `lock`, `unlock`. At the Secret Service of the session bus the same
/// with `app-` before it: `app-search`, `app-read`, `app-store`, `app-delete`, `app-lock`. `hang-up N` closes the sink of
/// request N; `cancel N` takes it back; `drop-bus` closes its connections, whatever waits on them.
///
/// Prints `NUMBER id ID` when the gate has taken a request, `NUMBER reading` before an application reads what it was
/// given, `NUMBER wrong WHY` for what must not be, and `NUMBER end …` when a request is over, once.
#[derive(Debug, Parser)]
#[command(name = "sd-mob", version)]
struct Cli {
    /// How long to wait for an outcome before that is called wrong, in seconds.
    #[arg(long, default_value_t = 90)]
    patience: u64,
}

/// What all threads share.
pub(crate) struct Mob {
    pub(crate) parties: Parties,
    pub(crate) patience: Duration,
    system: Mutex<Option<Connection>>,
    session: Mutex<Option<Connection>>,
    open: Mutex<HashMap<u64, Arc<Request>>>,
}

/// A request that goes on.
pub(crate) struct Request {
    pub(crate) number: u64,
    pub(crate) hung_up: AtomicBool,
    pub(crate) id: Mutex<Option<String>>,
}

impl Request {
    pub(crate) fn says(&self, words: &str) {
        let mut out = std::io::stdout().lock();
        // Nobody listens any more: then this process ends by the end of its input.
        let _ = writeln!(out, "{} {words}", self.number).and_then(|()| out.flush());
    }
}

/// How a request ended, or that it could not be made, in words.
pub(crate) type Ended = Result<String, Box<dyn std::error::Error>>;

impl Mob {
    pub(crate) fn system(&self) -> zbus::Result<Connection> {
        kept(&self.system, zbus::connection::Builder::system)
    }

    pub(crate) fn session(&self) -> zbus::Result<Connection> {
        kept(&self.session, zbus::connection::Builder::session)
    }

    fn drop_buses(&self) {
        for bus in [&self.system, &self.session] {
            if let Some(bus) = locked(bus).take() {
                let _ = smol::block_on(bus.close());
            }
        }
    }

    pub(crate) fn request(&self, number: &str) -> Option<Arc<Request>> {
        locked(&self.open).get(&number.parse().ok()?).cloned()
    }
}

pub(crate) fn locked<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The connection, made anew when there is none or it has ended.
fn kept(
    slot: &Mutex<Option<Connection>>,
    builder: impl FnOnce() -> zbus::Result<zbus::connection::Builder<'static>>,
) -> zbus::Result<Connection> {
    let mut slot = locked(slot);
    if let Some(bus) = slot.as_ref().filter(|bus| !bus.is_closed()) {
        return Ok(bus.clone());
    }
    let bus = smol::block_on(builder()?.method_timeout(Duration::from_secs(60)).build())?;
    *slot = Some(bus.clone());
    Ok(bus)
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match serve(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("sd-mob: {e}");
            ExitCode::FAILURE
        }
    }
}

fn serve(cli: &Cli) -> Result<(), Box<dyn std::error::Error>> {
    let folder =
        std::env::var_os("SECRETS_DISPATCHER_CONFIG").ok_or("there is no SECRETS_DISPATCHER_CONFIG")?;
    let file = std::path::Path::new(&folder).join("parties.json");
    let mob = Arc::new(Mob {
        parties: Parties::from_line(&read_trusted(&file, MAX_FILE).map_err(|e| e.to_string())?)?,
        patience: Duration::from_secs(cli.patience),
        system: Mutex::default(),
        session: Mutex::default(),
        open: Mutex::default(),
    });
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let Some((number, words)) = words.split_first() else { continue };
        let request = Arc::new(Request {
            number: number.parse()?,
            hung_up: AtomicBool::new(false),
            id: Mutex::default(),
        });
        locked(&mob.open).insert(request.number, Arc::clone(&request));
        let (mob, words) = (Arc::clone(&mob), words.to_vec());
        std::thread::Builder::new().stack_size(512 * 1024).spawn(move || {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let end = carry_out(&mob, &request, &words).unwrap_or_else(|e| format!("refused {e}"));
            locked(&mob.open).remove(&request.number);
            request.says(&format!("end {}", end.replace('\n', " ")));
        })?;
    }
    Ok(())
}

fn carry_out(mob: &Arc<Mob>, request: &Request, words: &[&str]) -> Ended {
    match words {
        ["drop-bus"] => {
            mob.drop_buses();
            Ok("done".into())
        }
        ["hang-up", number] => {
            if let Some(other) = mob.request(number) {
                other.hung_up.store(true, std::sync::atomic::Ordering::SeqCst);
            }
            Ok("done".into())
        }
        ["cancel", number] => {
            let id = mob.request(number).and_then(|other| locked(&other.id).clone());
            match id {
                Some(id) => direct::cancel(mob, &id),
                None => Ok("nothing to cancel".into()),
            }
        }
        [word, ..] if word.starts_with("app-") => smol::block_on(agent::ask(mob, request, words)),
        _ => direct::ask(mob, request, words),
    }
}
