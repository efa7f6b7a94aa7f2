#!/bin/bash
# Goal: a key is issued, shown, renamed, reset, revoked, removed through the command line, with the right exit status and effect at each
# step; the new key alone is on standard output, and ids are all that is ever named.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 6 ctl key issue "$me"
has "$err" "enabled=yes"
is "$out" ""
run 0 ctl policy set enabled=yes

run 0 ctl key issue "$me" --name laptop
key=$out
[[ $key =~ ^wfk_[0-9A-Za-z]{10}_[0-9A-Za-z]{49}$ ]] || fail "that is no key: '$key'"
is "$err" ""
id=$(id_of "$key")
verify "$me" <<<"$key" || fail "the new key is not accepted"
verify root2 <<<"$key" && fail "another user gets in with it"
verify "$me" <<<"${key:0:63}" && fail "a part of it is accepted"

run 0 ctl key show "$id"
has "$out" laptop
has "$out" active
[[ $out != *"${key:15:43}"* ]] || fail "key show shows the secret"
run 0 ctl --json key list
has "$out" "\"id\":\"$id\""
[[ $out != *"${key:15:43}"* ]] || fail "key list shows the secret"

has "$out" wfapikeyctl # the service that it was just used for: what is shown is up to date
run 0 ctl key rename "$id" 'backup of «ö»'
run 0 ctl key show "$id" --json
has "$out" 'backup of «ö»'
for bad in '' $'a\nb' $'\e[31m' $'\xff' "$(printf 'x%.0s' {1..65})" "my $key"; do
    run 2 ctl key rename "$id" "$bad"
done

run 0 ctl key reset "$id"
new=$out
is "$(id_of "$new")" "$id"
[[ $new != "$key" ]] || fail "the reset key is the old one"
verify "$me" <<<"$key" && fail "the old secret is still accepted"
verify "$me" <<<"$new" || fail "the new secret is not accepted"

run 0 ctl key issue "$me" --name other
other=$out
run 5 ctl key revoke "$id" 0000000000
verify "$me" <<<"$new" || fail "a refused revocation has revoked"
run 0 ctl key revoke --reason 'lost in a train' "$id" "$(id_of "$other")"
verify "$me" <<<"$new" && fail "the revoked key is accepted"
verify "$me" <<<"$other" && fail "the other revoked key is accepted"
run 6 ctl key revoke "$id"
run 6 ctl key reset "$id"
has "$err" "for ever"
run 0 ctl key show "$id"
has "$out" "lost in a train"
run 0 ctl key list --status revoked
has "$out" "$id"
run 0 ctl key list --status active
[[ $out != *"$id"* ]] || fail "a revoked key is listed as active"

run 0 ctl key remove "$id" "$(id_of "$other")"
run 5 ctl key show "$id"
run 0 ctl --json key list
is "$(tr -d '[:space:]' <<<"$out")" "[]"
run 5 ctl key show 0000000000
run 2 ctl key show "$new"
[[ $err != *"$new"* ]] || fail "the error repeats the key"
run 5 ctl key issue no-such-user-here
