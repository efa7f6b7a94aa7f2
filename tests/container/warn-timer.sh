#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: wfapikey-warn.service mails the owners of keys that end soon, as a user that sees all keys
# and can change none, by a command of the administrator. Its timer is off until it is enabled. What
# was mailed is remembered over a restart.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

install_tree
systemd-sysusers || not_ok "the user is made"
start_wfapikey || not_ok "the daemon starts"
add_user alice
add_user bob
run() { systemctl start wfapikey-warn.service; }
mails() { find /var/lib/wfapikey-warn -name 'mail.*' | wc -l; }
reader() { setpriv --reuid=wfapikey-warn --regid=wfapikey-warn --init-groups -- wfapikeyctl "$@"; }

test_not "the timer is off at first" systemctl is-enabled wfapikey-warn.timer
wfapikeyctl key issue alice --name backup --expires 2d >"$work/alice"
wfapikeyctl key issue bob --expires 2d >/dev/null
wfapikeyctl key issue bob --expires 60d >/dev/null
id=$(cut -c 5-14 "$work/alice")
test_that "the user of the service sees all keys" test "$(reader key list --json | grep -o '"owner":"[a-z]*"' | sort -u | wc -l)" = 2
test_not "but revokes none" reader key revoke "$id"
test_not "and resets none" reader key reset "$id"
test_not "and issues none for others" reader key issue alice
test_not "and sees no policy" reader policy show
test_not "and sees no events of others" grep -q . <(reader audit list --json | grep '"seq"')

mkdir -p /etc/wfapikey /usr/local/libexec
cat >/usr/local/libexec/mail-it <<'END'
#!/bin/sh
{ echo "$@"; cat; } >"/var/lib/wfapikey-warn/mail.$3"
END
chmod 0755 /usr/local/libexec/mail-it
echo 'WARN=--days=30,7 --command=/usr/local/libexec/mail-it' >/etc/wfapikey/warn.env
test_that "the service succeeds" run
test_that "and has written to both" test "$(mails)" = 2
test_that "what to type" grep -q "wfapikeyctl key rotate $id" /var/lib/wfapikey-warn/mail.alice
test_that "in a place of its own" test "$(stat -c '%U %a' /var/lib/wfapikey-warn /var/lib/wfapikey-warn/warned | tr '\n' ' ')" = 'wfapikey-warn 700 wfapikey-warn 600 '
rm /var/lib/wfapikey-warn/mail.*
systemctl restart wfapikeyd.service
test_that "again" run
test_that "there is nothing to say" test "$(mails)" = 0

wfapikeyctl key issue alice --name third --expires 20d >/dev/null
mkdir -p /run/systemd/system/wfapikey-warn.timer.d
printf '%s\n' '[Timer]' OnActiveSec=0 RandomizedDelaySec=0 AccuracySec=1us >/run/systemd/system/wfapikey-warn.timer.d/now.conf
systemctl daemon-reload
test_that "the timer can be enabled" systemctl enable --now wfapikey-warn.timer
test_that "and has the new key mailed" wait_until test -s /var/lib/wfapikey-warn/mail.alice
systemctl disable --now wfapikey-warn.timer 2>/dev/null
wait_until test "$(systemctl show -P ActiveState wfapikey-warn.service)" = inactive
wfapikeyctl key issue bob --name fifth --expires 5d >/dev/null
echo 'WARN=--command=/bin/false' >/etc/wfapikey/warn.env
test_not "a command that takes no mail" run
test_that "is named in the journal" grep -q "did not take a mail to bob" <(journalctl -u wfapikey-warn.service --no-pager)
echo 'WARN=--command=/usr/local/libexec/mail-it' >/etc/wfapikey/warn.env
test_that "and the mail goes out with the next run" run
test_that "to bob" test -s /var/lib/wfapikey-warn/mail.bob
finish
