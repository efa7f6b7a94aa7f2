#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a key is made through the API. IssueKey on the control socket, called by a D-Bus client that
# is not ours, gives a key that logs in, with the options of the call. A wrong call gets an error
# that says what is wrong.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
command -v busctl >/dev/null || skip "no busctl"

start
call() {
    busctl --address="unix:path=$WFAPIKEY_CONTROL" --json=short call org.wfapikey1 /org/wfapikey1 org.wfapikey1.Manager "$@"
}
issue() { call IssueKey 'sa{sv}' "$@"; }
run 1 issue "$me" 0
has "$err" "disabled"
run 0 ctl policy set enabled=yes

run 0 issue "$me" 0
has "$out" '"type":"ss"'
id=$(sed 's/.*"data":\["\([^"]*\)".*/\1/' <<<"$out")
key=$(sed 's/.*"\(wfk_[^"]*\)".*/\1/' <<<"$out")
is "$(id_of "$key")" "$id"
verify "$me" <<<"$key" || fail "the key is refused"

run 0 issue "$me" 4 name s "by the API" expires s P30D services as 2 sshd nginx networks as 1 192.0.2.0/24
id=$(sed 's/.*"data":\["\([^"]*\)".*/\1/' <<<"$out")
key=$(sed 's/.*"\(wfk_[^"]*\)".*/\1/' <<<"$out")
verify "$me" --service nginx --rhost 192.0.2.7 <<<"$key" || fail "refused where it is good"
verify "$me" --service imap --rhost 192.0.2.7 <<<"$key" && fail "accepted for another service"
verify "$me" --service nginx --rhost 198.51.100.1 <<<"$key" && fail "accepted from another network"
run 0 ctl --json key show "$id"
for part in '"name":"by the API"' '"sshd"' '"nginx"' '"networks":["192.0.2.0/24"]'; do has "$out" "$part"; done
made=$(sed 's/.*"created":"\([^"]*\)".*/\1/' <<<"$out") ends=$(sed 's/.*"expires":"\([^"]*\)".*/\1/' <<<"$out")
is "$(($(date -d "$ends" +%s) - $(date -d "$made" +%s)))" $((30 * 86400))

# Errors say what would be right.
refused() { # TEXT CALL...
    run 1 call "${@:2}"
    has "$err" "$1"
}
refused "no-such-user-here" IssueKey 'sa{sv}' no-such-user-here 0
for name in "" "$(printf 'x%.0s' {1..300})"; do refused "That is no user name: 1 to" IssueKey 'sa{sv}' "$name" 0; done
refused "known are" IssueKey 'sa{sv}' "$me" 1 colour s red
refused "neither a time to come nor a duration" IssueKey 'sa{sv}' "$me" 1 expires s soon
run 0 ctl policy set max-keys-per-user=2
refused "max-keys-per-user=2" IssueKey 'sa{sv}' "$me" 0

# A key of the same name will do, or is an error, for programs that run again and again.
run 0 ctl policy set max-keys-per-user=4
run 0 ctl key issue "$me" --name nightly --unless-exists
key=$out
verify "$me" <<<"$key" || fail "refused"
run 0 ctl key issue "$me" --name nightly --unless-exists
is "$out" ""
run 0 ctl --json key issue "$me" --name nightly --unless-exists
is "$out" "{\"id\":\"$(id_of "$key")\",\"key\":null}"
run 6 ctl key issue "$me" --name nightly --unique
has "$err" "$(id_of "$key")"
verify "$me" <<<"$key" || fail "the key does not work any more"
logged_issues() { ctl --jsonl audit list --key "$(id_of "$key")" | grep -c '"event":"issued"'; }
is "$(logged_issues)" 1
run 0 ctl key issue "$me" --name other --unique
run 6 ctl key issue "$me" --name third --unless-exists
has "$err" "max-keys-per-user=4"
run 0 ctl key revoke "$(id_of "$key")"
run 0 ctl key issue "$me" --name nightly --unless-exists
[[ $out == wfk_* ]] || fail "a revoked key counts as one that is there"
refused "allow, refuse or keep" IssueKey 'sa{sv}' "$me" 1 same-name s perhaps

# On a terminal it says what was understood.
run 0 ctl policy set max-keys-per-user=10
run 0 script -qec "'$WFAPIKEYCTL' key issue '$me' --service sshd --service nginx --from 192.0.2.0/24 --expires never" /dev/null </dev/null
has "$out" "Good for sshd,nginx, from 192.0.2.0/24, without an end."
run 0 script -qec "'$WFAPIKEYCTL' key issue '$me' --expires 2d" /dev/null </dev/null
has "$out" "Good for ALL services, from everywhere, until $(date -d '+2 days' +%F)"
