#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: each policy accepts its values and no others, a call makes all changes or none, and the
# policy does what it says: require-certificate. (enabled: Q01; lifetime: W07; max-lifetime: Q07;
# max-keys-per-user: Q08; admin-keys: W02.)
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl --json policy show
is "$(tr -d ' \n' <<<"$out" | tr ',' '\n' | grep -c :)" 12
run 2 ctl policy set enabled=maybe
has "$err" "yes or no"
run 2 ctl policy set enabled=yes lifetime=soon
run 0 ctl policy show
has "$(grep enabled <<<"$out")" no
run 2 ctl policy set colour=red

run 0 ctl policy set enabled=yes lifetime=none max-keys-per-user=1000
run 0 ctl key issue "$me"
key=$out

run 0 ctl policy set require-certificate=yes
verify "$me" <<<"$key" && fail "accepted without a certificate"
logged "certificate is required"
run 0 ctl policy set require-certificate=no
verify "$me" <<<"$key" || fail "refused"
