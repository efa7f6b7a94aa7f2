#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the database role of a member, in the hands of that host's root, keeps nobody waiting by
# what it locks. A host is dropped and moved at once, also while PostgreSQL cannot end a session of
# it, and has one place for snapshots. Stopped processes stand for sessions that PostgreSQL cannot
# end. What the role rolls back counts as well, because it is on the disk. Issuing hosts do not wait
# for each other either.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/scenario/postgres.sh
. "${0%/*}/postgres.sh"
# shellcheck source=tests/scenario/fleetside.sh
. "${0%/*}/fleetside.sh"

as() { PGPASSWORD=m-secret psql "host=$dir/pg user=wfapikey_host_$1 dbname=postgres" -Atqv ON_ERROR_STOP=1 -c "$2" 2>&1; } # HOST SQL
i1() { sql_as wfapikey_host_i1 i1-secret "SET client_min_messages = error; $1"; }
work() { i1 "SELECT wfapikey.append('{}', '{}', '{}', '{$1}')"; } # WORD,WORD...
make() { # HOST [GROUP]
    is "$(work "host,$1,$(sql "SELECT rolpassword FROM pg_authid WHERE rolname = 'secret'"),no,${2-all}")" t
}
is_idle() { [[ $(sql "SELECT state FROM pg_stat_activity WHERE application_name = '$1'") == 'idle in transaction' ]]; }
pid_of() { sql "SELECT pid FROM pg_stat_activity WHERE application_name = '$1'"; } # NAME
is_gone() { [[ -z $(pid_of "$1") ]]; }
heads() { is "$(i1 "SELECT wfapikey.put_heads('{}', '{}', '{}')")" ''; }
role() { sql "SELECT rolcanlogin, pg_has_role(oid, 'wfapikey_member', 'MEMBER') FROM pg_roles WHERE rolname = 'wfapikey_host_$1'"; } # HOST

declare -A held=() stuck=()
hold() { # NAME HOST SQL: in a transaction that stays open
    local fd
    mkfifo "$dir/$1"
    exec {fd}<>"$dir/$1"
    held[$1]=$fd
    PGAPPNAME=$1 PGPASSWORD=m-secret psql "host=$dir/pg user=wfapikey_host_$2 dbname=postgres" -Atqc 'SET statement_timeout = 0' \
        -c 'SET idle_in_transaction_session_timeout = 0' -c BEGIN -c "$3" -f "$dir/$1" >>"$dir/hold.log" 2>&1 &
    children+=("$!")
    wait_until is_idle "$1"
}
hold_stuck() { # NAME HOST SQL: and PostgreSQL cannot end it
    hold "$@"
    stuck[$1]=$(pid_of "$1")
    children+=("${stuck[$1]}") # the last one until go_on
    kill -STOP "${stuck[$1]}" || fail "cannot stop a session"
}
go_on() { # NAME: it sees then that it is to end
    kill -CONT "${stuck[$1]}"
    unset 'children[-1]'
    wait_until is_gone "$1"
}

pg_make
pg_start
run 0 "$fleetd" --setup "$admin" --host i1 <<<i1-secret
sql "CREATE ROLE secret PASSWORD 'm-secret'; INSERT INTO wfapikey.hostgroup VALUES ('web')"

# --- Sessions that hold what a drop or a move needs ---
# With the next report the first of these goes, so that it is locked.
reports="INSERT INTO wfapikey.report (host, number, frame, put_at) VALUES ('m1', 1, 'x', now() - interval '8 days'), ('m1', 2, 'x', now())"
n=0
for lock in "SELECT wfapikey.put_report('{3}', ARRAY['x'::bytea])" 'SELECT wfapikey.take_turn(true)' \
    "ALTER ROLE wfapikey_host_m1 SET work_mem = '1MB'" "ALTER ROLE wfapikey_host_m1 PASSWORD 'm-secret'"; do
    n=$((n + 1))
    make m1
    sql "$reports"
    hold_stuck "move$n" m1 "$lock"
    is "$(work move,m1,no,web)" t
    is "$(sql "SELECT grp FROM wfapikey.host_group WHERE host = 'm1' ORDER BY 1" | paste -sd ' ')" 'all web'
    go_on "move$n"
    hold_stuck "drop$n" m1 "$lock"
    is "$(work drop,m1)" t
    is "$(sql "SELECT host FROM wfapikey.host_group WHERE host = 'm1'; SELECT name FROM wfapikey.host WHERE name = 'm1'")" ''
    # Without a right, whatever the role has locked.
    has "$(role m1)" '|f'
    # Nobody comes under its name while it is there, and others do.
    if [[ $lock == ALTER* ]]; then
        has "$(work "host,m1,$(sql "SELECT rolpassword FROM pg_authid WHERE rolname = 'secret'"),no")" 'has not ended yet: try again later'
    fi
    sql "UPDATE wfapikey.gone SET at = 'infinity'"
    heads
    make m2
    go_on "drop$n"
    heads
    is "$(role m1)" 'f|f'
    sql "UPDATE wfapikey.gone SET at = '-infinity'"
    heads
    is "$(role m1)" ''
    # The last report tells which numbers there were.
    is "$(sql "SELECT count(*) FROM wfapikey.latch WHERE host = 'm1'; SELECT count(*) FROM wfapikey.report WHERE host = 'm1'" | paste -sd ' ')" '0 1'
    sql "DELETE FROM wfapikey.report"
    is "$(work drop,m2)" t
done

# --- As soon as its row is gone a host sees nothing, also while its role has its rights ---
make m1
sql "INSERT INTO wfapikey.change VALUES ('all', 1, 'x')"
is "$(as m1 'SELECT count(*) FROM wfapikey.change')" 1
is "$(work drop,m1)" t
sql "GRANT wfapikey_member TO wfapikey_host_m1; ALTER ROLE wfapikey_host_m1 LOGIN PASSWORD 'm-secret'; UPDATE wfapikey.gone SET at = 'infinity'"
for table in hostgroup host_group change head snapshot page report; do
    is "$(as m1 "SELECT count(*) FROM wfapikey.$table")" 0
done
is "$(as m1 'SELECT count(name) FROM wfapikey.host')" 0
has "$(as m1 "SELECT wfapikey.put_report('{3}', ARRAY['x'::bytea])")" 'no host of the fleet'
is "$(as m1 'SELECT wfapikey.take_turn(true)')" f
heads
is "$(role m1)" 'f|f'

# --- Places for snapshots: one session gives its place back, and then does not ---
make m3
make m4
is "$(as m3 'SELECT wfapikey.take_turn(true)')" t
hold back m3 'SELECT wfapikey.take_turn(false)'
is "$(as m3 'SELECT wfapikey.take_turn(true)')" f
is "$(as m3 'SELECT wfapikey.take_turn(false)')" t
echo 'ROLLBACK; \q' >&"${held[back]}"
wait_until is_gone back
is "$(sql "SELECT holder, count(*) FROM wfapikey.turn GROUP BY 1 ORDER BY 1" | paste -sd ' ')" '|15 wfapikey_host_m3|1'
is "$(as m4 'SELECT wfapikey.take_turn(true)')" t
is "$(as m3 'SELECT wfapikey.take_turn(false)')" t
is "$(sql "SELECT count(*) FROM wfapikey.turn WHERE holder = ''")" 15

# --- Reports that are rolled back fill the disk as others do ---
try() { # as often as 100 times; how often it could, in one hour
    local hour=
    while [[ $hour != $(sql "SELECT date_trunc('hour', clock_timestamp())") ]]; do
        hour=$(sql "SELECT setval('wfapikey.tries_of_m3', $1), date_trunc('hour', clock_timestamp())")
        hour=${hour#*|}
        as m3 "DO \$\$ DECLARE n int := 0; BEGIN
            FOR i IN 1 .. 100 LOOP
                BEGIN
                    PERFORM wfapikey.put_report('{1}', '{x}');
                    n := n + 1;
                    RAISE SQLSTATE 'ZZ001';
                EXCEPTION WHEN SQLSTATE 'ZZ001' THEN NULL;
                END;
            END LOOP;
        EXCEPTION WHEN raise_exception THEN RAISE WARNING 'could % times: %', n, SQLERRM;
        END \$\$" >"$dir/out"
    done
    cat "$dir/out"
}
hour=$(sql "SELECT floor(extract(epoch FROM clock_timestamp()) / 3600)")
has "$(try 1)" 'could 64 times: this host has tried'
has "$(as m3 "SELECT wfapikey.put_report('{1}', '{x}')")" '64 times within an hour: the next one waits'
# Another hour, also when a clock was wrong.
has "$(try $(((hour - 1) * 1000 + 64)))" 'could 64 times'
has "$(try $(((hour + 9) * 1000 + 64)))" 'could 64 times'
for attack in "SELECT setval('wfapikey.tries_of_m3', 1)" "SELECT nextval('wfapikey.tries_of_m3')" 'DROP SEQUENCE wfapikey.tries_of_m3' \
    'ALTER SEQUENCE wfapikey.tries_of_m3 RESTART'; do
    [[ $(as m3 "$attack") =~ 'permission denied'|'must be owner' ]] || fail "a host may $attack"
done
is "$(as m4 "SELECT wfapikey.put_report('{1}', '{x}')")" 0
# It goes with the host, as soon as nobody has it locked.
sql "SELECT setval('wfapikey.tries_of_m3', 1)" >/dev/null
hold_stuck counted m3 "SELECT wfapikey.put_report('{1}', '{x}')"
is "$(work drop,m3)" t
go_on counted
sql "UPDATE wfapikey.gone SET at = '-infinity'"
heads
is "$(sql "SELECT to_regclass('wfapikey.tries_of_m3')")" ''

# --- Issuing hosts do not wait for each other when they invite and move hosts ---
is "$(work "host,i2,$(sql "SELECT rolpassword FROM pg_authid WHERE rolname = 'secret'"),yes")" t
frame="('WFKFLET' || repeat('x', 177))::bytea || '\\x00000000' || repeat('x', 64)::bytea"
append() { echo "SELECT wfapikey.append('{web}', '{1}', ARRAY[$frame], '{${1-}}');"; } # WORD,WORD...
hold moves i2 "SELECT wfapikey.append('{}', '{}', '{}', '{move,m4,no,web}')"
make m5 web
# PostgreSQL would end one of two that wait for each other.
is "$(i1 "$(append move,m5,no,web)")" t
is "$(i1 "SELECT wfapikey.rebase('{web}', '{1}', '{1}')")" f
: >"$dir/hold.log"
echo "$(append) COMMIT; \\q" >&"${held[moves]}"
wait_until is_gone moves
is "$(<"$dir/hold.log")" f # it was second, and tries again
is "$(sql "SELECT number FROM wfapikey.hostgroup WHERE name = 'web'; SELECT count(*) FROM wfapikey.host_group WHERE grp = 'web'" | paste -sd ' ')" '1 2'

# --- What an older version has made ---
sql 'DROP TABLE wfapikey.latch; DROP SEQUENCE wfapikey.tries_of_m4'
run 0 "$fleetd" --setup "$admin"
is "$(as m4 'SELECT wfapikey.take_turn(true)')" t
is "$(as m4 "SELECT wfapikey.put_report('{2}', '{x}')")" 0

pg_stop
