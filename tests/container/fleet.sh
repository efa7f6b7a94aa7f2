#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a fleet of three hosts in networks of their own goes on as far as it can when a host is cut
# off, when PostgreSQL is away, and when clocks and users' numbers differ.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"
# shellcheck source=tests/container/fleet
. "${0%/*}/fleet"

fleet_new 4321
own=$(ctl web1 key issue alice)
must issue hub --name=laptop
first=$key
test_that "a key is good at a member" wait_until accepts web1 "$first"
sshd_new web1
test_that "for a user with another number there" test "$(login web1 "$first")" = 4321
ctl web1 key revoke "$id" 2>"$work/said" || not_ok "a member revokes"
test_that "a member says how far a revocation reaches" grep -q 'on this host only' "$work/said"
test_that "a member that revokes a key does it for itself" refuses web1 "$first"
test_that "and no other host" accepts hub "$first"

# --- A revocation ---
must issue hub
lost=$key
must wait_until accepts web1 "$lost"
must wait_until accepts hub2 "$lost"
ctl hub2 key revoke "$id" 2>"$work/said" || not_ok "an issuing host revokes"
test_not "an issuing host has nothing to say about that" grep -q 'on this host only' "$work/said"
test_that "what one issuing host revokes, another has issued" wait_until refuses hub "$lost"
test_that "a member refuses it" wait_until refuses web1 "$lost"

# --- A host that is cut off ---
must issue hub2
key_sshd=$key
must issue hub
key_lost=$key id_lost=$id
must wait_until accepts web1 "$key_lost"
must fleet_policy replica-max-age:door=5s
host_cut web1
must ctl hub key revoke "$id_lost"
test_that "a host that is cut off refuses fleet keys when what it knows is too old" wait_until is_unavailable web1 "$key_lost"
test_that "for one service" test "$(login web1 "$key_sshd")" = 4321
test_that "and goes on with its own keys" accepts web1 "$own"
host_mend web1
test_that "back again, it knows of the revocation" wait_until refuses web1 "$key_lost"
test_that "and accepts the others" wait_until accepts web1 "$key_sshd"
must ctl hub policy set --fleet replica-max-age:door=none

# --- PostgreSQL away ---
must issue hub
key_away=$key id_away=$id
must wait_until accepts web1 "$key_away"
before=$(ctl hub --json key list | grep -o '"id"' | wc -l)
postgres_stop QUIT # as if it had crashed
test_not "without PostgreSQL no key is issued" ctl hub key issue alice --hosts=web
cp "$work/out" "$work/why"
test_that "and the user hears why" grep -q "database is not there" "$work/why"
test_that "nothing was issued" test "$(ctl hub --json key list | grep -o '"id"' | wc -l)" = "$before"
test_that "logins go on" accepts web1 "$key_sshd"
test_that "a key is revoked" ctl hub key revoke "$id_away"
test_that "which takes effect on this host" refuses hub "$key_away"
test_that "waits" status_is hub waiting 1
host_stop hub wfapikeyd KILL
wfapikeyd_start hub
must wait_until ctl hub status
test_that "and goes on waiting after a crash of the daemon" status_is hub waiting 1
test_that "the key stays revoked" refuses hub "$key_away"
postgres_start
test_that "PostgreSQL there again, the other hosts hear of it" wait_until refuses web1 "$key_away"
test_that "nothing waits any more" wait_until status_is hub waiting 0
test_that "and keys are issued" wait_until issue hub
test_that "which are good" wait_until accepts web1 "$key"

# --- A wall clock that is an hour ahead, and one that is an hour behind ---
for skew in 3600 -3600; do
    host_stop hub2 wfapikeyd
    wfapikeyd_start hub2 LD_PRELOAD="$WFAPIKEY_BUILD/tests/scenario/skew.so" SKEW="$skew"
    must wait_until linked hub2
    must issue hub2
    test_that "an issuing host whose clock is off by $skew s issues a key" wait_until accepts web1 "$key"
    must ctl hub2 key revoke "$id"
    test_that "and revokes it" wait_until refuses web1 "$key"
    age=$(value web1 age)
    test_that "the state of others is $age s old" test "$age" -lt 60
    age=$(value web1 silent)
    test_that "and no issuing host was silent for longer than $age s" test "$age" -lt 60
    age=$(value hub2 age)
    test_that "and its own $age s" test "$age" -lt 60
done

silent() { ctl web1 metrics | sed -n 's/^wfapikey_fleet_issuer_silent_seconds //p'; }
test_that "the metrics say so, too" test "$(silent)" -lt 60
test_that "which host that is" test "$(ctl web1 --json fleet status | grep -cE '"silent-host":"(hub|hub2)"')" = 1

# --- Two issuing hosts at once ---
for host in hub hub2 web1; do on "$host" useradd --no-create-home --home-dir / bob; done
must fleet_policy max-keys-per-user=3
pids=() issued=0
for i in {1..4}; do
    for host in hub hub2; do
        ctl "$host" key issue bob --hosts=web >"$work/bob-$host-$i" 2>&1 &
        pids+=($!)
    done
done
for pid in "${pids[@]}"; do wait "$pid" && issued=$((issued + 1)); done
test_that "two issuing hosts at once issue $issued of 3 keys that a user may have" test "$issued" = 3
all_there() { [[ $(ctl web1 --json key list | grep -o '"owner":"bob"' | wc -l) == 3 ]]; }
test_that "which members have" wait_until all_there

must fleet_policy max-keys-per-user=1000

# --- A standby that lags is promoted ---
pg_as "$pg_bin/pg_basebackup" -h "$work/pg" -U admin -D standby -R -X stream 2>"$work/basebackup" || cat "$work/basebackup"
must issue hub
key_after=$key
must wait_until accepts web1 "$key_after"
must ctl hub key revoke "$id"
must wait_until refuses web1 "$key_after"
postgres_stop
postgres_start -D standby >"$work/out" || { not_ok 'the standby starts'; fleet_finish; }
sql 'SELECT pg_promote()' >/dev/null
test_that "hosts refuse a database that is older than they are" wait_until link_says web1 'older than this host'
test_that "issuing hosts as well" wait_until link_says hub 'older than this host'
test_that "a revoked key stays revoked" refuses web1 "$key_after"
test_that "a good key stays good" accepts web1 "$key_sshd"
test_not "nothing is issued" ctl hub key issue alice --hosts=web
test_that "a key is revoked" ctl hub key revoke "$(id_of "$key_sshd")"
test_that "which takes effect on this host" refuses hub "$key_sshd"
postgres_stop
postgres_start
test_that "with the right one the others hear of it" wait_until refuses web1 "$key_sshd"

# --- The end ---
must ctl hub fleet drop web1
test_that "a host that was dropped has no way to the database" wait_until link_says web1 'away'
test_that "it leaves" ctl web1 fleet leave --yes
test_that "and goes on with its own keys" accepts web1 "$own"
test_not "no others" accepts web1 "$first"
fleet_finish
