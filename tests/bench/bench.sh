#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# bench.sh - figures and ratios of a login with a key; started by make bench
#
#   make bench [BENCH_FLAGS='OPTION...']
#
# Everything runs in a directory below ${TMPDIR:-/var/tmp} with daemons of its own. The directory
# should be on the same kind of disk as /var/lib, and is removed at the end. A ratio compares two
# variants of the same round: median [lower quartile..upper quartile] over the rounds. Nothing here
# fails because it is slow.
#
#   --keys N      keys in the big store              (default 1000000)
#   --rounds N    rounds                             (default 12)
#   --slice MS    for each variant in each round     (default 500)
#   --only PART   writes, wait, pam, ask, start, counts, timing, fleet or resync
#   --samples N   refusals of each kind for timing   (default 100000)
#   --accounts N  accounts for wait and start        (default 100000)
#   --hosts N     members for fleet                  (default 100)
#   --help        this text
#
# Exit status: 0 if everything could be measured and every login had the right result.

set -eu -o pipefail
shopt -s inherit_errexit
export LC_ALL=C.UTF-8

small=1000 samples=100000
keys=1000000 accounts=100000 hosts=100 rounds=12 slice=500 parts=()
dir='' pids=()

say() { printf '%s\n' "$*"; }
die() { printf 'bench.sh: %s\n' "$*" >&2; exit 1; }
help() { sed -n '3,/^$/ s/^# \{0,1\}//p' "$0"; }
progress() { [[ ! -t 2 ]] || printf '\r\033[K%s' "$*" >&2; }

# --- Daemons --------------------------------------------------------------------------

stop() { # PID...: those of this script that still run
    local pid left=()
    for pid in "$@"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "$@"; do wait "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do [[ " $* " == *" $pid "* ]] || left+=("$pid"); done
    pids=("${left[@]}")
}

clean_up() {
    stop "${pids[@]}"
    [[ -z $dir ]] || rm -rf -- "$dir"
}

wait_for() { # SECONDS COMMAND...: until it succeeds
    local end=$((SECONDS + $1))
    until "${@:2}"; do
        [[ $SECONDS -lt $end ]] || return 1
        sleep 0.05
    done
}

# daemon NAME [COMMAND...]: starts the daemon of the state directory NAME, under COMMAND, and sets
# $daemon to its pid. The daemon formats and writes its log as always, into a file of $dir.
daemon() {
    local args=(--state-dir="$dir/$1" --verify-socket="$dir/$1.verify" --control-socket="$dir/$1.control"
        --config="$dir/conf")
    "${@:2}" "$WFAPIKEYD" "${args[@]}" 2>"$dir/$1.log" &
    daemon=$! pids+=("$!")
    wait_for 60 test -S "$dir/$1.control" || { cat "$dir/$1.log" >&2; die "wfapikeyd does not start"; }
}

# quiet_daemon NAME: the same with the log at /dev/null
quiet_daemon() {
    rm -f "$dir/$1.log"
    ln -s /dev/null "$dir/$1.log"
    daemon "$1"
}

fill() { # NAME KEYS
    local began=$SECONDS
    daemon "$1" # makes the database and the pepper
    stop "$daemon"
    "$BENCH_PROGRAMS/bench_fill" "$dir" "$1" "$2"
    progress ''
    printf '  %s: %d keys, %d bytes each, filled in %d s\n' "$1" "$2" \
        $(($(stat -c %s "$dir/$1/keys.db") / $2)) $((SECONDS - began))
}

# --- Counts ---------------------------------------------------------------------------

# Turns the table of strace -c into "CALL N" for every call, the most frequent first.
calls_of() { # FILE
    awk '$4 ~ /^[0-9]+$/ && $NF != "total" && $NF ~ /^[a-z]/ { print $NF, $4 }' "$1" | sort -k2nr
}

per() { # N <"CALL N"...: one line, per each of N, those that are seldom left out
    awk -v n="$1" '
        { sum += $2; if ($2 / n >= 0.05) list = list sprintf(", %s %.1f", $1, $2 / n) }
        END { printf "%.1f (%s)\n", sum / n, substr(list, 3) }'
}

traces() { grep -qs attached "$dir/strace.err"; }

count_daemon_calls() { # WHAT N STRACE-OPTION...
    local tracer
    strace -c -o "$dir/strace" "${@:3}" -p "$daemon" 2>"$dir/strace.err" &
    tracer=$! pids+=("$!")
    if ! wait_for 10 traces; then
        say "  $1: skipped, strace may not look at the daemon"
        stop "$tracer"
        return
    fi
    "$BENCH_PROGRAMS/bench_ask" "$dir" count "$2"
    stop "$tracer"
    printf '  %-32s %s\n' "$1" "$(calls_of "$dir/strace" | per "$2")"
}

count_module_calls() { # N
    local service
    for service in permit big; do
        strace -f -c -o "$dir/strace.$service" "$BENCH_PROGRAMS/bench_pam" "$dir" count "$service" "$1"
        calls_of "$dir/strace.$service" | sort >"$dir/calls.$service"
    done
    # The calls before the first transaction are in both numbers, so they cancel out.
    printf '  %-32s %s\n' 'transaction, pam_permit' "$(sort -k2nr "$dir/calls.permit" | per "$1")"
    printf '  %-32s %s\n' 'our module, more than that' "$(join -a1 -a2 -o 0,1.2,2.2 -e 0 "$dir/calls.big" "$dir/calls.permit" |
        awk '{ print $1, $2 - $3 }' | sort -k2nr | per "$1")"
}

count_calls() {
    local n=500
    say 'System calls'
    if ! command -v strace >/dev/null; then
        say '  skipped: there is no strace'
        return
    fi
    quiet_daemon big
    count_daemon_calls 'verification, loop thread' "$n"
    count_daemon_calls 'verification, all threads' "$n" -f
    count_module_calls "$n"
    stop "$daemon"
}

instructions_of() { # LOG
    awk '/ Collected : / { print $NF }' "$1"
}

under_callgrind=(valgrind --tool=callgrind --callgrind-out-file=/dev/null)

# The instructions of a transaction: the difference of 150 and 50 transactions, divided.
transaction_instructions() { # SERVICE
    local n some=()
    for n in 50 150; do
        "${under_callgrind[@]}" "$BENCH_PROGRAMS/bench_pam" "$dir" count "$1" "$n" 2>"$dir/valgrind"
        some+=("$(instructions_of "$dir/valgrind")")
    done
    say $(((some[1] - some[0]) / 100))
}

daemon_instructions() { # N [OPTION]: instructions of a daemon that answers N questions
    rm -f "$dir/big.log"
    daemon big "${under_callgrind[@]}" "${@:2}" >/dev/null
    "$BENCH_PROGRAMS/bench_ask" "$dir" count "$1"
    stop "$daemon"
    instructions_of "$dir/big.log"
}

count_instructions() {
    local permit ours some few
    say 'Instructions in user mode'
    if ! command -v valgrind >/dev/null; then
        say '  skipped: there is no valgrind'
        return
    fi
    # Of the loop thread only what it does between a request and the end of its connection. Unlike
    # all threads together, this is the same in each run.
    # How many lines the log gets depends on the time that it takes, so these are left out.
    few=$(daemon_instructions 500 --toggle-collect=serve --toggle-collect=verify_log)
    some=$(daemon_instructions 1500 --toggle-collect=serve --toggle-collect=verify_log)
    printf '  %-32s %d\n' 'verification, loop thread' $(((some - few) / 1000))
    few=$(daemon_instructions 200)
    some=$(daemon_instructions 700)
    printf '  %-32s %d\n' 'verification, all threads' $(((some - few) / 500))
    quiet_daemon big
    permit=$(transaction_instructions permit)
    ours=$(transaction_instructions big)
    stop "$daemon"
    printf '  %-32s %d\n' 'transaction, pam_permit' "$permit" 'our module, more than that' $((ours - permit))
}

# --- Parts ----------------------------------------------------------------------------

with_both() { # COMMAND...: runs while both daemons run
    local both=()
    quiet_daemon big
    both+=("$daemon")
    quiet_daemon small
    both+=("$daemon")
    "$@"
    stop "${both[@]}"
}

part_wait() { "$BENCH_PROGRAMS/bench_wait" "$dir" "$keys" "$accounts" "$keys"; }
part_writes() { "$BENCH_PROGRAMS/bench_write" "$dir" big "$rounds"; }
# Makes a registered certificate for the service pinned, and one of a registered CA for the service
# chained. Keys need a certificate at both services.
make_certificates() {
    local name
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=root -days 30 -keyout "$dir/root.key" \
        -out "$dir/root.pem" 2>/dev/null
    for name in pinned chained; do
        openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=bench/CN=$name" -keyout "$dir/$name.key" \
            -out "$dir/$name.csr" 2>/dev/null
        openssl x509 -req -in "$dir/$name.csr" -CA "$dir/root.pem" -CAkey "$dir/root.key" -CAcreateserial -days 30 \
            -extfile <(printf 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\n') -out "$dir/$name.pem" 2>/dev/null
        printf '.%s\n' "$("$WFAPIKEYCTL" cert encode "$dir/$name.pem" 2>/dev/null)" >"$dir/$name"
    done
}

register_certificates() { # and lets the daemon check each once
    local ctl=("$WFAPIKEYCTL" --control="$dir/big.control")
    make_certificates
    "${ctl[@]}" cert add --ca "$dir/root.pem" >/dev/null
    "${ctl[@]}" cert add "$dir/pinned.pem" >/dev/null
    "${ctl[@]}" policy set require-certificate:pinned=yes require-certificate:chained=yes
}

bench_pam() {
    register_certificates
    "$BENCH_PROGRAMS/bench_pam" "$dir" rounds "$rounds" "$slice" "$keys" "$small"
}

part_pam() { with_both bench_pam; }
part_ask() {
    local twin
    cp -a "$dir/small" "$dir/twin"
    quiet_daemon twin
    twin=$daemon
    with_both "$BENCH_PROGRAMS/bench_ask" "$dir" rounds "$rounds" "$slice" "$keys" "$small"
    stop "$twin"
}
start_of() { "${@:2}" "$BENCH_PROGRAMS/bench_start" "$dir" "$1" "$rounds" "$WFAPIKEYD"; }

# among_accounts N COMMAND...: runs where /etc has so many more accounts
among_accounts() {
    cp -a /etc "$dir/etc"
    seq "$1" | awk '{ printf "bench%d:x:%d:100::/:/bin/sh\n", $1, 100000 + $1 }' >>"$dir/etc/passwd"
    seq "$1" | awk '{ printf "bench%d:!:19000:0:99999:7:::\n", $1 }' >>"$dir/etc/shadow"
    # Files that were changed a moment ago are read again at each start.
    sleep 3
    "${@:2}" unshare --mount sh -c "mount --bind '$dir/etc' /etc && exec \"\$@\"" sh
    rm -r "${dir:?}/etc"
}

part_start() {
    local name
    say 'A start'
    for name in big small; do
        say "  the $name store"
        start_of "$name"
    done
    say "  the big store, $accounts more local accounts"
    if [[ $EUID == 0 ]]; then
        among_accounts "$accounts" start_of big
    else
        say '  skipped: only root may show other accounts'
    fi
}
# Whether the time of a refusal tells something to a client without the secret.
part_timing() {
    local i ctl=("$WFAPIKEYCTL" --control="$dir/timing.control") me
    me=$(id -un)
    quiet_daemon timing
    "${ctl[@]}" policy set enabled=yes max-keys-per-user=1000
    for ((i = 0; i < 40; i++)); do
        "${ctl[@]}" key issue "$me" >>"$dir/timing.active"
        "${ctl[@]}" key issue "$me" >>"$dir/timing.revoked"
        "${ctl[@]}" key revoke "$(tail -n 1 "$dir/timing.revoked" | cut -c 5-14)"
        "${ctl[@]}" key issue "$me" --expires=1s >>"$dir/timing.expired"
        "${ctl[@]}" key issue "$me" --service=sshd >>"$dir/timing.service"
        "${ctl[@]}" key issue "$me" --from=198.51.100.0/24 >>"$dir/timing.source"
        "${ctl[@]}" key issue daemon >>"$dir/timing.other"
    done
    "$BENCH_PROGRAMS/bench_timing" "$dir" "$me" "$samples" active revoked expired service source other
    stop "$daemon"
}
part_counts() {
    count_calls
    count_instructions
}

write_services() {
    local name
    mkdir "$dir/pam.d"
    # libpam always loads this, as on every host
    printf '%s required pam_deny.so\n' auth account >"$dir/pam.d/other"
    printf '%s required pam_permit.so\n' auth account >"$dir/pam.d/permit"
    for name in big small echo; do
        printf "%s required $PAM_MODULE socket=$dir/$name.verify server_uid=$EUID timeout=10\n" auth account \
            >"$dir/pam.d/$name"
    done
    for name in pinned chained; do
        printf "%s required $PAM_MODULE socket=$dir/big.verify server_uid=$EUID timeout=10 certificate=field\n" auth account \
            >"$dir/pam.d/$name"
    done
}

while [[ $# -gt 0 ]]; do
    case $1 in
    --help | -h) help; exit 0 ;;
    --keys | --accounts | --hosts | --rounds | --samples | --slice)
        [[ ${2-} =~ ^[1-9][0-9]*$ ]] || die "$1 wants a number"
        declare "${1#--}=$2"
        shift
        ;;
    --only)
        [[ ${2-} == @(writes|wait|pam|ask|start|counts|timing|fleet|resync) ]] ||
            die "--only wants writes, wait, pam, ask, start, counts, timing, fleet or resync"
        parts+=("$2")
        shift
        ;;
    *) die "no option '$1'; see --help" ;;
    esac
    shift
done
[[ -n ${BENCH_PROGRAMS-} && -n ${WFAPIKEYD-} && -n ${WFAPIKEYCTL-} && -n ${PAM_MODULE-} ]] || die "is started by make bench"
[[ ${#parts[@]} -gt 0 ]] || parts=(writes wait pam ask start counts timing fleet resync)
# shellcheck source=tests/bench/fleet.sh
. "${0%/*}/fleet.sh"

trap clean_up EXIT
trap 'exit 130' HUP INT TERM
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/wfapikey-bench.XXXXXX")
echo "#" >"$dir/conf"
write_services
say "Stores, on $(stat -f -c %T "$dir"), $(nproc) processors, $rounds rounds"
if [[ " ${parts[*]} " =~ \ (writes|wait|pam|ask|start|counts)\  ]]; then # which has stores of its own
    fill big "$keys"
    fill small "$small"
fi
for part in "${parts[@]}"; do
    say ''
    "part_$part"
done
