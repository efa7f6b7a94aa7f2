#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: wfapikey-fleetd that somebody else has taken over gets nothing signed with a number above
# all others, except once for each group after an administrator has ordered to go on from what this
# host has. It could keep that, and show it when keys and policies have been changed since.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
[[ $EUID == 0 ]] || skip "only root may say who fleetd is"
/usr/bin/python3 -c 'import dbus' 2>/dev/null || skip "python3-dbus is missing"

conf=$dir/wfapikeyd.conf
printf '[daemon]\nfleet-user = daemon\n' >"$conf"
chmod 0644 "$conf"
chmod 0711 "$dir"
start
manager() { busctl --address="unix:path=$WFAPIKEY_CONTROL" call org.wfapikey1 /org/wfapikey1 org.wfapikey1.Manager "$@"; }
run 0 manager FleetInit ss first "dbname=x"

# Stands for fleetd: a line "METHOD ARGUMENTS" in, a line with the answer out.
cat >"$dir/carrier.py" <<'END'
import os, sys
import dbus, dbus.connection
os.setgroups([])
os.setgid(1)
os.setuid(1)
bus = dbus.connection.Connection("unix:path=" + sys.argv[1])
manager = dbus.Interface(bus.get_object(object_path="/org/wfapikey1"), "org.wfapikey1.Manager")
for line in sys.stdin:
    method, *words = line.split()
    try:
        if method == "FleetSnapshot":
            number, frame, last = manager.FleetSnapshot(words[0], dbus.UInt64(0), words[1] == "rebase")
            print("signed", "above" if number >= 1000000 else "here", flush=True)
        elif method == "FleetAttach":
            manager.FleetAttach(dbus.UInt32(1))
            print("done", flush=True)
        else:
            getattr(manager, method)(*words)
            print("done", flush=True)
    except dbus.DBusException as error:
        print(error.get_dbus_message(), flush=True)
END
carry() { # begins a connection
    coproc carrier { exec /usr/bin/python3 "$dir/carrier.py" "$WFAPIKEY_CONTROL"; }
    # shellcheck disable=SC2154 # coproc sets it
    carrier_pid=$carrier_PID # bash unsets its own as soon as the coprocess has ended
    children+=("$carrier_pid")
    exec {to}>&"${carrier[1]}" {from}<&"${carrier[0]}"
    asks "FleetAttach" "done"
    asks "FleetLink connected -" "done"
}
asks() { # LINE ANSWER
    local answer
    echo "$1" >&"$to"
    IFS= read -r answer <&"$from" || fail "no answer to: $1"
    has "$answer" "$2"
}
refused="No administrator has ordered"

carry
asks "FleetSnapshot all -" "signed here"
asks "FleetSnapshot all rebase" "$refused"
asks "FleetRebase" "Only administrators"
run 0 manager FleetRebase
asks "FleetSnapshot all rebase" "signed above"
asks "FleetSnapshot all rebase" "$refused"

# An order ends with the connection to the one that got it.
run 0 manager FleetRebase
kill "$carrier_pid"
exec {to}>&- {from}<&-
wait "$carrier_pid" || :
gone() { [[ $(manager FleetStatus) == *'"link" s "no fleetd"'* ]]; }
wait_until gone
carry
asks "FleetSnapshot all rebase" "$refused"
asks "FleetSnapshot all -" "signed here"
