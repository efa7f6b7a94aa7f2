#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The tree is the architecture: a folder of daemon/ is a room, and a room sees those that its row names and nothing else. Every room sees
# common/ as well. The files of daemon/ itself are the hall, which sees every room. pam/ and ctl/ see common/ and themselves. A library from
# outside has one place where it is known.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

# room | what lives there | what it may see
rooms='base | loop helpers, log, clock, configuration, roles, peers, helper processes, NSS | record.h
rules | policy, the order of refusals, expiry, explain, folding, counts: facts in, verdict out | record.h
secret | keys, peppers, sealing | record.h base
store | the database and the writer thread | record.h base
cert | certificates, chains, revocation lists | record.h base
keys | what happens to a key in its life | record.h base rules secret store
accounts | who exists, whose password has expired | record.h base rules store keys
mirror | copies and backups of a whole store | record.h base rules secret store cert keys
login | the verify socket | record.h base rules secret store cert keys accounts
control | the control socket | record.h base rules secret store cert keys accounts mirror login'

# What others than its own room do not see, though they see the room.
private='store/store_stmt.h store/store_chain.h'

# Header from outside, and the files that may include it; the first row that fits the header counts.
libraries='sqlite3.h daemon/store/*
sodium* daemon/secret/@(keymint|seal).c
openssl/* @(daemon/cert/*|ctl/certfile.c|ctl/signkey.c)
libsmartcols/* ctl/print.c
ini.h daemon/base/conf_file.c
seccomp.h daemon/base/cage.c
security/* @(pam/*|daemon/control/helper_password.c)
systemd/sd-bus*.h @(daemon/control|ctl)/*
systemd/sd-journal.h daemon/base/log.c
systemd/* daemon/*
@(pthread|threads|semaphore|spawn).h daemon/*
@(sys|arpa|net|netinet|linux)/* *
@(assert|ctype|dirent|endian|errno|fcntl|fnmatch|getopt|glob|grp|inttypes|langinfo|limits|locale|malloc|math).h *
@(netdb|poll|pwd|sched|shadow|signal|string|strings|syslog|termios|time|uchar|unistd|wchar|wctype|std*).h *
* no file that tests/lint/layering.sh knows of'

declare -A sees # room -> " what it sees "
while IFS='|' read -r room _ list; do
        sees[${room// /}]=" $list "
done <<<"$rooms"

from_outside() { # FILE HEADER: who alone may include it, if FILE may not
        # shellcheck disable=SC2053 # both are patterns
        while read -r header files; do
                [[ $2 == $header ]] || continue
                [[ $1 == $files ]] || echo "<$2> belongs into $files"
                return
        done <<<"$libraries"
}

in_daemon() { # ROOM HEADER: what is wrong with that, ROOM being "" for the hall
        local to=${2%/*}
        if [[ $2 != */* && -e common/$2 ]]; then
                return
        elif [[ ! -e daemon/$2 ]]; then
                echo "\"$2\": name it as ROOM/FILE.h, or put it into common/"
        elif [[ -n $1 && $to != "$1" && ${sees[$1]-} != *" $to "* ]]; then
                echo "room $1 must not see \"$2\": turn it round, or hand the facts down"
        elif [[ $to != "$1" && " $private " == *" $2 "* ]]; then
                echo "\"$2\" is for room $to alone"
        fi
}

from_here() { # FILE HEADER: what is wrong with that
        local own=${1%%/*} room=${1#daemon/}
        if [[ $own == daemon ]]; then
                [[ $room == */* ]] && room=${room%%/*} || room=
                in_daemon "$room" "$2"
        elif [[ $2 == */* || ! ( -e $own/$2 || -e common/$2 ) ]]; then
                echo "\"$2\": include only what is in $own/ or common/"
        fi
}

for file in daemon/*/*.[ch]; do
        room=${file#daemon/} room=${room%%/*}
        [[ -n ${sees[$room]-} ]] || report "give room $room its row in tests/lint/layering.sh" "$file:1:"
done
while IFS=: read -r file line text; do
        wrong=
        case $text in
        \<*) wrong=$(from_outside "$file" "${text#<}") ;;
        \"*) wrong=$(from_here "$file" "${text#\"}") ;;
        esac
        [[ -z $wrong ]] || report "$wrong" "$file:$line:"
done < <(code "${sources[@]}" "${headers[@]}" | sed -E 's/^([^:]*:[0-9]*:)[ \t]*#[ \t]*include[ \t]*(["<][^">]*).*/\1\2/')

# A header is named by its place, so the place must say which one is meant; and <limits.h> must not find one of ours.
twice=$(printf '%s\n' "${headers[@]}" | grep -v '^ctl/' | sed 's|.*/||' | sort | uniq -d)
while read -r name; do
        [[ -z $name ]] || report "two headers have this name" "$(printf '%s\n' "${headers[@]}" | grep "/$name$" | sed 's/$/:1:/')"
done <<<"$twice"
finish
