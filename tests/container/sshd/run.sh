#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a real sshd with keyboard-interactive accepts a key in a stack with keys and passwords, and
# refuses what it should. Passwords work when the daemon is down, and SSH keys still work. The
# secret is found nowhere afterwards.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"
# shellcheck source=tests/container/sshd/sshd
. "${0%/*}/sshd"

sshd_start
service_logins
key=$(issue alice --name laptop)
login alice "$key" >/dev/null
test_that "the session knows the key's id" grep -qx "WFAPIKEY_ID=$(id_of "$key")" "$work/session"
test_that "the session knows the key's name" grep -qx "WFAPIKEY_NAME=laptop" "$work/session"
used() { [[ $(wfapikeyctl --json key show "$(id_of "$key")") == *'"last-service":"sshd"'*'127.0.0.1'* ]]; }
test_that "the last use is noted, with service and address" wait_until used
login alice "$password" >/dev/null
test_not "a session by password knows of no key" grep -q WFAPIKEY "$work/session"

ssh-keygen -q -t ed25519 -N '' -f "$work/identity"
install -d -m 0700 -o alice /home/alice/.ssh
install -m 0600 -o alice "$work/identity.pub" /home/alice/.ssh/authorized_keys
by_identity() { connect alice -i "$work/identity" -o PreferredAuthentications=publickey; }
test_that "an SSH key logs in as ever" by_identity
wfapikeyctl policy set enabled=no
test_that "and when there are no API keys" by_identity
test_not "which are refused then" login alice "$key"
test_that "when passwords log in" login alice "$password"

# The secret parts of all keys. The test looks for them wherever a program could have written them.
cut -c 16-57 "$work/issued" >/dev/shm/secrets && rm "$work/issued"
# What was there before is none of ours, and may be very much.
clean() {
    ! find /var /etc /run /tmp /home /root -name in-container -prune -o -type f -newer "$work/stack" \
        -exec grep -laFf /dev/shm/secrets {} + 2>/dev/null | grep -q .
}
test_that "no secret is in a file" clean
clean() { ! cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | grep -qaFf /dev/shm/secrets; }
test_that "no secret is in a command line or environment" clean
no_cores() { ! find / -xdev -name 'core*' -newer "$work/stack" -size +100k 2>/dev/null | grep -q .; }
test_that "no core was left" no_cores
finish
