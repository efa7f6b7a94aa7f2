#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a user who calls the daemon without a pause neither keeps an administrator from issuing keys
# nor makes the store grow without end.

# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
[[ $(id -u) == 0 ]] || skip "needs root, to be another user"
cp "$abs_top_builddir/tests/scenario/pester" "$WFAPIKEYCTL" "$dir"
as_daemon() { setpriv --reuid=daemon --regid=daemon --clear-groups -- "$@"; }

start
run 0 ctl policy set enabled=yes max-keys-per-user=1000
run 0 ctl key issue daemon
id=$(id_of "$out")

# --- Each call of IssueKey starts a process that looks the user up

as_daemon "$dir/pester" "$WFAPIKEY_CONTROL" IssueKey root >"$dir/answers" &
children+=($!)
wait_until grep -q begun "$dir/answers"
for ((i = 0; i < 60; i++)); do run 0 ctl key issue "$me"; done
kill "${children[0]}"
wait "${children[0]}" 2>/dev/null
children=()

# --- Each change is an event, and events stay

run 0 as_daemon "$dir/pester" "$WFAPIKEY_CONTROL" RenameKey "$id"
n=$(tail -n 1 <<<"$out")
((n >= 2000 && n < 2016)) || fail "$n changes were made in a day"
run 0 ctl key rename "$id" "by an administrator"
run 0 as_daemon "$dir/wfapikeyctl" key revoke "$id"
run 0 as_daemon "$dir/wfapikeyctl" key remove "$id"
