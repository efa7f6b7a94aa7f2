#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a backup does not undo what was done against an incident. Before it asks, a restore says
# what it changes. What was revoked, removed or reset since stays so, and enabled=no stays, unless
# the administrator asks for it.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

issue() { # NAME: the key is in the variable NAME then
    run 0 ctl key issue "$me" --name "$1"
    printf -v "$1" %s "$out"
}
ids() { ctl --json key list | grep -o '"id":"[^"]*"' | sort; }
status_of() { ctl --json key show "$(id_of "$1")" | sed -n 's/.*"status":"\([a-z]*\)".*/\1/p'; }
policy() { ctl policy show "$1"; }

# shellcheck disable=SC2154
start
run 0 ctl policy set enabled=yes max-keys-per-user=50
revoked='' removed='' reset='' fine='' later=''
issue revoked
issue removed
issue reset
issue fine
run 0 ctl mirror keygen
run 0 ctl backup create --to "$out" "$dir/backup"

# The incident.
run 0 ctl policy set enabled=no require-certificate=proof max-keys-per-user=7
run 0 ctl key revoke "$(id_of "$revoked")" --reason leaked
run 0 ctl key remove "$(id_of "$removed")"
run 0 ctl key reset "$(id_of "$reset")"
new=$out
run 0 ctl policy set enabled=yes
issue later
run 0 ctl policy set enabled=no

# What would change is shown, and nothing changes.
before=$(ids)
run 0 ctl backup restore --dry-run "$dir/backup" </dev/null
has "$out" "3 more were revoked, changed or removed here"
has "$out" "1 keys of this host are not in the backup"
has "$out" "policy enabled: stays no, although the file has yes"
has "$out" "policy require-certificate: stays proof"
has "$out" "policy max-keys-per-user: 7 becomes 50"
run 0 ctl --json backup restore --dry-run "$dir/backup"
has "$out" '"revived":0,"kept":3,"missing":1'
run 0 ctl --json backup restore --dry-run --revive "$dir/backup"
has "$out" '"revived":3,"kept":0'
has "$out" "key $(id_of "$revoked") of user '$me' is revoked, and becomes good"
has "$out" "key $(id_of "$removed") of user '$me' is not here, and becomes good"
has "$out" "key $(id_of "$reset") of user '$me' was changed here, and becomes what it was"
is "$(ids)" "$before"
is "$(policy max-keys-per-user)" 7

# The restore says it on standard error. The lock stays on.
run 0 ctl backup restore --yes "$dir/backup"
has "$err" "policy enabled: stays no"
is "$(policy enabled)" no
is "$(policy require-certificate)" proof
is "$(policy max-keys-per-user)" 50
verify "$me" <<<"$fine" && fail "the restore has switched the keys on"
is "$(status_of "$revoked")" revoked
run 0 ctl key show "$(id_of "$revoked")"
has "$out" leaked
run 5 ctl key show "$(id_of "$removed")"
run 5 ctl key show "$(id_of "$later")"
run 0 ctl policy set enabled=yes require-certificate=no
verify "$me" <<<"$fine" || fail "a key of the backup is refused"
verify "$me" <<<"$new" || fail "the new secret of a key is refused"
for key in "$revoked" "$removed" "$reset"; do
    verify "$me" <<<"$key" && fail "a restore has revived a key or a secret"
done

# With two words it is all as it was.
run 0 ctl policy set enabled=no
run 0 ctl backup restore --yes --revive --unlock "$dir/backup"
is "$(policy enabled)" yes
for key in "$revoked" "$removed" "$reset" "$fine"; do
    verify "$me" <<<"$key" || fail "a key is refused that was to be as in the backup"
done
verify "$me" <<<"$new" && fail "the later secret of a key is good"
run 0 ctl audit list
has "$out" "3 good again, 0 stay as they are"

# All keys were removed, and the daemon has forgotten them meanwhile or not.
run 0 ctl key remove-all --yes
run 0 ctl --json backup restore --yes "$dir/backup"
has "$out" '"kept":4'
is "$(ids)" ''
verify "$me" <<<"$fine" && fail "a key that was removed with all others is good"
run 0 ctl --json backup restore --yes --revive "$dir/backup"
has "$out" '"revived":4'
verify "$me" <<<"$fine" || fail "a key is refused that was to be revived"

# A mirror takes the place of all keys, and leaves the lock on.
"$WFAPIKEYD" --state-dir="$dir/other" --verify-socket="$dir/other.verify" --control-socket="$dir/other.control" \
    >>"$dir/daemon.log" 2>&1 &
children+=("$!")
wait_until ctl --control="$dir/other.control" status
run 0 ctl --control="$dir/other.control" policy set enabled=no
run 0 ctl --control="$dir/other.control" mirror keygen
run 0 ctl mirror export --to "$out" "$dir/mirror"
run 0 ctl --control="$dir/other.control" mirror import "$dir/mirror"
run 0 ctl --control="$dir/other.control" policy show
has "$out" "no"
WFAPIKEY_VERIFY=$dir/other.verify verify "$me" <<<"$fine" && fail "a mirror has switched the keys on"
run 0 ctl --control="$dir/other.control" policy set enabled=yes
WFAPIKEY_VERIFY=$dir/other.verify verify "$me" <<<"$fine" || fail "a key of the mirror is refused"
