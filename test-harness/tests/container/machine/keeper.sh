# Boots one machine and keeps it until its stdin ends, which happens however the test ends: keeper.sh PLACE TREE NAME PREPARE BIND…
#
# Runs in a mount namespace of its own, so that no mount outlives it. What there is beside: PLACE, and a control group of
# the same name. It holds PLACE/lock; where nobody does, whoever comes next removes both.
set -eu
place=$1 tree=$2 name=$3 prepare=$4
shift 4
exec 9>"$place/lock"
flock -n 9

group=/sys/fs/cgroup
[ -e "$group/cgroup.procs" ] || group=$group/unified
for there in "$group" /sys/fs/cgroup/systemd; do
    if [ -e "$there/cgroup.procs" ]; then
        mkdir -p "$there/$name"
        echo $$ >"$there/$name/cgroup.procs"
    fi
done
# The terminals are the kernel's own: they are given back as they were.
for bind in "$@"; do
    tty=${bind#--bind=}
    stat -c "chown %u:%g $tty; chmod %a $tty" "$tty"
done >"$place/terminals"
end() {
    # Itself stays, to clear up.
    echo $$ >"$group/cgroup.procs"
    echo 1 >"$group/$name/cgroup.kill" 2>/dev/null || kill -KILL "$nspawn" 2>/dev/null
    [ ! -e /sys/fs/cgroup/systemd/cgroup.procs ] || echo $$ >/sys/fs/cgroup/systemd/cgroup.procs
    wait
    tries=0
    while [ -e "$group/$name" ] && [ $tries -lt 100 ]; do
        find "$group/$name" /sys/fs/cgroup/systemd/"$name" -depth -type d -exec rmdir {} + 2>/dev/null || :
        tries=$((tries + 1))
        sleep 0.02
    done
    sh "$place/terminals"
    umount -l "$place/layers" 2>/dev/null || :
    rm -rf --one-file-system "$place"
}
trap 'end; trap - EXIT' EXIT

mkdir "$place/layers"
mount -t tmpfs -o mode=755,size=3G machine "$place/layers"
mkdir "$place/layers/upper" "$place/layers/work" "$place/layers/root"
mount -t overlay -o "lowerdir=$tree,upperdir=$place/layers/upper,workdir=$place/layers/work" machine "$place/layers/root"
root=$place/layers/root

# What a machine does by itself would only make the time of a test uncertain.
for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
    dpkg-db-backup.timer man-db.timer logrotate.timer networking.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
# People of the machine, and everybody's key to everybody: nb is provisioned by most tests, eve is another.
printf '%s\n' "$name" >"$root/etc/hostname"
printf '127.0.0.1 localhost %s\n' "$name" >"$root/etc/hosts"
ssh-keygen -q -t ed25519 -N '' -f "$root/etc/ssh/ssh_host_ed25519_key"
ssh-keygen -q -t ed25519 -N '' -f "$root/root/key"
chroot "$root" useradd --create-home --shell /bin/bash --uid 1000 nb
chroot "$root" useradd --create-home --shell /bin/bash --uid 1001 eve
printf 'nb:pencil\neve:apple\n' | chroot "$root" chpasswd
for user in nb eve; do
    mkdir "$root/home/$user/.ssh"
    cp "$root/root/key.pub" "$root/home/$user/.ssh/authorized_keys"
    touch "$root/home/$user/.hushlogin"
    chroot "$root" chown -R "$user:$user" "/home/$user"
    chmod 700 "$root/home/$user/.ssh"
done

[ -z "$prepare" ] || chroot "$root" sh -euc "$prepare" </dev/null

# The machine's own control groups are those of systemd's today, also where the host's are not.
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --register=no --keep-unit --boot --directory="$root" \
    --machine="$name" --private-network --console=pipe "$@" </dev/null >"$place/console" 2>&1 9>&- &
nspawn=$!
echo "nspawn $nspawn"
# The end of the input is the end of the machine; so is its own.
( while kill -0 $nspawn 2>/dev/null; do sleep 0.5; done; kill -HUP $$ 2>/dev/null ) </dev/null >/dev/null 2>&1 9>&- &
trap 'exit 1' HUP INT TERM
read -r _ || :
