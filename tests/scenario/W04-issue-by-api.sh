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
refused "known are" IssueKey 'sa{sv}' "$me" 1 colour s red
refused "neither a time to come nor a duration" IssueKey 'sa{sv}' "$me" 1 expires s soon
run 0 ctl policy set max-keys-per-user=2
refused "max-keys-per-user=2" IssueKey 'sa{sv}' "$me" 0
