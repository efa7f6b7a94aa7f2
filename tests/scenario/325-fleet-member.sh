#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the database role of a member, in the hands of that host's root, fills no disk by what
# PostgreSQL gives to every role, and keeps no transaction open for long. Hosts that hear bells for
# nothing ask each second instead. The daemons are made up: see fleetside.c.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/scenario/postgres.sh
. "${0%/*}/postgres.sh"
# shellcheck source=tests/scenario/fleetside.sh
. "${0%/*}/fleetside.sh"

m1() { sql_as wfapikey_host_m1 m1-secret "$1"; }
i1() { sql_as wfapikey_host_i1 i1-secret "$1"; }
limit_of() { sql_as "wfapikey_host_$1" "$1-secret" 'SHOW temp_file_limit'; } # HOST

pg_make
pg_start
run 0 "$fleetd" --setup "$admin" --host i1 <<<i1-secret
[[ -z $(<"$dir/err") ]] || fail "the set-up of a database of its own says: $(<"$dir/err")"
side_start i1 "state $(uri i1) issuing all:0"
fleetd_start i1
heard i1 "link connected: $"
does i1 "append group,web all:1:10" "done committed: $"
does i1 "append host,m1,m1-secret,no,web all:2:10 web:1:10" "done committed: $"
side_start m1 "state $(uri m1) member all:2 web:1"
fleetd_start m1
heard m1 "link connected: $"

# --- Bells ---
deaf='link connected: asking each second, because bells ring for nothing$'
# i1 hears few, and each makes it ask.
echo "SELECT pg_notify('wfapikey reports', '') \\watch 0.05" >"$dir/ring"
psql "$admin" -qf "$dir/ring" >/dev/null 2>&1 &
ringer=$!
children+=("$ringer")
# m1 hears many at once.
mark m1
m1 "SELECT pg_notify('wfapikey_web', n::text) FROM generate_series(1, 100000) n" >/dev/null
heard m1 "$deaf"
tell i1 "append - all:3:10"
heard m1 "applied all 3 of i1"
heard_not m1 'link away'
mark m1

# --- The disk ---
for attack in 'SELECT lo_creat(-1)' 'SELECT lo_create(0)' "SELECT lo_from_bytea(0, 'x')" "SELECT lo_put(1, 0, 'x')" "SELECT lowrite(0, 'x')" \
    'SELECT lo_truncate(0, 1)' 'SELECT lo_truncate64(0, 1)' "SELECT pg_logical_emit_message(false, 'x', 'x')" \
    "SELECT pg_logical_emit_message(false, 'x', 'x'::bytea)" 'SELECT pg_export_snapshot()' 'SELECT pg_advisory_lock(1)' \
    'SELECT pg_try_advisory_xact_lock_shared(1, 2)' 'CREATE TEMPORARY TABLE t ()' 'CREATE TABLE public.t ()' 'SET temp_file_limit = -1' \
    'ALTER ROLE wfapikey_host_m1 RESET temp_file_limit' 'SELECT wfapikey.end_old()' 'SELECT wfapikey.shut()'; do
    has "$(m1 "$attack")" "ermission denied"
done
if [[ $("$pg_bin/postgres" --version) =~ \)\ 1[34]\. ]]; then
    # A superuser limits these when it runs the set-up once more.
    run 0 "$fleetd" --setup "$admin"
fi
is "$(limit_of m1)" 64MB
has "$(m1 "SET work_mem = 64; SELECT count(*) FROM (SELECT DISTINCT g FROM generate_series(1, 10000000) g) s")" "temporary file size exceeds"
is "$(m1 'ALTER ROLE wfapikey_host_m1 RESET ALL')" ''
is "$(limit_of m1)" 64MB
is "$(limit_of i1)" -1
does i1 "append move,m1,yes all:4:10" "done committed: $"
is "$(limit_of m1)" -1
does i1 "append move,m1,no,web all:5:10" "done committed: $"
is "$(limit_of m1)" 64MB

# --- Old transactions ---
mkfifo "$dir/hold"
pid_of() { sql "SELECT pid FROM pg_stat_activity WHERE application_name = '$1'"; } # NAME
hold() { # NAME USER SQL: in a transaction that stays open
    PGAPPNAME=$1 PGPASSWORD=m1-secret psql "host=$dir/pg user=$2 dbname=postgres" -Atqc 'SET statement_timeout = 0' \
        -c 'SET idle_in_transaction_session_timeout = 0' -c BEGIN -c "$3" -f "$dir/hold" >>"$dir/hold.log" 2>&1 &
    children+=("$!")
    wait_until is_idle "$1"
}
is_idle() { [[ $(sql "SELECT state FROM pg_stat_activity WHERE application_name = '$1'") == 'idle in transaction' ]]; }
is_gone() { [[ -z $(pid_of "$1") ]]; }
exec {holder}<>"$dir/hold"
heads() { is "$(i1 "SELECT wfapikey.put_heads('{}', '{}', '{}')")" ''; }
hold xid wfapikey_host_m1 'SELECT pg_current_xact_id()'
hold listener wfapikey_host_m1 'LISTEN x'
hold other admin 'SELECT 1'
heads
is_idle xid || fail "a transaction of a few seconds was ended"
is "$(sql 'SELECT wfapikey.patience()')" 00:01:00
sql "CREATE OR REPLACE FUNCTION wfapikey.patience() RETURNS interval LANGUAGE sql AS 'SELECT interval ''0 s'''"
# In PostgreSQL 13 and 14 a host may do this.
sql "REVOKE wfapikey_host_m1 FROM wfapikey_owner$(sql 'SELECT wfapikey.by_owner()')"
heads
wait_until is_gone xid
wait_until is_gone listener
is_idle other || fail "a transaction of others was ended"
# A member ends nobody.
has "$(m1 "SELECT pg_terminate_backend($(pid_of other))")" ERROR
sql "DROP FUNCTION wfapikey.patience()"
run 0 "$fleetd" --setup "$admin"
# What a fleet of an older version has is bounded by another --setup.
sql "REVOKE wfapikey_host_m1 FROM wfapikey_owner$(sql 'SELECT wfapikey.by_owner()'); ALTER ROLE wfapikey_host_m1 RESET temp_file_limit" ||
    fail "cannot make it as it was"
run 0 "$fleetd" --setup "$admin"
is "$(limit_of m1)" 64MB
is "$(sql "SELECT pg_has_role('wfapikey_owner', 'wfapikey_host_m1', 'USAGE')")" t
does i1 "append - all:6:10" "done committed: $"
heard m1 "applied all 6 of i1"

# --- Bells again: after a while hosts listen anew ---
heard m1 "link connected: $"
wait_until grep -q "$deaf" "$dir/i1.out"
kill "$ringer"
wait "$ringer" 2>/dev/null
does i1 "append - all:7:10" "done committed: $"
does i1 "append drop,m1 all:8:10" "done committed: $"
role_of() { sql "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'wfapikey_host_$1'"; } # HOST
is "$(role_of m1)" f
sql "UPDATE wfapikey.gone SET at = '-infinity'"
heads
is "$(role_of m1)" ''

# --- Who logs in while the host is dropped is in a session of a role that is gone ---
does i1 "append host,m9,m1-secret,no all:9:10" "done committed: $"
mkfifo "$dir/drop"
PGAPPNAME=dropper psql "$admin" -Atqf "$dir/drop" >"$dir/drop.log" 2>&1 &
dropper=$!
children+=("$dropper")
exec {drop}>"$dir/drop"
echo "BEGIN; SELECT wfapikey.drop_host('m9');" >&"$drop"
wait_until is_idle dropper
hold zombie wfapikey_host_m9 'SELECT 1'
printf '%s\n' 'COMMIT;' '\q' >&"$drop"
exec {drop}>&-
wait "$dropper" || fail "the drop: $(<"$dir/drop.log")"
heads
wait_until is_gone zombie
# It keeps its name for the few seconds in which somebody may still come.
is "$(role_of m9)" f
# The next host of that name has a role of its own.
sql "ALTER ROLE wfapikey_host_m9 SET work_mem = 64"
does i1 "append host,m9,m1-secret,no all:10:10" "done committed: $"
is "$(PGPASSWORD=m1-secret psql "host=$dir/pg user=wfapikey_host_m9 dbname=postgres" -Atqc 'SHOW work_mem')" 4MB
is "$(sql 'SELECT role FROM wfapikey.gone')" ''

# --- A database that has other uses: nothing is taken before an administrator says so ---
sql 'CREATE DATABASE shared'
psql "$admin dbname=shared" -Atqc 'CREATE TABLE theirs ()'
run 0 "$fleetd" --setup "$admin dbname=shared"
for word in 'a host that means ill can use' 'advisory locks, large objects, pg_export_snapshot(), pg_logical_emit_message(), temporary tables' 'other uses (public.theirs)' 'SELECT wfapikey.shut()'; do
    has "$(<"$dir/err")" "$word"
done
sql "CREATE ROLE theirs LOGIN PASSWORD 'x'"
theirs() { PGPASSWORD=x psql "host=$dir/pg user=theirs dbname=shared" -Atqc "$1" 2>&1; }
is "$(theirs 'SELECT lo_create(4711); CREATE TEMPORARY TABLE t ()')" 4711
is "$(psql "$admin dbname=shared" -Atqc 'SELECT wfapikey.shut()')" ''
has "$(theirs 'SELECT lo_create(0)')" 'permission denied'
run 0 "$fleetd" --setup "$admin dbname=shared"
is "$(<"$dir/err")" ''

# --- An administrator who is no superuser ---
sql "CREATE ROLE dba LOGIN CREATEROLE CREATEDB PASSWORD 'x'; GRANT wfapikey_owner, wfapikey_member, wfapikey_issuer, wfapikey_site TO dba WITH ADMIN OPTION"
sql 'CREATE DATABASE theirs OWNER dba'
dba="host=$dir/pg user=dba dbname=theirs password=x"
run 0 "$fleetd" --setup "$dba"
has "$(<"$dir/err")" 'can use advisory locks, large objects, pg_'
has "$(<"$dir/err")" 'have a superuser run SELECT wfapikey.shut()'
[[ $(<"$dir/err") != *temporary* ]] || fail "the owner of a database forbids temporary tables: $(<"$dir/err")"
is "$(psql "$admin dbname=theirs" -Atqc 'SELECT wfapikey.shut()')" ''
run 0 "$fleetd" --setup "$dba"
is "$(<"$dir/err")" ''

# --- What the database leaves open is said on an issuing host ---
fleetd_again() { # HOST
    fleetd_stop "$1"
    mark "$1"
    fleetd_start "$1"
}
sql 'GRANT TEMPORARY ON DATABASE postgres TO PUBLIC'
fleetd_again i1
heard i1 'link connected: a host that means ill can use temporary tables there'
has "$(<"$dir/daemon.log")" '<4>database: connected: a host that means ill can use temporary tables there'
sql 'REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC'
fleetd_again i1
heard i1 'link connected: $'
# A database of before refuses the question.
sql 'REVOKE EXECUTE ON FUNCTION wfapikey.open_ways() FROM wfapikey_issuer'
fleetd_again i1
heard i1 'link connected: $'
does i1 "append - all:11:10" "done committed: $"

exec {holder}<&-
fleetd_stop m1
fleetd_stop i1
pg_stop
