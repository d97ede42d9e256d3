//! The record behind the service: open, or to be opened again.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sd_start::NotServing;
use sd_wire::record::Unwritten;

use crate::chain::{Bounds, Chain, Closed};
use crate::entry::Told;

/// After a failure the record is opened anew at most this often: whoever asks meanwhile hears of the same failure.
const AGAIN: Duration = Duration::from_millis(200);

/// The record, open or to be opened again.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) folder: PathBuf,
    bounds: Bounds,
    pub(crate) chain: Option<Chain>,
    /// Why it is not open, and since when.
    failed: Option<(Unwritten, Instant)>,
}

impl Keeper {
    /// Opens it.
    pub(crate) fn open(folder: &Path, bounds: Bounds) -> Result<Self, NotServing> {
        let (chain, failed) = match Chain::open(folder, bounds) {
            Ok(chain) => (Some(chain), None),
            // May pass: whoever asks is told so, instead of nothing.
            Err(Closed::Full) => {
                sd_journal::error(Closed::Full);
                (None, Some((Unwritten::Full, Instant::now())))
            }
            Err(why @ Closed::NoKey) => return Err(NotServing::Misconfigured(why.to_string())),
            Err(why @ Closed::NoState) => return Err(NotServing::Invalid(why.to_string())),
            Err(why) => return Err(NotServing::Unavailable(why.to_string())),
        };
        Ok(Self { folder: folder.to_owned(), bounds, chain, failed })
    }

    /// Writes these; the number of the first one.
    pub(crate) fn write(&mut self, told: Vec<Told>) -> Result<u64, Unwritten> {
        self.chain()?.write(told).inspect_err(|why| {
            // Opened anew with the next one, which holds it against what was written last.
            self.chain = None;
            self.failed = Some((*why, Instant::now()));
        })
    }

    /// Brings what was written last onto the disk.
    pub(crate) fn settle(&mut self) {
        if let Some(Err(why)) = self.chain.as_mut().map(Chain::settle) {
            self.chain = None;
            self.failed = Some((why, Instant::now()));
        }
    }

    fn chain(&mut self) -> Result<&mut Chain, Unwritten> {
        if self.chain.is_none() {
            let recent =
                |(why, since): &(Unwritten, Instant)| *why != Unwritten::Changed && since.elapsed() < AGAIN;
            if let Some((why, _)) = self.failed.filter(recent) {
                return Err(why);
            }
            match Chain::open(&self.folder, self.bounds) {
                Ok(chain) => {
                    self.failed = None;
                    self.chain = Some(chain);
                }
                Err(why) => {
                    sd_journal::error(&why);
                    let why = if matches!(why, Closed::Full) { Unwritten::Full } else { Unwritten::Broken };
                    self.failed = Some((why, Instant::now()));
                    return Err(why);
                }
            }
        }
        self.chain.as_mut().ok_or(Unwritten::Broken)
    }
}
