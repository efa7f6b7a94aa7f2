#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a client with a good key that sends thousands of broken certificates stops no other user's
# login and does not end the daemon. The daemon reads nothing of a client without a good key. A
# certificate that another process claims for a service counts only as shown.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/scenario/pki.sh
. "${0%/*}/pki.sh"

start
run 0 ctl policy set enabled=yes max-keys-per-user=100
pki_layout
run 0 ctl cert add --ca "$pki/root.pem"
run 0 ctl cert add --ca "$pki/middle.pem"
run 0 ctl key issue "$me" --require-certificate
key=$out
run 0 ctl key issue "$me"
plain=$out
present="$abs_top_builddir/tests/scenario/present"
openssl x509 -in "$pki/alice.pem" -outform DER -out "$pki/alice.der"

# One at a time: a good certificate with a spoilt byte at many places, and cut off. (test_cert.c
# tries every place.)
run 0 "$present" "$WFAPIKEY_VERIFY" "$me" spoil "$pki/alice.der" <<<"$key"
has "$out" "accepted 0"
run 0 "$present" "$WFAPIKEY_VERIFY" "$me" cut "$pki/alice.der" <<<"$key"
has "$out" "accepted 0"
whole() { "$present" "$WFAPIKEY_VERIFY" "$me" whole "$pki/alice.der" <<<"$key"; }
decided() { # COMMAND...: a busy machine may have no time to read the certificate
    run 0 "$@"
    [[ $out != *undecided* ]]
}
wait_until decided whole
has "$out" "accepted 1"

# Many at once, in the background. Others log in meanwhile.
"$present" "$WFAPIKEY_VERIFY" "$me" storm "$pki/alice.der" <<<"$key" >"$dir/storm" 2>&1 &
children+=($!)
storm=$!
for i in $(seq 50); do
    verify "$me" <<<"$plain" || fail "a login without a certificate is refused in the storm, at $i"
done
wait "$storm" || fail "the storm: $(<"$dir/storm")"
has "$(<"$dir/storm")" "accepted 0"
with_alice() { verify "$me" --timeout=60s --certificate="$pki/alice.pem" <<<"$key"; }
in_time with_alice || fail "a good certificate is refused behind the storm"

# A client that only tests whether a key is good leaves a line in the log.
run 0 ctl key issue "$me" --require-certificate
run 0 "$present" "$WFAPIKEY_VERIFY" "$me" offer "$pki/alice.der" <<<"$out"
logged "refused key $(ctl --json key list --sort=created | tr ',' '\n' | sed -n 's/.*"id":"\(.*\)"/\1/p' | tail -n 1)"
on_record() { [[ $(ctl audit list) == *certificate-missing* ]]; }
wait_until on_record

# The daemon does not look at a certificate that the login does not need.
run 0 "$present" "$WFAPIKEY_VERIFY" "$me" unasked "$pki/alice.der" <<<"$plain"
has "$out" "accepted 1"

[[ $EUID == 0 ]] || exit 0
# Another uid: a certificate that it calls proved counts only as shown.
run 0 ctl policy set require-certificate:web=proof
chmod a+rx "$present" 2>/dev/null
if setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$present"; then
    vouch() { setpriv --reuid="$1" --regid="$1" --clear-groups "$present" "$WFAPIKEY_VERIFY" "$me" vouch "$pki/alice.der" <<<"$key"; }
    chmod -R a+rX "$pki"
    wait_until decided vouch 65534
    has "$out" "accepted 0"
    logged "its key must be proved"
fi
