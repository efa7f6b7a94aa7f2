#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a host whose clock is behind the time that the store remembers does not accept a key that it
# has seen expire. A clock that is far ahead ends nothing for good. Log, doctor and metrics say it.
# One command of an administrator says that the clock is right.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
command -v sqlite3 >/dev/null || skip "sqlite3 is missing"

sql() { run 0 sqlite3 "$dir/state/keys.db" "$1"; }
good() { verify "$me" <<<"$1"; }
value() { ctl metrics | sed -n "s/^$1 //p"; }
expires() { ctl --json key show "$(id_of "$1")" | sed -n 's/.*"expires":"\([^"]*\)".*/\1/p'; }

start
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me" --expires=1d
short=$out
run 0 ctl key issue "$me" --expires=90d
long=$out
good "$short" || fail "a new key is refused"
is "$(value wfapikey_clock_behind_seconds)" 0
stop
sql 'SELECT count(*) FROM clock'
is "$out" 0 # the daemon did not run for an hour

# The host was up two days longer than this clock says. Then it booted with this clock.
sql "INSERT INTO clock VALUES (1, $(($(date +%s) + 2 * 86400)))"
start
logged "s behind the time that wfapikeyd remembers"
good "$short" && fail "a key lives again because the clock went back"
good "$long" || fail "a key is refused that has not expired"
is "$(value wfapikey_clock_trusted)" 0
behind=$(value wfapikey_clock_behind_seconds)
((behind > 2 * 86400 - 300 && behind <= 2 * 86400 + 2)) || fail "it is $behind s behind"
run 6 ctl doctor --server-uid="$(id -u)" --pam-dir="$dir"
has "$out" "s behind the time that wfapikeyd remembers"
has "$out" "wfapikeyctl clock trust"
# What is made now is made by the remembered time.
run 0 ctl key issue "$me" --expires=1d
later=$out
[[ $(expires "$later") > $(date -u -d '+2 days' +%FT%TZ) ]] || fail "it expires at $(expires "$later")"
stop KILL

start
good "$short" && fail "a key lives again after a restart"
run 0 ctl clock trust
logged "the clock counts again"
good "$short" || fail "a key is refused that has not expired"
good "$later" || fail "a key is refused that was made meanwhile"
is "$(value wfapikey_clock_behind_seconds)" 0
is "$(value wfapikey_clock_trusted)" 1
run 0 ctl audit list
has "$out" clock-trusted
stop
start # and that is remembered
good "$short" || fail "a key is refused after a restart"
is "$(value wfapikey_clock_behind_seconds)" 0
is "$(value wfapikey_clock_trusted)" 1
stop

# The host was off for 40 days and a bit, or its clock is wrong by that.
sql "UPDATE clock SET trusted_at = $(($(date +%s) - 40 * 86400 - 3600))"
start
logged "the clock is 40 days ahead of the time that wfapikeyd remembers"
good "$short" || fail "a key is refused that has not expired"
is "$(value wfapikey_clock_trusted)" 0
is "$(value wfapikey_clock_behind_seconds)" 0
ahead=$(value wfapikey_clock_ahead_seconds)
((ahead > 40 * 86400 && ahead < 41 * 86400)) || fail "it is $ahead s ahead"
run 6 ctl doctor --server-uid="$(id -u)" --pam-dir="$dir"
has "$out" "40 days ahead of the time that wfapikeyd remembers"
has "$out" "wfapikeyctl clock trust"
run 0 ctl clock trust
is "$(value wfapikey_clock_trusted)" 1
is "$(value wfapikey_clock_ahead_seconds)" 0
run 0 ctl audit list
has "$out" "s ahead"
