#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a user with all uids of a subordinate range keeps no other user from the sockets.

# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
[[ $(id -u) == 0 ]] || skip "needs root, to be other users"

start
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me"
key=$out
run 0 "$abs_top_builddir/tests/scenario/crowd" "$WFAPIKEY_VERIFY" "$WFAPIKEY_CONTROL" 500
verify "$me" <<<"$key" || fail "the key is refused afterwards"
