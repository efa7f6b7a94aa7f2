# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A PostgreSQL of its own for a scenario, which sources this after lib.sh. It runs as a user without
# any right, in $dir/pg, and listens on a Unix socket there. Administrators log in without a
# password, hosts with theirs.

pg_bin=''
for pg_bin in /usr/lib/postgresql/*/bin; do :; done
[[ -x $pg_bin/initdb ]] || skip "needs a PostgreSQL server"
pg='' # pid
# shellcheck disable=SC2154 # lib.sh has $dir
admin="host=$dir/pg user=admin dbname=postgres"

if [[ $(id -u) == 0 ]]; then
    pg_as() { setpriv --reuid=65534 --regid=65534 --clear-groups -- env -C "$dir/pg" HOME="$dir/pg" "$@"; }
else
    pg_as() { env -C "$dir/pg" "$@"; }
fi

pg_make() {
    install -d -m 0755 "$dir/pg" || fail "cannot make $dir/pg"
    [[ $(id -u) != 0 ]] || chown 65534:65534 "$dir/pg"
    pg_as "$pg_bin/initdb" -D data -N -A trust -U admin --no-locale -E UTF8 >"$dir/initdb.log" 2>&1 ||
        fail "initdb: $(<"$dir/initdb.log")"
    printf '%s\n' 'local all +wfapikey_member scram-sha-256' 'local all,replication all trust' |
        pg_as tee data/pg_hba.conf >/dev/null
}
pg_answers() { psql "$admin" -Atqc 'SELECT 1'; }
pg_start() { # [OPTION]...: of postgres
    # Not pg_as: the shell must know the pid of the server itself.
    if [[ $(id -u) == 0 ]]; then
        setpriv --reuid=65534 --regid=65534 --clear-groups -- env -C "$dir/pg" "$pg_bin/postgres" -D data -k "$dir/pg" \
            -c listen_addresses= -c fsync=off -c autovacuum=off "$@" >>"$dir/pg.log" 2>&1 &
    else
        env -C "$dir/pg" "$pg_bin/postgres" -D data -k "$dir/pg" \
            -c listen_addresses= -c fsync=off -c autovacuum=off "$@" >>"$dir/pg.log" 2>&1 &
    fi
    pg=$!
    children+=("$pg")
    wait_until pg_answers
}
pg_stop() { # [SIGNAL]: and waits. INT ends connections in order, QUIT at once.
    kill -"${1-INT}" "$pg"
    wait "$pg" 2>/dev/null
}
sql() { psql "$admin" -Atqv ON_ERROR_STOP=1 -c "$1"; }
sql_as() { # USER PASSWORD SQL
    PGPASSWORD=$2 psql "host=$dir/pg user=$1 dbname=postgres" -Atqv ON_ERROR_STOP=1 -c "$3" 2>&1
}
