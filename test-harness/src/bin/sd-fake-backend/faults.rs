//! Which fault it has now: one for its whole life, or what a file says each time.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::Fault;

#[derive(Clone)]
pub(crate) struct Faults {
    fixed: Fault,
    file: Option<PathBuf>,
}

impl Faults {
    pub(crate) fn new(fixed: Fault, file: Option<PathBuf>) -> Self {
        Self { fixed, file }
    }

    pub(crate) fn now(&self) -> Fault {
        let Some(file) = &self.file else { return self.fixed };
        let word = std::fs::read_to_string(file).unwrap_or_default();
        Fault::from_str(word.trim(), false).unwrap_or(Fault::None)
    }
}
