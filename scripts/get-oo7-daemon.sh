#!/bin/sh
# get-oo7-daemon.sh — builds oo7-daemon, the second Secret Service that is tested against, below target/backends, where
# sd-rig looks for it. Says one line when it has something to do, and nothing when it is there already.
#
# With --release as fast as it is built for people, for `just bench`.
set -eu
how=--debug
[ "${1:-}" != --release ] || how=--profile=release
cd "$(dirname "$0")/.."

# The newest that takes a passphrase without a desktop: 0.6 lacks UnlockWithMasterPassword.
version=0.7.0-beta
place=${CARGO_TARGET_DIR:-target}/backends

if [ "$("$place/bin/oo7-daemon" --version 2>/dev/null)" = "oo7-daemon $version" ]; then
    exit 0
fi
printf 'get-oo7-daemon: building oo7-daemon %s below %s (some minutes, once)\n' "$version" "$place" >&2
# A debug build, without the import of KWallet's files: what is under test is what it answers, not how fast. But for its
# arithmetic: the hash that makes a key of a password takes seconds then, and each lookup 80 ms of a processor, so that
# a client's first call on a busy machine comes too late. This is 40 ms, for half a minute of compiler.
cargo install --force --quiet --locked $how --no-default-features --features native_crypto \
    --config profile.dev.debug=0 --config profile.dev.package.sha2.opt-level=3 \
    --config profile.dev.package.hmac.opt-level=3 --config profile.dev.package.pbkdf2.opt-level=3 \
    --config profile.dev.package.num-bigint-dig.opt-level=3 --config profile.dev.package.aes.opt-level=3 \
    --config profile.dev.package.oo7.opt-level=1 --config profile.dev.package.oo7-daemon.opt-level=1 \
    --config profile.dev.debug-assertions=false --config profile.dev.overflow-checks=false \
    --root "$place" --target-dir "$place/build" oo7-daemon --version "=$version" >&2 || {
    echo 'get-oo7-daemon: it could not be built; is there a network, and Rust 1.95 or newer?' >&2
    exit 69
}
# What it was built from is not needed again.
rm -rf "$place/build"
