# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # bench.sh has what is not here
# The part fleet of bench.sh, which sources this: a fleet with a real PostgreSQL, an issuing host,
# and members that are all real. Some of them are at a site with a server of its own. Members run
# in user namespaces of users that no account has: root may watch only so many directories.

: "${WFAPIKEYCTL:?}" "${WFAPIKEYD:?}"
fleetd=${WFAPIKEYD%/*}/wfapikey-fleetd
uids=60001 pg_bin=''
for pg_bin in /usr/lib/postgresql/*/bin; do :; done

# Why this part cannot run, or nothing.
fleet_lacks() {
    if [[ ! -x $pg_bin/initdb ]]; then
        say 'there is no PostgreSQL server'
    elif [[ ! -x $fleetd || ! -x $BENCH_PROGRAMS/bench_fleet ]]; then
        say 'it was built without the fleet'
    elif [[ $EUID != 0 ]]; then
        say 'it needs root, as which wfapikey-fleetd may talk to the daemon'
    else
        fleet_as "$uids"
        "${as[@]}" true 2>/dev/null || say 'no user namespaces can be made'
    fi
}

# Sets $as to what runs a command as the user UID, who is root in a user namespace, and can read a
# shadow file.
as=()
fleet_as() { # UID
    as=()
    [[ $1 != 0 ]] || return 0
    [[ -e $dir/shadow ]] || echo 'root:*:20000:0:99999:7:::' >"$dir/shadow"
    # shellcheck disable=SC2016 # for the other shell to expand
    as=(setpriv --reuid="$1" --regid="$1" --clear-groups -- unshare --user --mount --map-root-user --
        sh -c 'mount --bind "$0" /etc/shadow && exec "$@"' "$dir/shadow")
}
fleet_pg_as() { env -C "$dir/$1" HOME="$dir/$1" setpriv --reuid=65534 --regid=65534 --clear-groups -- "${@:2}"; } # SERVER COMMAND...
fleet_sql() { psql "host=$dir/$1 user=admin dbname=postgres" -Atqv ON_ERROR_STOP=1 -c "$2"; } # SERVER SQL

fleet_server() { # SERVER: makes and starts it, in $dir/SERVER, with the defaults of PostgreSQL but for what is named here
    local data=$dir/$1/data
    install -d -m 0755 -o 65534 "$dir/$1"
    fleet_pg_as "$1" "$pg_bin/initdb" -D "$data" -A trust -U admin --no-locale -E UTF8 >"$dir/$1.log"
    printf '%s\n' 'local all +wfapikey_member scram-sha-256' 'local all all trust' >"$data/pg_hba.conf"
    # Not fleet_pg_as, to know the pid of the server itself.
    env HOME="$dir/$1" setpriv --reuid=65534 --regid=65534 --clear-groups -- "$pg_bin/postgres" -D "$data" -k "$dir/$1" -c listen_addresses= \
        -c wal_level=logical -c max_connections=1300 >>"$dir/$1.log" 2>&1 &
    pids+=("$!")
    wait_for 30 fleet_sql "$1" 'SELECT 1' >/dev/null 2>&1 || { cat "$dir/$1.log" >&2; die "PostgreSQL does not start"; }
}

fleet_ctl() { # HOST ARGUMENT...
    fleet_as "$(<"$dir/$1.uid")"
    "${as[@]}" "$WFAPIKEYCTL" --control="$dir/$1.d/control" "${@:2}"
}
fleet_answers() { fleet_ctl "$1" status >/dev/null 2>&1; }
fleet_linked() { [[ $(fleet_ctl "$1" --json fleet status) == *'"link":"connected"'* ]]; }

fleet_daemon() { # HOST UID: where UID is 0, of root
    printf '%s\n' "$2" >"$dir/$1.uid"
    install -d -m 0700 -o "$2" "$dir/$1"
    install -d -m 0755 -o "$2" "$dir/$1.d"
    install -m 0644 -o "$2" /dev/stdin "$dir/$1.d/conf" <<<"#"
    fleet_as "$2"
    "${as[@]}" "$WFAPIKEYD" --state-dir="$dir/$1" \
        --verify-socket="$dir/$1.d/verify" --control-socket="$dir/$1.d/control" --config="$dir/$1.d/conf" >/dev/null 2>"$dir/$1.log" &
    daemon=$! pids+=("$!")
    wait_for 60 fleet_answers "$1" || { cat "$dir/$1.log" >&2; die "wfapikeyd does not start"; }
}
fleet_carrier() { # HOST UID
    fleet_as "$2"
    "${as[@]}" "$fleetd" --control-socket="$dir/$1.d/control" >/dev/null 2>"$dir/$1.carrier.log" &
    carriers+=("$!") pids+=("$!")
}

fleet_join() { # HOST UID [OPTION]...: of the invitation
    local key
    fleet_daemon "$1" "$2"
    members+=("$daemon")
    key=$(fleet_ctl "$1" fleet key)
    fleet_ctl hub fleet invite "$1" "$key" "${@:3}" >"$dir/invitation" 2>/dev/null
    fleet_ctl "$1" fleet join - <"$dir/invitation" >/dev/null 2>&1
    fleet_carrier "$1" "$2"
}

fleet_make_hub() {
    fleet_daemon hub 0
    fleet_ctl hub policy set enabled=yes
    fleet_ctl hub fleet init --host=hub --database="host=$dir/home dbname=postgres" --setup="host=$dir/home user=admin dbname=postgres" \
        --fleetd="$fleetd" >/dev/null 2>&1
    fleet_carrier hub 0
    wait_for 30 fleet_linked hub || die "the issuing host has no database"
    fleet_ctl hub policy set --fleet enabled=yes max-keys-per-user=1000
}

fleet_make() { # MEMBERS MEMBERS-OF-THE-SITE
    local i
    fleet_make_hub
    fleet_ctl hub fleet groups add paris >/dev/null 2>&1
    fleet_sql home "SELECT wfapikey.make_site('paris', '{}')"
    "$fleetd" --setup "host=$dir/site user=admin dbname=postgres"
    fleet_sql site 'SELECT wfapikey.become_site()'
    fleet_sql site "CREATE SUBSCRIPTION paris CONNECTION 'host=$dir/home user=admin dbname=postgres' PUBLICATION wfapikey_site_paris WITH (binary)" 2>/dev/null
    for ((i = 0; i < $1; i++)); do
        progress "member $i of $1"
        fleet_join "m$i" $((uids + i / 50))
    done
    for ((i = 0; i < $2; i++)); do
        progress "member $i of $2 at the site"
        fleet_join "s$i" $((uids + 1000)) --groups=paris --database="host=$dir/site dbname=postgres"
    done
    for ((i = 0; i < $1; i++)); do wait_for 60 fleet_linked "m$i" || die "m$i does not reach the database"; done
    for ((i = 0; i < $2; i++)); do wait_for 60 fleet_linked "s$i" || die "s$i does not reach the site"; done
    progress ''
}

# The median and the most of memory that a process has for itself, in MiB.
fleet_memory() { # NAME PID...
    local pid
    for pid in "${@:2}"; do awk '/^Anonymous:/ { print $2 }' "/proc/$pid/smaps_rollup"; done | sort -n |
        awk -v name="$1" '{ kb[NR] = $1 } END { printf "  %-34s %8.1f %8.1f\n", name, kb[int((NR + 1) / 2)] / 1024, kb[NR] / 1024 }'
}

fleet_login() { # A key of the host m0 alone, and one of the fleet, at m0.
    fleet_ctl m0 key issue root 2>/dev/null >"$dir/m0.local"
    fleet_ctl hub key issue root --hosts=all 2>/dev/null >"$dir/m0.fleet"
    "$BENCH_PROGRAMS/bench_fleet" "$dir" login "$(<"$dir/m0.uid")" "$rounds" "$slice"
}

part_fleet() {
    local why members=() carriers=() at_site=10
    chmod 0711 "$dir"
    why=$(fleet_lacks)
    if [[ -n $why ]]; then
        say "A fleet: skipped, $why"
        return
    fi
    fleet_server home
    "$BENCH_PROGRAMS/bench_notify" "$dir" "host=$dir/home user=admin dbname=postgres" "$slice"
    fleet_server site
    fleet_make "$hosts" "$at_site"
    say "A fleet of 1 issuing host and $hosts members; $at_site more at a site; $("$pg_bin/postgres" --version)"
    "$BENCH_PROGRAMS/bench_fleet" "$dir" revoke "$uids" "$hosts" $((uids + 1000)) "$at_site" $((rounds > 90 ? 900 : rounds * 10))
    fleet_login
    printf '%-36s %8s %8s\n' 'Memory of their own' 'p50 MiB' 'max MiB'
    fleet_memory 'wfapikey-fleetd' "${carriers[@]}"
    fleet_memory 'wfapikeyd of a member' "${members[@]}"
    stop "${carriers[@]}" "${members[@]}"
}

# --- A host that gets all keys anew ---------------------------------------------------

fleet_snapshot_is_there() { [[ $(fleet_sql home "SELECT count(*) FROM wfapikey.snapshot JOIN wfapikey.hostgroup ON grp = name
    WHERE grp = 'all' AND snapshot.number = hostgroup.number") == 1 ]]; }
fleet_is_signed() { [[ $(fleet_sql home "SELECT count(*) FROM wfapikey.head JOIN wfapikey.hostgroup ON grp = name
    WHERE grp = 'all' AND head.number = hostgroup.number") == 1 ]]; }
# A host that comes after this needs the snapshot, and finds a statement that it is new.
fleet_make_snapshot() {
    fleet_ctl hub fleet snapshot
    wait_for 600 fleet_snapshot_is_there || die "the issuing host makes no snapshot"
    wait_for 60 fleet_is_signed || die "the issuing host signs nothing"
    fleet_sql home 'DELETE FROM wfapikey.change; UPDATE wfapikey.hostgroup SET oldest = number + 1'
}

fleet_fill_hub() { # KEYS: more keys of the fleet
    stop "$carrier" "$hub"
    rm -f "$dir/hub.keys" "$dir/hub.revoked"
    "$BENCH_PROGRAMS/bench_fill" "$dir" hub "$1"
    fleet_daemon hub 0
    hub=$daemon
    fleet_carrier hub 0
    carrier=${carriers[-1]}
    wait_for 60 fleet_linked hub || die "the issuing host does not come again"
}

# Starts what carries to a host, and waits until the host has the snapshot.
fleet_resync() { # HOST KEYS allow|deny
    local program
    "$BENCH_PROGRAMS/bench_resync" "$dir" "$uids" "$1" "$2" hub.keys "$3" 2>"$dir/begin" &
    program=$! pids+=("$!")
    wait_for 30 test -s "$dir/begin" || die "bench_resync does not begin"
    fleet_carrier "$1" "$uids"
    wait "$program" || { cat "$dir/begin" >&2; die "bench_resync has failed"; }
}

part_resync() {
    local why n hub carrier key members=() carriers=()
    chmod 0711 "$dir"
    why=$(fleet_lacks)
    if [[ -n $why ]]; then
        say "A host that gets all keys of its fleet anew: skipped, $why"
        return
    fi
    fleet_server home
    fleet_make_hub
    hub=$daemon carrier=${carriers[-1]}
    printf '%-36s %8s %8s %8s %8s %8s\n' 'A host gets all keys anew' 's' 'p50 ms' 'p99 ms' 'max ms' 'logins'
    for n in 10000 "$keys"; do
        fleet_fill_hub "$n"
        fleet_make_snapshot
        fleet_daemon "r$n" "$uids"
        fleet_ctl "r$n" policy set enabled=yes
        fleet_ctl "r$n" key issue root 2>/dev/null >"$dir/r$n.local"
        key=$(fleet_ctl "r$n" fleet key)
        fleet_ctl hub fleet invite "r$n" "$key" >"$dir/invitation" 2>/dev/null
        fleet_make_snapshot
        fleet_ctl "r$n" fleet join - <"$dir/invitation" >/dev/null 2>&1
        fleet_resync "r$n" "$n" allow
        stop "${carriers[-1]}"
        key=$(tail -n 1 "$dir/hub.keys")
        fleet_ctl hub key revoke "${key:4:10}" >/dev/null 2>&1
        fleet_make_snapshot
        fleet_resync "r$n" "$n" deny
        stop "${carriers[-1]}" "$daemon"
    done
}
