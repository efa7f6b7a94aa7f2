#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a user who is made anew with the name and the number of a removed one does not get the old
# keys, whether the daemon ran or not, with the tools of Debian. The hook of userdel never makes it
# fail or hang.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

hook=/etc/shadow-maint/userdel-post.d/wfapikey
units=(wfapikeyd-verify.socket wfapikeyd-control.socket wfapikeyd.service)
stop_all() { systemctl stop "${units[@]}"; }
start_sockets() { systemctl start wfapikeyd-verify.socket wfapikeyd-control.socket; }
accepted() { wfapikeyctl verify "$1" <<<"$key"; }
refused() { # USER: that the daemon could not decide is no refusal
    local status
    accepted "$1" >/dev/null 2>&1
    status=$?
    [[ $status == 6 ]]
}
shown() { wfapikeyctl key show "$(id_of "$key")" | grep -F -- "$1"; }
make_user() { # NAME
    useradd --uid 4711 "$1" && key=$(wfapikeyctl key issue "$1")
}
# again NAME COMMAND...: removes and makes the user, with the same number
again() { "${@:2}" "$1" && useradd --uid 4711 "$1"; }
end_of() { # NAME
    test_that "the old key is refused" wait_until refused "$1"
    test_that "and has ended" shown "the account was removed"
    key=$(wfapikeyctl key issue "$1")
    test_that "a new key is accepted" accepted "$1"
    userdel "$1" 2>/dev/null
}

start_wfapikey || not_ok "the daemon starts"
test_that "the hook is installed" test -x $hook
test_that "the service can be enabled" systemctl enable wfapikeyd.service
test_that "so it starts at the boot" test -L /etc/systemd/system/multi-user.target.wants/wfapikeyd.service

echo "# the daemon runs"
make_user one
test_that "the key is accepted" accepted one
test_that "userdel and useradd" again one userdel
end_of one

echo "# the daemon is stopped"
for tool in userdel deluser; do
    command -v $tool >/dev/null || { echo "skip - $tool: it is not there"; continue; }
    make_user two
    test_that "the key is accepted" accepted two
    systemctl stop wfapikeyd.service
    test_that "$tool and useradd" again two $tool
    test_that "that started the daemon" systemctl is-active --quiet wfapikeyd.service
    end_of two
done

echo "# what the hook cannot do"
make_user three
stop_all
userdel three 2>"$work/err"
test_that "without a socket userdel succeeds all the same" test $? = 0
test_that "and says that nobody was told" grep -q "was not told that 'three' was removed" "$work/err"
start_sockets
test_that "the daemon finds out at its start" wait_until refused three

make_user four
stop_all
rm -f /run/wfapikey/control
# a daemon that takes the call and never answers
socat -u UNIX-LISTEN:/run/wfapikey/control,fork OPEN:/dev/null &
silent=$!
wait_until test -S /run/wfapikey/control
userdel four 2>"$work/err"
test_that "with a silent daemon userdel succeeds all the same" test $? = 0
test_that "and says so" grep -q "was not told that 'four' was removed" "$work/err"
kill $silent
rm -f /run/wfapikey/control
start_sockets

make_user five
mv /usr/bin/wfapikeyctl "$work/"
userdel five 2>"$work/err"
test_that "without wfapikeyctl userdel succeeds, and says nothing" test $? = 0 -a ! -s "$work/err"
mv "$work/wfapikeyctl" /usr/bin/

echo "# the report is no proof"
make_user six
test_that "of a user who is there" wfapikeyctl account removed six
test_that "nothing follows" accepted six
test_that "nor of one who was never there" wfapikeyctl account removed nobody-at-all
test_not "users may not report" as six wfapikeyctl account removed six
finish
