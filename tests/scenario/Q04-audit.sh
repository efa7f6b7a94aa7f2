#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: Q4: every change, login and refusal is an event in the audit log, with who, what and which
# key. Filters find it, and --follow shows it when it happens. No flood hides an event and no kill
# -9 loses it. An alteration of the log is found.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
command -v sqlite3 >/dev/null || skip "no sqlite3"
flood=$abs_top_builddir/tests/scenario/flood
uid=$(id -u)

start
sql() { sqlite3 -cmd '.timeout 5000' "$dir/state/keys.db" "$@"; }
events() { ctl audit list --jsonl "$@"; }
number_of() { events "$@" | wc -l; }
# The daemon writes the events in its memory within seconds.
wait_for_event() { # PART [FILTER]...
    local part=$1
    shift
    seen() { events "$@" | grep -qF -- "$part"; }
    wait_until seen "$@"
}

# --- Each kind of event, with who and what

run 0 ctl policy set enabled=yes lifetime=6months
run 0 ctl key issue "$me" --name first
key=$out id=$(id_of "$out")
run 0 ctl key rename "$id" second
verify "$me" --service imap --rhost 192.0.2.7 <<<"$key" || fail "refused"
run 0 ctl key reset "$id"
reset=$out
verify "$me" --service imap <<<"$key" && fail "accepted after a reset"
verify nobody2 --service smtp <<<"$reset" && fail "accepted for another user"
run 0 ctl key revoke "$id" --reason "lost a laptop"
run 6 ctl key revoke "$id"
run 5 ctl key show 0000000000
verify "$me" --service imap <<<"$reset" && fail "accepted after a revocation"
run 0 ctl key remove "$id"
wait_for_event '"reason":"revoked"'

event() { # EVENT PART...: there is one such event with all the parts
    local line part
    line=$(events | grep -F "\"event\":\"$1\"" | grep -F -- "$2") || fail "no event '$1' with '$2'"
    for part in "${@:3}"; do has "$line" "$part"; done
}
who="\"uid\":$uid,"
event begun '"door":"daemon"' '"seq":1,'
event policy '"detail":"enabled=yes"' "$who" '"verdict":"done"' '"door":"control"'
event policy '"detail":"lifetime=6months"' "$who"
event issued "$id" "$who" "\"user\":\"$me\"" '"pid":'
event renamed "$id" "$who" second
event reset "$id" "$who"
event revoked "$id" "$who" "lost a laptop"
event removed "$id" "$who"
event login '"verdict":"accepted"' "$who" "$id" "\"user\":\"$me\"" '"service":"imap"' '"rhost":"192.0.2.7"' '"door":"verify"'
event login '"reason":"wrong-secret"' "$who" "$id" '"verdict":"refused"'
event login '"reason":"other-user"' "$id" "\"user\":\"$me\"" "for user 'nobody2'"
event login '"reason":"revoked"' "$id"
event RevokeKeys '"reason":"not-active"' "$who" "$id" "\"user\":\"$me\"" '"verdict":"refused"' '"door":"control"'
event GetKey '"reason":"no-such-key"' "$who" 0000000000
[[ $(events) != *"${key:15:20}"* && $(events) != *"${reset:15:20}"* ]] || fail "the log has a secret"
run 0 ctl audit list
has "$out" "lost a laptop"

# --- Filters

all=$(number_of)
is "$(number_of --key "$id")" "$((all - 4))" # not: begun, two of the policy, one of an unknown key
is "$(number_of --key aaaaaaaaaa)" 0
is "$(number_of --user "$me")" "$((all - 4))"
is "$(number_of --user no-such-user)" 0
is "$(number_of --service smtp)" 1
is "$(number_of --verdict accepted)" 1
is "$(number_of --verdict accepted --service smtp)" 0
is "$(number_of --since 1h)" "$all"
is "$(number_of --until 1h)" 0
is "$(number_of --since 2030-01-01)" 0
is "$(number_of --until 2999-01-01T00:00:00Z)" "$all"
for since in -1h '1 hour ago' yesterday @1 "$(date -d '-1 hour' '+%F %T')" "$(date -u -d '-1 hour' +%FT%TZ)"; do
    is "$(number_of --since "$since")" "$all"
    is "$(number_of --until "$since")" 0
done
is "$(number_of --since tomorrow --until +2d)" 0
# The zone of the terminal counts.
is "$(TZ=ABC-3 number_of --since "$(TZ=ABC-3 date -d '-1 hour' '+%F %T')")" "$all"
is "$(TZ=ABC3 number_of --since "$(TZ=ABC-3 date -d '-1 hour' '+%F %T')")" 0
run 2 ctl audit list --since soon
has "$err" "--since='soon' is not a time"
run 2 ctl audit list --verdict maybe
is "$out" ""
run 2 ctl audit list --key x
run 2 ctl audit list --colour red
run 0 ctl audit verify
has "$out" "intact: $all events"

# --- A follower sees the events that happen meanwhile, and only those it asked for

run 0 ctl key issue "$me"
mine=$(id_of "$out")
run 0 ctl key issue "$me"
other=$(id_of "$out")
begin=$(number_of)
"$WFAPIKEYCTL" audit list --follow --jsonl --key "$mine" >"$dir/followed" 2>&1 &
follower=$!
children+=("$follower")
"$WFAPIKEYCTL" audit list --follow --since 1h >"$dir/lines" 2>&1 &
children+=("$!")
wait_until grep -q "lost a laptop" "$dir/lines"
follows() {
    ctl key rename "$mine" again && grep -q '"event":"renamed"' "$dir/followed"
}
wait_until follows
# A follower that starts while events come misses none and gets none twice.
(for ((i = 0; i < 100; i++)); do ctl key rename "$other" "number $i"; done) &
renaming=$!
for ((i = 0; i < 6; i++)); do
    "$WFAPIKEYCTL" audit list --follow --since 1h --jsonl >"$dir/amid.$i" 2>&1 &
    children+=("$!")
    wait_until test -s "$dir/amid.$i"
done
wait "$renaming" || fail "a key could not be renamed"
run 0 ctl key revoke "$other" "$mine" --reason now
for ((i = 0; i < 6; i++)); do
    wait_until grep -q '"event":"revoked".*"detail":"now"' "$dir/amid.$i"
    amid=$(sed 's/^{"seq":\([0-9]*\),.*/\1/' "$dir/amid.$i")
    is "$(sort -n <<<"$amid" | uniq -d)" ""
    is "$(wc -l <<<"$amid")" "$(tail -n 1 <<<"$amid")"
done
wait_until grep -q '"event":"revoked"' "$dir/followed"
wait_until grep -q "revoked *$other" "$dir/lines"
grep -q "$other" "$dir/followed" && fail "the filter is not for what follows"
# A revocation of many keys does not fit one answer. No event is left out or comes twice.
run 0 ctl policy set max-keys-per-user=1000
ids=()
for ((i = 0; i < 120; i++)); do ids+=("$(id_of "$(ctl key issue "$me")")"); done
run 0 ctl key revoke "${ids[@]}"
last() { grep -q "removed *${ids[119]}" "$dir/lines"; }
run 0 ctl key remove "${ids[119]}"
wait_until last
for id in "${ids[@]}"; do is "$(grep -c "revoked *$id" "$dir/lines")" 1; done
is "$(wc -l <"$dir/lines")" "$(($(number_of) + 1))"
[[ $(number_of) -gt $begin ]] || fail "nothing was recorded"
kill "$follower"

# A follower that does not read is no burden: it gets nothing more, and the others go on.
"$WFAPIKEYCTL" audit list --follow --jsonl >"$dir/stopped" 2>&1 &
stopped=$!
children+=("$stopped")
sleeps() { [[ $(ps -o stat= -p "$stopped") == S* ]]; }
wait_until sleeps
kill -STOP "$stopped"
for ((i = 0; i < 50; i++)); do run 0 ctl policy set max-keys-per-user=$((900 + i)); done
wait_until grep -q max-keys-per-user=949 "$dir/lines"
kill -CONT "$stopped"
kill "$stopped"

# --- Events of the daemon itself

run 0 ctl key issue "$me" --expires 1s
id=$(id_of "$out")
wait_for_event '"event":"expired"' --key "$id"
event expired "$id" '"uid":null' '"door":"daemon"' "\"user\":\"$me\""

# --- Other users see the events of their own keys, and no others

if [[ $uid == 0 ]]; then
    theirs=$(id -nu 65534)
    as() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$WFAPIKEYCTL" "$@"; }
    run 0 ctl key issue "$theirs"
    their_id=$(id_of "$out")
    run 4 as key revoke "$mine"
    run 4 as policy show
    wait_for_event '"event":"GetPolicy"'
    event GetPolicy '"reason":"access-denied"' '"uid":65534,'
    event RevokeKeys '"reason":"access-denied"' '"uid":65534,' "$mine" "\"user\":\"$me\""
    run 0 as audit list --jsonl
    is "$(grep -c . <<<"$out")" 1
    has "$out" "$their_id"
    run 0 as audit list --jsonl --user "$me" --key "$mine"
    is "$out" ""
    run 4 as audit verify
    setpriv --reuid=65534 --regid=65534 --clear-groups -- "$WFAPIKEYCTL" audit list --follow --jsonl >"$dir/their" 2>&1 &
    children+=("$!")
    follows() { ctl key rename "$their_id" x && grep -q '"event":"renamed"' "$dir/their"; }
    wait_until follows
    run 0 ctl key issue "$me"
    run 0 ctl key remove "$their_id"
    wait_until grep -q '"event":"removed"' "$dir/their"
    is "$(grep -cv "$their_id" "$dir/their")" 0
fi

# --- The login session, which sudo does not change. It is for the record: no right follows from it.

in_session() { (echo "$1" >/proc/self/loginuid && shift && exec "$@"); } # UID COMMAND...
if [[ $uid == 0 ]] && in_session 4242 true 2>/dev/null; then
    run 0 in_session 4242 "$WFAPIKEYCTL" key issue "$me" --name by-somebody
    id=$(id_of "$out") key=$out
    event issued "$id" '"uid":0,"login-uid":4242,"pid":'
    logged "key $id of user '$me' issued by uid 0 (login uid 4242)"
    # a service that is still there when it has its first answer
    in_session 4343 "$abs_top_builddir/tests/scenario/hammer" "$WFAPIKEY_VERIFY" "$me" <<<"$key" >/dev/null
    logged "accepted key $id: user '$me', service 'hammer', source 'unknown', asked by uid 0 (login uid 4343)"
    wait_for_event '"login-uid":4343' --key "$id"
    run 4 in_session 0 setpriv --reuid=65534 --regid=65534 --clear-groups -- "$WFAPIKEYCTL" policy show
    wait_for_event '"event":"GetPolicy"' --since 1h
    wait_for_event '"uid":65534,"login-uid":0,'
    run 0 ctl audit list --columns by,event
    grep -qE "^$(id -un 65534) +GetPolicy" <<<"$out" || fail "a made up login uid hides who it was: $out"
    run 0 in_session 4294967295 "$WFAPIKEYCTL" key rename "$id" by-nobody
    event renamed "$id" '"uid":0,"login-uid":null,'
    run 0 ctl audit verify
fi

# --- A login from another source, among many with the same key

run 0 ctl key issue "$me"
for source in 192.0.2.1 192.0.2.1 203.0.113.66 192.0.2.1; do
    verify "$me" --service sources --rhost "$source" <<<"$out" || fail "refused"
done
wait_for_event '"rhost":"203.0.113.66"' --key "$(id_of "$out")"

# --- A flood of refusals, each with another id and service

run 0 ctl key issue "$me"
key=$out id=$(id_of "$out")
before=$(number_of)
"$flood" "$WFAPIKEY_VERIFY" "$me" 10000 &
flooding=$!
verify nobody2 --service among-thousands <<<"$key" && fail "accepted for another user"
wait "$flooding" || fail "the flood was not answered"
"$flood" "$WFAPIKEY_VERIFY" "$me" 10000 || fail "the flood was not answered"
wait_for_event '"service":"among-thousands"'
is "$(number_of --key "$id" --verdict refused)" 1
stop # this also writes the events in memory
is $? 0
start
[[ $(number_of) -lt $((before + 100)) ]] || fail "20000 refusals made $(($(number_of) - before)) events"
counted=$(events --verdict refused | sed -n 's/.*"count":\([0-9]*\),"event":"\(login\|several\)".*/\1/p' | paste -sd+)
is "$((counted))" "$((20000 + 1 + 3))" # with those of the beginning
run 0 ctl audit verify

# --- Every acknowledged event survives a kill -9

run 0 ctl key issue "$me"
id=$(id_of "$out")
run 0 ctl key revoke "$id"
stop KILL
start
is "$(events --key "$id" | grep -c '"event":"revoked"')" 1
run 0 ctl audit verify

# --- A full disk: here a database that cannot be written. Logins go on, events are gathered, and a
# change is refused.

sql "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'full'); END"
verify "$me" --service while-full <<<"$key" || fail "a login needs the audit log"
logged "the audit log cannot be written"
verify "$me" --service while-full-too <<<"$key" || fail "a login needs the audit log"
run 1 ctl key rename "$(id_of "$key")" unheard
run 0 ctl key show "$(id_of "$key")"
[[ $out != *unheard* ]] || fail "a change without its event"
sql "DROP TRIGGER full"
wait_for_event while-full-too
wait_for_event '"service":"while-full"'
logged "the audit log is written again"
run 0 ctl audit verify

# --- A long log delays no other caller: the daemon reads it in pieces.

rows=$(number_of)
sql "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
     INSERT INTO audit SELECT i + 1000000, 1, 1, 1, 0, 0, 4294967295, 'x', 'x', 'x', '', '', '', '', '', '', x'', -1 FROM n" ||
    fail "no rows"
if command -v busctl >/dev/null; then
    run 0 busctl --address="unix:path=$WFAPIKEY_CONTROL" call org.wfapikey1 /org/wfapikey1 org.wfapikey1.Manager ListAudit 'a{sv}' 1 service s none
    [[ ${out##* } -gt 0 ]] || fail "a million events were looked at in one piece: $out"
fi
run 0 ctl key issue "$me"
id=$(id_of "$out")
"$WFAPIKEYCTL" audit list --jsonl --service none >"$dir/none" &
listing=$!
children+=("$listing")
run 0 ctl key revoke "$id"
kill -0 "$listing" 2>/dev/null || fail "the list has ended before the revocation: no test of anything"
wait "$listing" || fail "the list failed"
is "$(<"$dir/none")" ""
is "$(number_of --key "$id")" 2

# --- An alteration of the log is found

run 6 ctl audit verify
has "$err" "event $((rows + 1)) is missing"
run 6 ctl audit verify --json
has "$out" '"intact":false'
stop
for damage in "UPDATE audit SET count = count + 1 WHERE seq = 5" "UPDATE audit SET user = 'eve' WHERE seq = 5" \
    "UPDATE audit SET hash = (SELECT hash FROM audit WHERE seq = 4) WHERE seq = 5"; do
    sql "$damage"
    start
    run 6 ctl audit verify
    is "$out" ""
    has "$err" "event 5 is not as it was written"
    stop
done
sql "DELETE FROM audit WHERE seq < 5"
start
run 6 ctl audit verify
has "$err" "event 1 is missing"
# It can still be read, and keys can be revoked.
run 0 ctl key issue "$me"
run 0 ctl key revoke "$(id_of "$out")"
