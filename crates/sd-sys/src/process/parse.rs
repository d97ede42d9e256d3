//! The formats of `/proc/<pid>/…` (proc(5)), read as what they are: text that the process itself
//! has a hand in.

use std::str;

/// The fields that we want of `/proc/<pid>/stat`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// Field 2, without its parentheses; what is not UTF-8 is replaced.
    pub comm: String,
    /// Field 4.
    pub ppid: i32,
    /// Field 6: the leader of its session (setsid(2)).
    pub session: i32,
    /// Field 7, decoded by [`terminal`].
    pub tty: Option<String>,
    /// Field 22, in clock ticks since boot.
    pub start: u64,
}

/// Reads the content of `/proc/<pid>/stat`; `None` when it is not that.
pub fn stat(content: &[u8]) -> Option<Stat> {
    // The name may hold spaces, parentheses, line breaks: only the last parenthesis is the kernel's.
    let open = content.iter().position(|byte| *byte == b'(')?;
    let close = content.iter().rposition(|byte| *byte == b')')?;
    let comm = content.get(open.checked_add(1)?..close)?;
    let rest = str::from_utf8(content.get(close.checked_add(1)?..)?).ok()?;
    // Field 3 is the first after the name.
    let fields: Vec<&str> = rest.split_ascii_whitespace().take(20).collect();
    Some(Stat {
        comm: String::from_utf8_lossy(comm).into_owned(),
        ppid: fields.get(1)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        tty: terminal(fields.get(4)?.parse().ok()?),
        start: fields.get(19)?.parse().ok()?,
    })
}

/// The name of the terminal with this `tty_nr`: `tty2`, `ttyS0`, `pts/3`, `console`, or the two
/// numbers `major:minor`; `None` for none.
pub fn terminal(tty_nr: i32) -> Option<String> {
    // Bits 31-20 and 7-0 are the minor number, 19-8 the major one.
    let bits = u32::from_ne_bytes(tty_nr.to_ne_bytes());
    let major = (bits >> 8) & 0xfff;
    let minor = (bits & 0xff) | ((bits >> 12) & 0xf_ff00);
    match (major, minor) {
        (0, 0) => None,
        (4, 0..=63) => Some(format!("tty{minor}")),
        (4, _) => Some(format!("ttyS{}", minor - 64)),
        (5, 1) => Some("console".to_owned()),
        (136, _) => Some(format!("pts/{minor}")),
        _ => Some(format!("{major}:{minor}")),
    }
}

/// The arguments in the content of `/proc/<pid>/cmdline`: none for a kernel thread or a zombie.
pub fn arguments(cmdline: &[u8]) -> Vec<Vec<u8>> {
    let content = cmdline.strip_suffix(b"\0").unwrap_or(cmdline);
    if content.is_empty() && cmdline.len() < 2 {
        return Vec::new();
    }
    content.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
}

/// The path in the unified hierarchy in the content of `/proc/<pid>/cgroup`, or in systemd's own
/// where there is no unified one.
pub fn control_group(content: &[u8]) -> Option<String> {
    let lines = || content.split(|byte| *byte == b'\n');
    let unified = lines().find_map(|line| line.strip_prefix(b"0::"));
    let path = match unified {
        Some(path) if path.len() > 1 => path,
        _ => lines().find_map(systemd_hierarchy).or(unified)?,
    };
    Some(String::from_utf8_lossy(path).into_owned())
}

fn systemd_hierarchy(line: &[u8]) -> Option<&[u8]> {
    let mut parts = line.splitn(3, |byte| *byte == b':');
    let (_number, name, path) = (parts.next()?, parts.next()?, parts.next()?);
    (name == b"name=systemd").then_some(path)
}

/// The logind session that a control group belongs to.
///
/// Only in the place where logind itself puts it: below `user@<uid>.service` a user can make groups
/// of any name.
pub fn session(cgroup: &str) -> Option<String> {
    let mut parts = cgroup.strip_prefix('/')?.split('/');
    if parts.next()? != "user.slice" {
        return None;
    }
    let user = parts.next()?.strip_prefix("user-")?.strip_suffix(".slice")?;
    let id = parts.next()?.strip_prefix("session-")?.strip_suffix(".scope")?;
    let numeric = !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_digit());
    let plain = !id.is_empty() && id.len() <= 32 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (numeric && plain).then(|| id.to_owned())
}
