#!/bin/bash
# Runs rings of tests: run-rings.sh [check] [unit] [pipeline] [clients] [backends] [store] [root] [chaos] [vt] [container] [fuzz] [speed] [vm]
#
# unit, pipeline and clients run as an ordinary user: when started as root, as SUDO_UID or nobody. root is the pipeline ring
# once more as root, where the rig gives each tool a user of its own: with tests/apart.rs, which needs that, and
# without tests/alone.rs and tests/recovery.rs, which need one user for all; where it is asked for as well, pipeline has these
# and the main road only, since root has all the rest. clients is tests/clients: real applications.
# backends is what of pipeline and clients depends on the backend, once more with oo7-daemon behind the chain, store the
# same with sd-store. vt is
# tests/vt: sd-decide on the kernel's own terminal. container is tests/container: the package installed on machines that
# are booted. vm is tests/vm: a booted machine under QEMU, with a keyboard and a screen. fuzz is scripts/fuzz.sh. speed is tests/speed.rs, with the machine for itself. TEST_BACKEND=oo7 has every ring use that backend where a test does not choose one. A ring that cannot run
# is skipped, and with CI=true that is a failure; so is always a ring in which fewer tests ran than is written below.
# Tests of applications that scripts/clients.sh cannot get are skipped. The last line is the sum: N passed, N failed, N skipped.
#
# What is compiled is compiled first. Then the rings run in lanes beside each other, since most of them wait most of the
# time: for a person, for a denial to be forgotten, for a machine to boot. A ring says what it has to say when it ends.
set -euo pipefail
[ $# -gt 0 ] || { echo 'usage: run-rings.sh [check] [unit] [pipeline] [clients] [backends] [store] [root] [chaos] [vt] [container] [fuzz] [speed] [vm]' >&2; exit 64; }
cd "$(dirname "$0")/.."

# What is thrown away afterwards is never compiled a second time.
[ -z "${CI:-}" ] || export CARGO_INCREMENTAL=0
ordinary=${SUDO_UID:-$(id -u nobody)}
ordinary_group=${SUDO_GID:-$(id -g nobody)}

# Where the ordinary user can enter the checkout.
[ -n "${SHOWN:-}" ] || exec scripts/shown.sh scripts/run-rings.sh "$@"

logs=${CARGO_TARGET_DIR:-target}/ring-logs
# What the scripts get for the tests.
PATH=$PWD/target/tools/bin:$PATH
rm -rf "$logs"
mkdir -p "$logs"
work=$(mktemp -d /tmp/sdr.XXXXXX)
trap 'umount -l "$work" 2>/dev/null || :; rm -rf "$work"' EXIT
# In memory where that may be had: the disk that takes the builds lets a line of the record, or a keyring, wait for seconds,
# and a call that needs no key ends after 1.8.
[ "$(id -u)" != 0 ] || mount -t tmpfs sd-rings "$work" 2>/dev/null || :
chmod 711 "$work"

# Fewer than so many in a ring mean that tests got lost. Raise them as tests are added.
declare -A least=([check]=6 [unit]=800 [pipeline]=200 [speed]=2 [clients]=105 [backends]=58 [store]=72 [root]=195 [chaos]=2 [vt]=22 [container]=51 [fuzz]=23 [vm]=15)

# Of the pipeline ring, what an ordinary user's run has besides a run as root: what wants one user for all, the main road, and
# how the tools start where nobody is root.
ordinary_files='alone recovery gate secret secret_service signing starts rig'
# Of the pipeline ring, the files of tests whose outcome depends on the backend, and of the clients those that differ in
# what they call. A test that names gnome_keyring is about that alone.
backend_files='backends changing creating first_start hiding listing locking secret_service'
backend_clients='secret_tool python git docker'
# With sd-store as well, but for what it has no such thing as: collections with passwords of their own, a collection that
# is in memory only, a first passphrase that begins a store (sd-provision begins it), and a list that is longer than
# anybody's patience with one gpg an item. Of the clients one will do.
store_skips='--skip gnome_keyring --skip password --skip by_the_aliases_session --skip no_outcome_can_carry'
store_skips+=' --skip the_first_passphrase_of_all --skip who_wants_no_store_yet'

# The count of a ring, which goes into the table and into the sum: row RING WHO PASSED FAILED SKIPPED [NOTE]
row() {
    if [ "$4" = 0 ] && [ "$5" = 0 ] && [ "$3" -lt "${least[$1]}" ]; then
        set -- "$1" "$2" "$3" 1 "$5" "fewer than ${least[$1]}, so some are lost"
    fi
    echo "$1: $3 passed, $4 failed, $5 skipped${6:+: $6}"
    printf '%s|%s|%s|%s|%s|%s\n' "$1" "$2" "$3" "$4" "$5" "${6:-}" >"$work/$1.row"
}

# Which test executables there are, each with its package: executables CARGO-ARGUMENT…
executables() {
    cargo test --quiet --no-run --message-format=json "$@" |
        grep '"profile":{[^}]*"test":true}' |
        sed -n 's/.*"manifest_path":"\([^"]*\)".*"executable":"\([^"]*\)".*/\1 \2/p'
}

# Whether all of these programs are installed: has PROGRAM…
has() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || return
    done
}

# Runs a command as the user of a ring: as_user WHO COMMAND…
as_user() {
    local who=$1
    shift
    if [ "$who" = root ] || [ "$(id -u)" != 0 ]; then
        "$@"
    else
        setpriv --reuid "$ordinary" --regid "$ordinary_group" --clear-groups "$@"
    fi
}

# Runs test executables and reads their own summaries: run_ring RING WHO LIST [ARGUMENT…]. A line of the list is the
# package's manifest, the executable, and arguments for it alone.
run_ring() {
    local ring=$1 who=$2 list=$3 arguments passed=0 failed=0 skipped=0 manifest program log status
    shift 3
    # Short, because of the sockets in it.
    local home=$work/$ring
    mkdir -m 755 "$home"
    if [ "$who" = ordinary ] && [ "$(id -u)" = 0 ]; then
        chown "$ordinary:$ordinary_group" "$home"
        if ! as_user ordinary test -x "$(head -n 1 "$list" | cut -d' ' -f2)"; then
            echo "the build is closed to the ordinary user; move the checkout out of a private directory" >&2
            row "$ring" "uid $ordinary" 0 1 0 'cannot read the build'
            return
        fi
    fi
    while read -r manifest program arguments; do
        log=$logs/$ring.$who.$(basename "$program").log
        status=0
        # Nothing of the person's session may leak into a test; cargo's variables are what a test may count on.
        (cd "$(dirname "$manifest")" && as_user "$who" env -u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS \
            -u GNUPGHOME HOME="$home" TMPDIR="$home" CARGO_MANIFEST_DIR="$(dirname "$manifest")" \
            timeout --kill-after=10 2100 "$program" "$@" $arguments </dev/null) >"$log" 2>&1 || status=$?
        read -r p f s out < <(sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed; \([0-9]*\) ignored.* \([0-9]*\) filtered out.*/\1 \2 \3 \4/p' "$log" | tail -n 1; echo)
        # What a line of the list leaves out is another ring's.
        [ -n "$arguments" ] || s=$((${s:-0} + ${out:-0}))
        # A test executable that ends badly, or without a word, is a failed test whatever it counted.
        { [ "$status" = 0 ] && [ -n "$p" ]; } || [ "${f:-0}" -gt 0 ] || f=1
        passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
        echo "$ring ($who): $(basename "$program" | sed 's/-[0-9a-f]*$//'): ${p:-0} passed, ${f:-0} failed, ${s:-0} skipped"
        [ "$status" = 0 ] || { echo "--- $log (status $status)"; cat "$log"; echo '---'; }
    done <"$list"
    local name="uid $(as_user "$who" id -u)"
    [ "$who" = root ] && name='root, a uid a tool'
    [ "$ring" = container ] && name='root, booted machines'
    [ "$ring" = vm ] && name='root, QEMU'
    row "$ring" "$name" "$passed" "$failed" "$skipped" "${note:-}"
}

# Runs the ring of applications, without those that cannot be had here.
run_clients() {
    local module note= arguments=()
    while read -r module; do
        arguments+=(--skip "$module")
        note="$note without $module"
    done <"$work/absent.list"
    # They wait most of the time: for a person, or for a denial to be forgotten.
    RUST_TEST_THREADS=${RUST_TEST_THREADS:-$(($(nproc) * 4))} run_ring clients ordinary "$work/clients.list" "${arguments[@]}"
}

check() {
    local passed=0 failed=0 skipped=0 one
    if cargo fmt --all --check && cargo fmt --manifest-path test-harness/apps/Cargo.toml --check; then
        passed=1
    else
        failed=1
    fi
    if cargo clippy --quiet --workspace --all-targets -- -D warnings; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    local status=0
    scripts/check-units.sh || status=$?
    case $status in
        0) passed=$((passed + 1)) ;;
        69) skipped=1 ;;
        *) failed=$((failed + 1)) ;;
    esac
    # What comes from others; that the tests exist which the documents name; the smallest tool, built twice.
    for one in 'scripts/supply.py check' scripts/named-tests.py 'scripts/reproducible.sh sd-bell'; do
        # shellcheck disable=SC2086 # a command and its argument
        if $one; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    done
    row check 'rustfmt, units, deps, …' "$passed" "$failed" "$skipped"
}

# A list less the executable of one file of tests: without NAME
without() {
    grep -v "/$1-[0-9a-f]*\$"
}

# The one executable of a file of tests: only NAME
only() {
    grep "/$1-[0-9a-f]*\$"
}

# What is installed on machines: Debian, and the programs that the other rings run, packed anew in each run and once.
make_package() {
    [ -e "$work/packed" ] ||
        { scripts/machine-tree.sh >"$work/tree" && DEB_BUILD_OPTIONS=noopt scripts/deb.sh >"$work/package" && touch "$work/packed"; }
}

# Gets the applications, and lists the modules of tests without those that cannot be had here.
get_clients() {
    scripts/clients.sh >"$work/absent.list"
}

# The same as arguments for a test executable.
without_absent() {
    sed 's/^/ --skip /' "$work/absent.list" | tr -d '\n'
}

# Builds a ring and lists its executables: build RING
build() {
    case $1 in
        unit)
            scripts/get-promtool.sh &&
                executables --workspace --exclude test-harness >"$work/unit.list" &&
                executables -p test-harness --lib --bins >>"$work/unit.list" ;;
        pipeline | root)
            # The pipeline ring runs the tools as cargo builds them, which a test build alone does not do.
            cargo build --quiet --workspace && executables -p test-harness --test '*' >"$work/all.list" &&
                without vt <"$work/all.list" | without vm | without container | without clients | without speed | without chaos >"$work/both.list" &&
                without alone <"$work/both.list" | without recovery >"$work/root.list" &&
                if [ "$root_too" = yes ]; then
                    for name in $ordinary_files; do only "$name" <"$work/both.list" || return; done
                else
                    without apart <"$work/both.list"
                fi >"$work/pipeline.list" ;;
        backends)
            scripts/get-oo7-daemon.sh && get_clients && cargo build --quiet --workspace &&
                executables -p test-harness --test '*' >"$work/all.list" &&
                for name in $backend_files; do
                    only "$name" <"$work/all.list" | sed 's/$/ --skip gnome_keyring/' || return
                done >"$work/backends.list" &&
                only clients <"$work/all.list" | sed "s/\$/ $backend_clients$(without_absent)/" >>"$work/backends.list" ;;
        store)
            get_clients && cargo build --quiet --workspace && executables -p test-harness --test '*' >"$work/all.list" &&
                for name in $backend_files; do
                    only "$name" <"$work/all.list" | sed "s/\$/ $store_skips/" || return
                done >"$work/store.list" &&
                only clients <"$work/all.list" | sed "s/\$/ secret_tool::$(without_absent)/" >>"$work/store.list" ;;
        container)
            make_package && scripts/get-oo7-daemon.sh && executables -p test-harness --test container >"$work/container.list" ;;
        vm)
            # The image is built here, so that the ring's own time is that of the machines.
            make_package && vm/image.sh "$(cat "$work/tree")" "${CARGO_TARGET_DIR:-target}/machines/vm/image" &&
                executables -p test-harness --test vm >"$work/vm.list" ;;
        fuzz) scripts/fuzz.sh --build ;;
        vt | clients | speed | chaos)
            { [ "$1" != clients ] || get_clients; } &&
                cargo build --quiet --workspace && executables -p test-harness --test "$1" >"$work/$1.list" ;;
    esac
}

# What has to be there before a ring runs: nothing, if that is so; else it says why, and with 75 that it is to be skipped.
wants() {
    case $1 in
        root | chaos | vt | container | vm)
            [ "$(id -u)" = 0 ] || { echo 'needs root'; return 75; } ;;&
        vt)
            [ -c /dev/tty8 ] || { echo 'needs a kernel with virtual terminals: there is no /dev/tty8'; return 75; } ;;&
        container)
            has mmdebstrap systemd-nspawn dpkg-buildpackage dh ssh-keygen ||
                { echo 'needs mmdebstrap, systemd-container, dpkg-dev, debhelper and openssh-client'; return 75; } ;;&
        vm)
            has qemu-system-x86_64 mmdebstrap mke2fs dpkg-buildpackage dh ||
                { echo 'needs qemu-system-x86, mmdebstrap, e2fsprogs, dpkg-dev and debhelper'; return 75; } ;;&
        unit | pipeline | root | chaos | clients | backends | store | speed | vt | container | vm | fuzz)
            build "$1" >"$work/$1.build" 2>&1 || { cat "$work/$1.build" >&2; echo 'does not build'; return 1; } ;;
    esac
}

# Runs one ring.
ring() {
    case $1 in
        clients) run_clients ;;
        unit | pipeline | speed) run_ring "$1" ordinary "$work/$1.list" ;;
        backends) TEST_BACKEND=oo7 run_ring backends ordinary "$work/backends.list" ;;
        store) TEST_BACKEND=store run_ring store ordinary "$work/store.list" ;;
        # It waits most of the time.
        root) RUST_TEST_THREADS=${RUST_TEST_THREADS:-$(($(nproc) * 2))} run_ring root root "$work/root.list" ;;
        vt) run_ring vt root "$work/vt.list" ;;
        chaos)
            run_ring chaos root "$work/chaos.list" --nocapture
            # The seeds, and what became of how many steps.
            sed -n 's/^| //p' "$logs"/chaos.root.*.log ;;
        container)
            # Machines wait most of the time, and tests for their turn on one.
            RUST_TEST_THREADS=${RUST_TEST_THREADS:-$(($(nproc) * 4))} run_ring container root "$work/container.list" --nocapture
            # What is measured and listed, not only asserted.
            sed -n 's/^| //p' "$logs"/container.root.*.log ;;
        vm)
            # An emulated machine keeps one processor busy while it does not wait for a person.
            RUST_TEST_THREADS=${RUST_TEST_THREADS:-$(($(nproc) + 1))} run_ring vm root "$work/vm.list" --nocapture
            sed -n 's/^| //p' "$logs"/vm.root.*.log ;;
        fuzz)
            if scripts/fuzz.sh 4 | tee "$work/fuzz.said"; then :; fi
            row fuzz '4 s a target' "$(grep -c 'nothing found$' "$work/fuzz.said" || true)" \
                "$(grep -c ' failed' "$work/fuzz.said" || true)" 0 ;;
    esac
}

# Rings one behind the other, of those that were asked for and can run: lane RING…
lane() {
    local name began
    for name in "$@"; do
        [ -e "$work/$name.ready" ] || continue
        began=$SECONDS
        # What a ring runs is killed when it ends badly; a row is there in any case.
        ring "$name" >"$work/$name.said" 2>&1 || [ -e "$work/$name.row" ] ||
            row "$name" '-' 0 1 0 'ended early' >>"$work/$name.said"
        echo $((SECONDS - began)) >"$work/$name.seconds"
        # One at a time.
        flock "$work" sh -c 'echo "== $1"; cat "$2"' sh "$name" "$work/$name.said"
    done
}

root_too=no
case " $* " in
    *' pipeline '*' root '* | *' root '*' pipeline '*)
        if [ "$(id -u)" = 0 ]; then root_too=yes least[pipeline]=65; fi ;;
esac
for name in "$@"; do
    [ -n "${least[$name]:-}" ] || { echo "no such ring: $name" >&2; exit 64; }
done

# Whether a ring was asked for: asked RING
asked() {
    case " $everything " in *" $1 "*) ;; *) return 1 ;; esac
}
everything=$*

# Builds what a ring needs, and says in the table why it does not run if so: prepare RING
prepare() {
    local status=0 why
    why=$(wants "$1") || status=$?
    case $status in
        0) touch "$work/$1.ready" ;;
        75) row "$1" '-' 0 0 1 "$why" ;;
        *) row "$1" '-' 0 1 0 "$why" ;;
    esac
}

if asked check; then
    echo '== check'
    began=$SECONDS
    check
    echo $((SECONDS - began)) >"$work/check.seconds"
fi
# An emulated machine waits most of the time, and counts its instructions and takes that for the time: it begins while the
# rest is compiled, and gets what processor the others leave.
if asked vm; then
    prepare vm
    (
        renice -n 5 "$BASHPID" >/dev/null
        lane vm
    ) &
fi
for name in "$@"; do
    case $name in check | vm) ;; *) prepare "$name" ;; esac
done

# Two at a time, beside the emulated machine: applications wait two seconds for some answers, which is little where a dozen
# processes want each processor. What wants the kernel's terminals comes first.
lane vt container root &
waiting=$!
lane unit pipeline backends fuzz clients store
wait "$waiting" || true
# What is under fire has to heal within its time: nobody else's load is part of that.
lane chaos
wait
# What holds the chain against a client's patience has the machine for itself.
lane speed

sum_passed=0 sum_failed=0 sum_skipped=0 verdict=0
printf '\n%-10s %-22s %7s %7s %7s %6s\n' ring 'run as' passed failed skipped s
for name in "$@"; do
    [ -e "$work/$name.row" ] || row "$name" '-' 0 1 0 'was not run' >/dev/null
    IFS='|' read -r _ who passed failed skipped note <"$work/$name.row"
    took=$(cat "$work/$name.seconds" 2>/dev/null || echo -)
    printf '%-10s %-22s %7d %7d %7d %6s  %s\n' "$name" "$who" "$passed" "$failed" "$skipped" "$took" "$note"
    sum_passed=$((sum_passed + passed)) sum_failed=$((sum_failed + failed)) sum_skipped=$((sum_skipped + skipped))
done
if [ "${CI:-}" = true ] && [ "$sum_skipped" -gt 0 ]; then
    echo 'a ring or a test was skipped, which in CI is a failure'
    verdict=1
fi
[ "$sum_failed" = 0 ] || verdict=1
printf '\n%d passed, %d failed, %d skipped\n' "$sum_passed" "$sum_failed" "$sum_skipped"
exit "$verdict"
