# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# For scenarios with a directory (NSS). Source it in the place of lib.sh. The users of the
# scenario's private /etc are also those of /etc/directory: see nss_directory.c.

# shellcheck source=tests/scenario/etc.sh
. "${0%/*}/etc.sh"

directory=$(ldconfig -p | awk '/libnss_hesiod\.so\.2/ { print $NF; exit }')
[[ -n $directory ]] || skip "this libc has no libnss_hesiod to take the place of"
mount --bind "$abs_top_builddir/tests/scenario/nss_directory.so" "$directory"
sed -i 's/^passwd:.*/passwd: files hesiod/' /etc/nsswitch.conf
: >/etc/directory
getent passwd root >/dev/null || fail "NSS is broken"
