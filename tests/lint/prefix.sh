#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A function that foo.c exports is called foo or foo_*. So its name says where it is, and no two
# files can clash.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

list=$(functions "${sources[@]}") || exit
while read -r file line _ scope name; do
        stem=${file##*/} stem=${stem%.c}
        [[ $scope == - && $name != "$stem" && $name != "$stem"_* ]] || continue
        case $file:$name in
        */main.c:main | pam/*:pam_sm_* | *:LLVMFuzzerTestOneInput) ;;
        *) report "make it static, or call it ${stem}_..." "$file:$line:$name()" ;;
        esac
done <<<"$list"
finish
