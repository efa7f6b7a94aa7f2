#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: squid accepts keys, and keeps a revoked one good for its credentialsttl.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start squid
asks_as=proxy passwords=no rhost=no
tie peer-squid
lines_of squid >/etc/pam.d/squid
lines_of squid-conf >/etc/squid/conf.d/wfapikey.conf
printf '%s\n' 'reply_header_add X-User "%un"' 'shutdown_lifetime 0 seconds' >/etc/squid/conf.d/test.conf
echo granted >/var/www/html/file
service_runs nginx.service # that squid fetches the file from
wait_for_port 80
service_runs squid.service
wait_for_port 3128
export http_proxy=http://127.0.0.1:3128
curl_user=proxy-user
declare -A asked=()
login() { # USER SECRET: when squid's second with them is over
    local pair="$1:$2" now
    until now=$(date +%s%3N); ((now > ${asked[$pair]-0} + 1000)); do sleep 0.05; done
    web_login "$@" || return
    asked[$pair]=$(date +%s%3N)
}

service_logins
test_that "no secret: 407" test "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/file)" = 407
sed -i 's/credentialsttl 1 second/credentialsttl 2 hours/' /etc/squid/conf.d/wfapikey.conf
service_runs squid.service
wait_for_port 3128
service_remembers "with credentialsttl of two hours"
systemctl stop squid.service
finish
