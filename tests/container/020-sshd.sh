#!/bin/bash
# Goal: a real sshd, by keyboard-interactive and by password, takes a key in a stack of keys and passwords as README has it; refuses what
# it should; lets passwords in when the daemon is down; and the secret is found nowhere afterwards.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

start_wfapikey || not_ok "the daemon starts"
add_user alice 'correct horse 7'
add_user bob
mkdir -p /run/sshd
# The lines that README.md names, read from there, before Debian's own.
sed -n '/<!-- stack: sshd -->/,/^```$/ { /^auth\|^account/p }' "$WFAPIKEY_SOURCE/README.md" >"$work/lines"
test_that "README.md names the lines for sshd" grep -q pam_wfapikey.so "$work/lines"
cat "$work/lines" /etc/pam.d/sshd >"$work/stack"
# At debug level, so that what it says can be looked through.
sed 's/pam_wfapikey\.so/& debug/' "$work/stack" >/etc/pam.d/sshd
ssh-keygen -q -t ed25519 -N '' -f "$work/host_key"
printf '%s\n' "HostKey $work/host_key" 'ListenAddress 127.0.0.1' 'Port 2222' 'UsePAM yes' 'PasswordAuthentication yes' \
    'KbdInteractiveAuthentication yes' 'LogLevel DEBUG3' 'PermitRootLogin no' >"$work/sshd_config"
systemd-run --quiet --unit=test-sshd /usr/sbin/sshd -D -e -f "$work/sshd_config"
wait_until bash -c ': </dev/tcp/127.0.0.1/2222' || not_ok "sshd starts"
# shellcheck disable=SC2016 # for the script to expand
printf '#!/bin/sh\ncat "$ANSWER"\n' >"$work/askpass" && chmod 0755 "$work/askpass"

login() { # METHOD USER SECRET
    (umask 077 && printf '%s\n' "$3" >"$work/answer")
    ANSWER=$work/answer SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force timeout 120 ssh -p 2222 -F none -l "$2" \
        -o PreferredAuthentications="$1" -o PubkeyAuthentication=no -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o NumberOfPasswordPrompts=1 -o LogLevel=ERROR 127.0.0.1 \
        'id -un; env' </dev/null >"$work/session" 2>&1
    local status=$?
    rm -f "$work/answer"
    cat "$work/session"
    return $status
}

key=$(wfapikeyctl key issue alice --name laptop)
scoped=$(wfapikeyctl key issue alice --service nginx)
near=$(wfapikeyctl key issue alice --service sshd --from 127.0.0.0/8)
far=$(wfapikeyctl key issue alice --from 192.0.2.0/24)
bobs=$(wfapikeyctl key issue bob)
for method in keyboard-interactive password; do
    test_that "$method: a key logs in" login $method alice "$key"
    test_that "$method: as that user" grep -qx alice "$work/session"
    test_that "$method: a key for this service and network logs in" login $method alice "$near"
    test_not "$method: a key for another service is refused" login $method alice "$scoped"
    test_not "$method: a key for another network is refused" login $method alice "$far"
    test_not "$method: another user's key is refused" login $method alice "$bobs"
    test_not "$method: a mistyped key is refused" login $method alice "${key:0:63}x"
    test_that "$method: the password still logs in" login $method alice 'correct horse 7'
    test_not "$method: a wrong password does not" login $method alice 'wrong horse'
    test_not "$method: nor does nothing" login $method alice ''
    test_not "$method: a user that is not there" login $method carol "$key"
done
login keyboard-interactive alice "$key" >/dev/null
test_that "the session knows the key's id" grep -qx "WFAPIKEY_ID=$(id_of "$key")" "$work/session"
test_that "the session knows the key's name" grep -qx "WFAPIKEY_NAME=laptop" "$work/session"
login keyboard-interactive alice 'correct horse 7' >/dev/null
test_not "a session by password knows of no key" grep -q WFAPIKEY "$work/session"

used() { [[ $(wfapikeyctl --json key show "$(id_of "$key")") == *'"last-service":"sshd"'*'127.0.0.1'* ]]; }
test_that "the last use is noted, with service and address" wait_until used

wfapikeyctl key revoke "$(id_of "$key")"
mark
test_not "a revoked key is refused at the next login" login keyboard-interactive alice "$key"
test_that "and the log says why" wait_until said "$(id_of "$key").*the key was revoked"

systemctl stop wfapikeyd.service wfapikeyd-verify.socket wfapikeyd-control.socket
before=$(date +%s)
test_that "with the daemon down passwords log in" login keyboard-interactive alice 'correct horse 7'
test_that "by both methods" login password alice 'correct horse 7'
test_that "and nobody waited for it" test $(($(date +%s) - before)) -lt 30
test_not "keys do not" login keyboard-interactive alice "$near"
test_not "a wrong password does not" login keyboard-interactive alice 'wrong horse'

# The secret parts of all keys, looked for wherever something could have written them.
for secret in "$key" "$scoped" "$near" "$far" "$bobs"; do printf '%s\n' "${secret:15:43}"; done >"$work/secrets"
journalctl --sync
clean() { ! journalctl --no-pager -o export | grep -qaFf "$work/secrets"; }
test_that "no secret is in the journal, at debug level of all" clean
mv "$work/secrets" /dev/shm/secrets
# What was there before is none of ours, and may be very much.
clean() {
    ! find /var /etc /run /tmp /home /root -name in-container -prune -o -type f -newer "$work/lines" \
        -exec grep -laFf /dev/shm/secrets {} + 2>/dev/null | grep -q .
}
test_that "no secret is in a file" clean
clean() { ! cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | grep -qaFf /dev/shm/secrets; }
test_that "no secret is in a command line or environment" clean
no_cores() { ! find / -xdev -name 'core*' -newer "$work/lines" -size +100k 2>/dev/null | grep -q .; }
test_that "no core was left" no_cores
finish
