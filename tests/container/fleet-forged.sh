#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the superuser of the fleet's database, and a member's role there, can keep changes from a
# host until its state is too old. They make no key, revive none, and read nothing of keys.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"
# shellcheck source=tests/container/fleet
. "${0%/*}/fleet"

fleet_new
own=$(ctl web1 key issue alice)
must issue hub --name=a-laptop
good=$key
must issue hub
revived=$key
number=$(sql "SELECT number FROM wfapikey.hostgroup WHERE name = 'web'") # of the change that issued it
must ctl hub key revoke "$id"
must wait_until refuses web1 "$revived"

last() { sql "SELECT number FROM wfapikey.hostgroup WHERE name = 'web'"; }
mine() { ctl web1 fleet groups | awk '$1 == "web" { print $2 }'; }
is_at() { [[ $(mine) == "$1" ]]; } # NUMBER: web1 is
# Puts FRAME, which is SQL, behind the last change. The hosts refuse it and stay as they were.
forge() { # WHAT FRAME WHY
    local before
    before=$(last)
    must wait_until is_at "$before"
    must sql "BEGIN; INSERT INTO wfapikey.change SELECT 'web', $before + 1, $2; UPDATE wfapikey.hostgroup SET number = $before + 1
        WHERE name = 'web'; COMMIT; NOTIFY wfapikey_web"
    test_that "$1 is refused" wait_until link_says web1 "$3"
    test_that "an issuing host refuses it as well" wait_until link_says hub "$3"
    test_not "and issues nothing behind it" ctl hub key issue alice --hosts=web
    must sql "BEGIN; DELETE FROM wfapikey.change WHERE grp = 'web' AND number > $before; UPDATE wfapikey.hostgroup SET number = $before
        WHERE name = 'web'; COMMIT; NOTIFY wfapikey_web"
    test_that "it has not been taken" is_at "$before"
    must wait_until linked hub
    test_that "when it is gone the fleet goes on" issue hub
    test_that "at all hosts" wait_until accepts web1 "$key"
}
frame_of() { echo "(SELECT frame FROM wfapikey.change WHERE grp = '$1' AND number = $2)"; } # GROUP NUMBER
little() { printf '%016x' "$1" | fold -w 2 | tac | tr -d '\n'; }                             # NUMBER

forge "a change that was replayed" "$(frame_of web "$number")" 'That is not the next change'
must has_heard web1 'a change of group web of the fleet is refused: That is not the next change'
forge "a change of another group" "$(frame_of all 1)" 'of a group that this host is not in'
forge "a change with another number" "overlay($(frame_of web "$number") PLACING decode('$(little $(($(last) + 1)))', 'hex') FROM 17 FOR 8)" 'That is '
forge "what is no change" "decode(repeat('41', 300), 'hex')" 'another length than it says'
# The same change as the hosts would take next, but for one bit.
host_cut web1
must issue hub
n=$(last)
: >"$work/web1/wfapikeyd.log"
sql "CREATE TABLE kept AS SELECT * FROM wfapikey.change; UPDATE wfapikey.change SET frame = set_bit(frame, 1600, 1 - get_bit(frame, 1600))
    WHERE grp = 'web' AND number = $n"
host_mend web1
test_that "a change that was altered is refused" wait_until has_heard web1 'is refused'
test_that "and not taken" is_at $((n - 1))
restore() { sql "BEGIN; DELETE FROM wfapikey.change; INSERT INTO wfapikey.change SELECT * FROM kept; COMMIT; DROP TABLE kept; NOTIFY wfapikey_web"; }
must restore
test_that "as it was made it is taken" wait_until accepts web1 "$key"

# --- Reordered, left out ---
host_cut web1
must issue hub
late=$key
must ctl hub key revoke "$id"
n=$(last)
sql "CREATE TABLE kept AS SELECT * FROM wfapikey.change; UPDATE wfapikey.change c SET frame = k.frame FROM kept k
    WHERE c.grp = 'web' AND k.grp = 'web' AND (c.number, k.number) IN (($n, $n - 1), ($n - 1, $n))"
: >"$work/web1/wfapikeyd.log"
host_mend web1
test_that "changes in another order are refused" wait_until has_heard web1 'is refused: That is not the next'
test_that "and not taken" is_at $((n - 2))
: >"$work/web1/wfapikeyd.log"
sql "DELETE FROM wfapikey.change WHERE grp = 'web' AND number = $n - 1; UPDATE wfapikey.change c SET frame = k.frame FROM kept k
    WHERE c.grp = 'web' AND c.number = $n AND k.grp = 'web' AND k.number = $n"
test_that "what comes behind a change that was left out is refused" wait_until has_heard web1 'is refused: That is not the next'
test_that "and not taken" is_at $((n - 2))
must restore
test_that "complete and in order they are taken" wait_until is_at "$n"
test_that "so the key that was revoked meanwhile is refused" refuses web1 "$late"

# --- A revocation held back, and old heads shown again ---
must issue hub
hidden=$key
must wait_until accepts web1 "$hidden"
must fleet_policy replica-max-age:door=5s
host_cut web1
sql "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER keep BEFORE UPDATE ON wfapikey.head
    FOR EACH ROW EXECUTE FUNCTION keep()"
n=$(last)
must ctl hub key revoke "$id"
sql "BEGIN; CREATE TABLE kept AS SELECT * FROM wfapikey.change; DELETE FROM wfapikey.change WHERE grp = 'web' AND number > $n;
    UPDATE wfapikey.hostgroup SET number = $n WHERE name = 'web'; COMMIT"
host_mend web1
must wait_until linked web1
test_that "what is held back shows as age, and shuts the door" wait_until is_unavailable web1 "$hidden"
test_that "not for the host's own keys" accepts web1 "$own"
test_that "the issuing host sees that the database goes back" wait_until link_says hub 'older than this host'
sql "DROP TRIGGER keep ON wfapikey.head; UPDATE wfapikey.hostgroup SET number = $n + 1 WHERE name = 'web'"
must restore
test_that "shown at last, the revocation is in force" wait_until refuses web1 "$hidden"
must wait_until linked hub
must ctl hub policy set --fleet replica-max-age:door=none

# --- Bells ---
must issue hub
sql "SET SESSION AUTHORIZATION wfapikey_host_web1; SELECT pg_notify('wfapikey_web', 'revoked $id ' || n), pg_notify('wfapikey_all', repeat('x', 7999))
    FROM generate_series(1, 1000) n" >/dev/null
test_that "bells that a member rings prove nothing" wait_until accepts web1 "$key"
must ctl hub key revoke "$id"
test_that "and silence none" wait_until refuses web1 "$key"
test_that "a good key was good all the time" accepts web1 "$good"
test_that "a revoked one is revoked" refuses web1 "$revived"

# --- What a dump tells ---
pg_dump "$admin" >"$work/dump"
for word in alice a-laptop "$id" "${key:15:30}"; do
    test_not "a dump does not have ${word:0:10}" grep -aqie "$word" -e "$(printf %s "$word" | od -An -tx1 | tr -d ' \n')" "$work/dump"
done
test_that "though it has the hosts" grep -q wfapikey_host_web1 "$work/dump"
fleet_finish
