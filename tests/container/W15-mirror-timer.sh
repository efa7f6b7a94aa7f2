#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: W15: wfapikey-mirror.service, configured as its comments say, exports this host's keys and
# imports those of another host, by hand and by its timer, within its sandbox. It logs each refusal.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

start_wfapikey || not_ok "the daemon starts"
add_user alice
file=/var/lib/wfapikey-mirror/keys.mirror
other=$work/other
mkdir "$other" && systemd-run --quiet --unit=other-host wfapikeyd --state-dir="$other/state" --verify-socket="$other/verify" \
    --control-socket="$other/control"
there() { wfapikeyctl --control="$other/control" "$@"; }
wait_until there status || not_ok "another daemon starts, the other host"

configure() { # export|import PUBLICKEY
    mkdir -p /etc/wfapikey
    systemctl cat wfapikey-mirror.service | sed -n "s/^#.*\\(MIRROR=$1 .*\\)/\\1/p" | sed "s/wfm_\\.\\.\\./${2-}/" >/etc/wfapikey/mirror.env
    grep -q "^MIRROR=$1 .*$file\$" /etc/wfapikey/mirror.env
}
run() { systemctl start wfapikey-mirror.service; }
complaints() { journalctl --sync; journalctl -u wfapikey-mirror.service -o cat | grep -c "$1"; }
good_here() { wfapikeyctl verify alice <<<"$1"; }
good_there() { wfapikeyctl verify alice --verify-socket="$other/verify" <<<"$1"; }

test_that "the unit does nothing before it is configured" run
test_not "and writes nothing" test -e "$file"
there mirror keygen >"$work/public"
here=$(wfapikeyctl key issue alice)
test_that "its comments say how to export" configure export "$(<"$work/public")"
test_that "it exports" run
test_that "for root alone" test "$(stat -c '%U %a' "$file" "${file%/*}" | tr '\n' ' ')" = 'root 600 root 700 '
test_that "the other host imports that" there mirror import "$file"
test_that "and takes the key" good_there "$here"

echo "MIRROR=export --to $(<"$work/public") /tmp/keys.mirror" >/etc/wfapikey/mirror.env
test_not "a place where the file would not stay" run
configure export "$(<"$work/public")"

rm -f "$file"
mkdir -p /run/systemd/system/wfapikey-mirror.timer.d
printf '%s\n' '[Timer]' OnActiveSec=0 RandomizedDelaySec=0 AccuracySec=1us >/run/systemd/system/wfapikey-mirror.timer.d/now.conf
systemctl daemon-reload
test_that "the timer can be enabled" systemctl enable --now wfapikey-mirror.timer
test_that "and exports" wait_until test -e "$file"
next() { systemctl show -P NextElapseUSecRealtime wfapikey-mirror.timer | grep '^Mon '; }
test_that "and will next Monday" next
status_has() { wfapikeyctl --json mirror status | grep -E -- "$1"; }
test_that "mirror status says when" status_has '"timer":"enabled","next":"20[^"]*Z"}'
test_that "and what it did" status_has '"last-export":"20'

wfapikeyctl mirror keygen >"$work/public"
theirs=$(there key issue alice)
own=$(wfapikeyctl key issue alice)
there mirror export --to "$(<"$work/public")" "$file"
test_that "its comments say how to import" configure import
test_that "it imports" run
test_that "the other host's key is good here" good_here "$theirs"
test_not "one that was made here is gone" good_here "$own"
for _ in {1..7}; do test_not "the same file again" run; done
test_that "is refused with the reason, however often" test "$(complaints 'not newer than the last')" = 7
rm "$file"
test_not "no file" run
test_that "is named" test "$(complaints "cannot read '$file'")" = 1
test_that "nothing was lost by that" good_here "$theirs"
finish
