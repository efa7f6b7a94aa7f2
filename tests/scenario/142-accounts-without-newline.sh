#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a passwd file without its last newline is believed a few seconds later. Until then doctor
# and the metrics say so. After that an account that has expired or was deleted logs in no more.
# Where a file never has the newline, a user who gets a key is one of passwd all the same.

# shellcheck source=tests/scenario/etc.sh
. "${0%/*}/etc.sh"

says() { # PART: of what doctor finds
    local found
    found=$(ctl doctor --server-uid=0)
    [[ $found == *"$1"* ]]
}
read_is() { # 0|1
    ctl metrics | grep -qx "wfapikey_accounts_read $1"
}
refused() { ! verify alice <<<"$key"; }
is_revoked() { ctl key show "$(id_of "$key")" | grep -q 'the account was removed'; }

# As printf and an editor leave a file. It is moved into its place.
replace() { # NAME TEXT
    printf '%s' "$2" >"/etc/$1.new"
    mv "/etc/$1.new" "/etc/$1"
}

printf 'wfapikey-admin:x:64330:\n' >>/etc/group
printf 'alice:x:64321:64321::/:/bin/sh\n' >>/etc/passwd
printf 'alice:hash:19000:0:99999:7:::\n' >>/etc/shadow
start
run 0 ctl policy set enabled=yes account-grace=none
run 0 ctl key issue alice
key=$out
verify alice <<<"$key" || fail "alice's key was not accepted"
wait_until read_is 1

printf 'bob:x:64322:64322::/:/bin/sh' >>/etc/passwd
logged "ends within a line"
says "'/etc/passwd' ends within a line" || fail "doctor finds nothing"
read_is 0 || fail "the metrics say nothing"
verify alice <<<"$key" || fail "a file that may be half written was believed"

replace shadow "$(sed 's/^alice:.*/alice:hash:19000:0:99999:7::1:/' /etc/shadow)"
wait_until refused
wait_until read_is 1
says 'ends within a line' && fail "doctor goes on"

replace passwd "$(grep -v '^alice:' /etc/passwd)"
wait_until is_revoked

# --- A group file that never has the newline

run 0 ctl policy set account-grace=1d
replace passwd "$(cat /etc/passwd)"$'\ncarol:x:64323:64323::/:/bin/sh\n'
replace group "$(cat /etc/group)"
wait_until read_is 0
wait_until read_is 1
run 0 ctl key issue carol
key=$out
verify carol <<<"$key" || fail "carol's key was not accepted"
carol_refused() { ! verify carol <<<"$key"; }
replace passwd "$(grep -v '^carol:' /etc/passwd)"$'\n'
wait_until carol_refused
run 0 ctl account removed carol
replace passwd "$(cat /etc/passwd)"$'\ncarol:x:64323:64323::/:/bin/sh\n'
wait_until is_revoked
carol_refused || fail "another person with the name and the number got the key"
