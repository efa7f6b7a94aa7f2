#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a call that fails in wfapikey-fleetd loses no change that a host was told is committed,
# makes none up, leaves no gap, and stops nothing for good: it goes on, or ends with a message and
# goes on when it is started again. Nothing crashes or waits for ever.
#
# The PostgreSQL is real, and each round has a database of its own. The daemons are made up: see
# tests/scenario/fleetside.c. They refuse a frame that is not whole. In a round, one fleetd has one
# call that fails: that of the issuing host i1, that of the member m1, or --setup.
#
#   FAULTS=20     how many rounds, spread over all functions, or "all"
#   FAULTS_FROM=0 which ones
#   fleetd.sh ROUND   one round again, as a failure names it

# shellcheck source=tests/faults/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/scenario/postgres.sh
. "$top_srcdir/tests/scenario/postgres.sh"
# shellcheck source=tests/scenario/fleetside.sh
. "$top_srcdir/tests/scenario/fleetside.sh"

FAULTS=${FAULTS-20}
# shellcheck disable=SC2034 # lib.sh goes through them
commands=(issuer member setup)
server=${FAULTS_BASE:-$dir/base} server=${server%/base}/pg # its directory
database=start
uri() { echo "postgresql://wfapikey_host_$1:$1-secret@/$database?host=$server"; } # HOST
admin() { echo "host=$server user=admin dbname=${1-$database}"; }
sql() { psql "$(admin)" -Atqv ON_ERROR_STOP=1 -c "$1" 2>>"$dir/psql.log"; }

# A fleet of i1, which issues, and m1, in the groups all and web. Each round begins with a copy.
make_base() {
    pg_make
    pg_start -c max_connections=200
    psql "$(admin postgres)" -qc "CREATE DATABASE start" || fail "no database"
    run 0 "$fleetd" --setup "$(admin)" --host i1 <<<i1-secret
    side_start i1 "state $(uri i1) issuing all:0"
    fleetd_start i1
    heard i1 attach
    does i1 "append group,web all:1:10" "done committed: $"
    does i1 "append host,m1,m1-secret,no,web all:2:10 web:1:10" "done committed: $"
    fleetd_stop i1
    side_stop i1
}

# --- One round

# Whether ${carrier[HOST]} runs. One that has ended has said why, and has not crashed.
runs() { # HOST
    local pid=${carrier[$1]} how
    [[ $pid != ended ]] || return 1
    ! kill -0 "$pid" 2>/dev/null || return 0
    wait "$pid" 2>/dev/null
    how=$?
    ended_with "$how"
    carrier[$1]=ended
    return 1
}
ended_with() { # STATUS
    [[ $1 == [01] ]] || wrong "fleetd ended with $1"
    [[ $1 == 0 || -n $wordless ]] || grep -q . "$dir/fleetd.log" || wrong "fleetd ended without a word"
}
again() { # HOST: as systemd does
    runs "$1" || fleetd_start "$1"
}
# Until HOST has heard PATTERN. A fleetd that ends meanwhile is started again, without a failure.
hears() { # HOST PATTERN
    local i
    [[ $status == 0 ]] || return 1 # the first thing that is wrong is told
    for ((i = 0; i < patience * 50; i++)); do
        ! said "$1" "$2" || return 0
        kill -0 "${side[$1]}" 2>/dev/null || { wrong "the daemon of $1 has ended: $(tail -n 3 "$dir/daemon.log")"; return 1; }
        again "$1"
        sleep 0.02
    done
    wrong "$1 waits for ever for '$2'"
    return 1
}
fault_start() { # HOST
    truncate -s 8192 "$dir/counts"
    setarch -R env LD_PRELOAD="$library" FAULTS_FILE="$dir/counts" FAULTS_PLAN="$fault" \
        "$fleetd" --control-socket="$dir/$1" 2>>"$dir/fleetd.log" &
    carrier[$1]=$!
    children+=("$!")
}
at() { sql "SELECT number FROM wfapikey.hostgroup WHERE name = '$1'"; } # GROUP: its last number

# order GROUP SIZE: the next change of the group. It is tried until it is committed. What was not
# called committed and is there all the same comes to the daemon as a change.
order() {
    local number i
    [[ $status == 0 ]] || return
    for ((i = 0; i < 20; i++)); do
        number=$(($(at "$1") + 1))
        mark i1
        tell i1 "append - $1:$number:$2"
        hears i1 "^done " || return
        if said i1 "^done committed"; then
            [[ $(at "$1") -ge $number ]] || wrong "change $number of $1 is called committed, and is not there"
            committed+=("$1|$number")
            return
        fi
        [[ $(at "$1") -lt $number ]] || hears i1 "^applied $1 $number " || return
        sleep 0.05
    done
    wrong "nothing is committed: $(tail -n 1 "$dir/i1.out")"
}

live() { # HOST: whose fleetd has the call that fails
    local host
    side_start i1 "state $(uri i1) issuing all:2 web:1"
    side_start m1 "state $(uri m1) member all:0 web:0"
    for host in i1 m1; do
        if [[ $host == "$1" ]]; then fault_start $host; else fleetd_start $host; fi
    done
    order all 10
    order web 10
    tell i1 "hosts i1:0:0 m1:0:0"
    order web 120000 # in pieces
    mark m1
    tell m1 "report m1:1:2000"
    hears m1 "^report 1 "
    order all 10
    marks[m1]=0
    hears m1 "^applied all $(at all) "
    hears m1 "^applied web $(at web) "
}
# What is there in the end, and what the member was given.
judge() {
    local host group change
    for host in i1 m1; do
        if runs $host; then
            kill -TERM "${carrier[$host]}"
            for ((i = 0; i < patience * 50; i++)); do runs $host || break; sleep 0.02; done
            ! runs $host || wrong "fleetd of $host does not end"
        fi
    done
    again i1
    again m1
    marks[m1]=0
    order all 10
    order web 10
    [[ $status == 0 ]] || return
    for change in "${committed[@]}"; do
        [[ $(sql "SELECT count(*) FROM wfapikey.change WHERE grp = '${change%|*}' AND number = ${change#*|}") == 1 ]] ||
            wrong "the committed change $change is lost"
    done
    for group in all web; do
        hears m1 "^applied $group $(at $group) "
        # Each once, in order, and no other.
        is "$(sed -n "s/^applied $group \([0-9]*\) .*/\1/p" "$dir/m1.out" | tr '\n' ' ')" "$(seq -s ' ' "$(at $group)") "
        is "$(sql "SELECT count(*) FROM wfapikey.change WHERE grp = '$group'")" "$(at $group)"
    done
    ! grep -h '^link refused' "$dir"/{i1,m1}.out || wrong "a frame was not whole"
}
set_up_database() {
    # Roles and rights over settings belong to the whole server.
    exec {lock}>"$base/lock"
    flock "$lock"
    truncate -s 8192 "$dir/counts"
    echo "x$$-secret" | timeout "$patience" setarch -R env LD_PRELOAD="$library" FAULTS_FILE="$dir/counts" FAULTS_PLAN="$fault" \
        "$fleetd" --setup "$(admin)" --host "x$$" >"$dir/out" 2>"$dir/fleetd.log"
    local how=$?
    [[ $how != 124 ]] || wrong "--setup waits for ever"
    ended_with $how
    works() { [[ $(PGPASSWORD=x$$-secret psql "host=$server user=wfapikey_host_x$$ dbname=$database" -Atqc 'SELECT version FROM wfapikey.fleet' 2>&1) == 1 ]]; }
    [[ $how != 0 ]] || works || wrong "--setup says that all is well, and the host gets nothing"
    "$fleetd" --setup "$(admin)" --host "x$$" <<<"x$$-secret" >"$dir/out" 2>&1 || wrong "--setup cannot be repeated: $(<"$dir/out")"
    works || wrong "after --setup the host gets nothing"
}

round() { # COMMAND FUNCTION STACK N WAY
    local command=$1
    fault=${*:2}
    wordless=''
    # Messages cannot be written when that is what fails.
    [[ $fault != *_chk* && $fault != *put* && $fault != write* && $fault != fflush* ]] || wordless=yes
    committed=()
    trap '' PIPE # a made-up daemon that ends is told below
    : >"$dir/fleetd.log"
    database=r$$
    if [[ $command == setup ]]; then
        psql "$(admin postgres)" -qc "CREATE DATABASE $database" || wrong "no database"
        set_up_database
        sql "DROP OWNED BY wfapikey_host_x$$; DROP ROLE wfapikey_host_x$$" || cat "$dir/psql.log"
    else
        psql "$(admin postgres)" -qc "CREATE DATABASE $database TEMPLATE start" || wrong "no database"
        if [[ $command == issuer ]]; then live i1; else live m1; fi
        judge
    fi
    local pid
    for pid in "${carrier[@]}"; do [[ $pid == ended ]] || kill -KILL "$pid" 2>/dev/null; done
    psql "$(admin postgres)" -qc "DROP DATABASE $database WITH (FORCE)" || wrong "the database stays"
}

main "$@"
