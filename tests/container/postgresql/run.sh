#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: PostgreSQL accepts keys by PAM for the members of a role, and its own passwords for all
# other users.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start postgresql
asks_as=postgres passwords=no
tie peer-postgresql
lines_of postgresql >/etc/pam.d/postgresql
bin=$(find /usr/lib/postgresql -name initdb -printf '%h\n' | sort -V | tail -n 1)
install -d -o postgres "$work/cluster"
quietly as postgres "$bin/initdb" -D "$work/cluster" --auth-local=peer --no-sync
lines_of postgresql-hba >"$work/cluster/pg_hba.conf"
echo 'local all postgres peer' >>"$work/cluster/pg_hba.conf"
systemd-run --quiet --unit=test-postgresql --uid=postgres "$bin/postgres" -D "$work/cluster" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories="$work/cluster" -c fsync=off
admin() { as postgres psql -qAt -h "$work/cluster" -d postgres -c "$1"; }
wait_until admin 'select 1' || { not_ok "PostgreSQL starts"; finish; }
quietly admin "create role keys; create role alice login in role keys; create role dave login in role keys; create role bob login password '$password'"
login() { # USER SECRET
    [[ $(PGPASSWORD=$2 timeout 120 psql -qAt -h 127.0.0.1 -U "$1" -d postgres -c 'select current_user' 2>"$work/error") == "$1" ]] || { cat "$work/error"; return 1; }
}

service_logins
key=$(issue bob)
refused "bob, who is no member of keys, with a key," bob "$key"
accepted "bob with his password in PostgreSQL" bob "$password"
refused "a role that is no user of the host, with alice's key," dave "$(issue alice)" 'another user'
systemctl stop wfapikeyd.service wfapikeyd-verify.socket wfapikeyd-control.socket
accepted "bob with his password, without the daemon," bob "$password"
systemctl stop test-postgresql.service
finish
