//! How long each stage waits. Deadlines nest: whoever waits for another waits longer than the other may take,
//! so the one closest to the fault names it.

use std::time::Duration;

/// One call to the backend or to gpg-agent's engine.
pub const BACKEND_CALL: Duration = Duration::from_secs(10);
/// One order in a worker, all its backend calls together.
pub const WORKER: Duration = Duration::from_secs(20);
/// Bytes between a requester and a worker: the upload of a secret that is to be stored, and an outcome's body.
pub const UPLOAD: Duration = Duration::from_secs(5);
/// How long `sd-decide` waits for a worker's note: an order, an upload within it, and the outcome's body after it.
pub const DECIDE_WAITS: Duration = Duration::from_secs(35);
/// How long a passphrase prompt may stand on the screen.
pub const PASSPHRASE: Duration = Duration::from_secs(120);
/// The most passphrase prompts of one order: gpg-agent gives up after three.
pub const PASSPHRASES: u32 = 3;
/// One order in a worker that may have to ask for a passphrase first.
pub const WORKER_ASKS: Duration = Duration::from_secs(400);
/// How long `sd-decide` waits for the note of such an order.
pub const DECIDE_WAITS_ASKS: Duration = Duration::from_secs(415);
/// One import in a worker: gnome-keyring, which writes its whole file for every item, stores one among 10,000 in a fifth
/// of a second.
pub const WORKER_IMPORT: Duration = Duration::from_secs(300);
/// How long `sd-decide` waits for the note of an import.
pub const DECIDE_WAITS_IMPORT: Duration = Duration::from_secs(330);
/// How long `sd-decide` waits until what is to be done is in the record: `sd-audit` may have to be started, and a disk
/// that sleeps to wake up.
pub const RECORD: Duration = Duration::from_secs(10);
/// How long it waits where a requester waits for no key: below [`WITHOUT_KEYPRESS`], so that the requester hears why.
pub const RECORD_BRIEF: Duration = Duration::from_millis(1500);
/// How long an ask may stand on the screen unless configured otherwise.
pub const ASK: Duration = Duration::from_secs(300);
/// The longest that it may be configured to stand there.
pub const ASK_MOST: Duration = Duration::from_secs(900);
/// How long a requester listens at its sink: describing, the screen, releasing; unlocking takes two orders.
pub const REQUESTER: Duration = Duration::from_secs(1800);
/// How long a requester listens for something that needs no keypress. Below the 2 s that the least patient
/// Secret Service client allows a call.
pub const WITHOUT_KEYPRESS: Duration = Duration::from_millis(1800);
/// No key for this long, and then a key may settle an ask.
pub const QUIET: Duration = Duration::from_millis(700);
/// How long a yes to a Secret Service prompt serves the reads that follow it.
pub const ACCESS: Duration = Duration::from_secs(10);

/// How long a yes to a prompt for so many items serves the reads that follow it: [`ACCESS`], and a second more for each
/// ten items over 64, since the reads come one by one.
#[must_use]
pub fn access(items: usize) -> Duration {
    let more = items.saturating_sub(64).div_ceil(10);
    ACCESS + Duration::from_secs(u64::try_from(more).unwrap_or(u64::MAX))
}

/// How long `sd-decide` waits for the record, where a person settles the ask or not.
#[must_use]
pub fn record(by_key: bool) -> Duration {
    if by_key { RECORD } else { RECORD_BRIEF }
}

const _: () = assert!(BACKEND_CALL.as_millis() < WORKER.as_millis());
const _: () = assert!(UPLOAD.as_millis() + BACKEND_CALL.as_millis() < WORKER.as_millis());
const _: () = assert!(WORKER.as_millis() + 2 * UPLOAD.as_millis() < DECIDE_WAITS.as_millis());
const _: () = assert!(WORKER_IMPORT.as_millis() + 2 * UPLOAD.as_millis() < DECIDE_WAITS_IMPORT.as_millis());
const _: () = assert!(
    ASK_MOST.as_millis() + RECORD.as_millis() + 2 * DECIDE_WAITS_IMPORT.as_millis() < REQUESTER.as_millis()
);
const _: () = assert!(RECORD_BRIEF.as_millis() < WITHOUT_KEYPRESS.as_millis());
const _: () = assert!(ASK.as_millis() <= ASK_MOST.as_millis());
const _: () =
    assert!(PASSPHRASE.as_millis() * 3 + WORKER.as_millis() <= WORKER_ASKS.as_millis() && PASSPHRASES == 3);
const _: () = assert!(WORKER_ASKS.as_millis() + 2 * UPLOAD.as_millis() < DECIDE_WAITS_ASKS.as_millis());
const _: () = assert!(
    ASK_MOST.as_millis() + RECORD.as_millis() + DECIDE_WAITS.as_millis() + 2 * DECIDE_WAITS_ASKS.as_millis()
        < REQUESTER.as_millis()
);
