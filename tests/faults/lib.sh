# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the scripts with failing calls share. A script makes the state that each round begins with
# (make_base, into $base), and has a function round PLAN. It runs itself for each round.
[[ $(uname -m) == x86_64 ]] || { echo "skipped: faults.c is for x86-64"; exit 77; }
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/../scenario/lib.sh"

library=${abs_top_builddir:?}/tests/faults/faults.so
patience=60
status=0
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0

wrong() { # TEXT: this round has failed
    printf 'WRONG: %s\n' "$1"
    status=1
}
ctl() { timeout "$patience" "$WFAPIKEYCTL" "$@"; }

# begin_with PLAN [OPTION]...: a daemon with a call that fails. It may end at once.
begin_with() {
    truncate -s 8192 "$dir/counts"
    setarch -R env LD_PRELOAD="$library" FAULTS_FILE="$dir/counts" FAULTS_PLAN="$1" \
        "$WFAPIKEYD" --state-dir="$dir/state" \
        --verify-socket="$WFAPIKEY_VERIFY" --control-socket="$WFAPIKEY_CONTROL" "${@:2}" >>"$dir/daemon.log" 2>&1 &
    daemon=$!
    wait_for_socket
}
# Until there is a daemon that answers, or none. What it would say may be what fails.
wait_for_socket() {
    local i
    for ((i = 0; i < patience * 100; i++)); do
        [[ ! -S $WFAPIKEY_CONTROL ]] || ! ctl status >/dev/null 2>&1 || return 0
        kill -0 "$daemon" 2>/dev/null || return 0
        sleep 0.01
    done
    wrong "the daemon neither begins nor ends"
}
# Ends the daemon. It may have ended with a message. It has not crashed.
end() {
    local pid=$daemon how i
    daemon=''
    kill -TERM "$pid" 2>/dev/null
    for ((i = 0; i < patience * 50; i++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.02
    done
    kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    how=$?
    case $how in
    0) ;;
    1 | 78) [[ -s $dir/daemon.log ]] || wrong "the daemon ended with $how, without a word" ;;
    137) wrong "the daemon does not end" ;;
    *) wrong "the daemon ended with $how" ;;
    esac
}

# --- Keys

# tries KEY [OPTION]...: whether the key logs in, as "yes", "no" or "undecided".
tries() {
    ctl verify "$me" --server-uid="$(id -u)" "${@:2}" <<<"$1" >/dev/null 2>"$dir/err"
    case $? in
    0) echo yes ;;
    3) echo undecided ;;
    124) echo waits ;;
    *) echo "no" ;;
    esac
}
refused() { # KEY WHAT [OPTION]...
    local answer
    answer=$(tries "$1" "${@:3}")
    [[ $answer != waits ]] || wrong "a login waits: $2"
    [[ $answer != yes ]] || wrong "$2 is accepted"
}
accepted() { # KEY WHAT [OPTION]...
    local i answer
    for ((i = 0; i < 60; i++)); do
        answer=$(tries "$1" "${@:3}")
        [[ $answer == undecided ]] || break
    done
    [[ $answer == yes ]] || wrong "$2 is not accepted: $answer, $(<"$dir/err")"
}

# --- Rounds

# The rounds, one a line: each function by each way that leads to it, failing in each way. Of the
# calls that come the same way it is the first one. Where there are more, the last one fails too, in
# one way.
# Memory is asked for too often to look at the way each time, so there the call's number counts.
list_rounds() {
    truncate -s 8192 "$base/counts"
    FAULTS_FILE=$base/counts FAULTS_PRINT=1 LD_PRELOAD=$library env >"$base/ways"
    awk -v all="$1" '
        NR == FNR { ways[$1] = $2; next }
        {
                n[$1]++
                if (!(($1, $2) in seen)) {
                        order[++kinds] = $1 " " $2
                        first[$1, $2] = n[$1]
                }
                seen[$1, $2]++
        }
        END {
                for (k = 1; k <= kinds; k++) {
                        split(order[k], part, " ")
                        name = part[1]
                        stack = part[2]
                        if (!all && named[name]++) continue
                        for (w = all ? 0 : k % ways[name]; w < ways[name]; w++) {
                                if (name ~ /alloc/)
                                        print name, 0, first[name, stack], w
                                else
                                        print name, stack, 1, w
                                if (!all) break
                        }
                        if (all && name !~ /alloc/ && seen[name, stack] > 1)
                                print name, stack, seen[name, stack], k % ways[name]
                }
        }' "$base/ways" "$base/stacks"
}
# A list of the rounds, of what each command of $commands calls: all, or some for each function.
choose_rounds() {
    local command n every=1 list
    : >"$base/rounds"
    # shellcheck disable=SC2154 # the script has them
    for command in "${commands[@]}"; do
        export FAULTS_STACKS=$base/stacks
        rm -f "$base/stacks"
        "$0" ${command:+"$command"} none 0 0 0 || fail "a round in which nothing fails"
        unset FAULTS_STACKS
        list_rounds "$([[ ${FAULTS-} != all ]] || echo 1)" | sed "s/^/${command:+$command }/" >>"$base/rounds"
    done
    [[ ${FAULTS-} != all ]] || return 0
    n=$(wc -l <"$base/rounds") every=$(((n + ${FAULTS-40} - 1) / ${FAULTS-40}))
    list=$(awk -v every="$every" -v from="${FAULTS_FROM-0}" 'NR % every == from % every' "$base/rounds")
    echo "$list" >"$base/rounds"
}
# One round, in a process of its own. What it finds comes with the round's name.
one_round() { # [COMMAND] FUNCTION STACK N WAY
    fail() { wrong "$*"; }
    round "$@" >"$dir/found" 2>&1
    [[ $status == 0 ]] || { sed "s/^/$*: /" "$dir/found"; sed 's/^/    /' "$dir"/{daemon.log,err} 2>/dev/null | tail -n "${FAULTS_LINES-8}"; }
    [[ -z ${FAULTS_LOG-} ]] || echo "$SECONDS s, status $status: $*" >>"$FAULTS_LOG"
    exit "$status"
}
main() {
    if [[ -n ${FAULTS_BASE-} ]]; then
        base=$FAULTS_BASE
        one_round "$@"
    fi
    export FAULTS_BASE=$dir/base
    base=$FAULTS_BASE
    mkdir "$base"
    make_base
    if [[ $# -gt 0 ]]; then
        "$0" "$@"
        exit
    fi
    choose_rounds
    echo "$(wc -l <"$base/rounds") rounds"
    xargs -P "$(nproc)" -L 1 "$0" <"$base/rounds" || fail "some rounds failed"
}
