# What one does with this project. `./justw RECIPE` gets `just` and the packages first; `just` alone lists the recipes.

# Shows the recipes.
_default:
    @just --list --unsorted

# Builds every tool and the rig.
build:
    cargo build --workspace

# Looks at the code without running it: format, clippy, units, dependencies, the tests that the documents name.
[no-exit-message]
check:
    @scripts/run-rings.sh check

# Checks, runs every ring of tests, and ends with a summary of what was run. Not libFuzzer: its twins are in the unit ring.
[no-exit-message]
test:
    @scripts/run-rings.sh check unit pipeline clients backends store root chaos vt container speed vm

# Runs the ring that needs nothing: no other process, no privilege.
test-unit:
    scripts/run-rings.sh unit

# Runs the ring of real tools on private buses, as an ordinary user.
test-pipeline:
    scripts/run-rings.sh pipeline

# Runs real applications against the whole chain, as an ordinary user.
test-clients:
    scripts/run-rings.sh clients

# Runs what depends on the backend once more, with oo7-daemon.
test-backends:
    scripts/run-rings.sh backends

# Likewise, with sd-store.
test-store:
    scripts/run-rings.sh store

# Runs the pipeline ring as root, with a user of its own for each tool.
test-root:
    scripts/run-rings.sh root

# Runs the ring that kills, stops, starves and lies to processes at random, as root, with a fixed seed and the day's.
[no-exit-message]
test-chaos:
    @scripts/run-rings.sh chaos

# Plays chaos as root: `--seed N` that one again, `--steps N` as many in each lane, `--lane deadly|steady|locking` one alone.
[no-exit-message, positional-arguments]
chaos *ARGS:
    @scripts/shown.sh scripts/chaos.sh "$@"

# Runs clients' own test suites against the whole chain: secretstorage, keyring, rust; docs/suites.md says what they get.
[no-exit-message, positional-arguments]
suites *ARGS:
    @scripts/suites.sh "$@"

# Runs the ring of sd-decide on the kernel's own /dev/tty8, as root.
[no-exit-message]
test-vt:
    @scripts/run-rings.sh vt

# Runs the ring of installed machines: the Debian package, sd-provision, PAM and systemd in booted containers, as root.
[no-exit-message]
test-container:
    @scripts/run-rings.sh container

# Runs the ring of a booted machine with a keyboard and a screen, under QEMU, as root; pictures are in target/vm.
[no-exit-message]
test-vm:
    @scripts/run-rings.sh vm

# Measures what all of it costs beside gnome-keyring, oo7-daemon, KeePassXC and gpg, as root; `--quick`, `--write BENCHMARKS.md`.
[no-exit-message, positional-arguments]
bench *ARGS:
    @scripts/shown.sh scripts/bench.sh "$@"

# Measures what a proof of 5,000 changed files costs, against git's own list of them.
bench-proofs:
    cargo bench --quiet --package sd-git

# Feeds random bytes to whatever reads hostile bytes: `just fuzz TARGET` until something is found, `just fuzz SECONDS [TARGET…]`.
[no-exit-message]
fuzz *ARGS:
    @scripts/fuzz.sh {{ARGS}}

# Holds other people's code against deny.toml and the advisories of RustSec, with cargo-deny, which it builds first.
[no-exit-message, positional-arguments]
deny *ARGS:
    @scripts/deny.sh "$@"

# Writes the list of all that the tools are made of (CycloneDX) into target/sbom.cdx.json.
sbom:
    mkdir -p "${CARGO_TARGET_DIR:-target}"
    scripts/supply.py sbom >"${CARGO_TARGET_DIR:-target}/sbom.cdx.json"

# Builds the release twice in different folders and compares every byte: all tools, or those that are named.
[no-exit-message, positional-arguments]
reproducible *ARGS:
    @scripts/reproducible.sh "$@"

# Lets you answer a real secret-tool and a real git commit on this terminal; `--yes` answers for you.
[no-exit-message, positional-arguments]
demo *ARGS: build
    @scripts/shown.sh scripts/demo.sh "$@"

# Runs a command against the whole of Secrets Dispatcher; see `just rig --help`.
[no-exit-message, positional-arguments]
rig *ARGS: build
    @"${CARGO_TARGET_DIR:-target}/debug/sd-rig" "$@"

# Writes the manual pages, and completions, into target/share or the given folder, laid out like /usr/share.
man FOLDER="target/share":
    cargo build --quiet --package sdctl --package sd-provision --package sd-pages
    "${CARGO_TARGET_DIR:-target}/debug/sd-pages" --tools "${CARGO_TARGET_DIR:-target}/debug" "{{FOLDER}}"

# Puts what is built (release, or PROFILE=dev) where a machine looks for it, below DESTDIR=…; nothing is provisioned.
[no-exit-message, positional-arguments]
install *ARGS:
    @scripts/install.sh "$@"

# Takes away what `just install` has put there.
[no-exit-message, positional-arguments]
uninstall *ARGS:
    @scripts/install.sh --uninstall "$@"

# Builds the Debian package into target/debian; with DEB_BUILD_OPTIONS=noopt from the dev profile, as the tests do.
[no-exit-message, positional-arguments]
deb *ARGS:
    @scripts/deb.sh "$@"
