#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: kill -9 of the daemon at any moment loses no acknowledged change, leaves none half done and
# undoes no revocation. Clients issue, revoke, reset, rotate, rename and remove keys, import stores
# and remove an account, all at once, while keys expire.
#
#   060-kill.sh [ROUNDS [SEED]]
#
# Each change writes its audit record in its own transaction. So after a kill the log must have a
# record of every change that was acknowledged, and the keys must be what the log makes of them.
#
# There is no process substitution here. With one, after thousands of children, bash 5.2 was seen to
# wait for ever for a child that had ended.
[[ $(id -u) != 0 || -n ${UNSHARED-} ]] || ! unshare --mount true 2>/dev/null ||
    UNSHARED=1 exec unshare --mount "$0" "$@"

# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
rounds=${1-10} seed=${2-$((10#${EPOCHREALTIME#*.} % 32768))}
rounds_of_a_store=25
echo "$rounds rounds, seed $seed"

# --- An account that comes and goes, and another host whose store is imported

if [[ -n ${UNSHARED-} ]]; then
    cp -a /etc "$dir/etc"
    mount --bind "$dir/etc" /etc
    chmod 0700 "$dir/etc"
    chmod 0755 /etc
    echo 'comer:hash:19000:0:99999:7:::' >>/etc/shadow
    without=$(</etc/passwd)
fi
passwd() { # TEXT: the passwd file, moved into its place
    printf '%s\n' "$1" >/etc/passwd.new && mv /etc/passwd.new /etc/passwd
}
comer_is_there() { [[ -z ${UNSHARED-} ]] || passwd "$without"$'\ncomer:x:64321:64321::/:/bin/sh'; }

source_ctl() { ctl --control="$dir/source.control" "$@"; }
"$WFAPIKEYD" --state-dir="$dir/source" --verify-socket="$dir/source.verify" \
    --control-socket="$dir/source.control" >"$dir/source.log" 2>&1 &
children+=("$!")
wait_until source_ctl status
run 0 source_ctl policy set enabled=yes max-keys-per-user=1000
declare -A of_source # the secret of each of its keys
for _ in 1 2 3; do
    run 0 source_ctl key issue "$me"
    of_source[$(id_of "$out")]=$out
done

# --- The clients

# A client changes the keys that it has made itself, and notes in a file what was acknowledged. It
# ends when the daemon does not answer. A call that fails for another reason was not acknowledged:
# an import may have taken the key away.
call() { # WORD...: what it prints is in $answer
    answer=$(ctl "$@" 2>>"$dir/calls")
    case $? in
    0) return 0 ;;
    3) exit 0 ;;
    esac
    return 1
}
note() { echo "$*" >&"$notes"; }
issue() { # USER [OPTION]...: the id is in $id
    call key issue "$@" || return
    id=$(id_of "$answer")
    note issued "$id" "$answer" "$1"
}
rotate() { # ID [OPTION]...
    call key rotate "$@" || return
    note rotated "$1"
    note issued "$(id_of "$answer")" "$answer" "$me"
}
change() { # ID
    case $((RANDOM % 6)) in
    0) call key revoke "$1" && note revoked "$1" ;;
    1) call key reset "$1" && note reset "$1" "$answer" ;;
    2) call key rename "$1" "n$RANDOM" && note renamed "$1" ;;
    3) call key remove "$1" && note removed "$1" ;;
    4) rotate "$1" ;;
    5) rotate "$1" --overlap=1s ;;
    esac
}
changer() {
    while :; do
        issue "$me" || continue
        for ((i = RANDOM % 4; i > 0; i--)); do change "$id"; done
    done
}
expirer() {
    while :; do
        issue "$me" --expires=1s || continue
        [[ $((RANDOM % 3)) != 0 ]] || change "$id"
    done
}
importer() {
    while :; do
        sleep "0.$((RANDOM % 2))$((RANDOM % 10))"
        if [[ $((round % 2)) == 0 ]]; then
            call backup restore --yes "$dir/backup" && note imported -
        else
            source_ctl mirror export --to "$public" "$dir/mirror" && call mirror import "$dir/mirror" &&
                note imported -
        fi
    done
}
remover() {
    while :; do
        issue comer && issue comer
        passwd "$without"
        call account removed comer && note gone comer
        comer_is_there
    done
}
client() { # NAME NUMBER
    local notes id answer i
    exec {notes}>"$dir/notes.$2"
    RANDOM=$((seed + round * 8 + $2))
    "$1"
}

# --- What the log makes of the keys

declare -A state name resets predecessor
declare -A secret owner known # what a client got last, and how many resets that was after
declare -A backed_up happened # keys in the backup; how often what happened to which key
old=()                        # owners and secrets that must be refused for ever
seen=0                        # records of the rounds before
declare -A figures=()         # how many acknowledged changes of each kind, and sweeps

take_import() { # WHY
    local id
    for id in "${!state[@]}"; do
        [[ $1 == backup* && -n ${backed_up[$id]-} ]] || unset "state[$id]"
    done
    [[ $1 == mirror* ]] || return 0
    for id in "${!of_source[@]}"; do
        state[$id]=active name[$id]=key resets[$id]=0 predecessor[$id]=null
        secret[$id]=${of_source[$id]} owner[$id]=$me known[$id]=0
    done
}
take_record() { # EVENT ID WHY
    happened[$1 $2]=$((${happened[$1 $2]-0} + 1))
    case $1 in
    issued) state[$2]=active name[$2]=key resets[$2]=0 predecessor[$2]=null ;;
    rotated) name[$3]=${name[$2]} predecessor[$3]=\"$2\" ;;
    renamed) name[$2]=$3 ;;
    reset) resets[$2]=$((resets[$2] + 1)) ;;
    revoked) state[$2]=revoked ;;
    expired | retired)
        [[ ${state[$2]-none} == @(active|expired) ]] || fail "key $2 was ${state[$2]-removed} and is $1"
        state[$2]=expired figures[$1]=$((${figures[$1]-0} + 1))
        ;;
    removed) unset "state[$2]" ;;
    imported) take_import "$3" ;;
    esac
}
read_log() {
    local event id why
    happened=()
    head -n "$seen" "$dir/log" | cmp -s - "$dir/log.before" || fail "the audit log has lost records"
    tail -n +$((seen + 1)) "$dir/log" >"$dir/log.new"
    while read -r event id why; do
        take_record "$event" "$id" "$why"
    done <"$dir/log.new"
    mv "$dir/log" "$dir/log.before"
    seen=$(wc -l <"$dir/log.before")
}

# --- The checks

acknowledged_is_logged() {
    local what id key of
    declare -A noted=()
    cat "$dir"/notes.* >"$dir/notes"
    while read -r what id key of; do
        figures[$what]=$((${figures[$what]-0} + 1))
        noted[$what $id]=$((${noted[$what $id]-0} + 1))
        case $what in
        issued) secret[$id]=$key owner[$id]=$of known[$id]=0 ;;
        reset) old+=("$me ${secret[$id]}") secret[$id]=$key known[$id]=$((known[$id] + 1)) ;;
        gone)
            for id in "${!owner[@]}"; do
                [[ ${owner[$id]} == comer ]] || continue
                old+=("comer ${secret[$id]}")
                unset "secret[$id]" "owner[$id]"
            done
            unset "noted[gone comer]"
            ;;
        esac
    done <"$dir/notes"
    for what in "${!noted[@]}"; do
        [[ ${happened[$what]-0} -ge ${noted[$what]} ]] || fail "acknowledged and not in the log: $what"
    done
}
keys_are_as_logged() {
    local id of status before there=0
    tr '{' '\n' <"$dir/keys" | sed -n >"$dir/keys.lines" \
        's/^"id":"\([^"]*\)","name":"\([^"]*\)".*"status":"\([^"]*\)".*"predecessor":\([^,]*\),.*/\1 \2 \3 \4/p'
    while read -r id of status before; do
        there=$((there + 1))
        # The sweep may come later than the end of a key.
        [[ $status != refused ]] || status=active
        [[ $status != expired || ${state[$id]-} != active ]] || status=active
        is "key $id: $status, $of" "key $id: ${state[$id]-none}, ${name[$id]-}"
        [[ -z ${state[${before//\"/}]-} ]] || is "$id follows $before" "$id follows ${predecessor[$id]}"
    done <"$dir/keys.lines"
    is "$there keys" "${#state[@]} keys"
}
logins_are_as_logged() {
    local id
    for id in "${!secret[@]}"; do
        if [[ ${state[$id]-} == active && ${resets[$id]} == "${known[$id]}" ]]; then
            accepts "${secret[$id]}" "${owner[$id]}" || lives "${secret[$id]}" || fail "key $id is lost"
            continue
        fi
        verify "${owner[$id]}" <<<"${secret[$id]}" &&
            fail "key $id is ${state[$id]-removed}, with ${resets[$id]-no} resets, and good"
        unset "secret[$id]" "owner[$id]"
    done
    for id in "${old[@]}"; do
        verify "${id% *}" <<<"${id#* }" && fail "key $(id_of "${id#* }") was reset, or its account removed, and is good"
    done
}
same_moment() {
    logged_changes >"$dir/log" && ctl --json key list >"$dir/keys" && logged_changes | cmp -s - "$dir/log"
}
logged_changes() { # EVENT ID WHY of each, in the order in which they were written
    ctl audit list --verdict "done" --json | sed 's/^\[//; s/\]$//; s/},{/}\n{/g; s/"key":null/"key":"-"/g' |
        sed -nE 's/.*"event":"([^"]*)".*"key":"?([^",]*)"?,.*"detail":"?([^"]*)"?\}$/\1 \2 \3/p'
}
check() {
    wait_until same_moment
    read_log
    acknowledged_is_logged
    keys_are_as_logged
    logins_are_as_logged
    run 0 ctl audit verify
}

# --- The rounds

killed_at_a_start() {
    "$WFAPIKEYD" --state-dir="$dir/state" --verify-socket="$WFAPIKEY_VERIFY" --control-socket="$WFAPIKEY_CONTROL" \
        >>"$dir/daemon.log" 2>&1 &
    daemon=$!
    sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
    stop KILL
}
new_store() {
    [[ -z $daemon ]] || stop
    rm -rf "$dir/state"
    state=() name=() resets=() predecessor=() secret=() owner=() known=() old=() seen=0
    : >"$dir/log.before"
    RANDOM=$((seed + round * 8))
    [[ $((RANDOM % 2)) == 0 ]] || killed_at_a_start
    start
    run 0 ctl policy set enabled=yes max-keys-per-user=1000
    run 0 ctl mirror keygen
    public=$out
}
under_load() {
    local clients=() pid n=0 who
    rm -f "$dir"/notes.* "$dir/backup"
    run 0 ctl backup create --to "$public" "$dir/backup"
    backed_up=()
    for who in "${!state[@]}"; do backed_up[$who]=yes; done
    for who in changer changer expirer importer ${UNSHARED:+remover}; do
        n=$((n + 1))
        client "$who" "$n" &
        clients+=("$!")
    done
    sleep "0.$((RANDOM % 5))$((RANDOM % 10))$((RANDOM % 10))$((RANDOM % 10))"
    stop KILL
    for pid in "${clients[@]}"; do wait "$pid" || fail "a client has ended with $?"; done
}
for ((round = 0; round < rounds; round++)); do
    comer_is_there
    [[ $((round % rounds_of_a_store)) != 0 ]] || new_store
    RANDOM=$((seed + round * 8))
    under_load
    comer_is_there
    [[ $((RANDOM % 4)) != 0 ]] || killed_at_a_start
    start
    check
done
echo "nothing is lost of what was acknowledged, nor of what the daemon swept:"
for what in "${!figures[@]}"; do echo "$what ${figures[$what]}"; done | sort
