#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: SIGHUP reads the configuration again. Services are tied to users from then on. A wrong file
# is named in the log, and the old configuration stays in force. So it is with an empty one
# or one of zeros, at a start too.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

conf=$dir/wfapikeyd.conf
echo "#" >"$conf"
chmod 0644 "$conf"
start
run 0 ctl policy set enabled=yes
said() { grep -c "$1" "$dir/daemon.log"; }
reload() { # WHAT THE LOG SAYS
    local before
    before=$(said "$1")
    kill -HUP "$daemon"
    more() { [[ $(said "$1") -gt $2 ]]; }
    wait_until more "$1" "$before"
}

printf '[Peer daemon]\nservices = nginx imap\n[Peer bin]\nservices = imap\n' >"$conf"
reload 'configuration read again'
if [[ $EUID == 0 ]]; then
    run 0 ctl key issue "$me"
    key=$out
    as() { setpriv --reuid="$1" --regid="$1" --clear-groups -- "$WFAPIKEYCTL" verify "$me" --service "$2" <<<"$key" >/dev/null 2>&1; }
    chmod 0711 "$dir"
    as daemon nginx || fail "the tied user may not ask"
    as daemon imap || fail "the tied user may not ask for the second one"
    as bin imap || fail "the other tied user may not ask"
    as bin nginx && fail "another user may ask for a tied service"
    logged "may not speak for this service"
    as bin pop3 || fail "nobody may ask for a service that is not tied"
    verify "$me" --service nginx <<<"$key" || fail "root may not ask"
fi

for right in '' '[Daemon]\nadmin-group =' '[PEER daemon]\nservices = nginx'; do
    printf '%b\n' "$right" >"$conf"
    run 0 "$WFAPIKEYD" --check-config --config="$conf"
    is "$out$err" ""
done
run 78 "$WFAPIKEYD" --check-config --config="$dir/absent"
for wrong in '[daemn]' '[daemon]\nadmin-group = no-such-group-here' '[Peer no-such-user-here]\nservices = a' 'nonsense' \
    '[Peer bin]\nservice = a' '[Peer bin]\nservices = a/b' '[daemon]\nadmin-group'; do
    printf '%b\n' "$wrong" >"$conf"
    run 78 "$WFAPIKEYD" --check-config --config="$conf"
    [[ $err =~ "$conf":[0-9]+:[0-9]+ ]] || fail "$err"
    [[ $wrong != '[daemn]' ]] || printf 'x = y\n' >>"$conf"
    reload "stays as it was: $conf:"
done
# An editor has truncated it, and has not written it yet.
: >"$conf"
reload "stays as it was: the configuration '$conf' is empty"
run 78 "$WFAPIKEYD" --config="$conf" --state-dir="$dir/other" --verify-socket="$dir/other.v" --control-socket="$dir/other.c"
has "$err" "is empty"
# A file system has left zeros of it.
head -c 100 /dev/zero >"$conf"
reload "stays as it was: $conf:1:1: "
for check in --check-config "--state-dir=$dir/other"; do
    run 78 "$WFAPIKEYD" --config="$conf" --verify-socket="$dir/other.v" --control-socket="$dir/other.c" "$check"
    has "$err" "$conf:1:1: a byte that is 0"
done
echo "#" >"$conf"
chmod 0666 "$conf"
reload 'nobody else can write'
[[ $EUID != 0 ]] || { as bin nginx && fail "a refused file has changed something"; }
kill -0 "$daemon" || fail "the daemon has ended"
