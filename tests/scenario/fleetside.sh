# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# wfapikey-fleetd and daemons that are made up (see fleetside.c), for a scenario, which sources this
# after lib.sh and postgres.sh.

fleetd=$abs_top_builddir/wfapikey-fleetd
[[ -x $fleetd ]] || skip "built without the fleet"

declare -A side=() input=() carrier=() marks=()
uri() { echo "postgresql://wfapikey_host_$1:$1-secret@/postgres?host=${2-$dir}/pg"; } # HOST [DIRECTORY]
side_start() { # HOST [STATE]
    [[ -p $dir/$1.in ]] || mkfifo "$dir/$1.in"
    : >"$dir/$1.out"
    "$abs_top_builddir/tests/scenario/fleetside" "$dir/$1" "$@" <"$dir/$1.in" >"$dir/$1.out" 2>>"$dir/daemon.log" &
    side[$1]=$!
    children+=("$!")
    local fd
    exec {fd}>"$dir/$1.in"
    input[$1]=$fd marks[$1]=0
    heard "$1" ready
}
side_stop() { # HOST: at once
    kill -KILL "${side[$1]}"
    wait "${side[$1]}" 2>/dev/null
    local fd=${input[$1]}
    exec {fd}>&-
}
fleetd_start() { # HOST
    "$fleetd" --control-socket="$dir/$1" 2>>"$dir/daemon.log" &
    carrier[$1]=$!
    children+=("$!")
}
fleetd_stop() { # HOST: a sanitizer looks at its memory then
    kill -TERM "${carrier[$1]}"
    wait "${carrier[$1]}" || fail "fleetd of $1 ended with $?"
}
tell() { # HOST COMMAND
    printf '%s\n' "$2" >&"${input[$1]}"
}
mark() { marks[$1]=$(wc -l <"$dir/$1.out"); } # HOST: what it has heard so far does not count
said() { tail -n +$((marks[$1] + 1)) "$dir/$1.out" | grep -q -- "$2"; }
heard() { # HOST PATTERN
    wait_until said "$1" "$2"
}
heard_not() { ! said "$1" "$2" || fail "$1 has heard $2"; }
link() { [[ $(grep '^link ' "$dir/$1.out" | tail -n 1) == "link $2: "* ]]; } # HOST STATE: what it is now
does() { # HOST COMMAND PATTERN: and waits for what follows
    mark "$1"
    tell "$1" "$2"
    heard "$1" "$3"
}
