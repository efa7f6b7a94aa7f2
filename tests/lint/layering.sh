#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The tree is the architecture: an include never points upward. A file of daemon/ may include its own layer and those
# below, except that policy (2) does not see the store (1); every tree sees common/ and, else, only itself.
# A library from outside has one place where it is known.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

layer() { # The layer of a file of daemon/, by its stem. A new file gets its place here.
        case $1 in
        log | message | cage | conf | conf_file | clock | account | record | peer | pepper | pid1 | role | secretfile | bytes | helper | helper_password | pwage | account_*) echo 0 ;;
        store | store_* | schema | worker) echo 1 ;;
        policy | policy_rule | expiry | explain | fold | limits | tally | tries | keymint | seal | cert | cert_*) echo 2 ;;
        main | server | bootstrap | sockets | listener | control_bus | control_gate | watchdog) echo 4 ;;
        audit | certs | verify | verify_* | trust | judge | uses | mirror | mirror_* | control | control_* | issue | facts | firstuse | retire | seed | sweep | sweeper | accounts | accounts_*) echo 3 ;;
        *) return 1 ;;
        esac
}

# Header from outside, and the files that may include it; the first row that fits the header counts.
libraries='sqlite3.h daemon/store@(*.c|_*.h)
sodium* daemon/@(keymint|seal).c
openssl/* @(daemon/cert*.c|daemon/cert_x509.h|ctl/certfile.c|ctl/signkey.c)
libsmartcols/* ctl/print.c
ini.h daemon/conf_file.c
seccomp.h daemon/cage.c
security/* @(pam/*|daemon/helper_password.c)
systemd/sd-bus*.h @(daemon/control|ctl/)*
systemd/sd-journal.h daemon/log.c
systemd/* daemon/*
@(pthread|threads|semaphore|spawn).h daemon/*
@(sys|arpa|net|netinet|linux)/* *
@(assert|ctype|dirent|endian|errno|fcntl|fnmatch|getopt|glob|grp|inttypes|langinfo|limits|locale|malloc|math).h *
@(netdb|poll|pwd|sched|shadow|signal|string|strings|syslog|termios|time|uchar|unistd|wchar|wctype|std*).h *
* no file that tests/lint/layering.sh knows of'

from_outside() { # FILE HEADER: who alone may include it, if FILE may not
        # shellcheck disable=SC2053 # both are patterns
        while read -r header files; do
                [[ $2 == $header ]] || continue
                [[ $1 == $files ]] || echo "<$2> belongs into $files"
                return
        done <<<"$libraries"
}

from_here() { # FILE HEADER: what is wrong with that
        local own=${1%%/*} stem=${1##*/} from to
        if [[ $own != daemon || ( -e common/$2 && ! -e daemon/$2 ) ]]; then
                [[ $2 != */* && ( -e $own/$2 || -e common/$2 ) ]] ||
                        echo "\"$2\": include only what is in $own/ or common/"
        elif [[ $2 == store_* && $1 != daemon/store* ]]; then
                echo "\"$2\": include store.h, which is all that others see of the store"
        elif ! to=$(layer "${2%.h}"); then
                echo "\"$2\": include what is in common/ or has its layer in tests/lint/layering.sh"
        elif from=$(layer "${stem%.?}") && [[ $to -gt $from || $from$to == 21 ]]; then
                echo "layer $from must not see \"$2\" of layer $to: turn it round, or hand the facts down"
        fi
}

while IFS=: read -r file line text; do
        stem=${file##*/} wrong=
        case $text in
        \<*) wrong=$(from_outside "$file" "${text#<}") ;;
        \"*) wrong=$(from_here "$file" "${text#\"}") ;;
        esac
        if [[ $line == 1 && $file == daemon/* ]] && ! layer "${stem%.?}" >/dev/null; then
                wrong="give this file its layer in tests/lint/layering.sh"
        fi
        [[ -z $wrong ]] || report "$wrong" "$file:$line:"
done < <(code "${sources[@]}" "${headers[@]}" | sed -E 's/^([^:]*:[0-9]*:)[ \t]*#[ \t]*include[ \t]*(["<][^">]*).*/\1\2/')
finish
