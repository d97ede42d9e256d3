//! The clerk: holds every descriptor, waits for all of them in one place, and carries out what the docket says.

mod chores;
mod errands;
pub(crate) mod held;
mod ledger;
mod prover;
mod queue;
mod vt;
mod wait;
mod watchdog;
mod watches;

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Uid, User};

use sd_git::proof;
use sd_git::signed::Signed;
use sd_start::NotServing;
use sd_sys::listener::Listener;
use sd_sys::payload::Payload;
use sd_sys::process::Readers;
use sd_wire::ask::{Note, Want};
use sd_wire::digest::Digest;
use sd_wire::fault::Fault;
use sd_wire::import::Manifest;
use sd_wire::line::Words;
use sd_wire::outcome::Outcome;
use sd_wire::parties::Parties;
use sd_wire::printable::Printable;

use crate::caller::Caller;
use crate::clerk::errands::Errands;
use crate::clerk::held::{Beside, Cabinet};
use crate::clerk::ledger::Ledger;
use crate::clerk::queue::Turn;
use crate::clerk::wait::{Found, Signals};
use crate::clerk::watchdog::Watchdog;
use crate::clerk::watches::Watches;
use crate::cli::Cli;
use crate::console::Console;
use crate::docket::Docket;
use crate::docket::code::Code;
use crate::docket::effect::Effect;
use crate::docket::entry::{Entry, Face};
use crate::docket::event::{Event, Filing, Moment};
use crate::field::Field;
use crate::gate_door::{self, Brought, Door};
use crate::keys::{self, Key};
use crate::passphrase_door::PassphraseDoor;
use crate::routing;
use crate::rules::Rules;
use crate::screen::{self, Around, Pane, Shows};
use crate::terminal::Terminal;

/// The most connections of the gate at once; more wait in the listener's queue.
const MOST_CONNECTIONS: usize = 300;

/// Two pictures of the same ask, with no key between them, are at least so far apart.
const FRAME: Duration = Duration::from_millis(40);

/// The most bytes of payloads at once: what is read of them for the screen takes several times as much.
const MOST_PAYLOADS: usize = 16 * 1024 * 1024;

/// The most milliseconds for which a picture is put off.
pub(crate) const PUT_OFF: u64 = 20;

/// Everything that this process holds.
pub(crate) struct Clerk {
    /// Since boot: the time that is not awake counts too, or a grant of two minutes would outlive a night.
    started: Duration,
    around: Around,
    docket: Docket,
    door: Door,
    passphrases: PassphraseDoor,
    field: Field,
    watches: Watches,
    cabinet: Cabinet,
    errands: Errands,
    ledger: Ledger,
    terminal: Terminal,
    /// The virtual terminal, if fd 0 is one.
    console: Option<Console>,
    pane: Pane,
    signals: Signals,
    readers: Readers,
    watchdog: Watchdog,
    /// What the picture that is being written shows, until all of it is on the terminal.
    picture: Option<Shows>,
    /// Since when a picture is put off.
    undrawn: Option<Moment>,
    /// When the last picture was drawn, and of which ask; and whether there would be another one since.
    drawn: Option<(Moment, Option<Face>)>,
    stale: bool,
    /// When every cell of the screen was last written.
    mended: Option<Moment>,
}

impl Clerk {
    /// Takes its place: from here on the terminal is its own.
    pub(crate) fn new(
        cli: &Cli,
        parties: Parties,
        audit: u32,
        [asks, passphrases]: [Listener; 2],
        rules: Rules,
        phrase: Option<Printable>,
    ) -> Result<Self, NotServing> {
        // Before the terminal: a signal must find it in a state that is put right again.
        let signals = Signals::catch().map_err(NotServing::Io)?;
        let console = Console::behind(std::io::stdin()).map_err(|why| no_terminal(&why))?;
        let terminal = Terminal::take_over().map_err(|why| no_terminal(&why))?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let around = Around {
            desktop: parties.desktop,
            vt: console.as_ref().map(Console::number),
            clock: now.map_or(0, |now| now.as_secs()),
            phrase,
            user: user(parties.desktop),
        };
        Ok(Self {
            started: since_boot(),
            around,
            docket: Docket::new(cli.expire(), rules),
            door: Door::new(asks, parties),
            passphrases: PassphraseDoor::new(passphrases, parties.companion),
            field: Field::new().map_err(NotServing::Io)?,
            watches: Watches::default(),
            cabinet: Cabinet::default(),
            errands: Errands::new(cli, parties.companion),
            ledger: Ledger::new(&cli.audit, audit),
            terminal,
            console,
            pane: Pane::default(),
            signals,
            readers: Readers::default(),
            watchdog: Watchdog::wanted(),
            picture: None,
            undrawn: None,
            drawn: None,
            stale: false,
            mended: None,
        })
    }

    /// Serves until it is told to stop.
    pub(crate) fn serve(&mut self) -> Result<(), NotServing> {
        self.look_at_console()?;
        self.draw()?;
        sd_journal::ready();
        self.happen(Event::Started);
        loop {
            self.watchdog.speak(self.now());
            let found = self.wait()?;
            if found.stop {
                return Ok(());
            }
            self.answer_the_kernel(&found);
            if found.switched {
                self.look_at_console()?;
            }
            self.look_at_terminal(&found)?;
            self.look_at_sinks(&found);
            self.look_at_record(&found);
            self.look_at_errands(&found);
            self.look_at_door(&found);
            self.look_at_passphrases(&found);
            self.look_at_processes(&found);
            self.happen(Event::Tick);
            self.hold_the_screen();
            let is_due = found.typed || found.resized || found.switched || self.is_worth_a_picture();
            if (is_due || self.undrawn.is_some()) && !self.puts_off_the_picture() {
                self.draw()?;
            }
        }
    }

    fn now(&self) -> Moment {
        let elapsed = since_boot().saturating_sub(self.started);
        Moment(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
    }

    /// Tells the docket, and carries out what it answers, until nothing follows any more.
    fn happen(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.docket.step(self.now(), event) {
                events.extend(self.carry_out(effect));
            }
        }
    }

    /// Does it; what came of it.
    fn carry_out(&mut self, effect: Effect) -> Vec<Event> {
        match effect {
            Effect::Describe { id, taker, order } | Effect::Queue { id, taker, order } => {
                return self.errands.queue(Turn { id, taker, order }, &mut self.cabinet);
            }
            Effect::Dispatch { id, order } => {
                if let Err(why) = self.errands.dispatch(&id, &order, &mut self.cabinet) {
                    return vec![Event::DispatchFailed { id, why }];
                }
            }
            Effect::Ahead { id, taker, order } => self.errands.ahead(id, taker, order),
            Effect::Record { number, awaited, line } => {
                return self.ledger.record(number, awaited, line, self.now());
            }
            Effect::Settle { id, what } => self.cabinet.settle(&Outcome { id, what }),
            Effect::Approve { id, seconds, shown } => self.cabinet.approve(&id, seconds, shown),
            Effect::Tell { id, how } => self.cabinet.tell(&id, how),
            Effect::Forget { id } => {
                self.cabinet.forget(&id);
                return self.errands.forget(&id, &mut self.cabinet);
            }
            Effect::Run { number, chore } => {
                let now = self.now();
                return self.errands.run(number, chore, now).into_iter().collect();
            }
            Effect::Enter { prompt } => {
                self.passphrases.enter(prompt, self.field.passphrase());
                self.field.wipe();
            }
            Effect::Answer { prompt, note } => self.passphrases.answer(prompt, &note),
            Effect::WipeField => self.field.wipe(),
            Effect::Watch(process) => {
                if !self.watches.add(process) {
                    return vec![Event::ProcessEnded(process)];
                }
            }
            Effect::FlushInput => self.terminal.flush_input(),
            Effect::Scroll(pages) => self.pane.scroll(pages),
            // A terminal that cannot be painted is gone, and the next look at it says so.
            Effect::Repaint => drop(self.terminal.refresh()),
        }
        Vec::new()
    }

    fn look_at_terminal(&mut self, found: &Found) -> Result<(), NotServing> {
        if found.resized {
            self.terminal.refresh().map_err(|_| terminal_gone())?;
        }
        if found.writable {
            self.terminal.flush().map_err(|_| terminal_gone())?;
            self.seen();
        }
        if found.typed {
            let bytes = self.terminal.typed().map_err(|_| terminal_gone())?.ok_or_else(terminal_gone)?;
            let mut rest = bytes.expose();
            let now = self.now();
            if let Some(console) = self.console.as_mut().filter(|_| !rest.is_empty()) {
                console.typed(now);
            }
            // The quiet time is a time in which a key would have been read.
            if found.late.is_some_and(|late| now > late) {
                self.happen(Event::Stalled);
            }
            while let Some((key, used)) = keys::first(rest) {
                let (pressed, after) = rest.split_at_checked(used).unwrap_or((rest, &[]));
                self.press(key, pressed);
                rest = after;
            }
        }
        Ok(())
    }

    /// A key: for the passphrase's field, or for the docket. The docket never sees a character of a passphrase.
    fn press(&mut self, key: Key, bytes: &[u8]) {
        if self.docket.prompt().is_none() || !Field::takes(key) {
            return self.happen(Event::Key(key));
        }
        if self.docket.takes_passphrase(self.now()).is_none() {
            return self.happen(Event::Key(Key::Other));
        }
        self.field.press(key, bytes);
        self.happen(Event::Typed { characters: self.field.characters() });
    }

    fn look_at_sinks(&mut self, found: &Found) {
        for id in &found.sinks {
            self.happen(Event::Withdrawn { id: id.clone() });
        }
    }

    fn look_at_errands(&mut self, found: &Found) {
        let now = self.now();
        // A key or a hang-up may have moved the places since: then one is heard that has nothing to say yet, and
        // the other in the next round.
        for event in self.errands.hear(&found.errands, now, &mut self.cabinet) {
            self.happen(event);
        }
    }

    fn look_at_record(&mut self, found: &Found) {
        let now = self.now();
        let again = self.ledger.due().is_some_and(|due| due <= now);
        let events = match (found.record, again) {
            (true, _) => self.ledger.hear(now),
            (false, true) => self.ledger.send(now),
            (false, false) => return,
        };
        for event in events {
            self.happen(event);
        }
    }

    fn look_at_door(&mut self, found: &Found) {
        let now = self.now();
        for brought in self.door.hear(&found.visitors) {
            match brought {
                Brought::Ask { .. } => self.file(brought),
                Brought::Cancel { id, gate } => {
                    let found = self.docket.can_cancel(&id);
                    self.happen(Event::Cancelled { id });
                    held::note(&gate, &Note::Cancelled { found });
                }
                Brought::Status { gate } => {
                    let pending = u32::try_from(self.docket.listed().count()).unwrap_or(u32::MAX);
                    self.errands.state(gate, pending, now);
                }
            }
        }
        self.door.lobby.clear(now);
        if found.door && self.connections() < MOST_CONNECTIONS {
            self.door.lobby.admit(now);
        }
    }

    fn look_at_passphrases(&mut self, found: &Found) {
        let now = self.now();
        for prompt in &found.forgone {
            self.passphrases.forget(*prompt);
            self.happen(Event::PassphraseForgone { prompt: *prompt });
        }
        for (prompt, wanted) in self.passphrases.hear(&found.wishers) {
            self.happen(Event::PassphraseWanted { prompt, wanted: Box::new(wanted) });
        }
        self.passphrases.lobby.clear(now);
        if found.passphrase_door && self.passphrases.has_room() {
            self.passphrases.lobby.admit(now);
        }
    }

    fn look_at_processes(&mut self, found: &Found) {
        for process in &found.ended {
            self.happen(Event::ProcessEnded(*process));
        }
        let (docket, now) = (&self.docket, self.now());
        self.watches.keep(|process| docket.grants(now).any(|grant| grant.is_of(process)));
    }

    fn connections(&self) -> usize {
        self.door.lobby.len().saturating_add(self.cabinet.len()).saturating_add(self.errands.questions())
    }

    fn file(&mut self, brought: Brought) {
        let Brought::Ask { ask, beside, gate } = brought else { return };
        let Beside { sink, payload, objects } = beside;
        let id = ask.id.clone();
        if self.docket.knows(&id) {
            held::refused(&ask, "an ask with this id is pending already");
            gate_door::settle(sink, &id, Fault::Malformed);
            return;
        }
        let payloads = payload.as_ref().map_or(0, Payload::len);
        if payloads > 0 && self.cabinet.payloads().saturating_add(payloads) > MOST_PAYLOADS {
            held::refused(&ask, "too much waits to be signed or imported already");
            gate_door::settle(sink, &id, Fault::TooMany);
            return;
        }
        let manifest = match (&ask.want, &payload) {
            (Want::Import { .. }, Some(payload)) => match read(payload) {
                Ok(manifest) => Some(manifest),
                Err(why) => {
                    held::refused(&ask, format!("its manifest was refused: {why}"));
                    gate_door::settle(sink, &id, Fault::Malformed);
                    return;
                }
            },
            _ => None,
        };
        let to_sign = payload.as_ref().filter(|_| manifest.is_none());
        let bytes = match to_sign.map(Payload::read).transpose() {
            Ok(Some(bytes)) if !Signed::fits(&bytes) => {
                held::refused(&ask, "its payload has more lines than anybody reads");
                gate_door::settle(sink, &id, Fault::TooLarge);
                return;
            }
            Ok(bytes) => bytes,
            Err(why) => {
                held::refused(&ask, format!("its payload could not be read: {why}"));
                gate_door::settle(sink, &id, Fault::Malformed);
                return;
            }
        };
        let signed = bytes.as_deref().map(Signed::read);
        let digest = bytes.as_deref().map(Digest::of_bytes);
        let changes = bytes.as_deref().and_then(|bytes| proof::check(bytes, &[]));
        let mut random = [[0; 2]; Code::LENGTH];
        if let Err(why) = getrandom::fill(random.as_flattened_mut()) {
            held::refused(&ask, format!("the kernel gives no random bytes: {why}"));
            gate_door::settle(sink, &id, Fault::Unavailable);
            return;
        }
        let code = Code::from_random(random);
        let seen = routing::may_be_seen(&ask.want, self.docket.rules().metadata());
        let caller = Caller::look(&sink, &ask.claims, seen.then_some(&self.readers));
        self.cabinet.keep(&ask, Beside { sink, payload, objects }, gate, &caller);
        let filing = Filing { ask: *ask, caller, signed, payload: digest, changes, manifest, code };
        self.happen(Event::Filed(Box::new(filing)));
    }

    /// Whether the next picture waits until what was let through is on its way: its line takes a fraction of a
    /// millisecond, and a picture longer. Not for long.
    fn puts_off_the_picture(&mut self) -> bool {
        let now = self.now();
        let since = *self.undrawn.get_or_insert(now);
        let puts_off = self.ledger.is_awaited() && now.since(since) < PUT_OFF;
        if !puts_off {
            self.undrawn = None;
        }
        puts_off
    }

    /// Whether a picture is to be drawn now. Whatever happens while nobody types and the ask stays the same can wait for
    /// the next picture: many searches a second, each of several steps, would be drawn several times each.
    fn is_worth_a_picture(&mut self) -> bool {
        let (now, face) = (self.now(), self.docket.selected().and_then(Entry::face));
        let same = self.docket.prompt().is_none()
            && self.drawn.is_some_and(|(at, drawn)| drawn == face && now < at.after(FRAME));
        self.stale = same;
        !same
    }

    fn draw(&mut self) -> Result<(), NotServing> {
        // One picture after the other: a terminal that does not take this one gets the newest of the next ones.
        if !self.terminal.is_flushed() {
            return Ok(());
        }
        self.mend();
        let now = self.now();
        let (docket, pane, around) = (&self.docket, &mut self.pane, &self.around);
        let mut shows = Shows::default();
        self.terminal
            .draw(|frame| shows = screen::draw(frame, docket, now, around, pane))
            .map_err(|_| terminal_gone())?;
        self.drawn = Some((now, self.docket.selected().and_then(Entry::face)));
        self.stale = false;
        self.picture = Some(shows);
        self.seen();
        Ok(())
    }

    /// Tells the docket what a person can see, once all of it is on the terminal.
    fn seen(&mut self) {
        if !self.terminal.is_flushed() {
            return;
        }
        let Some(shows) = self.picture.take() else { return };
        self.pane.seen(shows.view);
        self.happen(Event::Drawn(shows.face));
        if let Some(face) = shows.face.filter(|_| shows.to_end) {
            self.happen(Event::SeenToEnd(face));
        }
    }
}

/// The manifest of an import, if a person can be shown all of it and sd-fetch can carry it out.
fn read(payload: &Payload) -> Result<Manifest, String> {
    let bytes = payload.read().map_err(|why| why.to_string())?;
    let manifest = Manifest::from_line(&bytes).map_err(|why| why.to_string())?;
    manifest.secrets().ok_or("it lists nothing, or more than an import may have")?;
    Ok(manifest)
}

/// The desktop user's name, as far as the system knows one.
fn user(uid: u32) -> Option<Printable> {
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| Printable::line(&user.name))
}

/// Does not fail: the clock is there since Linux 2.6.39.
fn since_boot() -> Duration {
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::ZERO, Duration::from)
}

fn no_terminal(why: &std::io::Error) -> NotServing {
    NotServing::Misconfigured(format!("fd 0 is not a usable terminal: {why}; see TTYPath= in the unit"))
}

fn terminal_gone() -> NotServing {
    NotServing::Unavailable("the terminal hung up; pending asks have failed".into())
}
