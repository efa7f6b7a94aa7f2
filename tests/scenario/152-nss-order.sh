#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: where NSS asks a directory before the files, and the directory has another user of a name,
# nobody gets a key for the one of passwd: services would log the other one in. A key of before gets
# no new secret either.

# shellcheck source=tests/scenario/directory.sh
. "${0%/*}/directory.sh"

sed -i 's/^passwd:.*/passwd: hesiod files/' /etc/nsswitch.conf
printf '%s:/:/bin/sh\n' dora:x:64351:64351: lena:x:64352:64352: >>/etc/passwd
install -m 0755 "$WFAPIKEYCTL" "$dir/ctl"
as() { setpriv --reuid="$1" --regid="$1" --clear-groups "$dir/ctl" "${@:2}"; }

start
run 0 ctl policy set enabled=yes
run 0 as 64351 key issue dora
before=$(id_of "$out")
echo 'dora:x:64361:64361::/:/bin/sh' >/etc/directory
run 4 as 64351 key issue dora
run 5 ctl key issue dora
for what in reset rotate; do
    run 6 as 64351 key "$what" "$before"
    has "$err" "gets no new secret: the account that the key was made for does not exist"
    run 6 ctl key "$what" "$before"
done
run 0 as 64352 key issue lena
lena=$out
verify lena <<<"$lena" || fail "a user of passwd alone was refused"
run 0 as 64352 key reset "$(id_of "$lena")"
lena=$out

# --- The directory does not answer

: >/etc/directory.silent
touch /etc/passwd
verify lena <<<"$lena" || fail "a user of passwd was refused because of a silent directory"
rm /etc/directory.silent

# --- Both have the same user

echo 'dora:x:64351:64351::/:/bin/sh' >/etc/directory
run 0 as 64351 key issue dora
verify dora <<<"$out" || fail "the user of both was refused"
run 0 as 64351 key reset "$before"
run 0 as 64351 key rotate "$before"
verify dora <<<"$out" || fail "the user of both was refused"
