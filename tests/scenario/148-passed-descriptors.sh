#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: descriptors that clients pass, and that take an hour to close, hold up nothing. They wait in
# both sockets of systemd before the daemon first runs, or come later, on a kernel that lets them.

# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
linger=$abs_top_builddir/tests/scenario/linger

# A daemon without sockets of systemd has the first key made.
start
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me"
key=$out
stop || fail "the daemon ended with $?"

"$linger" "$WFAPIKEY_VERIFY" "$WFAPIKEY_CONTROL" 100 serve "$WFAPIKEYD" --state-dir="$dir/state" \
    >>"$dir/daemon.log" 2>&1 &
daemon=$!
wait_until ctl status
run 0 ctl key rename "$(id_of "$key")" "after the start"
verify "$me" <<<"$key" || fail "the key is refused after the start"

"$linger" "$WFAPIKEY_VERIFY" "$WFAPIKEY_CONTROL" 200 attack >"$dir/attack" 2>&1 &
children+=($!)
attacked() { [[ -s $dir/attack ]]; }
wait_until attacked
is "$(<"$dir/attack")" attacked
for ((i = 0; i < 20; i++)); do
    run 0 ctl key rename "$(id_of "$key")" "round $i"
    verify "$me" <<<"$key" || fail "the key is refused in round $i"
done

# The descriptors do not stay, whatever is done with their connections.
held() { find "/proc/$daemon/fd" -lname 'socket:*' | wc -l; }
few() { [[ $(held) -lt 100 ]]; }
kill "${children[0]}"
wait "${children[0]}" 2>/dev/null
children=()
wait_until few
stop || fail "the daemon ended with $?"
