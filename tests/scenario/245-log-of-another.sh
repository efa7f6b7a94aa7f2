#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a log (keys.db-wal) that a kill has left is read with the database to which it belongs, and
# with no other. With an older copy of the database a start is refused, and changes no file, until
# an administrator puts the right one back or accepts the older one. So is it with an older log.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
command -v sqlite3 >/dev/null || skip "sqlite3 is missing"
state=$dir/state db=$dir/state/keys.db

copied() { # STATUS: whether the file alone says so of the key
    rm -f "$dir/copy"*
    cp "$db" "$dir/copy"
    [[ $(sqlite3 "$dir/copy" "SELECT status FROM key WHERE id = '$(id_of "$key")'") == "$1" ]]
}
refused_start() { # TEXT: and no file has changed
    local before
    before=$(cd "$state" && sha256sum keys.*[!m])
    : >"$dir/start.log"
    "$WFAPIKEYD" --state-dir="$state" --verify-socket="$WFAPIKEY_VERIFY" --control-socket="$WFAPIKEY_CONTROL" \
        >"$dir/start.log" 2>&1 &
    children+=("$!")
    wait_until grep -q . "$dir/start.log"
    has "$(<"$dir/start.log")" "$1"
    wait "$!"
    is $? 78
    is "$(cd "$state" && sha256sum keys.*[!m])" "$before"
}
has_aside() { # NUMBER of logs that were put aside
    is "$(find "$state" -name 'keys.db-wal.replaced-*' | wc -l)" "$1"
}
begin() { # makes $key, and a copy of a database that has it
    start
    run 0 ctl policy set enabled=yes max-keys-per-user=100
    run 0 ctl key issue "$me"
    key=$out
    wait_until copied 0
    mv "$dir/copy" "$dir/older"
}
header() { head -c 32 "$db-wal" | od -An -tx1; }
begins() { # Whether another log has begun: that waits for the snapshot of a reader.
    ctl policy set enabled=yes
    verify "$me" <<<"$key"
    [[ $(header) != "$log" ]]
}
revoke() { # The database has that when the next log begins, so that log has it not. Makes $other.
    run 0 ctl key revoke "$(id_of "$key")"
    wait_until copied 1
    log=$(header)
    wait_until begins
    run 0 ctl key issue "$me"
    other=$out
    stop KILL
    [[ -s $db-wal ]] || fail "there is no log"
    cp "$db" "$dir/newest"
}

older_copy() {
    cp "$dir/older" "$db"
    refused_start "'$db-wal' does not belong to this keys.db"
    refused_start "rm '$state/keys.seen'"

    # The log was left. With its own database it loses nothing.
    cp "$dir/newest" "$db"
    start
    verify "$me" <<<"$key" && fail "a revoked key is good"
    verify "$me" <<<"$other" || fail "what the log alone had is lost"
    run 0 ctl audit verify
}

# --- An older copy of a small store, and of one that is larger than any log

begin
revoke
older_copy
stop
rm -rf "$state"
begin
stop
sqlite3 "$db" "CREATE TABLE large (a); INSERT INTO large VALUES (zeroblob(40000000))"
cp "$db" "$dir/older"
start
revoke
older_copy

# --- It is accepted. The log is kept, and not read.

stop KILL
cp "$dir/older" "$db"
rm "$state/keys.seen"
start
verify "$me" <<<"$key" || fail "the accepted store does not serve"
verify "$me" <<<"$other" && fail "the log of another database was read"
logged "the log of '$db' belongs to another state of it"
run 0 ctl audit verify
has_aside 1
revoke
cp "$dir/older" "$db"
rm "$state/keys.seen"
start
has_aside 2

# --- A log from before, with a newer database: it would take back what came after it

cp "$db" "$dir/older"
run 0 ctl key issue "$me"
stop KILL
cp "$db-wal" "$dir/older-wal"
start
run 0 ctl key revoke "$(id_of "$key")"
wait_until copied 1
stop
cp "$dir/older-wal" "$db-wal"
refused_start "'$db-wal' does not belong to this keys.db"
rm "$db-wal"
start
verify "$me" <<<"$key" && fail "a revoked key is good"
stop

# --- A store that is refused for its age keeps its schema and its log, which has no id here

rm -f "$db"-* # the helper that looks for damage may have kept it open
cp "$dir/older" "$db"
sqlite3 "$db" "DROP TABLE log; PRAGMA user_version = 16"
cp "$db" "$dir/older"
sqlite3 "$db" "PRAGMA wal_autocheckpoint = 0" "UPDATE key SET name = 'of the log'" ".shell cp '$db-wal' '$dir/older-wal'" >"$dir/out"
cp "$dir/older" "$db"
cp "$dir/older-wal" "$db-wal"
refused_start "is older than the one that this host had"
rm "$state/keys.seen"
start
has "$(ctl key list)" 'of the log'
