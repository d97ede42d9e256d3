#!/bin/bash
# The programs of the demo, run inside the rig by demo.sh: real secret-tool, real git. Exits 0 when each did what
# the person at the screen said; a no is no failure.
set -uo pipefail
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

place=$(mktemp -d "${XDG_RUNTIME_DIR:-/tmp}/sd-demo.XXXXXX" 2>/dev/null || mktemp -d)
trap 'rm -rf "$place"' EXIT
failed=0

say '3. Storing a secret:  secret-tool store --label="Demo mail password" service demo'
printf 'correct horse battery staple' | secret-tool store --label='Demo mail password' service demo
echo "   secret-tool ended with status $?; it calls a store that was refused a success too, so we look:"

say '4. Reading it back:   secret-tool lookup service demo'
if secret=$(secret-tool lookup service demo); then
    echo "   it printed: $secret"
else
    echo "   secret-tool failed with status $?: no secret was released"
    failed=1
fi

say '5. Signing a commit:  git commit -S -m "The first signed commit"'
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GNUPGHOME=$place/gnupg
mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --import "$DEMO_PUBLIC" 2>/dev/null
git init --quiet --initial-branch=main "$place/repository" && cd "$place/repository" || exit 1
git config user.name 'Demo Person'
git config user.email 'demo@example.org'
git config user.signingkey "$DEMO_KEY"
git config gpg.program sd-gpg
echo 'hello' >greeting.txt
git add greeting.txt
if git commit --quiet -S -m 'The first signed commit'; then
    echo '   committed; plain `git verify-commit`, which has only the public key, says:'
    git -c gpg.program=gpg verify-commit HEAD 2>&1 | sed 's/^/   /'
    [ "${PIPESTATUS[0]}" = 0 ] || failed=1
else
    echo "   git failed with status $?: nothing was signed, nothing committed"
    failed=1
fi
exit "$failed"
