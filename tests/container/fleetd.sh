#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: wfapikey-fleetd runs in the sandbox of its unit, as its own user, and reaches a PostgreSQL
# by TLS there. The daemon is made up: see tests/scenario/fleetside.c.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

for pg_bin in /usr/lib/postgresql/*/bin; do :; done
[[ -x $pg_bin/initdb ]] || { echo "skip - needs a PostgreSQL server"; exit 0; }
install_tree
systemctl mask --runtime --quiet wfapikeyd-control.socket # fleetside is there
test_that "systemd-sysusers makes the user" systemd-sysusers wfapikey-fleet.conf
rm -rf /run/wfapikey && mkdir /run/wfapikey

# --- A server that is reached by TLS only ---
install -d -o postgres "$work/pg"
as_server() { env -C "$work/pg" setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"; }
as_server "$pg_bin/initdb" -D data -N -A trust -U admin --no-locale -E UTF8 >/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/pg/data/server.key" -out "$work/pg/data/server.crt" \
    -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
chown postgres "$work/pg/data"/server.* && chmod 0600 "$work/pg/data/server.key"
install -m 0644 "$work/pg/data/server.crt" /etc/fleet-ca.pem
printf '%s\n' 'local all admin trust' 'hostssl all all all scram-sha-256' | as_server tee data/pg_hba.conf >/dev/null
systemd-run --quiet --unit=test-pg --uid=postgres -- "$pg_bin/postgres" -D "$work/pg/data" -k "$work/pg" -c ssl=on -c listen_addresses=localhost
answers() { psql "host=$work/pg user=admin dbname=postgres" -c 'SELECT 1'; }
test_that "PostgreSQL starts" wait_until answers
chmod 0755 "$work/pg"
test_that "--setup" /usr/sbin/wfapikey-fleetd --setup "host=$work/pg user=admin dbname=postgres" --host i1 <<<secret

# --- The service ---
uri="postgresql://wfapikey_host_i1:secret@localhost/postgres?sslmode=verify-full&sslrootcert=/etc/fleet-ca.pem"
mkfifo "$work/in"
"$WFAPIKEY_BUILD/tests/scenario/fleetside" /run/wfapikey/control i1 "state $uri issuing all:0" <"$work/in" >"$work/heard" 2>&1 &
side=$!
exec {side_in}>"$work/in"
heard() { grep -q -- "$1" "$work/heard"; }
test_that "a daemon is there" wait_until heard ready
chmod 0666 /run/wfapikey/control
test_that "wfapikey-fleetd starts" systemctl start wfapikey-fleetd.service
test_that "it reaches the daemon" wait_until heard attach
test_that "and the database" wait_until heard 'link connected'
test_that "it carries a head" wait_until heard 'head all 0 of i1'
printf 'append - all:1:100\n' >&"$side_in"
test_that "and a change" wait_until heard 'done committed'
pid=$(systemctl show -P MainPID wfapikey-fleetd.service)
field() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status"; }
test_that "as its own user" test "$(field Uid | cut -f 1)" = "$(id -u wfapikey-fleet)"
test_that "without a capability" test "$(field CapBnd) $(field CapEff) $(field NoNewPrivs)" = '0000000000000000 0000000000000000 1'
anonymous=$(awk '/^Anonymous:/ { print $2 }' "/proc/$pid/smaps_rollup")
echo "anonymous memory: $anonymous kB"
test_that "it has at most 8 MiB of memory of its own" test "$anonymous" -le 8192
within() { nsenter --target "$pid" --mount -- setpriv --reuid=wfapikey-fleet --regid=wfapikey-fleet --clear-groups -- "$@"; }
for directory in /etc /usr /run /run/wfapikey /var /var/lib; do
    test_not "it writes nothing in $directory" within touch "$directory/x"
done
test_not "it does not see the store" nsenter --target "$pid" --mount -- ls /var/lib/wfapikey/keys.db
level=$(systemd-analyze security --no-pager wfapikey-fleetd.service | sed -n 's/.*Overall exposure level for .*: \([0-9.]*\) .*/\1/p')
test_that "systemd-analyze security: at most 2.0, it is $level" awk -v is="$level" 'BEGIN { exit !(is != "" && is <= 2.0) }'
systemd-analyze verify --man=no wfapikey-fleetd.service >"$work/verify" 2>&1
test_that "systemd-analyze verify says nothing" diff /dev/null "$work/verify"
test_that "it ends well" systemctl stop wfapikey-fleetd.service
test_that "and has not failed" test "$(systemctl show -P Result wfapikey-fleetd.service)" = success
kill "$side"
[[ $failures == 0 ]] || journalctl --no-pager -u wfapikey-fleetd.service | tail -n 30
finish
