#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the daemon starts on private paths, stops on SIGTERM with status 0, removes its sockets and
# keeps its keys. A second daemon does not take its sockets away, and clients that say nothing do
# not keep it from ending.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me"
key=$out
verify "$me" <<<"$key" || fail "the key is not accepted"

# A second daemon at the same place is refused, and the first goes on.
"$WFAPIKEYD" --state-dir="$dir/other" --verify-socket="$WFAPIKEY_VERIFY" --control-socket="$dir/control2" \
    2>"$dir/err"
is $? 1
has "$(<"$dir/err")" "another process does"
verify "$me" <<<"$key" || fail "the first daemon has suffered"

# A second daemon cannot share its state either: it would go on to accept what the other revokes.
"$WFAPIKEYD" --state-dir="$dir/state" --verify-socket="$dir/verify2" --control-socket="$dir/control2" 2>"$dir/err"
is $? 1
has "$(<"$dir/err")" "another wfapikeyd uses"
verify "$me" <<<"$key" || fail "the first daemon has suffered"

# A daemon at another place runs next to it and knows nothing of its keys.
"$WFAPIKEYD" --state-dir="$dir/other" --verify-socket="$dir/verify2" --control-socket="$dir/control2" 2>>"$dir/daemon.log" &
children+=($!)
wait_until ctl --control="$dir/control2" status
run 0 ctl --control="$dir/control2" policy set enabled=yes
verify "$me" --verify-socket="$dir/verify2" <<<"$key" && fail "the other daemon accepts the key"

stop TERM
is $? 0
[[ ! -e $WFAPIKEY_VERIFY && ! -e $WFAPIKEY_CONTROL ]] || fail "the sockets are still there"
run 3 ctl status
has "$err" "$WFAPIKEY_CONTROL"
run 3 ctl verify --server-uid="$(id -u)" "$me" <<<"$key"

# A socket file that a killed daemon left behind is replaced.
start
stop KILL
[[ -S $WFAPIKEY_VERIFY ]] || fail "the killed daemon has cleaned up after itself?"
! grep -q "is called by" "$dir/daemon.log" || fail "nobody has asked for more lines"
start --debug
verify "$me" <<<"$key" || fail "the key did not outlive the restart"
logged "GetStatus is called by uid $(id -u)"
kill -HUP "$daemon"
logged "a helper is started: "
logged "configuration read again"
stop INT
is $? 0

# sd-bus waits for such a client at the end of its loop, for a minute.
command -v socat >/dev/null || exit 0
start
descriptors() { find "/proc/$daemon/fd" -mindepth 1 | wc -l; }
before=$(descriptors)
for ((i = 0; i < 20; i++)); do
    socat -u UNIX-CONNECT:"$WFAPIKEY_CONTROL" OPEN:/dev/null &
    children+=($!)
done
# Three for each of twenty. Those of the start, which were open before, may be closed by now.
silent() { (($(descriptors) >= before + 30)); }
wait_until silent
began=$SECONDS
stop TERM
is $? 0
((SECONDS - began < 20)) || fail "clients that say nothing kept the daemon for $((SECONDS - began)) s"
