#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the server of a site is set up with the commands of wfapikey-fleet(7) as they stand there.
# Its hosts hear of changes at once without a way to the home server, and nobody writes there.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"
# shellcheck source=tests/container/fleet
. "${0%/*}/fleet"
[[ $("$pg_bin/postgres" --version) =~ \)\ 1[0-4]\. ]] && { echo "skip - sites need PostgreSQL 15"; exit 0; }

page=$WFAPIKEY_SOURCE/man/wfapikey-fleet.7.scd
# The Nth literal block of the section SITES.
page_block() { # N
    awk -v n="$1" '/^# / { there = $0 == "# SITES" } there && /^```/ { i++; next } there && i == 2 * n - 1' "$page" | sed 's/\\\\/\\/g'
}
for i in {1..7}; do page_block "$i" >"$work/block-$i"; done
test_that "the page has 7 blocks" test -s "$work/block-7" -a -z "$(page_block 8)"

# --- Two servers, with certificates of a CA that all hosts know ---
install_tree
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/ca.key" -out /etc/ssl/certs/ca-certificates.crt \
    -days 2 -subj /CN=ca 2>/dev/null
printf '%s\n' '10.77.0.1 home.example' '10.77.0.200 paris.example' >>/etc/hosts
hosts_begin "$work"
certificate() { # NAME: for the server at hand
    local data=$work/$cluster/data
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$data/server.key" -subj "/CN=$1" 2>/dev/null |
        openssl x509 -req -CA /etc/ssl/certs/ca-certificates.crt -CAkey "$work/ca.key" -CAcreateserial -days 2 \
            -extfile <(echo "subjectAltName=DNS:$1") -out "$data/server.crt" 2>/dev/null
    chown postgres "$data"/server.* && chmod 0600 "$data/server.key"
}
lets_in() { # NAME LINE...: the server at hand lets in administrators by its socket, and what LINE says
    postgres_make >"$work/$cluster.log" && certificate "$1" && printf '%s\n' 'local all admin trust' "${@:2}" | pg_as tee data/pg_hba.conf >/dev/null
}
# The commands of an administrator, who has the environment of psql.
administers() { env PGHOST="$work/$cluster" PGUSER=admin PGDATABASE="$pg_database" "$@" 2>"$work/psql.log" || { cat "$work/psql.log"; return 1; }; }
members='hostssl wfapikey +wfapikey_member 10.0.0.0/8 scram-sha-256'
test_that "the page has the line for members" grep -qxF -- "$members" "$page"

must lets_in home.example "$members" "$(<"$work/block-3")"
must postgres_start -c ssl=on
must administers createdb wfapikey
test_that "the home server gets its settings" administers psql -v ON_ERROR_STOP=1 -f "$work/block-1"
must postgres_stop
must postgres_start -c ssl=on
pg_database=wfapikey
# shellcheck disable=SC2034 # for hosts
admin="host=$work/pg user=admin dbname=wfapikey" fleet_database='host=home.example dbname=wfapikey sslmode=verify-full sslrootcert=/etc/ssl/certs/ca-certificates.crt'
for name in hub:2 www1:3 mx1:4 www2:5; do must host_new "${name%:*}" "${name#*:}"; done
must fleet_begin hub
for name in paris web mail db; do must ctl hub fleet groups add "$name"; done
must fleet_add hub mx1 --groups=mail
# Without a terminal, psql reads the password from its standard input.
test_that "the site gets a role and a publication" administers setsid --wait psql -v ON_ERROR_STOP=1 -f "$work/block-2" <<<$'site-secret\nsite-secret'
test_not "a group must be there" sql "SELECT wfapikey.make_site('paris', '{nowhere}')"

on_site() { server_two "$@"; }
must on_site lets_in paris.example "$members"
(umask 077 && echo 'home.example:*:*:wfapikey_site_paris:site-secret' >"$work/pg2/.pgpass" && chown postgres "$work/pg2/.pgpass")
pg_database=postgres
must on_site postgres_start -c ssl=on
test_that "the site gets its database" on_site administers env PATH="/usr/sbin:$PATH" bash -e -o pipefail "$work/block-4"
pg_database=wfapikey
test_that "and subscribes" on_site administers psql -v ON_ERROR_STOP=1 -f "$work/block-5"

# --- A host of the site ---
wfapikeyctl() { fleet_add hub "$3" "${@:5}"; }
invite_www1() { . "$work/block-6"; }
conninfo() { bash -c "$(grep '^site=' "$work/block-6")"'; echo "$site"'; }
# It has no way to the home server.
must on www1 ip route add blackhole 10.77.0.1/32
test_that "a host joins with the site's server" invite_www1
test_that "it hears the bells there" test -z "$(ctl www1 fleet status | grep 'each second')"
must issue hub
kept=$key
test_that "a key is good at the site" wait_until accepts www1 "$kept"
must issue hub
must wait_until accepts www1 "$key"
listens_there() { # what a listener at the site has heard
    [[ $(PGPASSWORD=x psql "host=$work/pg2 user=admin dbname=wfapikey" -c 'LISTEN wfapikey_web' -c "SELECT pg_sleep(0.5)" -c 'SELECT 1' 2>&1) == *'Asynchronous notification "wfapikey_web"'* ]]
}
ring() { while :; do ctl hub key rename "$(id_of "$kept")" "n$RANDOM" || return; done; }
ring >/dev/null 2>&1 &
ringing=$!
test_that "changes ring at the site" wait_until listens_there
kill "$ringing"
wait "$ringing" 2>/dev/null
must ctl hub key revoke "$id"
test_that "a revocation comes to the site" wait_until refuses www1 "$key"
test_that "the others stay good" accepts www1 "$kept"

# --- Who sees and writes what ---
hosts_there() { on_site sql "SELECT string_agg(name, ' ' ORDER BY name) FROM wfapikey.host"; }
test_that "the site knows its hosts" test "$(hosts_there)" = www1
roles_there() { on_site sql "SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolname LIKE 'wfapikey_host_%'"; }
test_that "and has their roles" test "$(roles_there)" = wfapikey_host_www1
test_that "it has the logs of its groups" test "$(on_site sql "SELECT string_agg(name, ' ' ORDER BY name) FROM wfapikey.hostgroup")" = 'all mail paris web'
test_that "no issuing host has a verifier to be copied" test -z "$(sql "SELECT name FROM wfapikey.host WHERE issuing AND verifier IS NOT NULL UNION SELECT host FROM wfapikey.site_host WHERE host = 'hub'")"
refuses_to() { on_site sql "$1" 2>&1 | grep 'copy of a site'; }
for attempt in "append('{web}', '{9}', '{x}', '{}')" "put_heads('{web}', '{9}', '{x}')" "put_page('web', 9, 0, 'x')" "done_snapshot('web', 9, 1)" \
    "rebase('{web}', '{9}', '{1}')" "add_host('x', 'SCRAM-SHA-256\$x', true, '{}')" "move_host('www1', true, '{}')" "drop_host('www1')" "make_site('web', '{}')"; do
    test_that "a site refuses ${attempt%%(*}" refuses_to "SELECT wfapikey.$attempt"
done
test_not "it does not become one while it is subscribed" on_site sql 'SELECT wfapikey.become_site()'
test_not "a home database becomes no site" sql 'SELECT wfapikey.become_site()'
must on_site sql "ALTER ROLE wfapikey_host_www1 PASSWORD 'member'"
as_member() { PGPASSWORD=member PGSSLROOTCERT=/etc/ssl/certs/ca-certificates.crt psql "host=paris.example sslmode=verify-full user=wfapikey_host_www1 dbname=wfapikey" -Atqc "$1" 2>&1; }
test_that "a member sees its own groups" test "$(as_member 'SELECT name FROM wfapikey.hostgroup ORDER BY 1' | tr '\n' ' ')" = 'all paris web '
for attempt in 'SELECT verifier FROM wfapikey.host' 'SELECT * FROM wfapikey.site_host' 'DELETE FROM wfapikey.change' 'SELECT wfapikey.become_site()' \
    "SELECT wfapikey.append('{web}', '{9}', '{x}', '{}')" "INSERT INTO wfapikey.site_host VALUES ('paris', 'x', '{}', 'SCRAM-SHA-256\$x')"; do
    test_that "a member may not: $attempt" grep 'permission denied' <<<"$(as_member "$attempt")"
done
replicate() { PGPASSWORD=site-secret psql "host=home.example sslmode=verify-full sslrootcert=/etc/ssl/certs/ca-certificates.crt user=wfapikey_site_paris dbname=wfapikey replication=$1" -Atqc "$2" 2>&1; }
test_that "the site's role copies no whole server" grep 'no pg_hba.conf entry for replication' <<<"$(replicate true IDENTIFY_SYSTEM)"
test_that "and writes nothing at home" grep 'permission denied' <<<"$(replicate database 'DELETE FROM wfapikey.change')"

# --- A role that cannot be made does not stop changes ---
must on_site sql 'CREATE ROLE wfapikey_host_alien'
add_alien() { sql "SELECT wfapikey.add_host('alien', 'SCRAM-SHA-256\$4096:YWFhYWFhYWFhYWFhYWFhYQ==\$YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=', false, '{paris}')"; }
must add_alien
must issue hub
test_that "a role of others does not stop changes" wait_until accepts www1 "$key"
test_that "the server says why it is no host" grep -q 'host alien: there is a role' "$work/postgres.log"
must sql "SELECT wfapikey.drop_host('alien')"
must on_site sql 'DROP ROLE wfapikey_host_alien'

# --- A host that comes when changes were cut off gets the snapshot of the site ---
must ctl hub fleet snapshot
has_pages() { [[ $(on_site sql "SELECT count(*) FROM wfapikey.snapshot WHERE grp IN ('all', 'web')") == 2 ]]; }
test_that "a snapshot comes to the site" wait_until has_pages
must sql "DELETE FROM wfapikey.change; UPDATE wfapikey.hostgroup SET oldest = number + 1"
must on www2 ip route add blackhole 10.77.0.1/32
test_that "a new host joins" fleet_add hub www2 --groups=paris,web "--database=$(conninfo)"
test_that "and has the keys" wait_until accepts www2 "$kept"

# --- A group that the site does not have ---
must ctl hub fleet move www1 --groups=paris,web,db
test_that "a host hears that its group is not at the site" wait_until link_says www1 'group db: the database does not show'
test_that "it does not know how current it is, and refuses keys of the fleet" is_unavailable www1 "$kept"
test_that "other hosts of the site do not" accepts www2 "$kept"
must sql "SELECT wfapikey.make_site('paris', '{web,mail,db}')"
test_that "the site is emptied" on_site administers psql -v ON_ERROR_STOP=1 -f "$work/block-7"
test_that "what hosts know stays good" accepts www2 "$kept"
test_that "and is copied anew" on_site administers psql -v ON_ERROR_STOP=1 -f <(tail -n +2 "$work/block-5")
test_that "with that group" wait_until accepts www1 "$kept"
key=$(ctl hub key issue alice --hosts=db)
test_that "whose keys are good" wait_until accepts www1 "$key"

# --- The home server away, and the site's ---
must postgres_stop QUIT
test_that "without the home server logins go on" accepts www1 "$kept"
test_that "and the site answers" linked www1
must postgres_start -c ssl=on
must wait_until issue hub
test_that "there again, all goes on" wait_until accepts www1 "$key"
must on_site postgres_stop QUIT
test_that "a host hears that the site's server is away" wait_until link_says www1 'away'
must ctl hub key revoke "$(id_of "$key")"
must on_site postgres_start -c ssl=on
test_that "there again, it has what was revoked meanwhile" wait_until refuses www1 "$key"

# --- Numbers that go on behind a restored database come to the site as well ---
must ctl hub fleet rebase --yes
must issue hub
test_that "after a rebase the site goes on" wait_until accepts www1 "$key"

# --- Hosts that leave the site ---
must ctl hub fleet promote www2
one_role() { [[ $(roles_there) == wfapikey_host_www1 ]]; }
test_that "an issuing host has no role at the site" wait_until one_role
must ctl hub fleet drop www1
no_role() { [[ -z $(roles_there) ]]; }
test_that "nor a host that was dropped" wait_until no_role
test_that "which has no way to the database" wait_until link_says www1 'away'
fleet_finish
