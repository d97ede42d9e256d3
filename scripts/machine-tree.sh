#!/bin/bash
# Makes the Debian tree that the container ring boots, and the VM ring builds its image from: machine-tree.sh [--tar]
#
# Prints the folder of the tree, or the tar of it. What is there already is taken, as long as it was made from the list of
# packages below; packages are fetched once. Nobody writes into the folder: whoever boots it lays something over it.
# Needs root and mmdebstrap. 69: they, or the packages, are not to be had.
set -euo pipefail
form=${1:-}
[ $# -le 1 ] && { [ -z "$form" ] || [ "$form" = --tar ]; } || { echo 'usage: machine-tree.sh [--tar]' >&2; exit 64; }
cd "$(dirname "$0")/.."

say() { echo "machine-tree.sh: $*" >&2; }

# What a person's machine has beside the essential: a session by PAM and logind, every road of logging in, either bus;
# what the companion's side runs; the applications that ask.
packages='systemd systemd-sysv dbus dbus-bin dbus-broker dbus-user-session libpam-systemd login openssh-server
 openssh-client sudo cron procps kbd gnupg gpg-agent libgpgme11 gnome-keyring libsecret-tools git libglib2.0-bin
 polkitd man-db bash-completion'

[ "$(id -u)" = 0 ] || { say 'needs root'; exit 69; }
command -v mmdebstrap >/dev/null || { say 'mmdebstrap is not installed'; exit 69; }

# The machine's own release of Debian, from where it gets it; elsewhere bookworm, from where mmdebstrap gets it.
suite=bookworm sources=()
# shellcheck disable=SC1091 # read where there is one
[ "$(. /etc/os-release && echo "$ID")" != debian ] || suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
if command -v apt-get >/dev/null; then
    # shellcheck disable=SC2016 # apt's own variables
    mapfile -t sources < <(apt-get indextargets --format '$(ORIGIN) deb $(REPO_URI) $(CODENAME) $(COMPONENT)' \
        'Created-By: Packages' 2>/dev/null | sed -n "s/^Debian \(deb [^ ]* $suite\(-[a-z]*\)\? main\)\$/\1/p" | sort -u)
fi

key=$( (cat "$0"; echo "$suite") | sha256sum | cut -c 1-12)
place=${CARGO_TARGET_DIR:-target}/machines
mkdir -p "$place"
place=$(realpath "$place")
tree=$place/tree-$key

# Two rings at once make one tree.
exec 9>"$place/lock"
flock 9
if ! [ -e "$tree.made" ]; then
    say "making the Debian tree $tree ($suite), which takes a minute"
    rm -rf "$place"/tree-*
    mkdir -p "$place/debs"
    # What is fetched is kept beside the tree: a change of the list fetches what is new.
    # shellcheck disable=SC2086 # a list of words; and the hooks' own variables
    mmdebstrap --quiet --mode=root --variant=important --include="$(echo $packages | tr ' ' ',')" \
        --aptopt='Acquire::Languages "none"' --dpkgopt=force-unsafe-io \
        --skip=download/empty --skip=essential/unlink \
        --setup-hook='mkdir -p "$1/var/cache/apt/archives"' \
        --setup-hook="sync-in $place/debs /var/cache/apt/archives" \
        --customize-hook="sync-out /var/cache/apt/archives $place/debs" \
        --customize-hook='rm -f "$1"/var/cache/apt/archives/*.deb' \
        "$suite" "$tree" "${sources[@]}" >"$place/made.log" 2>&1 ||
        { tail -n 20 "$place/made.log" >&2; say "the tree could not be made; all of it: $place/made.log"; rm -rf "$tree"; exit 69; }
    # A first boot gives it one; and the bus is dbus-daemon, until a test takes the other.
    : >"$tree/etc/machine-id"
    rm -f "$tree/etc/systemd/system/dbus.service" "$tree/etc/systemd/system/multi-user.target.wants/dbus-broker.service" \
        "$tree/etc/systemd/user/dbus.service" "$tree"/etc/ssh/ssh_host_*
    touch "$tree.made"
fi
[ "$form" = --tar ] || { echo "$tree"; exit; }
if ! [ -e "$tree.tar" ]; then
    tar -C "$tree" --numeric-owner --xattrs --acls -cf "$tree.tar.part" .
    mv "$tree.tar.part" "$tree.tar"
fi
echo "$tree.tar"
