#!/bin/bash
# The whole of Secrets Dispatcher in two minutes: demo.sh [--yes]
#
# Makes a throw-away keyring, a throw-away GPG key and a throw-away git repository, opens the approval screen in this
# terminal, and lets you answer what real programs ask for. With --yes, or without a terminal, every ask is answered
# with y and the screens are printed afterwards. Nothing of yours is read or changed.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$(cd "${CARGO_TARGET_DIR:-target}/debug" && pwd)
here=$PWD/scripts
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

answer=ask
if [ "${1:-}" = --yes ]; then
    answer=y
elif [ $# -gt 0 ]; then
    echo "usage: demo [--yes]" >&2
    exit 64
elif ! [ -t 0 ] || ! [ -t 1 ]; then
    say 'There is no terminal here to ask you on, so every ask is answered with y.'
    answer=y
fi

work=$(mktemp -d /tmp/sd-demo.XXXXXX)
# gpg-agent starts by itself below the directory, and ends when asked.
trap 'GNUPGHOME=$work/gnupg gpgconf --kill all 2>/dev/null; rm -rf "$work"' EXIT
chmod 755 "$work"

say '1. Making a throw-away GPG key. It stays with the companion: the programs below never see its secret half.'
mkdir -m 700 "$work/gnupg"
export GNUPGHOME=$work/gnupg
gpg --batch --quiet --passphrase '' --quick-generate-key 'Demo Person <demo@example.org>' ed25519 sign never 2>/dev/null
key=$(gpg --batch --with-colons --list-secret-keys 2>/dev/null | awk -F: '$1 == "fpr" { print $10; exit }')
gpg --batch --export "$key" >"$work/public.gpg"
gpgconf --kill all
unset GNUPGHOME
echo "   key $key"

say '2. Starting a private copy of everything: three buses, a keyring, and the tools of Secrets Dispatcher.'
if [ "$answer" = ask ]; then
    echo '   When something is asked for, the approval screen takes over this terminal. Read it, wait until the bottom'
    echo '   line offers the keys, and press y or n. You will be asked three times.'
    read -rp '   Press Enter to begin. '
fi
status=0
DEMO_KEY=$key DEMO_PUBLIC=$work/public.gpg "$tools/sd-rig" --answer "$answer" --phrase "three herons at dusk" --gnupghome "$work/gnupg" \
    --screen "$work/screens" --expire 120 --timeout 600 -- bash "$here/demo-programs.sh" || status=$?

# A person who said no has seen what there was to see: that is no failure of the demo.
if [ "$answer" = ask ] && [ "$status" = 1 ]; then status=0; fi
# Anything else is the rig's own word, and it has said what is wrong.
if [ "$status" -gt 1 ]; then exit "$status"; fi

if [ "$answer" = y ] && [ -f "$work/screens" ]; then
    say 'The screens at which a key was pressed:'
    awk '/^(─)+ [0-9]+$/ { page = ""; next } { page = page $0 "\n" } /y approve   n deny/ { printf "%s\n", page }' "$work/screens"
fi

say 'What happened:'
echo '   Each program asked in its usual way: secret-tool the Secret Service, git its gpg.program. The ask appeared on a'
echo '   screen that neither can draw on or type into, and nothing was released before a key was pressed there. In an'
echo '   installation that screen is a virtual terminal, and store, key and screen belong to users of their own.'
echo '   The keyring, the GPG key and the repository are gone now.'
exit "$status"
