#!/bin/bash
# Builds the release twice, in two folders of other names and with other surroundings, and compares byte by byte:
# reproducible.sh [TOOL…]; without any, all that is shipped.
#
# The compiler flags are those of debian/rules, which does the same to paths. What is compared is what the commit holds, or
# the checkout with what is changed in it. 0: the same; 65: not, and where; the two builds are then left to be looked at.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=("$@")
[ ${#tools[@]} -gt 0 ] || mapfile -t tools < <(ls tools)
for tool in "${tools[@]}"; do
    [ -d "tools/$tool" ] || { echo "reproducible: there is no tool $tool" >&2; exit 64; }
done
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
mkdir -p "$target"
work=$(mktemp -d "$target/reproducible.XXXXXX")
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
home=${CARGO_HOME:-$HOME/.cargo}

# Copies the checkout into a folder and builds there: build FOLDER JOBS NAME=VALUE…
build() {
    local folder=$1 jobs=$2 tool
    shift 2
    mkdir -p "$folder"
    tar --create --exclude=./.git --exclude=./target . | tar --extract --directory "$folder"
    for tool in "${tools[@]}"; do
        local what=(cargo build --quiet --locked --release --jobs "$jobs" --package "$tool")
        [ "$tool" != sd-bell ] || what=(scripts/build-bell.sh release)
        (cd "$folder" && env "$@" CARGO_TARGET_DIR="$folder/target" CARGO_BUILD_JOBS="$jobs" RUSTFLAGS="${RUSTFLAGS:-} \
--remap-path-prefix=$folder=/usr/src/secrets-dispatcher --remap-path-prefix=$home=/usr/src/cargo" "${what[@]}" >/dev/null)
    done
}

# One after the other, from other folders, with another number of jobs, another umask, another language and another clock's zone.
(umask 022 && build "$work/one" "$(nproc)" LC_ALL=C TZ=UTC)
(umask 002 && build "$work/and/another-folder" 1 LC_ALL=C.UTF-8 TZ=Asia/Kathmandu)

# Where the program of a tool is: made FOLDER TOOL
made() {
    case $2 in
        sd-bell) echo "$1/target/static/release/$2" ;;
        *) echo "$1/target/release/$2" ;;
    esac
}

failed=0
for tool in "${tools[@]}"; do
    one=$(made "$work/one" "$tool") other=$(made "$work/and/another-folder" "$tool")
    if cmp "$one" "$other"; then
        echo "reproducible: $tool $(sha256sum <"$one" | cut -d' ' -f1)"
    else
        failed=1
        echo "reproducible: $tool differs: $one $other" >&2
    fi
    if grep -qF -e "$work" -e "$home" "$one"; then
        failed=1
        echo "reproducible: $tool names a folder of this machine" >&2
    fi
done
[ "$failed" = 0 ] || exit 65
rm -rf "$work"
