#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the owner removes a key without an administrator. The key leaves the list and the next login
# with it fails. Other users cannot remove it.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes
owner=$me other=''
as() { "${@:2}"; }
if [[ $EUID == 0 ]]; then # the owner is not an administrator
    owner=daemon other=bin
    as() { setpriv --reuid="$1" --regid="$1" --clear-groups -- "${@:2}"; }
fi
run 0 ctl key issue "$owner" --name mine
key=$out
run 0 ctl key issue "$owner" --name kept
kept=$out
verify "$owner" <<<"$key" || fail "the key is refused"

if [[ -n $other ]]; then
    run 4 as "$other" "$WFAPIKEYCTL" key remove "$(id_of "$key")"
    verify "$owner" <<<"$key" || fail "somebody else's refused call has removed it"
fi
run 0 as "$owner" "$WFAPIKEYCTL" --json key remove "$(id_of "$key")"
is "$(tr -d '[:space:]' <<<"$out")" '{"removed":1}'
verify "$owner" <<<"$key" && fail "the removed key is accepted"
logged "$(id_of "$key")"
logged "no key has this id"
run 0 as "$owner" "$WFAPIKEYCTL" --json key list
[[ $out != *"$(id_of "$key")"* ]] || fail "the removed key is listed"
verify "$owner" <<<"$kept" || fail "another key went with it"
run 5 ctl key show "$(id_of "$key")"

# All or none: an id of another owner's key refuses the whole call.
if [[ -n $other ]]; then
    run 0 ctl key issue "$other"
    run 4 as "$owner" "$WFAPIKEYCTL" key remove "$(id_of "$kept")" "$(id_of "$out")"
    verify "$owner" <<<"$kept" || fail "half a call has removed a key"
fi
