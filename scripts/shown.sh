#!/bin/bash
# shown.sh SCRIPT [ARGUMENTS…] — runs a script of this project. What root has checked out below a directory that is closed to
# other users, such as /root or one of mktemp -d, is shown to them at a place that is open, in a mount namespace of this run:
# what is built there can be run there by the users that the tools and the tests have.
set -euo pipefail
cd "$(dirname "$0")/.."

uid=${SUDO_UID:-$(id -u nobody)} gid=${SUDO_GID:-$(id -g nobody)}
export SHOWN=$PWD
if [ "$(id -u)" != 0 ] || setpriv --reuid "$uid" --regid "$gid" --clear-groups test -r "$PWD/Cargo.toml"; then
    exec "$@"
fi
SHOWN=$(mktemp -d /tmp/sd-shown.XXXXXX)
chmod 755 "$SHOWN"
status=0
unshare --mount sh -c 'mount --bind "$PWD" "$SHOWN" && cd "$SHOWN" && exec "$@"' shown "$@" || status=$?
rmdir "$SHOWN"
exit "$status"
