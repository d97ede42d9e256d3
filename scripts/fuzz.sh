#!/bin/bash
# Feeds random bytes to each reader of signed bytes: fuzz.sh [SECONDS [TARGET…]]; by default 30 s each, all of them.
#
# libFuzzer with the compiler's own coverage, as cargo-fuzz does it, on a stable compiler. What it finds stays below
# target/fuzz/found; each run begins from fuzz/seeds and from what earlier runs have kept in target/fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-30}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(commit tag tree certificate)
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")/fuzz

command -v c++ >/dev/null || { echo 'fuzz: libFuzzer needs a C++ compiler; install g++' >&2; exit 69; }
flags='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters'
flags+=' -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1'
# A target of its own, so that build scripts and macros are built without the instrumentation.
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS=$flags cargo build --quiet --release --manifest-path fuzz/Cargo.toml --target "$host" --target-dir "$target"

failed=0 running=()
for name in "${targets[@]}"; do
    mkdir -p "$target/corpus/$name" "$target/found"
    "$target/$host/release/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 \
        -artifact_prefix="$target/found/$name-" -print_final_stats=1 \
        "$target/corpus/$name" "fuzz/seeds/$name" >"$target/$name.log" 2>&1 &
    running+=("$!:$name")
done
for one in "${running[@]}"; do
    name=${one#*:}
    if wait "${one%%:*}"; then
        echo "fuzz: $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$target/$name.log") inputs, nothing found"
    else
        failed=1
        echo "fuzz: $name failed; the input is in $target/found:"
        tail -n 30 "$target/$name.log"
    fi
done
exit "$failed"
