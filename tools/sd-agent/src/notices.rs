//! Notifications on the desktop: that something waits on VT8, and that nobody can be asked. They lead there and no
//! further; nothing depends on them.

mod board;
mod look;
mod server;
mod watch;
mod words;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_io::Timer;
use sd_client::{Ear, Failure};
use sd_wire::claims::Claims;
use sd_wire::id::AskId;
use smol::Task;
use smol::channel::{Receiver, Sender};

use board::{Act, Board, Event};
use look::look;
use server::Server;
use words::Ask;

/// The most events that wait for the board. More is lost, and with it at worst a notification.
const QUEUE: usize = 2048;
/// How long the agent stays to take its notifications down.
const LAST: Duration = Duration::from_millis(300);

/// Where the agent tells what it asks for and what has failed.
#[derive(Clone)]
pub(crate) struct Notices {
    tell: Sender<Event>,
}

/// The tasks behind [`Notices`]; they end with it.
pub(crate) struct Showing {
    tell: Sender<Event>,
    task: Task<()>,
    _watch: Task<()>,
}

/// Begins to show notifications. Neither the notification server nor the gate need be there.
pub(crate) fn begin() -> (Notices, Showing) {
    let (tell, told) = smol::channel::bounded(QUEUE);
    let task = smol::spawn(show(tell.clone(), told));
    let watch = {
        let tell = tell.clone();
        smol::spawn(async move { watch::follow(&tell).await })
    };
    (Notices { tell: tell.clone() }, Showing { tell, task, _watch: watch })
}

impl Notices {
    /// A request of ours has failed; told when that is because nobody is there to be asked.
    pub(crate) fn failed(&self, failure: &Failure, claims: &Claims) {
        if failure.is_absence() {
            let who = claims.app.as_ref().map(|app| look(app.pid, Some(app.start)).0);
            let _ = self.tell.try_send(Event::Failed { who, sentence: failure.to_string() });
        }
    }
}

impl Ear for Notices {
    fn asked(&self, id: &AskId, kind: &'static str, claims: &Claims) {
        if kind == "lock" {
            return;
        }
        let (pid, start) = match &claims.app {
            Some(app) => (app.pid, Some(app.start)),
            None => (std::process::id(), None),
        };
        let (who, _) = look(pid, start);
        let ask = Ask { id: id.clone(), kind: kind.to_owned(), who, says: None };
        let _ = self.tell.try_send(Event::Created { ask, ago: Duration::ZERO, heard: true });
    }

    fn ended(&self, id: &AskId) {
        let _ = self.tell.try_send(Event::Ended(id.clone()));
    }
}

impl Showing {
    /// Takes everything down that is shown, as far as that is possible in a moment.
    pub(crate) async fn end(self) {
        let _ = self.tell.try_send(Event::Stop);
        let late = async {
            Timer::after(LAST).await;
        };
        smol::future::or(self.task, late).await;
    }
}

async fn show(tell: Sender<Event>, told: Receiver<Event>) {
    let (server, messages) = match Server::connect().await {
        Ok((server, messages)) => (Arc::new(server), messages),
        Err(e) => {
            sd_journal::warning(format_args!("no notifications: the session bus cannot be used: {e}"));
            return;
        }
    };
    let listening = server.listen(messages, &tell);
    smol::future::or(drive(&server, &tell, &told), listening).await;
}

/// Steps the board, until it was told to stop and nothing of it stands any more.
async fn drive(server: &Arc<Server>, tell: &Sender<Event>, told: &Receiver<Event>) {
    let mut board = Board::default();
    let mut flight: Option<Task<()>> = None;
    let mut stopping = false;
    loop {
        let next = board.next(Instant::now());
        let clock = async {
            match next {
                Some(next) => drop(Timer::at(next).await),
                None => smol::future::pending().await,
            }
            Some(Event::Clock)
        };
        let Some(event) = smol::future::or(async { told.recv().await.ok() }, clock).await else { return };
        stopping |= matches!(event, Event::Stop);
        for act in board.step(Instant::now(), event) {
            match act {
                Act::Close(number) => server.close(number).await,
                Act::Raise { call, replaces, notice } => {
                    let (server, tell) = (Arc::clone(server), tell.clone());
                    // The one before it has been answered, or was for a server that is gone.
                    flight = Some(smol::spawn(async move {
                        let number = server.raise(replaces, notice).await;
                        let _ = tell.send(Event::Raised { call, number }).await;
                    }));
                }
            }
        }
        if stopping && !board.in_flight() {
            drop(flight);
            return;
        }
    }
}
