//! What undermines the promises on the machine as a whole.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::setup::check::line::Line;
use crate::setup::site::Site;
use crate::setup::step::Found;

const PTRACE: &str = "/proc/sys/kernel/yama/ptrace_scope";

/// All of it.
pub(crate) fn lines(site: &Site) -> Vec<Line> {
    if !site.live {
        return Vec::new();
    }
    vec![ptrace(&fs::read_to_string(PTRACE).ok()), tiocsti(), swap()]
}

fn ptrace(scope: &Option<String>) -> Line {
    let found = match scope.as_deref().map(str::trim) {
        None => Found::Skipped("this kernel has no Yama".into()),
        Some("0") => Found::Lacking(
            "kernel.yama.ptrace_scope is 0: every program of the user can read the memory of all the others, and act as \
             them"
                .into(),
        ),
        Some(_) => Found::Good,
    };
    Line {
        name: "ptrace",
        what: "no program of the user reads the memory of another".into(),
        found,
        mend: "echo kernel.yama.ptrace_scope=1 > /etc/sysctl.d/60-ptrace.conf && sysctl --system".into(),
    }
}

fn tiocsti() -> Line {
    let value = fs::read_to_string("/proc/sys/dev/tty/legacy_tiocsti").ok();
    let found = match value.as_deref().map(str::trim) {
        None => Found::Skipped("this kernel has no such switch (Linux 6.2 has)".into()),
        Some("0") => Found::Good,
        Some(_) => Found::Lacking(
            "dev.tty.legacy_tiocsti is 1: a program can type into the terminal that it runs on, as sudo's for example"
                .into(),
        ),
    };
    Line {
        name: "tiocsti",
        what: "no program types into its terminal".into(),
        found,
        mend: "sysctl dev.tty.legacy_tiocsti=0; look for who sets it in /etc/sysctl.d".into(),
    }
}

fn swap() -> Line {
    let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default();
    let bare: Vec<&str> = used(&swaps).filter(|place| !is_encrypted(Path::new(place))).collect();
    let first = bare.first().copied().unwrap_or_default();
    Line {
        name: "swap",
        what: "what is swapped out is encrypted, or stays in memory".into(),
        found: if bare.is_empty() {
            Found::Good
        } else {
            Found::Lacking(format!(
                "{} is swap without encryption: secrets in memory may be written there",
                bare.join(", ")
            ))
        },
        mend: format!("swapoff {first}; encrypt it by a line in /etc/crypttab (crypttab(5), option swap)"),
    }
}

/// proc(5): a heading, then a place a line.
fn used(swaps: &str) -> impl Iterator<Item = &str> {
    swaps.lines().skip(1).filter_map(|line| line.split_whitespace().next())
}

/// Whether every block device below it ends in one of dm-crypt; compressed memory is none at all.
fn is_encrypted(place: &Path) -> bool {
    let place = fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
    let Ok(about) = fs::metadata(&place) else { return false };
    // A file lies on the device of its file system.
    let device = if about.is_file() { about.dev() } else { about.rdev() };
    let numbers = format!("{}:{}", nix::sys::stat::major(device), nix::sys::stat::minor(device));
    let entry = Path::new("/sys/dev/block").join(numbers);
    fs::canonicalize(entry).is_ok_and(|device| covered(&device, 0))
}

fn covered(device: &Path, depth: u8) -> bool {
    let name = device.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let dm = fs::read_to_string(device.join("dm/uuid")).unwrap_or_default();
    if name.starts_with("zram") || dm.starts_with("CRYPT-") {
        return true;
    }
    let below: Vec<_> = fs::read_dir(device.join("slaves"))
        .map(|all| all.filter_map(Result::ok).filter_map(|it| fs::canonicalize(it.path()).ok()).collect())
        .unwrap_or_default();
    depth < 8 && !below.is_empty() && below.iter().all(|it| covered(it, depth + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_swap_are_the_first_words_after_the_heading() {
        let swaps = "Filename\t\t\t\tType\t\tSize\n/dev/dm-1 partition\t1\t0\t-2\n/swap file 1 0 -3\n";
        assert_eq!(used(swaps).collect::<Vec<_>>(), ["/dev/dm-1", "/swap"]);
        assert_eq!(used("Filename\n").count(), 0);
    }

    #[test]
    fn swap_is_covered_by_a_layer_of_dm_crypt_at_any_depth_below_it() {
        let sys = tempfile::tempdir().unwrap();
        let device = |name: &str, uuid: &str, below: &[&str]| {
            let path = sys.path().join(name);
            fs::create_dir_all(path.join("slaves")).unwrap();
            fs::create_dir_all(path.join("dm")).unwrap();
            fs::write(path.join("dm/uuid"), uuid).unwrap();
            for it in below {
                std::os::unix::fs::symlink(sys.path().join(it), path.join("slaves").join(it)).unwrap();
            }
            path
        };
        let bare = device("sda2", "", &[]);
        let crypt = device("dm-0", "CRYPT-LUKS2-x\n", &["sda2"]);
        let volume = device("dm-1", "LVM-x\n", &["dm-0"]);
        let mixed = device("dm-2", "LVM-x\n", &["dm-0", "sda2"]);
        let memory = device("zram0", "", &[]);
        assert!([&crypt, &volume, &memory].iter().all(|it| covered(it, 0)));
        assert!([&bare, &mixed].iter().all(|it| !covered(it, 0)));
    }

    #[test]
    fn only_zero_lets_everybody_trace() {
        assert!(matches!(ptrace(&Some("0\n".into())).found, Found::Lacking(_)));
        assert_eq!(ptrace(&Some("1\n".into())).found, Found::Good);
        assert!(matches!(ptrace(&None).found, Found::Skipped(_)));
    }
}
