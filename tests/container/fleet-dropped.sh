#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: an issuing host is dropped. A host that comes later does not believe what it has signed, and
# gets all keys nevertheless, also those that it has issued. Another one is lost for good, and the
# fleet goes on with a host that was promoted.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"
# shellcheck source=tests/container/fleet
. "${0%/*}/fleet"

has_snapshot() { [[ $(sql "SELECT count(*) FROM wfapikey.snapshot WHERE grp = '$1' AND issuer = 'hub'") == 1 ]]; } # GROUP
fleet_new
must issue hub2
key_of_hub2=$key
must wait_until accepts hub "$key_of_hub2"
must issue hub
key_of_hub=$key
must wait_until accepts web1 "$key_of_hub"
must issue hub2
revoked=$key
must wait_until accepts web1 "$revoked"
must ctl hub2 key revoke "$id"
must wait_until refuses web1 "$revoked"
must ctl hub fleet drop hub2
test_that "a snapshot is made" wait_until has_snapshot all
test_that "of each group" wait_until has_snapshot web
must host_new web2 5
test_that "a host comes" fleet_add hub web2 --groups=web
test_that "it has the key of the host that was dropped" wait_until accepts web2 "$key_of_hub2"
test_that "and that of the other" wait_until accepts web2 "$key_of_hub"
test_that "what was revoked is refused" refuses web2 "$revoked"
must issue hub
test_that "and it follows what comes" wait_until accepts web2 "$key"
test_that "as the host that has been there before" wait_until accepts web1 "$key"

# --- An issuing host is lost for good ---
must ctl hub fleet promote web1
must issue hub
must wait_until accepts web1 "$key"
key_of_lost=$key id_of_lost=$id
host_stop hub fleetd KILL
host_stop hub wfapikeyd KILL
promoted() { issue web1; }
test_that "a host that was promoted issues when the other is lost" wait_until promoted
test_that "and its key is good" wait_until accepts web2 "$key"
test_that "it takes the lost one off the list" ctl web1 fleet drop hub
test_that "what that has issued stays good" accepts web2 "$key_of_lost"
test_that "until it is revoked" ctl web1 key revoke "$id_of_lost"
test_that "on all hosts" wait_until refuses web2 "$key_of_lost"
test_that "what it has revoked stays revoked" refuses web2 "$revoked"
wfapikeyd_start hub
fleetd_start hub
test_that "it comes back, and has no way to the database" wait_until link_says hub 'away'
test_not "nor issues" ctl hub key issue alice --hosts=web
fleet_finish
