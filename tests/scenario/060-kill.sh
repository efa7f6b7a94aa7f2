#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: kill -9 of the daemon at any moment loses no acknowledged change and undoes no revocation.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes max-keys-per-user=1000
declare -A state # of each acknowledged key: active or revoked
rounds=12
for ((round = 0; round < rounds; round++)); do
    # The kill comes somewhere in the middle of the changes, at another place in each round.
    (
        for ((i = 0; i < round * 40; i++)); do :; done
        read -rt "0.$((round * 17 % 100 + 5))" <> <(:)
        kill -KILL "$daemon"
    ) &
    killer=$!
    while key=$(ctl key issue "$me" 2>/dev/null); do
        state[$key]=active
        [[ ${#state[@]} -lt 900 ]] || break
        ctl key revoke "$(id_of "$key")" 2>/dev/null || { state[$key]=unsure; break; }
        state[$key]=revoked
        key=$(ctl key issue "$me" 2>/dev/null) || break
        state[$key]=active
    done
    wait "$killer"
    wait "$daemon" 2>/dev/null
    start
    for key in "${!state[@]}"; do
        case ${state[$key]} in
        active) verify "$me" <<<"$key" || fail "round $round: an acknowledged key is lost" ;;
        revoked) verify "$me" <<<"$key" && fail "round $round: an acknowledged revocation is lost" ;;
        esac
    done
    # These keys were checked and need no second check, so the rounds stay short.
    for key in "${!state[@]}"; do
        ctl key remove "$(id_of "$key")" || fail "round $round: a key cannot be removed"
    done
    state=()
done
