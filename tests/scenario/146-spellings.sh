#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: where a directory ignores case or takes user@realm, a login by another spelling of the
# owner's name is the owner's. What the directory said is remembered: it may be silent at the next
# login. A user of passwd with that very name is another user, and no other key gets in.
# shellcheck source=tests/scenario/directory.sh
. "${0%/*}/directory.sh"

status_of() { # USER: 0 accepted, 6 refused, 3 undecided
    ctl verify --server-uid=0 "$1" <<<"$key" >/dev/null 2>&1
    echo $?
}
status_in_time() { # USER: again where the directory has not answered in time
    local i status
    for ((i = 0; i < 20; i++)); do
        status=$(status_of "$1")
        [[ $status == 3 ]] || break
    done
    echo "$status"
}
somebody_else() { [[ $(status_of Carol) == 6 ]]; }

printf '%s\n' 'carol:x:65001:65001::/:/bin/sh' 'carola:x:65002:65002::/:/bin/sh' >/etc/directory
start
run 0 ctl policy set enabled=yes
run 0 ctl key issue CAROL
key=$out
is "$(ctl --json key show "$(id_of "$key")" | grep -o '"owner":"[^"]*"')" '"owner":"carol"'
is "$(status_of carol)" 0

# The directory is asked for a spelling once. The login waits for it.
for user in Carol carol@example.com 'CAROL@example.com'; do
    is "$(status_in_time "$user")" 0
    logged "user '$user', service 'wfapikeyctl', source 'unknown', asked by uid 0 (the key's owner is 'carol')"
done
touch /etc/directory.silent
is "$(status_of Carol)" 0
is "$(status_of CAROL)" 3
logged "it is not known yet whether this is another spelling of the owner's name (the key's owner is 'carol')"
is "$(status_of carola)" 6
logged "the key belongs to another user (the key's owner is 'carol')"
rm /etc/directory.silent
is "$(status_in_time CAROL)" 0

# passwd comes first, so Carol is somebody else now.
echo 'Carol:x:65003:65003::/:/bin/sh' >/etc/passwd.new
cat /etc/passwd >>/etc/passwd.new
mv /etc/passwd.new /etc/passwd
wait_until somebody_else
is "$(status_of carol)" 0
