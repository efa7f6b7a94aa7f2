# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the scenarios share. Each scenario sources it. A scenario is one script: its goal is in its
# third line, it works in a directory and with a daemon of its own, waits for events, kills only
# what it started, and exits 0 if every step came out as it should.
#
#   WFAPIKEYD, WFAPIKEYCTL     the programs under test (make check sets them)
#   $dir                       its directory: other users may enter it, removed at the end
#   $me                        the user that runs it, owner of the keys

set -u
: "${WFAPIKEYD:?}" "${WFAPIKEYCTL:?}"
dir=$(mktemp -d "${TMPDIR:-/tmp}/wfapikey-XXXXXX") || exit 99
chmod 0755 "$dir"
# shellcheck disable=SC2034
me=$(id -un)
daemon='' # pid
children=()
export WFAPIKEY_CONTROL=$dir/control WFAPIKEY_VERIFY=$dir/verify

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    [[ ! -s $dir/daemon.log ]] || { echo "--- the daemon said:"; tail -n 40 "$dir/daemon.log"; } >&2
    exit 1
}

skip() {
    printf 'skipped: %s\n' "$*"
    exit 77
}

# Runs at the end in any case: the daemon must end well when it is told to, and no sanitizer may
# have complained.
clean_up() {
    local status=$? pid
    trap - EXIT
    for pid in "${children[@]}"; do
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    if [[ -n $daemon ]]; then
        pid=$daemon
        kill -TERM "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null || { [[ $status != 0 ]] || { status=1; echo "FAILED: the daemon ended with $?"; }; }
    fi
    if grep -qE 'Sanitizer|runtime error:' "$dir"/daemon.log 2>/dev/null; then
        grep -E -A 30 'Sanitizer|runtime error:' "$dir/daemon.log" | head -n 80
        [[ $status != 0 ]] || status=1
    fi
    rm -rf -- "$dir"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# Waits until COMMAND succeeds: long enough for any machine, but not longer than the daemon runs.
wait_until() { # COMMAND...
    local i
    for ((i = 0; i < 1200; i++)); do
        "$@" >/dev/null 2>&1 && return 0
        [[ -z $daemon ]] || kill -0 "$daemon" 2>/dev/null || fail "the daemon has ended while waiting for: $*"
        sleep 0.05
    done
    fail "waited in vain for: $*"
}

start() { # [OPTION]...
    "$WFAPIKEYD" --state-dir="$dir/state" --verify-socket="$WFAPIKEY_VERIFY" --control-socket="$WFAPIKEY_CONTROL" \
        ${conf:+--config="$conf"} "$@" >>"$dir/daemon.log" 2>&1 &
    daemon=$!
    wait_until ctl status
}

stop() { # [SIGNAL]: and waits; its status is in $?
    local pid=$daemon
    daemon=''
    kill -"${1-TERM}" "$pid"
    wait "$pid" 2>/dev/null
}

ctl() { "$WFAPIKEYCTL" "$@"; }

# Whether the daemon accepts the key on standard input for USER.
verify() { ctl verify --server-uid="$(id -u)" "$@" >/dev/null 2>&1; }

# in_time VERIFICATION...: again where the daemon could not decide, which is status 3. On a busy
# machine the second and a half that it has for a certificate may be too short.
in_time() {
    local i status
    for ((i = 0; i < 60; i++)); do
        "$@" >"$dir/answer" 2>"$dir/answer.err"
        status=$?
        [[ $status == 3 ]] || break
    done
    cat "$dir/answer"
    cat "$dir/answer.err" >&2
    return "$status"
}

# Whether KEY is accepted for USER, also where the daemon could not decide at first.
asks() { ctl verify --server-uid="$(id -u)" "${@:2}" <<<"$1"; }
accepts() { # KEY USER [OPTION]...
    verify "${@:2}" <<<"$1" || in_time asks "$@" >/dev/null 2>&1
}

# Whether KEY is accepted as long as it lives. Where it is refused, its end must have come: a slow
# machine may need longer for a login than the key lives.
lives() { # KEY
    local ends
    verify "$me" <<<"$1" && return
    ends=$(ctl --json key show "$(id_of "$1")" | sed -n 's/.*"expires":"\([^"]*\)".*/\1/p')
    [[ -n $ends && $(date +%s) -ge $(date -d "$ends" +%s) ]]
}

# On a machine that is too busy the daemon may not learn within 5 s who an owner is. It answers that
# the call is to be tried again.
run() { # STATUS COMMAND...: must end with STATUS
    local want=$1 got i
    shift
    for ((i = 0; i < 20; i++)); do
        "$@" >"$dir/out" 2>"$dir/err"
        got=$?
        [[ $got != "$want" ]] || break
        grep -q 'The user database does not answer for .* try again' "$dir/err" || break
    done
    out=$(<"$dir/out") err=$(<"$dir/err")
    [[ $got == "$want" ]] || fail "'$*' ended with $got instead of $want; out: $out; err: $err"
}

has() { # TEXT PART
    [[ $1 == *"$2"* ]] || fail "'$1' does not have '$2'"
}

is() { # GOT WANT
    [[ $1 == "$2" ]] || fail "got '$1', wanted '$2'"
}

fits() { # NAME: the answer fits the JSON Schema's definition NAME
    /usr/bin/python3 -c 'import jsonschema' 2>/dev/null || return 0 # 097-json.sh says that it is not there
    mkdir -p "$dir/fits"
    printf '%s\n' "$out" >"$dir/fits/$1.json"
    /usr/bin/python3 "$top_srcdir/tests/scenario/schema.py" "$top_srcdir/ctl/schema/wfapikeyctl.schema.json" "$dir/fits" ||
        fail "'$out' does not fit the schema of $1"
}

# The line in the log comes after the answer, so this waits for it.
logged() { # PART
    wait_until grep -qF -- "$1" "$dir/daemon.log"
}

id_of() { cut -c 5-14 <<<"$1"; }

# Starts a service of eight threads that asks about KEY without a pause. No question that begins
# after hammer_end may be answered with yes.
hammer_start() { # KEY
    local line
    coproc "$abs_top_builddir/tests/scenario/hammer" "$WFAPIKEY_VERIFY" "$me" 2>&1
    hammer=$COPROC_PID hammer_in=${COPROC[1]} hammer_out=${COPROC[0]}
    children+=("$hammer")
    printf '%s\n' "$1" >&"$hammer_in"
    read -r line <&"$hammer_out" || fail "the hammer has ended"
    is "$line" ready
}

hammer_end() { # AFTER WHAT
    local line
    printf 'over\n' >&"$hammer_in"
    read -r line <&"$hammer_out"
    wait "$hammer" || fail "after $1: $line"
}
