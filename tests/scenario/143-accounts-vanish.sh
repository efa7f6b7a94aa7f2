#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a passwd file that is wrong for a moment ends no key. Keys of an account that is gone, or
# that has another number, are refused and shown so. Many accounts that vanish at one look wait for
# an administrator's word, and log, doctor and metrics say so.

# shellcheck source=tests/scenario/etc.sh
. "${0%/*}/etc.sh"

declare -A key
replace() { # TEXT: the passwd file, moved into its place
    printf '%s\n' "$1" >/etc/passwd.new
    mv /etc/passwd.new /etc/passwd
}
accepted() { verify "$1" <<<"${key[$1]}"; }
refused() { ! accepted "$1"; }
shown() { # USER PART
    ctl key show "$(id_of "${key[$1]}")" | grep -qF -- "$2"
}
metric() { # NAME VALUE
    ctl metrics | grep -qx "wfapikey_accounts_$1 $2"
}
says() { # PART: of what doctor finds
    local found
    found=$(ctl doctor --server-uid=0)
    [[ $found == *"$1"* ]]
}
ended() { ctl --json key list --status revoked | grep -o '"owner":"[^"]*"' | sort -u | wc -l; }

users=(alice bob u1 u2 u3 u4 u5 u6)
number=64321
for user in "${users[@]}"; do
    echo "$user:x:$((number++)):64321::/:/bin/sh" >>/etc/passwd
    echo "$user:hash:19000:0:99999:7:::" >>/etc/shadow
done
whole=$(</etc/passwd)
without() { grep -v "^$1:" <<<"$whole"; }

start
run 0 ctl policy set enabled=yes
run 0 ctl policy show
has "$out" "account-grace"
for user in "${users[@]}"; do
    run 0 ctl key issue "$user"
    key[$user]=$out
    accepted "$user" || fail "$user's key was not accepted"
done

# --- One line is missing for a moment

replace "$(without alice)"
wait_until refused alice
wait_until metric vanished 1
wait_until shown alice 'the account is gone'
shown alice refused || fail "the status is not refused"
metric held 0 || fail "one account is no reason to wait for an administrator"
run 0 ctl account vanished
is "$out" alice
run 0 ctl --json key list --status refused
is "$(grep -o '"owner":"[^"]*"' <<<"$out")" '"owner":"alice"'
has "$out" '"status":"refused"'
run 0 ctl key list --status revoked
is "$out" ""
replace "$whole"
wait_until accepted alice
shown alice active || fail "the key is not active again"
wait_until metric vanished 0

# --- Another number

replace "$(sed 's/^bob:x:[0-9]*/bob:x:64999/' <<<"$whole")"
wait_until refused bob
shown bob "the account's uid is 64999 now" || fail "the other number is not shown"
shown bob refused || fail "the status is not refused"
replace "$whole"
wait_until accepted bob

# --- Six lines are missing for a moment, and there is no grace

run 0 ctl policy set account-grace=none
replace "$(without 'u[1-6]')"
wait_until refused u6
wait_until metric held 6
logged "6 accounts with keys are gone at one look: 'u1', 'u2', 'u3', 'u4', 'u5', ...;"
says "6 accounts with keys were gone at one look with others" || fail "doctor says nothing"
is "$(ended)" 0
replace "$whole"
for user in "${users[@]}"; do
    wait_until accepted "$user"
done
wait_until metric held 0

# --- They were removed on purpose

replace "$(without 'u[1-6]')"
wait_until metric held 6
confirmed() { ctl key explain "$(id_of "${key[u6]}")" | grep -q 'is gone since'; }
wait_until confirmed # by the directories
run 0 ctl --json account vanished
fits account-vanished
has "$out" '"user":"u1"'
has "$out" '"held":true'
run 0 ctl account removed u1 u2
is "$(ended)" 2
run 0 ctl account vanished
is "$out" "$(printf 'u%s\n' 3 4 5 6)"
ctl account vanished | xargs "$WFAPIKEYCTL" account removed -- || fail "xargs"
is "$(ended)" 6
run 0 ctl account vanished
is "$out" ""
run 0 ctl audit list
has "$out" account-removed
replace "$whole"
accepted alice || fail "alice lost her key"
refused u1 || fail "a key that has ended came back"

# --- The word about an account that is there is no proof

run 0 ctl account removed alice
accepted alice || fail "a report was believed against the passwd file"
