//! Which repository and branch git is at work in, as far as its files say. Claims: best effort, and no error.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The most that is read of a file of git's, in bytes.
const MOST: u64 = 4096;

/// What can be said of the place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Repository {
    /// The working tree, or the repository itself where there is none.
    pub(crate) folder: PathBuf,
    /// The branch; `None` for a detached HEAD.
    pub(crate) branch: Option<String>,
}

/// The repository that git works in, by its environment (git(1), GIT_DIR) or by the working directory.
pub(crate) fn here() -> Option<Repository> {
    let here = std::env::current_dir().ok()?;
    let set =
        |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(|value| here.join(value));
    match set("GIT_DIR") {
        Some(git) => {
            let folder = set("GIT_WORK_TREE").or_else(|| worktree_of(&git)).unwrap_or_else(|| git.clone());
            Some(Repository { folder, branch: branch(&git) })
        }
        None => above(&here),
    }
}

fn above(here: &Path) -> Option<Repository> {
    here.ancestors().find_map(|folder| {
        let git = git_folder(&folder.join(".git"))?;
        Some(Repository { folder: folder.to_owned(), branch: branch(&git) })
    })
}

/// `.git` is a folder, or in linked working trees and submodules a file that says where it is.
fn git_folder(dot_git: &Path) -> Option<PathBuf> {
    if dot_git.is_dir() {
        return Some(dot_git.to_owned());
    }
    let text = beginning(dot_git)?;
    let folder = text.strip_prefix("gitdir:")?.trim();
    Some(dot_git.parent()?.join(folder))
}

fn worktree_of(git: &Path) -> Option<PathBuf> {
    let git = git.canonicalize().ok()?;
    (git.file_name()? == ".git").then(|| git.parent().map(Path::to_owned)).flatten()
}

fn branch(git: &Path) -> Option<String> {
    let head = beginning(&git.join("HEAD"))?;
    head.strip_prefix("ref:")?.trim().strip_prefix("refs/heads/").map(str::to_owned)
}

fn beginning(path: &Path) -> Option<String> {
    // A pipe in the place of the file would keep us waiting for somebody to write into it.
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MOST).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        let git = place.path().join(".git");
        std::fs::create_dir_all(place.path().join("src/deep")).unwrap();
        std::fs::create_dir(&git).unwrap();
        std::fs::write(git.join("HEAD"), "ref: refs/heads/topic/one\n").unwrap();
        place
    }

    #[test]
    fn the_repository_is_found_from_below() {
        let place = repository();
        let found = above(&place.path().join("src/deep")).unwrap();
        assert_eq!(found.folder, place.path());
        assert_eq!(found.branch.as_deref(), Some("topic/one"));
    }

    #[test]
    fn a_linked_working_tree_has_a_branch_of_its_own() {
        let place = repository();
        let linked = place.path().join("linked");
        let git = place.path().join(".git/worktrees/linked");
        std::fs::create_dir_all(&git).unwrap();
        std::fs::create_dir(&linked).unwrap();
        std::fs::write(linked.join(".git"), "gitdir: ../.git/worktrees/linked\n").unwrap();
        std::fs::write(git.join("HEAD"), "ref: refs/heads/other\n").unwrap();
        let found = above(&linked).unwrap();
        assert_eq!((found.folder, found.branch.as_deref()), (linked, Some("other")));
    }

    #[test]
    fn a_detached_head_has_no_branch() {
        let place = repository();
        std::fs::write(place.path().join(".git/HEAD"), "4b825dc642cb6eb9a060e54bf8d69288fbee4904\n").unwrap();
        assert_eq!(above(place.path()).unwrap().branch, None);
    }
}
