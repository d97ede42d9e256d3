#!/bin/bash
# Builds sd-bell, linked statically, in a target folder of its own, and prints where it is.
#
# Usage: scripts/build-bell.sh [PROFILE]     PROFILE: release, or another of cargo's
#
# `cargo build` cannot link one program of a workspace statically and the others not. Why this one has to be:
# tools/sd-bell/src/bell.rs. 0: built; 70: it has a loader all the same.
set -euo pipefail
cd "$(dirname "$0")/.."
profile=${1:-release}
folder=${CARGO_TARGET_DIR:-target}/static
CARGO_TARGET_DIR=$folder cargo rustc --quiet --locked --profile "$profile" -p sd-bell --bin sd-bell -- -C target-feature=+crt-static
[ "$profile" = dev ] && profile=debug
bell=$folder/$profile/sd-bell
if LC_ALL=C readelf --wide --program-headers "$bell" | grep -q INTERP; then
    echo "$bell is linked dynamically: not to be installed" >&2
    exit 70
fi
printf '%s\n' "$bell"
