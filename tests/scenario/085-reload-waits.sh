#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a directory that does not answer for the names in the configuration holds up nobody else. A
# FIFO in the place of /etc/group stands for it. Needs root, and mounts of its own.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
if [[ $(id -u) != 0 ]] || ! unshare --mount true 2>/dev/null; then
    skip "needs root and mounts of its own"
fi
[[ -n ${UNSHARED-} ]] || UNSHARED=1 exec unshare --mount "$0"

conf=$dir/wfapikeyd.conf
echo "#" >"$conf"
chmod 0644 "$conf"
start
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me"
key=$out
run 0 ctl key issue "$me"
id=${out:4:10}

printf '[daemon]\nadmin-group = daemon\n' >"$conf"
cp /etc/group "$dir/real"
mkfifo "$dir/group"
mount --bind "$dir/group" /etc/group
helper() { pgrep -P "$daemon" >"$dir/helper"; }
kill -HUP "$daemon"
wait_until helper

run 0 ctl key revoke "$id"
verify "$me" <<<"$key" || fail "a login waited for the directory"
run 0 ctl policy set max-keys-per-user=50
kill -0 "$(<"$dir/helper")" || fail "nothing was held up, so this test has shown nothing"

# A second signal meanwhile is not lost: the file is read once more when the directory is back.
printf '[Peer daemon]\nservices = nginx\n' >"$conf"
kill -HUP "$daemon"
mount --bind "$dir/real" /etc/group
: >"$dir/group" # the helper that waits reads an empty file
logged_wait() { wait_until grep -q "$1" "$dir/daemon.log"; }
logged_wait 'configuration read again'
as() { setpriv --reuid="$1" --regid="$1" --clear-groups -- "$WFAPIKEYCTL" verify "$me" --service nginx <<<"$key" >/dev/null 2>&1; }
chmod 0711 "$dir"
as daemon || fail "the tied user may not ask"
as bin && fail "another user may ask for a tied service"
umount --lazy /etc/group && umount --lazy /etc/group
