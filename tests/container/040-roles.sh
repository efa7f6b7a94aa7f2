#!/bin/bash
# Goal: what a caller of the control socket may do follows from its uid and groups alone, tried by real processes with those, with
# wfapikeyctl and with busctl.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

start_wfapikey || not_ok "the daemon starts"
wfapikeyctl policy set max-keys-per-user=1000
for user in admin dev alice bob; do add_user $user; done
groupadd keyadmins
groupadd keydevs
gpasswd -a admin keyadmins >/dev/null
gpasswd -a dev keydevs >/dev/null
as() { setpriv --reuid="$1" --regid="$1" --init-groups -- wfapikeyctl "${@:2}"; }
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
status 0 "alice issues for herself" as alice key issue alice
status 4 "alice does not for bob" as alice key issue bob
status 4 "nor for root" as alice key issue root
status 4 "nor for nobody at all" as alice key issue no-such-user
status 0 "alice renames hers" as alice key rename "$alices" mine
status 0 "alice resets hers" as alice key reset "$alices"
status 4 "bob does not see it" as bob key show "$alices"
status 4 "bob does not rename it" as bob key rename "$alices" his
status 4 "bob does not reset it" as bob key reset "$alices"
status 4 "bob does not revoke it" as bob key revoke "$alices"
status 4 "bob does not remove it" as bob key remove "$alices"
status 4 "bob is told the same of a key that is not there" as bob key show 0000000000
list=$(as bob key list --owner alice --json)
test_that "bob lists none of hers" test "$(tr -d '[:space:]' <<<"$list")" = '[]'
status 4 "alice does not see the policy" as alice policy show
status 4 "alice does not change it" as alice policy set enabled=no
status 0 "alice sees the status" as alice status
test_not "but not of others' keys" grep -q "^keys-active *[0-9]" "$work/answer"

mkdir -p /etc/wfapikey
printf '[daemon]\nadmin-group = keyadmins\ndeveloper-group = keydevs\n' >/etc/wfapikey/wfapikeyd.conf
mark
systemctl reload wfapikeyd.service
wait_until said 'configuration read again' || not_ok "the configuration is read"
devs=$(new dev)
echo "# with groups: developers issue, administrators do all"
status 0 "an administrator issues for alice" as admin key issue alice
status 0 "an administrator changes the policy" as admin policy set lifetime=6months
status 0 "an administrator revokes alice's" as admin key revoke "$(new alice)"
status 0 "an administrator removes alice's" as admin key remove "$(new alice)"
status 0 "a developer issues for itself" as dev key issue dev
status 0 "a developer resets its own" as dev key reset "$devs"
status 4 "a developer does not for alice" as dev key issue alice
status 4 "a developer does not reset alice's" as dev key reset "$alices"
status 4 "a developer does not change the policy" as dev policy set enabled=no
status 4 "alice does not issue any more" as alice key issue alice
status 4 "nor rename" as alice key rename "$alices" x
status 4 "nor reset" as alice key reset "$alices"
status 0 "but list" as alice key list
status 0 "and show" as alice key show "$alices"
status 0 "and revoke" as alice key revoke "$alices"
status 0 "and remove" as alice key remove "$alices"

echo "# busctl"
bus() { setpriv --reuid="$1" --regid="$1" --init-groups -- busctl --address=unix:path=/run/wfapikey/control "${@:2}"; }
object=(org.wfapikey1 /org/wfapikey1)
status 0 "introspect" bus bob introspect "${object[@]}"
test_that "has the methods" grep -q IssueKey "$work/answer"
status 1 "a call that is not allowed" bus bob call "${object[@]}" org.wfapikey1.Manager SetPolicy 'a{ss}' 1 enabled no
test_that "has its named error's text" grep -q "Only administrators" "$work/answer"
status 0 "a call that is" bus bob call "${object[@]}" org.wfapikey1.Manager ListKeys 'a{sv}' 0
status 1 "arguments of another kind" bus root call "${object[@]}" org.wfapikey1.Manager ListKeys s x
status 1 "an option that is not known" bus root call "${object[@]}" org.wfapikey1.Manager ListKeys 'a{sv}' 1 colour s red

# A name that moved, a number that is another's: neither has the old one's keys.
bobs=$(new bob)
old=$(id -u bob)
userdel bob
useradd --uid "$old" robert
status 4 "the uid's new owner does not have the old one's key" as robert key show "$bobs"
list=$(as robert key list --json)
test_that "nor sees it" test "$(tr -d '[:space:]' <<<"$list")" = '[]'
finish
