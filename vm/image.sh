#!/bin/bash
# Builds the virtual machine: image.sh TREE FOLDER. Needs root, for owners of files; mounts nothing.
#
# TREE is the folder that scripts/machine-tree.sh prints. Into FOLDER go `disk` (ext4, bare, sparse), `vmlinuz` and
# `initrd`, for QEMU to boot directly, and `key`: one word that changes with what they were built from. What is there
# already is taken. Packages are fetched once, into FOLDER/debs. 69: they are not to be had.
set -euo pipefail
[ $# = 2 ] || { echo 'usage: image.sh TREE FOLDER' >&2; exit 64; }
tree=$(realpath "$1") self=$(realpath "$0")
mkdir -p "$2"
cd "$2"

# The modules that the machine has, beside those that they need: its disk and channel, its screen, what logind and the
# hardening look at. The kernel is Debian's own; with all of its modules the image would be twice as large.
modules='crc32c_generic virtio_pci virtio_blk ext4 virtio_console virtio_net virtio_rng bochs uinput evdev psmouse
 autofs4 configfs fuse loop dm_mod tun af_packet i6300esb'
# Those without which the disk is not found, in the order in which they are to be loaded.
early='crc32c_generic virtio_pci virtio_blk ext4'

# The packages of the machine alone, which no container needs: the channel of the tests (never of the product), its
# libraries, the kernel, and the shell of the initrd.
packages='qemu-guest-agent libnuma1 liburing2'
mkdir -p debs
kernel=$(apt-cache depends --important linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
for package in "$kernel" busybox-static $packages; do
    ls debs/"${package}"_*.deb >/dev/null 2>&1 ||
        (cd debs && apt-get -o APT::Sandbox::User=root download -q "$package" >&2) ||
        { echo "image.sh: the package $package could not be fetched" >&2; exit 69; }
done

key=$( (cat "$self"; basename "$tree"; ls debs) | sha256sum | cut -c 1-16)
[ "$(cat key 2>/dev/null)" = "$key" ] && exit 0
echo "image.sh: building the image of the virtual machine in $PWD" >&2
rm -rf key root kernel busybox disk
trap 'rm -rf root kernel busybox early' EXIT

mkdir kernel busybox
cp --archive "$tree" root
dpkg-deb --extract debs/"${kernel}"_*.deb kernel
dpkg-deb --extract debs/busybox-static_*.deb busybox
cp kernel/boot/vmlinuz-* vmlinuz
version=$(ls kernel/lib/modules)

# A machine of its own: its agent, its modules, its users. What dpkg would start is started by the boot.
for package in $packages; do cp debs/"$package"_*.deb root/tmp/; done
printf '#!/bin/sh\nexit 101\n' >root/usr/sbin/policy-rc.d
chmod 755 root/usr/sbin/policy-rc.d
chroot root sh -c 'exec dpkg --install --force-unsafe-io /tmp/*.deb' >dpkg.log 2>&1 || { cat dpkg.log >&2; exit 70; }
rm root/usr/sbin/policy-rc.d root/tmp/*.deb
mkdir -p "root/usr/lib/modules"
mv "kernel/lib/modules/$version" root/usr/lib/modules/
chroot root depmod "$version"
needed() {
    # shellcheck disable=SC2086 # a list of words
    chroot root modprobe --set-version "$version" --all --show-depends $1 | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++'
}
needed "$modules" >modules.list
needed "$early" >early.list
mkdir -p kept
while read -r file; do
    install -D -m 644 "root$file" "kept$file"
done <modules.list
cp root/usr/lib/modules/"$version"/modules.{builtin,builtin.modinfo,order} "kept/lib/modules/$version/"
rm -rf "root/usr/lib/modules/$version"
mv "kept/lib/modules/$version" root/usr/lib/modules/
rm -r kept
chroot root depmod "$version"

echo machine >root/etc/hostname
printf '127.0.0.1 localhost machine\n' >root/etc/hosts
echo '/dev/vda / ext4 defaults 0 1' >root/etc/fstab
: >root/etc/machine-id
# nb is the person of the scenarios, eve somebody else with an account.
chroot root useradd --create-home --shell /bin/bash --uid 1000 nb
chroot root useradd --create-home --shell /bin/bash --uid 1001 eve
printf 'nb:pencil\neve:apple\nroot:root\n' | chroot root chpasswd
# A prompt that a test can wait for, and no greeting before it.
touch root/home/nb/.hushlogin root/home/eve/.hushlogin
chown 1000:1000 root/home/nb/.hushlogin
chown 1001:1001 root/home/eve/.hushlogin
# The agent writes a line for each command, and dpkg waits for the disk after each file: time, and nothing else.
mkdir -p root/etc/systemd/system/qemu-guest-agent.service.d
printf '[Service]\nLogLevelMax=warning\n' >root/etc/systemd/system/qemu-guest-agent.service.d/10-quiet.conf
echo force-unsafe-io >root/etc/dpkg/dpkg.cfg.d/unsafe-io
rm -f root/var/lib/man-db/auto-update
# What a machine does by itself would only make the time of a test uncertain.
for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
    dpkg-db-backup.timer man-db.timer logrotate.timer networking.service ssh.service systemd-pstore.service; do
    [ -e "root/usr/lib/systemd/system/$unit" ] && ln -sf /dev/null "root/etc/systemd/system/$unit"
done

# The initrd: a shell, the modules of the disk, and a dozen lines.
mkdir -p early/{bin,dev,proc,new}
cp busybox/bin/busybox early/bin/
while read -r file; do
    install -D -m 644 "root$file" "early$file"
done <early.list
{
    printf '#!/bin/busybox sh\nb=/bin/busybox\n$b mount -t devtmpfs dev /dev\n'
    sed 's/^/$b insmod /' early.list
    printf 'until [ -b /dev/vda ]; do $b sleep 0.05; done\n$b mount -t ext4 /dev/vda /new\n'
    printf '$b mount --move /dev /new/dev\nexec $b switch_root /new /sbin/init\n'
} >early/init
chmod 755 early/init
(cd early && find . | ../busybox/bin/busybox cpio --quiet -o -H newc) | gzip -1 >initrd

truncate -s 2G disk
mke2fs -q -t ext4 -E lazy_itable_init=1,nodiscard -O ^has_journal -d root disk
echo "$key" >key
