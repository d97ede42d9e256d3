#!/bin/bash
# Feeds random bytes to whatever reads hostile bytes: fuzz.sh [SECONDS [TARGET…]]; by default 30 s each, all of them.
# A target alone is fed for ever: until something is found, or Ctrl+C. --build only builds.
#
# libFuzzer with the compiler's own coverage, as cargo-fuzz does it, on a stable compiler. As many run at once as there
# are processors. What it finds stays below target/fuzz/found, and is run once more to be seen; each run begins from
# fuzz/seeds and from what earlier runs have kept in target/fuzz/corpus. A finding that was mended goes to fuzz/found/TARGET,
# which the unit tests read (crates/sd-twin).
set -euo pipefail
cd "$(dirname "$0")/.."
build=
[ "${1:-}" != --build ] || { build=only; shift; }
case ${1:-30} in
    *[!0-9]*) seconds=0 ;;
    *) seconds=${1:-30}; shift || true ;;
esac
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(ls fuzz/seeds)
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")/fuzz

command -v c++ >/dev/null || { echo 'fuzz: libFuzzer needs a C++ compiler; install g++' >&2; exit 69; }
flags='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters'
flags+=' -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1'
# A target of its own, so that build scripts and macros are built without the instrumentation.
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS=$flags cargo build --quiet --release --manifest-path fuzz/Cargo.toml --target "$host" --target-dir "$target"
[ -z "$build" ] || exit 0
program=$target/$host/release/sd-fuzz

# Feeds one target: feed TARGET
feed() {
    local name=$1 found
    mkdir -p "$target/corpus/$name" "$target/found"
    # The tools' own messages would fill the log; libFuzzer keeps a descriptor for its own.
    if SD_FUZZ_TARGET=$name "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 \
        -artifact_prefix="$target/found/$name-" -print_final_stats=1 -close_fd_mask=2 \
        "$target/corpus/$name" "fuzz/seeds/$name" >"$target/$name.log" 2>&1; then
        echo "fuzz: $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$target/$name.log") inputs, nothing found"
        return
    fi
    echo "fuzz: $name failed; the input is in $target/found:"
    tail -n 12 "$target/$name.log"
    found=$(sed -n 's/.*Test unit written to //p' "$target/$name.log" | tail -n 1)
    if [ -f "$found" ]; then
        SD_FUZZ_TARGET=$name timeout 20 "$program" "$found" 2>&1 | head -n 20 || true
        echo "fuzz: again with SD_FUZZ_TARGET=$name $program $found"
    fi
    return 1
}

failed=0 running=0
for name in "${targets[@]}"; do
    [ -e "fuzz/seeds/$name" ] || { echo "fuzz: there is no target $name; there are: $(ls fuzz/seeds | xargs)" >&2; exit 64; }
    if [ "$running" -ge "$(nproc)" ]; then
        wait -n || failed=1
        running=$((running - 1))
    fi
    feed "$name" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || failed=1
    running=$((running - 1))
done
exit "$failed"
