#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: sudo accepts a key of the caller, and asks every time with the line for sudoers. Without it,
# sudo remembers a key that was revoked.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start sudo
rhost=no strangers=no # the calling user always exists
tie peer-root
for name in sudo sudo-i; do
    { lines_of sudo && cat /etc/pam.d/$name; } >"$work/stack"
    cp "$work/stack" /etc/pam.d/$name
done
install -m 0440 "${0%/*}/sudoers" /etc/sudoers.d/test
lines_of sudoers >"$work/sudoers"
install -m 0440 "$work/sudoers" /etc/sudoers.d/wfapikey
test_that "sudo takes the configuration" visudo -c
login() { # USER SECRET
    as "$1" sudo -S -p '' id -un <<<"$2" >"$work/session" 2>&1
    cat "$work/session"
    grep -qx root "$work/session"
}

service_logins
key=$(issue bob)
refused "bob, who may nothing, with a key of his own," bob "$key"
key=$(issue alice --service sudo)
as_root() { [[ $(as alice sudo -S -p '' -i id -un <<<"$1" 2>/dev/null) == root ]]; }
mark
test_not "sudo -i: a key for sudo alone is refused" as_root "$key"
test_that "and the log says why" wait_until said "$(id_of "$key").*not good for this service"
test_that "sudo -i: a key for both" as_root "$(issue alice --service sudo --service sudo-i)"
refused "what is longer than 511 characters" alice "$(printf 'x%.0s' {1..600})"
accepted "a key after that" alice "$key"

# In one shell, as a person works: sudo remembers per terminal or per parent process. (exit:
# otherwise bash would replace itself by its last command.)
twice() {
    # shellcheck disable=SC2016 # the inner shell's
    as alice bash -c 'sudo -S -p "" true <<<"$1" && : >"$2" && until [[ -e $3 ]]; do sleep 0.05; done; sudo -n true; exit $?' - "$key" \
        "$work/first.$1" "$work/second.$1" &
    local first=$!
    wait_until test -e "$work/first.$1" && wfapikeyctl key revoke "$(id_of "$key")" && : >"$work/second.$1"
    wait "$first"
}
chown alice "$work" # alice makes a file there
test_not "a key that was revoked after sudo has asked once: asks again" twice asks
rm /etc/sudoers.d/wfapikey
key=$(issue alice)
test_that "without the line for sudoers it is still good" twice remembers
finish
