#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: soon after a revocation a copy of keys.db alone has it. A store that is older than the one
# that the host had is noticed at the start, and one command accepts it. A mark of the audit log
# that was noted elsewhere shows a rollback of the whole store. A wiped log is not whole.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
command -v sqlite3 >/dev/null || skip "sqlite3 is missing"

copied() { # STATUS: whether the file alone says so of the key
    rm -f "$dir/copy"*
    cp "$dir/state/keys.db" "$dir/copy"
    [[ $(sqlite3 "$dir/copy" "SELECT status FROM key WHERE id = '$(id_of "$key")'") == "$1" ]]
}
refused_start() { # TEXT
    : >"$dir/start.log" # else what the start before has said is looked at
    "$WFAPIKEYD" --state-dir="$dir/state" --verify-socket="$WFAPIKEY_VERIFY" --control-socket="$WFAPIKEY_CONTROL" \
        >"$dir/start.log" 2>&1 &
    children+=("$!")
    wait_until grep -q . "$dir/start.log"
    has "$(<"$dir/start.log")" "$1"
    wait "$!"
    is $? 78
}

start
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me"
key=$out
wait_until copied 0
cp "$dir/copy" "$dir/older"
run 0 ctl audit mark
noted=$out
run 0 ctl audit verify --mark "$noted"

# What people do: they copy the one file, while the daemon runs.
run 0 ctl key revoke "$(id_of "$key")"
wait_until copied 1
cp "$dir/copy" "$dir/newer"
run 0 ctl audit verify --mark "$noted"
run 0 ctl audit mark
later=$out

# The older copy is put back. The daemon was killed, so its log is there as well, or is not.
stop KILL
rm -f "$dir/state/keys.db"-*
cp "$dir/older" "$dir/state/keys.db"
refused_start "is older than the one that this host had"
refused_start "rm '$dir/state/keys.seen'"
cp "$dir/newer" "$dir/state/keys.db"
start
verify "$me" <<<"$key" && fail "a revoked key is good"
run 0 ctl audit verify --mark "$later"
stop

# It is accepted, by one command. What was noted elsewhere still shows it.
rm -f "$dir/state/keys.db"-*
cp "$dir/older" "$dir/state/keys.db"
refused_start "put the newest one back"
rm "$dir/state/keys.seen"
start
verify "$me" <<<"$key" || fail "the accepted store does not serve"
run 0 ctl audit verify --mark "$noted"
run 6 ctl audit verify --mark "$later"
has "$err" "replaced by an older copy"
run 6 ctl --json audit verify --mark "$later"
has "$out" '"intact":false'
has "$out" '"fault":"older"'
for ((i = 0; i < 8; i++)); do run 0 ctl policy set enabled=yes; done
run 6 ctl audit verify --mark "$later"
has "$err" "another history"
run 2 ctl audit verify --mark "${later%?}"
run 2 ctl audit verify --mark "x$later"
run 0 ctl audit verify
stop

# Somebody wipes the log to its first state. Neither the running daemon nor the next one takes it
# for a log that never began.
start
run 0 ctl audit verify
sqlite3 "$dir/state/keys.db" "DELETE FROM audit; UPDATE audit_chain SET base_seq = 0, base_hash = zeroblob(32),
    head_seq = 0, head_hash = zeroblob(32), mac = zeroblob(32)"
run 6 ctl audit verify
stop
refused_start "another history"
