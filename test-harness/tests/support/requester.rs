//! The requester's end of an order to sd-fetch: what comes out of the sink, and the secret that it was invited to send.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sd_sys::link::Link;
use sd_wire::fetch::{Note, Order};
use sd_wire::line::Words;
use sd_wire::outcome::{Found, Granted, Listed, Outcome, Upload, What};
use sd_wire::passphrase::Wanted;

use super::companion::{Companion, Person, notes};

const PATIENCE: Duration = Duration::from_secs(30);

impl Companion {
    /// What an order puts into a sink, as its line and the bytes after it; and the notes.
    pub(crate) fn order_with_sink(&self, order: &Order) -> (What, Vec<u8>, Vec<Note>) {
        self.order_with_upload(order, || panic!("a secret was invited"))
    }

    /// What sd-decide is told of an order whose requester is gone already.
    pub(crate) fn order_for_nobody(&self, order: &Order) -> Vec<Note> {
        let (home, sink) = Link::pair().unwrap();
        drop(home);
        let link = Link::connect(&self.at("fetch.sock")).unwrap();
        link.send(&order.to_line().unwrap(), &[sink.as_fd()]).unwrap();
        drop(sink);
        notes(&link)
    }

    /// As [`Companion::order_with_sink`], sending this when a secret is invited.
    pub(crate) fn order_with_upload(
        &self,
        order: &Order,
        secret: impl FnOnce() -> Vec<u8>,
    ) -> (What, Vec<u8>, Vec<Note>) {
        let (home, sink) = Link::pair().unwrap();
        let link = Link::connect(&self.at("fetch.sock")).unwrap();
        link.send(&order.to_line().unwrap(), &[sink.as_fd()]).unwrap();
        drop(sink);
        let until = Instant::now() + PATIENCE;
        let next = || {
            let mut line = home.receive_by(until).unwrap().expect("an outcome");
            (Outcome::from_line(&line.bytes).unwrap().what, line.fds.pop())
        };
        let (mut what, socket) = next();
        if what == (What::Invited {}) {
            let socket = Link::adopt(socket.unwrap()).unwrap();
            let secret = secret();
            let len = secret.len().try_into().unwrap();
            socket.send(&Upload { len }.to_line().unwrap(), &[]).unwrap();
            if !secret.is_empty() {
                socket.send(&secret, &[]).unwrap();
            }
            // The end of it, too, is waited for.
            drop(socket);
            what = next().0;
        }
        let mut body = Vec::new();
        while let Some(packet) = home.receive_by(until).unwrap() {
            body.extend(packet.bytes);
        }
        (what, body, notes(&link))
    }

    /// What an order with a sink comes to with a person at the screen, and what was shown.
    pub(crate) fn order_with_both(&self, order: &Order, person: &[Person]) -> (What, Vec<Wanted>) {
        let over = Arc::new(AtomicBool::new(false));
        let screen = self.screen(person, &over);
        let (what, ..) = self.order_with_sink(order);
        over.store(true, Ordering::SeqCst);
        (what, screen.join().unwrap())
    }

    /// What a search finds.
    pub(crate) fn found(&self, order: &Order) -> Found {
        let (what, body, _) = self.order_with_sink(order);
        assert!(matches!(what, What::Granted(Granted::Found { .. })), "{what:?}");
        serde_json::from_slice(&body).unwrap()
    }

    /// What a list tells.
    pub(crate) fn listed(&self, order: &Order) -> Listed {
        let (what, body, _) = self.order_with_sink(order);
        assert!(matches!(what, What::Granted(Granted::Listed { .. })), "{what:?}");
        serde_json::from_slice(&body).unwrap()
    }
}
