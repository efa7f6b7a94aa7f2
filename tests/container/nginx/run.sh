#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: nginx with keys only, and then with passwords, which it can check only as a member of the
# group shadow. Keys work without that.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start nginx
asks_as=www-data passwords=no
tie peer-www-data
lines_of nginx >/etc/pam.d/nginx
lines_of nginx-location >/etc/nginx/wfapikey-location
rm -f /etc/nginx/sites-enabled/default
cp "${0%/*}/site.conf" /etc/nginx/conf.d/test.conf
mkdir -p /var/www/protected && echo granted >/var/www/protected/index.html && echo granted >/var/www/protected/file
systemctl start nginx.service
wait_for_port 80
login() { web_login "$@"; }

service_logins
test_that "the module had a second for it" bash -c 'journalctl | grep -q "pam_wfapikey(nginx:auth): cannot ask.*timeout=1000ms"'
test_that "no secret: 401" web_wants_a_secret
key=$(issue alice)
curl_as alice "$key" 'http://127.0.0.1/file?[1-5]' >/dev/null
used() { [[ $(wfapikeyctl --json key show "$(id_of "$key")") == *'"uses":5'* ]]; }
test_that "five requests on a connection are five uses" wait_until used

lines_of nginx-mixed >/etc/pam.d/nginx
accepted "a key, in a stack with pam_unix," alice "$key"
refused "a password, which www-data cannot check," alice "$password"
accepted "a key, after that," alice "$key"
usermod -a -G shadow www-data
systemctl restart nginx.service
wait_for_port 80
passwords=yes
echo '# as a member of the group shadow'
service_logins
no_worker_died() { ! grep -E 'exited on signal|alert|emerg' /var/log/nginx/error.log; }
test_that "no worker of nginx has died" no_worker_died
systemctl stop nginx.service
finish
