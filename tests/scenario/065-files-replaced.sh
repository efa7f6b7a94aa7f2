#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: files of the key store that somebody removes or replaces under the daemon lose no change
# that was acknowledged. Changes are refused, logins go on, and log, doctor and metrics say it.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

state=$dir/state
doctor() { ctl doctor --server-uid="$(id -u)" --module="$dir/none.so" --pam-dir="$dir"; }
metric() { ctl metrics | sed -n "s/^$1 //p"; }

begin() { # with two keys, whose making is in the log alone
    rm -rf "$state" "$dir"/away
    start
    run 0 ctl policy set enabled=yes max-keys-per-user=100
    run 0 ctl key issue "$me"
    key=$out
    run 0 ctl key issue "$me"
    other=$out
    verify "$me" <<<"$key" || fail "a good key is refused"
    is "$(metric wfapikey_store_lost)" 0
}

refused() { # FILE: no change is made, the key is as good as before, and FILE is named
    local command
    for command in "key revoke $(id_of "$key")" "key remove $(id_of "$key")" "key issue $me" "policy set enabled=no" "key remove-all --yes"; do
        # shellcheck disable=SC2086
        run 1 ctl $command
        has "$err" "its files were removed or replaced while wfapikeyd runs; no change is certain"
    done
    verify "$me" <<<"$key" || fail "after $1 a good key is refused"
    logged "'$1' was removed or replaced while wfapikeyd runs"
    doctor >"$dir/doctor"
    has "$(<"$dir/doctor")" "changes are refused: '$1' was removed or replaced"
    is "$(metric wfapikey_store_lost)" 1
    [[ $(metric wfapikey_changes_refused_total) -ge 5 ]] || fail "no refused change is counted"
}

works() {
    run 0 ctl key issue "$me"
    run 0 ctl key revoke "$(id_of "$out")"
    is "$(metric wfapikey_store_lost)" 0
}

# --- The log is removed. What it has is moved into the database, so a kill loses nothing. ---
begin
rm "$state/keys.db-wal"
refused "$state/keys.db-wal"
stop KILL
start
verify "$me" <<<"$key" || fail "an acknowledged key is lost with the log"
verify "$me" <<<"$other" || fail "an acknowledged key is lost with the log"
works
# The same with an end in order.
rm "$state/keys.db-wal"
refused "$state/keys.db-wal"
stop
start
verify "$me" <<<"$key" || fail "an acknowledged key is lost with the log"
works
stop

# --- The directory is moved away, and comes back ---
begin
mv "$state" "$dir/away"
refused "$state"
mkdir -m 0700 "$state"
refused "$state"
rmdir "$state"
mv "$dir/away" "$state"
works
logged "the files of the key store are the right ones again"
run 0 ctl key revoke "$(id_of "$key")"
stop KILL
start
verify "$me" <<<"$key" && fail "a revocation that was acknowledged is lost"
stop

# --- The directory is removed ---
begin
rm -rf "$state"
refused "$state"
stop
[[ ! -e $state ]] || fail "the daemon has made the directory anew"

# --- A copy takes the place of the database, as rsync does it. The end of the daemon does not touch
# what was restored: the key that was revoked since the copy is good there, and the others too. ---
begin
stop
cp -a "$state" "$dir/away"
start
run 0 ctl key revoke "$(id_of "$other")"
cp -a "$dir/away/keys.db" "$state/copy"
mv "$state/copy" "$state/keys.db"
rm "$state/keys.db-wal"
refused "$state/keys.db"
stop
cmp "$dir/away/keys.db" "$state/keys.db" || fail "the end has written to what was restored"
rm "$state/keys.seen" # it is older, and the administrator means it
start
verify "$me" <<<"$other" || fail "what was restored is not what is read"
works
stop

# --- A copy is written into the database in its place, as cp does it ---
begin
stop
cp -a "$state" "$dir/away"
touch -d '1 hour ago' "$dir/away/keys.db"
start
run 0 ctl key revoke "$(id_of "$other")"
cp -p "$dir/away/keys.db" "$state/keys.db"
refused "$state/keys.db"
stop
cmp "$dir/away/keys.db" "$state/keys.db" || fail "the end has written to what was restored"
# Its log would bring pages of the replaced one into it.
[[ ! -e $state/keys.db-wal ]] || fail "the log of the replaced database is beside the restored one"
compgen -G "$state/keys.db-wal.replaced-*" >/dev/null || fail "the log of the replaced database is lost"
rm "$state/keys.seen"
start
verify "$me" <<<"$other" || fail "what was restored is not what is read"
works
stop
