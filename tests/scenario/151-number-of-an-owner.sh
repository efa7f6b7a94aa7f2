#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a key of a fleet that was here before its owner is for the account that comes. Where passwd
# has shown another number for a moment, the key goes with the right one. Another key of this host
# stays with its number.

# shellcheck source=tests/scenario/etc.sh
. "${0%/*}/etc.sh"
command -v sqlite3 >/dev/null || skip "sqlite3 is missing"

replace() { # FILE TEXT
    printf '%s\n' "$2" >"/etc/$1.new"
    mv "/etc/$1.new" "/etc/$1"
}
others=$(grep -v '^alice:' /etc/passwd)
alice_is() { replace passwd "$others"$'\n'"alice:x:$1:100::/:/bin/sh"; }
belongs() { # KEY UID: there is no fleet here, so the key itself cannot log in
    local shown
    shown=$(ctl --json key show "$(id_of "$1")")
    [[ $shown == *"\"owner-uid\":$2,"* && $shown == *'"refused":null'* ]]
}
good() { verify alice <<<"$own"; }
refused() { ! good; }

printf 'alice:hash:19000:0:99999:7:::\n' >>/etc/shadow
alice_is 65001
start
run 0 ctl policy set enabled=yes
run 0 ctl key issue alice
own=$out
run 0 ctl key issue alice
key=$out
stop

# As it is when the key has come from an issuing host, and the account was never there.
replace passwd "$others"
sqlite3 "$dir/state/keys.db" "UPDATE key SET hosts = 'web', epoch = 1099511627776, owner_uid = 4294967295 WHERE id = '$(id_of "$key")'; DELETE FROM account"
start
wait_until refused
alice_is 66001
wait_until belongs "$key" 66001
refused || fail "a key of this host is for another number"
alice_is 65001
wait_until belongs "$key" 65001
wait_until good
stop KILL
start
wait_until belongs "$key" 65001
wait_until good
