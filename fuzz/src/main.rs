//! The fuzzer: feeds the entry that `SD_FUZZ_TARGET` names, by libFuzzer. Each entry is a function of the module
//! `hostile` of the crate whose parser it is; its seeds are in `seeds/<target>`.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

type Entry = fn(&[u8]);

/// Each target, by the name of its folder of seeds.
const TARGETS: &[(&str, Entry)] = &[
    ("agent", sd_agent::hostile::agent),
    ("agent_says", sd_gpg_agent::hostile::agent_says),
    ("arguments", sd_gpg::hostile::arguments),
    ("assuan", sd_pinentry::hostile::assuan),
    ("certificate", sd_git::hostile::certificate),
    ("claims", sd_gpg::hostile::claims),
    ("commit", sd_git::hostile::commit),
    ("entry", sd_store::hostile::entry),
    ("exchange", sd_cipher::hostile::exchange),
    ("gate", sd_gate::hostile::gate),
    ("keyboard", sd_decide::hostile::keyboard),
    ("names", sd_wire::hostile::names),
    ("packet", sd_sys::hostile::packet),
    ("personal_phrase", sd_decide::hostile::personal_phrase),
    ("printable", sd_wire::hostile::printable),
    ("proc", sd_sys::hostile::proc),
    ("rules", sd_decide::hostile::rules),
    ("sealed", sd_cipher::hostile::sealed),
    ("signing_keys", sd_keys::hostile::signing_keys),
    ("store_files", sd_store::hostile::store_files),
    ("tag", sd_git::hostile::tag),
    ("tree", sd_git::hostile::tree),
    ("wire", sd_wire::hostile::wire),
];

static ENTRY: OnceLock<Entry> = OnceLock::new();

fuzz_target!(
    init: {
        let wanted = std::env::var("SD_FUZZ_TARGET").unwrap_or_default();
        match TARGETS.iter().find(|(name, _)| *name == wanted) {
            Some((_, entry)) => drop(ENTRY.set(*entry)),
            None => {
                eprintln!("sd-fuzz: SD_FUZZ_TARGET is {wanted:?}; there are: {}", TARGETS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" "));
                std::process::exit(64);
            }
        }
    },
    |bytes: &[u8]| ENTRY.get().expect("init has run")(bytes)
);
