#!/bin/bash
# Runs the test suites of clients against the whole chain: suites.sh [secretstorage] [keyring] [rust]
#
# Each is the client's own, from its registry in the version written here, kept below target/suites. A person who says y
# to everything and knows the keyring's passphrase sits before the screen. What must fail, and why, is in
# docs/suites.md. The last line is the sum; 1 when a suite did not end as it should.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(realpath "${CARGO_TARGET_DIR:-target}")
suites=$target/suites
mkdir -p "$suites"
[ $# -gt 0 ] || set -- secretstorage keyring

say() { printf 'suites: %s\n' "$*" >&2; }

# What the Python suites run with, and their sources, which only the sdist has: python NAME VERSION
python() {
    local name=$1 version=$2 wanted
    wanted=$suites/${name,,}-$version
    [ -d "$wanted" ] && return
    say "getting $name $version"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --upgrade \
        --target "$suites/python" "$name==$version" pytest jeepney
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-binary "$name" --dest "$suites" "$name==$version"
    tar -xzf "$suites/${name,,}-$version.tar.gz" -C "$suites"
}

# The sources of a crate: crate NAME VERSION
crate() {
    local wanted=$suites/$1-$2 at
    [ -d "$wanted" ] && return
    say "getting the crate $1 $2"
    at=$(mktemp -d)
    (cd "$at" && cargo init --quiet --name fetches && cargo add --quiet "$1@=$2" && cargo vendor --quiet --versioned-dirs >/dev/null)
    cp -r "$at/vendor/$1-$2" "$wanted"
    rm -rf "$at"
    # It is no member of the workspace that it lies below.
    printf '\n[workspace]\n' >>"$wanted/Cargo.toml"
}

# Types the keyring's passphrase whenever one is wanted: types SCREENS KEYS
types() {
    local shown= last=0
    while sleep 0.3; do
        [ -s "$1" ] || continue
        tail -n 60 "$1" | grep -v '^ *$' | tail -n 1 | grep -q 'Enter sends it' || continue
        # Not before the quiet time is over, and not again before it was looked at.
        shown=$(date +%s)
        [ $((shown - last)) -ge 4 ] || continue
        sleep 1
        printf 'made-up passphrase\r' >"$2"
        last=$(date +%s)
    done
}

passed=0 failed=0
# Runs a suite: run NAME SECONDS COMMAND
run() {
    local name=$1 seconds=$2 work status=0 typist
    work=$(mktemp -d /tmp/sd-suite.XXXXXX)
    mkfifo "$work/keys"
    types "$work/screens" "$work/keys" &
    typist=$!
    timeout $((seconds + 20)) "$target/debug/sd-rig" --answer y --password 'made-up passphrase' \
        --keyboard "$work/keys" --screen "$work/screens" --timeout "$seconds" -- sh -c "$3" >"$suites/$name.log" 2>&1 || status=$?
    kill "$typist" 2>/dev/null || :
    rm -rf "$work"
    if [ "$status" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    echo "$name: $(grep -E '^(=.* in |test result)' "$suites/$name.log" | tail -n 1) (status $status, $suites/$name.log)"
}

pytest="export PYTHONPATH='$suites/python' PYTHONDONTWRITEBYTECODE=1; exec python3 -m pytest -p no:cacheprovider -o addopts= -v --tb=short"
cargo build --quiet --workspace
for suite; do
    case $suite in
        secretstorage)
            python SecretStorage 3.5.0
            run secretstorage 240 "cd '$suites/secretstorage-3.5.0' && $pytest tests"
            ;;
        keyring)
            python SecretStorage 3.5.0
            python keyring 25.7.0
            run keyring 300 "cd '$suites/keyring-25.7.0' && $pytest tests/backends/test_SecretService.py tests/backends/test_libsecret.py"
            ;;
        rust)
            for one in secret-service:5.2.0:rt-tokio-crypto-rust dbus-secret-service:4.1.0:crypto-rust \
                dbus-secret-service-keyring-store:1.0.1:crypto-rust \
                zbus-secret-service-keyring-store:1.0.1:rt-async-io-crypto-rust; do
                IFS=: read -r name version features <<<"$one"
                crate "$name" "$version"
                program=$(cd "$suites/$name-$version" && CARGO_TARGET_DIR=$suites/rust cargo test --no-run --lib \
                    --features "$features" --message-format=json 2>/dev/null | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
                # It deletes what has `Test` in its path, and nothing has: gnome-keyring writes paths small.
                run "$name" 600 "cd /tmp && '$program' --include-ignored --test-threads=1 --skip should_delete_collection"
            done
            ;;
        *) echo 'usage: suites.sh [secretstorage] [keyring] [rust]' >&2; exit 64 ;;
    esac
done
echo "suites: $passed as they should be, $failed not"
[ "$failed" = 0 ]
