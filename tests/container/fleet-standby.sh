#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: members work with a hot standby, where they ask each second, and hear bells again when it
# was promoted. Issuing hosts find the primary among several servers.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"
# shellcheck source=tests/container/fleet
. "${0%/*}/fleet"

install_tree
hosts_begin "$work"
must postgres_make
must postgres_start
# --- A standby, at an address of its own ---
install -d -m 0755 -o postgres "$work/pg2"
must pg_as "$pg_bin/pg_basebackup" -h "$work/pg" -U admin -D ../pg2/data -c fast -R -X stream
must server_two postgres_start
must host_new hub 2
must host_new web1 3
must host_new hub2 4
# shellcheck disable=SC2034 # for hosts
fleet_database='host=10.77.0.1,10.77.0.200 dbname=postgres target_session_attrs=read-write'
must fleet_begin hub
must ctl hub fleet groups add web
must fleet_add hub web1 --groups=web '--database=host=10.77.0.200 dbname=postgres'
test_that "a member asks a standby each second" link_says web1 'asking each second, because the server is a standby'
must issue hub
kept=$key
test_that "a key is good there" wait_until accepts web1 "$kept"
must issue hub
must wait_until accepts web1 "$key"
must ctl hub key revoke "$id"
test_that "a revocation comes there" wait_until refuses web1 "$key"

# --- An issuing host that only knows the standby ---
must fleet_add hub hub2 --issuing '--database=host=10.77.0.200 dbname=postgres'
test_not "an issuing host cannot write to a standby" ctl hub2 key issue alice --hosts=web
cp "$work/out" "$work/why"
test_that "and says so" grep -q 'read-only' "$work/why"

# --- The primary is lost ---
must issue hub
must wait_until accepts web1 "$key"
must postgres_stop QUIT
test_that "without the primary nothing is issued" wait_until link_says hub 'away'
test_that "the standby answers members" linked web1
test_that "it becomes the primary" server_two sql 'SELECT pg_promote()'
test_that "an issuing host finds it" wait_until linked hub
must ctl hub key revoke "$id"
test_that "and revokes there" wait_until refuses web1 "$key"
hears() { linked web1 && [[ $(ctl web1 fleet status) != *'each second'* ]]; }
test_that "a member that was connected hears its bells" wait_until hears
test_that "the other issuing host writes there" wait_until issue hub2
test_that "and its key is good" wait_until accepts web1 "$key"
test_that "nothing was lost" accepts web1 "$kept"
fleet_finish
