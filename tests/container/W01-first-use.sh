#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: W1: a user without a key who logs in to sshd with a password is shown a key, once. The key
# works for that service. A login with a key shows none, nor does su, where the session is not its
# caller's. A revoked key is not replaced, an expired one is. No fault in this keeps a user out.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

start_wfapikey || not_ok "the daemon starts"
add_user alice 'correct horse 7'
add_user bob 'correct horse 8'
add_user mallory
refuse_at_once
mkdir -p /run/sshd
for service in sshd su; do
    {
        printf '%s\n' 'auth [success=done auth_err=die authinfo_unavail=die default=ignore] pam_wfapikey.so' 'account required pam_wfapikey.so'
        cat /etc/pam.d/$service
        sed -n '/<!-- stack: first use -->/,/^```$/ { /^session/p }' "$WFAPIKEY_SOURCE/README.md"
    } >"$work/stack"
    cp "$work/stack" /etc/pam.d/$service
done
test_that "README.md names the line" grep -q 'pam_wfapikey.so.*issue' "$work/stack"
ssh-keygen -q -t ed25519 -N '' -f "$work/host_key"
printf '%s\n' "HostKey $work/host_key" 'ListenAddress 127.0.0.1' 'Port 2222' 'UsePAM yes' 'PasswordAuthentication yes' \
    'KbdInteractiveAuthentication yes' 'LogLevel DEBUG3' 'PermitRootLogin no' >"$work/sshd_config"
systemd-run --quiet --unit=test-sshd /usr/sbin/sshd -D -e -f "$work/sshd_config"
wait_until bash -c ': </dev/tcp/127.0.0.1/2222' || not_ok "sshd starts"
# shellcheck disable=SC2016 # for the script to expand
printf '#!/bin/sh\ncat "$ANSWER"\n' >"$work/askpass" && chmod 0755 "$work/askpass"

# login METHOD USER SECRET: at a terminal, as a person logs in. $work/session has what it shows.
login() {
    (umask 077 && printf '%s\n' "$3" >"$work/answer")
    printf 'id -un; exit\n' | ANSWER=$work/answer SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force timeout 120 ssh -tt -p 2222 \
        -F none -l "$2" -o PreferredAuthentications="$1" -o PubkeyAuthentication=no -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o NumberOfPasswordPrompts=1 -o LogLevel=ERROR 127.0.0.1 >"$work/session" 2>&1
    local status=$?
    rm -f "$work/answer"
    cat "$work/session"
    return "$status"
}
shown() { grep -ao 'wfk_[0-9A-Za-z]\{10\}_[0-9A-Za-z]\{48\}' "$work/session"; }
shows() { [[ $(shown | sort -u | wc -l) == 1 ]]; }
shows_none() { ! grep -qa 'wfk_' "$work/session"; }
keys() { wfapikeyctl --json key list --owner "$1" | grep -o '"id":' | wc -l; }

test_that "a first login by password" login keyboard-interactive alice 'correct horse 7'
test_that "shows a key" shows
key=$(shown | head -n 1)
scoped() { [[ $(wfapikeyctl --json key show "$(id_of "$key")") == *'"services":["sshd"]'* ]]; }
test_that "for this service alone" scoped
test_that "the key logs in" login keyboard-interactive alice "$key"
test_that "and shows none" shows_none
test_that "a second login by password" login password alice 'correct horse 7'
test_that "shows none" shows_none
test_that "there is one key" test "$(keys alice)" = 1
test_that "another user, by the other method" login password bob 'correct horse 8'
test_that "is shown another" shows
bobs=$(shown | head -n 1)
test_that "which logs in" login password bob "$bobs"
test_not "a wrong password" login password bob 'wrong horse'
test_that "shows none" shows_none

# su_to USER PASSWORD: by mallory, at a terminal. Without -l su shows no text of a session.
su_to() {
    as mallory env PW="$2" TO="$1" python3 - >"$work/session" 2>&1 <<'PY'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp("su", ["su", "-l", os.environ["TO"]])
seen = b""
say = [(b"assword:", os.environ["PW"]), (b"$ ", "exit")]
while True:
    try:
        part = os.read(fd, 4096)
    except OSError:
        break
    if not part:
        break
    seen += part
    if say and say[0][0] in seen:
        os.write(fd, say.pop(0)[1].encode() + b"\n")
print(seen.decode(errors="replace"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
    local status=$?
    cat "$work/session"
    return "$status"
}
test_that "su by password" su_to alice 'correct horse 7'
test_that "shows none: another user asks for the session" shows_none
test_that "and none is made" test "$(keys alice)" = 1

wfapikeyctl key revoke "$(id_of "$key")"
test_that "after a revocation, a login by password" login password alice 'correct horse 7'
test_that "shows none" shows_none
wfapikeyctl key remove "$(id_of "$key")"
test_that "after its removal" login password alice 'correct horse 7'
test_that "another is shown" shows
next=$(shown | head -n 1)
wfapikeyctl policy set lifetime=1s
expired() { [[ $(wfapikeyctl --json key show "$1") == *'"status":"expired"'* ]]; }
wait_until expired "$(id_of "$next")"
wfapikeyctl policy set lifetime=30d
test_that "after it has expired" login password alice 'correct horse 7'
test_that "another is shown" shows

wfapikeyctl policy set enabled=no
wfapikeyctl key remove "$(id_of "$bobs")"
test_that "with keys disabled" login password bob 'correct horse 8'
test_that "none is shown" shows_none
wfapikeyctl policy set enabled=yes admin-keys=no
gpasswd -a bob root >/dev/null
mkdir -p /etc/wfapikey && printf '[daemon]\nadmin-group = root\n' >/etc/wfapikey/wfapikeyd.conf
mark && systemctl reload wfapikeyd.service && wait_until said 'configuration read again'
test_that "a login of an administrator" login password bob 'correct horse 8'
test_that "shows none where they have none" shows_none
test_that "and none is made" test "$(keys bob)" = 0
wfapikeyctl policy set admin-keys=yes
systemctl stop wfapikeyd.service wfapikeyd-verify.socket wfapikeyd-control.socket
before=$(date +%s)
test_that "with the daemon down" login password bob 'correct horse 8'
test_that "nobody waits for it" test $(($(date +%s) - before)) -lt 30

journalctl --sync
for secret in "$key" "$bobs" "$next"; do printf '%s\n' "${secret:15:42}"; done >/dev/shm/secrets
clean() { ! journalctl --no-pager -o export | grep -qaFf /dev/shm/secrets; }
test_that "no secret is in the journal, sshd at debug level" clean
rm -f "$work/session" "$work/out"
# Older files are not this test's, and may be very many.
clean() {
    ! find /var /etc /run /tmp /home /root -name in-container -prune -o -type f -newer "$work/host_key" \
        -exec grep -laFf /dev/shm/secrets {} + 2>/dev/null | grep -q .
}
test_that "no secret is in a file" clean
finish
