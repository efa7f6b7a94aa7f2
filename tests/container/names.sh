#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a user exists for the daemon when it exists for glibc, whatever the name begins with. A line
# of passwd that begins with a dash or a plus is an instruction of NIS, and no user. A directory may
# have a user with such a name: that user has keys and logs in.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

names=(-dash --name - +plus mid-dash)
sed -i 's/^\(passwd\|shadow\):.*/\1: files extrausers/' /etc/nsswitch.conf
mkdir -p /var/lib/extrausers
start_wfapikey || not_ok "the daemon starts"

uid=4000 # of the first name; getent prints none for a name that begins so
passwd_lines() { for i in "${!names[@]}"; do echo "${names[i]}:x:$((uid + i)):$uid::/:/bin/sh"; done; }
shadow_lines() { printf '%s:*:20000:0:99999:7:::\n' "${names[@]}"; }

own_keys() { setpriv --reuid=$((uid + $1)) --regid="$uid" --clear-groups wfapikeyctl key list; }
has_key() { own_keys "$1" | grep "^$2 "; } # INDEX ID

check_names() { # WHERE
    local i name key
    known=0
    for i in "${!names[@]}"; do
        name=${names[i]}
        if getent passwd -- "$name" >/dev/null; then
            known=$((known + 1))
            key=$(wfapikeyctl key issue -- "$name")
            test_that "$1: $name is a user, and logs in" wfapikeyctl verify -- "$name" <<<"$key"
            test_that "$1: $name sees the key" has_key "$i" "$(id_of "$key")"
        else
            wfapikeyctl key issue -- "$name" >"$work/answer" 2>&1
            test_that "$1: $name is no user" grep -F "knows no user '$name'" "$work/answer"
        fi
    done
}

passwd_lines >/var/lib/extrausers/passwd
shadow_lines >/var/lib/extrausers/shadow
check_names "in a directory"
test_that "glibc knows all of these" test "$known" = "${#names[@]}"

truncate -s 0 /var/lib/extrausers/*
passwd_lines >>/etc/passwd
shadow_lines >>/etc/shadow
check_names "in passwd"
test_that "glibc knows one of these" test "$known" = 1
finish
