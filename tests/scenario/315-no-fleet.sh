#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: on a host in no fleet, each command of a fleet says just that, and how the host comes into
# one. It blames no database. And a host of a fleet keeps the key that the fleet seals for.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes
run 0 ctl fleet key
key=$out
for command in 'report' 'snapshot' 'rebase --yes' 'groups add x' 'audit' 'audit verify' 'audit accept x' 'move x' 'promote x' \
    'drop x' 'leave --yes' "invite x $key"; do
    # shellcheck disable=SC2086 # words
    run 6 ctl fleet $command
    has "$err" "in no fleet: 'wfapikeyctl fleet init'"
    has "$err" "fleet join"
done
run 6 ctl policy set --fleet enabled=yes
has "$err" "in no fleet"
run 6 ctl key remove-all --fleet --yes
has "$err" "in no fleet"
run 2 ctl key issue "$me" --hosts all
has "$err" "in no fleet"
run 0 ctl --json fleet status
has "$out" '"joined":false'
run 0 ctl --json audit list
[[ $out != *rebase* ]] || fail "the log has a rebase that did not begin"

# "script" gives the command a terminal.
if command -v script >/dev/null; then
    for command in status hosts groups; do
        run 0 script -qec "'$WFAPIKEYCTL' fleet $command" /dev/null </dev/null
        has "$out" "in no fleet: 'wfapikeyctl fleet init'"
    done
    run 6 script -qec "'$WFAPIKEYCTL' fleet leave" /dev/null <<<0
    has "$out" "in no fleet"
    [[ $out != *Type* ]] || fail "asked: $out"
fi

run 0 ctl mirror keygen --force
run 0 busctl --address="unix:path=$WFAPIKEY_CONTROL" call org.wfapikey1 /org/wfapikey1 org.wfapikey1.Manager FleetInit ss first dbname=x
run 0 ctl mirror show-key
key=$out
run 6 ctl mirror keygen --force
has "$err" "'fleet leave'"
run 0 ctl mirror show-key
is "$out" "$key"
run 0 ctl fleet leave --yes
run 0 ctl mirror keygen --force
