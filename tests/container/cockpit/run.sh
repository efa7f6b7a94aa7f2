#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: Cockpit accepts keys and passwords, but not of users that it disallows.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start cockpit
tie peer-root
{ lines_of cockpit && cat /etc/pam.d/cockpit; } >"$work/stack"
cp "$work/stack" /etc/pam.d/cockpit
service_runs cockpit.socket
login() { # USER SECRET: the log says who has got a session
    local since
    from_now
    curl_as "$1" "$2" -i http://127.0.0.1:9090/cockpit/login >"$work/answer" 2>&1
    cat "$work/answer"
    head -n 1 "$work/answer" | grep -q ' 200 ' && noted "pam_unix\\(cockpit:session\\): session opened for user $1\\("
}

service_logins
refused "root, who is disallowed, with a key" root "$(issue root)"
systemctl stop cockpit.socket cockpit.service
finish
