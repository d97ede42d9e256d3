#!/bin/sh
# Lists a machine file by file: inventory.sh >LIST. A line a thing: name, type, mode, owner, group, size, what it points
# to; and a line a file: what it holds. Of what packages brought below /usr, which is much and is never written to, the
# time of the last change stands for what it holds. Left out is what changes on a machine that nobody touches: logs, caches,
# what is running, the random seed, the times at which timers last ran.
set -eu
cd /
things() {
    find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./run -o -path ./tmp -o -path ./var/tmp -o \
        -path ./var/log -o -path ./var/cache -o -path ./var/lib/systemd -o -path ./lost+found -o -path ./root \) -prune -o "$@"
}
{
    things -path './usr/*' ! -path './usr/local/*' ! -type d -printf '%p %y %m %U %G %s %l %T@\n' -o \
        -type d -printf '%p %y %m %U %G\n' -o -printf '%p %y %m %U %G %s %l\n'
    things -path './usr/*' ! -path './usr/local/*' -prune -o -type f -print0 | xargs -0 sha256sum |
        sed 's/^\([0-9a-f]\{20\}\)[0-9a-f]*  \(.*\)/\2 holds \1/'
} | LC_ALL=C sort
