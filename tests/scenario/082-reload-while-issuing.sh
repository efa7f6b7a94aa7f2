#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a key whose user a directory is still asked about when the configuration is read again is
# not made by the rights of before.
# shellcheck source=tests/scenario/directory.sh
. "${0%/*}/directory.sh"

conf=$dir/wfapikeyd.conf
printf '[daemon]\nadmin-group = daemon\n' >"$conf"
chmod 0644 "$conf"
chmod 0711 "$dir"
echo 'carol:x:65001:65001::/:/bin/sh' >/etc/directory
start
run 0 ctl policy set enabled=yes
as_bin() { setpriv --reuid=bin --regid=daemon --clear-groups -- "$WFAPIKEYCTL" "$@"; }
asks() { pgrep -P "$daemon" -f helper=account >/dev/null; }

# issue_over_reload: bin, an administrator, issues a key for carol, and is none any more before the
# directory says who that is. It is tried again when the call came too late, or the directory was
# given up before.
issue_over_reload() {
    local i issuing
    for ((i = 0; i < 20; i++)); do
        printf '[daemon]\nadmin-group = daemon\n' >"$conf"
        run 0 ctl reload
        touch /etc/directory.silent
        as_bin key issue carol >"$dir/issued" 2>"$dir/issued.err" &
        issuing=$!
        wait_until asks
        echo "#" >"$conf"
        run 0 ctl reload
        rm -f /etc/directory.silent
        wait "$issuing"
        status=$?
        [[ $status != 0 ]] && ! grep -q 'read again' "$dir/issued.err" || return
    done
}

run 0 as_bin key issue carol
issue_over_reload
is "$status" 1
has "$(<"$dir/issued.err")" 'configuration was read again'
is "$(<"$dir/issued")" ''
run 4 as_bin key issue carol
run 0 ctl --jsonl key list
is "$(wc -l <<<"$out")" 1
