#!/bin/bash
# Puts what was built where a machine looks for it, or takes it away again:
#
#   install.sh [--uninstall] [DESTDIR=DIR] [PROFILE=release|dev]
#
# It builds nothing: PROFILE (release unless said otherwise) names what cargo has built, in $CARGO_TARGET_DIR or target.
# It starts, enables and provisions nothing either. The paths are those that the units name, so there is no PREFIX.
# Every folder of tools/ is shipped; one that was not built is an error.
set -euo pipefail
target=${CARGO_TARGET_DIR:-}
cd "$(dirname "$0")/.."
say() { printf 'install.sh: %s\n' "$*" >&2; }

DESTDIR='' PROFILE=release uninstall=
for word in "$@"; do
    case $word in
        DESTDIR=*) DESTDIR=${word#*=} ;;
        PROFILE=*) PROFILE=${word#*=} ;;
        release | dev) PROFILE=$word ;;
        --uninstall) uninstall=yes ;;
        *) say "what is '$word'? usage: install.sh [--uninstall] [DESTDIR=DIR] [PROFILE=release|dev]"; exit 64 ;;
    esac
done
case $PROFILE in
    release) folder=release ;;
    dev) folder=debug ;;
    *) say "there is no profile '$PROFILE': release or dev"; exit 64 ;;
esac
built=${target:-target}/$folder
case $DESTDIR in
    '' | /*) ;;
    *) DESTDIR=$OLDPWD/$DESTDIR ;;
esac

# Where a tool belongs: what a person calls is on the PATH.
place() {
    case $1 in
        sdctl | sd-gpg) echo /usr/bin ;;
        sd-provision | sd-audit) echo /usr/sbin ;;
        *) echo /usr/libexec/secrets-dispatcher ;;
    esac
}

# What cargo made of a tool; scripts/build-bell.sh has a folder of its own.
program() {
    case $1 in
        sd-bell) echo "${target:-target}/static/$folder/sd-bell" ;;
        *) echo "$built/$1" ;;
    esac
}

for tool in $(ls tools) sd-pages; do
    if ! [ -x "$(program "$tool")" ]; then
        say "$(program "$tool") is not built: cargo build --profile $PROFILE; scripts/build-bell.sh $PROFILE"
        exit 69
    fi
done

# put MODE FOLDER FILE…
put() {
    local mode=$1 folder=$2
    shift 2
    install -d -m 755 "$root$folder"
    install -p -m "$mode" "$@" "$root$folder"
}

# Everything, below $root.
everything() {
    local tool path
    for tool in $(ls tools); do
        put 755 "$(place "$tool")" "$(program "$tool")"
    done
    # Folders of drop-ins too, but no README.
    while read -r path; do
        put 644 "/usr/lib/systemd/$(dirname "${path#units/}")" "$path"
    done < <(find units/system units/user -type f ! -name '*.md' ! -name '*.desktop' ! -name 'org.freedesktop.*' | sort)
    # The units that a companion's user manager knows: links to those of users.
    install -d -m 755 "$root/usr/lib/secrets-dispatcher"
    install -d -m 755 "$root/usr/lib/secrets-dispatcher/companion"
    # Its content, so that a second installation does not put the folder into itself.
    cp -R --no-dereference units/companion/manager/. "$root/usr/lib/secrets-dispatcher/companion"
    put 644 /usr/share/applications units/user/*.desktop
    install -D -m 644 policy/50-secrets-dispatcher.sysctl.conf "$root/usr/lib/sysctl.d/50-secrets-dispatcher.conf"
    # What journalctl -x says of the record's messages.
    put 644 /usr/lib/systemd/catalog units/secrets-dispatcher.catalog
    put 644 /usr/share/pam-configs pam/secrets-dispatcher
    put 644 /usr/share/dbus-1/interfaces policy/net.mowaka.SecretsDispatcher1.xml
    # Manual pages, and completions for bash, zsh and fish.
    install -d -m 755 "$root/usr/share"
    "$built/sd-pages" --tools "$built" "$root/usr/share"
    # As in the checkout, so that the links from one to another hold.
    put 644 /usr/share/doc/secrets-dispatcher README.md ARCHITECTURE.md SECURITY.md
    put 644 /usr/share/doc/secrets-dispatcher/docs docs/*.md
    # What all of it is made of: `just sbom`. Nothing needs it to run, so it need not be there.
    [ ! -f "${target:-target}/sbom.cdx.json" ] || put 644 /usr/share/doc/secrets-dispatcher "${target:-target}/sbom.cdx.json"
}

umask 022
if [ -z "$uninstall" ]; then
    root=$DESTDIR
    everything
else
    root=$(mktemp -d /tmp/sd-uninstall.XXXXXX)
    trap 'rm -rf "$root"' EXIT
    everything
    (cd "$root" && find . -type f -o -type l) | while read -r path; do
        rm -f "$DESTDIR/${path#./}"
    done
    # Folders that nobody else has a use for.
    (cd "$root" && find . -depth -type d \( -path '*/secrets-dispatcher*' -o -name 'sd-*.d' \)) | while read -r path; do
        rmdir "$DESTDIR/${path#./}" 2>/dev/null || true
    done
fi
