//! The files that a commit changes, as git tells them. Claims: best effort, bounded, and no error.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use sd_wire::bounded::{List, Text};
use sd_wire::claims::ChangedFile;

/// How long git may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most that is read of what git says, in bytes.
const MOST_READ: u64 = 1024 * 1024;
/// The most files that a claim can hold.
const MOST_FILES: usize = 500;
/// The most bytes that they may take in a line of the wire, which is 64 KiB with all else that is in it.
const MOST_BYTES: usize = 40 * 1024;

/// Files, and how many more there are.
pub(crate) type Changed = (List<ChangedFile, MOST_FILES>, u32);

/// What the commit in `payload` changes against its first parent; nothing for a tag or a push certificate.
pub(crate) fn files(payload: &[u8]) -> Changed {
    trees(payload)
        .and_then(|(from, to)| ask_git(&from, &to))
        .map_or_else(Changed::default, |said| parse(&said))
}

/// The first parent and the tree that a commit names; the empty tree stands for the parent of a root commit.
pub(crate) fn trees(payload: &[u8]) -> Option<(String, String)> {
    let mut header = payload.split(|b| *b == b'\n').take_while(|line| !line.is_empty());
    let tree = id(header.next()?.strip_prefix(b"tree ")?)?;
    let parent = match header.next().and_then(|line| line.strip_prefix(b"parent ")) {
        Some(parent) => id(parent)?,
        None => empty_tree(&tree).to_owned(),
    };
    Some((parent, tree))
}

/// Only what cannot be taken for an option, or for a path.
fn id(untrusted: &[u8]) -> Option<String> {
    let hex = untrusted.iter().all(u8::is_ascii_hexdigit);
    (hex && matches!(untrusted.len(), 40 | 64)).then(|| String::from_utf8_lossy(untrusted).into_owned())
}

/// The id of the tree with nothing in it, which every repository knows.
fn empty_tree(same_kind: &str) -> &'static str {
    if same_kind.len() == 40 {
        "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    } else {
        "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
    }
}

fn ask_git(from: &str, to: &str) -> Option<Vec<u8>> {
    let mut git = Command::new("git")
        .args(["diff-tree", "-r", "--name-status", "--no-renames", "-z", from, to])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let said = git.stdout.take()?;
    let (done, answer) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = said.take(MOST_READ).read_to_end(&mut bytes);
        // Nobody listens any more when it took too long.
        let _ = done.send(read.is_ok().then_some(bytes));
    });
    let answer = answer.recv_timeout(PATIENCE).ok().flatten();
    // Ended already, or too slow, or with more to say than is read.
    let _ = git.kill();
    let _ = git.wait();
    answer
}

/// `status NUL path NUL` for each file. A last entry that was cut off is left out.
pub(crate) fn parse(said: &[u8]) -> Changed {
    let mut fields: Vec<&[u8]> = said.split(|b| *b == 0).collect();
    fields.pop();
    let (mut files, mut room, mut omitted) = (Vec::new(), MOST_BYTES, 0u32);
    for pair in fields.chunks_exact(2) {
        let [status, path] = pair else { continue };
        let file = ChangedFile {
            status: Text::clipped(&String::from_utf8_lossy(status)),
            path: Text::clipped(&String::from_utf8_lossy(path)),
        };
        match room.checked_sub(size(&file)) {
            Some(left) if files.len() < MOST_FILES && omitted == 0 => {
                room = left;
                files.push(file);
            }
            _ => omitted = omitted.saturating_add(1),
        }
    }
    (List::new(files).unwrap_or_default(), omitted)
}

/// How many bytes a file takes in a line of JSON.
fn size(file: &ChangedFile) -> usize {
    let escaped = |b: u8| match b {
        0..=0x1f => 6,
        b'"' | b'\\' => 2,
        _ => 1,
    };
    let text: usize = file.status.bytes().chain(file.path.bytes()).map(escaped).sum();
    text + r#"{"status":"","path":""},"#.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "1111111111111111111111111111111111111111";
    const B: &str = "2222222222222222222222222222222222222222";

    #[test]
    fn a_commit_is_compared_with_its_first_parent() {
        let payload = format!("tree {A}\nparent {B}\nparent {A}\nauthor x\n\nparent {A}\n");
        assert_eq!(trees(payload.as_bytes()), Some((B.to_owned(), A.to_owned())));
        let root = format!("tree {A}\nauthor x\n\nparent {B}\n");
        assert_eq!(trees(root.as_bytes()), Some((empty_tree(A).to_owned(), A.to_owned())));
    }

    #[test]
    fn what_is_no_commit_has_no_files() {
        for payload in [
            format!("object {A}\ntype commit\n"),
            format!("\ntree {A}\n"),
            "tree --output=/tmp/x\n\n".to_owned(),
            format!("tree {A}\nparent --all\n\n"),
            String::new(),
        ] {
            assert_eq!(trees(payload.as_bytes()), None, "{payload}");
        }
    }

    #[test]
    fn files_are_read_by_twos_and_a_cut_one_is_left_out() {
        let (files, omitted) = parse(b"M\0a file\0A\0new\nline\0D\0cut of");
        let files: Vec<_> = files.iter().map(|file| (file.status.as_str(), file.path.as_str())).collect();
        assert_eq!((files, omitted), (vec![("M", "a file"), ("A", "new\nline")], 0));
        assert!(parse(b"").0.is_empty());
    }

    #[test]
    fn more_files_than_fit_are_counted() {
        let said: Vec<u8> = (0..700).flat_map(|n| format!("M\0{n}\0").into_bytes()).collect();
        let (files, omitted) = parse(&said);
        assert_eq!((files.len(), omitted), (500, 200));
        let long: Vec<u8> =
            (0..100).flat_map(|_| format!("M\0{}\0", "\x01".repeat(1000)).into_bytes()).collect();
        let (files, omitted) = parse(&long);
        assert_eq!((files.len(), omitted), (6, 94));
    }
}
