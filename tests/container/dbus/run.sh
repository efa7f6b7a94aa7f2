#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a program may use any D-Bus client on the control socket. Each client below makes fifty
# connections with one call each, and no call is lost. Where the client can wait for a signal, it
# gets the signal. The commands are those of wfapikeyd(8).
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"

address=unix:path=/run/wfapikey/control
calls=50
start_wfapikey || not_ok "the daemon starts"
add_user alice

# Another python3 that a machine has under /usr/local does not see Debian's libraries.
with_debian() { as alice env PATH=/usr/bin:/bin "$@"; }

for client in busctl gdbus dbus-send python3-dbus; do
    block "With *$client*:" "$WFAPIKEY_SOURCE/man/wfapikeyd.8.scd" | sed 's/\\\\$/\\/' >"$work/command"
    test_that "the manual has a command for $client" test -s "$work/command"
    answers=0
    for ((i = 0; i < calls; i++)); do
        with_debian timeout 60 bash "$work/command" >"$work/answer" 2>&1
        grep -q version "$work/answer" || break
        answers=$((answers + 1))
    done
    test_that "$client: $answers of $calls calls are answered" test "$answers" = "$calls"
done

# A client of libdbus that takes the socket for a bus calls more methods.
answers=0
for ((i = 0; i < calls; i++)); do
    with_debian timeout 60 dbus-send --bus="$address" --print-reply --dest=org.wfapikey1 /org/wfapikey1 \
        org.wfapikey1.Manager.GetStatus 2>&1 | grep -q version || break
    answers=$((answers + 1))
done
test_that "dbus-send --bus: $answers of $calls calls are answered" test "$answers" = "$calls"

# A user may not be able to enter the directory of the sources.
install -m 0755 "${0%/*}/client.py" "$work"
id=$(id_of "$(wfapikeyctl key issue alice)")
begun() { grep -qx following "$work/client" || ! kill -0 "$pid" 2>/dev/null; }
signalled() { tail -n 5 "$work/client"; grep -qx 'signal renamed' "$work/client"; }
for library in python3-gi 'python3-gi, no bus' python3-dbus 'python3-dbus, no bus' python3-dasbus \
    python3-jeepney python3-dbus-next; do
    # The process that starts empties the file later, and until then another one "is following".
    : >"$work/client"
    with_debian timeout 60 "$work/client.py" "$library" "$address" >"$work/client" 2>&1 &
    pid=$!
    wait_until begun
    wfapikeyctl key rename "$id" "$library" || not_ok "the key is renamed"
    wait "$pid"
    answers=$(grep -cx answered "$work/client")
    test_that "$library: $answers of $calls calls are answered" test "$answers" = "$calls"
    test_that "$library: the signal comes" signalled
done
finish
