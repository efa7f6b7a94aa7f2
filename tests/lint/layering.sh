#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The tree is the architecture. A folder of daemon/ or ctl/ is a room. A room sees common/ and the
# rooms that its row names, and nothing else. The files of daemon/ and ctl/ themselves are the hall,
# which sees every room. pam/ and fleet/ see common/ and themselves. Each library from outside is
# known at one place.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

# room | what lives there | what it may see
rooms='base | loop helpers, log, clock, configuration, roles, peers, helper processes, NSS | record.h record_audit.h record_policy.h
rules | policy, the order of refusals, expiry, explain, folding, counts: facts in, verdict out | record.h record_audit.h record_policy.h
secret | keys, peppers, sealing | record.h record_audit.h record_policy.h base
store | the database and the writer thread | record.h record_audit.h record_policy.h base
cert | certificates, chains, revocation lists | record.h record_audit.h record_policy.h base
keys | what happens to a key in its life | record.h record_audit.h record_policy.h base rules secret store
accounts | who exists, whose password has expired | record.h record_audit.h record_policy.h base rules store keys
mirror | copies and backups of a whole store | record.h record_audit.h record_policy.h base rules secret store cert keys
fleet | the part of this host in a fleet | record.h record_audit.h record_policy.h base rules secret store cert keys mirror
login | the verify socket | record.h record_audit.h record_policy.h base rules secret store cert keys accounts
control | the control socket | record.h record_audit.h record_policy.h base rules secret store cert keys accounts mirror fleet login'

# The same for ctl/.
ctl_rooms='cli | the command line, messages, prompts, files |
draw | what people and programs see on stdout | cli
call | what talks to the daemon | cli draw
pki | certificates, private keys, signing | cli draw call
doctor | wfapikeyctl doctor | cli draw call
key | the commands about keys | cli draw call pki
scan | keys in files and in histories of git | cli draw call key
backup | mirrors and backups | cli draw call
admin | policy, status, audit log, metrics | cli draw call
fleet | hosts with the same keys | cli draw call'

# Headers that only their own room sees.
private='store/store_stmt.h store/store_chain.h store/store_fill.h store/store_files.h store/store_note.h
store/store_once.h store/store_record.h store/store_reserve.h store/store_row.h store/store_schema.h fleet/fleet_state.h'

# A header from outside, and the files that may include it. The first row that fits the header
# counts.
libraries='sqlite3.h daemon/store/*
sodium* daemon/secret/@(frame|keymint|seal).c
openssl/* @(daemon/cert/*|ctl/pki/@(certfile|certpiece|signkey).c)
libsmartcols/* ctl/draw/table.c
ini.h daemon/base/conf_file.c
seccomp.h daemon/base/cage.c
security/* @(pam/*|daemon/control/helper_password.c)
libpq-fe.h fleet/@(answer|database|setup|carry*).[ch]
systemd/sd-bus*.h @(daemon/control|ctl/call|fleet)/*
systemd/sd-journal.h daemon/base/log.c
systemd/sd-@(daemon|event).h @(daemon/*|fleet/*|common/@(notify|watchdog).[ch])
systemd/* @(daemon|fleet)/*
pthread.h @(daemon/*|fleet/database.c)
@(threads|semaphore|spawn).h daemon/*
@(sys|arpa|net|netinet|linux)/* *
@(assert|ctype|dirent|endian|errno|fcntl|fnmatch|getopt|glob|grp|inttypes|langinfo|limits|locale|malloc|math).h *
@(netdb|poll|pwd|sched|shadow|signal|string|strings|syslog|termios|time|uchar|unistd|wchar|wctype|std*).h *
* no file that tests/lint/layering.sh knows of'

declare -A sees # daemon/ROOM or ctl/ROOM -> " what it sees "
while IFS='|' read -r room _ list; do
        sees[${room// /}]=" $list "
done < <(sed 's|^|daemon/|' <<<"$rooms" && sed 's|^|ctl/|' <<<"$ctl_rooms")

# What follows sets wrong, because a process for each line of each file would take minutes.
mapfile -t libraries <<<"$libraries"
declare -A belongs # header -> the files of its row
from_outside() { # FILE HEADER: which files may include it, if FILE may not
        local row
        # shellcheck disable=SC2053 # both are patterns
        if [[ -z ${belongs[$2]-} ]]; then
                for row in "${libraries[@]}"; do
                        [[ $2 != ${row%% *} ]] || break
                done
                belongs[$2]=${row#* }
        fi
        # shellcheck disable=SC2053
        [[ $1 == ${belongs[$2]} ]] || wrong="<$2> belongs into ${belongs[$2]}"
}

from_room() { # TREE ROOM HEADER: what is wrong with that, ROOM being "" for the hall
        local to=${3%/*}
        if [[ $3 != */* && -e common/$3 ]]; then
                return
        elif [[ ! -e $1/$3 ]]; then
                wrong="\"$3\": name it as ROOM/FILE.h, or put it into common/"
        elif [[ -n $2 && $to != "$2" && ${sees[$1/$2]-} != *" $to "* ]]; then
                wrong="room $2 must not see \"$3\": turn it round, or hand the facts down"
        elif [[ $to != "$2" && " ${private//$'\n'/ } " == *" $3 "* ]]; then
                wrong="\"$3\" is for room $to alone"
        fi
}

from_here() { # FILE HEADER: what is wrong with it
        local own=${1%%/*} room=${1#*/}
        if [[ $own == @(daemon|ctl) ]]; then
                [[ $room == */* ]] && room=${room%%/*} || room=
                from_room "$own" "$room" "$2"
        elif [[ $2 == */* || ! ( -e $own/$2 || -e common/$2 ) ]]; then
                wrong="\"$2\": include only what is in $own/ or common/"
        fi
}

for file in {daemon,ctl}/*/*.[ch]; do
        [[ -n ${sees[${file%/*}]-} ]] || report "give room ${file%/*} its row in tests/lint/layering.sh" "$file:1:"
done
while IFS=: read -r file line text; do
        wrong=
        case $text in
        \<*) from_outside "$file" "${text#<}" ;;
        \"*) from_here "$file" "${text#\"}" ;;
        esac
        [[ -z $wrong ]] || report "$wrong" "$file:$line:"
done < <(code "${sources[@]}" "${headers[@]}" | sed -nE 's/^([^:]*:[0-9]*:)[ \t]*#[ \t]*include[ \t]*(["<][^">]*).*/\1\2/p')

# A source includes a header by its place, so the place must say which header is meant. And
# <limits.h> must not find a header of the project.
twice=$(printf '%s\n' "${headers[@]}" | sed 's|.*/||' | sort | uniq -d)
while read -r name; do
        [[ -z $name ]] || report "two headers have this name" "$(printf '%s\n' "${headers[@]}" | grep "/$name$" | sed 's/$/:1:/')"
done <<<"$twice"
finish
