#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a daemon and a wfapikey-fleetd that are told to end while a change waits for PostgreSQL's
# answer end when it has come, and the client hears what became of the change.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
fleetd=$abs_top_builddir/wfapikey-fleetd
[[ -x $fleetd ]] || skip "built without the fleet"
[[ $(id -u) == 0 ]] || skip "needs root, as which fleetd may talk to the daemon"
# shellcheck source=tests/scenario/postgres.sh
. "${0%/*}/postgres.sh"
command -v busctl >/dev/null || skip "needs busctl"

hub='' carrier=''
call() { # METHOD [SIGNATURE ARGUMENT...]
    busctl --timeout=60 --address="unix:path=$dir/hub.c" call org.wfapikey1 /org/wfapikey1 org.wfapikey1.Manager "$@"
}
hub_start() {
    "$WFAPIKEYD" --state-dir="$dir/hub" --verify-socket="$dir/hub.v" --control-socket="$dir/hub.c" --config="$dir/conf" >>"$dir/daemon.log" 2>&1 &
    hub=$!
    children+=("$hub")
    wait_until call GetPolicy
}
carrier_start() {
    "$fleetd" --control-socket="$dir/hub.c" 2>>"$dir/daemon.log" &
    carrier=$!
    children+=("$carrier")
}
linked() { [[ $(call FleetStatus) == *'"link" s "connected"'* ]]; }
ends() { wait "$1" || fail "a program ended with $?"; } # PID
number() { sql "SELECT number FROM wfapikey.hostgroup WHERE name = 'all'"; }
# A session that locks the log, until it is told to let go.
mkfifo "$dir/session"
lock() {
    PGAPPNAME=locker psql "$admin" -qAt <"$dir/session" >/dev/null 2>&1 &
    children+=("$!")
    exec {session}>"$dir/session"
    echo "BEGIN; SELECT FROM wfapikey.hostgroup FOR UPDATE;" >&"$session"
    wait_until is_locked
}
is_locked() { [[ $(sql "SELECT state FROM pg_stat_activity WHERE application_name = 'locker'") == 'idle in transaction' ]]; }
unlock() {
    echo 'COMMIT;' >&"$session"
    exec {session}>&-
}
waits() { [[ $(sql "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%append%'") == 1 ]]; }
# Sends SIGTERM, and waits until the program has seen it.
terminate() { # PID
    kill -TERM "$1"
    wait_until has_seen "$1"
}
has_seen() { ((!(0x$(awk '/^ShdPnd:/ { print $2 }' "/proc/$1/status") & 0x4000))); } # PID: 15 is pending no more
issue() { # FILE: for the answer
    call IssueKey 'sa{sv}' "$me" 1 hosts as 1 all >"$dir/$1" 2>&1 &
    client=$!
}
issued() { # FILE
    wait "$client" || fail "the change was not answered: $(<"$dir/$1")"
    has "$(<"$dir/$1")" 'wfk'
}

echo "#" >"$dir/conf"
pg_make
pg_start
run 0 "$fleetd" --setup "$admin" --host hub <<<hub-secret
install -d -m 0700 "$dir/hub"
hub_start
call SetPolicy 'a{ss}' 2 enabled yes max-keys-per-user 100 >/dev/null
carrier_start
call FleetInit ss hub "host=$dir/pg dbname=postgres user=wfapikey_host_hub password=hub-secret" >/dev/null || fail "no fleet"
wait_until linked

# --- The daemon is told to end, then both, in either order ---
for order in hub 'hub carrier' 'carrier hub' carrier; do
    before=$(number)
    lock
    issue answer
    wait_until waits
    for program in $order; do terminate "${!program}"; done
    unlock
    issued answer
    is "$(number)" $((before + 1))
    for program in $order; do ends "${!program}"; done
    [[ $order != *hub* ]] || hub_start
    [[ $order == hub ]] || carrier_start
    wait_until linked
done

# --- Two changes wait, and one was not sent yet ---
lock
issue first
one=$client
issue second
two=$client
wait_until waits
terminate "$hub"
unlock
client=$one
issued first
client=$two
issued second
ends "$hub"
hub_start
wait_until linked

# --- An answer that does not come is waited for no longer than fleetd waits ---
lock
issue answer
wait_until waits
terminate "$hub"
wait "$client" && fail "a change was made that the database has not taken"
has "$(<"$dir/answer")" "The fleet's database"
ends "$hub"
unlock
kill -TERM "$carrier"
ends "$carrier"
pg_stop
