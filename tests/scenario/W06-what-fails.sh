#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: W6: a client with a key that was reset or removed fails at the very next login, and the
# administrator's log says which key and why.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes
line() { logged "refused key $1: user '$me', service 'imap', source '192.0.2.9', asked by uid $(id -u): $2"; }
login() { verify "$me" --service imap --rhost 192.0.2.9 <<<"$1"; }

run 0 ctl key issue "$me"
key=$out id=$(id_of "$out")
login "$key" || fail "refused"
run 0 ctl key reset "$id"
new=$out
login "$key" && fail "accepted after a reset"
line "$id" "the id exists but the secret is wrong"
login "$new" || fail "the new secret is refused"
run 0 ctl key remove "$id"
login "$new" && fail "accepted after its removal"
line "$id" "no key has this id"
logged "key $id of user '$me' reset by uid $(id -u)"
logged "key $id of user '$me' removed by uid $(id -u)"
grep -F "${new:15:20}" "$dir/daemon.log" && fail "the log has the secret"
grep -F "${key:15:20}" "$dir/daemon.log" && fail "the log has the old secret"
run 0 ctl key list --json
is "$(tr -d '[:space:]' <<<"$out")" "[]"
