#!/bin/bash
# Builds the Debian package into target/debian: deb.sh [VERSION=X] [LINT=yes]
#
# The profile is release; DEB_BUILD_OPTIONS=noopt builds it from the dev profile, as the rings do. dpkg-buildpackage works
# in a copy, so the checkout stays as it is; cargo works in the checkout. VERSION makes a package of another version from
# the same files, to try an upgrade with; LINT has lintian look at it, and fails with what it says. The last line is the path
# of the package.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf 'deb.sh: %s\n' "$*" >&2; }

version='' lint=
for word in "$@"; do
    case $word in
        VERSION=*) version=${word#*=} ;;
        LINT=yes) lint=yes ;;
        *) say "what is '$word'? usage: deb.sh [VERSION=X] [LINT=yes]"; exit 64 ;;
    esac
done
for program in dpkg-buildpackage dh; do
    command -v "$program" >/dev/null || { say "$program is missing: apt-get install dpkg-dev debhelper"; exit 69; }
done

cargo_version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
said=$(dpkg-parsechangelog --show-field Version)
if [ "$said" != "$cargo_version" ]; then
    say "debian/changelog begins with $said, Cargo.toml says $cargo_version"
    exit 78
fi

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target} SD_CHECKOUT=$PWD
# debhelper gives its commands another HOME.
export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
out=$CARGO_TARGET_DIR/debian
copy=$out/work/secrets-dispatcher
mkdir -p "$out"
# One at a time, since there is one copy.
exec 9>"$out/lock"
flock 9
rm -rf "$out/work"
mkdir -p "$copy"
tar --create --exclude=./.git --exclude=target . | tar --extract --directory "$copy"
cd "$copy"
if [ -n "$version" ]; then
    date=$(dpkg-parsechangelog --show-field Date)
    entry=$(printf 'secrets-dispatcher (%s) UNRELEASED; urgency=medium\n\n  * Another version of the same.\n\n -- %s  %s\n' \
        "$version" "$(dpkg-parsechangelog --show-field Maintainer)" "$date")
    printf '%s\n\n%s\n' "$entry" "$(cat debian/changelog)" >debian/changelog.new
    mv debian/changelog.new debian/changelog
fi
# -d: cargo may come from elsewhere than a package, and justw has seen to the others.
dpkg-buildpackage --build=binary --unsigned-changes --unsigned-buildinfo --no-check-builddeps >"$out/build.log" 2>&1 ||
    { cat "$out/build.log" >&2; say 'the package could not be built'; exit 70; }
cd "$out/work"
rm -rf "$copy"
for file in secrets-dispatcher_*; do
    mv "$file" "$out/"
done
cd "$out"
rmdir work
if [ -n "$lint" ]; then
    lintian --allow-root --fail-on error,warning "$out"/secrets-dispatcher_"${version:-$cargo_version}"_*.changes >&2
fi
printf '%s\n' "$out"/secrets-dispatcher_"${version:-$cargo_version}"_*.deb
