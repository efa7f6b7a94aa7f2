#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a login needs a certificate where the policy, the service or the key says so. It is refused
# without one, and with one that is not trusted, not the key's, expired, revoked, or only shown
# where a proof is required. Each change counts from the very next login on.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/scenario/pki.sh
. "${0%/*}/pki.sh"

start
run 0 ctl policy set enabled=yes max-keys-per-user=100
pki_layout
run 0 ctl key issue "$me"
key=$out
id=$(id_of "$key")

shown_once() { ctl verify --server-uid="$(id -u)" --timeout=60s "$me" "$@" <<<"$key"; }
shown() { in_time shown_once "$@"; }
takes() { # [OPTION...]
    run 0 shown "$@"
}
refuses() { # REASON [OPTION...]
    run 6 shown --json "${@:2}"
    if [[ $EUID == 0 ]]; then has "$out" "\"reason\":\"$1\""; fi
}
with() { printf -- '--certificate=%s' "$pki/$1.pem"; }

# --- The sequence of the original: without the requirement, with it, with a certificate ---
takes
run 0 ctl policy set require-certificate=yes
refuses certificate-missing
logged "a client certificate is required and none was presented"
refuses certificate-untrusted "$(with alice)"
logged "certificate $(pki_thumbprint alice) of 'CN=alice,OU=Büro,OU=Einkauf,O=Müller GmbH': the certificate is not registered"
run 0 ctl cert add "$pki/alice.pem"
takes "$(with alice)"
refuses certificate-missing
run 0 ctl cert remove alice
refuses certificate-untrusted "$(with alice)"

# --- By CA: a whole chain or none ---
run 0 ctl cert add --ca "$pki/middle.pem"
refuses certificate-untrusted "$(with alice)"
run 0 ctl cert add --ca "$pki/root.pem"
takes "$(with alice)"
takes "$(with alice)"
run 0 ctl cert remove "$(pki_thumbprint root)"
refuses certificate-untrusted "$(with alice)"
run 0 ctl cert add --ca "$pki/root.pem"
takes "$(with alice)"
refuses certificate-purpose "$(with middle)"
pki_cert server middle /CN=server 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth'
refuses certificate-purpose "$(with server)"
pki_run openssl genrsa -out "$pki/weak.key" 1024
pki_cert weak middle /CN=weak "$pki_client"
refuses certificate-weak "$(with weak)"
# A CA of the same name with a key of its own. And a certificate with the names, number and public
# key of a trusted one, signed by that CA.
mkdir "$pki/forged"
cp "$pki/middle.pem" "$pki/middle.key" "$pki/forged"
pki_key false
pki_run openssl req -new -key "$pki/false.key" -subj '/O=Example/OU=PKI/CN=Example Clients' -out "$pki/false.csr"
printf '%b\n' "$pki_ca" >"$pki/false.ext"
pki_run openssl x509 -req -in "$pki/false.csr" -signkey "$pki/false.key" -days 30 -extfile "$pki/false.ext" -out "$pki/false.pem"
serial=0x$(openssl x509 -in "$pki/alice.pem" -noout -serial | cut -d= -f2)
pki_run openssl x509 -req -in "$pki/alice.csr" -CA "$pki/false.pem" -CAkey "$pki/false.key" -set_serial "$serial" -days 30 \
    -extfile "$pki/alice.ext" -out "$pki/twin.pem"
refuses certificate-untrusted "$(with twin)"
pki_cert deep alice /CN=deep "$pki_client" # its issuer is no CA
refuses certificate-untrusted "$(with deep)"

# --- Dates: to the second, even if accepted a moment ago ---
for seconds in 4 8 16 32 64; do # until they are enough for this machine
    pki_short brief middle /CN=brief $seconds
    shown "$(with brief)" >/dev/null 2>&1 && break
    [[ $seconds != 64 ]] || fail "it is refused within its time"
done
over() { ! shown "$(with brief)" >/dev/null 2>&1; }
wait_until over
refuses certificate-expired "$(with brief)"
[[ $(date +%s) -gt $(date -d "$(openssl x509 -in "$pki/brief.pem" -noout -enddate | cut -d= -f2)" +%s) ]] || fail "it was refused too early"

# --- Revocation: from the next login on ---
pki_crl middle clients.crl
run 0 ctl cert crl "$pki/clients.crl"
takes "$(with alice)"
second=$(date +%s)
later() { [[ $(date +%s) -gt $second ]]; }
wait_until later
pki_crl middle clients.crl alice
run 0 ctl cert crl "$pki/clients.crl"
refuses certificate-revoked "$(with alice)"
run 0 ctl cert add "$pki/alice.pem" # registered itself, it is still on the list
refuses certificate-revoked "$(with alice)"
pki_cert bob middle /CN=bob "$pki_client"
takes "$(with bob)"
second=$(date +%s)
wait_until later
sed -i 's/default_crl_days = 7/default_crl_days = 0\ndefault_crl_hours = 0\ndefault_crl_seconds = 3/' "$pki/middle.cnf"
for seconds in 4 8 16 32 64; do
    pki_run openssl ca -config "$pki/middle.cnf" -gencrl -crlsec $seconds -out "$pki/short.crl"
    ctl cert crl "$pki/short.crl" >/dev/null 2>&1 && shown "$(with bob)" >/dev/null 2>&1 && break
    [[ $seconds != 64 ]] || fail "a certificate is refused while its list is current"
done
stale() { ! shown "$(with bob)" >/dev/null 2>&1; }
wait_until stale
refuses certificate-crl-expired "$(with bob)"
run 0 ctl cert remove "$(pki_thumbprint middle)"
run 0 ctl cert add --ca "$pki/middle.pem"
takes "$(with bob)"

# --- Where it is required: everywhere, at a service, with a key ---
run 0 ctl policy set require-certificate=no
takes
run 0 ctl policy set require-certificate:mail=yes
takes --service web
refuses certificate-missing --service mail
takes --service mail "$(with bob)"
run 0 ctl policy set require-certificate:mail=proof
refuses certificate-unproved --service mail "$(with bob)"
run 0 ctl --json policy show
has "$out" '"require-certificate:mail":"proof"'
run 0 ctl policy set require-certificate:mail=no
takes --service mail
run 0 ctl --json policy show
[[ $out != *require-certificate:mail* ]] || fail "a service that needs nothing is shown: $out"
run 2 ctl policy set require-certificate:mail=perhaps
run 2 ctl policy set 'require-certificate:no service=yes'
for i in $(seq 32); do set -- "$@" "require-certificate:s$i=yes"; done
run 0 ctl policy set "$@"
run 2 ctl policy set require-certificate:s33=yes
takes --service s33
for i in $(seq 32); do shift; set -- "$@" "require-certificate:s$i=no"; done
run 0 ctl policy set "$@"
takes --service s7

run 0 ctl key issue "$me" --require-certificate
key=$out
refuses certificate-missing
takes "$(with bob)"
run 0 ctl --json key show "$(id_of "$key")"
has "$out" '"require-certificate":"yes"'
run 0 ctl key rotate "$(id_of "$key")"
key=$out
refuses certificate-missing
takes "$(with bob)"
run 0 ctl key issue "$me" --require-proof
key=$out
refuses certificate-unproved "$(with bob)"

# --- A bound key: to one certificate, and no other trusted one ---
run 0 ctl cert add "$pki/bob.pem" --name bobs
pki_cert carol middle /CN=carol "$pki_client"
run 0 ctl cert add "$pki/carol.pem"
run 0 ctl key issue "$me"
key=$out id=$(id_of "$out")
takes
run 0 ctl key bind "$id" bobs
refuses certificate-missing
takes "$(with bob)"
refuses certificate-other "$(with carol)"
run 0 ctl key reset "$id"
key=$out
refuses certificate-missing
takes "$(with bob)"
run 0 ctl key rotate "$id"
key=$out
refuses certificate-other "$(with carol)"
takes "$(with bob)"
id=$(id_of "$key")
run 0 ctl key bind "$id" "$(pki_thumbprint carol)"
refuses certificate-other "$(with bob)"
takes "$(with carol)"
# Its CA stays registered. A key is bound to a certificate itself, not to its name.
run 0 ctl cert remove carol
takes "$(with carol)"
run 0 ctl cert remove "$(pki_thumbprint root)"
refuses certificate-untrusted "$(with carol)"
run 0 ctl key unbind "$id"
takes
run 5 ctl key bind "$id" nobody
run 0 ctl cert add --ca "$pki/root.pem"
run 2 ctl key bind "$id" "$(pki_thumbprint root)"
run 0 ctl key issue "$me" --certificate bobs
key=$out
refuses certificate-missing
takes "$(with bob)"
run 2 ctl key issue "$me" --certificate nobody

# --- Explained without a login ---
id=$(id_of "$key")
run 6 ctl key explain "$id"
has "$out" "none is shown"
run 0 ctl key explain "$id" --certificate bobs
run 0 ctl policy set require-certificate=proof
run 6 ctl key explain "$id" --certificate bobs
run 0 ctl key explain "$id" --certificate bobs --proved

# --- After a restart and a kill ---
refuses certificate-unproved "$(with bob)"
run 0 ctl policy set require-certificate=yes
stop KILL
start
refuses certificate-missing
takes "$(with bob)"
pki_cert dave middle /CN=dave "$pki_client"
refuses certificate-other "$(with dave)"

# --- In a backup: certificates, lists, and the requirements of keys ---
run 0 ctl mirror keygen
run 0 ctl backup create --to "$out" "$dir/keys.backup"
run 0 ctl cert remove bobs
run 0 ctl key unbind "$(id_of "$key")"
run 0 ctl policy set require-certificate=no
takes
run 0 ctl backup restore --yes "$dir/keys.backup"
takes "$(with dave)"
run 0 ctl backup restore --yes --revive "$dir/keys.backup"
refuses certificate-missing
refuses certificate-other "$(with dave)"
takes "$(with bob)"
run 0 ctl cert show bobs

# --- What doctor says about certificates ---
run 0 ctl policy set require-certificate=yes
for name in bobs alice "$(pki_thumbprint root)" "$(pki_thumbprint middle)"; do run 0 ctl cert remove "$name"; done
run 6 ctl --json doctor --pam-dir="$dir/none" --module=/bin/true --server-uid="$(id -u)"
has "$out" "none is registered: all are refused"
run 0 ctl cert add --ca "$pki/root.pem"
run 6 ctl --json doctor --pam-dir="$dir/none" --module=/bin/true --server-uid="$(id -u)"
has "$out" "every login with a key needs a client certificate"
has "$out" "1 certificates expire within 30 days, 'Example Root' first"

# --- A renewed CA: a certificate that the old one revoked stays revoked ---
run 0 ctl cert remove "$(pki_thumbprint root)"
run 0 ctl policy set require-certificate=no
pki_cert again again /CN=again "$pki_ca"
cp "$pki/again.key" "$pki/renewed.key"
pki_run openssl x509 -req -in "$pki/again.csr" -signkey "$pki/again.key" -days 60 -extfile "$pki/again.ext" -out "$pki/renewed.pem"
pki_cert eve again /CN=eve "$pki_client"
run 0 ctl key issue "$me" --require-certificate
key=$out
run 0 ctl cert add --ca "$pki/again.pem"
pki_crl again again.crl eve
run 0 ctl cert crl "$pki/again.crl"
refuses certificate-revoked "$(with eve)"
run 0 ctl cert add --ca "$pki/renewed.pem"
run 6 ctl cert remove "$(pki_thumbprint again)"
has "$err" "load the list again first"
refuses certificate-revoked "$(with eve)"
run 0 ctl cert crl "$pki/again.crl" # to the one that stays longer
run 0 ctl cert remove "$(pki_thumbprint again)"
refuses certificate-revoked "$(with eve)"

# --- Two CAs of one name with different keys: each has its own list ---
pki_key twin
pki_run openssl req -x509 -new -key "$pki/twin.key" -subj /CN=again -days 60 -addext keyUsage=critical,keyCertSign,cRLSign -out "$pki/twin.pem"
pki_cert adam again /CN=adam "$pki_client"
pki_cert cain twin /CN=cain "$pki_client"
run 0 ctl cert add --ca "$pki/twin.pem"
takes "$(with adam)"
takes "$(with cain)"
second=$(date +%s)
wait_until later
pki_run openssl ca -config "$pki/again.cnf" -gencrl -crlsec 2 -out "$pki/again.crl"
run 0 ctl cert crl "$pki/again.crl"
stale() { ! shown "$(with adam)" >/dev/null 2>&1; }
wait_until stale
refuses certificate-crl-expired "$(with adam)"
pki_crl twin twin.crl
run 0 ctl cert crl "$pki/twin.crl"
refuses certificate-crl-expired "$(with adam)"
refuses certificate-revoked "$(with eve)"
takes "$(with cain)"
