#!/bin/bash
# Plays chaos (test-harness/tests/chaos) as root: chaos.sh [--seed N] [--steps N] [--lane deadly|steady|locking]. A seed
# gives the same steps and the same answers again; without one it is a new seed, which is printed first.
set -euo pipefail
cd "$(dirname "$0")/.."
usage='usage: chaos.sh [--seed N] [--steps N] [--lane deadly|steady|locking]'
CHAOS_SEED=$(date +%s) CHAOS_STEPS=2000
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || { echo "$usage" >&2; exit 64; }
    case $1 in
        --seed) CHAOS_SEED=$2 ;;
        --steps) CHAOS_STEPS=$2 ;;
        --lane) export CHAOS_LANE=$2 ;;
        *) echo "$usage" >&2; exit 64 ;;
    esac
    shift 2
done
export CHAOS_SEED CHAOS_STEPS
[ "$(id -u)" = 0 ] || { echo 'chaos: needs root, who alone may look into all processes' >&2; exit 77; }
cargo build --quiet --workspace
exec cargo test --quiet --package test-harness --test chaos -- --nocapture the_fixed_seed
