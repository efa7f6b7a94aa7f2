#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: client certificates through a real nginx, with the configurations of
# wfapikey-certificates(7): behind the key, and verified by nginx, which passes them to PAM. No
# header, no request to the inner server and no other user of the host gets in without one.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"
# shellcheck source=tests/container/pki
. "${0%/*}/pki"

start_wfapikey || not_ok "the daemon starts"
add_user alice
add_user mallory
mkdir -p /etc/wfapikey /etc/nginx/tls
for file in nginx-field nginx-field-location nginx-field-peer nginx-tls nginx-tls-tmpfiles nginx-tls-secret nginx-tls-pam nginx-tls-peer; do
    page $file >"$work/$file"
    test_that "the page has $file" test -s "$work/$file"
done
pki_rsa() { pki_key "$1" -algorithm RSA -pkeyopt rsa_keygen_bits:3072; }
pki_rsa large
pki_issue large intermediate client '/O=Example/CN=large'
pki_issue server root server '/CN=localhost'
# A certificate that is too long for the header: 3 kB of names.
names=''
for i in {1..40}; do names+="/OU=$i-$(printf 'x%.0s' {1..50})"; done
pki_issue huge intermediate client "/O=Example$names/CN=huge"

# (a) is in a server block, as the page says. (b) is all from the page. Each protects a program.
rm -f /etc/nginx/sites-enabled/default
cp "$work/nginx-field" /etc/pam.d/nginx
cp "$work/nginx-tls-pam" /etc/pam.d/nginx-tls
{
    echo 'server { listen 127.0.0.1:80; location / {'
    cat "$work/nginx-field-location"
    echo 'root /var/www/protected; } }'
    # shellcheck disable=SC2016 # nginx's
    echo 'server { listen 127.0.0.1:8080; location / { add_header X-Seen "[$http_x_remote_user][$http_authorization]"; root /var/www/protected; } }'
} >/etc/nginx/conf.d/test.conf
cp "$work/nginx-tls" /etc/nginx/conf.d/wfapikey.conf
bash -e "$work/nginx-tls-secret"
cp "$work/nginx-tls-tmpfiles" /etc/tmpfiles.d/nginx-wfapikey.conf
systemd-tmpfiles --create /etc/tmpfiles.d/nginx-wfapikey.conf
cp "$pki/server.pem" "$pki/server.key" /etc/nginx/tls/
cat "$pki/intermediate.pem" "$pki/root.pem" >/etc/nginx/tls/clients-ca.pem
mkdir -p /var/www/protected && echo granted >/var/www/protected/index.html
cat "$work/nginx-field-peer" >/etc/wfapikey/wfapikeyd.conf
systemctl reload-or-restart wfapikeyd.service
test_that "nginx takes the configuration" nginx -t
systemctl start nginx.service
for port in 80 443 8080; do wait_until listens $port || not_ok "nginx listens at $port"; done

key=$(wfapikeyctl key issue alice)
# get WANT SECRET [OPTION OF curl]...: nginx must answer WANT
get() {
    local code
    printf 'user = "alice:%s"\n' "$2" >"$work/curl"
    code=$(curl -s -K "$work/curl" --cacert "$pki/root.pem" --max-time 30 -D "$work/headers" -o "$work/body" -w '%{http_code}' "${@:3}")
    echo "$code"
    cat "$work/headers" "$work/body"
    [[ $code == "$1" && ($1 != 200 || $(tr -d '\0' <"$work/body") == granted) ]]
}
refused() { # TEXT REASON NAME GET...: and the journal has the reason
    from_now
    test_that "$1: 401" get 401 "${@:4}"
    test_that "$1: the journal has $2${3:+, subject and thumbprint}" refused_for "$2" "$key" "$3"
}

# --- (a) The certificate after the key --------------------------------------------------------
field=http://127.0.0.1/
behind() { printf '%s.%s' "$key" "$(encoded "$1")"; }
test_that "field: a key alone, where none is required" get 200 "$key" $field
test_that "field: no key: 401" get 401 x $field
wfapikeyctl policy set require-certificate:nginx=yes
refused "field: none behind the key" certificate-missing '' "$key" $field
quiet wfapikeyctl cert add --ca "$pki/root.pem"
quiet wfapikeyctl cert add --ca "$pki/intermediate.pem"
test_that "field: a certificate behind the key" get 200 "$(behind alice)" $field
test_that "field: a RSA certificate, which is longer" get 200 "$(behind large)" $field
refused "field: another CA's" certificate-untrusted foreign "$(behind foreign)" $field
refused "field: an expired one" certificate-expired expired "$(behind expired)" $field
refused "field: none that could be one" certificate-unreadable '' "$key.AAAA" $field
test_that "field: before it is revoked" get 200 "$(behind revoked)" $field
pki_revoke revoked intermediate
pki_crl intermediate
quiet wfapikeyctl cert crl "$pki/intermediate.crl"
refused "field: at the next request" certificate-revoked revoked "$(behind revoked)" $field
quiet wfapikeyctl cert add "$pki/bob.pem" --name bobs
quiet wfapikeyctl key bind "$(id_of "$key")" bobs
refused "field: bound to another" certificate-other alice "$(behind alice)" $field
test_that "field: with that one" get 200 "$(behind bob)" $field
quiet wfapikeyctl key unbind "$(id_of "$key")"
wfapikeyctl policy set require-certificate:nginx=proof
refused "field: proves nothing" certificate-unproved alice "$(behind alice)" $field

# --- (b) nginx verifies -----------------------------------------------------------------------
tls=https://localhost/
cert() { cert=(--cert "$pki/$1.pem" --key "$pki/${2-$1}.key"); } # NAME [KEY]
test_that "TLS: a key alone, where none is required" get 200 "$key" $tls
test_that "TLS: the program behind is told the user, and not the key" grep -q '^X-Seen: \[alice\]\[\]' "$work/headers"
test_that "TLS: a wrong key: 401" get 401 "${key:0:60}0000" $tls
test_that "with what browsers ask for a password at" grep -qi '^WWW-Authenticate: Basic' "$work/headers"
wfapikeyctl policy set require-certificate:nginx-tls=proof
refused "TLS: no certificate" certificate-missing '' "$key" $tls
cert alice
refused "TLS: nobody has said that nginx is trusted with it" certificate-unproved alice "$key" $tls "${cert[@]}"
cat "$work/nginx-field-peer" "$work/nginx-tls-peer" >/etc/wfapikey/wfapikeyd.conf
sed -i '2,$ { /^\[Peer/d }' /etc/wfapikey/wfapikeyd.conf
systemctl reload wfapikeyd.service
from_now
test_that "TLS: with the line certificates: accepted where a proof is required" get 200 "$key" $tls "${cert[@]}"
accepted=$(entries WFA_VERDICT=accepted | head -n 1)
test_that "TLS: the journal has the certificate" grep -qF "$(thumbprint alice)" <<<"$accepted"
test_that "TLS: and where the client is" grep -qF '"WFA_RHOST":"127.0.0.1"' <<<"$accepted"
cert large
test_that "TLS: a RSA certificate" get 200 "$key" $tls "${cert[@]}"
test_that "TLS: by TLS 1.2, too" get 200 "$key" $tls "${cert[@]}" --tls-max 1.2
for name in foreign expired; do
    cert $name
    test_that "TLS: $name: 400 by nginx" get 400 "$key" $tls "${cert[@]}"
done
# curl would not send a certificate with another's key. openssl does not check that.
tls_without_key() { ! printf 'GET / HTTP/1.0\r\n\r\n' | timeout 20 openssl s_client -quiet -connect 127.0.0.1:443 -cert "$pki/alice.pem" -key "$pki/bob.key" 2>&1 | grep -q granted; }
test_that "TLS: a certificate without its key: no connection" tls_without_key
cert revoked
refused "TLS: revoked, which the daemon knows and nginx does not" certificate-revoked revoked "$key" $tls "${cert[@]}"
cert huge
refused "TLS: a certificate that is too long for the header" certificate-missing '' "$key" $tls "${cert[@]}"
quiet wfapikeyctl key bind "$(id_of "$key")" bobs
cert alice
refused "TLS: bound to another" certificate-other alice "$key" $tls "${cert[@]}"
cert bob
test_that "TLS: with that one" get 200 "$key" $tls "${cert[@]}"
quiet wfapikeyctl key unbind "$(id_of "$key")"

# --- Headers that a client could forge ---------------------------------------------------------
forged=cert-$(sed 's/+/%2B/g; s/ /%20/g; s|/|%2F|g; s/=/%3D/g; s/$/%0A/' "$pki/alice.pem" | tr -d '\n')
refused "forged: Host" certificate-missing '' "$key" $tls -H "Host: $forged"
refused "forged: every header" certificate-missing '' "$key" $tls -H "Host: $forged" -H 'X-Wfa-Inner: 1' -H 'X-Real-IP: 192.0.2.1' -H "X-Wfa-Host: $forged"
test_that "forged: X-Real-IP is not taken" bash -c '! grep -q 192.0.2.1' <<<"$(entries)"
test_that "forged: the inner address from outside: 404" get 404 "$key" "${tls}-wfapikey"
test_that "forged: a long request does nobody any harm" get 401 "$key" "$tls?$(printf 'x%.0s' {1..4100})"
inner=/run/nginx-wfapikey/inner.sock
secret=$(sed -n '/wfa_secret/ s/.*"\([0-9a-f]*\)".*/\1/p' /etc/nginx/wfapikey-secret.conf)
test_that "the secret is root's alone" test "$(stat -c %a:%U /etc/nginx/wfapikey-secret.conf)" = 600:root
root_gets() { get "$1" "$key" http://localhost/ --unix-socket "$inner" -H "Host: $forged" "${@:2}" | head -n 1 | grep -qx "$1"; }
test_that "inner server: root, who knows the secret, gets in" root_gets 200 -H "X-Wfa-Inner: $secret"
test_that "inner server: without the secret: 403" root_gets 403
by() { setpriv --reuid="$1" --regid="$1" --clear-groups -- "${@:2}"; }
cp "$work/curl" "$work/mallorys" && chown mallory "$work/mallorys"
by_mallory() { by mallory curl -s -K "$work/mallorys" --max-time 10 --unix-socket "$inner" -H "Host: $forged" -H "X-Wfa-Inner: $secret" http://localhost/; }
test_not "inner server: another user is kept out by the directory" by_mallory
no_worker_died() { ! grep -E 'exited on signal|alert|emerg' /var/log/nginx/error.log; }
test_that "no worker of nginx has died" no_worker_died

# --- Another user claims to be nginx ----------------------------------------------------------
# pamtester runs as that user, with a stack of his own: any process can send what the module sends.
printf "%s\n" "auth required pam_wfapikey.so certificate=process-env:VOUCHED" "account required pam_permit.so" >/etc/pam.d/nginx-tls
vouch() { VOUCHED=$(<"$pki/alice.pem") by "$1" pamtester nginx-tls alice authenticate <<<"$key"; }
test_that "www-data may vouch" vouch www-data
from_now
test_not "another user may not speak for nginx" vouch mallory
test_that "the journal has peer" refused_for peer "$key"
cp /etc/pam.d/nginx-tls /etc/pam.d/other
wfapikeyctl policy set require-certificate=proof
vouch_other() { VOUCHED=$(<"$pki/alice.pem") by "$1" pamtester other alice authenticate <<<"$key"; }
from_now
test_not "nor vouch for a service that is nobody's" vouch_other mallory
test_that "the journal has certificate-unproved" refused_for certificate-unproved "$key" alice
test_not "nor may www-data for another service" vouch_other www-data
test_that "root may" vouch_other root
finish
