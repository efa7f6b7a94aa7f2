# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# For scenarios with a directory (NSS). Source it in the place of lib.sh. It gives the scenario a
# private /etc, whose users are also those of /etc/directory: see nss_directory.c.

if [[ $(id -u) != 0 ]] || ! unshare --mount true 2>/dev/null; then
    echo "skipped: needs root and mount namespaces"
    exit 77
fi
[[ -n ${UNSHARED-} ]] || UNSHARED=1 exec unshare --mount "$0"

# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

directory=$(ldconfig -p | awk '/libnss_hesiod\.so\.2/ { print $NF; exit }')
[[ -n $directory ]] || skip "this libc has no libnss_hesiod to take the place of"
mount --bind "$abs_top_builddir/tests/scenario/.libs/nss_directory.so" "$directory"
cp -a /etc "$dir/etc"
mount --bind "$dir/etc" /etc
chmod 0700 "$dir/etc"
chmod 0755 /etc
sed -i 's/^passwd:.*/passwd: files hesiod/' /etc/nsswitch.conf
: >/etc/directory
getent passwd root >/dev/null || fail "NSS is broken"
