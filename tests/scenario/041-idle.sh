#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a key that nobody uses ends by the policy idle: it is refused with that reason, listed as
# idle, explained, and an administrator revives it. A use keeps it, and so does a change. Setting
# the policy ends no key at once, and setting the same value again gives no time. Revoked and
# expired keys are not revived. An idle key can be revoked and burnt.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

sql() { sqlite3 "$dir/state/keys.db" "$1"; }
age() { # KEY: as if it had been made, changed and used a year ago
    sql "UPDATE key SET created_at = created_at - 31536000, updated_at = created_at - 31536000 WHERE id = '$(id_of "$1")'"
}
status_of() { ctl --json key show "$(id_of "$1")" | sed -n 's/.*"status":"\([a-z]*\)".*/\1/p'; }
command -v sqlite3 >/dev/null || skip "there is no sqlite3"

start
run 0 ctl policy show idle
is "$out" none
run 0 ctl policy set enabled=yes max-keys-per-user=100
run 0 ctl key issue "$me" --name old --expires never
old=$out
run 0 ctl key issue "$me" --name used --expires never
used=$out
run 0 ctl key issue "$me" --name dated --expires 1d
dated=$out
stop TERM
for key in "$old" "$used" "$dated"; do age "$key"; done
start

# The time begins with the policy.
run 0 ctl policy set idle=90d
verify "$me" <<<"$old" || fail "a policy that was just set ends a key"
run 0 ctl --json key show "$(id_of "$old")"
has "$out" '"idle":"'"$(date -u -d '+90 days' +%F)"
run 2 ctl policy set idle=soon

# As if that had been half a year ago.
stop TERM
sql "UPDATE policy SET changed_at = changed_at - 15552000 WHERE name = 'idle'; UPDATE audit SET at = at - 15552000, until = until - 15552000 WHERE detail LIKE 'idle=%'"
sql "UPDATE key_use SET last_at = last_at - 15552000 WHERE id = '$(id_of "$old")'"
start
verify "$me" <<<"$used" && fail "a key that was never used is good"
is "$(status_of "$old")" idle
verify "$me" <<<"$old" && fail "an idle key is accepted"
logged "the key was not used for too long"
run 0 ctl key list --status idle
has "$out" "$(id_of "$old")"
run 0 ctl key list --status active
[[ $out != *"$(id_of "$old")"* ]] || fail "it is listed as active"
run 6 ctl key explain "$(id_of "$old")" --service sshd
has "$out" idle
has "$out" "last used on"
run 0 ctl --json status
has "$out" '"keys-idle":3'
run 0 ctl metrics
has "$out" 'wfapikey_keys{status="idle"} 3'

# The same value again is no change.
run 0 ctl policy set idle=90d
is "$(status_of "$old")" idle

# An administrator revives it. A use keeps it.
run 6 ctl key rotate "$(id_of "$old")"
run 6 ctl key rename "$(id_of "$old")" other
verify "$me" <<<"$old" && fail "a new name revives an idle key"
run 0 ctl key revive "$(id_of "$old")" "$(id_of "$used")"
verify "$me" <<<"$old" || fail "a revived key is not good"
is "$(status_of "$used")" active
run 0 ctl --json audit list --key "$(id_of "$old")"
has "$out" '"event":"revived"'
run 6 ctl key revive "$(id_of "$old")"
has "$err" "did not end because it was not used"

# What is dead for another reason as well is not revived, and an idle key can be ended.
run 0 ctl key burn <<<"$dated"
is "$(status_of "$dated")" revoked
run 6 ctl key revive "$(id_of "$dated")"
verify "$me" <<<"$dated" && fail "a revoked key is good"

# Another value begins the time anew.
run 0 ctl key issue "$me" --name third --expires never
third=$out
stop TERM
age "$third"
sql "UPDATE policy SET changed_at = changed_at - 31536000 WHERE name = 'idle'; UPDATE audit SET at = at - 31536000, until = until - 31536000 WHERE detail LIKE 'idle=%'"
start
is "$(status_of "$third")" idle
run 0 ctl policy set idle=30d
is "$(status_of "$third")" active

# Over a restart, and without the policy, what was noted stays.
stop TERM
sql "UPDATE key SET dead_at = 5, reason = 'not used for 1mo' WHERE id = '$(id_of "$third")'"
start
run 0 ctl policy set idle=none
is "$(status_of "$third")" idle
run 0 ctl key revoke --all-of "$me" --yes
is "$(status_of "$third")" revoked
