#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the units install, verify and start. The first request starts the daemon. The sockets stay
# when it stops. Other users cannot read its files and its runtime directory.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

test_that "the tree installs" install_tree
systemd-analyze verify wfapikeyd.service wfapikeyd-verify.socket wfapikeyd-control.socket >"$work/verify" 2>&1
test_that "systemd-analyze verify is silent" test ! -s "$work/verify"
test_that "the sockets start" systemctl enable --now wfapikeyd-verify.socket wfapikeyd-control.socket
test_not "the daemon does not run yet" systemctl is-active --quiet wfapikeyd.service

add_user alice
test_that "the first call starts the daemon" wfapikeyctl policy set enabled=yes
test_that "the daemon runs and has said so" systemctl is-active --quiet wfapikeyd.service
key=$(wfapikeyctl key issue alice)
verify() { wfapikeyctl verify alice <<<"$key"; }
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups -- wfapikeyctl verify alice <<<"$key"; }
test_that "a key is accepted" verify
test_that "an unprivileged process may ask" as_nobody

is_mode() { [[ $(stat -c '%a %U' "$1") == "$2" ]]; }
test_that "the state directory is root's alone" is_mode /var/lib/wfapikey '700 root'
for file in /var/lib/wfapikey/*; do test_that "$file is root's alone" is_mode "$file" '600 root'; done
test_that "the runtime directory is not writable to others" is_mode /run/wfapikey '755 root'
test_that "anybody may connect to the verify socket" is_mode /run/wfapikey/verify '666 root'

pid=$(systemctl show -P MainPID wfapikeyd.service)
no_capabilities() { [[ $(awk '/^Cap(Prm|Eff|Bnd)/ { print $2 }' "/proc/$pid/status" | sort -u) == 0000000000000000 ]]; }
test_that "the daemon has no capability" no_capabilities
no_core() { [[ $(awk '/^Max core file size/ { print $5 }' "/proc/$pid/limits") == 0 ]]; }
test_that "the daemon leaves no core" no_core

mark
test_that "reload keeps the daemon" systemctl reload wfapikeyd.service
test_that "reload reads the configuration" wait_until said 'configuration read again'
test_that "reload keeps the process" test "$(systemctl show -P MainPID wfapikeyd.service)" = "$pid"

kill -KILL "$pid"
test_that "after kill -9 the next question is answered" verify
test_that "by another process" test "$(systemctl show -P MainPID wfapikeyd.service)" != "$pid"
test_that "restart loses nothing" systemctl restart wfapikeyd.service
test_that "the key is still good" verify
systemctl stop wfapikeyd.service 2>/dev/null
test_that "a stopped daemon is started by the next question" verify

verify >/dev/null
fields() {
    journalctl --sync
    journalctl -q --no-pager -t wfapikeyd -o json WFA_VERDICT=accepted "WFA_KEY_ID=$(id_of "$key")" WFA_USER=alice \
        WFA_SERVICE=wfapikeyctl | grep WFA_REASON >/dev/null
}
test_that "the journal has the facts as fields" wait_until fields
chmod 0644 /var/lib/wfapikey/keys.db
systemctl restart wfapikeyd.service 2>/dev/null
turned_away() { timeout 60 wfapikeyctl verify alice <<<"$key" 2>&1; [[ $? == 3 ]]; }
gave_up() { [[ $(systemctl show -P ActiveState,ExecMainStatus wfapikeyd.service | tr '\n' ' ') == *78* ]]; }
test_that "a key store that others can read is refused with 78, and not tried again" wait_until gave_up
again=0
for ((i = 0; i < 30; i++)); do turned_away >/dev/null && again=$((again + 1)); done
test_that "thirty logins are turned away meanwhile" test "$again" = 30
chmod 0600 /var/lib/wfapikey/keys.db
test_that "after the repair the next one starts the daemon" verify
finish
