#!/bin/sh
# get-promtool.sh — puts promtool, which checks the numbers that sd-audit writes, below target/tools/bin. Of Debian's package
# prometheus only that one program is taken: nothing is installed. Says one line when it has something to do.
set -eu
cd "$(dirname "$0")/.."
place=target/tools/bin

if [ -x "$place/promtool" ] || command -v promtool >/dev/null 2>&1; then
    exit 0
fi
command -v apt-get >/dev/null 2>&1 || {
    echo 'get-promtool: there is no apt-get; install promtool, which comes with Prometheus' >&2
    exit 69
}
echo 'get-promtool: taking promtool out of the package prometheus (20 MB)' >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && apt-get -o APT::Sandbox::User=root -qq download prometheus >&2 && dpkg-deb --extract prometheus_*.deb tree) || {
    echo 'get-promtool: the package prometheus could not be had; is there a network?' >&2
    exit 69
}
mkdir -p "$place"
install -m 755 "$work/tree/usr/bin/promtool" "$place/promtool"
