#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: uses of keys and the audit log of each host come home to the issuing hosts. A member's root
# that rewrites its log, a database superuser and another member are seen or refused.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"
# shellcheck source=tests/container/fleet
. "${0%/*}/fleet"

fleet_new
own=$(ctl web1 key issue alice)
must issue hub --name=laptop
must wait_until accepts web1 "$key"
web1_role() { sql "SET SESSION AUTHORIZATION wfapikey_host_web1; $1" 2>&1; }
# By default a host has 12 reports in an hour.
patience() { sql "UPDATE wfapikey.report SET put_at = put_at - interval '1 hour'" >/dev/null; }
field() { ctl "$1" --json fleet audit verify 2>/dev/null | tr '{' '\n' | sed -n "/\"host\":\"$2\"/s/.*\"$3\":\"\\{0,1\\}\\([^,\"]*\\).*/\\1/p"; } # AT HOST FIELD
field_is() { [[ $(field "$1" "$2" "$3") == "$4" ]]; }                                                             # AT HOST FIELD VALUE
last_of() { field "$1" "$2" number | sed 's/null/0/'; } # AT HOST
reports() { # HOST: and both issuing hosts have it
    local n
    patience
    n=$(last_of hub "$1")
    ctl "$1" fleet report || return
    newer() { [[ $(last_of hub "$1") -gt $2 && $(last_of hub2 "$1") == "$(last_of hub "$1")" ]]; }
    wait_until newer "$1" "$n"
}
audit() { ctl "$1" --jsonl fleet audit "${@:2}"; }
uses() { ctl hub key show "$id" | grep -q "^used on web1: .* service door .*, $1 times"; } # NUMBER
faultless() { field_is hub web1 fault null && field_is hub2 web1 fault null; }

# --- A member's login is seen at home ---
used() { ctl web1 key show "$id" | grep -qE '^uses +1$'; } # which the daemon notes every two seconds
logged() { ctl web1 --json audit list --key "$id" --verdict accepted | grep -q login; } # likewise
must wait_until used
must wait_until logged
test_that "a member reports" reports web1
test_that "an issuing host shows when a key was used where" wait_until uses 1
test_that "as JSON too" grep -q '"hosts-used":\[{"host":"web1","last-used":"20[^"]*","service":"door"' <<<"$(ctl hub2 --json key show "$id")"
test_that "its login is in the fleet's audit log" grep -q "\"host\":\"web1\".*\"verdict\":\"accepted\".*\"key\":\"$id\"" <<<"$(audit hub --key "$id" --host web1)"
test_that "and what it does with keys of its own" grep -q "\"key\":\"$(id_of "$own")\"" <<<"$(audit hub2 --host web1 --user alice)"
test_not "no other host did that" grep -q "\"key\":\"$(id_of "$own")\"" <<<"$(audit hub --host hub)"
test_that "a table for people" grep -qE '^web1 +20.* login .* accepted' <<<"$(ctl hub fleet audit --host web1)"
must reports hub
must reports hub2
test_that "nothing is wrong" ctl hub fleet audit verify
test_that "fleet status has the time of the last report" grep -qE '^web1 .* 20[0-9-]+T' <<<"$(ctl hub fleet hosts)"
test_not "a member reads nothing of it" ctl web1 fleet audit
test_that "nobody has to ask twice" reports web1
test_that "a report without news is one" faultless
must reports web1
test_that "no event comes twice" test "$(audit hub --host web1 | grep -o '"seq":[0-9]*' | sort | uniq -d | wc -l)" = 0

# --- Another member, or its fleetd ---
must sql "SET SESSION AUTHORIZATION wfapikey_host_hub2; SELECT count(*) FROM wfapikey.report"
test_that "a member's role reads no report" test "$(web1_role 'SELECT count(*) FROM wfapikey.report' | tail -n 1)" = 0
denied() { web1_role "$1" | grep -q 'permission denied'; }
test_that "it does not append for another" denied "INSERT INTO wfapikey.report (host, number, frame) SELECT 'hub', 100, 'x'"
test_that "nor change what is there" denied "UPDATE wfapikey.report SET frame = 'x'"
test_that "nor delete it" denied 'DELETE FROM wfapikey.report'
patience
web1_role "SELECT wfapikey.put_report(ARRAY[(SELECT 1 + 50)], ARRAY['garbage'::bytea])" >/dev/null
test_that "garbage that it puts there keeps nothing back" reports web1
test_that "its daemon has taken the next number" test "$(field hub web1 number)" -ge 52
test_that "and that is no alarm" faultless

# --- The superuser of the database ---
last() { sql "SELECT max(number) FROM wfapikey.report WHERE host = 'web1'"; }
kept() { audit hub --host web1 | grep -o '"seq":[0-9]*' | sort -u | wc -l; }
sql "INSERT INTO wfapikey.report (host, number, frame) SELECT 'hub2', (SELECT max(number) + 1 FROM wfapikey.report WHERE host = 'hub2'), frame
    FROM wfapikey.report WHERE host = 'web1' AND number = $(last); NOTIFY \"wfapikey reports\""
test_that "a report under another name is refused" wait_until has_heard hub 'a report of host hub2 of the fleet is refused'
sql "INSERT INTO wfapikey.report (host, number, frame) SELECT 'web1', number + 1, frame FROM wfapikey.report WHERE host = 'web1' AND number = $(last);
    NOTIFY \"wfapikey reports\""
test_that "a replayed one counts for nothing" reports web1
test_that "and is no alarm" faultless
before=$(kept)
host_cut hub && host_cut hub2
patience
newest=$(last)
must ctl web1 fleet report
got_there() { [[ $(last) -gt $newest ]]; }
must wait_until got_there
sql "UPDATE wfapikey.report SET frame = set_bit(frame, 4000, 1 - get_bit(frame, 4000)) WHERE host = 'web1' AND number = $(last)"
host_mend hub && host_mend hub2
must wait_until linked hub
test_that "one that was altered is refused" wait_until has_heard hub 'a report of host web1 of the fleet is refused: That is damaged'
must reports web1
test_that "that it is missing is an alarm" wait_until field_is hub web1 fault missing
test_that "what was there is there" test "$(kept)" -ge "$before"
test_that "it is in the journal" has_heard hub 'host web1 of the fleet has sent reports or records that have not come'
test_that "doctor says so" grep -q 'does not go together, such as web1' <<<"$(ctl hub doctor 2>&1)"
test_not "fleet audit verify fails" ctl hub fleet audit verify
test_that "metrics count it" grep -qx 'wfapikey_fleet_hosts_wrong 1' <<<"$(ctl hub metrics)"
for host in hub hub2; do must ctl $host fleet audit accept web1; done
test_that "an administrator has seen to it" faultless

# --- The member's root ---
wipe() { # SQL: as root of web1, while its daemon does not run
    host_stop web1 wfapikeyd
    sqlite3 "$work/web1/lib/wfapikey/keys.db" "$1" || not_ok "$1"
    wfapikeyd_start web1
    must wait_until linked web1
}
must faultless
seq=$(audit hub --key "$id" --host web1 --verdict accepted | sed -n 's/.*"seq":\([0-9]*\),.*/\1/p' | head -n 1)
wipe "UPDATE audit SET user = 'bob', verdict = 'refused' WHERE seq = $seq"
must reports web1
test_that "a root who rewrites the log is seen" wait_until field_is hub web1 fault altered
test_that "and what was reported stays" grep -q "\"seq\":$seq,.*\"verdict\":\"accepted\".*\"user\":\"alice\"" <<<"$(audit hub --host web1 --key "$id")"

# --- A host that is dropped ---
must ctl hub fleet drop web1
test_that "what a dropped host has reported stays" test "$(kept)" -ge "$before"
test_that "it is listed" field_is hub web1 fault altered
test_not "a verdict that does not exist is no filter" ctl hub fleet audit --verdict nonsense
fleet_finish
