#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a name and a password get a key, through the PAM service wfapikey, in a helper in the
# sandbox of the unit. Nothing else gets a key. Refusals are late and counted. A PAM module that
# hangs or crashes neither ends the daemon nor delays it.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

start_wfapikey || not_ok "the daemon starts"
mkdir -p /etc/systemd/system/wfapikeyd.service.d
printf '[Service]\nExecStart=\nExecStart=%s --debug\n' "$(command -v wfapikeyd)" >/etc/systemd/system/wfapikeyd.service.d/debug.conf
systemctl daemon-reload
test_that "the daemon starts with --debug" systemctl restart wfapikeyd.service
wfapikeyctl policy set max-keys-per-user=100
for user in alice bob carol dave eve mallory; do add_user $user "correct horse $user"; done
for user in mona moritz web; do add_user $user; done
passwd -q -l bob
chage -d 0 carol
chage -E 1 dave

# ask CALLER USER PASSWORD [OPTION]...: sets $said to the key or to the error, and $took to the time
# in milliseconds
ask() {
    local before status
    before=$(date +%s%3N)
    said=$(as "$1" wfapikeyctl key issue --user "$2" --password "${@:4}" <<<"$3" 2>&1)
    status=$?
    took=$(($(date +%s%3N) - before))
    printf '%s: %s ms, exit %s\n' "$said" "$took" "$status"
    return $status
}
refused() { # WHY STATUS: the last ask
    [[ $said == *"$1"* && $status == "$2" ]]
}
try() { # WHY STATUS CALLER USER PASSWORD [OPTION]...: an ask that must be refused in this way
    ask "${@:3}"
    status=$?
    refused "$1" "$2"
}
wrong='The user name or the password is wrong.'

test_that "the service is installed, and does not take keys" bash -c 'grep -q common-auth /etc/pam.d/wfapikey &&
    ! grep -v "^#" /etc/pam.d/wfapikey | grep -q pam_wfapikey'
test_that "the right password gets a key" ask mallory alice 'correct horse alice' --name gift --service sshd
key=$(grep -o 'wfk_[0-9A-Za-z_]*' <<<"$said")
shown=$(wfapikeyctl key show "$(id_of "$key")")
is_so() { [[ $shown == *alice* && $shown == *gift* && $shown == *sshd* ]]; }
test_that "that belongs to the user, with the options" is_so
test_that "and logs in" wfapikeyctl verify alice --service sshd <<<"$key"

test_that "a wrong password gets none" try "$wrong" 4 mallory alice 'wrong horse'
test_that "and is told so late" test "$took" -ge 2000
test_that "a user that is not there is told the same" try "$wrong" 4 mallory nobody-here 'correct horse alice'
test_that "as late" test "$took" -ge 2000 -a "$took" -lt 6000
test_that "a locked account, too" try "$wrong" 4 mallory bob 'correct horse bob'
test_that "no password is no call" try 'no password was given' 2 mallory alice ''
no_hosts='for the hosts of a fleet'
test_that "no password gets a key for other hosts" try "$no_hosts" 4 mallory alice 'correct horse alice' --hosts all
test_that "not even for root" try "$no_hosts" 4 root alice 'correct horse alice' --hosts all
test_that "the right password makes up for that" ask mallory alice 'correct horse alice'
test_that "an expired password says so" try 'has expired: change it' 4 mallory carol 'correct horse carol'
test_that "an expired account says so" try 'may not log in' 4 mallory dave 'correct horse dave'

# A password gets a key even if an administrator has put the module into the common stack.
cp /etc/pam.d/common-auth "$work/common-auth"
{ echo 'auth sufficient pam_wfapikey.so'; cat "$work/common-auth"; } >/etc/pam.d/common-auth
whole=$(wfapikeyctl key issue alice)
test_that "a key is no password here" try "$wrong" 4 mallory alice "$whole"
test_that "nor with a blank behind it" try "$wrong" 4 mallory alice "$whole "
cp "$work/common-auth" /etc/pam.d/common-auth

wfapikeyctl policy set password-issue=no
test_that "the policy password-issue=no gives none" try password-issue=no 6 mallory alice 'correct horse alice'
test_that "and does not look at the password" try password-issue=no 6 mallory alice 'wrong horse'
wfapikeyctl policy set password-issue=yes enabled=no
test_that "nor does enabled=no" try enabled=yes 6 mallory alice 'correct horse alice'
wfapikeyctl policy set enabled=yes

# The attempts are counted for the caller and the name. A success at another name forgives nothing.
ask mallory alice 'correct horse alice' >/dev/null
for ((i = 0; i < 5; i++)); do
    ask mallory alice "guess $i" >/dev/null
    test_that "the caller's own password is right" ask mallory mallory 'correct horse mallory'
done
test_that "five wrong ones are enough, even for the right one" try 'Too many wrong passwords' 6 mallory alice 'correct horse alice'
test_that "told at once" test "$took" -lt 1500
test_that "another name is not concerned" ask mallory mallory 'correct horse mallory'
test_that "another caller is not concerned" ask mona alice 'correct horse alice'

# A service of root asks for attackers and for their victims. Each source has its own count, and an
# attacker has as many addresses of an IPv6 network as it likes.
portal() { # SOURCE PASSWORD [CALLER]
    as "${3-root}" busctl --address=unix:path=/run/wfapikey/control call org.wfapikey1 /org/wfapikey1 \
        org.wfapikey1.Manager IssueKeyWithPassword 'ssa{sv}' alice "$2" 1 source s "$1"
}
limited() { ! portal "$@" >"$work/portal" 2>&1 && grep -q 'Too many wrong passwords' "$work/portal"; }
mark
for ((i = 0; i < 5; i++)); do portal "2001:db8::$i" "guess $i" >/dev/null 2>&1; done
test_that "the log names the source" said "by uid 0 for source 2001:db8::/64"
test_that "a source has five wrong ones" limited 2001:db8::7 'correct horse alice'
test_that "another source is not concerned" portal 2001:db8:0:1::7 'correct horse alice'
test_that "nor is the user" ask alice alice 'correct horse alice'
test_not "only root names a source" portal 192.0.2.7 'correct horse alice' web

# One at a time for each caller. Others are served meanwhile.
mark
ask moritz alice 'wrong horse' >/dev/null &
# The caller gets the refusal only later.
wait_until said "wrong name or password for user 'alice' given by uid $(id -u moritz)"
test_that "a caller with one on its way has no second" try 'Another password' 1 moritz alice 'correct horse alice'
test_that "another one has" ask mona alice 'correct horse alice'
wait $!

# The developer group counts for the user, not for the caller.
groupadd developers
usermod -a -G developers eve
mkdir -p /etc/wfapikey
printf '[daemon]\ndeveloper-group = developers\n' >/etc/wfapikey/wfapikeyd.conf
systemctl reload wfapikeyd.service
test_that "a user outside of the developer group gets none" try 'administrators and developers' 4 mona alice 'correct horse alice'
test_that "one inside does" ask mona eve 'correct horse eve'
# The same for keys of a fleet, which this host is in none of.
test_that "also for other hosts" try 'in no fleet' 2 mona eve 'correct horse eve' --hosts all
echo "#" >/etc/wfapikey/wfapikeyd.conf
systemctl reload wfapikeyd.service

# Modules that hang and crash.
main=$(systemctl show -p MainPID --value wfapikeyd.service)
printf '#!/bin/sh\nexec sleep 300\n' >/usr/local/bin/hang
# shellcheck disable=SC2016 # for the script to expand
printf '#!/bin/sh\nkill -SEGV $PPID\n' >/usr/local/bin/crash
chmod 0755 /usr/local/bin/hang /usr/local/bin/crash
printf 'auth required pam_exec.so quiet /usr/local/bin/hang\naccount required pam_permit.so\n' >/etc/pam.d/wfapikey
ask web alice 'correct horse alice' >"$work/hung" &
waiting=$!
helping() { pgrep -P "$main" >/dev/null; }
test_that "a helper is at work" wait_until helping
before=$(date +%s%3N)
test_that "meanwhile the daemon answers" wfapikeyctl status
test_that "and makes keys" wfapikeyctl key issue bob
test_that "at once" test $(($(date +%s%3N) - before)) -lt 3000
wait $waiting
test_that "a module that hangs is given up" grep -q 'could not be checked.*exit 1' "$work/hung"
not_helping() { ! helping; }
test_that "its helper is gone" wait_until not_helping
printf 'auth required pam_exec.so quiet /usr/local/bin/crash\naccount required pam_permit.so\n' >/etc/pam.d/wfapikey
test_that "a module that crashes gives none" try 'could not be checked' 1 mona alice 'correct horse alice'
printf 'auth required pam_permit.so\naccount required pam_deny.so\n' >/etc/pam.d/wfapikey
test_that "a service that closes the account gives none" try 'may not log in' 4 mona alice 'x'
test_that "it is still the same daemon" test "$main" = "$(systemctl show -p MainPID --value wfapikeyd.service)"

systemctl stop wfapikeyd.service
clean() { ! journalctl --no-pager -o export | grep -qa 'correct horse\|wrong horse'; }
test_that "no password is in the journal" clean
clean() { ! journalctl --no-pager -o export | grep -qaF -e "${key:15:42}" -e "${whole:15:42}"; }
test_that "nor a key" clean
clean() { ! grep -rqa 'correct horse' /var/lib/wfapikey /run /etc; }
test_that "nor in a file" clean
finish
