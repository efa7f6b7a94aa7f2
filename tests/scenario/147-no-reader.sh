#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a client that asks and does not read its answers uses little memory of the daemon.

# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
[[ $(id -u) == 0 ]] || skip "needs root, to be another user"
command -v ss >/dev/null || skip "needs ss (iproute2)"
cp "$abs_top_builddir/tests/scenario/"{hoard,pester} "$dir"
as_daemon() { setpriv --reuid=daemon --regid=daemon --clear-groups -- "$@"; }
# In KiB, with what the kernel keeps in the daemon's sockets.
memory() {
    awk '/^RssAnon/ { kib += $2 } /pid=/ { kib += $3 / 1024 } END { printf "%d\n", kib }' \
        "/proc/$daemon/status" <(ss -xnp | grep -F "pid=$daemon,")
}

# A sanitizer keeps what was freed.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1
start
run 0 ctl policy set enabled=yes
run 0 ctl key issue daemon
run 0 as_daemon "$dir/pester" "$WFAPIKEY_CONTROL" RenameKey "$(id_of "$out")" # 2000 events

before=$(memory)
# Not as_daemon: the process to kill at the end would be a shell.
setpriv --reuid=daemon --regid=daemon --clear-groups -- \
    "$dir/hoard" "$WFAPIKEY_CONTROL" 60 >"$dir/hoarded" 2>&1 &
children+=($!)
wait_until grep -q 'done' "$dir/hoarded"
after=$(memory)
((after - before < 8192)) || fail "the daemon has grown from $before to $after KiB"
run 0 ctl policy show
