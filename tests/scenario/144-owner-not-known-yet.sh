#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: right after a restore, and right after an account has moved from passwd to a directory, a
# login waits for what the directory says. If the directory says nothing in time, that is an outage,
# never a wrong key.
# shellcheck source=tests/scenario/directory.sh
. "${0%/*}/directory.sh"

carol='carol:x:65001:65001::/:/bin/sh'
silent() { touch /etc/directory.silent; }
accepted() { verify carol <<<"$key"; }
speak() { rm -f /etc/directory.silent; }
waiting() { ctl metrics | grep -qx 'wfapikey_queue_length{queue="accounts"} 1'; }
status_of() { # USER KEY
    ctl verify --server-uid=0 "$1" <<<"$2" >/dev/null 2>&1
    echo $?
}

# login_while_silent WANT: a login with carol's key that begins while the directory is silent. It
# has a second and a half; on a machine that is slower than that the answer is an outage, and the
# next try is made.
login_while_silent() {
    local i login
    for ((i = 0; i < 30; i++)); do
        silent
        "$1"
        status_of carol "$key" >"$dir/status" &
        login=$!
        wait_until eval "waiting || [[ -s $dir/status ]]"
        speak
        wait "$login"
        status=$(<"$dir/status")
        [[ $status == 3 ]] || return
        wait_until accepted
    done
}

# The store forgets carol, and the backup brings her key back. The restore itself waits for the
# directory, so it runs beside the login.
restore() {
    run 0 ctl key remove "$(id_of "$key")"
    stop
    sqlite3 "$dir/state/keys.db" 'DELETE FROM account'
    start
    ctl backup restore --yes --revive "$dir/backup" >"$dir/restored" 2>&1 &
    children+=($!)
    wait_until ctl key show "$(id_of "$key")"
}

echo "$carol" >/etc/directory
start
run 0 ctl policy set enabled=yes
run 0 ctl key issue carol
key=$out
is "$(status_of carol "$key")" 0
run 0 ctl mirror keygen
run 0 ctl backup create --to "$out" "$dir/backup"

login_while_silent restore
is "$status" 0

# Nobody answers: an outage, and the journal says of what.
silent
restore
is "$(status_of carol "$key")" 3
logged "it is not known yet whether the key's owner exists"
speak
wait_until accepted

# Carol is known as a user of passwd, and moves to the directory while that says nothing.
move() {
    : >/etc/directory
    speak
    echo "$carol" >>/etc/passwd
    wait_until is_known 1
    silent
    echo "$carol" >/etc/directory
    grep -v '^carol:' /etc/passwd >/etc/passwd.new
    mv /etc/passwd.new /etc/passwd
    wait_until is_known 2
}
is_known() { # STATE: 1 present, 2 gone
    [[ $(sqlite3 "$dir/state/keys.db" "SELECT state FROM account WHERE name = 'carol' AND local") == "$1" ]]
}
login_while_silent move
is "$status" 0

# A wrong secret is wrong at once, whatever is known of the owner.
move
run 0 ctl key reset "$(id_of "$key")"
run 6 ctl verify --server-uid=0 carol <<<"$key"
has "$err" "secret is wrong"
speak
