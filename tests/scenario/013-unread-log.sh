#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a log that nobody reads holds up neither a login nor the end of the daemon. When the reader
# has ended, the daemon goes on without a log.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
[[ -x /usr/bin/python3 ]] || skip "python3 is missing"

# It holds a pipe open, and fills it when it is told to.
cat >"$dir/reader.py" <<'EOF'
import os, sys, time
os.mkfifo(sys.argv[1])
fifo = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)
os.mkdir(sys.argv[1] + ".open")
while not os.path.exists(sys.argv[1] + ".fill"):
    time.sleep(0.05)
try:
    while True:
        os.write(fifo, b"\n")
except BlockingIOError:
    os.mkdir(sys.argv[1] + ".full")
time.sleep(3600)
EOF
/usr/bin/python3 "$dir/reader.py" "$dir/log" &
children+=("$!")
wait_until test -d "$dir/log.open"
start_with() { # LOG
    "$WFAPIKEYD" --debug --state-dir="$dir/state" --verify-socket="$WFAPIKEY_VERIFY" \
        --control-socket="$WFAPIKEY_CONTROL" 2>"$1" &
    daemon=$!
    wait_until ctl status
}
start_with "$dir/log"
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me"
key=$out
: >"$dir/log.fill"
wait_until test -d "$dir/log.full"
for ((i = 0; i < 20; i++)); do
    verify "$me" <<<"$key" || fail "no login while nobody reads the log"
done
stop || fail "the daemon ended with $?"

# A log driver ends, as for an update of it.
mkfifo "$dir/ended"
cat "$dir/ended" >/dev/null &
reader=$!
start_with "$dir/ended"
verify "$me" <<<"$key" || fail "no login"
kill "$reader"
wait "$reader"
for ((i = 0; i < 20; i++)); do
    verify "$me" <<<"$key" || fail "no login when the reader of the log has ended"
done
stop || fail "the daemon ended with $?"
