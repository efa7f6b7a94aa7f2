#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a stolen database role of an issuing host stops the fleet neither by what is no frame nor by
# a number near the largest one. What looks like a frame does stop it, and an administrator of the
# database takes it back by SQL, as wfapikey-fleet(7) says. A real daemon.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
fleetd=$abs_top_builddir/wfapikey-fleetd
[[ -x $fleetd ]] || skip "built without the fleet"
[[ $(id -u) == 0 ]] || skip "needs root, as which fleetd may talk to the daemon"
# shellcheck source=tests/scenario/postgres.sh
. "${0%/*}/postgres.sh"
command -v busctl >/dev/null || skip "needs busctl"

call() { busctl --address="unix:path=$dir/hub.c" call org.wfapikey1 /org/wfapikey1 org.wfapikey1.Manager "$@"; }
link() { [[ $(call FleetStatus) == *'"link" s "'"$1"'"'* ]]; } # STATE
number() { sql "SELECT number FROM wfapikey.hostgroup WHERE name = 'all'"; }
thief() { sql_as wfapikey_host_b b-secret "SELECT wfapikey.$1"; } # CALL: with the role of an issuing host
child() { # COMMAND...: in the background
    "$@" 2>>"$dir/daemon.log" &
    children+=("$!")
}

echo '#' >"$dir/conf"
pg_make
pg_start
run 0 "$fleetd" --setup "$admin" --host hub <<<hub-secret
install -d -m 0700 "$dir/hub"
child "$WFAPIKEYD" --state-dir="$dir/hub" --verify-socket="$dir/hub.v" --control-socket="$dir/hub.c" --config="$dir/conf"
wait_until call GetPolicy
child "$fleetd" --control-socket="$dir/hub.c"
run 0 call FleetInit ss hub "host=$dir/pg dbname=postgres user=wfapikey_host_hub password=hub-secret"
wait_until link connected
run 0 call SetFleetPolicy 'a{ss}' 1 max-keys-per-user 9
wait_until link connected
verifier=$(sql "SELECT rolpassword FROM pg_authid WHERE rolname = 'wfapikey_host_hub'")

# --- A role has a name that 'fleet drop' takes ---
add() { sql_as wfapikey_host_hub hub-secret "SELECT wfapikey.append('{}', '{}', '{}', ARRAY['host', '$1', '$verifier', 'yes'])"; } # HOST
for name in '' B b_c -b .b 'b b' b% "$(printf 'b%.0s' {1..49})"; do
    has "$(add "$name")" 'the name of a host is'
done
is "$(sql 'SELECT name FROM wfapikey.host')" hub
for name in b 0.b-c "$(printf 'b%.0s' {1..48})"; do is "$(add "$name")" t; done
sql "ALTER ROLE wfapikey_host_b PASSWORD 'b-secret'"

# --- What is no frame ---
zeroes() { echo "decode(repeat('00', $1), 'hex')"; } # BYTES
frame="'WFKFLET'::bytea || $(zeroes 245)"
next=$(($(number) + 1))
for garbage in "'garbage'" "''" "'WFKFLET'" "'WFKFLEX'::bytea || $(zeroes 245)" "'WFKFLET'::bytea || $(zeroes 244)" "$frame || '\\x00'" \
    "set_byte($frame, 184, 1)" "set_byte($frame, 187, 255)" "set_byte($frame, 185, 1) || $(zeroes 255)"; do
    has "$(thief "append('{all}', '{$next}', ARRAY[$garbage]::bytea[], '{}')")" 'no frame of a fleet'
    has "$(thief "put_page('all', $next, 0, $garbage)")" 'no frame of a fleet'
done
is "$(number)" $((next - 1))
is "$(thief "append('{all}', '{$next}', ARRAY[set_byte($frame, 185, 1) || $(zeroes 256)], '{}')")" t

# --- Nobody takes what only looks like one, and no change is made. Another rebase does nothing ---
shows() { [[ $(call FleetStatus) == *'"link-text" s "'?* ]] && ! link connected; }
wait_until shows
call SetFleetPolicy 'a{ss}' 1 max-keys-per-user 8 >"$dir/out" 2>&1 && fail "a change was made behind garbage"
run 0 call FleetRebase
wait_until grep -q 'changes that this host does not have: nothing was done' "$dir/daemon.log"
back() { # NUMBER: the text of the manual
    sql "SELECT wfapikey.drop_host('b');
        DELETE FROM wfapikey.change WHERE grp = 'all' AND number > $1;
        UPDATE wfapikey.hostgroup SET number = $1, oldest = least(oldest, $1 + 1) WHERE name = 'all'"
}
back $((next - 1)) || fail "the way out"
has "$(thief "append('{all}', '{$next}', ARRAY[$frame], '{}')")" 'FATAL'
wait_until link connected
run 0 call SetFleetPolicy 'a{ss}' 1 max-keys-per-user 8

# --- The log begins anew behind a number that is far away, or behind garbage ---
is "$(add b)" t
sql "ALTER ROLE wfapikey_host_b PASSWORD 'b-secret'"
there=$(number)
anew() { thief "put_page('all', $1, 0, $frame); SELECT wfapikey.rebase('{all}', '{$1}', '{1}')"; } # NUMBER
for far in $((there + 2000001)) 9223372036854775000; do
    has "$(anew "$far")" 'more than 2000000 above'
done
is "$(number)" "$there"
has "$(anew $((there + 2000000)))" t
wait_until shows
back "$there" || fail "the way out"
wait_until link connected
run 0 call FleetRebase
further() { [[ $(number) == $((there + 1000000)) ]] && link connected; }
wait_until further
run 0 call SetFleetPolicy 'a{ss}' 1 max-keys-per-user 7
# A database that was made anew has no number yet.
sql "UPDATE wfapikey.hostgroup SET number = 0, oldest = 1; DELETE FROM wfapikey.change; DELETE FROM wfapikey.head; DELETE FROM wfapikey.snapshot"
there=$((there + 1000001))
run 0 call FleetRebase
wait_until further

# --- What an older version has let in ---
sql "CREATE ROLE old; INSERT INTO wfapikey.host (name, role, issuing) VALUES ('B_c', 'old', true)"
run 0 "$fleetd" --setup "$admin"
has "$(<"$dir/err")" "fleet drop does not take the name of B_c: run SELECT wfapikey.drop_host()"

pg_stop
