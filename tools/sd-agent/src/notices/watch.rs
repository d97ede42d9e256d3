//! The gate's signals, followed for as long as we live: over restarts of the gate and of the bus.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_io::Timer;
use sd_client::{Event as Told, Failure, Gate, Watch};
use sd_sys::process::start_of;
use sd_wire::id::AskId;
use smol::channel::Sender;

use super::board::Event;
use super::look::look;
use super::words::{Ask, needs_a_key};

/// Between two attempts to reach a bus or a gate that does not let us listen.
const AGAIN: Duration = Duration::from_secs(5);
/// How often it is looked whether those who ask still live: what a gate that has died passed on ends with them.
const ROUND: Duration = Duration::from_secs(3);

/// A process that asked for something.
struct Stranger {
    id: AskId,
    pid: i32,
    start: u64,
}

/// Tells the board of every ask that other programs make; ends when nobody listens.
pub(crate) async fn follow(tell: &Sender<Event>) {
    let mut strangers = Vec::new();
    let mut complained = false;
    while !tell.is_closed() {
        let Err(why) = follow_one(tell, &mut strangers, &mut complained).await else { return };
        if !std::mem::replace(&mut complained, true) {
            sd_journal::warning(format_args!("other programs' asks are not told of: {why}"));
        }
        if tell.send(Event::GateGone).await.is_err() {
            return;
        }
        Timer::after(AGAIN).await;
    }
}

async fn follow_one(
    tell: &Sender<Event>,
    strangers: &mut Vec<Stranger>,
    complained: &mut bool,
) -> Result<(), Failure> {
    let gate = Gate::connect_here().await?;
    smol::spawn(gate.turn()).detach();
    let mut watch = Watch::start(gate).await?;
    loop {
        let round = async {
            if strangers.is_empty() {
                smol::future::pending::<()>().await;
            }
            Timer::after(ROUND).await;
            Ok(None)
        };
        let told = smol::future::or(async { watch.next().await.map(Some) }, round).await?;
        let events = match told {
            None => gone(strangers),
            Some(Told::Here { waiting }) => {
                *complained = false;
                sd_journal::info("the gate tells of every ask");
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let asks = waiting.into_iter().filter_map(|it| {
                    let ago = now.saturating_sub(Duration::from_secs(it.since));
                    asked(strangers, it.id, it.kind, it.pid, ago)
                });
                std::iter::once(Event::GateCame).chain(asks).collect()
            }
            Some(Told::Gone) => vec![Event::GateGone],
            Some(Told::Created { id, kind, pid }) => {
                asked(strangers, id, kind, pid, Duration::ZERO).into_iter().collect()
            }
            Some(Told::Says { id, says }) => vec![Event::Says { id, says }],
            Some(Told::Resolved { id, .. }) => {
                strangers.retain(|stranger| stranger.id != id);
                vec![Event::Ended(id)]
            }
        };
        for event in events {
            if tell.send(event).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// Another program's ask that needs a person. Our own are told by the very requests, which know for whom they are.
fn asked(strangers: &mut Vec<Stranger>, id: AskId, kind: String, pid: u32, ago: Duration) -> Option<Event> {
    if pid == std::process::id() || !needs_a_key(&kind) {
        return None;
    }
    let (who, start) = look(pid, None);
    if let (Some(start), Ok(pid)) = (start, i32::try_from(pid)) {
        strangers.push(Stranger { id: id.clone(), pid, start });
    }
    Some(Event::Created { ask: Ask { id, kind, who, says: None }, ago, heard: false })
}

/// Those that have ended since, and with them their asks: nobody holds the sink any more.
fn gone(strangers: &mut Vec<Stranger>) -> Vec<Event> {
    let mut events = Vec::new();
    strangers.retain(|stranger| {
        let lives = start_of(stranger.pid).is_ok_and(|start| start == stranger.start);
        if !lives {
            events.push(Event::Ended(stranger.id.clone()));
        }
        lives
    });
    events
}
