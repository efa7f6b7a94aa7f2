#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: with the policy remove-on-password-expiry, a shadow file that is wrong for a moment ends no
# key. Keys are refused meanwhile. Many passwords that become bad at one look wait for an
# administrator's word, and log, doctor and metrics say so.

# shellcheck source=tests/scenario/etc.sh
. "${0%/*}/etc.sh"

declare -A key
replace() { # TEXT: the shadow file, moved into its place
    printf '%s\n' "$1" >/etc/shadow.new
    chmod 0600 /etc/shadow.new
    mv /etc/shadow.new /etc/shadow
}
accepted() { verify "$1" <<<"${key[$1]}"; }
refused() { ! accepted "$1"; }
shown() { # USER PART
    ctl key show "$(id_of "${key[$1]}")" | grep -qF -- "$2"
}
held() { # NUMBER
    ctl metrics | grep -qx "wfapikey_passwords_held $1"
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
whole=$(</etc/shadow)
with() { sed -E "s/^($1):.*/\1:$2/" <<<"$whole"; } # USERS REST: of their lines

start
run 0 ctl policy set enabled=yes remove-on-password-expiry=yes
for user in "${users[@]}"; do
    run 0 ctl key issue "$user"
    key[$user]=$out
    accepted "$user" || fail "$user's key was not accepted"
done

# --- One line is wrong for a moment: sp_lstchg, sp_max, a lock

for rest in 'hash:0:0:99999:7:::' 'hash:19000:0:30:7:::' '!hash:19000:0:99999:7:::'; do
    replace "$(with alice "$rest")"
    wait_until refused alice
    wait_until shown alice "the password "
    shown alice refused || fail "the status is not refused"
    held 0 || fail "one password is no reason to wait for an administrator"
    replace "$whole"
    wait_until accepted alice
    shown alice active || fail "the key is not active again"
done
is "$(ended)" 0

# --- Without a grace it ends at once, and an administrator need not wait

run 0 ctl policy set account-grace=none
replace "$(with alice 'hash:0:0:99999:7:::')"
wait_until shown alice revoked
shown alice "the password must be changed" || fail "the reason is not shown"
run 0 ctl policy set account-grace=1d
run 0 ctl account expired bob # his is good
accepted bob || fail "the key of a good password has ended"
replace "$(with bob '!hash:19000:0:99999:7:::')"
run 0 ctl account expired bob # whether or not the daemon has seen it yet
shown bob revoked || fail "bob's key has not ended"
shown bob "the password was locked" || fail "the reason is not shown"
replace "$whole"

# --- Six are wrong for a moment, and there is no grace

run 0 ctl policy set account-grace=none
for user in u{1..6}; do wait_until accepted "$user"; done
replace "$(with 'u[1-6]' 'hash:0:0:99999:7:::')"
wait_until refused u6
wait_until held 6
logged "6 accounts with keys are without a good password at one look: 'u1', 'u2', 'u3', 'u4', 'u5', ...;"
says "6 accounts with keys have a password that became bad at one look" || fail "doctor says nothing"
shown u1 "the password has expired, with many others at one look" || fail "the key does not say so"
is "$(ended)" 2
replace "$whole"
for user in u{1..6}; do wait_until accepted "$user"; done
wait_until held 0

# --- It is meant

replace "$(with 'u[1-6]' '!hash:19000:0:99999:7:::')"
wait_until held 6
run 0 ctl --json account held
fits account-held
has "$out" '"user":"u1"'
run 0 ctl account expired u1 u2
is "$(ended)" 4
run 0 ctl account held
is "$out" "$(printf 'u%s\n' 3 4 5 6)"
ctl account held | xargs "$WFAPIKEYCTL" account expired -- || fail "xargs"
is "$(ended)" 8
run 0 ctl account held
is "$out" ""
run 0 ctl audit list
has "$out" password-expired
replace "$whole"
refused u1 || fail "a key that has ended came back"
