#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: W10: an administrator types the number of keys, and all keys of all users are removed at
# once, from the very next login on and for good. Keys that are made later are good. A kill -9 after
# the acknowledgement changes nothing.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes max-keys-per-user=1000
keys=()
for user in "$me" "$me" daemon bin; do
    [[ $EUID == 0 ]] || user=$me
    run 0 ctl key issue "$user"
    keys+=("$user $out")
done
count() { ctl key list --json | grep -o '"id":' | wc -l; }

# Without a terminal it does nothing unless --yes is given.
run 2 ctl key remove-all </dev/null
has "$err" "--yes"
run 2 ctl key remove-all < <(echo 4)
is "$(count)" 4

# On a terminal the number must be typed.
if command -v script >/dev/null; then
    typed() { # TEXT STATUS
        script --quiet --return --command "'$WFAPIKEYCTL' key remove-all" /dev/null <<<"$1" >"$dir/typed" 2>&1
        is $? "$2"
        has "$(<"$dir/typed")" "This removes all 4 keys of all users, for good. Type 4 to go on:"
    }
    typed yes 6
    typed 3 6
    typed '4 ' 6
    typed '' 6
    is "$(count)" 4
fi
if command -v busctl >/dev/null; then
    call() { busctl --address="unix:path=$WFAPIKEY_CONTROL" --json=short call org.wfapikey1 /org/wfapikey1 org.wfapikey1.Manager "$@"; }
    run 0 call CountKeys
    is "$out" '{"type":"t","data":[4]}'
    run 1 call RemoveAllKeys t 5
    has "$err" "There are 4 keys now, not 5"
    is "$(count)" 4
fi

# Eight threads ask without a pause. None is accepted once the removal was acknowledged.
hammer_start "${keys[0]#* }"
if command -v script >/dev/null; then typed 4 0; else run 0 ctl key remove-all --yes; fi
hammer_end "the removal"
logged "all 4 keys of all users removed by uid $(id -u)"
stop KILL
start
gone() { for key in "${keys[@]}"; do ! verify "${key%% *}" <<<"${key#* }" || fail "a removed key is accepted"; done; }
gone
logged "the key was removed with all others"
is "$(count)" 0
run 5 ctl key show "$(id_of "${keys[0]#* }")"

run 0 ctl key issue "$me"
new=$out
verify "$me" <<<"$new" || fail "a key made afterwards is refused"
gone
is "$(count)" 1
run 0 ctl key remove-all --yes --json </dev/null
is "$(tr -d '[:space:]' <<<"$out")" '{"removed":1}'
verify "$me" <<<"$new" && fail "removed and accepted"
run 0 ctl key remove-all --yes --json
is "$(tr -d '[:space:]' <<<"$out")" '{"removed":0}'

# Only administrators.
if [[ $EUID == 0 ]]; then
    run 4 setpriv --reuid=daemon --regid=daemon --clear-groups -- "$WFAPIKEYCTL" key remove-all --yes
    has "$err" "Only administrators"
fi
