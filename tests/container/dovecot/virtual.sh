#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: owners of mailboxes who are no accounts of the host log in to Dovecot and to saslauthd with
# keys of a realm, and nowhere else. The accounts of the host do not.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start dovecot
lines_of dovecot-virtual >/etc/pam.d/dovecot
printf '%s\n' 'carol@example.org:{PLAIN}her password' 'dave@example.org:{PLAIN}his password' 'alice:{PLAIN}no account' \
    >/etc/dovecot/users
chown root:dovecot /etc/dovecot/users
chmod 0640 /etc/dovecot/users
useradd --system --no-create-home --user-group --shell /usr/sbin/nologin vmail
install -d -o vmail -g vmail -m 0700 /var/vmail
sed '/^!include/d; s|^mail_location.*|mail_location = maildir:/var/vmail/%u|' "${0%/*}/dovecot.conf" >/etc/dovecot/dovecot.conf
lines_of dovecot-virtual-conf >>/etc/dovecot/dovecot.conf
mkdir -p /etc/wfapikey/wfapikeyd.conf.d
{ lines_of dovecot-realm && printf '[Realm sasl]\nservices = smtp\nsuffix = @example.org\n'; } >/etc/wfapikey/wfapikeyd.conf.d/realm.conf
quietly systemctl reload-or-restart wfapikeyd.service
service_runs dovecot.service
wait_for_port 143

mailbox() { # USER SECRET: Dovecot has let the user in
    curl_as "$@" imap://127.0.0.1/ >"$work/answer" 2>&1 && grep -q INBOX "$work/answer"
}
issue() { wfapikeyctl key issue "$@" 2>"$work/error"; }

# --- A mailbox without an account

test_not "the user is no account" getent passwd carol@example.org
carol=$(issue mail:carol@example.org --name phone)
test_that "a key is issued for a mailbox" test -n "$carol"
test_that "it opens the mailbox" mailbox carol@example.org "$carol"
test_that "and is found in the list" grep -q mail:carol@example.org <(wfapikeyctl key list --realm mail)
test_that "Dovecot makes names small before it asks" mailbox CAROL@Example.org "$carol"
test_not "a mistyped key opens nothing" mailbox carol@example.org "$(mistyped "$carol")"
test_not "nor does it open another mailbox" mailbox dave@example.org "$carol"
test_that "a password opens the mailbox" mailbox carol@example.org 'her password'
test_not "a wrong password opens nothing" mailbox carol@example.org 'his password'

# --- An account and a mailbox with the same name

account=$(issue alice)
test_that "the account has a key" test -n "$account"
test_not "it does not open the mailbox of that name" mailbox alice "$account"
test_not "and no key is issued for the mailbox" issue mail:alice
test_that "the error says why" grep -q "is an account of this host" "$work/error"
test_not "a key of a realm logs in to no account" wfapikeyctl verify carol@example.org --service sshd <<<"$carol"
{ lines_of sshd && cat /etc/pam.d/sshd; } >"$work/stack"
cp "$work/stack" /etc/pam.d/sshd
quietly systemctl restart ssh.service
wait_for_port 22
by_ssh() { # USER KEY
    sshpass -p "$2" ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o NumberOfPasswordPrompts=1 -l "$1" 127.0.0.1 true
}
test_that "the account logs in by ssh" by_ssh alice "$account"
for user in carol carol@example.org alice root mail:carol@example.org; do
    test_not "the key of the mailbox is no login by ssh as $user" by_ssh "$user" "$carol"
done

# --- The list changes

cp -p /etc/dovecot/users "$work/all"
grep -v carol "$work/all" >/etc/dovecot/users.new
chown root:dovecot /etc/dovecot/users.new
chmod 0640 /etc/dovecot/users.new
mv /etc/dovecot/users.new /etc/dovecot/users
is_refused() { wfapikeyctl --json key list --realm mail | grep -q '"status":"refused"'; }
is_good() { ! is_refused; }
test_that "who leaves the list is noticed" wait_until is_refused
test_not "and is refused" mailbox carol@example.org "$carol"
mv "$work/all" /etc/dovecot/users
test_that "who comes back is noticed" wait_until is_good
test_that "and let in again" mailbox carol@example.org "$carol"
quietly systemctl restart wfapikeyd.service
test_that "as after a restart" mailbox carol@example.org "$carol"

# --- The realm goes

mv /etc/wfapikey/wfapikeyd.conf.d/realm.conf "$work/"
quietly systemctl reload wfapikeyd.service
test_not "without the realm its key opens nothing" mailbox carol@example.org "$carol"
test_that "and is not deleted" grep -q 'its realm is not configured' <(wfapikeyctl key show "$(id_of "$carol")")
mv "$work/realm.conf" /etc/wfapikey/wfapikeyd.conf.d/
quietly systemctl reload wfapikeyd.service
test_that "with the realm it opens the mailbox again" mailbox carol@example.org "$carol"
test_that "doctor finds the realms in order" grep -q 'each realm has users and services' <(wfapikeyctl doctor --verbose 2>&1 || wfapikeyctl --json doctor)
wfapikeyctl key revoke "$(id_of "$carol")" >"$work/quiet"
test_not "a revoked key opens nothing" mailbox carol@example.org "$carol"

# --- saslauthd, with another realm

lines_of dovecot-virtual >/etc/pam.d/smtp
mkdir -p "$work/sasl"
systemd-run --quiet --unit=test-saslauthd /usr/sbin/saslauthd -a pam -r -n 2 -m "$work/sasl" -d
wait_until test -S "$work/sasl/mux" || { not_ok "saslauthd starts"; finish; }
sasl() { testsaslauthd -f "$work/sasl/mux" -s smtp -u "$1" -r example.org -p "$2" | grep '^0: OK'; }
erin=$(issue sasl:erin@example.org)
test_that "saslauthd lets in a user of its realm" sasl erin "$erin"
test_not "and no other" sasl dave "$erin"
test_not "the key opens no mailbox" mailbox erin@example.org "$erin"
test_not "saslauthd lets in no account" sasl alice "$account"
systemctl stop test-saslauthd.service dovecot.service
finish
