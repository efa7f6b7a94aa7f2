#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: any user who has a key may end it, also one who may do nothing else with it. A user without
# the key ends nothing, and learns nothing.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me" --name found
key=$out id=$(id_of "$out")
run 0 ctl key issue "$me"
other=$out

# Another secret with the same id, with a right checksum: it is a key that was never made.
run 0 ctl key draw
drawn=$out
run 5 ctl key burn <<<"$drawn"
unknown=$err
run 0 ctl key reset "$id"
old=$key key=$out
run 5 ctl key burn <<<"$old"
is "$err" "$unknown"
for wrong in "${key%?}" "not a key" "$id"; do
    run 6 ctl key burn <<<"$wrong"
    has "$err" "not an API key"
done
verify "$me" <<<"$key" || fail "the key was ended by somebody who does not have it"

burn() { ctl --json key burn; }
if [[ $EUID == 0 ]]; then
    chmod 0711 "$dir"
    burn() { setpriv --reuid=daemon --regid=daemon --clear-groups -- "$WFAPIKEYCTL" --json key burn; }
    run 4 setpriv --reuid=daemon --regid=daemon --clear-groups -- "$WFAPIKEYCTL" key revoke "$id"
fi
run 0 burn <<<"$key"
is "$out" "{\"id\":\"$id\"}"
verify "$me" <<<"$key" && fail "the key is accepted"
verify "$me" <<<"$other" || fail "another key is refused"
run 0 ctl key show "$id"
has "$(grep ^status <<<"$out")" revoked
has "$out" "burnt by somebody who had it"
run 6 burn <<<"$key"
has "$err" "revoked"
run 0 ctl --json audit list --key "$id"
has "$out" '"event":"revoked"'
for secret in "$key" "$old"; do
    ! grep -qF "${secret:15:42}" "$dir/daemon.log" || fail "the log has a secret"
    [[ $out != *"${secret:15:42}"* ]] || fail "the audit log has a secret"
done
