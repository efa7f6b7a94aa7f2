#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: where NSS asks a directory before the files, and the directory has another user of a name,
# nobody gets a key for the one of passwd: services would log the other one in.

# shellcheck source=tests/scenario/directory.sh
. "${0%/*}/directory.sh"

sed -i 's/^passwd:.*/passwd: hesiod files/' /etc/nsswitch.conf
printf '%s:/:/bin/sh\n' dora:x:64351:64351: lena:x:64352:64352: >>/etc/passwd
echo 'dora:x:64361:64361::/:/bin/sh' >/etc/directory
install -m 0755 "$WFAPIKEYCTL" "$dir/ctl"
as() { setpriv --reuid="$1" --regid="$1" --clear-groups "$dir/ctl" "${@:2}"; }

start
run 0 ctl policy set enabled=yes
run 4 as 64351 key issue dora
run 5 ctl key issue dora
run 0 as 64352 key issue lena
lena=$out
verify lena <<<"$lena" || fail "a user of passwd alone was refused"

# --- The directory does not answer

: >/etc/directory.silent
touch /etc/passwd
verify lena <<<"$lena" || fail "a user of passwd was refused because of a silent directory"
rm /etc/directory.silent

# --- Both have the same user

echo 'dora:x:64351:64351::/:/bin/sh' >/etc/directory
run 0 as 64351 key issue dora
verify dora <<<"$out" || fail "the user of both was refused"
