#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: audit list shows the newest events last, fits a terminal of 80 columns, and pages there. A
# follower sees repeats, goes on over restarts of the daemon without a gap or an event twice, and
# notices another log.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
uid=$(id -u)
unset PAGER WFAPIKEY_PAGER SUDO_UID LESS
export TERM=xterm

seqs() { ctl audit list --jsonl "$@" | sed 's/^{"seq":\([0-9]*\),.*/\1/' | paste -sd' '; }
on_terminal() { # COMMAND: its output on a terminal of 80 columns
    run 0 script -qec "stty cols 80 rows 24 && $*" /dev/null </dev/null
    out=$(sed 's/\x1b\[[0-9]*m//g' <<<"${out//$'\r'/}")
}

start
run 0 ctl policy set enabled=yes lifetime=9h
run 0 ctl key issue "$me" --name "a name of many words"
key=$out id=$(id_of "$out")
run 0 ctl key rename "$id" "another name"
verify "$me" --service imap --rhost 2001:db8:1234:5678:9abc:def0:1234:5678 <<<"$key" || fail "refused"
refused() { ctl audit list --jsonl --verdict refused | grep -q '"reason":"other-user"'; }
verify nobody2 --service "a-service-with-a-name-of-forty-characters" <<<"$key" && fail "accepted"
wait_until refused
run 0 ctl key revoke "$id" --reason "lost a laptop in a train from Berlin to Paris, said the owner by telephone"

# --- The order, the newest, and the columns

all=$(seqs)
is "$(tr ' ' '\n' <<<"$all" | sort -n | paste -sd' ')" "$all"
is "$(seqs --reverse)" "$(tr ' ' '\n' <<<"$all" | tac | paste -sd' ')"
is "$(seqs -r)" "$(seqs --reverse)"
is "$(seqs -n 3)" "$(cut -d' ' -f 6- <<<"$all")"
is "$(seqs -n3 --reverse)" "$(cut -d' ' -f 6- <<<"$all" | tr ' ' '\n' | tac | paste -sd' ')"
is "$(seqs --lines 100)" "$all"
is "$(seqs -n 0)" ""
is "$(seqs --after 5)" "$(cut -d' ' -f 6- <<<"$all")"
is "$(seqs --after 5 -n 1)" "${all##* }"
is "$(seqs --after 5 -n 100)" "$(seqs --after 5)"
is "$(seqs --after 999999)" ""
is "$(seqs --verdict refused -n 1)" "$(seqs --verdict refused)"
run 2 ctl audit list -n x
run 2 ctl audit list -x
run 2 ctl audit list --after -1
run 2 ctl audit list --follow --reverse
run 2 ctl audit list --wide --columns seq
run 2 ctl audit list --columns colour
has "$err" "why"
run 0 ctl audit list --columns why,key,seq
is "${out%%$'\n'*}" "$(printf '%s' "${out%%$'\n'*}" | grep -E '^WHY +KEY +SEQ$')"
has "$out" "lost a laptop in a train from Berlin to Paris, said the owner by telephone"
run 0 ctl audit list --wide
has "$out" " $uid ($(id -un))"
has "$out" LOGIN-UID

# --- On a terminal: at most 80 columns, in the zone of the terminal. --wide has all.

on_terminal "'$WFAPIKEYCTL' audit list --no-pager"
is "$(awk 'length > 80' <<<"$out")" ""
has "$out" " 2001:d..34:5678 "
has "$out" "$id"
run 0 ctl audit list
has "$out" "2001:db8:1234:5678:9abc:def0:1234:5678"
hour=$(TZ=ABC-9 date +%H)
on_terminal "TZ=ABC-9 '$WFAPIKEYCTL' audit list --no-pager"
grep -qE "^(\S+ )?[A-Z][a-z]{2} [0-9]{2} ($hour|$(TZ=ABC-9 date +%H)):" <<<"$out" || fail "not in the zone: $out"

# --- The pager: for people on a terminal, and harmless with the rights of root

cp "$WFAPIKEYCTL" "$dir/ctl"
chmod 0755 "$dir/ctl"
as=''
if [[ $uid == 0 ]]; then
    # Who is root may not choose.
    as='setpriv --reuid=nobody --clear-groups'
    run 0 ctl key issue nobody
fi
pager() { on_terminal "$as env $1 '$dir/ctl' audit list $2"; }
pager "PAGER='sed s/^/paged:/'" ""
has "$out" "paged:TIME"
pager "WFAPIKEY_PAGER='sed s/^/own:/' PAGER=false" "-n 1"
has "$out" "own:TIME"
is "$(awk 'length > 84' <<<"$out")" ""
for none in cat ''; do
    pager "WFAPIKEY_PAGER='$none' PAGER=false" "-n 1"
    has "$out" TIME
done
pager "PAGER=false" "--no-pager"
has "$out" TIME
pager "PAGER=false" "-n 1 --jsonl"
has "$out" '{"seq"'
is "$(PAGER=false ctl audit list -n 1 | head -c 4)" TIME
# A person who leaves it has seen enough.
pager "PAGER='head -n 1'" ""
has "$out" TIME
if [[ $uid == 0 ]]; then
    as=''
    mkdir "$dir/bin"
    cat >"$dir/bin/less" <<'END'
#!/bin/sh
printf '%s' "less:$LESSSECURE:"
cat
END
    chmod 0755 "$dir/bin/less"
    for by in SUDO_UID=4242 DOAS_USER=nobody PKEXEC_UID=4242 NOBODY=says; do
        pager "$by PATH='$dir/bin:$PATH' PAGER='touch $dir/escaped;' WFAPIKEY_PAGER='touch $dir/escaped;'" ""
        has "$out" "less:1:TIME"
        [[ ! -e $dir/escaped ]] || fail "a pager of the caller's choice runs with the rights of root"
    done
fi

# --- Repeats are shown to people while they are being gathered. Programs get them with the event.

"$WFAPIKEYCTL" audit list --follow >"$dir/lines" 2>"$dir/lines.err" &
lines=$!
"$WFAPIKEYCTL" audit list -f --jsonl >"$dir/json" 2>"$dir/json.err" &
json=$!
children+=("$lines" "$json")
both() { ctl policy set lifetime="$1" && grep -q "lifetime=$1" "$dir/lines" && grep -q "lifetime=$1" "$dir/json"; }
wait_until both 1y
run 0 ctl key issue "$me"
key=$out id=$(id_of "$out")
more() { verify nobody2 --service imap <<<"$key"; grep -q "refused, other-user, .*[0-9] more" "$dir/lines"; }
wait_until more
grep -q '"seq":null' "$dir/json" && fail "a program was told of an event that is not in the log"

# --- Over restarts: nothing is missing, nothing comes twice

for ((i = 1; i <= 3; i++)); do
    if [[ $i == 2 ]]; then stop KILL; else stop; fi
    start
    run 0 ctl policy set lifetime="${i}00d"
    wait_until grep -q "lifetime=${i}00d" "$dir/json"
    wait_until grep -q "lifetime=${i}00d" "$dir/lines"
done
has "$(<"$dir/json.err")" "the daemon is back"
has "$(<"$dir/lines.err")" "the daemon is back"
first=$(head -n 1 "$dir/json" | sed 's/^{"seq":\([0-9]*\),.*/\1/')
is "$(sed 's/^{"seq":\([0-9]*\),.*/\1/' "$dir/json" | paste -sd' ')" "$(seqs --after $((first - 1)))"
is "$(grep -c 'lifetime=[123]00d' "$dir/lines")" 3

# A collector that was away goes on where it was.
last=$(seqs -n 1)
stop
start
run 0 ctl policy set lifetime=400d
"$WFAPIKEYCTL" audit list -f --jsonl --after "$last" >"$dir/later" 2>&1 &
children+=("$!")
wait_until grep -q lifetime=400d "$dir/later"
is "$(head -n 1 "$dir/later" | sed 's/^{"seq":\([0-9]*\),.*/\1/')" "$((last + 1))"

# --- Another log is not the one that was followed

run 6 ctl audit list -f --jsonl --after 999999
has "$err" "it is another log, or an older copy"
