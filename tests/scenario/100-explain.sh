#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: explain says without the secret what a login gets, now and at another time. In each
# situation its reason is that of the real refusal.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes max-keys-per-user=100
run 0 ctl key issue "$me" --service sshd --from 10.0.0.0/8 --expires 30d
key=$out id=$(id_of "$out")

# What explain says, and what the same login gets.
both() { # REASON OPTION...
    local reason=$1
    shift
    if [[ $reason == accepted ]]; then
        run 0 ctl key explain "$id" "$@" --json
        run 0 ctl key explain "$id" "$@"
        has "$(head -n 1 <<<"$out")" "accepted: "
        ! grep -q "^NO " <<<"$out" || fail "an accepted login has: $out"
        verify "$me" "$@" <<<"$key" || fail "explain accepts what a login does not: $*"
    else
        run 6 ctl key explain "$id" "$@" --json
        has "$out" "\"accepted\":false,\"reason\":\"$reason\""
        run 6 ctl key explain "$id" "$@"
        is "$(grep -c '^NO ' <<<"$out")" 1
        run 6 ctl verify "$me" --json --server-uid="$(id -u)" "$@" <<<"$key"
        [[ $EUID != 0 ]] || has "$out" "\"reason\":\"$reason\""
    fi
}
good=(--service sshd --rhost 10.1.2.3)
both accepted "${good[@]}"
both service --service nginx --rhost 10.1.2.3
both source --service sshd --rhost 192.0.2.1
both source-unknown --service sshd
both source-unknown --service sshd --rhost localhost
run 0 ctl policy set require-certificate=yes
both certificate-missing "${good[@]}"
run 0 ctl policy set require-certificate=no enabled=no
both disabled "${good[@]}"
run 0 ctl policy set enabled=yes
if [[ $EUID == 0 ]]; then
    run 0 ctl policy set admin-keys=no
    both admin "${good[@]}"
    run 0 ctl policy set admin-keys=yes
fi

# Another user, and another time.
run 6 ctl key explain "$id" "${good[@]}" --user somebody
has "$out" "NO user"
has "$out" "the login is of 'somebody'"
run 6 ctl key explain "$id" "${good[@]}" --at 31d
has "$out" "NO expired"
run 0 ctl key explain "$id" "${good[@]}" --at 29d
run 6 ctl key explain "$id" "${good[@]}" --at 2099-01-01
run 0 ctl key explain "$id" "${good[@]}" --at 2001-01-01T00:00:00Z
for bad in soon someday 0d 29; do run 2 ctl key explain "$id" --at "$bad"; done
run 2 ctl key explain "$id" --service "$(printf 's%.0s' {1..65})"
run 6 ctl key explain "$id" --service $'a\\b' --rhost "'"
run 5 ctl key explain 0000000000 "${good[@]}"

# A rotated key and a revoked one.
run 0 ctl key rotate "$id" --until-first-use
new=$out
both accepted "${good[@]}"
run 0 ctl key explain "$id" "${good[@]}"
has "$out" "key $(id_of "$new") takes its place"
verify "$me" "${good[@]}" <<<"$new" || fail "refused"
logged "retired with the first use"
both retired "${good[@]}"
id=$(id_of "$new") key=$new
run 0 ctl key revoke "$id" --reason 'not needed'
both revoked "${good[@]}"
run 6 ctl key explain "$id"
has "$out" "'not needed'"

# Without a service it is about the one that the key names, if there is only one.
run 0 ctl key issue "$me" --service only-this
one=$(id_of "$out")
run 0 ctl key issue "$me" --service this --service that
run 6 ctl key explain "$(id_of "$out")"
run 0 ctl key explain "$one"
run 6 ctl key explain "$one" --service other

# An explanation is not a use of the key, and only users who may see the key get one.
run 0 ctl key show "$(id_of "$new")"
has "$(grep ^uses <<<"$out")" 1
if [[ $EUID == 0 ]]; then
    as_daemon() { setpriv --reuid=daemon --regid=daemon --clear-groups -- "$WFAPIKEYCTL" "$@"; }
    run 4 as_daemon key explain "$id"
    run 0 ctl key issue daemon
    run 0 as_daemon key explain "$(id_of "$out")"
    has "$out" "the key belongs to 'daemon'"
fi
