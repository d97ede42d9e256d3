#!/bin/sh
# cargo's RUSTC_WRAPPER for scripts/fuzz.sh: instruments what reads hostile bytes, ours and the parsers that it stands on,
# and nothing else. All else would take twice the time to compile and lead the fuzzer astray.
rustc=$1
shift
name= target= before=
for word in "$@"; do
    case $before in
        --crate-name) name=$word ;;
        # Build scripts and macros have none.
        --target) target=$word ;;
    esac
    before=$word
done
case $target:$name in
    :*) ;;
    *:sd_* | *:gix_object | *:gix_hash | *:zvariant* | *:toml* | *:winnow | *:serde_json)
        set -- "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
            -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
            -Cllvm-args=-sanitizer-coverage-trace-compares ;;
esac
exec "$rustc" "$@"
