# Starts sd-store for a test: a store of its own below XDG_DATA_HOME, with a key that has the password on the standard
# input. Arguments: sd-store, and `locked` to leave it so. Started again, it finds both there.
set -eu
store=$XDG_DATA_HOME/password-store
home=$GNUPGHOME
read -r password || :
if ! [ -e "$store/.gpg-id" ]; then
    mkdir -p "$XDG_DATA_HOME"
    [ -e "$home/gpg-agent.conf" ] || printf 'pinentry-program %s\n' "$(dirname "$1")/sd-pinentry" >"$home/gpg-agent.conf"
    # Less work for each use of the passphrase than gpg-agent thinks right for a key that matters.
    grep -q s2k-count "$home/gpg-agent.conf" || echo 's2k-count 65536' >>"$home/gpg-agent.conf"
    loopback() { printf '%s\n' "$password" | gpg --batch --quiet --pinentry-mode loopback --passphrase-fd 0 "$@"; }
    # One that cannot sign, so that it is in no test's way.
    loopback --quick-gen-key 'Store <store@example.org>' ed25519 cert never
    key=$(gpg --batch --with-colons --list-secret-keys '<store@example.org>' | sed -n 's/^fpr:*\([0-9A-F]*\):.*/\1/p' | head -n 1)
    loopback --quick-add-key "$key" cv25519 encr never
    "$1" --store "$store" init --key "$key" --collection Login
fi
# Who asks a gpg-agent that is about to end is hung up on; when it has ended, its socket is gone.
gpgconf --kill gpg-agent
socket=$(gpgconf --list-dirs agent-socket) tries=0
while [ -e "$socket" ] && [ $tries -lt 250 ]; do
    sleep 0.02
    tries=$((tries + 1))
done
if [ "${2:-}" != locked ]; then
    printf '%s\n' "$password" | gpg --batch --quiet --pinentry-mode loopback --passphrase-fd 0 \
        --decrypt "$store/secret-service/_aliases.gpg" >/dev/null
fi
exec "$1" --store "$store"
