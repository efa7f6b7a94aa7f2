#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a service manager that reads no notification holds up neither a start nor a login, and not
# wfapikey-fleetd.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
[[ -x /usr/bin/python3 ]] || skip "python3 is missing"

# Its socket is full. It reads when it is told to, until the daemon is ready.
cat >"$dir/manager.py" <<'EOF'
import os, socket, sys, time
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sender.setblocking(False)
try:
    while True:
        sender.sendto(b"FILL=1", sys.argv[1])
except BlockingIOError:
    os.mkdir(sys.argv[1] + ".full")
while not os.path.exists(sys.argv[1] + ".read"):
    time.sleep(0.05)
while not manager.recv(4096).startswith(b"READY=1"):
    pass
os.mkdir(sys.argv[1] + ".ready")
EOF
manage() { # NAME
    /usr/bin/python3 "$dir/manager.py" "$dir/$1" &
    children+=("$!")
    wait_until test -d "$dir/$1.full"
    export NOTIFY_SOCKET=$dir/$1
}
manages() { # NAME: it reads again
    : >"$dir/$1.read"
    wait_until test -d "$dir/$1.ready"
}

export WATCHDOG_USEC=100000
manage notify
start
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me"
key=$out
for ((i = 0; i < 20; i++)); do
    verify "$me" <<<"$key" || fail "no login while nobody reads"
done
kill -HUP "$daemon"
logged 'configuration read again'
verify "$me" <<<"$key" || fail "no login after a reload"
manages notify

# --- wfapikey-fleetd, with a daemon that is made up ---
[[ -x $abs_top_builddir/wfapikey-fleetd ]] || exit 0
# shellcheck source=tests/scenario/fleetside.sh
. "${0%/*}/fleetside.sh"
side_start host
manage fleet
fleetd_start host
heard host attach
does host again attach
manages fleet
fleetd_stop host
