#!/bin/bash
# Holds the unit files against systemd's own reading of them, and the services of the system manager against its marks
# for exposure, all instantiated for a made-up user. Prints the table of marks.
#
# 0: nothing to say; 1: what systemd says, or which service is more exposed than the worst mark allowed; 69:
# systemd-analyze is not installed.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v systemd-analyze >/dev/null || { echo 'systemd-analyze is not installed' >&2; exit 69; }

# The worst mark, in tenths, of 100 in all.
worst=15

work=$(mktemp -d /tmp/sd-units.XXXXXX)
trap 'rm -rf "$work"' EXIT
cp -r units/system units/user "$work"
find "$work" ! -name '*.service' ! -name '*.socket' ! -name '*.target' ! -name '*.path' ! -name '*.conf' -type f -delete
# A file of a bus, not of systemd.
rm -f "$work"/user/org.freedesktop.*.service
# Drop-ins of a template hold for each instance of it.
find "$work/system" -maxdepth 1 -type f -name '*@.*' | while read -r template; do
    cp "$template" "${template/@./@nb.}"
done
# What provisioning adds to them on a machine belongs to the mark.
for template in units/companion/{sd-,secrets-}*@.*.conf.in; do
    unit=$(basename "$template" .conf.in)
    mkdir "$work/system/${unit/@./@nb.}.d"
    sed 's/@USER@/nb/g; s/@CUID@/990/g; s/@UID@/1000/g; s/@VT@/8/g; s|@HOME@|/var/lib/secrets-dispatcher/nb/home|g' \
        "$template" >"$work/system/${unit/@./@nb.}.d/10-provision.conf"
done
mkdir -m 700 "$work/run"

# verify MANAGER UNIT…: what systemd says of them. The programs are not installed where the units look for them;
# everything else that is said is a finding.
verify() {
    local manager=$1
    shift
    SYSTEMD_UNIT_PATH=$work/$manager: XDG_RUNTIME_DIR=$work/run systemd-analyze "--$manager" verify "$@" 2>&1 |
        grep -v 'is not executable: No such file' || true
}

status=0
said=$(
    verify system $(find "$work/system" -maxdepth 1 -type f -name '*@nb.*')
    # One by one: only one of the backends' units can have their bus name.
    for unit in "$work"/user/*.service; do verify user "$unit"; done
)
[ -z "$said" ] || { printf '%s\n' "$said" >&2; status=1; }

printf 'Exposure of each service of the system manager; %d.%d is the worst that is allowed:\n' $((worst / 10)) $((worst % 10))
for unit in "$work"/system/*@nb.service; do
    # The prefix drop-in has to be read, or it would measure something else.
    marks=$(SYSTEMD_UNIT_PATH=$work/system: systemd-analyze security --offline=true --threshold="$worst" --no-pager "$unit" 2>&1) || {
        [ $? = 1 ] || { printf '%s\n' "$marks" >&2; exit 1; }
        status=1
    }
    mark=$(sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\) \([A-Z]*\).*/\1 \2/p' <<<"$marks")
    [ -n "$mark" ] || { printf '%s\n' "$marks" >&2; status=1; }
    printf '  %-24s %s\n' "$(basename "$unit" | sed 's/@nb/@/')" "${mark:-no mark}"
done
exit "$status"
