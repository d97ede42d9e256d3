#!/bin/sh
# bench.sh [ARGUMENTS of sd-bench] — builds everything with the release profile below target/bench and measures it beside
# gnome-keyring, oo7-daemon, KeePassXC and gpg; as root, since only root sees the memory of processes of several users. The
# figures go to standard output, and with `--write BENCHMARKS.md` into that file. `--quick` only shows that it works.
set -eu
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || { echo 'bench: run it as root: each tool then has a user of its own, as installed' >&2; exit 77; }
for program in gnome-keyring-daemon secret-tool dbus-daemon git gpg; do
    command -v "$program" > /dev/null || { echo "bench: $program is not installed; ./justw gets what the tests need" >&2; exit 69; }
done
command -v keepassxc > /dev/null && command -v Xvfb > /dev/null ||
    echo 'bench: KeePassXC is left out: for it, apt install keepassxc xvfb' >&2
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/bench
export CARGO_TARGET_DIR
scripts/get-oo7-daemon.sh --release || echo 'bench: oo7-daemon is left out' >&2
cargo build --quiet --release --package sd-gate --package sd-decide --package sd-fetch --package sd-sign --package sd-audit --package sd-agent \
    --package sd-store --package sd-gpg --package sd-pinentry --package sdctl
cargo build --quiet --release --package test-harness --bin sd-rig --bin sd-bench --bin sd-call
exec "$CARGO_TARGET_DIR/release/sd-bench" --date "$(date -u '+%Y-%m-%d %H:%M UTC')" "$@"
