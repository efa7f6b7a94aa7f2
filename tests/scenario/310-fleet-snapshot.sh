#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a host that was cut off for longer than changes are kept catches up by a snapshot, and a
# fleet whose database came back from an old copy goes on. Real daemons, and a real PostgreSQL.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
fleetd=$abs_top_builddir/wfapikey-fleetd
[[ -x $fleetd ]] || skip "built without the fleet"
[[ $(id -u) == 0 ]] || skip "needs root, as which fleetd may talk to the daemon"
# shellcheck source=tests/scenario/postgres.sh
. "${0%/*}/postgres.sh"
command -v busctl >/dev/null || skip "needs busctl"

declare -A host=() carrier=()
host_start() { # HOST
    install -d -m 0700 "$dir/$1"
    "$WFAPIKEYD" --state-dir="$dir/$1" --verify-socket="$dir/$1.v" --control-socket="$dir/$1.c" \
        --config="$dir/conf" >>"$dir/daemon.log" 2>&1 &
    host[$1]=$!
    children+=("$!")
    wait_until call "$1" GetPolicy
}
fleetd_start() { # HOST
    "$fleetd" --control-socket="$dir/$1.c" 2>>"$dir/daemon.log" &
    carrier[$1]=$!
    children+=("$!")
}
stop_one() { # PID: in order
    kill -TERM "$1"
    wait "$1" || fail "a program ended with $?"
}
call() { # HOST METHOD [SIGNATURE ARGUMENT...]
    busctl --address="unix:path=$dir/$1.c" call org.wfapikey1 /org/wfapikey1 org.wfapikey1.Manager "${@:2}"
}
must() { call "$@" || fail "$*"; }
link() { [[ $(call "$1" FleetStatus) == *'"link" s "'"$2"'"'* ]]; } # HOST STATE
# Whether HOST has all that the database has.
current() { # HOST
    link "$1" connected && [[ $(call "$1" FleetStatus) == *"\"numbers\" at 2 $(number all) $(number web)"* ]]
}
status() { # HOST ID: of a key
    local out
    out=$(call "$1" GetKey s "$2" 2>/dev/null) || {
        echo none
        return
    }
    out=${out#*'"status" s "'}
    echo "${out%%\"*}"
}
is_status() { [[ $(status "$1" "$2") == "$3" ]]; }
issue() { # GROUP: on hub
    local out
    out=$(must hub IssueKey 'sa{sv}' "$me" 1 hosts as 1 "$1") || exit
    out=${out#*\"}
    id=${out%%\"*}
}
number() { sql "SELECT number FROM wfapikey.hostgroup WHERE name = '$1'"; }
snapshots() { sql "SELECT count(*) FROM wfapikey.snapshot s JOIN wfapikey.hostgroup g ON g.name = s.grp AND g.number = s.number WHERE g.number > 0"; }

echo "#" >"$dir/conf"
pg_make
pg_start
run 0 "$fleetd" --setup "$admin" --host hub <<<hub-secret
for h in hub web1 web2; do
    host_start "$h"
    must "$h" SetPolicy 'a{ss}' 1 enabled yes >/dev/null
    fleetd_start "$h"
done
must hub FleetInit ss hub "host=$dir/pg dbname=postgres user=wfapikey_host_hub password=hub-secret" >/dev/null
wait_until link hub connected
must hub FleetAddGroup s web
wait_until link hub connected
invite() { # HOST
    local key invitation
    key=$(must "$1" FleetKey | cut -d '"' -f 2)
    # shellcheck disable=SC2046
    invitation=$(must hub FleetInvite ssasbs "$1" "$key" 1 web no '') || exit
    # shellcheck disable=SC2086
    must "$1" FleetJoin $invitation >/dev/null
    wait_until link "$1" connected
}
invite web1
issue web && kept=$id
issue web && revoked=$id
issue web && removed=$id
wait_until is_status web1 "$removed" active

# --- A member that stands still while changes are cut off ---
stop_one "${carrier[web1]}"
must hub RevokeKeys ass 1 "$revoked" lost >/dev/null
must hub RemoveKeys as 1 "$removed" >/dev/null
must hub SetFleetPolicy 'a{ss}' 1 max-keys-per-user 9 >/dev/null
issue web && new=$id
must hub FleetAskSnapshot
groups() { [[ $(snapshots) == 2 ]]; }
wait_until groups
# The last 1000 changes would be kept.
sql "DELETE FROM wfapikey.change; UPDATE wfapikey.hostgroup SET oldest = number + 1"
# Other hosts take snapshots: it waits for its turn. It gives its place back.
held() { sql "SELECT count(*) FROM wfapikey.turn WHERE holder <> ''"; }
is "$(sql "SELECT count(*) FROM wfapikey.turn")" 16
sql "UPDATE wfapikey.turn SET holder = 'other', at = now()"
fleetd_start web1
wait_until link web1 behind
has "$(call web1 FleetStatus)" 'waits for its turn to get a snapshot'
is "$(status web1 "$new")" none
is "$(held)" 16
sql "UPDATE wfapikey.turn SET at = now() - interval '61 s' WHERE place = 3"
wait_until is_status web1 "$new" active
free() { [[ $(held) == 15 && $(sql "SELECT holder FROM wfapikey.turn WHERE place = 3") == '' ]]; }
wait_until free
# Without places no revocation waits for ever: a limit that does not work is none.
sql "ALTER TABLE wfapikey.turn RENAME TO away"
stop_one "${carrier[web1]}"
issue web && late=$id
sql "UPDATE wfapikey.away SET holder = '', at = '-infinity'"
must hub FleetAskSnapshot
wait_until groups
sql "DELETE FROM wfapikey.change; UPDATE wfapikey.hostgroup SET oldest = number + 1"
fleetd_start web1
wait_until is_status web1 "$late" active
sql "ALTER TABLE wfapikey.away RENAME TO turn"
is "$(status web1 "$kept")" active
is "$(status web1 "$revoked")" revoked
is "$(status web1 "$removed")" none
has "$(call web1 GetPolicy)" '"max-keys-per-user" "9"'
issue web && tail=$id
wait_until is_status web1 "$tail" active

# --- A new host gets a snapshot ---
invite web2
wait_until is_status web2 "$tail" active
is "$(status web2 "$revoked")" revoked
is "$(status web2 "$removed")" none

# --- An old copy of the database came back ---
pg_dump "$admin" -n wfapikey --data-only >"$dir/copy.sql"
issue web && lost=$id
wait_until is_status web2 "$lost" active
must hub RevokeKeys ass 1 "$kept" lost >/dev/null
wait_until is_status web2 "$kept" revoked
wait_until is_status web1 "$kept" revoked
before=$(number web)
{
    echo 'BEGIN;'
    echo "SET session_replication_role = replica;"
    for t in fleet hostgroup host host_group site_host change head snapshot page report turn latch; do echo "DELETE FROM wfapikey.$t;"; done
    cat "$dir/copy.sql"
    echo 'COMMIT;'
} >"$dir/restore.sql"
run 0 psql "$admin" -qv ON_ERROR_STOP=1 -f "$dir/restore.sql"
for h in hub web1 web2; do wait_until link "$h" behind; done
# Nothing is issued. A revocation is done here and waits.
call hub IssueKey 'sa{sv}' "$me" 1 hosts as 1 web >"$dir/out" 2>&1 && fail "a key was issued in a database that is behind"
has "$(<"$dir/out")" "the database is older than this host"
must hub RevokeKeys ass 1 "$tail" lost >/dev/null
is "$(status hub "$tail")" revoked
is "$(status web1 "$kept")" revoked
must hub FleetRebase
rebased() { [[ $(number web) -gt 1000000 ]]; }
wait_until rebased
for h in hub web1 web2; do wait_until current "$h"; done
[[ $(number web) -ge $((before + 1000000)) ]] || fail "the numbers are not above the old ones: $(number web)"
wait_until is_status web1 "$tail" revoked
wait_until is_status web2 "$tail" revoked
is "$(status web2 "$kept")" revoked
is "$(status web2 "$lost")" active
issue web && new=$id
wait_until is_status web1 "$new" active
wait_until is_status web2 "$new" active
# When nothing is behind, a host does the same again, and no key changes.
must hub FleetRebase
higher() { [[ $(number web) -ge $((before + 2000000)) ]]; }
wait_until higher
for h in hub web1 web2; do wait_until current "$h"; done
issue web && new=$id
wait_until is_status web2 "$new" active
is "$(status web2 "$kept")" revoked

# --- What has ended on an issuing host without a call is told before the next statement ---
# As the sweeper leaves it when an account was removed.
if command -v sqlite3 >/dev/null; then
    sqlite3 -cmd '.timeout 20000' "$dir/hub/keys.db" "BEGIN IMMEDIATE;
        UPDATE key SET status = 1, reason = 'the account was removed', dead_at = updated_at WHERE id = '$new';
        INSERT INTO fleet_outbox (id, at, reason) VALUES ('$new', 1, 'the account was removed'); COMMIT" || fail "the store is busy"
    wait_until is_status web2 "$new" revoked
    is "$(sqlite3 "$dir/hub/keys.db" "SELECT count(*) FROM fleet_outbox")" 0
    for h in hub web1 web2; do wait_until current "$h"; done
fi

# A member does neither.
call web1 FleetRebase >"$dir/out" 2>&1 && fail "a member goes on from what it has"
has "$(<"$dir/out")" "does not issue"
call web1 FleetAskSnapshot >"$dir/out" 2>&1 && fail "a member makes a snapshot"

# --- What the database takes ---
web1() { sql_as wfapikey_host_web1 x "$1"; }
hub() { sql_as wfapikey_host_hub hub-secret "$1"; }
sql "ALTER ROLE wfapikey_host_web1 PASSWORD 'x'"
has "$(web1 "SELECT wfapikey.put_page('web', 1, 0, 'x')")" "permission denied"
has "$(web1 "SELECT wfapikey.done_snapshot('web', 1, 1)")" "permission denied"
has "$(web1 "SELECT wfapikey.rebase('{web}', '{9000000}', '{1}')")" "permission denied"
has "$(hub "SELECT wfapikey.finish('web', 1, 1)")" "permission denied"
sql "INSERT INTO wfapikey.hostgroup (name) VALUES ('cut')"
is "$(web1 "SELECT count(*) FROM wfapikey.page WHERE grp NOT IN ('all', 'web')")" 0
sql "INSERT INTO wfapikey.change SELECT 'cut', i, 'x' FROM generate_series(1, 2500) i; UPDATE wfapikey.hostgroup SET number = 2500 WHERE name = 'cut'"
has "$(hub "SELECT wfapikey.done_snapshot('cut', 2400, 1)")" "pages of the snapshot are missing"
frame="'WFKFLET'::bytea || decode(repeat('00', 245), 'hex')"
is "$(hub "SELECT wfapikey.put_page('cut', 2400, 0, $frame); SELECT wfapikey.done_snapshot('cut', 2400, 1)" | tr -d '\n')" ""
is "$(sql "SELECT oldest, (SELECT min(number) FROM wfapikey.change WHERE grp = 'cut') FROM wfapikey.hostgroup WHERE name = 'cut'")" '1401|1401'
hub "SELECT wfapikey.put_page('cut', 9999, 0, $frame)" >/dev/null
has "$(hub "SELECT wfapikey.done_snapshot('cut', 9999, 1)")" "does not have the number"
# A change that the host does not have is not thrown away.
is "$(hub "SELECT wfapikey.rebase('{cut}', '{1002499}', '{1}')")" f
is "$(number cut)" 2500

# --- Whose turn it is ---
turn() { web1 "SET SESSION AUTHORIZATION $1; SELECT wfapikey.take_turn($2)"; }
sql "ALTER ROLE wfapikey_host_web1 SUPERUSER; DELETE FROM wfapikey.turn WHERE place > 1; UPDATE wfapikey.turn SET holder = '', at = '-infinity'"
turns() { for role in "$@"; do turn "wfapikey_host_$role" true; done | paste -sd ' '; }
# The issuing host needs none.
is "$(turns hub web2 web1 hub web2)" 't t f t t'
is "$(turn wfapikey_host_web2 false)" t
is "$(turns web1 web2)" 't f'
# The database's clock was ahead.
sql "UPDATE wfapikey.turn SET at = now() + interval '1 h'"
is "$(turns web2)" t
# A host has one place, however many sessions it has.
sql "INSERT INTO wfapikey.turn VALUES (2); UPDATE wfapikey.turn SET holder = '', at = '-infinity'"
mkfifo "$dir/hold"
exec {holder}<>"$dir/hold"
PGPASSWORD=x PGAPPNAME=held psql "host=$dir/pg user=wfapikey_host_web1 dbname=postgres" -Atqc 'SET SESSION AUTHORIZATION wfapikey_host_web2' \
    -c BEGIN -c 'SELECT wfapikey.take_turn(true)' -f "$dir/hold" >/dev/null 2>&1 &
children+=("$!")
is_held() { [[ $(sql "SELECT state FROM pg_stat_activity WHERE application_name = 'held'") == 'idle in transaction' ]]; }
wait_until is_held
is "$(turns web2 web1)" 'f t'
exec {holder}<&-
sql "ALTER ROLE wfapikey_host_web1 NOSUPERUSER"
has "$(web1 "UPDATE wfapikey.turn SET holder = 'x'")" "permission denied"

for h in hub web1 web2; do
    stop_one "${carrier[$h]}"
    stop_one "${host[$h]}"
done
pg_stop
