#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a day of logins, changes, reloads, imports, accounts that come and go, and clients that
# follow the audit log leave the daemon as it was: memory, descriptors, threads and files stay flat.
#
# The clock of the daemon is moved on by a day. WFAPIKEY_SOAK is the number of logins in that time.
# With a million a leak of five bytes for each login is seen. In a short run the allocator has not
# seen everything yet, and only one of 200 bytes is.
[[ $(id -u) != 0 || -n ${UNSHARED-} ]] || ! unshare --mount true 2>/dev/null ||
    UNSHARED=1 exec unshare --mount "$0" "$@"

# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
[[ -n ${UNSHARED-} ]] || skip "needs root, for accounts that come and go"
sanitizer=$(grep -cE '__(a|t)san_init' "$WFAPIKEYD" || :)
logins=${WFAPIKEY_SOAK:-$((sanitizer ? 4000 : 20000))}

# --- Accounts, the clock, and another host

cp -a /etc "$dir/etc"
mount --bind "$dir/etc" /etc
chmod 0700 "$dir/etc"
chmod 0755 /etc
echo 'comer:hash:19000:0:99999:7:::' >>/etc/shadow
without=$(</etc/passwd)
passwd() { printf '%s\n' "$1" >/etc/passwd.new && mv /etc/passwd.new /etc/passwd; }
comer_is_there() { passwd "$without"$'\ncomer:x:64321:64321::/:/bin/sh'; }
comer_is_there

head -c 16 /dev/zero >"$dir/clock"
export SKEW_FILE=$dir/clock
# A sanitizer wants to be the first library, and keeps what was freed.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0:quarantine_size_mb=1
export LD_PRELOAD=${abs_top_builddir:?}/tests/scenario/skew.so

source_ctl() { ctl --control="$dir/source.control" "$@"; }
"$WFAPIKEYD" --state-dir="$dir/source" --verify-socket="$dir/source.verify" --control-socket="$dir/source.control" \
    >"$dir/source.log" 2>&1 &
children+=("$!")
wait_until source_ctl status
run 0 source_ctl policy set enabled=yes retention=1h
run 0 source_ctl key issue "$me"
good=$out
run 0 source_ctl key issue "$me"
revoked=$out
run 0 source_ctl key revoke "$(id_of "$revoked")"

# --- What goes on

next_mirror() { source_ctl mirror export --to "$public" "$dir/mirror" && ctl mirror import "$@" "$dir/mirror"; }
change() { # of a key that an import may take away
    local key id
    key=$(ctl key issue "$me" --expires=20m) && id=$(id_of "$key") || return
    ctl key rename "$id" "n$RANDOM"
    key=$(ctl key rotate "$id") && ctl key reset "$(id_of "$key")"
    ctl key revoke "$id"
    [[ $((RANDOM % 2)) == 0 ]] || ctl key remove "$id"
    ctl policy set lifetime="$((RANDOM % 9 + 1))d"
}
come_and_go() {
    ctl key issue comer
    passwd "$without"
    ctl account removed comer
    comer_is_there
}
look() { ctl key list; ctl audit list --since 10m; ctl metrics; ctl status; ctl key explain "$(id_of "$good")"; }
go_on() { # COMMAND...: notes each round
    exec >/dev/null 2>&1
    while :; do
        "$@" && echo "$1" >>"$dir/rounds"
    done
}
reload_often() { ctl reload && sleep 0.1; }
follow_shortly() { timeout 0.2 "$WFAPIKEYCTL" audit list --follow || :; }
import() { next_mirror && sleep 0.2; }

# --- What is measured

# KiB of memory, descriptors, threads, KiB of the log, KiB of the database
measure() {
    local file sizes=()
    for file in keys.db-wal keys.db; do sizes+=($(($(stat -c %s "$dir/state/$file") / 1024))); done
    echo "$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$daemon/status")" \
        "$(find "/proc/$daemon/fd" -mindepth 1 2>/dev/null | wc -l)" \
        "$(sed -n 's/^Threads:[^0-9]*//p' "/proc/$daemon/status")" "${sizes[@]}"
}
# least COLUMN FROM TO: of these marks. most: the same.
least() { sed -n "$2,$3p" "$dir/measured" | cut -d' ' -f"$1" | sort -n | head -n 1; }
most() { sed -n "$2,$3p" "$dir/measured" | cut -d' ' -f"$1" | sort -n | tail -n 1; }
flat() { # WHAT COLUMN least|most MORE PERCENT: the last quarter of the day has no more than the second one
    local before after
    before=$("$3" "$2" 6 10) after=$("$3" "$2" 16 20)
    echo "$1: $before, later $after"
    ((after <= before + $4 + before * $5 / 100)) || grown+=" $1 from $before to $after;"
}

start
run 0 ctl mirror keygen
public=$out
run 0 ctl policy set enabled=yes max-keys-per-user=1000 retention=1h
# A clock counts for what is removed when it has run for an hour.
printf '\x11\x0e' | dd of="$dir/clock" bs=1 seek=8 conv=notrunc status=none
clock_is_trusted() { ctl status && ctl metrics | grep -qx 'wfapikey_clock_trusted 1'; }
wait_until clock_is_trusted
run 0 next_mirror --accept-source
verify "$me" <<<"$good" || fail "the key of the other host is not good"
for what in change change come_and_go reload_often look follow_shortly import; do
    go_on "$what" &
    children+=($!)
done
"$WFAPIKEYCTL" audit list --follow >"$dir/followed" 2>&1 &
children+=($!)

"$abs_top_builddir/tests/scenario/soak" "$WFAPIKEY_VERIFY" "$me" "$logins" "$dir/clock" \
    <<<"$good"$'\n'"$revoked" >"$dir/soak" 2>"$dir/soak.err" &
soak=$!
for ((mark = 0; mark < 20; mark++)); do
    marked() { [[ $(grep -c mark "$dir/soak") -gt $mark ]]; }
    wait_until marked
    measure >>"$dir/measured"
done
wait "$soak" || fail "logins went wrong: $(tail -n 1 "$dir/soak") $(head -n 3 "$dir/soak.err")"
# The day has passed, and what it left has been removed after its hour.
newest=$(ctl --json audit list --since 20h | grep -o '"at":"[^"]*"' | tail -n 1 | cut -d'"' -f4)
ahead=$(($(env -u LD_PRELOAD date -d "$newest" +%s) - $(env -u LD_PRELOAD date +%s)))
((ahead > 80000)) || fail "the clock of the daemon is only $ahead s ahead"
cat "$dir/measured"
sort "$dir/rounds" | uniq -c
for what in change come_and_go reload_often look follow_shortly import; do
    grep -q "$what" "$dir/rounds" || fail "nothing of $what was done"
done
[[ $(wc -l <"$dir/followed") -gt 20 ]] || fail "the follower was told nothing: $(<"$dir/followed")"
grown=''
((sanitizer)) || flat memory 1 most 2048 0 # it keeps what was freed
# The daemon keeps the login uids of 16 processes open, and the store a log of 16 MiB.
flat descriptors 2 least 18 10
flat threads 3 most 0 0
flat log 4 most 16384 0
flat database 5 most 1024 50
[[ -z $grown ]] || fail "grown:$grown"
