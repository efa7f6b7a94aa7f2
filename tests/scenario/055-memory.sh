#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: after logins, refused ones, issue, reset and rotation no part of a secret is in the memory
# of the daemon, its files, its log, its arguments or its environment, and the pepper is in no file
# but its own.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

command -v gdb >/dev/null || skip "gdb is missing, which copies the memory"
[[ $(id -u) -eq 0 ]] || skip "only root may copy the memory of the daemon"
# A sanitizer keeps what was freed.
grep -q __asan_init "$WFAPIKEYD" 2>/dev/null && skip "a sanitizer keeps what was freed"

planted=() # secrets
logins=${WFAPIKEY_LOGINS:-20}

copy_memory() {
    rm -f "$dir/core"
    gdb -nx -batch -p "$daemon" -ex "generate-core-file $dir/core" >"$dir/gdb.log" 2>&1
    [[ -s $dir/core ]] || fail "no copy of the memory: $(<"$dir/gdb.log")"
}

# Of the texts on standard input EXPECTED is in the files, and no other. Because that one is found,
# the others would be.
only() { # WHERE EXPECTED FILE...
    [[ $(LC_ALL=C grep -haoF -f - -- "${@:3}" | sort -u) == "$2" ]] || fail "$1: a part of a secret, or not even '$2'"
}

nowhere() { # WHEN
    local secret part parts=''
    copy_memory
    for secret in "${planted[@]}"; do
        for part in "${secret:0:14}" "${secret:14:14}" "${secret:28:14}"; do parts+=$part$'\n'; done
    done
    only "$1, in the memory" planted-name "$dir/core" <<<"${parts}planted-name"
    only "$1, in a file" planted-name "$dir"/state/* "$dir/daemon.log" <<<"${parts}planted-name"
    only "$1, in /proc" "$dir" "/proc/$daemon/cmdline" "/proc/$daemon/environ" <<<"$parts$dir"
}

plant() { # KEY
    planted+=("${1:15:42}")
}

start --debug
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me" --name planted-name
key=$out
plant "$key"

for ((i = 0; i < logins; i++)); do
    verify "$me" <<<"$key" || fail "the key is not accepted"
    verify root2 <<<"$key" && fail "another user gets in"
done
# A secret that is wrong may be right elsewhere. The last digits are a checksum.
wrong=$(ctl key issue "$me" --name other)
plant "$wrong"
run 0 ctl key revoke "$(id_of "$wrong")"
verify "$me" <<<"$wrong" && fail "a revoked key is accepted"
nowhere "after logins"

run 0 ctl key reset "$(id_of "$key")"
key=$out
plant "$key"
run 0 ctl key rotate "$(id_of "$key")"
plant "$out"
verify "$me" <<<"$out" || fail "the rotated key is not accepted"
# The connections are gone, and what they had.
nowhere "after a reset and a rotation"

run 0 ctl key list
pepper=$(od -An -v -tx1 "$dir"/state/pepper* | tr -d ' \n')
[[ ${#pepper} -ge 64 ]] || fail "no pepper: '$pepper'"
for file in "$dir"/state/keys.db* "$dir/daemon.log"; do
    [[ $(od -An -v -tx1 "$file" | tr -d ' \n') != *"${pepper:0:32}"* ]] || fail "the pepper is in $file"
done
