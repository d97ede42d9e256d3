//! Who is who: the uids of the roles, written by provisioning into one file that every tool reads.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::line::Words;

/// The most bytes that the parties file may have.
pub const MAX_FILE: usize = 4096;

/// No process has this uid: setuid(2) takes it for none.
pub const NOBODY: u32 = u32::MAX;

/// The uid of each role that serves one desktop user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parties {
    /// The desktop user: the only one that may ask.
    pub desktop: u32,
    /// `sd-gate`: the only one that may file an ask.
    pub gate: u32,
    /// `sd-decide`: the only one that may order.
    pub decide: u32,
    /// The companion, who runs `sd-fetch` and `sd-sign`: the only one that may grant.
    pub companion: u32,
    /// `sd-audit`: the only one whose word that something is recorded is believed. `None` where provisioning was of a
    /// version without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<u32>,
}

impl Words for Parties {
    const NAME: &'static str = "parties";
}

/// A part in the pipeline, as a uid proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `sd-gate`.
    Gate,
    /// `sd-decide`.
    Decide,
    /// `sd-fetch` or `sd-sign`.
    Companion,
    /// `sd-audit`.
    Audit,
}

impl Parties {
    /// The uid of a role; [`NOBODY`] for one that provisioning has given to nobody.
    #[must_use]
    pub fn uid(&self, role: Role) -> u32 {
        match role {
            Role::Gate => self.gate,
            Role::Decide => self.decide,
            Role::Companion => self.companion,
            Role::Audit => self.audit.unwrap_or(NOBODY),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gate => "gate",
            Self::Decide => "decide",
            Self::Companion => "companion",
            Self::Audit => "audit",
        })
    }
}
