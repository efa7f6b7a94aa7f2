#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: wfapikey-metrics.service writes the metrics where Debian's node exporter looks, as a whole
# and readable to it, within its sandbox. It does nothing where that directory is missing. Its timer
# is off until an administrator enables it. One drop-in changes the file.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

start_wfapikey || not_ok "the daemon starts"
file=/var/lib/prometheus/node-exporter/wfapikey.prom
run() { systemctl start wfapikey-metrics.service; }
strict() { awk -f "$WFAPIKEY_SOURCE/tests/scenario/openmetrics.awk" "$1"; }
counted() { grep -qxF "wfapikey_verifications_total{kind=\"login\",verdict=\"accepted\",reason=\"accepted\"} $1" "$file"; }

rm -rf /var/lib/prometheus
test_not "the timer is off at first" systemctl is-enabled wfapikey-metrics.timer
test_that "without the directory nothing fails" run
test_not "and nothing is written" test -e /var/lib/prometheus

mkdir -p "${file%/*}"
chown nobody: "${file%/*}" # Debian's is the node exporter's own
test_that "with it the service succeeds" run
test_that "and writes OpenMetrics" strict "$file"
test_that "for everybody to read" test "$(stat -c '%U %a' "$file")" = 'root 644'
test_that "and leaves nothing beside it" test "$(ls -A "${file%/*}")" = wfapikey.prom
test_that "as the node exporter reads it" setpriv --reuid=nobody --regid=nogroup --clear-groups -- cat "$file"

add_user alice
key=$(wfapikeyctl key issue alice)
wfapikeyctl verify alice <<<"$key" >/dev/null
mkdir -p /run/systemd/system/wfapikey-metrics.timer.d
printf '%s\n' '[Timer]' OnCalendar= OnCalendar='*:*:*' AccuracySec=1us >/run/systemd/system/wfapikey-metrics.timer.d/now.conf
systemctl daemon-reload
test_that "the timer can be enabled" systemctl enable --now wfapikey-metrics.timer
test_that "and has what happened written" wait_until counted 1
wfapikeyctl verify alice <<<"$key" >/dev/null
test_that "again and again" wait_until counted 2
systemctl disable --now wfapikey-metrics.timer 2>/dev/null

mkdir -p /srv/metrics /run/systemd/system/wfapikey-metrics.service.d
systemctl cat wfapikey-metrics.service | sed -n 's/^#   //p' >/run/systemd/system/wfapikey-metrics.service.d/elsewhere.conf
systemctl daemon-reload
test_that "its comments say how to write elsewhere" run
test_that "and there it is" strict /srv/metrics/wfapikey.prom

sandbox() { systemctl show wfapikey-metrics.service | grep -cxE 'ProtectSystem=strict|CapabilityBoundingSet=cap_dac_override|PrivateNetwork=yes'; }
test_that "it is in a sandbox" test "$(sandbox)" = 3
systemctl stop wfapikeyd.service 2>/dev/null
test_that "it starts a daemon that is not there" run
systemctl stop wfapikeyd.service wfapikeyd-control.socket wfapikeyd-verify.socket 2>/dev/null
systemctl mask --runtime wfapikeyd-control.socket 2>/dev/null
test_not "without any it fails" run
test_that "and the old file stays as it was" strict /srv/metrics/wfapikey.prom
finish
