#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: members hear of changes at a site, which PostgreSQL's own replication feeds, and at a hot
# standby, also after it has become the primary. The daemons are made up: see fleetside.c.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/scenario/postgres.sh
. "${0%/*}/postgres.sh"
# shellcheck source=tests/scenario/fleetside.sh
. "${0%/*}/fleetside.sh"
[[ $("$pg_bin/postgres" --version) =~ \)\ 1[0-4]\. ]] && skip "sites need PostgreSQL 15"

declare -A servers=()
at() { # SERVER COMMAND...: of postgres.sh, for a server in $dir/SERVER
    local dir=$dir/$1 pg=${servers[$1]-} name=$1
    local admin="host=$dir/pg user=admin dbname=postgres"
    mkdir -p "$dir" && chmod 0755 "$dir"
    "${@:2}"
    servers[$name]=$pg
}

# --- A home server, an issuing host, and a site for the group paris ---
pg_make
pg_start -c wal_level=logical
run 0 "$fleetd" --setup "$admin" --host i1 <<<i1-secret
side_start i1 "state $(uri i1) issuing all:0"
fleetd_start i1
heard i1 "link connected: $"
does i1 "append group,paris,mail all:1:10" "done committed: $"
does i1 "append host,m1,m1-secret,no,paris all:2:10 paris:1:10" "done committed: $"
does i1 "append host,m2,m2-secret,no,mail all:3:10" "done committed: $"
does i1 "append host,m3,m3-secret,yes all:4:10" "done committed: $"
sql "SELECT wfapikey.make_site('paris', '{}')" >/dev/null
sql "SELECT wfapikey.make_site('paris', '{}')" >/dev/null
at site pg_make
at site pg_start
run 0 "$fleetd" --setup "host=$dir/site/pg user=admin dbname=postgres"
at site sql "SELECT wfapikey.become_site()" >/dev/null
at site sql "CREATE SUBSCRIPTION paris CONNECTION '$admin' PUBLICATION wfapikey_site_paris WITH (binary)" 2>/dev/null
roles() { [[ $(at site sql "SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolname LIKE 'wfapikey_host_%'") == "$1" ]]; }
wait_until roles wfapikey_host_m1
# What is there is left alone by another --setup, as an upgrade does it.
run 0 "$fleetd" --setup "host=$dir/site/pg user=admin dbname=postgres"

side_start m1 "state $(uri m1 "$dir/site") member all:0 paris:0"
fleetd_start m1
heard m1 "link connected: $"
heard m1 "applied paris 1 of i1"
mark m1
does i1 "append - all:5:10 paris:2:10" "done committed: $"
heard m1 "applied paris 2 of i1"
heard m1 "head all [0-9]* of i1"
is "$(at site sql "SELECT string_agg(name, ' ' ORDER BY name) FROM wfapikey.hostgroup")" 'all paris'
has "$(PGPASSWORD=m1-secret psql "host=$dir/site/pg user=wfapikey_host_m1 dbname=postgres" -c 'SELECT * FROM wfapikey.site_host' 2>&1)" "permission denied"

# --- A transaction that a member keeps open at the site ends with the heads that come ---
mkfifo "$dir/hold"
exec {holder}<>"$dir/hold"
PGAPPNAME=held PGPASSWORD=m1-secret psql "host=$dir/site/pg user=wfapikey_host_m1 dbname=postgres" -Atqc BEGIN -c 'SELECT pg_current_xact_id()' \
    -f "$dir/hold" >"$dir/hold.log" 2>&1 &
children+=("$!")
held() { [[ $(at site sql "SELECT state FROM pg_stat_activity WHERE application_name = 'held'") == "$1" ]]; }
wait_until held 'idle in transaction'
at site sql "CREATE OR REPLACE FUNCTION wfapikey.patience() RETURNS interval LANGUAGE sql AS 'SELECT interval ''0 s'''"
sql_as wfapikey_host_i1 i1-secret "SELECT wfapikey.put_heads('{all}', '{5}', '{x}')" >/dev/null
wait_until held ''
at site sql 'DROP FUNCTION wfapikey.patience()'
run 0 "$fleetd" --setup "host=$dir/site/pg user=admin dbname=postgres"
exec {holder}<&-

# --- Hosts come, go, and issue ---
does i1 "append move,m2,no,paris all:6:10" "done committed: $"
wait_until roles 'wfapikey_host_m1 wfapikey_host_m2'
does i1 "append move,m2,yes all:7:10" "done committed: $"
wait_until roles wfapikey_host_m1
mark m1
does i1 "append drop,m1 all:8:10" "done committed: $"
wait_until roles ''
heard m1 "link away: ."

# --- A standby of the home server ---
mkdir -p "$dir/standby/pg" && chmod 0755 "$dir/standby"
[[ $(id -u) != 0 ]] || chown 65534:65534 "$dir/standby/pg"
pg_as "$pg_bin/pg_basebackup" -h "$dir/pg" -U admin -D "$dir/standby/pg/data" -c fast -R -X stream || fail "pg_basebackup"
at standby pg_start -c wal_level=logical
does i1 "append host,m4,m4-secret,no,mail all:9:10 mail:1:10" "done committed: $"
side_start m4 "state $(uri m4 "$dir/standby") member all:0 mail:0"
fleetd_start m4
heard m4 "link connected: asking each second, because the server is a standby"
heard m4 "applied mail 1 of i1"
mark m4
does i1 "append - mail:2:10" "done committed: $"
heard m4 "applied mail 2 of i1"
at standby sql 'SELECT pg_promote()' >/dev/null
heard m4 "link connected: $"

for host in i1 m1 m4; do fleetd_stop "$host"; done
for server in site standby; do at "$server" pg_stop; done
pg_stop
