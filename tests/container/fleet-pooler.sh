#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: issuing hosts and members work through PgBouncer, in both modes: what a change needs is one
# statement. They hear no bells and ask each second instead.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"
# shellcheck source=tests/container/fleet
. "${0%/*}/fleet"
PATH=/usr/sbin:$PATH
install_tree
command -v pgbouncer >/dev/null || { echo "skip - needs pgbouncer"; exit 0; }

hosts_begin "$work"
must postgres_make
# The pooler logs in to the server with what it learns from the login of the host.
printf '%s\n' 'local all admin trust' 'local all all scram-sha-256' | pg_as tee data/pg_hba.conf >/dev/null
must postgres_start

pooler_start() { # MODE CONNECTIONS
    # shellcheck disable=SC2016 # PgBouncer has $1
    printf '%s\n' '[databases]' "postgres = host=$work/pg auth_user=admin max_db_connections=$2" '[pgbouncer]' 'listen_addr = 10.77.0.1' \
        'listen_port = 6432' 'unix_socket_dir =' 'auth_type = scram-sha-256' "pool_mode = $1" 'server_login_retry = 1' \
        'auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename = $1' >"$work/pg/pgbouncer.ini"
    setpriv --reuid=postgres --regid=postgres --init-groups -- pgbouncer "$work/pg/pgbouncer.ini" </dev/null >>"$work/pooler.log" 2>&1 &
    host_task[pooler]=$!
    wait_until bash -c ': </dev/tcp/10.77.0.1/6432'
}
pooler_stop() {
    kill -TERM "${host_task[pooler]}" && wait "${host_task[pooler]}" 2>/dev/null
    unset 'host_task[pooler]'
}
must pooler_start session 20
# shellcheck disable=SC2034 # for hosts
fleet_database='host=10.77.0.1 port=6432 dbname=postgres'
must host_new hub 2
must host_new web1 3
test_that "a fleet begins behind a pooler" fleet_begin hub
must ctl hub fleet groups add web
test_that "and grows" fleet_add hub web1 --groups=web
works() { # MODE
    for host in hub web1; do test_that "pool_mode=$1: $host asks each second" wait_until link_says "$host" 'asking each second, because there is a pooler'; done
    must issue hub
    kept=$key
    test_that "pool_mode=$1: a key is good at a member" wait_until accepts web1 "$kept"
    must issue hub
    must wait_until accepts web1 "$key"
    must ctl hub key revoke "$id"
    test_that "pool_mode=$1: a revocation comes there" wait_until refuses web1 "$key"
    test_that "pool_mode=$1: a snapshot is put" ctl hub fleet snapshot
    # shellcheck disable=SC2317
    has_it() { [[ $(sql "SELECT count(*) FROM wfapikey.snapshot s JOIN wfapikey.hostgroup g ON g.name = s.grp AND g.number = s.number") == 2 ]]; }
    test_that "pool_mode=$1: and is there" wait_until has_it
}
works session

pooler_stop
test_that "without the pooler the database is away" wait_until link_says web1 'away'
test_that "and logins go on" accepts web1 "$kept"
# Fewer connections than hosts: each has one for the time of a statement.
must pooler_start transaction 1
works transaction

must postgres_stop QUIT
test_that "behind a pooler that has no server, a host says that the database is away" wait_until link_says hub 'away'
must ctl hub key revoke "$(id_of "$kept")"
must postgres_start
test_that "there again, all goes on" wait_until refuses web1 "$kept"
fleet_finish
