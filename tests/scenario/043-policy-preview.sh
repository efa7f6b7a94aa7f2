#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the daemon says before a change of the policy how many keys it touches: as many as it does
# touch then, and without a change.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

command -v sqlite3 >/dev/null || skip "sqlite3 is missing"
start
run 0 ctl policy set enabled=yes lifetime=30d max-keys-per-user=100
make() { run 0 ctl key issue "$me" "$@"; id=$(id_of "$out"); }
make --name own --expires 10d
make --name plain
make --name ssh --service sshd
make --name mail --service dovecot,smtp
make --name old
old=$id
make --name ended
ended=$id
run 0 ctl key revoke "$ended"
stop
sqlite3 "$dir/state/keys.db" "
    UPDATE key SET created_at = created_at - 25 * 86400, updated_at = updated_at - 25 * 86400 WHERE id = '$old';
    UPDATE key SET dead_at = dead_at - 40 * 86400 WHERE id = '$ended';
    UPDATE policy SET changed_at = changed_at - 21 * 86400 WHERE name = 'lifetime';
    UPDATE audit SET at = at - 21 * 86400, until = until - 21 * 86400 WHERE detail LIKE 'lifetime=%'" || fail "no old keys"
start

would() { # CHANGE...: its numbers, without those that are 0
    run 0 ctl policy set --dry-run --json "$@"
    tr -d '{}"' <<<"$out" | tr ',' '\n' | grep -v ':0$' | paste -sd' '
}
# What of the keys that live says how they end.
state() { run 0 ctl key list --json --sort id --status active,expired,idle; grep -oE '"(id|status|expires|idle)":[^,}]*' <<<"$out" | paste -sd' ' | sed 's/ "id"/\n"id"/g'; }
changes() { # CHANGE: makes it. Prints how many keys are other ones then.
    local before
    before=$(state)
    run 0 ctl policy set "$1"
    diff <(echo "$before") <(state) | grep -c '^>'
}
touches() { # CHANGE NUMBERS [COUNT]: that they are said, and that so many keys change
    is "$(would "$1")" "$2"
    is "$(changes "$1")" "${3-$(sed 's/keys:\([0-9]*\).*/\1/' <<<"$2")}"
}

policy=$(ctl policy show)
seq=$(ctl audit list --json | grep -o '"seq":[0-9]*' | tail -n 1)
# The old key has nine days left, because the lifetime counts from its last change on.
is "$(would lifetime=none)" "keys:4 later:4"
is "$(would lifetime=10d max-keys-per-user=3)" "keys:4 sooner:3 later:1"
is "$(would enabled=no)" "keys:5 refused:5"
is "$(would enabled=yes)" ""
is "$(would max-lifetime=1d)" ""
is "$(would retention=1mo)" "keys:1 purged:1"
is "$(would require-certificate=yes)" "keys:5 certificate:5"
is "$(would require-certificate:SSHD=proof)" "keys:4 certificate:4"
is "$(would require-certificate:smtp=yes lifetime=10d)" "keys:5 sooner:3 later:1 certificate:4"
[[ $me != root ]] || is "$(would admin-keys=no)" "keys:5 refused:5"
run 2 ctl policy set --dry-run retention=soon
run 2 ctl policy set --dry-run --fleet retention=1y
run 0 ctl policy set --dry-run lifetime=none
is "$(head -n 1 <<<"$out" | xargs)" "keys touched 4"
# Nothing has happened.
is "$(ctl policy show)" "$policy"
is "$(ctl audit list --json | grep -o '"seq":[0-9]*' | tail -n 1)" "$seq"

touches lifetime=10d "keys:4 sooner:3 later:1"
touches lifetime=1y "keys:4 later:4"
# One key expires before it can be idle, so only its list shows a difference.
touches idle=90d "keys:4 sooner:4" 5
is "$(would idle=90d)" ""
touches idle=none "keys:4 later:4" 5
run 0 ctl policy set require-certificate=yes require-certificate:sshd=proof
is "$(would require-certificate=no)" "keys:4"
is "$(would require-certificate=proof)" "keys:4 certificate:4"
is "$(would require-certificate:sshd=no)" "keys:4"
