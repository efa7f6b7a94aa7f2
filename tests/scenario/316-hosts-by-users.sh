#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a user of an issuing host makes no key that opens the account of the same name on other
# hosts. Administrators do, and developers where the configuration has a group of them.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

[[ $EUID == 0 ]] || skip "needs root for callers of other uids"
conf=$dir/wfapikeyd.conf
echo "#" >"$conf"
chmod 0644 "$conf"
chmod 0711 "$dir"
start
run 0 ctl policy set enabled=yes
as() { setpriv --reuid=bin --regid="$1" --clear-groups -- "$WFAPIKEYCTL" "${@:2}"; } # GROUP ARGUMENT...
denied() { # GROUP [TEXT]
    run 4 as "$1" key issue bin --hosts all
    has "$err" "${2-Only administrators make keys for the hosts of a fleet}"
    is "$out" ''
}
# A caller who may is told next that this host is in no fleet.
may() { # COMMAND...
    run 2 "$@" key issue bin --hosts all
    has "$err" 'in no fleet'
}

run 0 as bin key issue bin
denied bin
may ctl
printf '[daemon]\nadmin-group = daemon\ndeveloper-group = mail\nreader-group = sys\n' >"$conf"
run 0 ctl reload
denied bin 'Only administrators'
denied sys 'Only administrators'
may as mail
may as daemon
run 0 as mail key issue bin
run 4 as mail key issue daemon --hosts all
has "$err" 'Only administrators'
# Without a group of developers everybody issues, but not for other hosts.
printf '[daemon]\nfleet-user = bin\n' >"$conf"
run 0 ctl reload
denied bin
