#!/bin/bash
# cargo-deny by deny.toml: licences, second versions, sources, and the advisories of RustSec. deny.sh [ARGUMENT…]
#
# cargo-deny is built once below target/tools, in some minutes. The advisories are a git repository that grows: where it
# cannot be fetched, what was fetched last is used, and where nothing was, the rest is checked and that is said; the status is
# then 69. `just check` does without both (scripts/supply.py).
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PWD/target/tools/bin:$PATH
if ! command -v cargo-deny >/dev/null; then
    echo 'deny: building cargo-deny below target/tools (some minutes, once)' >&2
    CARGO_TARGET_DIR=$PWD/target/tools/build cargo install --quiet --locked --root target/tools cargo-deny
    rm -rf target/tools/build
fi
[ $# = 0 ] || exec cargo deny "$@"
cargo deny check licenses bans sources
if cargo deny fetch db 2>/dev/null; then
    exec cargo deny check advisories
fi
if cargo deny --offline check advisories; then
    echo 'deny: by the advisories that were fetched last; newer ones cannot be had now' >&2
    exit 0
fi
echo 'deny: the advisories could not be fetched, and were not checked' >&2
exit 69
