#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a call that fails in the daemon of a member while it takes a snapshot of its fleet brings no
# key back that the fleet has ended, and stops nothing for good: the member goes on, or its daemon
# ends with a message, and then has all of the snapshot when it is started again. Nothing crashes.
#
# PostgreSQL and wfapikey-fleetd are real. Each round begins with a member that was cut off: it
# lacks changes that the database does not have any more. Its daemon has one call that fails.
#
#   FAULTS=20     how many rounds, spread over all functions, or "all"
#   FAULTS_FROM=0 which ones
#   member.sh ROUND   one round again, as a failure names it

# shellcheck source=tests/faults/lib.sh
. "${0%/*}/lib.sh"
[[ $(id -u) == 0 ]] || skip "needs root, as which fleetd may talk to the daemon"
# shellcheck source=tests/scenario/postgres.sh
. "$top_srcdir/tests/scenario/postgres.sh"
fleetd=${abs_top_builddir:?}/wfapikey-fleetd
[[ -x $fleetd ]] || skip "built without the fleet"

FAULTS=${FAULTS-20}
# shellcheck disable=SC2034 # lib.sh goes through them; here is only one, without a name
commands=('')
server=${FAULTS_BASE:-$dir/base} server=${server%/base}/pg # its directory
admin() { echo "host=$server user=admin dbname=$1"; } # DATABASE
# What hosts connect to has no name of a database. So each round can have one of its own.
export PGDATABASE=start

# --- The state that each round begins with

declare -A host=() carrier=()
at() { "$WFAPIKEYCTL" --control="$base/$1.c" "${@:2}"; } # HOST COMMAND...
host_start() { # HOST
    install -d -m 0700 "$base/$1"
    "$WFAPIKEYD" --state-dir="$base/$1" --verify-socket="$base/$1.v" --control-socket="$base/$1.c" >>"$dir/daemon.log" 2>&1 &
    host[$1]=$!
    children+=("$!")
    wait_until at "$1" status
    run 0 at "$1" policy set enabled=yes
    "$fleetd" --control-socket="$base/$1.c" 2>>"$dir/daemon.log" &
    carrier[$1]=$!
    children+=("$!")
}
stop_one() { # PID
    kill -TERM "$1"
    wait "$1" || fail "a program ended with $?"
}
linked() { [[ $(at "$1" --json fleet status) == *'"link":"connected"'* ]]; } # HOST
issue() { # NAME
    run 0 at hub key issue "$me" --hosts=web --name "$1"
    printf '%s\n' "$out" >"$base/key.$1"
}
has_key() { at web1 key show "$(number "$1")"; } # NAME
numbers() { sed -n 's/.*\("numbers":{[^}]*}\).*/\1/p'; }
sql() { psql "$(admin start)" -Atqv ON_ERROR_STOP=1 -c "$1"; }
snapshots_are_there() { [[ $(sql "SELECT count(*) FROM wfapikey.snapshot s JOIN wfapikey.hostgroup g ON g.name = s.grp AND g.number = s.number") == 2 ]]; }
heads_are_there() { [[ $(sql "SELECT count(*) FROM wfapikey.head h JOIN wfapikey.hostgroup g ON g.name = h.grp AND g.number = h.number") == 2 ]]; }
make_base() {
    # shellcheck source=tests/scenario/pki.sh
    . "$top_srcdir/tests/scenario/pki.sh"
    pg_make
    pg_start -c max_connections=200
    psql "$(admin postgres)" -qc "CREATE DATABASE start" || fail "no database"
    host_start hub
    host_start web1
    run 0 at hub fleet init --host=hub --database="host=$server" --setup="$(admin start)" --fleetd="$fleetd"
    wait_until linked hub
    run 0 at hub policy set --fleet max-keys-per-user=50 replica-max-age=30d
    run 0 at hub fleet groups add web
    run 0 at hub fleet invite web1 "$(at web1 fleet key)" --groups=web
    printf '%s\n' "$out" >"$base/invitation"
    run 0 at web1 fleet join "$base/invitation"
    for name in kept revoked removed; do issue $name; done
    wait_until has_key removed
    stop_one "${carrier[web1]}"
    stop_one "${host[web1]}"
    run 0 at hub key revoke "$(number revoked)"
    run 0 at hub key remove "$(number removed)"
    issue new
    pki_layout
    run 0 at hub cert add --fleet --ca "$pki/root.pem"
    pki_crl root root.crl
    run 0 at hub cert crl "$pki/root.crl"
    run 0 at hub policy set --fleet max-keys-per-user=60
    run 0 at hub fleet snapshot
    wait_until snapshots_are_there
    wait_until heads_are_there
    # The last 1000 changes would be kept.
    sql "DELETE FROM wfapikey.change; UPDATE wfapikey.hostgroup SET oldest = number + 1"
    at hub --json fleet status | numbers >"$base/numbers"
    stop_one "${carrier[hub]}"
    stop_one "${host[hub]}"
}

# --- One round

key() { cat "$base/key.$1"; }
number() { id_of "$(key "$1")"; }
carry() {
    PGDATABASE=r$$ "$fleetd" --control-socket="$WFAPIKEY_CONTROL" 2>>"$dir/fleetd.log" &
    fleetd_pid=$!
    children+=("$!")
}
has_all() {
    local said
    said=$(ctl --json fleet status 2>/dev/null) || return
    [[ $said == *'"link":"connected"'* && $said =~ \"age\":[0-9] && $(numbers <<<"$said") == "$(<"$base/numbers")" ]]
}
# Until the member has all. Its daemon may end before, where that is said to be so.
goes_on() { # [MAY-END]
    local i
    for ((i = 0; i < patience * 10; i++)); do
        ! has_all || return 0
        kill -0 "$daemon" 2>/dev/null || break
        kill -0 "$fleetd_pid" 2>/dev/null || carry
        sleep 0.05
    done
    [[ -n ${1-} ]] && ! kill -0 "$daemon" 2>/dev/null && return 1
    wrong "the member does not get the snapshot: $(ctl --json fleet status 2>&1)"
    return 1
}
judge() {
    accepted "$(key kept)" "the key that was there"
    accepted "$(key new)" "the new key"
    refused "$(key revoked)" "the revoked key"
    refused "$(key removed)" "the removed key"
    ! ctl key show "$(number removed)" >/dev/null 2>&1 || wrong "the removed key is there"
    is "$(ctl policy show max-keys-per-user)" 60
    [[ $(ctl cert list) == *"Example Root"* ]] || wrong "the CA is not there"
    ctl audit verify >/dev/null 2>"$dir/err" || wrong "audit verify: $(<"$dir/err")"
}

round() { # PLAN
    cp -a "$base/web1" "$dir/state"
    psql "$(admin postgres)" -qc "CREATE DATABASE r$$ TEMPLATE start" || wrong "no database"
    begin_with "$*"
    carry
    if goes_on may-end; then
        refused "$(key revoked)" "the revoked key, at once"
        refused "$(key removed)" "the removed key, at once"
    fi
    kill -TERM "$fleetd_pid"
    wait "$fleetd_pid" 2>/dev/null
    end
    start
    carry
    goes_on && judge
    kill -KILL "$fleetd_pid"
    psql "$(admin postgres)" -qc "DROP DATABASE r$$ WITH (FORCE)" || wrong "the database stays"
}

main "$@"
