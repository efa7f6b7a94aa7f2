#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: an administrator registers certificates and CAs, sees the same details as openssl shows,
# loads revocation lists, and removes them. A bad certificate is refused with a sentence that says
# why. No other user may do any of it.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/scenario/pki.sh
. "${0%/*}/pki.sh"

start
run 0 ctl policy set enabled=yes
pki_layout
pki=$dir/pki
line() { grep "^$1  " <<<"$out" | sed 's/.*   *//'; }
details() { # NAME: as openssl shows them, in the order of the original
    local name=$1 side
    part() { openssl x509 -in "$pki/$name.pem" -noout -nameopt sep_multiline,utf8 "-$side" | sed -nE "s/^ *$1=//p" | paste -sd, | sed 's/,/, /g'; }
    for side in subject issuer; do
        part CN
        part O
        part OU
    done
    openssl x509 -in "$pki/$name.pem" -noout -serial | sed 's/serial=//' | tr A-F a-f
    date -u -d "$(openssl x509 -in "$pki/$name.pem" -noout -startdate | cut -d= -f2)" +%Y-%m-%dT%H:%M:%SZ
    date -u -d "$(openssl x509 -in "$pki/$name.pem" -noout -enddate | cut -d= -f2)" +%Y-%m-%dT%H:%M:%SZ
    pki_thumbprint "$name"
}

# --- registered and shown ---
run 0 ctl cert list
run 0 ctl cert add "$pki/alice.pem"
has "$out" "$(pki_thumbprint alice) alice"
# A CA that leads to no root is of no use yet: said at once, and by doctor and list.
run 0 ctl cert add --ca - <"$pki/middle.pem"
has "$err" "warning: '$(openssl x509 -in "$pki/middle.pem" -noout -subject -nameopt multiline | sed -n 's/.*commonName *= //p')' was issued by '$(openssl x509 -in "$pki/root.pem" -noout -subject -nameopt multiline | sed -n 's/.*commonName *= //p')', and from there no registered CA leads to a root"
has "$(ctl cert list)" "without root"
has "$(ctl doctor 2>&1)" "1 registered CAs lead to no registered root"
run 0 ctl cert add --ca "$pki/root.pem" --name 'our root'
is "$err" ""
[[ $(ctl cert list) != *'without root'* ]] || fail "there is a root now"
[[ $(ctl doctor 2>&1) != *'lead to no registered root'* ]] || fail "there is a root now"
run 0 ctl cert remove "$(pki_thumbprint middle)"
cat "$pki/middle.pem" "$pki/root.pem" >"$pki/cas.pem"
run 0 ctl cert remove 'our root'
run 0 ctl cert add --ca "$pki/cas.pem" # in any order
is "$err" ""
run 0 ctl cert remove "$(pki_thumbprint root)"
run 0 ctl cert remove "$(pki_thumbprint middle)"
run 0 ctl cert add --ca "$pki/root.pem" --name 'our root'
run 0 ctl cert add --ca - <"$pki/middle.pem"
is "$err" ""
openssl x509 -in "$pki/alice.pem" -outform DER -out "$pki/alice.der"
run 0 ctl cert add "$pki/alice.der" # again, in the other form: nothing changes
for which in alice "$(pki_thumbprint alice)" "$(pki_thumbprint alice | cut -c 1-12)" "$(pki_thumbprint alice | tr a-f A-F)"; do
    run 0 ctl cert show "$which"
    shown=$(head -n 10 <<<"$out" | sed -E 's/^([a-z]+ )+ +//; s/^-$//')
    is "$shown" "$(details alice)"
    has "$out" "key type                   ECDSA P-256"
    has "$out" "status                     valid"
done
is "$(head -n 11 <<<"$out" | sed -E 's/   .*//; s/ (common|organization|number|date|type).*/ \1/' | tr '\n' ';' | tr -d ' ')" \
    "subjectcommon;subjectorganization;subjectorganization;issuercommon;issuerorganization;issuerorganization;serialnumber;issuedate;expirationdate;thumbprint;keytype;"
run 0 ctl cert show 'our root'
is "$(sed -E 's/^([a-z]+ )+ +//; s/^-$//' <<<"$out" | head -n 10)" "$(details root)"
run 0 ctl --json cert list
has "$out" "$(pki_thumbprint middle)"
run 5 ctl cert show nobody
run 5 ctl cert show 00000000
run 2 ctl cert add --name 'our root' "$pki/middle.pem"

# --- What is refused ---
refused() { # NAME PART [OPTION...]
    run 2 ctl cert add "${@:3}" "$pki/$1"
    has "$err" "$2"
    is "$out" ""
}
run 0 ctl --json cert list
before=$out
pki_short brief middle /CN=brief 1
gone() { [[ $(date +%s) -gt $(date -d "$(openssl x509 -in "$pki/brief.pem" -noout -enddate | cut -d= -f2)" +%s) ]]; }
wait_until gone
refused brief.pem "expired"
pki_database middle
pki_key later
pki_run openssl req -new -key "$pki/later.key" -subj /CN=later -out "$pki/later.csr"
printf '%b\n' "$pki_client" >"$pki/later.ext"
pki_run openssl ca -batch -notext -config "$pki/middle.cnf" -in "$pki/later.csr" -out "$pki/later.pem" -extfile "$pki/later.ext" \
    -startdate "$(date -u -d '+1 day' +%y%m%d%H%M%SZ)" -enddate "$(date -u -d '+9 days' +%y%m%d%H%M%SZ)"
refused later.pem "not valid"
pki_run openssl genrsa -out "$pki/weak.key" 1024
pki_cert weak middle /CN=weak "$pki_client"
refused weak.pem "1024"
pki_cert sha1 middle /CN=sha1 "$pki_client" -sha1
refused sha1.pem "SHA-1"
refused middle.pem "CA"
refused alice.pem "no CA" --ca
pki_cert server middle /CN=server 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth'
refused server.pem "client"
cat "$pki/alice.pem" "$pki/alice.key" >"$pki/both.pem"
refused both.pem "private key"
refused alice.key "private key"
refused alice.csr "request"
head -c 100 "$pki/alice.der" >"$pki/cut.der"
run 2 ctl cert add "$pki/cut.der"
cat "$pki/alice.der" <(echo) >"$pki/more.der"
run 2 ctl cert add "$pki/more.der"
run 0 ctl --json cert list
is "$out" "$before"

# --- revocation lists ---
pki_crl middle clients.crl
run 0 ctl cert crl "$pki/clients.crl"
run 0 ctl cert show alice
has "$out" "status                     valid"
cp "$pki/clients.crl" "$pki/old.crl"
second=$(date +%s)
# The date in a list is in whole seconds, and the next list must be newer.
later() { [[ $(date +%s) -gt $second ]]; }
wait_until later
pki_crl middle clients.crl alice
run 0 ctl cert crl "$pki/clients.crl"
run 0 ctl cert show alice
has "$out" "status                     revoked"
run 0 ctl cert show "$(pki_thumbprint middle)"
has "$out" "revoked"
run 6 ctl cert crl "$pki/old.crl"
has "$err" "older"
pki_cert other other /CN=other "$pki_ca"
pki_crl other other.crl
run 2 ctl cert crl "$pki/other.crl"
has "$err" "CA"
run 2 ctl cert crl "$pki/alice.pem"

# --- removed ---
run 0 ctl key issue "$me" --certificate alice
run 0 ctl cert remove alice
has "$out$err" "1"
run 5 ctl cert show alice
run 5 ctl cert remove alice
run 0 ctl cert remove "$(pki_thumbprint middle)" # and its list
run 0 ctl cert add --ca "$pki/middle.pem"
run 0 ctl cert show "$(pki_thumbprint middle)"
[[ $out != *revoked* ]] || fail "a CA that comes back has the list of before: $out"
logged "certificate 'alice' removed"
run 0 ctl audit list
for event in cert-added cert-removed crl; do has "$out" "$event"; done

# --- as many as there can be ---
here=$(ctl --json cert list | grep -o '"kind": *"ca"' | wc -l)
for ((i = here; i <= 64; i++)); do
    pki_run openssl req -x509 -newkey ed25519 -nodes -keyout "$pki/many.key" -subj "/CN=many $i" -days 30 \
        -addext keyUsage=critical,keyCertSign,cRLSign -out "$pki/many$i.pem"
    [[ $i == 64 ]] || cat "$pki/many$i.pem" >>"$pki/many.pem"
done
run 0 ctl cert add --ca "$pki/many.pem"
run 6 ctl cert add --ca "$pki/many64.pem"
has "$err" "This host has 64 certificates, 64 of them CAs'"

# --- Only administrators ---
[[ $EUID == 0 ]] || exit 0
chmod -R a+rX "$pki"
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups env PATH="$PATH" "$WFAPIKEYCTL" "$@"; }
if setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$WFAPIKEYCTL"; then
    for command in "cert add $pki/alice.pem" "cert add --ca $pki/root.pem" "cert list" "cert show middle" "cert remove middle" "cert crl $pki/clients.crl"; do
        # shellcheck disable=SC2086 # words
        run 4 as_nobody $command
    done
fi
