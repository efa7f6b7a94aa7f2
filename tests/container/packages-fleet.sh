#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: with the package wfapikey-fleet the carrier runs as a user of its own, which may carry
# changes and nothing else. When the package is purged, the host's own keys go on.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

test_that "the package wfapikey-fleet was built" compgen -G "$WFAPIKEY_PACKAGES/wfapikey-fleet_*.deb"
[[ $failures == 0 ]] || finish
refuse_at_once
test_that "the packages install" install_packages
test_that "a call starts the daemon" wfapikeyctl status
test_that "wfapikey-fleet installs" dpkg --install "$WFAPIKEY_PACKAGES"/wfapikey-fleet_*.deb
is() { [[ $(systemctl "$1" "$2") == "$3" ]]; }
test_that "the carrier runs" wait_until is is-active wfapikey-fleetd.service active
pid=$(systemctl show -P MainPID wfapikey-fleetd.service)
test_that "as its own user" test "$(stat -c %U "/proc/$pid")" = wfapikey-fleet
call() { # USER METHOD ARGUMENT...
    setpriv --reuid="$1" --regid="$1" --clear-groups -- busctl --address=unix:path=/run/wfapikey/control \
        call org.wfapikey1 /org/wfapikey1 org.wfapikey1.Manager "${@:2}"
}
attaches() { [[ $(call "$1" FleetAttach u 1) == *'"joined" b false'* ]]; }
test_that "the daemon knows it" wait_until attaches wfapikey-fleet
test_not "another user is not it" attaches daemon
test_not "it sets no policy" call wfapikey-fleet SetPolicy 'a{ss}' 1 enabled yes
test_not "it makes no fleet" call wfapikey-fleet FleetInit ss hub dbname=x
test_not "it sees no key" call wfapikey-fleet GetKey s 0123456789
said() { journalctl --quiet --no-pager --unit=wfapikey-fleetd.service | grep -q .; }
test_that "what it says is in the journal" wait_until said
test_that "the manual pages are there" test -s /usr/share/man/man8/wfapikey-fleetd.8.gz -a -s /usr/share/man/man7/wfapikey-fleet.7.gz

test_that "it is purged" dpkg --purge wfapikey-fleet
test_not "nothing of it runs" is is-active wfapikey-fleetd.service active
test_not "nothing of it is in the configuration" test -e /etc/wfapikey/wfapikeyd.conf.d/fleet.conf
test_that "the configuration is read" wfapikeyctl reload
test_that "keys go on" wfapikeyctl policy set enabled=yes
finish
