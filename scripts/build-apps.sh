#!/bin/sh
# Builds the applications of test-harness/apps, which tests/clients runs, into target/apps.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
[ -d "$target/apps" ] || echo 'build-apps: building test-harness/apps (about a minute)' >&2
cargo build --quiet --locked --manifest-path test-harness/apps/Cargo.toml --target-dir "$target/apps"
