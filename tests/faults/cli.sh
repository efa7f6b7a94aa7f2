#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a call that fails in wfapikeyctl does not lose a new key silently, shows none that is not
# stored, and makes no command say "done" that was not. Nothing crashes, waits for ever or fails
# without a word.
#
# The daemon is whole. Each round runs one command in which one call of one function fails.
#
#   FAULTS=40     how many rounds, spread over all functions, or "all"
#   FAULTS_FROM=0 which ones
#   cli.sh ROUND  one round again, as a failure names it

# shellcheck source=tests/faults/lib.sh
. "${0%/*}/lib.sh"

# shellcheck disable=SC2034 # lib.sh goes through them
commands=(issue rotate reset revoke remove bind policy verify verify_dead list show audit status cert backup scan)

make_base() {
    # shellcheck source=tests/scenario/pki.sh
    . "$top_srcdir/tests/scenario/pki.sh"
    start
    run 0 ctl policy set enabled=yes max-keys-per-user=1000
    pki_layout
    pki_cert other middle /CN=other "$pki_client"
    cp "$pki/other.pem" "$base"
    run 0 ctl cert add "$pki/alice.pem"
    pki_thumbprint alice >"$base/thumbprint"
    pki_thumbprint other >"$base/thumbprint.other"
    run 0 ctl mirror keygen
    export FAULTS_CONTROL=$WFAPIKEY_CONTROL FAULTS_VERIFY=$WFAPIKEY_VERIFY
}

# --- One round

has_key() { [[ $shown =~ ^wfk_[0-9A-Za-z]{10}_[0-9A-Za-z]{48}$ ]]; }
good() { ctl verify "$me" --server-uid="$(id -u)" <<<"$1" >/dev/null 2>&1; }
list() { ctl --json key list "$me"; }
own_key() { # a key for this round alone: $key, $number
    key=$(ctl key issue "$me" --name "own-$$") || wrong "no key for this round"
    number=$(id_of "$key")
}

# The command with the call that fails. Its output is in $shown and $dir/err.
try() { # [ARGUMENT]...
    truncate -s 8192 "$dir/counts"
    timeout "$patience" setarch -R env LD_PRELOAD="$library" FAULTS_FILE="$dir/counts" FAULTS_PLAN="$fault" \
        "$WFAPIKEYCTL" "$@" >"$dir/shown" 2>"$dir/err" <"$dir/in"
    ended=$?
    shown=$(<"$dir/shown")
    [[ $ended != 124 ]] || wrong "it waits for ever"
    [[ $ended -le 6 || $ended == 124 ]] || wrong "it ended with $ended"
    [[ $ended == 0 || -s $dir/err || -n $wordless ]] || wrong "it fails without a word"
}
says_so() { grep -qE 'key reset|key list|may have been made|was made' "$dir/err"; }
# A new key is shown, or is not there, or the command says what happened.
new_key() { # IS-THERE: whether there is one
    if has_key; then
        good "$shown" || wrong "a key was shown that is not stored"
        [[ $ended == 0 ]] || says_so || [[ -s $dir/err ]] || wrong "a key was shown, and no word why it failed"
        return
    fi
    [[ $ended != 0 ]] || wrong "done, and no key was shown"
    [[ $1 == no ]] || says_so || wrong "a key was lost silently: $(<"$dir/err")"
}

one_at_a_time() {
    exec {lock}>"$base/lock"
    flock "$lock"
}
do_issue() {
    try key issue "$me" --name "new-$$"
    new_key "$([[ $(list) == *"\"name\":\"new-$$\""* ]] && echo yes || echo no)"
}
do_rotate() {
    own_key
    try key rotate "$number"
    new_key "$([[ $(list) == *"\"predecessor\":\"$number\""* ]] && echo yes || echo no)"
}
do_reset() {
    own_key
    try key reset "$number"
    new_key "$(good "$key" && echo no || echo yes)"
}
do_revoke() {
    own_key
    try key revoke "$number"
    [[ $ended != 0 ]] || ! good "$key" || wrong "revoked, and good"
}
do_remove() {
    own_key
    try key remove "$number"
    [[ $ended != 0 ]] || ! ctl key show "$number" >/dev/null 2>&1 || wrong "removed, and there"
}
do_bind() {
    own_key
    try key bind "$number" "$(<"$base/thumbprint")"
    [[ $ended != 0 ]] || ! good "$key" || wrong "bound, and good without its certificate"
}
do_policy() {
    one_at_a_time
    ctl policy set idle=none
    try policy set idle=999d
    [[ $ended != 0 || $(ctl policy show idle) == 999d ]] || wrong "set, and not set"
}
do_verify() {
    own_key
    echo "$key" >"$dir/in"
    try verify "$me" --server-uid="$(id -u)"
    [[ $ended != 6 || $fault == read* ]] || wrong "a good key is called refused: $(<"$dir/err")"
    [[ $ended != 0 || $shown == "accepted: key $number"* ]] || wrong "accepted, and it says '$shown'"
}
do_verify_dead() {
    own_key
    ctl key revoke "$number" >/dev/null 2>&1
    echo "$key" >"$dir/in"
    try verify "$me" --server-uid="$(id -u)"
    [[ $ended != 0 ]] || wrong "a revoked key is accepted"
}
do_list() {
    own_key
    try --json key list "$me" --search "own-$$"
    [[ $ended != 0 || $shown == *"$number"*']' ]] || wrong "done, and it says '$shown'"
}
do_show() {
    own_key
    try key show "$number"
    [[ $ended != 0 || $shown == *"own-$$"* ]] || wrong "done, and it says '$shown'"
    [[ $ended != 0 || $shown == "$(ctl key show "$number")" ]] || wrong "done, and a part is missing: '$shown'"
}
do_audit() {
    own_key
    try audit list --key "$number"
    [[ $ended != 0 || $shown == "$(ctl audit list --key "$number")" ]] || wrong "done, and it says '$shown'"
}
do_status() {
    one_at_a_time
    try policy show
    [[ $ended != 0 || $shown == "$(ctl policy show)" ]] || wrong "done, and it says '$shown'"
}
do_cert() {
    one_at_a_time
    ctl cert remove "$(<"$base/thumbprint.other")" >/dev/null 2>&1
    try cert add "$base/other.pem"
    [[ $ended != 0 ]] || ctl cert show "$(<"$base/thumbprint.other")" >/dev/null 2>&1 || wrong "registered, and not there"
}
do_backup() {
    one_at_a_time
    try backup create "$dir/backup"
    if [[ $ended == 0 ]]; then
        ctl backup restore --dry-run "$dir/backup" >/dev/null 2>"$dir/err" || wrong "the backup is bad: $(<"$dir/err")"
    elif [[ -e $dir/backup ]]; then
        ctl backup restore --dry-run "$dir/backup" >/dev/null 2>&1 || wrong "a bad backup is left behind"
    fi
    [[ -z $(find "$dir" -name '*.tmp*' -o -name 'backup?*' -o -name '.backup*') ]] || wrong "something is left behind: $(ls -a "$dir")"
}
do_scan() {
    own_key
    echo "here: $key" >"$dir/in"
    wordless=yes # status 6 says that a key was found
    try scan -
    # What ends at once is an empty input.
    [[ $ended != 0 || $fault == "read "*" 3" ]] || wrong "a key was not found, without a word"
    [[ $shown != *"${key:15}"* ]] || wrong "the secret is shown"
}

round() { # COMMAND FUNCTION STACK N WAY
    local command=$1
    fault=${*:2}
    wordless=''
    export WFAPIKEY_CONTROL=$FAULTS_CONTROL WFAPIKEY_VERIFY=$FAULTS_VERIFY
    : >"$dir/in"
    # Messages cannot be written when that is what fails, or when a descriptor looks closed.
    [[ $fault != fcntl\ * && $fault != *_chk* && $fault != *put* && $fault != write* && $fault != fflush* ]] || wordless=yes
    number=''
    "do_$command"
    ! has_key || ctl key remove "$(id_of "$shown")" >/dev/null 2>&1
    [[ -z $number ]] || ctl key remove "$number" >/dev/null 2>&1
}

main "$@"
