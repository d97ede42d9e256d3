//! Chromium, which deletes what it cannot decrypt.
//!
//! Its cookies are encrypted with a key from the Secret Service. Whatever comes instead of the key, a dismissed prompt, an
//! error, no such item, it takes for final: it deletes every cookie while it starts, and is signed out everywhere. An
//! answer that does not come leaves them where they are (tried with Chromium 156, sixteen ways of saying no;
//! chromium.org/533891234). So it is told yes or nothing: its prompt stands until somebody says yes or it ends.
//!
//! Its client is known by how it asks: a plain session, and a search by `application` alone.

use std::time::{Duration, Instant};

use async_io::Timer;
use sd_cipher::Cipher;
use sd_client::Failure;
use sd_wire::deadline::QUIET;
use sd_wire::outcome::What;
use sd_wire::path::ItemPath;
use zbus::names::OwnedUniqueName;

use crate::desk::Desk;

/// Between an ask that expired and the next.
const PAUSE: Duration = Duration::from_millis(500);
/// Longer than a no is remembered.
const AFTER_A_NO: Duration = Duration::from_secs(6);

/// Whether a connection asks for these items as Chromium does for its key.
pub(crate) fn asks(desk: &Desk, sender: &OwnedUniqueName, items: &[ItemPath]) -> bool {
    let [item] = items else { return false };
    let seen = desk.seen(sender, item);
    let plain = desk.seat(sender, |seat| {
        let mut ciphers = seat.sessions.values();
        !seat.sessions.is_empty() && ciphers.all(|cipher| matches!(**cipher, Cipher::Plain))
    });
    plain == Some(true) && seen.attributes.keys().map(String::as_str).eq(["application"])
}

/// Asks until the answer is yes: again when an ask has expired, for then nobody has said no; after a no or a failure not
/// again. It ends with the prompt that it is for.
pub(crate) async fn until_approved<T, F>(mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut started_anew = false;
    loop {
        let asked = Instant::now();
        match ask().await {
            Ok(answer) => return answer,
            Err(Failure::Ended(What::Expired {})) => {
                sd_journal::info(format_args!("a browser's ask for its key has expired, and is asked again"));
                Timer::after(PAUSE).await;
            }
            // Sooner than anybody can press a key: a no to the same a moment ago. Who starts a browser again wants to be
            // asked.
            Err(Failure::Ended(What::Denied {})) if asked.elapsed() < QUIET && !started_anew => {
                started_anew = true;
                Timer::after(AFTER_A_NO).await;
            }
            Err(failure) => {
                sd_journal::info(format_args!(
                    "a browser is not told that it may not have its key, as it would delete its cookies; it waits \
                     until it is ended: {failure}"
                ));
                std::future::pending::<()>().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use smol::block_on;

    use super::*;

    /// What comes of asking, of which nothing is waited for longer than this test takes.
    fn comes_of(answers: &[fn() -> Result<u8, Failure>]) -> (Option<u8>, usize) {
        let asked = Cell::new(0);
        let ask = || {
            let answer = answers.get(asked.get()).map_or(Ok(0), |answer| answer());
            asked.set(asked.get() + 1);
            async move { answer }
        };
        let late = async {
            Timer::after(PAUSE * 4).await;
            None
        };
        let came = block_on(smol::future::or(async { Some(until_approved(ask).await) }, late));
        (came, asked.get())
    }

    #[test]
    fn an_ask_that_expired_is_asked_again_until_the_answer_is_yes() {
        let expired = || Err(Failure::Ended(What::Expired {}));
        assert_eq!(comes_of(&[expired, expired, || Ok(7)]), (Some(7), 3));
    }

    #[test]
    fn an_ask_that_was_denied_is_not_asked_again_and_gets_no_answer() {
        let denied_by_a_key = || {
            std::thread::sleep(QUIET);
            Err(Failure::Ended(What::Denied {}))
        };
        assert_eq!(comes_of(&[denied_by_a_key]), (None, 1));
        assert_eq!(comes_of(&[|| Err(Failure::Absent)]), (None, 1));
    }
}
