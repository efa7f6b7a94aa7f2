#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: wfapikey-fleetd carries changes and heads between a PostgreSQL and the daemons of hosts. It
# survives the loss of either, and the database lets no host see or do more than it may. The daemons
# are made up: see fleetside.c.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/scenario/postgres.sh
. "${0%/*}/postgres.sh"
# shellcheck source=tests/scenario/fleetside.sh
. "${0%/*}/fleetside.sh"

# --- The database ---
pg_make
pg_start
run 0 "$fleetd" --setup "$admin" --host i1 <<<i1-secret
schema() { pg_dump -s "$admin" | grep -v restrict; } # lines with a random text
before=$(schema)
run 0 "$fleetd" --setup "$admin"
is "$(schema)" "$before"
run 0 "$fleetd" --print-sql
run 0 psql "$admin" -qv ON_ERROR_STOP=1 -c "$out"
is "$(schema)" "$before"
run 1 "$fleetd" --setup "host=$dir/pg user=nobody-there dbname=postgres"
has "$err" "nobody-there"
run 1 "$fleetd" --setup "nonsense secret"
[[ $err != *secret* ]] || fail "a password is shown: $err"
run 64 "$fleetd" --host i1
is "$(sql_as wfapikey_host_i1 i1-secret 'SELECT version FROM wfapikey.fleet')" 1
has "$(sql_as wfapikey_host_i1 wrong 'SELECT 1')" "password authentication failed"

# --- An issuing host makes hosts and groups, and appends ---
side_start i1
fleetd_start i1
heard i1 attach # in no fleet yet
does i1 "state $(uri i1) issuing all:0" ok
does i1 again "link connected: $"
heard i1 "head all 0 of i1"
does i1 "append group,web,mail all:1:10" "done committed: $"
does i1 "append host,i2,i2-secret,yes all:2:10" "done committed: $"
does i1 "append host,m1,m1-secret,no,web all:3:10 web:1:10" "done committed: $"
does i1 "append host,m2,m2-secret,no all:4:10" "done committed: $"
is "$(sql 'SELECT grp, number FROM wfapikey.change ORDER BY 1, 2' | tr '\n' ' ')" 'all|1 all|2 all|3 all|4 web|1 '
[[ $(sql "SELECT rolpassword FROM pg_authid WHERE rolname = 'wfapikey_host_m1'") == SCRAM-SHA-256* ]] || fail "no verifier"
does i1 "append nonsense all:5:10" "done failed: .*does not know how to do"
does i1 "append host,m3,x,no,nogroup all:5:10" "done failed: .*nogroup"
is "$(sql "SELECT count(*) FROM pg_roles WHERE rolname = 'wfapikey_host_m3'")" 0
does i1 "state $(uri i1) issuing all:4 web:1 mail:0" ok
does i1 again "link connected: $"

# --- A member gets what its groups have, by a bell ---
side_start m1 "state $(uri m1) member all:0 web:0"
fleetd_start m1
heard m1 "link connected: $"
heard m1 "applied all 4 of i1"
heard m1 "applied web 1 of i1"
heard m1 "head web 1 of i1"
mark m1
does i1 "append - web:2:10 mail:1:10" "done committed: $"
heard m1 "applied web 2 of i1"
# A head and a frame that do not fit into one call.
does i1 "append - web:3:200000 web:4:10" "done committed: $"
heard m1 "applied web 4 of i1"
is "$(grep -c '^write web 49152$' "$dir/m1.out")" 4

# --- Two issuing hosts at once: the one that is second has what is newer before it is told ---
side_start i2 "state $(uri i2) issuing all:4 web:4 mail:1"
fleetd_start i2
heard i2 "link connected: $"
# It does not hear of the next change before it tries its own, because its daemon stands still.
kill -STOP "${carrier[i2]}"
does i1 "append - all:5:10 web:5:10" "done committed: $"
mark i2
tell i2 "append - all:5:20 mail:2:20"
kill -CONT "${carrier[i2]}"
heard i2 "^done "
grep -E '^(applied|done)' < <(tail -n +$((marks[i2] + 1)) "$dir/i2.out") >"$dir/order"
# Either the bell or the order was first. In no case is the order done before the change is known.
heard i2 "applied all 5 of i1"
last=$(tail -n 1 "$dir/order")
[[ $last == "done conflict: " ]] || fail "the second one: $(<"$dir/order")"
is "$(sql 'SELECT number FROM wfapikey.hostgroup ORDER BY name' | tr '\n' ' ')" '5 1 5 '
does i2 "append - all:6:20 mail:2:20" "done committed: $"
heard i1 "applied mail 2 of i2"
heard m1 "applied all 6 of i2"

# --- A bell proves nothing, and a lost one is made up for ---
mark m1
for _ in 1 2 3; do
    sql_as wfapikey_host_m1 m1-secret "NOTIFY wfapikey_all, 'nonsense'; NOTIFY wfapikey_web" >/dev/null
done
does i1 "append - web:6:10" "done committed: $"
heard m1 "applied web 6 of i1"
is "$(grep -c '^applied web 6' "$dir/m1.out")" 1
# This change comes without any bell.
does i1 "forge web:7:10" frame
frame=$(sed -n 's/^frame //p' "$dir/i1.out" | tail -n 1)
sql "BEGIN; UPDATE wfapikey.hostgroup SET number = 7 WHERE name = 'web'; INSERT INTO wfapikey.change VALUES ('web', 7, '\\x$frame'); COMMIT"
heard m1 "applied web 7 of i1"
heard i1 "applied web 7 of i1"

# --- What a member sees and may do ---
m1() { sql_as wfapikey_host_m1 m1-secret "$1"; }
is "$(m1 'SELECT DISTINCT grp FROM wfapikey.change ORDER BY 1' | tr '\n' ' ')" 'all web '
is "$(m1 'SELECT DISTINCT grp FROM wfapikey.head ORDER BY 1' | tr '\n' ' ')" 'all web '
is "$(m1 'SELECT name FROM wfapikey.hostgroup ORDER BY 1' | tr '\n' ' ')" 'all web '
is "$(m1 'SELECT name FROM wfapikey.host')" m1
is "$(m1 'SELECT DISTINCT host FROM wfapikey.host_group')" m1
is "$(sql_as wfapikey_host_m2 m2-secret 'SELECT DISTINCT grp FROM wfapikey.change')" all
is "$(sql_as wfapikey_host_i2 i2-secret 'SELECT name FROM wfapikey.host ORDER BY 1' | tr '\n' ' ')" 'i1 i2 m1 m2 '
for attack in "SELECT wfapikey.append('{all}', '{7}', '{x}', '{}')" "SELECT wfapikey.put_heads('{all}', '{7}', '{x}')" \
    "SELECT wfapikey.add_host('m1', 'SCRAM-SHA-256\$x', true, '{}')" "SELECT wfapikey.drop_host('i1')" \
    "SELECT wfapikey.work('{group,x}')" "INSERT INTO wfapikey.change VALUES ('all', 7, 'x')" \
    "DELETE FROM wfapikey.change" "UPDATE wfapikey.head SET number = 1" "UPDATE wfapikey.host SET issuing = true" \
    "INSERT INTO wfapikey.host_group VALUES ('m1', 'mail')" "TRUNCATE wfapikey.change" \
    "BEGIN; LOCK wfapikey.hostgroup" "SELECT * FROM wfapikey.hostgroup FOR UPDATE" \
    "CREATE TABLE wfapikey.mine ()" "CREATE OR REPLACE FUNCTION wfapikey.is_issuing() RETURNS boolean LANGUAGE sql AS 'SELECT true'"; do
    has "$(m1 "$attack")" "ermission denied"
done
for attack in "SET ROLE wfapikey_issuer" "SET ROLE wfapikey_owner" "SET SESSION AUTHORIZATION wfapikey_host_i1" \
    "ALTER ROLE wfapikey_host_m1 CREATEROLE" "GRANT wfapikey_issuer TO wfapikey_host_m1" \
    "ALTER ROLE wfapikey_host_i1 PASSWORD 'x'" "CREATE ROLE mine"; do
    [[ $(m1 "$attack") == *@(denied|"must have")* ]] || fail "a member may: $attack"
done
# An issuing host calls the two functions, and writes no table.
has "$(sql_as wfapikey_host_i2 i2-secret "DELETE FROM wfapikey.change")" "permission denied"
has "$(sql_as wfapikey_host_i2 i2-secret "SELECT wfapikey.add_host('m1', 'SCRAM-SHA-256\$x', true, '{}')")" "permission denied"
# The role of an issuer alone makes none: another database of this server may have a fleet, too.
sql "SET password_encryption = 'scram-sha-256'; CREATE ROLE wfapikey_host_alien LOGIN PASSWORD 'alien'; GRANT wfapikey_issuer TO wfapikey_host_alien"
has "$(sql_as wfapikey_host_alien alien "SELECT wfapikey.append('{all}', '{7}', '{x}', '{}')")" "not an issuing host"
is "$(sql_as wfapikey_host_alien alien "SELECT count(*) FROM wfapikey.change")" 0
does i1 "append host,alien,x,no all:7:10" \
    "done failed: .*not of this fleet.* DROP OWNED BY wfapikey_host_alien;, .* DROP ROLE wfapikey_host_alien;"
does i1 "append host,a%b,x,no all:7:10" "done failed: .*the name of a host is"

# --- PostgreSQL away, and back ---
mark m1
pg_stop
heard i1 "link away: ."
heard m1 "link away: ."
does i1 "append - all:7:10" "done away: ."
pg_start
heard m1 "link connected: $"
wait_until link i1 connected
does i1 "append - all:7:10" "done committed: $"
heard m1 "applied all 7 of i1"
mark m1
pg_stop QUIT # as if it had crashed
heard m1 "link away: ."
pg_start
heard m1 "link connected: $"

# --- The daemon away, and back with what it had ---
side_stop m1
wait_until link i1 connected
does i1 "append - all:8:10" "done committed: $"
side_start m1 "state $(uri m1) member all:7 web:7"
heard m1 attach
heard m1 "applied all 8 of i1"

# --- fleetd itself away, and back: an order that waits does not hear that nobody is there ---
fleetd_stop i1
mark i1
tell i1 "append - all:9:10"
heard i1 ok
fleetd_start i1
heard i1 "done committed: $"
heard m1 "applied all 9 of i1"

# --- A server that takes a connection and says nothing ---
fleetd_stop i1
kill -STOP "$pg"
mark i1
tell i1 "append - all:10:10"
heard i1 ok
fleetd_start i1
heard i1 "link connecting: connecting"
heard i1 "done away: ."
fleetd_stop i1 # while a thread connects
kill -CONT "$pg"
fleetd_start i1
wait_until link i1 connected

# --- What a superuser of the database forges is refused. The other groups go on ---
mark m1
mark i1
sql "BEGIN; UPDATE wfapikey.hostgroup SET number = 8 WHERE name = 'web';
     INSERT INTO wfapikey.change VALUES ('web', 8, overlay('\\x$frame'::bytea PLACING '\\x08'::bytea FROM 9)); COMMIT; NOTIFY wfapikey_web"
heard m1 "link refused: group web: this frame is not right"
mark m1
does i1 "append - all:10:10" "done committed: $"
heard m1 "applied all 10 of i1"
does i1 "append - web:8:10" "done failed: group web: this frame is not right"
# A frame that says another length does not reach the daemon.
sql "UPDATE wfapikey.change SET frame = frame || '\\x00' WHERE grp = 'web' AND number = 8"
heard m1 "link refused: group web: a frame has another length than it says"
sql "DELETE FROM wfapikey.change WHERE grp = 'web' AND number = 8; UPDATE wfapikey.hostgroup SET number = 7 WHERE name = 'web'"
wait_until link m1 connected
wait_until link i1 connected

# --- A database that was restored from an old copy ---
sql "UPDATE wfapikey.hostgroup SET number = 6 WHERE name = 'web'; CREATE TABLE kept AS SELECT * FROM wfapikey.change WHERE grp = 'web' AND number = 7;
     DELETE FROM wfapikey.change WHERE grp = 'web' AND number = 7"
mark i1
heard m1 "link behind: group web: the database is older than this host: it is at 6, and this host at 7"
heard i1 "link behind: group web"
does i1 "append - web:8:10" "done failed: group web: the database is older"
sql "INSERT INTO wfapikey.change SELECT * FROM kept; UPDATE wfapikey.hostgroup SET number = 7 WHERE name = 'web'"
wait_until link i1 connected
wait_until link m1 connected

# --- A host that is dropped ---
does i1 "append drop,m1 all:11:10" "done committed: $"
heard m1 "link away: ."
is_gone() { [[ $(sql "SELECT count(*) FROM pg_roles WHERE rolname = 'wfapikey_host_m1'") == 0 ]]; }
wait_until is_gone
is "$(sql "SELECT count(*) FROM wfapikey.host_group WHERE host = 'm1'")" 0

# --- Memory ---
kb=$(awk '/^Anonymous:/ { print $2 }' "/proc/${carrier[i1]}/smaps_rollup" 2>/dev/null) && echo "anonymous memory: $kb kB"

for host in i1 i2 m1; do fleetd_stop "$host"; done
pg_stop
