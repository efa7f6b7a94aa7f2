#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: systemd ends or restarts the daemon and wfapikey-fleetd, one of them or both at once, while
# PostgreSQL has not answered yet. The client hears that its key was made. Logins go on meanwhile.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

for pg_bin in /usr/lib/postgresql/*/bin; do :; done
[[ -x $pg_bin/initdb ]] || { echo "skip - needs a PostgreSQL server"; exit 0; }
test_that "the services are there" start_wfapikey
test_that "wfapikey-fleet has its user" systemd-sysusers wfapikey-fleet.conf
install -D -m 0644 "$WFAPIKEY_SOURCE/debian/fleet.conf" /etc/wfapikey/wfapikeyd.conf.d/fleet.conf
test_that "which may carry changes" wfapikeyctl reload
add_user alice
printf '%s\n' 'auth required pam_wfapikey.so' 'account required pam_wfapikey.so' >/etc/pam.d/door
own=$(wfapikeyctl key issue alice)
accepts() { printf '%s\n' "$own" | timeout 10 pamtester door alice authenticate acct_mgmt; }
test_that "a key of the host is good" accepts

# --- A fleet of one host ---
install -d -o postgres -m 0755 "$work/pg"
as_server() { env -C "$work/pg" setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"; }
as_server "$pg_bin/initdb" -D data -N -A trust -U admin --no-locale -E UTF8 >/dev/null
printf '%s\n' 'local all admin trust' 'host all +wfapikey_member 127.0.0.1/32 scram-sha-256' | as_server tee data/pg_hba.conf >/dev/null
systemd-run --quiet --unit=test-pg --uid=postgres -- "$pg_bin/postgres" -D "$work/pg/data" -k "$work/pg" -c listen_addresses=127.0.0.1
sql() { psql "host=$work/pg user=admin dbname=postgres" -Atqv ON_ERROR_STOP=1 -c "$1"; }
test_that "PostgreSQL starts" wait_until sql 'SELECT 1'
test_that "a fleet begins" wfapikeyctl fleet init --host=hub --database='host=127.0.0.1 dbname=postgres' --setup="host=$work/pg user=admin dbname=postgres"
linked() { wfapikeyctl --json fleet status | grep -q '"link":"connected"'; }
test_that "wfapikey-fleetd starts" systemctl start wfapikey-fleetd.service
test_that "and reaches PostgreSQL" wait_until linked
test_that "there is room for some keys" wfapikeyctl policy set --fleet max-keys-per-user=100
[[ $failures == 0 ]] || finish

# --- The log is locked, until a session is told to let go ---
mkfifo "$work/session"
lock() {
    PGAPPNAME=locker psql "host=$work/pg user=admin dbname=postgres" -qAt <"$work/session" >/dev/null 2>&1 &
    exec {session}>"$work/session"
    echo "BEGIN; SELECT FROM wfapikey.hostgroup FOR UPDATE;" >&"$session"
    wait_until locked
}
locked() { [[ $(sql "SELECT state FROM pg_stat_activity WHERE application_name = 'locker'") == 'idle in transaction' ]]; }
unlock() {
    echo 'COMMIT;' >&"$session"
    exec {session}>&-
}
waits() { [[ $(sql "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%append%'") == 1 ]]; }
ends() { # UNIT...
    local unit
    for unit in "$@"; do [[ $(systemctl show -P ActiveState "$unit.service") == deactivating ]] || return; done
}
has_ended() { [[ $(systemctl show -P Job "$1.service") == '' ]]; } # UNIT: and was started again, if that was to be
for verb in stop restart; do
    for units in wfapikeyd 'wfapikeyd wfapikey-fleetd' wfapikey-fleetd; do
        lock
        wfapikeyctl key issue alice --hosts=all >"$work/key" 2>"$work/said" &
        client=$!
        test_that "$verb $units: a change waits" wait_until waits
        # shellcheck disable=SC2086 # several words
        systemctl --no-block "$verb" ${units// /.service }.service 2>/dev/null
        # shellcheck disable=SC2086
        test_that "they are told to end" wait_until ends $units
        test_that "a login goes on" accepts
        unlock
        test_that "the change was made, and its client hears so" wait "$client"
        test_that "with the key" grep -q '^wfk' "$work/key"
        cat "$work/said"
        for unit in $units; do
            test_that "$unit has ended" wait_until has_ended "$unit"
            test_that "well" test "$(systemctl show -P Result "$unit.service")" = success
        done
        systemctl start wfapikeyd.service wfapikey-fleetd.service
        test_that "all goes on" wait_until linked
        [[ $failures == 0 ]] || break 2
    done
done
[[ $failures == 0 ]] || journalctl --no-pager -u wfapikey-fleetd.service | tail -n 30
finish
