#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: wfapikey-fleetd brings each host's reports to the issuing hosts. A host appends to its own
# reports alone, no member reads any, and what nobody can read does not keep back what comes behind.
# The daemons are made up: see fleetside.c.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
fleetd=$abs_top_builddir/wfapikey-fleetd
[[ -x $fleetd ]] || skip "built without the fleet"
# shellcheck source=tests/scenario/postgres.sh
. "${0%/*}/postgres.sh"

declare -A input=() carrier=() marks=()
uri() { echo "postgresql://wfapikey_host_$1:$1-secret@/postgres?host=$dir/pg"; } # HOST
side_start() { # HOST STATE
    mkfifo "$dir/$1.in"
    : >"$dir/$1.out"
    "$abs_top_builddir/tests/scenario/fleetside" "$dir/$1" "$@" <"$dir/$1.in" >"$dir/$1.out" 2>>"$dir/daemon.log" &
    children+=("$!")
    local fd
    exec {fd}>"$dir/$1.in"
    input[$1]=$fd marks[$1]=0
    heard "$1" ready
}
fleetd_start() { # HOST
    "$fleetd" --control-socket="$dir/$1" 2>>"$dir/daemon.log" &
    carrier[$1]=$!
    children+=("$!")
}
fleetd_stop() { # HOST: a sanitizer looks at its memory then
    kill -TERM "${carrier[$1]}"
    wait "${carrier[$1]}" || fail "fleetd of $1 ended with $?"
}
tell() { printf '%s\n' "$2" >&"${input[$1]}"; }   # HOST COMMAND
mark() { marks[$1]=$(wc -l <"$dir/$1.out"); }     # HOST: what it has heard so far does not count
said() { tail -n +$((marks[$1] + 1)) "$dir/$1.out" | grep -q -- "$2"; }
heard() { wait_until said "$1" "$2"; }            # HOST PATTERN
does() { # HOST COMMAND PATTERN: and waits for what follows
    mark "$1"
    tell "$1" "$2"
    heard "$1" "$3"
}

pg_make
pg_start
run 0 "$fleetd" --setup "$admin" --host i1 <<<i1-secret
side_start i1 "state $(uri i1) issuing all:0"
fleetd_start i1
heard i1 "link connected: $"
does i1 "append host,m1,m1-secret,no all:1:10" "done committed: $"
does i1 "append host,m2,m2-secret,no all:2:10" "done committed: $"
does i1 "hosts i1:0:0 m1:0:0 m2:0:0" ok
for host in m1 m2; do
    side_start $host "state $(uri $host) member all:2"
    fleetd_start $host
    heard $host "link connected: $"
done

# --- A report goes to the issuing host, whole, at once ---
mark i1
does m1 "report m1:1:10" "report 1 stored 0: $"
heard i1 "took m1 1 of 262 bytes"
mark i1
does m2 "report m2:1:200000" "report 1 stored 0: $"
heard i1 "took m2 1 of 200252 bytes"
# An issuing host reports as well.
does i1 "report i1:1:10" "report 1 stored 0: $"
heard i1 "took i1 1 of"
# The same again is as good as stored; another one with that number is not.
does m1 "report m1:1:10" "report 1 stored 0: $"
does m1 "report m1:1:11" "report 1 taken 1: $"
does m1 "report m1:99999999:10" "report 99999999 failed 0: .*too large"
is "$(sql 'SELECT host, number FROM wfapikey.report ORDER BY 1, 2' | tr '\n' ' ')" 'i1|1 m1|1 m2|1 '

# --- What a member may not ---
m1() { sql_as wfapikey_host_m1 m1-secret "$1"; }
is "$(m1 'SELECT count(*) FROM wfapikey.report')" 0
is "$(sql_as wfapikey_host_i1 i1-secret 'SELECT count(*) FROM wfapikey.report')" 3
for attack in "INSERT INTO wfapikey.report VALUES ('m2', 2, 'x')" "UPDATE wfapikey.report SET number = 7" "DELETE FROM wfapikey.report" \
    "TRUNCATE wfapikey.report" "SELECT frame FROM wfapikey.report FOR UPDATE"; do
    has "$(m1 "$attack")" "ermission denied"
done
has "$(sql_as wfapikey_host_i1 i1-secret "DELETE FROM wfapikey.report")" "permission denied"
# It speaks for itself alone: the name is that of its role.
is "$(m1 "SELECT wfapikey.put_report('{2}', ARRAY['garbage'::bytea])")" 0
wait_until grep -q 'report 2 of host m1 has another length than it says' "$dir/daemon.log"
is "$(sql 'SELECT host, number FROM wfapikey.report ORDER BY 1, 2' | tr '\n' ' ')" 'i1|1 m1|1 m1|2 m2|1 '
has "$(sql "SET SESSION AUTHORIZATION wfapikey_host_m1; SELECT wfapikey.put_report('{3}', ARRAY[convert_to(repeat('x', 600000), 'UTF8')])" 2>&1)" \
    "violates check constraint"
sql "CREATE ROLE wfapikey_host_alien LOGIN PASSWORD 'alien'; GRANT wfapikey_member TO wfapikey_host_alien"
has "$(sql_as wfapikey_host_alien alien "SELECT wfapikey.put_report('{1}', ARRAY['x'::bytea])")" "no host of the fleet"

# --- What is refused does not keep back what comes behind it ---
mark i1
does m1 "report m1:3:10" "report 3 stored 0: $"
heard i1 "took m1 3 of"
# One that the database has put under another name, and one that it has altered.
sql "INSERT INTO wfapikey.report (host, number, frame) SELECT 'm2', 2, frame FROM wfapikey.report WHERE host = 'm1' AND number = 3"
sql "INSERT INTO wfapikey.report (host, number, frame) SELECT 'm2', 3, set_bit(frame, 800, 1 - get_bit(frame, 800)) FROM wfapikey.report
    WHERE host = 'm2' AND number = 1"
mark i1
does m2 "report m2:4:10" "report 4 stored 0: $"
heard i1 "took m2 4 of"
is "$(tail -n +$((marks[i1] + 1)) "$dir/i1.out" | grep -c 'refused a report of m2')" 2

# --- What could not be written is brought again, and what is behind it waits for it ---
mark i1
tell i1 busy
does m1 "report m1:4:10" "report 4 stored 0: $"
heard i1 "could not write a report of m1"
does m1 "report m1:5:10" "report 5 stored 0: $"
heard i1 "took m1 5 of"
is "$(tail -n +$((marks[i1] + 1)) "$dir/i1.out" | grep '^took m1' | cut -d ' ' -f 1-3 | tr '\n' ' ')" 'took m1 4 took m1 5 '

# --- How much a host may put there ---
for n in {7..12}; do m1 "SELECT wfapikey.put_report('{$n}', ARRAY['x$n'::bytea])" >/dev/null; done
is "$(m1 "SELECT wfapikey.put_report('{13}', ARRAY['x'::bytea])")" 0
has "$(m1 "SELECT wfapikey.put_report('{14}', ARRAY['x'::bytea])")" "12 reports"
does m1 "report m1:14:10" "report 14 failed 0: .*12 reports"
sql "UPDATE wfapikey.report SET put_at = put_at - interval '2 hours'"
does m1 "report m1:14:10" "report 14 stored 0: $"
# No more than 32 MiB, and none that are older than 7 days.
sql "INSERT INTO wfapikey.report SELECT 'm2', n, convert_to(repeat('x', 540672), 'UTF8'), now() - interval '1 day' FROM generate_series(5, 100) n"
does m2 "report m2:101:10" "report 101 stored 0: $"
[[ $(sql "SELECT sum(octet_length(frame)) <= 33554432 AND max(number) = 101 FROM wfapikey.report WHERE host = 'm2'") == t ]] || fail "more than 32 MiB"
sql "UPDATE wfapikey.report SET put_at = now() - interval '8 days' WHERE number < 101"
does m2 "report m2:102:10" "report 102 stored 0: $"
is "$(sql "SELECT number FROM wfapikey.report WHERE host = 'm2' ORDER BY 1" | tr '\n' ' ')" '101 102 '

# --- Without the database a report waits, and goes then ---
mark m2
pg_stop
heard m2 "link away: ."
tell m2 "report m2:103:10"
pg_start
heard m2 "report 103 stored 0: $"
heard i1 "took m2 103 of"
# A fleetd that begins anew asks for what the daemon lacks.
fleetd_stop i1
does m2 "report m2:104:10" "report 104 stored 0: $"
mark i1
fleetd_start i1
heard i1 "took m2 104 of"

# --- A host that is dropped: the number of its last report is kept, for a host of that name ---
does i1 "append drop,m2 all:3:10" "done committed: $"
is "$(sql "SELECT number FROM wfapikey.report WHERE host = 'm2'")" 104

# --- A host that does not want to be dropped ---
m3() { PGPASSWORD=m3-secret psql "host=$dir/pg user=wfapikey_host_m3 dbname=postgres" -Atqv ON_ERROR_STOP=1 "$@"; }
i1() { sql_as wfapikey_host_i1 i1-secret "SET client_min_messages = error; $1"; }
make_m3() {
    sql "SELECT wfapikey.add_host('m3', 'SCRAM-SHA-256\$4096:YWFh\$YWFh:YWFh', false, '{}'); ALTER ROLE wfapikey_host_m3 PASSWORD 'm3-secret'" >/dev/null ||
        fail "no host m3"
    # With the next one the first of these goes, which is then locked.
    sql "INSERT INTO wfapikey.report (host, number, frame, put_at) VALUES ('m3', 1, 'x', now() - interval '8 days'), ('m3', 2, 'x', now()) ON CONFLICT DO NOTHING" >/dev/null
}
sleeps() { [[ $(sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'wfapikey_host_m3' AND query LIKE 'SELECT pg_sleep%'") == 1 ]]; }
hold() { # SQL: in a transaction that does not end
    m3 -c 'SET statement_timeout = 0' -c BEGIN -c "$1" -c 'SELECT pg_sleep(600)' >/dev/null 2>&1 &
    children+=("$!")
    wait_until sleeps
}
# As in a database that has other uses.
sql 'GRANT TEMPORARY ON DATABASE postgres TO PUBLIC; GRANT EXECUTE ON FUNCTION lo_create TO PUBLIC'
for attack in "SELECT wfapikey.put_report('{3}', ARRAY['x'::bytea])" "ALTER ROLE wfapikey_host_m3 PASSWORD 'm3-secret'" \
    'CREATE TEMPORARY TABLE t ()'; do
    make_m3
    hold "$attack"
    is "$(i1 "SELECT wfapikey.append('{}', '{}', '{}', '{move,m3,no}')")" t
    hold "$attack"
    is "$(i1 "SELECT wfapikey.append('{}', '{}', '{}', '{drop,m3}')")" t
    is "$(sql "SELECT name FROM wfapikey.host WHERE name = 'm3'")" ''
    is "$(sql "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname = 'wfapikey_host_m3'")" ''
    gone() { sql 'DROP ROLE IF EXISTS wfapikey_host_m3' 2>/dev/null; }
    wait_until gone
done
# Its role owns something, here or in another database, and stays without any right.
make_m3
has "$(m3 -c 'BEGIN ISOLATION LEVEL REPEATABLE READ' -c "SELECT wfapikey.put_report('{3}', ARRAY['x'::bytea])" 2>&1)" 'sees those before it'
m3 -c 'SELECT lo_create(4711)' >/dev/null
is "$(i1 "SELECT wfapikey.append('{}', '{}', '{}', '{drop,m3}')")" t
is "$(sql "SELECT rolcanlogin, pg_has_role(oid, 'wfapikey_member', 'MEMBER') FROM pg_roles WHERE rolname = 'wfapikey_host_m3'")" 'f|f'
is "$(sql "SELECT name FROM wfapikey.host WHERE name = 'm3'")" ''

# --- A queue of bells that somebody fills, and keeps from being emptied ---
rings() { # whether a bell of reports is heard
    [[ $(psql "$admin" -c 'LISTEN "wfapikey reports"' -c "SET SESSION AUTHORIZATION wfapikey_host_i1" \
        -c "SELECT wfapikey.put_report('{$1}', ARRAY['x'::bytea])" 2>&1) == *'Asynchronous notification'* ]]
}
rings 100 || fail "no bell"
sql "SET allow_system_table_mods = on; CREATE OR REPLACE FUNCTION pg_catalog.pg_notification_queue_usage() RETURNS float8 LANGUAGE sql AS 'SELECT 0.6::float8'"
! rings 101 || fail "a bell where there is little room"
is "$(sql "SELECT max(number) FROM wfapikey.report WHERE host = 'i1'")" 101

kb=$(awk '/^Anonymous:/ { print $2 }' "/proc/${carrier[i1]}/smaps_rollup" 2>/dev/null) && echo "anonymous memory: $kb kB"
for host in i1 m1 m2; do fleetd_stop "$host"; done
pg_stop
