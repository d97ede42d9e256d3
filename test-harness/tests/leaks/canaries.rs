//! The secrets that are looked for.

use std::time::{SystemTime, UNIX_EPOCH};

use test_harness::chaos::dice::Dice;

/// A flow each.
pub(crate) const FLOWS: &[&str] = &[
    "stored",
    "replaced",
    "uploaded",
    "imported",
    "deleted",
    "denied",
    "plain",
    "plain-set",
    "key-passphrase",
    "wrong-passphrase",
    "dismissed-passphrase",
    "keyring-password",
    "typed-by-accident",
    "lost",
    "half-typed",
];
/// Of a block of the ciphers, so that what a cipher leaves behind of one is found.
const BLOCK: usize = 16;
const LENGTH: usize = 3 * BLOCK;

/// A secret for each flow: letters and digits, put together at run time so that no executable holds them.
#[derive(Clone)]
pub(crate) struct Canaries {
    all: Vec<(&'static str, String)>,
    needles: Vec<(usize, Vec<u8>)>,
    begins: Vec<Vec<usize>>,
}

impl Canaries {
    pub(crate) fn new() -> Self {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let mut dice =
            Dice::new(u64::try_from(time % u128::from(u64::MAX)).unwrap(), std::process::id().into());
        let letters: Vec<char> = ('a'..='z').chain('2'..='9').collect();
        let all: Vec<_> = FLOWS
            .iter()
            .map(|flow| (*flow, (0..LENGTH).map(|_| dice.one(&letters, 'a')).collect::<String>()))
            .collect();
        let mut needles = Vec::new();
        for (place, (_, text)) in all.iter().enumerate() {
            let bytes = text.as_bytes();
            // A third of it is as good as all of it: each block, and what a block leaves that begins elsewhere.
            needles.extend(bytes.chunks(BLOCK).map(|block| (place, block[..12].to_vec())));
            // As hexadecimal digits, and as UTF-16.
            needles.push((
                place,
                bytes[..8].iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect(),
            ));
            needles.push((place, bytes[..8].iter().flat_map(|byte| [*byte, 0]).collect()));
        }
        let mut begins = vec![Vec::new(); 1 << 16];
        for (n, (_, needle)) in needles.iter().enumerate() {
            begins[usize::from(u16::from_be_bytes([needle[0], needle[1]]))].push(n);
        }
        Self { all, needles, begins }
    }

    /// That of a flow.
    pub(crate) fn of(&self, flow: &str) -> &str {
        &self.all.iter().find(|(name, _)| *name == flow).unwrap().1
    }

    /// The flows whose canaries, or parts of them, are in this.
    pub(crate) fn among(&self, bytes: &[u8]) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for (at, pair) in bytes.windows(2).enumerate() {
            let begins = &self.begins[usize::from(u16::from_be_bytes([pair[0], pair[1]]))];
            for (place, needle) in begins.iter().map(|n| &self.needles[*n]) {
                let flow = self.all[*place].0;
                if bytes[at..].starts_with(needle) && !found.iter().any(|one| one == flow) {
                    found.push(flow.to_owned());
                }
            }
        }
        found
    }
}
