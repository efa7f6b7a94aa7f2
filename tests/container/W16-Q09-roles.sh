#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the uid and the groups of a caller alone decide what it may do on the control socket. Each
# method is called by root, an administrator, a developer and a user, with own keys and with
# others', from processes with those uids. Texts that could harm a terminal or a log are refused.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

start_wfapikey || not_ok "the daemon starts"
wfapikeyctl policy set max-keys-per-user=1000
for user in admin dev alice bob; do add_user $user; done
groupadd keyadmins
groupadd keydevs
gpasswd -a admin keyadmins >/dev/null
gpasswd -a dev keydevs >/dev/null
ctl() { as "$1" wfapikeyctl "${@:2}"; } # USER ARGUMENT...
status() { # WANT TEXT COMMAND...
    "${@:3}" >"$work/answer" 2>&1
    local got=$?
    if [[ $got == "$1" ]]; then ok "$2"; else not_ok "$2: $got instead of $1: $(<"$work/answer")"; fi
}
new() { # OWNER: a key, made by root
    id_of "$(wfapikeyctl key issue "$1")"
}

alices=$(new alice)
echo "# without groups: everybody has their own keys"
status 0 "alice issues for herself" ctl alice key issue alice
status 4 "alice does not for bob" ctl alice key issue bob
status 4 "nor for root" ctl alice key issue root
status 4 "nor for nobody at all" ctl alice key issue no-such-user
status 0 "alice renames hers" ctl alice key rename "$alices" mine
status 0 "alice resets hers" ctl alice key reset "$alices"
status 4 "bob does not see it" ctl bob key show "$alices"
status 4 "bob does not rename it" ctl bob key rename "$alices" his
status 4 "bob does not reset it" ctl bob key reset "$alices"
status 4 "bob does not revoke it" ctl bob key revoke "$alices"
status 4 "bob does not remove it" ctl bob key remove "$alices"
status 4 "bob is told the same of a key that is not there" ctl bob key show 0000000000
list=$(ctl bob key list --owner alice --json)
test_that "bob lists none of hers" test "$(tr -d '[:space:]' <<<"$list")" = '[]'
status 4 "alice does not see the policy" ctl alice policy show
status 4 "alice does not change it" ctl alice policy set enabled=no
status 0 "alice sees the status" ctl alice status
test_not "but not of others' keys" grep -q "^keys-active *[0-9]" "$work/answer"

mkdir -p /etc/wfapikey
printf '[daemon]\nadmin-group = keyadmins\ndeveloper-group = keydevs\n' >/etc/wfapikey/wfapikeyd.conf
mark
systemctl reload wfapikeyd.service
wait_until said 'configuration read again' || not_ok "the configuration is read"
devs=$(new dev)
echo "# with groups: developers issue, administrators do all"
status 0 "an administrator issues for alice" ctl admin key issue alice
status 0 "an administrator changes the policy" ctl admin policy set lifetime=6months
status 0 "an administrator revokes alice's" ctl admin key revoke "$(new alice)"
status 0 "an administrator removes alice's" ctl admin key remove "$(new alice)"
status 0 "a developer issues for itself" ctl dev key issue dev
status 0 "a developer resets its own" ctl dev key reset "$devs"
status 4 "a developer does not for alice" ctl dev key issue alice
status 4 "a developer does not reset alice's" ctl dev key reset "$alices"
status 4 "a developer does not change the policy" ctl dev policy set enabled=no
status 4 "alice does not issue any more" ctl alice key issue alice
status 4 "nor rename" ctl alice key rename "$alices" x
status 4 "nor reset" ctl alice key reset "$alices"
status 0 "but list" ctl alice key list
status 0 "and show" ctl alice key show "$alices"
status 0 "and revoke" ctl alice key revoke "$alices"
status 0 "and remove" ctl alice key remove "$alices"

echo "# busctl"
bus() { as "$1" busctl --address=unix:path=/run/wfapikey/control "${@:2}"; }
object=(org.wfapikey1 /org/wfapikey1)
status 0 "introspect" bus bob introspect "${object[@]}"
test_that "has the methods" grep -q IssueKey "$work/answer"
status 1 "a call that is not allowed" bus bob call "${object[@]}" org.wfapikey1.Manager SetPolicy 'a{ss}' 1 enabled no
test_that "has its named error's text" grep -q "Only administrators" "$work/answer"
status 0 "a call that is" bus bob call "${object[@]}" org.wfapikey1.Manager ListKeys 'a{sv}' 0
status 1 "arguments of another kind" bus root call "${object[@]}" org.wfapikey1.Manager ListKeys s x
status 1 "an option that is not known" bus root call "${object[@]}" org.wfapikey1.Manager ListKeys 'a{sv}' 1 colour s red

# The matrix: each method of CONTROL has a row. Each role tries each row, with a key of the caller's
# own and with another user's. KEY is a new key of one of them, USER its owner, NONE an empty text.
# The class says which roles may call the method:
#
#   admin    administrators only
#   dev      own keys: developers and administrators, or everybody where there is no developer group
#   own      own keys: everybody
#   all      everybody
#   mine     everybody, but each caller sees only its own keys
#   share    own keys: administrators, and developers where there is a developer group. They get
#            another error than "access denied", because this host is in no fleet.
#   reach    administrators only; an administrator gets another error than "access denied"
rows='IssueKey dev sa{sv} USER 0
IssueKey share sa{sv} USER 1 hosts as 1 all
ListKeys mine a{sv} 1 owner s USER
ListKeys mine a{sv} 2 owner s USER sort s name
GetKey own s KEY
RenameKey dev ss KEY name
ResetKey dev s KEY
RevokeKeys own ass 1 KEY why
RevokeActiveKeys own ass 1 KEY why
RemoveKeys own as 1 KEY
ReviveKeys reach as 1 KEY
GetPolicy admin
SetPolicy admin a{ss} 1 retention 3mo
PreviewPolicy admin a{ss} 1 retention 1d
GetStatus all
GetServer all
Diagnose admin
ListAudit mine a{sv} 1 user s USER
FollowAudit all
VerifyAudit admin t 0
MarkAudit admin t 0
RotateKey dev sa{sv} KEY 0
ExplainKey own sa{sv} KEY 0
CountKeys admin
RemoveAllKeys reach t 1000001
MirrorKeygen reach b false
MirrorShowKey reach
MirrorStatus admin
MirrorExportBegin reach ss nobody mirror
MirrorExportRead reach t 0
MirrorImportBegin reach sa{sv} mirror 0
MirrorImportWrite reach tay 0 0
MirrorImportCheck reach t 0
MirrorImportCommit reach t 0
BindKey dev ss KEY NONE
AddCertificates reach aaya{sv} 0 0
ListCertificates admin
GetCertificate reach s no-such-certificate
RemoveCertificate reach s no-such-certificate
LoadCrl reach ayb 0 false
GetMetrics admin
AccountRemoved admin s nobody-at-all
ListVanishedAccounts admin s nobody-at-all
PasswordExpired admin s nobody-at-all
ListHeldPasswords admin s nobody-at-all
TrustClock admin
FleetInit reach ss NONE NONE
FleetKey reach
FleetInvite reach ssasbs two key 0 false NONE
FleetJoin reach ay 0
FleetAddGroup reach s more
FleetMove reach sasb two 0 false
FleetDrop reach s two
FleetLeave reach
FleetStatus admin
FleetAskSnapshot reach
FleetRebase reach
FleetAskReport reach
ListFleetAudit reach a{sv} 0
FleetAuditHosts reach
FleetAuditAccept reach s two
SetFleetPolicy reach a{ss} 1 retention 3mo
RemoveAllFleetKeys reach t 1
Reload admin'
# They have tests of their own: W05-password.sh, 237-burn.sh, 238-scan.sh, and what fleetd
# calls, below.
elsewhere='IssueKeyWithPassword BurnKey CheckKey FleetAttach FleetLink FleetWrite FleetHeads FleetSignHeads FleetSnapshot FleetDone FleetReport FleetReported FleetReports FleetTakeReport'
written=$(sed -n 's/^\([A-Z][A-Za-z]*\)(.*->.*/\1/p' "$WFAPIKEY_SOURCE/common/CONTROL")
for method in $written; do
    [[ " $elsewhere " == *" $method "* ]] || grep -q "^$method " <<<"$rows" || not_ok "$method is not in the matrix"
done

may() { # CLASS ROLE OWN DEVELOPERS: whether the role may
    case $1:$2:$3:$4 in
    *:root:* | *:admin:*) true ;;
    all:* | mine:* | own:*:own:* | dev:dev:own:* | share:dev:own:yes) true ;;
    dev:alice:own:no) true ;;
    *) false ;;
    esac
}
try() { # DEVELOPERS METHOD CLASS TYPES-AND-ARGUMENTS...
    local role owner whose want got args
    for role in root admin dev alice; do
        for whose in own other; do
            owner=$role
            [[ $whose == own ]] || owner=victim
            args=("${@:4}")
            [[ " ${args[*]} " != *' KEY '* ]] || args=("${args[@]/#KEY/$(new "$owner")}")
            args=("${args[@]/#USER/$owner}") args=("${args[@]/#NONE/}")
            may "$3" $role $whose "$1" && want=allowed || want=denied
            bus $role --json=short call "${object[@]}" org.wfapikey1.Manager "$2" "${args[@]}" >"$work/answer" 2>&1 && got=allowed || got=denied
            [[ $got == allowed ]] || grep -qE 'Only administrators|is not yours' "$work/answer" || got="failed: $(<"$work/answer")"
            [[ $3 != reach && $3 != share || $got != failed* ]] || got=allowed
            [[ $3$whose != mineother || $role == root || $role == admin ]] ||
                ! grep -q '"victim"' "$work/answer" || got="told of others: $(<"$work/answer")"
            if [[ $got == "$want" ]]; then
                ok "$2 by $role, $whose: $want"
            else
                not_ok "$2 by $role, $whose: $got, not $want"
            fi
        done
    done
}
add_user victim
new victim >/dev/null
matrix() { # DEVELOPERS
    local method class rest
    while read -r method class rest; do
        # shellcheck disable=SC2086 # words
        ! grep -qx "$method" <<<"$written" || try "$1" "$method" "$class" $rest
    done <<<"$rows"
}
echo "# the matrix, with both groups"
matrix yes
echo "# the matrix, without a developer group"
printf '[daemon]\nadmin-group = keyadmins\n' >/etc/wfapikey/wfapikeyd.conf
mark
systemctl reload wfapikeyd.service
wait_until said 'configuration read again' || not_ok "the configuration is read"
matrix no

echo "# what is for fleetd, and for administrators"
for method in 'FleetAttach u 1' 'FleetLink ss away x' 'FleetWrite say web 0' 'FleetHeads ay 0' FleetSignHeads \
    'FleetSnapshot stb web 0 false' 'FleetDone tss 1 away x' FleetReport 'FleetReported tsts 1 failed 0 x' FleetReports \
    'FleetTakeReport say web1 0'; do
    for user in dev alice; do
        # shellcheck disable=SC2086 # words
        status 1 "$user does not call ${method%% *}" bus $user call "${object[@]}" org.wfapikey1.Manager $method
        test_that "and is told that it may not" grep -q "Only wfapikey-fleetd" "$work/answer"
    done
done

echo "# texts"
hers=$(new alice)
long=$(printf 'x%.0s' {1..300})
for bad in $'a\nb' $'\e[31mred' $'a\rb' $'\u202egnp' $'tab\there' "$long" "$(wfapikeyctl key issue alice)" ''; do
    status 1 "a name that will not do: $(printf '%.12q' "$bad")" bus alice call "${object[@]}" org.wfapikey1.Manager RenameKey ss "$hers" "$bad"
    status 1 "at the making" bus root call "${object[@]}" org.wfapikey1.Manager IssueKey 'sa{sv}' alice 1 name s "$bad"
    [[ -z $bad ]] || status 1 "as a reason" bus alice call "${object[@]}" org.wfapikey1.Manager RevokeKeys ass 1 "$hers" "$bad"
    status 2 "nor does wfapikeyctl take it" ctl alice key rename "$hers" "$bad"
done
status 2 "nor what is no UTF-8" ctl alice key rename "$hers" $'a\xff\xfeb'
status 1 "an owner with a newline" bus root call "${object[@]}" org.wfapikey1.Manager IssueKey 'sa{sv}' $'alice\nbob' 0
status 0 "a name of letters of all kinds" ctl alice key rename "$hers" 'Büro «Žižkov» 東京'
status 0 "is shown as it is" ctl alice key list
test_that "in the list" grep -q 'Büro «Žižkov» 東京' "$work/answer"
# The daemon logs texts that a service sends. Nothing has checked them before.
key=$(wfapikeyctl key issue alice)
printf 'auth required pam_wfapikey.so\naccount required pam_wfapikey.so\n' >/etc/pam.d/texts
mark
pamtester -I rhost=$'10.0.0.1\nforged: line' texts $'alice\nforged: \e[31mline' authenticate <<<"$key" >/dev/null 2>&1
wait_until said "$(id_of "$key")" || not_ok "the login is in the log"
test_that "the log has it escaped" said 'alice\\x0aforged: \\x1b\[31mline'
forged() { lines | grep -q '^forged'; }
test_not "and in one line" forged
plain() { ! { wfapikeyctl key list; wfapikeyctl audit list; wfapikeyctl key show "$(id_of "$key")"; } | LC_ALL=C grep -q $'[\001-\010\013-\037]'; }
test_that "lists have no control characters" plain

# An account whose name changed, and an account with a reused number: neither gets the old one's
# keys.
bobs=$(new bob)
old=$(id -u bob)
userdel bob
useradd --uid "$old" robert
# The daemon watches the file of users and follows it within a moment.
denied() { ! ctl robert key show "$bobs"; }
wait_until denied || not_ok "the new owner of a uid is denied the old one's key"
status 4 "the uid's new owner does not have the old one's key" ctl robert key show "$bobs"
list=$(ctl robert key list --json)
test_that "nor sees it" test "$(tr -d '[:space:]' <<<"$list")" = '[]'
finish
