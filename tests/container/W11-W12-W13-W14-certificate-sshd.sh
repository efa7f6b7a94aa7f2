#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: client certificates through a real sshd, with the configurations of
# wfapikey-certificates(7): not required; required and missing; attached; wrong, expired, of another
# CA, revoked, bound to another key; proved by a signature; proved by the SSH key. Also through su.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"
# shellcheck source=tests/container/pki
. "${0%/*}/pki"

start_wfapikey || not_ok "the daemon starts"
add_user alice
add_user mallory
refuse_at_once
cp /etc/pam.d/sshd "$work/debian"
mkdir -p /run/sshd "$work/home"
ssh-keygen -q -t ed25519 -N '' -f "$work/host_key"
page askpass >"$work/askpass" && chmod 0755 "$work/askpass"

configure() { # NAME: sshd's stack as the page has it
    page "$1" >"$work/lines"
    test_that "the page has the lines for $1" grep -q 'pam_wfapikey.so certificate=' "$work/lines"
    cat "$work/lines" "$work/debian" >/etc/pam.d/sshd
}
serve() { # UNIT PORT FILE...: a second sshd with these files
    printf '%s\n' "HostKey $work/host_key" "ListenAddress 127.0.0.1" "Port $2" 'UsePAM yes' 'KbdInteractiveAuthentication yes' \
        'PasswordAuthentication no' 'StrictModes no' "AuthorizedKeysFile $work/authorized_keys" >"$work/$1.conf"
    cat "${@:3}" >>"$work/$1.conf"
    systemd-run --quiet --unit="$1" /usr/sbin/sshd -D -e -f "$work/$1.conf"
    wait_until listens "$2" || not_ok "$1 starts"
}
# login [OPTION OF ssh]...: with the files in $work/home; $askpass answers
login() {
    HOME=$work/home SSH_ASKPASS=$askpass SSH_ASKPASS_REQUIRE=force timeout 60 ssh -p "$port" -F none -l alice -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o NumberOfPasswordPrompts=1 -o IdentitiesOnly=yes "$@" 127.0.0.1 id -un \
        </dev/null >"$work/session" 2>"$work/client"
    local status=$?
    cat "$work/session" "$work/client"
    [[ $status == 0 && $(<"$work/session") == alice ]]
}
with() { # KEY [CERTIFICATE [PRIVATE KEY]]: the files that the user has
    (umask 077 && printf '%s\n' "$1" >"$work/home/api.key")
    rm -f "$work/home/client.pem" "$work/home/client.key"
    [[ -z ${2-} ]] || cp "$pki/$2.pem" "$work/home/client.pem"
    [[ -z ${3-} ]] || cp "$pki/$3.key" "$work/home/client.key"
}
told() { [[ $(tr -d '\r' <"$work/client" | grep -cxF "$untrusted") == 1 ]]; }
# refused TEXT REASON [NAME]: a login with $key is refused. The client sees the one sentence, and
# the journal has the reason.
refused() {
    from_now
    test_not "$1: refused" login
    test_that "$1: the client sees the sentence" told
    test_that "$1: the journal has $2${3:+, subject and thumbprint}" refused_for "$2" "$key" "${@:3}"
}

# --- The original's steps: without, required, attached ----------------------------------------
configure sshd-prompt
port=2222 askpass=$work/askpass
: >"$work/authorized_keys"
serve test-sshd $port
key=$(wfapikeyctl key issue alice --name laptop)
with "$key"
test_that "a key logs in where no certificate is required" login
wfapikeyctl policy set require-certificate:sshd=yes
refused "no certificate" certificate-missing
quiet wfapikeyctl cert add --ca "$pki/root.pem"
quiet wfapikeyctl cert add --ca "$pki/intermediate.pem"
with "$key" alice
test_that "a certificate of a registered CA, attached to the second question: the same login succeeds" login
with "$key" foreign
refused "another CA's certificate" certificate-untrusted foreign
with "$key" expired
refused "an expired certificate" certificate-expired expired
# The manual page's script would not send that.
# shellcheck disable=SC2016 # for that script
printf '#!/bin/sh\ncase $1 in *"Certificate: ") echo AAAA ;; *) exec %s "$1" ;; esac\n' "$work/askpass" >"$work/nonsense"
chmod 0755 "$work/nonsense"
askpass=$work/nonsense
refused "what is no certificate" certificate-unreadable
askpass=$work/askpass
with "${key:0:62}0" alice
[[ $key != *0 ]] || with "${key:0:62}1" alice
test_not "a mistyped key: refused" login
test_not "and not asked for a certificate" told

# Revoked: only if there is a list.
with "$key" revoked
test_that "a certificate is good before it is revoked" login
pki_revoke revoked intermediate
pki_crl intermediate
quiet wfapikeyctl cert crl "$pki/intermediate.crl"
refused "a certificate that the CA has revoked" certificate-revoked revoked
with "$key" alice
test_that "one that it has not revoked is as good as before" login
pki_revoke intermediate root
pki_crl root
quiet wfapikeyctl cert crl "$pki/root.crl"
refused "a certificate of a CA that was revoked" certificate-revoked alice
quiet wfapikeyctl cert remove "$(thumbprint root)"
quiet wfapikeyctl cert add --ca "$pki/root.pem"
test_that "and good again when the list is gone with its CA" login

# Bound.
quiet wfapikeyctl cert add "$pki/bob.pem" --name bobs
quiet wfapikeyctl key bind "$(id_of "$key")" bobs
refused "a key that is bound to another certificate" certificate-other alice
with "$key" bob
test_that "with the one that it is bound to it is good" login
quiet wfapikeyctl key unbind "$(id_of "$key")"
with "$key" alice
test_that "and unbound with any" login
wfapikeyctl policy set require-certificate:sshd=proof
refused "shown where a proof is required" certificate-unproved alice

# --- The fields of the certificate -----------------------------------------------------------
quiet wfapikeyctl cert add "$pki/alice.pem" --name alice
wfapikeyctl cert show alice >"$work/shown"
part() { # WHOSE PART: as openssl reads it, the values in their order
    openssl x509 -in "$pki/alice.pem" -noout "-$1" -nameopt multiline,utf8,-esc_msb |
        sed 's/ + /\n/' | sed -n "s/^ *$2 *= //p" | paste -sd , | sed 's/,/, /g'
}
date_of() { TZ=UTC date -d "$(openssl x509 -in "$pki/alice.pem" -noout "-$1" | cut -d = -f 2)" +%Y-%m-%dT%H:%M:%SZ; }
cat >"$work/expected" <<END
subject common name        $(part subject commonName)
subject organization       $(part subject organizationName)
subject organization unit  $(part subject organizationalUnitName)
issuer common name         $(part issuer commonName)
issuer organization        $(part issuer organizationName)
issuer organization unit   $(part issuer organizationalUnitName)
serial number              $(openssl x509 -in "$pki/alice.pem" -noout -serial | sed 's/.*=//' | tr A-F a-f)
issue date                 $(date_of startdate)
expiration date            $(date_of enddate)
thumbprint                 $(thumbprint alice)
key type                   ECDSA P-256
END
test_that "cert show: nine details, thumbprint and key type, as openssl has them" diff "$work/expected" <(head -n 11 "$work/shown")
test_that "with several values in their order" grep -qx 'subject organization unit  Bäckerei, Büro 7' "$work/shown"

# --- Proved by a signature -------------------------------------------------------------------
configure sshd-proof
with "$key" alice alice
test_that "a challenge that is signed with the certificate's key: accepted where a proof is required" login
pki_key mallory_s
with "$key" alice mallory_s
refused "signed with a key of no certificate" certificate-untrusted
with "$key" alice bob
quiet wfapikeyctl key bind "$(id_of "$key")" alice
refused "signed with another certificate's key" certificate-other bob
quiet wfapikeyctl key unbind "$(id_of "$key")"
with "$key" alice
refused "not signed" certificate-missing

# A program between user and server: $work/between. It gets the challenge as $1 and prints the
# answer.
cat >"$work/man" <<END
#!/bin/sh
case \$1 in *'Sign wfc_'*) challenge=\${1##*Sign }; exec "$work/between" "\${challenge%: }" ;; esac
exec "$work/askpass" "\$@"
END
between() { printf '#!/bin/bash\n%s\n' "$1" >"$work/between" && chmod 0755 "$work/between" "$work/man"; }
askpass=$work/man
with "$key" alice alice
between "printf '%s\n' \"\$1\" >$work/challenge; wfapikeyctl sign --key $pki/alice.key \"\$1\" | tee $work/recorded"
test_that "an answer that somebody records is good" login
test_that "the challenge names service and user" grep -qxE 'wfc_[0-9A-Za-z_-]{43}:sshd:alice' "$work/challenge"
between "cat $work/recorded"
refused "and replayed it is not" certificate-signature alice
between "wfapikeyctl sign --key $pki/alice.key \"\${1%:*}:mallory\""
refused "a signature for another user" certificate-signature alice
between "c=\${1#*:}; wfapikeyctl sign --key $pki/alice.key \"\${1%%:*}:su:\${c#*:}\""
refused "a signature for another service" certificate-signature alice
between "wfapikeyctl sign --key $pki/alice.key \"\$1\" | sed 's/.\$/A/; s/\\(.*\\)\\.\\(...\\)/\\1.AAA/'"
refused "a damaged signature" certificate-signature alice
between "wfapikeyctl sign --key $pki/alice.key --certificate $pki/alice.pem \"\$1\""
quiet wfapikeyctl cert remove alice
test_that "with the certificate in the answer: its CA is enough" login
between "wfapikeyctl sign --key $pki/foreign.key --certificate $pki/foreign.pem \"\$1\""
refused "another CA's certificate, proved" certificate-untrusted foreign
quiet wfapikeyctl cert add "$pki/alice.pem" --name alice
between "systemctl restart wfapikeyd.service; wfapikeyctl sign --key $pki/alice.key \"\$1\""
test_not "the daemon is restarted while the challenge is signed: nobody gets in" login
test_not "and it is not said that a certificate is missing" told
test_that "but that the daemon was not reached" wait_until bash -c 'journalctl --sync; journalctl -q | grep -q "cannot ask wfapikeyd at"'
askpass=$work/askpass
test_that "the next login does" login

# --- Proved by the SSH key -------------------------------------------------------------------
configure sshd-identity
page sshd-identity-config >"$work/identity"
serve test-sshd-identity 2223 "$work/identity"
port=2223
with "$key" alice alice
page sshd-identity-commands >"$work/commands"
test_that "the page's commands make the line for authorized_keys" bash -ec "cd $work/home; : >authorized_keys; . $work/commands; grep '^ecdsa-sha2-nistp256 ' authorized_keys"
ssh-keygen -q -t ed25519 -N '' -f "$work/other"
cat "$work/home/authorized_keys" "$work/other.pub" >"$work/authorized_keys"
from_now
test_that "the SSH key is the certificate's: accepted where a proof is required" login -i "$work/home/client.key"
accepted=$(entries WFA_VERDICT=accepted | tail -n 1)
test_that "and the journal says which certificate that was" grep -qF "\"WFA_CERTIFICATE\":\"$(thumbprint alice)\"" <<<"$accepted"
from_now
test_not "another SSH key of the same user: refused" login -i "$work/other"
test_that "with the sentence" told
test_that "the journal has certificate-untrusted" refused_for certificate-untrusted "$key"
# An SSH certificate for that key: sshd shows the certificate, and the key is the same.
ssh-keygen -q -t ed25519 -N '' -f "$work/ssh_ca"
cut -d ' ' -f 1,2 "$work/home/authorized_keys" >"$work/home/client.key.pub"
ssh-keygen -q -s "$work/ssh_ca" -I alice -n alice "$work/home/client.key.pub"
cp "$work/authorized_keys" "$work/both_keys"
echo "cert-authority $(<"$work/ssh_ca.pub")" >"$work/authorized_keys"
from_now
test_that "an SSH certificate for the certificate's key: accepted as the key" login -i "$work/home/client.key" -o CertificateFile="$work/home/client.key-cert.pub"
test_that "and the journal says which certificate that was" bash -c "grep -qF '\"WFA_CERTIFICATE\":\"$(thumbprint alice)\"' <<<\"\$1\"" - "$(entries WFA_VERDICT=accepted | tail -n 1)"
rm "$work/home/client.key-cert.pub" # ssh finds it by its name
test_not "without the SSH certificate sshd does not know the key" login -i "$work/home/client.key"
cp "$work/both_keys" "$work/authorized_keys"
test_not "no SSH key: refused" login -o PubkeyAuthentication=no
quiet wfapikeyctl key bind "$(id_of "$key")" bobs
from_now
test_not "a key that is bound to another certificate: refused" login -i "$work/home/client.key"
test_that "the journal has certificate-other" refused_for certificate-other "$key" alice
quiet wfapikeyctl key unbind "$(id_of "$key")"
quiet wfapikeyctl cert remove alice
test_not "a certificate that is not registered any more: refused" login -i "$work/home/client.key"
quiet wfapikeyctl cert add "$pki/alice.pem" --name alice

# --- su --------------------------------------------------------------------------------------
cp /etc/pam.d/su "$work/debian-su"
cat >"$work/expect" <<'END'
set timeout 30
log_user 1
spawn -noecho setpriv --reuid=mallory --regid=mallory --init-groups su alice -c {id -un}
expect "Password: "
send -- "$env(KEY)\r"
expect {
    -re {Sign (wfc_[^ ]*): } { send -- "[eval exec $env(SIGN) $expect_out(1,string) 2>/dev/null]\r"; exp_continue }
    "Certificate: " { send -- "$env(ENCODED)\r"; exp_continue }
    -re {\nalice\r} { set in 1; exp_continue }
    eof
}
exit [expr {[info exists in] ? 0 : 1}]
END
# su_alice NAME: with the certificate of NAME
su_alice() { KEY=$key ENCODED=$(encoded "$1") SIGN="wfapikeyctl sign --key $pki/$1.key" expect "$work/expect" >"$work/su" 2>&1; }
su_told() { tr -d '\r' <"$work/su" | grep -qxF "$untrusted"; }
wfapikeyctl policy set require-certificate:sshd=no require-certificate:su=yes
{ page su-proof | sed 's/=proof/=prompt/'; cat "$work/debian-su"; } >/etc/pam.d/su
test_that "su, asked for the certificate" su_alice alice
test_not "su with another CA's" su_alice foreign
test_that "shows the sentence" su_told
wfapikeyctl policy set require-certificate:su=proof
{ page su-proof; cat "$work/debian-su"; } >/etc/pam.d/su
test_that "su, asked for a proof" su_alice alice
test_not "su with a key of no certificate" su_alice mallory_s
test_that "shows the sentence, too" su_told
finish
