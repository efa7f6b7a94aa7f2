#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a damaged page of the audit log or of an index stops no login. The start makes the store
# anew and says so. Where keys cannot be read, the daemon does not start, and wfapikeyctl salvage
# saves the rest. A store of any size is looked through. What was revoked stays revoked.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
command -v sqlite3 >/dev/null || skip "sqlite3 is missing"
db=$dir/state/keys.db
[[ $(sqlite3 :memory: "SELECT count(*) FROM pragma_module_list WHERE name = 'dbstat'") == 1 ]] ||
    skip "sqlite3 has no dbstat"

damage() { # NAME [leaf]: a page of this table or index
    local page
    page=$(sqlite3 "$db" "SELECT max(pageno) FROM dbstat WHERE name = '$1' AND pagetype = '${2-leaf}'")
    [[ $page -gt 0 ]] || fail "$1 has no such page"
    dd if=/dev/zero of="$db" bs=4096 seek=$((page - 1)) count=1 conv=notrunc status=none
}
good() { verify "$me" <<<"$1" || fail "a good key is refused"; }
bad() { ! verify "$me" <<<"$1" || fail "a key is good that was revoked"; }
all_is_well() {
    for key in "${keys[@]: -4}"; do good "$key"; done
    for key in "${ended[@]: -4}"; do bad "$key"; done
}
refused_start() { # TEXT
    "$WFAPIKEYD" --state-dir="$dir/state" --verify-socket="$WFAPIKEY_VERIFY" \
        --control-socket="$WFAPIKEY_CONTROL" >"$dir/start.log" 2>&1
    is $? 78
    has "$(<"$dir/start.log")" "$1"
}
salvage() { ctl salvage --daemon="$WFAPIKEYD" --state-dir="$dir/state" "$@"; }
metric() { ctl metrics | sed -n "s/^$1 //p"; }

start
run 0 ctl policy set enabled=yes max-keys-per-user=200
keys=() ended=()
for ((i = 0; i < 60; i++)); do
    run 0 ctl key issue "$me"
    keys+=("$out")
done
for key in "${keys[@]:0:10}"; do run 0 ctl key revoke "$(id_of "$key")"; done
ended=("${keys[@]:0:10}") keys=("${keys[@]:10}")
all_is_well
run 1 salvage
has "$err" "another wfapikeyd uses"
stop

# --- What the daemon can do without ---
for name in audit key_owner key_ends account; do
    damage "$name"
    start
    all_is_well
    logged "was damaged, and was made anew with all keys"
    aside=$(echo "$db".damaged-*)
    is "$(stat -c %a "$aside")" 600
    run 0 ctl audit verify
    run 0 ctl key revoke "$(id_of "${keys[0]}")"
    ended+=("${keys[0]}") keys=("${keys[@]:1}")
    all_is_well
    stop
    rm "$aside"
    : >"$dir/daemon.log"
done
start
run 0 ctl --json audit list
has "$out" '"event":"salvaged"'
stop

# --- Keys that cannot be read ---
cp "$db" "$dir/before"
damage key
refused_start "wfapikeyctl salvage"
refused_start "keys are lost"
cp "$db" "$dir/damaged"
run 0 salvage
has "$out" "$(printf '  lost     %s' "$me")"
has "$out" "Nothing was changed."
cmp "$db" "$dir/damaged" || fail "a dry run changed the store"
run 0 salvage --yes
lost=$(sed -n 's/  lost .*//p' <<<"$out")
[[ -n $lost ]] || fail "no key is lost"
has "$out" "Start wfapikeyd."
start
for key in "${ended[@]}"; do bad "$key"; done
left=()
for key in "${keys[@]}"; do
    if [[ $lost == *"$(id_of "$key")"* ]]; then
        bad "$key"
    else
        good "$key"
        left+=("$key")
    fi
done
[[ ${#left[@]} -gt 0 ]] || fail "all keys are lost"
run 0 ctl audit verify
run 0 ctl key issue "$me"
stop
rm "$db".damaged-*

# --- The audit log is lost, so nobody knows what was removed since a backup ---
cp "$dir/before" "$db"
rm -f "$dir/state/keys.seen"
start
run 0 ctl backup create "$dir/backup"
run 0 ctl key remove "$(id_of "${keys[0]}")"
stop
damage audit_chain
refused_start "the audit log is lost"
run 0 salvage --yes
start
run 0 ctl backup restore --yes "$dir/backup"
has "$err" "no key comes back that is not here"
bad "${keys[0]}"
all_is_well
stop
rm "$db".damaged-*

# --- A store that is too large for a look at the start ---
cp "$dir/before" "$db"
rm -f "$dir/state/keys.seen"
sqlite3 "$db" "CREATE TABLE large (bytes BLOB); INSERT INTO large VALUES (zeroblob(40000000)); DROP TABLE large"
start
looked_through() { [[ $(metric wfapikey_store_checked_time_seconds) -gt 0 ]]; }
wait_until looked_through
is "$(metric wfapikey_store_damaged)" 0
stop
damage key_ends
: >"$dir/daemon.log"
start
all_is_well
logged "is damaged: restart wfapikeyd"
is "$(metric wfapikey_store_damaged)" 1
ctl doctor --server-uid="$(id -u)" --module="$dir/none.so" --pam-dir="$dir" >"$dir/doctor"
has "$(<"$dir/doctor")" "the key store: it is damaged"
all_is_well
stop
start
all_is_well
logged "was damaged, and was made anew with all keys"
is "$(metric wfapikey_store_damaged)" 0
[[ ! -e $dir/state/damaged ]] || fail "the note stays"
[[ $(stat -c %s "$db") -lt 40000000 ]] || fail "the store was not made anew"
