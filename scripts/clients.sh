#!/bin/sh
# clients.sh [FOLDER] — gets the applications of the ring `clients` that no package brings ready to run, into FOLDER
# [target/clients]: python's keyring and SecretStorage, and git's credential program for the Secret Service. It says a
# line for each thing that it does. Its output names the modules in test-harness/tests/clients whose clients cannot be had
# here, one a line; why, it says on standard error.
set -eu
cd "$(dirname "$0")"
scripts=$PWD
cd ..
folder=${1:-${CARGO_TARGET_DIR:-target}/clients}

say() { printf 'clients: %s\n' "$*" >&2; }
absent() { # CLIENT WHY MODULE…
    say "no $1: $2"
    shift 2
    printf '%s::\n' "$@" all_at_once
}
no_python() { absent "python's keyring and SecretStorage" "$1" keyring secret_storage git_remote; }
no_git() { absent git-credential-libsecret "$1" git git_remote; }
has() { command -v "$1" >/dev/null 2>&1; }

mkdir -p "$folder"

# The ring runs as an ordinary user, to whom a python below somebody's home may be closed.
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3 || true)
venv=$folder/python
works() { "$venv/bin/python" -c 'import keyring, secretstorage' 2>/dev/null; }
if [ -z "$python" ]; then
    no_python 'there is no python3'
elif ! cmp -s "$scripts/clients.txt" "$venv/installed.txt" || ! works; then
    say "installing keyring and SecretStorage below $venv"
    rm -rf "$venv"
    if ! "$python" -m venv "$venv" >&2; then
        no_python "$python makes no virtual environment (on Debian: python3-venv)"
    elif ! PYTHONPATH='' "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
        --requirement "$scripts/clients.txt" >&2 || ! works; then
        no_python 'pip could not install them'
    else
        cp "$scripts/clients.txt" "$venv/installed.txt"
    fi
fi

# Some systems bring it built, Debian (12) its source alone.
git=$folder/git-credential-libsecret
source=
for place in /usr/share/doc/git/contrib/credential/libsecret /usr/share/git-core/contrib/credential/libsecret \
    /usr/share/git/credential/libsecret /usr/share/doc/git-credential-libsecret; do
    [ -f "$place/git-credential-libsecret.c" ] && source=$place/git-credential-libsecret.c
done
built=
for place in "$(git --exec-path 2>/dev/null)" /usr/lib/git-core /usr/libexec/git-core \
    /usr/share/git/credential/libsecret /usr/bin; do
    [ -x "$place/git-credential-libsecret" ] && built=$place/git-credential-libsecret
done
if ! has git; then
    no_git 'git is not installed'
elif [ -n "$built" ]; then
    ln -sf "$built" "$git"
elif [ -z "$source" ]; then
    no_git 'this system brings neither git-credential-libsecret nor its source'
elif ! [ -x "$git" ] || [ -L "$git" ] || [ "$source" -nt "$git" ]; then
    say "building $git"
    rm -f "$git"
    # shellcheck disable=SC2046 # lists of options
    cc -O2 -o "$git" "$source" $(pkg-config --cflags --libs libsecret-1 glib-2.0) >&2 ||
        no_git 'git-credential-libsecret does not compile (on Debian: libsecret-1-dev)'
fi

has secret-tool || absent secret-tool 'it is not installed (on Debian: libsecret-tools)' secret_tool
has docker-credential-secretservice ||
    absent docker-credential-secretservice 'it is not installed (on Debian: golang-docker-credential-helpers)' docker

# These are not among those of all_at_once.
alone() { say "no $1: $2"; echo "$3::"; }
/usr/bin/python3 -c 'import gi; gi.require_version("Secret", "1")' 2>/dev/null ||
    alone "libsecret's objects" 'python3 cannot use them (on Debian: gir1.2-secret-1, python3-gi)' libsecret
has chromium || alone chromium 'it is not installed (on Debian: chromium)' chromium
# Not in FOLDER: below the target folder, as all that cargo builds.
"$scripts/build-apps.sh" || alone test-harness/apps 'they do not build (on Debian: libdbus-1-dev)' rust
