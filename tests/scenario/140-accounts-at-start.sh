#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a change of an account while no daemon runs counts for the very first login, also for the
# login that starts the daemon.

if [[ $(id -u) != 0 ]] || ! unshare --mount true 2>/dev/null; then
    echo "skipped: needs root and mount namespaces"
    exit 77
fi
[[ -n ${UNSHARED-} ]] || UNSHARED=1 exec unshare --mount "$0"

# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
activate=$abs_top_builddir/tests/scenario/activate
options=(--state-dir="$dir/state" --verify-socket="$WFAPIKEY_VERIFY" --control-socket="$WFAPIKEY_CONTROL")

# --- A private passwd and shadow file

for name in passwd shadow; do
    cp "/etc/$name" "$dir/$name"
    mount --bind "$dir/$name" "/etc/$name"
done

without_alice() { # NAME
    grep -v '^alice:' "$dir/$1" >"$dir/next"
    cat "$dir/next" >"/etc/$1"
}

with_alice() { # PASSWORD
    without_alice passwd
    without_alice shadow
    echo 'alice:x:64321:64321::/:/bin/sh' >>/etc/passwd
    echo "alice:$1:19000:0:99999:7:::" >>/etc/shadow
}

begin() { # with a daemon and a key of alice's
    with_alice hash
    start
    run 0 ctl policy set enabled=yes remove-on-password-expiry=yes account-grace=none
    run 0 ctl key issue alice
    key=$out
    verify alice <<<"$key" || fail "alice's key was not accepted"
}

# The first answer of a daemon that the login itself starts.
first_login() {
    : >"$dir/answer"
    "$activate" "$WFAPIKEY_VERIFY" "$WFAPIKEY_CONTROL" alice "$WFAPIKEYD" "${options[@]}" <<<"$key" \
        >"$dir/answer" 2>>"$dir/daemon.log" &
    daemon=$!
    wait_until grep -q . "$dir/answer"
    answer=$(<"$dir/answer")
}

begin
stop
first_login
is "$answer" accepted
stop

begin
stop
without_alice passwd
first_login
is "$answer" refused
logged 'the account was removed'
stop

begin
stop
with_alice '!hash'
first_login
is "$answer" refused
