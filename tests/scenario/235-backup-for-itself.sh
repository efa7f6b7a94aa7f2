#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a backup needs no key of another host. Without one it is for this host, whose own key opens
# it.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me"
key=$out
run 0 ctl backup create "$dir/first"
has "$err" "mirror.key"
run 0 ctl mirror show-key
own=$out
# The key is made once: an older backup can still be opened.
run 0 ctl backup create "$dir/second"
run 0 ctl mirror show-key
is "$out" "$own"
run 2 ctl mirror export "$dir/mirror"
has "$err" "--to"
for backup in first second; do
    run 0 ctl key remove "$(id_of "$key")"
    verify "$me" <<<"$key" && fail "a removed key is accepted"
    run 0 ctl backup restore --yes --revive "$dir/$backup"
    verify "$me" <<<"$key" || fail "the key is not back from the $backup backup"
done
