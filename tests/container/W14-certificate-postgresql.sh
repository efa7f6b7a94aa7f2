#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a service that only asks for a password: PostgreSQL, as in the manual page, with the
# certificate behind the key.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"
# shellcheck source=tests/container/pki
. "${0%/*}/pki"

for bin in /usr/lib/postgresql/*/bin; do :; done # the newest
[[ -x $bin/initdb ]] || { echo "skip - no postgresql here"; exit 0; }
start_wfapikey || not_ok "the daemon starts"
add_user alice
mkdir -p /etc/wfapikey
for file in postgresql postgresql-hba postgresql-peer; do
    page $file >"$work/$file"
    test_that "the page has $file" test -s "$work/$file"
done
cp "$work/postgresql" /etc/pam.d/postgresql
cp "$work/postgresql-peer" /etc/wfapikey/wfapikeyd.conf
systemctl reload-or-restart wfapikeyd.service

install -d -o postgres "$work/cluster"
by_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"; }
quiet by_postgres "$bin/initdb" -D "$work/cluster" --auth-local=peer --no-sync
cp "$work/postgresql-hba" "$work/cluster/pg_hba.conf"
echo 'local all postgres peer' >>"$work/cluster/pg_hba.conf"
systemd-run --quiet --unit=test-postgresql --uid=postgres "$bin/postgres" -D "$work/cluster" -c listen_addresses=127.0.0.1 -c "unix_socket_directories=$work/cluster" -c fsync=off
admin() { by_postgres psql -qAt -h "$work/cluster" -d postgres -c "$1"; }
wait_until admin 'select 1' || not_ok "postgresql starts"
quiet admin 'create role alice login'

login() { [[ $(PGPASSWORD=$1 timeout 30 psql -qAt -h 127.0.0.1 -U alice -d postgres -c 'select current_user' 2>&1) == alice ]]; }
key=$(wfapikeyctl key issue alice)
test_that "a key logs in where no certificate is required" login "$key"
test_not "no key does not" login x
wfapikeyctl policy set require-certificate:postgresql=yes
refused() { # TEXT REASON NAME PASSWORD
    from_now
    test_not "$1: refused" login "$4"
    test_that "$1: the journal has $2" refused_for "$2" "$key" "$3"
}
refused "no certificate" certificate-missing '' "$key"
quiet wfapikeyctl cert add --ca "$pki/root.pem"
quiet wfapikeyctl cert add --ca "$pki/intermediate.pem"
test_that "a certificate behind the key" login "$key.$(encoded alice)"
refused "another CA's" certificate-untrusted foreign "$key.$(encoded foreign)"
pki_key large -algorithm RSA -pkeyopt rsa_keygen_bits:4096
pki_issue large intermediate client '/O=Example/CN=large'
test_that "a RSA certificate" login "$key.$(encoded large)"
pki_revoke alice intermediate
pki_crl intermediate
quiet wfapikeyctl cert crl "$pki/intermediate.crl"
refused "revoked, at the next login" certificate-revoked alice "$key.$(encoded alice)"
wfapikeyctl policy set require-certificate:postgresql=proof
refused "proves nothing" certificate-unproved large "$key.$(encoded large)"
systemctl restart wfapikeyd.service
wfapikeyctl policy set require-certificate:postgresql=yes
test_that "the daemon starts again with all of that" login "$key.$(encoded large)"
systemctl stop test-postgresql.service
finish
