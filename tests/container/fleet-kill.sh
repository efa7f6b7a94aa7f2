#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: daemons, carriers and the database of a fleet are killed at random instants while two hosts
# issue, revoke and remove keys. No acknowledged change is lost, none is there by half, and no
# revoked key is good. fleet-kill.sh [ROUNDS]
# shellcheck source=tests/container/lib
. "${0%/*}/lib"
# shellcheck source=tests/container/fleet
. "${0%/*}/fleet"

rounds=${1-10}
hosts=(hub hub2 web1)
fleet_new
echo "seed: ${SEED:=$RANDOM}" # the kills are the same with the same SEED, though not what they hit
RANDOM=$SEED

# --- What the hosts do: a line before each step, and one when it was acknowledged ---
# + issued, r R to be revoked and revoked, d D to be removed and removed, ! a wrong verdict
work_at() { # HOST
    local host=$1 key id ring=() old
    exec >>"$work/$host.did" 2>>"$work/$host.errors"
    while [[ -e $work/go ]]; do
        if key=$(ctl "$host" key issue alice --hosts=web) && [[ $key == wfk_* ]]; then
            echo "+ $(id_of "$key")"
            ring+=("$key")
        fi
        [[ ${#ring[@]} -gt 2 ]] || continue
        old=${ring[0]} id=$(id_of "${ring[0]}") ring=("${ring[@]:1}")
        echo "r $id"
        ctl "$host" key revoke "$id" || continue
        echo "R $id"
        ! ctl "$host" verify alice <<<"$old" >/dev/null 2>&1 || echo "! $id is good at $host after it was revoked"
        ((RANDOM % 8)) || continue
        echo "d $id"
        ! ctl "$host" key remove "$id" || echo "D $id"
    done
}

# --- What must be so when all is quiet ---
number_of() { ctl "$1" fleet groups | awk '{ print $1, $2 }' | sort; }
caught_up() {
    local host
    for host in "${hosts[@]}"; do
        linked "$host" && [[ $(number_of "$host" | grep -E '^(all|web) ') == "$(sql "SELECT name || ' ' || number FROM wfapikey.hostgroup ORDER BY 1")" ]] || return
    done
    status_is hub waiting 0 && status_is hub2 waiting 0
}
keys_of() { ctl "$1" --json key list | grep -o '"id":"[^"]*","name":"[^"]*"[^}]*' | sed 's/"id":"\([^"]*\)".*"status":"\([^"]*\)".*/\1 \2/' | sort; } # HOST
judge() { # lists of keys behind what was done: prints what is wrong
    awk 'FILENAME != ARGV[ARGC - 1] { if ($1 == "!") print; else did[$2] = did[$2] $1; next }
        { state[$1] = $2 }
        END {
            for (id in did) {
                is = id in state ? state[id] : "gone"
                done = did[id]
                if (done ~ /D/ ? is != "gone" : done ~ /d/ ? is == "active" : done ~ /R/ ? is != "revoked" :
                    done ~ /r/ ? is == "gone" : is != "active")
                    print id, "is", is, "after", done
            }
        }' "$work"/hub.did "$work"/hub2.did "$1"
}
same() { # SINCE: all hosts have the same keys, and those that they must have
    local host
    for host in "${hosts[@]}"; do keys_of "$host" >"$work/keys-$host"; done
    diff "$work/keys-hub" "$work/keys-hub2" && diff "$work/keys-hub" "$work/keys-web1" && judge "$work/keys-hub" | { ! grep .; }
}

# --- The killing ---
strike() { # TARGET
    case $1 in
    postgres)
        postgres_stop QUIT
        nap
        postgres_start
        ;;
    */wfapikeyd)
        host_stop "${1%/*}" wfapikeyd KILL
        nap
        wfapikeyd_start "${1%/*}"
        ;;
    */fleetd)
        host_stop "${1%/*}" fleetd KILL
        nap
        fleetd_start "${1%/*}"
        ;;
    esac
}
# The instant is by chance. Nothing depends on it.
nap() { sleep "0.$(printf '%03d' $((RANDOM % 400)))"; }
targets=(hub/wfapikeyd hub/wfapikeyd hub/fleetd hub2/wfapikeyd hub2/fleetd web1/wfapikeyd web1/fleetd postgres)
one_round() {
    local target workers=()
    touch "$work/go"
    for host in hub hub2; do
        work_at "$host" &
        workers+=($!)
    done
    for _ in 1 2 3; do
        nap
        target=${targets[RANDOM % ${#targets[@]}]}
        struck+=" $target"
        strike "$target"
    done
    nap
    rm "$work/go"
    wait "${workers[@]}"
    wait_until caught_up && same
}
touch "$work"/hub{,2}.did
for ((round = 1; round <= rounds; round++)); do
    struck=''
    one_round >"$work/round" 2>&1 && continue
    not_ok "round $round:$struck"
    sed 's/^/    | /' "$work/round"
    fleet_finish
done
count() { cat "$work"/hub*.did | grep -c "^$1"; }
ok "after $rounds rounds all hosts have what was acknowledged: $(count +) issued, $(count R) revoked, $(count D) removed"
test_that "there was something to lose" test "$(count +)" -ge "$rounds"
# Hundreds of rounds leave as many keys as one user may have.
must ctl hub key revoke --all-of=alice --yes
must issue hub
test_that "and the fleet is well" wait_until accepts web1 "$key"
fleet_finish
