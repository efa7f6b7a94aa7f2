#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a key is issued, shown, reset and removed on the command line, with the right exit status
# and effect at each step. Standard output has only the new key, and messages name only the id.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 6 ctl key issue "$me"
has "$err" "enabled=yes"
is "$out" ""
run 0 ctl policy set enabled=yes

run 0 ctl key issue "$me" --name laptop
key=$out
[[ $key =~ ^wfk_[0-9A-Za-z]{10}_[0-9A-Za-z]{48}$ ]] || fail "that is no key: '$key'"
is "$err" ""
id=$(id_of "$key")
verify "$me" <<<"$key" || fail "the new key is not accepted"
verify root2 <<<"$key" && fail "another user gets in with it"
verify "$me" <<<"${key:0:62}" && fail "a part of it is accepted"

run 0 ctl key show "$id"
has "$out" laptop
has "$out" active
[[ $out != *"${key:15:42}"* ]] || fail "key show shows the secret"
run 0 ctl --json key list
has "$out" "\"id\":\"$id\""
[[ $out != *"${key:15:42}"* ]] || fail "key list shows the secret"

has "$out" wfapikeyctl # the last use, shown at once
run 0 ctl key reset "$id"
new=$out
is "$(id_of "$new")" "$id"
[[ $new != "$key" ]] || fail "the reset key is the old one"
verify "$me" <<<"$key" && fail "the old secret is still accepted"
verify "$me" <<<"$new" || fail "the new secret is not accepted"

run 0 ctl key remove "$id"
run 5 ctl key show "$id"
run 0 ctl --json key list
is "$(tr -d '[:space:]' <<<"$out")" "[]"
run 5 ctl key show 0000000000
run 2 ctl key show "$new"
[[ $err != *"$new"* ]] || fail "the error repeats the key"
run 5 ctl key issue no-such-user-here
