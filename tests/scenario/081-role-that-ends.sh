#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a reload that takes a role from somebody takes it from the connections that are open, too:
# an administrator who is none any more follows own events alone, and a user that is no fleet-user
# any more carries nothing. Others are not disturbed.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

[[ $EUID == 0 ]] || skip "needs root for callers of other uids"
conf=$dir/wfapikeyd.conf
printf '[daemon]\nadmin-group = daemon\n' >"$conf"
chmod 0644 "$conf"
chmod 0711 "$dir"
start
run 0 ctl policy set enabled=yes
as_bin() { setpriv --reuid=bin --regid=daemon --clear-groups -- "$WFAPIKEYCTL" "$@"; }
setpriv --reuid=bin --regid=daemon --clear-groups -- "$WFAPIKEYCTL" audit list --follow --jsonl >"$dir/theirs" 2>"$dir/theirs.err" &
children+=("$!")
"$WFAPIKEYCTL" audit list --follow --jsonl >"$dir/ours" 2>"$dir/ours.err" &
children+=("$!")
both() { # TEXT
    grep -q "$1" "$dir/theirs" && grep -q "$1" "$dir/ours"
}
followed() {
    ctl policy set lifetime=9h && ctl policy set lifetime=8h && both lifetime=
}
wait_until followed

# What changes nothing for them ends no connection.
printf '[daemon]\nadmin-group = daemon\ndeveloper-group = mail\n' >"$conf"
run 0 ctl reload
run 0 ctl policy set lifetime=7h
both_on() { both lifetime=7h; }
wait_until both_on
is "$(<"$dir/theirs.err")$(<"$dir/ours.err")" ''

echo "#" >"$conf"
run 0 ctl reload
wait_until grep -q 'the daemon is back' "$dir/theirs.err"
run 4 as_bin policy show
run 0 ctl key issue "$me"
others=$(id_of "$out")
# The own event comes behind that of the other.
run 0 as_bin key issue bin
mine=$(id_of "$out")
wait_until grep -q "$mine" "$dir/theirs"
grep -q "$others" "$dir/theirs" && fail "events of others are sent"
wait_until grep -q "$mine" "$dir/ours"
grep -q "$others" "$dir/ours" || fail "root does not get all events"
is "$(<"$dir/ours.err")" ''

# --- The user of wfapikey-fleetd

fleetd=$abs_top_builddir/wfapikey-fleetd
[[ -x $fleetd ]] && command -v busctl >/dev/null || exit 0
printf '[daemon]\nfleet-user = daemon\n' >"$conf"
run 0 ctl reload
run 0 busctl --address="unix:path=$WFAPIKEY_CONTROL" call org.wfapikey1 /org/wfapikey1 org.wfapikey1.Manager FleetInit ss first "host=$dir/none"
setpriv --reuid=daemon --regid=daemon --clear-groups -- "$fleetd" --control-socket="$WFAPIKEY_CONTROL" 2>"$dir/fleetd.err" &
children+=("$!")
link() { ctl --json fleet status | grep -q "\"link\":\"$1\""; }
wait_until link away
printf '[daemon]\nfleet-user = bin\n' >"$conf"
run 0 ctl reload
wait_until link "no fleetd"
