#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the command line's part of a fleet. A stand-in for the daemon says what it was asked, and a
# script stands in for wfapikey-fleetd. No password is ever an argument.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

run 0 ctl key draw
key=$out
"$abs_top_builddir/tests/scenario/fleet_daemon" "$dir" "$key" &
children+=($!)
wait_until ctl fleet status
asked() { # LINE...: the calls since the last time
    is "$(<"$dir/calls")" "$(printf '%s\n' "$@")"
    : >"$dir/calls"
}
: >"$dir/calls"

# Status, hosts, groups: for people and as JSON. No control character reaches the terminal.
run 0 ctl fleet status
asked FleetStatus
for line in 'joined +yes' 'fleet +wfm_fleet' 'host +db' 'link +away' 'link-text +connection \\x1b refused' 'age in seconds +7' 'longest silence in seconds +9' 'silent-host +db' \
    'waiting +1' 'groups +all,web'; do
    grep -qxE "$line" <<<"$out" || fail "no line '$line': $out"
done
run 0 ctl --json fleet status
is "$out" '{"joined":true,"fleet":"wfm_fleet","host":"db","issuing":true,"link":"away","link-text":"connection \u001b refused","keys":3,"age":7,"silent":9,"silent-host":"db","waiting":1,"groups":["all","web"],"numbers":{"all":412,"web":17},"hosts":[{"name":"db","groups":["all","web"],"issuing":true,"heard":8,"reported":"2027-01-15T08:00:00Z","fault":null},{"name":"www1","groups":["web"],"issuing":false,"heard":null,"reported":null,"fault":null},{"name":"gone","groups":[],"issuing":null,"heard":null,"reported":null,"fault":null}]}'
run 0 ctl fleet hosts
grep -qxE 'db +all,web +yes +8 +2027-01-15T08:00:00Z +-' <<<"$out" || fail "$out"
grep -qxE 'gone +- +- +- +- +-' <<<"$out" || fail "$out"
run 0 ctl --json fleet hosts
is "$out" '[{"name":"db","groups":["all","web"],"issuing":true,"heard":8,"reported":"2027-01-15T08:00:00Z","fault":null},{"name":"www1","groups":["web"],"issuing":false,"heard":null,"reported":null,"fault":null},{"name":"gone","groups":[],"issuing":null,"heard":null,"reported":null,"fault":null}]'
run 0 ctl fleet groups
grep -qxE 'web +17' <<<"$out" || fail "$out"
run 0 ctl --json fleet groups
is "$out" '[{"name":"all","number":412},{"name":"web","number":17}]'
: >"$dir/calls"
# During an upgrade the daemon may be older than this command, and its revocation counts.
run 0 ctl key revoke "${key:4:10}"
is "$err" ''
asked "RevokeKeys [ ${key:4:10} ] " GetServer
run 0 ctl fleet groups add mail 'a b'
asked 'FleetAddGroup mail' 'FleetAddGroup a b'
run 2 ctl fleet groups mail
has "$err" 'fleet groups add'
run 2 ctl fleet groups add
asked

# The key of a host; an invitation, there and back.
run 0 ctl fleet key
is "$out" wfm_key
run 0 ctl --json fleet key
is "$out" '{"key":"wfm_key"}'
asked FleetKey FleetKey
run 0 ctl fleet invite www1 wfm_key --groups web,mail --issuing --database host=there
is "$out" $'-----BEGIN WFAPIKEY INVITATION-----\nYT4+Pj8/P3o=\n-----END WFAPIKEY INVITATION-----'
cp "$dir/out" "$dir/invitation"
run 0 ctl fleet invite www1 wfm_key
run 0 ctl --json fleet invite www1 wfm_key
is "$out" '{"invitation":"-----BEGIN WFAPIKEY INVITATION-----\u000aYT4+Pj8/P3o=\u000a-----END WFAPIKEY INVITATION-----\u000a"}'
asked 'FleetInvite www1 wfm_key [ web mail ] yes host=there' 'FleetInvite www1 wfm_key [ ] no ' 'FleetInvite www1 wfm_key [ ] no '
ctl fleet invite www1 wfm_key >/dev/full 2>"$dir/err" && fail "an invitation that was not written is called success"
: >"$dir/calls"
run 0 ctl fleet join <"$dir/invitation"
has "$err" 'systemctl enable --now wfapikey-fleetd'
grep -qxE 'host +www1' <<<"$out" || fail "$out"
run 0 ctl --json fleet join <(printf 'Dear Bob,\r\n'; sed 's/$/\r/' "$dir/invitation"; echo '-- '; echo Alice)
is "$out" '{"fleet":"wfm_fleet","host":"www1","issuing":false}'
asked 'FleetJoin a>>>???z' 'FleetJoin a>>>???z'
run 2 ctl fleet join </dev/null
run 2 ctl fleet join <<<'no invitation'
has "$err" 'fleet invite'
run 2 ctl fleet join < <(head -n 2 "$dir/invitation")
has "$err" 'no whole invitation'
run 2 ctl fleet join < <(sed 's/YT4/Y=4/' "$dir/invitation")
has "$err" 'damaged'
run 1 ctl fleet join "$dir/none"
# "script" gives the command a terminal.
if command -v script >/dev/null; then
    run 2 script -qec "'$WFAPIKEYCTL' fleet join" /dev/null </dev/null
    has "$out" 'from a file or from standard input'
fi
asked

# Other groups, and another issuing host.
run 0 ctl fleet move www1 --groups web,mail
run 0 ctl --json fleet move www1
is "$out" '{}'
run 0 ctl fleet promote www1
asked 'FleetMove www1 [ web mail ] no' 'FleetMove www1 [ ] no' 'FleetMove www1 [ ] yes'

# What the hosts report. No text of a host reaches the terminal as it is.
: >"$dir/calls"
run 0 ctl fleet audit
grep -qE '^HOST +TIME ' <<<"$out" || fail "$out"
grep -qE '^www1 +2027-01-15T08:00:00Z +login +abcdefghij +al\\x1bice .* accepted$' <<<"$out" || fail "$out"
run 0 ctl --json fleet audit --host www1 --key abcdefghij --user alice --service sshd --verdict accepted --since 2027-01-01 --until 2027-02-01
is "$out" '[{"host":"www1","seq":7,"at":"2027-01-15T08:00:00Z","until":"2027-01-15T08:00:00Z","count":1,"event":"login","verdict":"accepted","door":null,"key":"abcdefghij","user":"al\u001bice","service":null,"rhost":null,"uid":null,"login-uid":null,"pid":null,"reason":null,"detail":null}]'
asked 'ListFleetAudit [ ]' 'ListFleetAudit [ host www1 key abcdefghij user alice service sshd verdict accepted since 1798761600 until 1801440000 ]'
run 6 ctl fleet audit verify
grep -qxE 'HOST +REPORT +AT +AGE +RECORDS +CHAIN' <<<"$out" || fail "$out"
grep -qxE 'db +12 +2027-01-15T08:00:00Z +7 +40 +whole' <<<"$out" || fail "$out"
grep -qxE 'gone +- +never +- +0 +never reported' <<<"$out" || fail "$out"
grep -qxE 'late +12 +2027-01-15T08:00:00Z +7200 +40 +silent' <<<"$out" || fail "$out"
grep -qxE 'www1 +3 +2027-01-15T08:00:00Z +7 +5 +forked' <<<"$out" || fail "$out"
has "$err" 'host www1 has sent a report that does not follow its last one (report 3, event 0)'
run 6 ctl --json fleet audit verify
has "$out" '{"host":"db","number":12,"at":"2027-01-15T08:00:00Z","age":7,"records":40,"seq":40,"last":41,"fault":null,"fault-text":null,"fault-at":null,"fault-number":null,"fault-seq":null}'
run 0 ctl fleet audit accept www1
run 0 ctl --json fleet audit accept www1
is "$out" '{}'
run 0 ctl fleet report
run 0 ctl --json fleet report
is "$out" '{}'
for wrong in 'accept' 'verify x' 'x' 'accept x y'; do
    # shellcheck disable=SC2086 # words
    run 2 ctl fleet audit $wrong
done
asked FleetAuditHosts FleetAuditHosts 'FleetAuditAccept www1' 'FleetAuditAccept www1' FleetAskReport FleetAskReport
run 0 ctl key show abcdefghij
grep -qxF 'used on www1: 2027-01-15T08:00:00Z, service sshd from 192.0.2.7, 3 times' <<<"$out" || fail "$out"
run 0 ctl --json key show abcdefghij
has "$out" '"hosts-used":[{"host":"www1","last-used":"2027-01-15T08:00:00Z","service":"sshd","rhost":"192.0.2.7","uses":3}]}'
: >"$dir/calls"

# Snapshots.
run 0 ctl fleet snapshot
run 2 ctl fleet rebase
has "$err" --yes
run 0 ctl --json fleet rebase --yes
is "$out" '{}'
asked FleetAskSnapshot FleetRebase

# Leave and drop.
run 0 ctl fleet drop www1
run 2 ctl fleet leave </dev/null
has "$err" --yes
run 0 ctl --json fleet leave --yes </dev/null
is "$out" '{"removed":3}'
asked 'FleetDrop www1' FleetLeave
if command -v script >/dev/null; then
    run 6 script -qec "'$WFAPIKEYCTL' fleet leave" /dev/null <<<2
    asked FleetStatus
    run 0 script -qec "'$WFAPIKEYCTL' fleet leave" /dev/null <<<3
    asked FleetStatus FleetLeave
    run 0 script -qec "'$WFAPIKEYCTL' key remove-all --fleet" /dev/null <<<3
    has "$out" 'all 3 keys of the fleet, on all its hosts'
    asked FleetStatus 'RemoveAllFleetKeys 3'
fi

# Keys, the policy and certificates of the fleet.
run 0 ctl key issue "$me" --hosts web,mail --service sshd
is "$out" "$key"
run 0 ctl key issue "$me" --hosts all
run 0 ctl --json policy set --fleet enabled=yes
is "$out" '{}'
run 0 ctl --json key remove-all --fleet --yes
is "$out" '{"removed":3}'
run 2 ctl key remove-all --fleet </dev/null
asked "IssueKey $me [ services [ sshd ] hosts [ web mail ] ]" "IssueKey $me [ hosts [ all ] ]" 'SetFleetPolicy [ enabled yes ]' \
    'RemoveAllFleetKeys 18446744073709551615'
run 0 ctl key list
grep -qE '^0000000001 .* -$' <<<"$out" || fail "$out"
grep -qE '^0000000002 .* mail,web$' <<<"$out" || fail "$out"
run 0 ctl --json key list
has "$out" '"hosts":[],'
has "$out" '"hosts":["mail","web"],'

# What the daemon refuses.
echo org.wfapikey1.Error.Fleet >"$dir/error"
for command in 'fleet status' 'fleet drop x' 'fleet groups add x' 'fleet invite x wfm_x' "key issue $me --hosts web" 'policy set --fleet a=b' \
    'fleet leave --yes' 'fleet audit' 'fleet audit verify' 'fleet audit accept x' 'fleet report' 'fleet init --database dbname=x' 'fleet key'; do
    # shellcheck disable=SC2086 # words
    run 6 ctl $command
    is "$out" ''
    has "$err" 'The database is away.'
done
rm "$dir/error"

# The first host. The database gets the password through standard input, and the daemon in the
# connection string; it is in no argument.
cat >"$dir/fleetd" <<END
#!/bin/bash
printf '%s\n' "\$@" >$dir/arguments
read -r _ _ _ _ _ session _ </proc/\$\$/stat
{ id -un; echo "\$HOME"; echo "apart \$((session == \$\$))"; [[ ! -e /proc/\$\$/fd/9 ]] || echo 'has a descriptor of the caller'; } >$dir/ran-as
[[ \$1 != --print-sql ]] || { echo 'CREATE SCHEMA wfapikey;'; exit; }
read -r password || [[ -n \$password ]]
printf '%s' "\$password" >$dir/password
echo 'the schema is there'
[[ ! -e $dir/broken ]] || { echo 'no such database' >&2; exit 1; }
END
chmod 0755 "$dir/fleetd"
: >"$dir/calls"
init() { ctl fleet init --fleetd="$dir/fleetd" "$@"; }
run 0 init --print-sql
is "$out" 'CREATE SCHEMA wfapikey;'
run 6 init --database 'host=db dbname=x' --setup dbname=x
has "$err" 'in the fleet wfm_fleet already'
[[ ! -e $dir/password ]] || fail "a host that is in a fleet got another password"
asked FleetStatus
touch "$dir/alone"
run 0 init --database 'host=db dbname=x' --host db --setup 'dbname=x user=postgres'
is "$out" wfm_fleet
has "$err" 'the schema is there'
has "$err" 'systemctl enable --now wfapikey-fleetd'
is "$(<"$dir/arguments")" $'--setup\ndbname=x user=postgres\n--host\ndb'
password=$(<"$dir/password")
[[ $password =~ ^[0-9A-Za-z]{43}$ ]] || fail "a password like '$password'"
asked FleetStatus "FleetInit db password='$password' user='wfapikey_host_db' host=db dbname=x"
run 0 init --database "dbname=x sslmode='verify-full'" --setup dbname=x
[[ $(<"$dir/password") != "$password" ]] || fail "the same password twice"
name=$(hostname) name=${name%%.*} name=${name,,}
asked FleetStatus "FleetInit $name password='$(<"$dir/password")' user='wfapikey_host_$name' dbname=x sslmode='verify-full'"
touch "$dir/broken"
run 1 init --database dbname=x --setup dbname=x
has "$err" 'no such database'
asked FleetStatus
run 1 ctl fleet init --database dbname=x --setup dbname=x --fleetd="$dir/none"
has "$err" 'wfapikey-fleet'
if [[ $(id -u) == 0 ]]; then
    rm "$dir/broken" "$dir"/{ran-as,arguments,password}
    chmod 0777 "$dir"
    # It could be taken over by another process of that user, so it has nothing of root's terminal.
    run 0 init --database dbname=x --setup dbname=x --setup-as=nobody 9<>"$dir/descriptor"
    is "$(<"$dir/ran-as")" "nobody"$'\n'"$(getent passwd nobody | cut -d : -f 6)"$'\n''apart 1'
    chmod 0755 "$dir"
fi
run 2 init --database dbname=x --setup dbname=x --setup-as=no-such-user-here
: >"$dir/calls"

# Where another administrator has made the role, its password is asked for.
run 0 init --host db --database 'dbname=x' --password <<<"it's a \\"
run 0 init --host db --database 'dbname=x user=other' --password < <(printf x)
run 0 init --host db --database 'dbname=x user=other sslcert=/c'
asked FleetStatus "FleetInit db password='it\\'s a \\\\' user='wfapikey_host_db' dbname=x" \
    FleetStatus "FleetInit db password='x' dbname=x user=other" \
    FleetStatus "FleetInit db dbname=x user=other sslcert=/c"
for wrong in '' '--database=x' '--database=password=1' '--database=dbname=x --setup=x' "--database=dbname=x --setup=password=1" \
    '--database=dbname=x --setup=dbname=x --password' '--database=dbname=x --setup-as=postgres' '--database=postgresql://a:b@c/d'; do
    # shellcheck disable=SC2086 # words
    run 2 init $wrong
    is "$out" ''
done
asked
