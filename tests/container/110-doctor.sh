#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: after a fresh install with README's lines in Debian's own services, doctor finds no fault.
# It finds each fault that this test makes.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

start_wfapikey || not_ok "the daemon starts"
readme() { sed -n "/<!-- stack: $1 -->/,/^\`\`\`\$/ { /pam_wfapikey/p }" "$WFAPIKEY_SOURCE/README.md"; }
test_that "README has lines for sshd" grep -q pam_wfapikey <(readme sshd)
for service in sshd su sudo login; do
    [[ ! -e /etc/pam.d/$service ]] || { readme sshd && cat "/etc/pam.d/$service"; } >"$work/stack" && cp "$work/stack" "/etc/pam.d/$service"
done
{ readme dovecot && printf '@include common-auth\n@include common-account\n'; } >/etc/pam.d/dovecot
readme nginx >/etc/pam.d/nginx
doctor() { wfapikeyctl doctor >"$work/doctor" 2>&1; }
test_that "doctor is content" doctor
test_not "without a warning" grep -E '^(warning|error)' "$work/doctor"
test_not "or a hint" grep '^hint' "$work/doctor"
sed 's/^/# /' "$work/doctor"
test_that "it has asked as nobody" grep -q "refused to nobody, without a reason" "$work/doctor"

run_key=$(wfapikeyctl key issue root --service nginx --json | sed 's/.*"id":"\([^"]*\)".*/\1/')
test_that "a key for one service is no fault" doctor
wide=$(wfapikeyctl key issue root --json | sed 's/.*"id":"\([^"]*\)".*/\1/')
test_not "a key for all services, where sudo or su asks, is" doctor
test_that "and is named" grep -q '^warning .*becomes another user' "$work/doctor"
wfapikeyctl key remove "$run_key" "$wide"

finds() { # TEXT
    wfapikeyctl doctor >"$work/doctor" 2>&1
    [[ $? == "${2-6}" ]] && grep -q -- "$1" "$work/doctor" && return
    cat "$work/doctor"
    return 1
}
sed -i 's/^account required  *pam_wfapikey/account [default=ignore] pam_wfapikey/' /etc/pam.d/su
test_that "a denial that is ignored" finds 'su:2: service su, su-l: FAILS OPEN'
sed -i '/pam_wfapikey/d' /etc/pam.d/su
chmod 0777 /etc/pam.d/su
test_that "a service that all can write" finds 'can write /etc/pam.d/su'
chmod 0644 /etc/pam.d/su
module=$(find /usr/lib /lib -name pam_wfapikey.so -print -quit)
chmod 0666 "$module"
test_that "a module that all can write" finds "can write .*pam_wfapikey.so"
chmod 0644 "$module"
test_that "content again" doctor

# A service that its timer has started, and that has failed.
mkdir -p /etc/wfapikey
echo 'MIRROR=import /nowhere' >/etc/wfapikey/mirror.env
systemctl start wfapikey-mirror.service
test_that "a service that has failed" finds 'wfapikey-mirror.service has failed the last time'
rm /etc/wfapikey/mirror.env
systemctl reset-failed wfapikey-mirror.service
systemctl enable --quiet wfapikey-mirror.timer
test_that "a timer that stands still" finds 'wfapikey-mirror.timer is enabled and stands still'
systemctl start wfapikey-mirror.timer
test_that "content when it runs" doctor
systemctl disable wfapikeyd-verify.socket 2>/dev/null
test_that "a socket that will not be there after the next boot" finds 'hint  *wfapikeyd-verify.socket is not enabled' 0
systemctl enable wfapikeyd-verify.socket 2>/dev/null
systemctl stop wfapikeyd.service wfapikeyd-verify.socket wfapikeyd-control.socket
test_that "a daemon that is down" finds 'nobody answers\|No such file' 3
finish
