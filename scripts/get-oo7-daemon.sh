#!/bin/sh
# get-oo7-daemon.sh — builds oo7-daemon, the second Secret Service that is tested against, below target/backends, where
# sd-rig looks for it. Says one line when it has something to do, and nothing when it is there already.
set -eu
cd "$(dirname "$0")/.."

# The newest that takes a passphrase without a desktop: 0.6 lacks UnlockWithMasterPassword.
version=0.7.0-beta
place=${CARGO_TARGET_DIR:-target}/backends

if [ "$("$place/bin/oo7-daemon" --version 2>/dev/null)" = "oo7-daemon $version" ]; then
    exit 0
fi
printf 'get-oo7-daemon: building oo7-daemon %s below %s (some minutes, once)\n' "$version" "$place" >&2
# A debug build, without the import of KWallet's files: what is under test is what it answers, not how fast.
cargo install --quiet --locked --debug --no-default-features --features native_crypto \
    --root "$place" --target-dir "$place/build" oo7-daemon --version "=$version" >&2 || {
    echo 'get-oo7-daemon: it could not be built; is there a network, and Rust 1.95 or newer?' >&2
    exit 69
}
# What it was built from is not needed again.
rm -rf "$place/build"
