#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a database that somebody cuts short while the daemon reads it lets nobody in. The daemon
# says so, or ends and says why. The next start looks for the damage, and does not end in a loop.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
db=$dir/state/keys.db

start
run 0 ctl policy set enabled=yes max-keys-per-user=200
for ((i = 0; i < 12; i++)); do
    run 0 ctl key issue "$me"
    keys[i]=$out
done
stop
cp "$db" "$dir/before"
start
verify "$me" <<<"${keys[0]}" || fail "a good key is refused"
truncate -s 8192 "$db"
for key in "${keys[@]}"; do
    ! verify "$me" <<<"$key" || fail "a key is good that nobody can have read"
done
# What it has read since the last change it reads no more, and then it ends. Otherwise it has found
# that the file is shorter, and a restart is needed.
said() { grep -qE 'a file was cut short|is damaged: restart wfapikeyd' "$dir/daemon.log"; }
for ((i = 0; i < 1200; i++)); do said && break; sleep 0.05; done
said || fail "the daemon says nothing"
if grep -q 'a file was cut short' "$dir/daemon.log"; then
    wait "$daemon"
    is $? 1
    daemon=''
else
    stop KILL
fi
[[ -e $dir/state/damaged ]] || fail "the next start does not know"

# A person decides.
"$WFAPIKEYD" --state-dir="$dir/state" --verify-socket="$WFAPIKEY_VERIFY" \
    --control-socket="$WFAPIKEY_CONTROL" >"$dir/start.log" 2>&1
is $? 78
has "$(<"$dir/start.log")" "is damaged"

cp "$dir/before" "$db"
rm -f "$db-wal" "$db-shm"
start
for key in "${keys[@]}"; do
    verify "$me" <<<"$key" || fail "a good key is refused"
done
[[ ! -e $dir/state/damaged ]] || fail "the note stays"
