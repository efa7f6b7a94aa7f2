#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a PostgreSQL that was taken over, or somebody on the way to it, sends wfapikey-fleetd
# answers of any form. fleetd says so, leaves the connection and tries again. See fakepg.c and
# fleetside.c.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
fleetd=$abs_top_builddir/wfapikey-fleetd
[[ -x $fleetd ]] || skip "built without the fleet"

mkfifo "$dir/in"
mkdir "$dir/pg"
"$abs_top_builddir/tests/scenario/fakepg" "$dir/pg/.s.PGSQL.5432" 12 >"$dir/pg.out" 2>>"$dir/daemon.log" &
children+=("$!")
said() { grep -q -- "$2" "$dir/$1.out"; } # WHO PATTERN
wait_until said pg ready
"$abs_top_builddir/tests/scenario/fleetside" "$dir/side" i1 "state postgresql://x:x@/x?host=$dir/pg&sslmode=disable issuing all:0" \
    <"$dir/in" >"$dir/side.out" 2>>"$dir/daemon.log" &
children+=("$!")
exec {input}>"$dir/in"
wait_until said side ready
"$fleetd" --control-socket="$dir/side" 2>"$dir/fleetd.log" &
carrier=$!
children+=("$carrier")
alive() { kill -0 "$carrier" 2>/dev/null || fail "fleetd has ended: $(tail -n 20 "$dir/fleetd.log")"; }
served() { alive && said pg '^served$'; }
wait_until served

# It has said what was wrong each time, and has asked again.
malformed=$(grep -c 'does not have the form' "$dir/fleetd.log")
[[ $malformed -ge 20 ]] || fail "fleetd has said so $malformed times: $(<"$dir/fleetd.log")"

# --- An order that gets such an answer: what became of it is not known ---
link() { [[ $(grep '^link ' "$dir/side.out" | tail -n 1) == "link connected"* ]]; }
answered() { [[ $(grep -c '^done ' "$dir/side.out") == "$1" ]]; }
for i in {1..6}; do
    wait_until link
    printf 'append - all:1:10\n' >&"$input"
    wait_until answered "$i"
    has "$(grep '^done ' "$dir/side.out" | tail -n 1)" 'done away: '
    alive
done
kill -TERM "$carrier"
wait "$carrier" || fail "fleetd ended with $?: $(tail -n 20 "$dir/fleetd.log")"
