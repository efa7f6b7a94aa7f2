#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the command line accepts certificates in every form. It refuses a file with a private key
# with a warning, before anything is sent, and says what any other file is. 'sign' makes answers
# that openssl verifies, with keys from files and from SSH agents.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

command -v openssl >/dev/null || skip "needs openssl"
top=${top_srcdir:-$(cd "${0%/*}/../.." && pwd)}
cd "$dir" || exit 99
umask 077
quiet() { "$@" >/dev/null 2>"$dir/quiet" </dev/null || fail "$*: $(<"$dir/quiet")"; }
url64() { base64 -w 0 | tr '+/' '-_' | tr -d =; }
unurl64() { # TEXT: its bytes
    local text
    text=$(tr -- '-_' '+/' <<<"$1")
    while ((${#text} % 4)); do text+='='; done
    base64 -d <<<"$text"
}

# --- Certificates: a client's, as in the manual, and a CA's; a key of each kind ---
client() { # NAME OPENSSL-REQ-OPTION...: NAME.key and NAME.pem
    local name=$1
    shift
    quiet openssl req -x509 "$@" -noenc -keyout "$name.key" -out "$name.pem" -days 30 -subj "/CN=$name" \
        -addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature -addext extendedKeyUsage=clientAuth
}
client ed -newkey ed25519
client ec -newkey ec -pkeyopt ec_paramgen_curve:P-256
client p384 -newkey ec -pkeyopt ec_paramgen_curve:P-384
client p521 -newkey ec -pkeyopt ec_paramgen_curve:P-521
client rsa -newkey rsa:2048
client pss -newkey rsa-pss -pkeyopt rsa_keygen_bits:2048
client pss384 -newkey rsa-pss -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha384 -pkeyopt rsa_pss_keygen_mgf1_md:sha384 -pkeyopt rsa_pss_keygen_saltlen:48 -sha384
quiet openssl req -x509 -newkey ed25519 -noenc -keyout ca.key -out ca.pem -days 30 -subj /CN=ca
quiet openssl x509 -in ed.pem -outform DER -out ed.der
quiet openssl x509 -in ca.pem -outform DER -out ca.der
# The command in the manual makes a certificate with one basicConstraints, CA:FALSE.
is "$(openssl asn1parse -in ed.pem | grep -c 'X509v3 Basic Constraints')" 1
has "$(openssl x509 -in ed.pem -noout -ext basicConstraints)" "CA:FALSE"
for option in basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature extendedKeyUsage=clientAuth; do
    grep -qF -- "-addext $option" "$top/man/wfapikeyctl.1.scd" || fail "the manual has another command than this test: $option"
done

# --- encode: PEM, DER, with text around it, a chain, standard input, its own output ---
want=$(url64 <ed.der)
openssl x509 -in ed.pem -text >text.pem
cat ed.pem ca.pem >chain.pem
cat ed.der ca.der >chain.der
sed 's/$/\r/' ed.pem >crlf.pem
echo "$want" >encoded
for file in ed.pem ed.der text.pem crlf.pem encoded; do
    run 0 ctl cert encode "$file"
    is "$out" "$want"
done
for file in chain.pem chain.der; do
    run 0 ctl cert encode "$file"
    is "$out" "$want"
    has "$err" "1 of CAs behind it"
done
run 0 ctl cert encode - <ed.pem
is "$out" "$want"
run 0 ctl cert encode - <ed.der
is "$out" "$want"
run 0 ctl --json cert encode ed.pem
is "$out" "{\"certificate\":\"$want\"}"
run 0 ctl cert encode rsa.pem
has "$err" "sudo cuts what is typed at 511" # a warning: the text is longer
# wfapikey-certificates(7): the CA's signature decides as much as the client's key.
issued() { # NAME CA-KEY CLIENT-KEY: NAME.pem, by a CA with such a key
    quiet openssl req -x509 -newkey "$2" -noenc -keyout issuer.key -out issuer.pem -subj "/C=DE/O=Example Ltd/CN=Example Client CA"
    quiet openssl req -x509 -CA issuer.pem -CAkey issuer.key -newkey "$3" -noenc -keyout "$1.key" -out "$1.pem" -subj "/C=DE/O=Example Ltd/CN=alice@example.org" \
        -addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature -addext extendedKeyUsage=clientAuth
}
issued short ed25519 rsa:2048
run 0 ctl cert encode short.pem
[[ $(wc -c <out) -le 1022 ]] || fail "an RSA 2048 key in a certificate of an Ed25519 CA is too long for ssh"
issued long rsa:4096 ed25519
run 0 ctl cert encode long.pem
has "$err" "ssh at 1022"
[[ $(wc -c <out) -gt 1022 ]] || fail "an Ed25519 key in a certificate of an RSA 4096 CA fits into ssh"
run 3 ctl cert add ed.pem # a good file would be sent
run 3 ctl cert add --ca chain.pem

# --- Private keys: each form, alone, after a certificate, with a wrong label, cut off ---
openssl rsa -in rsa.key -traditional -out pkcs1.pem 2>/dev/null
openssl ec -in ec.key -out sec1.pem 2>/dev/null
openssl ecparam -name prime256v1 -genkey -out sec1p.pem
openssl pkcs8 -topk8 -in rsa.key -passout pass:secret -out encrypted.pem
openssl rsa -in rsa.key -traditional -aes128 -passout pass:secret -out encrypted1.pem 2>/dev/null
openssl pkey -in rsa.key -outform DER -out pkcs8.der
openssl pkey -in ed.key -outform DER -out ed25519.der
openssl rsa -in rsa.key -traditional -outform DER -out pkcs1.der 2>/dev/null
openssl ec -in ec.key -outform DER -out sec1.der 2>/dev/null
openssl pkcs8 -topk8 -in rsa.key -passout pass:secret -outform DER -out encrypted.der
openssl pkcs12 -export -inkey ed.key -in ed.pem -passout pass:secret -out store.p12
openssl pkcs12 -export -legacy -inkey rsa.key -in rsa.pem -passout pass:secret -out old.p12 2>/dev/null
openssl pkcs8 -topk8 -in rsa.key -provider legacy -provider default -v1 PBE-SHA1-RC2-128 -passout pass:secret -out old.pem 2>/dev/null
base64 -w 64 pkcs8.der >bare
head -c 300 pkcs8.der >cut.der
head -n 3 rsa.key >cut.pem
cat ed.pem ed.key >both.pem
cat ed.key ed.pem >both2.pem
cat ed.der pkcs8.der >both.der
cat ed.pem pkcs8.der >mixed
sed 's/PRIVATE KEY/CERTIFICATE/' rsa.key >label.pem
tr -d '\n' <rsa.key >oneline
printf 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\nAAAA\n' >key.ppk
printf '{"kty":"OKP","crv":"Ed25519","d":"AAAA","x":"AAAA"}\n' >key.jwk
printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n' >openssh
printf '\xfe\xed\xfe\xed\0\0\0\2' >store.jks
private=(ed.key rsa.key pkcs1.pem sec1.pem sec1p.pem encrypted.pem encrypted1.pem pkcs8.der ed25519.der pkcs1.der sec1.der encrypted.der
    store.p12 bare cut.der cut.pem both.pem both2.pem both.der mixed label.pem oneline key.ppk key.jwk openssh store.jks)
secrets=$(cat ./*.key pkcs1.pem sec1.pem bare | grep -vE -- '-----|^$' | cut -c 1-30)
[[ $(wc -l <<<"$secrets") -gt 30 ]] || fail "no secrets to look for"
refused_private() { # FILE COMMAND...
    local secret
    run 2 ctl "${@:2}"
    is "$out" ""
    has "$err" "$1 holds a" # a private key, or a store for one
    has "$err" "private key"
    has "$err" "Nothing was sent to the daemon"
    has "$err" "replaced"
    has "$err" "certificate alone"
    while read -r secret; do [[ $err != *"$secret"* ]] || fail "$1: a part of the private key is in the message"; done <<<"$secrets"
}
for file in "${private[@]}"; do
    [[ -s $file ]] || fail "$file is not there"
    refused_private "$file" cert encode "$file"
    refused_private "$file" cert add "$file"
done
for command in 'cert add --ca' 'cert crl' "verify $me --certificate"; do
    # shellcheck disable=SC2086 # words
    refused_private both.pem $command both.pem </dev/null
done
refused_private 'standard input' cert add - <both.pem
for file in pkcs8.der store.p12; do
    run 2 ctl cert add "$file" </dev/null
    is "$(LC_ALL=C grep -c '[^[:print:][:space:]]' err)" 0 # no byte of it
done

# --- Other files that are no certificate: 2, with the file's name and the right form ---
quiet openssl req -new -key ed.key -subj /CN=x -out request.pem
quiet openssl req -in request.pem -outform DER -out request.der
quiet openssl pkey -in ed.key -pubout -out public.pem
quiet openssl pkey -in ed.key -pubout -outform DER -out public.der
quiet openssl crl2pkcs7 -nocrl -certfile ed.pem -out p7.pem
quiet openssl crl2pkcs7 -nocrl -certfile ed.pem -outform DER -out p7.der
quiet openssl x509 -in ed.pem -trustout -addtrust clientAuth -out trusted.pem
printf '[ca]\ndefault_ca=x\n[x]\ndatabase=index\ndefault_md=default\ndefault_crl_days=30\ncrlnumber=number\n' >ca.conf
: >index
echo 01 >number
quiet openssl ca -config ca.conf -gencrl -keyfile ca.key -cert ca.pem -out crl.pem
quiet openssl crl -in crl.pem -outform DER -out crl.der
openssl dhparam -dsaparam 1024 >dh.pem 2>/dev/null
echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA comment' >ssh.pub
head -n 4 ed.pem >cut-cert.pem
sed '3s/[A-Za-z]/-/' ed.pem >damaged.pem
(cat ed.der && echo x) >behind.der
(cat ed.pem && printf 'x\0y\1') >behind.pem
printf -- '-----BEGIN GREETING-----\naGVsbG8=\n-----END GREETING-----\n' >other.pem
head -c 100 /dev/zero >zeros
echo hello >words
: >empty
head -c 1048577 /dev/zero >huge
cat ed.pem ec.pem >clients.pem
while IFS='|' read -r file part; do
    run 2 ctl cert encode "$file"
    is "$out" ""
    has "$err" "$file"
    has "$err" "$part"
    run 2 ctl cert add "$file"
    has "$err" "$part"
done <<'END'
request.pem|(CSR): give the certificate that the CA made from it
request.der|(CSR)
public.pem|a public key
public.der|a public key
p7.pem|a PKCS#7 bundle: 'openssl pkcs7 -print_certs
p7.der|a PKCS#7 bundle
trusted.pem|trust settings
crl.pem|(CRL): 'wfapikeyctl cert crl' takes that
crl.der|(CRL)
dh.pem|another type
other.pem|another type
ssh.pub|a public key of SSH
cut-cert.pem|damaged
damaged.pem|damaged
behind.der|bytes that belong to nothing
behind.pem|bytes that belong to nothing
zeros|neither PEM nor DER
words|neither PEM nor DER
empty|is empty
huge|is too large
clients.pem|several clients
ca.pem|is a CA's, not a client's
END
run 2 ctl cert crl ed.pem
has "$err" "'wfapikeyctl cert add' takes that"
run 3 ctl cert crl crl.pem # a good file would be sent
run 3 ctl cert crl crl.der
run 1 ctl cert encode no-such-file
has "$err" "no-such-file: No such file"
run 1 ctl cert encode .
run 2 ctl cert show --pem --json ca
run 2 ctl key issue "$me" --require-certificate --require-proof
has "$err" "exclude each other"
run 2 ctl key explain 0000000000 --proved
run 2 ctl verify "$me" --certificate=- </dev/null

# --- sign: each kind of key, from the argument and from standard input ---
challenge=wfc_$(head -c 32 /dev/urandom | url64):sshd:alice
printf 'wfapikey proof of possession, version 1: %s' "$challenge" >message
right() { # KEY ANSWER: the part after the dot is a signature by KEY over the message
    local text digest half
    unurl64 "${2#*.}" >signature
    openssl pkey -in "$1" -pubout -out public 2>/dev/null || cp "$1" public
    text=$(openssl pkey -pubin -in public -noout -text)
    case $1 in
    *384*) digest=sha384 half=48 ;;
    *521*) digest=sha512 half=66 ;;
    *) digest=sha256 half=32 ;;
    esac
    case $text in
    *ED25519*) quiet openssl pkeyutl -verify -pubin -inkey public -rawin -in message -sigfile signature ;;
    *Modulus*)
        quiet openssl pkeyutl -verify -pubin -inkey public -rawin -digest $digest -in message -sigfile signature \
            -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest -pkeyopt rsa_mgf1_md:$digest
        ;;
    *)
        is "$(wc -c <signature)" $((2 * half))
        od -An -v -tx1 -w$half signature | tr -d ' ' | sed '1s/^/[n]\nr=INTEGER:0x/; 2s/^/s=INTEGER:0x/; 1i asn1=SEQUENCE:n' >ecdsa.conf
        quiet openssl asn1parse -genconf ecdsa.conf -noout -out signature.der
        quiet openssl pkeyutl -verify -pubin -inkey public -rawin -digest $digest -in message -sigfile signature.der
        ;;
    esac
}
right_hash() { # KEY ANSWER: the part before the dot identifies KEY
    is "${2%.*}" "$(openssl pkey -in "$1" -pubout -outform DER | openssl dgst -sha256 -binary | url64)"
}
right_hash_public() { # PUBLIC-KEY ANSWER: the same for a public key
    is "${2%.*}" "$(openssl pkey -pubin -in "$1" -outform DER | openssl dgst -sha256 -binary | url64)"
}
for key in ed.key ec.key p384.key p521.key rsa.key pss.key pss384.key; do
    run 0 ctl sign --key="$key" "$challenge"
    is "$err" "signing a login of alice to sshd"
    right "$key" "$out"
    right_hash "$key" "$out"
    is "$(wc -l <out)" 1
    run 0 ctl sign --key="file:$dir/$key" < <(printf '%s\r\nmore\n' "$challenge")
    right "$key" "$out"
    run 0 ctl sign --key="$key" --certificate="${key%.key}.pem" "$challenge"
    right "$key" "$out"
    is "${out%.*}" "$(openssl x509 -in "${key%.key}.pem" -outform DER | url64)"
    has "$err" "sudo cuts what is typed at 511"
done
# A compressed point is another way to write the same key.
quiet openssl ec -in ec.key -conv_form compressed -out compressed.key
run 0 ctl sign --key=compressed.key "$challenge"
right ec.key "$out"
right_hash ec.key "$out"
# these are bad for certificates, but good for keys
for key in pkcs1.pem sec1p.pem sec1.der both.pem; do
    run 0 ctl sign --key="$key" "$challenge"
done
run 0 ctl --json sign --key=ed.key "$challenge"
[[ $out == '{"answer":"'*'"}' ]] || fail "JSON: $out"
right ed.key "$(cut -d '"' -f 4 out)"

# The name in the challenge is shown, whatever its characters are, and cannot harm a terminal.
run 0 ctl sign --key=ed.key "${challenge%:*}:a%1B%5B2Jb"
has "$err" 'signing a login of a\x1b[2Jb to sshd'

# Keys that cannot prove anything, and files that are no key.
openssl genpkey -quiet -algorithm ed448 -out ed448 2>/dev/null || openssl genpkey -algorithm ed448 -out ed448
openssl ecparam -name secp256k1 -genkey -noout -out koblitz
openssl genpkey -quiet -algorithm rsa-pss -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha1 -out pss1 2>/dev/null ||
    openssl genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha1 -out pss1 2>/dev/null
openssl genrsa -out weak 1024 2>/dev/null
while IFS='|' read -r key status part; do
    run "$status" ctl sign --key="$key" "$challenge" </dev/null
    is "$out" ""
    has "$err" "$part"
done <<'END'
ed448|2|ED448
koblitz|2|EC over secp256k1
pss1|2|RSA of 2048 bits for SHA1
weak|2|RSA of 1024 bits
ed.pem|2|holds no private key
public.pem|2|holds no private key
openssh|2|ssh-add
words|2|holds no private key
no-such-key|1|No such file
pkcs11:object=x|2|--provider=NAME
END
run 2 ctl sign --key=ed.key --certificate=rsa.pem "$challenge"
has "$err" "rsa.pem is not the certificate of this private key"
run 2 ctl sign --key=ed.key --certificate=both.pem "$challenge"
has "$err" "certificate alone"
run 2 ctl sign --key=ed.key --provider=no-such-provider "$challenge"
has "$err" "no-such-provider"
run 2 ctl sign "$challenge"
has "$err" "--key="
run 0 ctl sign --key=ed.key --provider=default "$challenge"
chmod 0644 ed.key
run 0 ctl sign --key=ed.key "$challenge"
has "$err" "warning: ed.key can be read by everybody"
chmod 0600 ed.key

# Texts that are no challenge.
for wrong in x wfc_ "${challenge%%:*}" "${challenge%:*}" "${challenge%:*}:" "$challenge%" "$challenge%6" "$challenge%61" "${challenge/:/;}" "x$challenge" \
    "$challenge:x" "$challenge$challenge" "${challenge/wfc_/wfc_A}" "$challenge$(head -c 2000 /dev/zero | tr '\0' x)"; do
    run 2 ctl sign --key=ed.key "$wrong"
    is "$out" ""
    [[ $err != *'signing a login'* ]] || fail "'$wrong' is a challenge"
    run 2 ctl sign --key=ed.key <<<"$wrong"
    is "$out" ""
done
run 2 ctl sign --key=ed.key </dev/null
run 2 ctl sign --key=ed.key <<<"wfk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopbUyxgA"
has "$err" "an API key, not a challenge"
[[ $err != *ABCDEFGHIJ* ]] || fail "an API key is repeated"
run 2 ctl sign --key=ed.key < <(printf '%s\0\n' "$challenge")

# --- An encrypted key: the passphrase is read from the terminal and not shown, even though standard
# input has the challenge ---
if command -v expect >/dev/null; then
    typed() { # STATUS KEY PASSPHRASE
        cat >expect.in <<END
log_user 0
set timeout 60
spawn sh -c {"$WFAPIKEYCTL" sign --key="$2" >out 2>err <challenge; exit \$?}
expect "Passphrase of the private key: " { send "$3\r" } timeout { exit 98 } eof { exit 97 }
expect eof { puts \$expect_out(buffer) } timeout { exit 98 }
exit [lindex [wait] 3]
END
        echo "$challenge" >challenge
        expect expect.in >shown 2>&1
        local status=$?
        [[ $status == "$1" ]] || fail "$2 with '$3': $status instead of $1: $(cat shown err)"
        ! grep -qF "$3" shown || fail "the passphrase is shown"
    }
    for key in encrypted.pem encrypted1.pem encrypted.der; do
        typed 0 "$key" secret
        right rsa.key "$(<out)"
        typed 2 "$key" mistake
        has "$(<err)" "passphrase is wrong"
        is "$(<out)" ""
    done
    typed 0 store.p12 secret
    right ed.key "$(<out)"
    # What OpenSSL 3 has switched off is not called a wrong passphrase, and the command in the
    # message makes a file that works.
    for old in old.p12 old.pem; do
        [[ -s $old ]] || continue # no legacy provider here
        typed 2 "$old" mistake
        if [[ $old == old.p12 ]]; then # its MAC tells
            has "$(<err)" "passphrase is wrong"
        fi
        typed 2 "$old" secret
        [[ $(<err) != *'passphrase is wrong'* ]] || fail "$old: $(<err)"
        has "$(<err)" "old"
        command=$(sed -n 's/.*opens: openssl /openssl /p' err)
        # shellcheck disable=SC2086 # words
        quiet $command -passin pass:secret -passout pass:secret
        typed 0 new.key secret
        right rsa.key "$(<out)"
    done
fi
if command -v setsid >/dev/null; then # no terminal to ask at
    run 2 setsid -w "$WFAPIKEYCTL" sign --key=encrypted.pem "$challenge" </dev/null
    has "$err" "no terminal"
fi

# --- SSH agents ---
run 2 env -u SSH_AUTH_SOCK "$WFAPIKEYCTL" sign --key=agent: "$challenge"
has "$err" "SSH_AUTH_SOCK is not set"
run 1 env SSH_AUTH_SOCK="$dir/none" "$WFAPIKEYCTL" sign --key=agent: "$challenge"
if command -v ssh-agent >/dev/null && command -v ssh-add >/dev/null && command -v ssh-keygen >/dev/null; then
    export SSH_AUTH_SOCK=$dir/agent
    ssh-agent -D -a "$SSH_AUTH_SOCK" >/dev/null 2>&1 &
    children+=($!)
    wait_until test -S "$SSH_AUTH_SOCK"
    run 2 ctl sign --key=agent: "$challenge"
    has "$err" "has no such key"
    quiet ssh-keygen -t ed25519 -N '' -C 'ed of alice' -f ssh-ed
    quiet ssh-keygen -t ecdsa -b 256 -N '' -C ec -f ssh-ec
    quiet ssh-keygen -t rsa -b 2048 -N '' -C rsa -f ssh-rsa
    quiet ssh-add ssh-ed ssh-rsa
    run 0 ctl sign --key=agent: "$challenge" # the agent has one that can
    ssh_ed=$out
    quiet ssh-add ssh-ec
    run 2 ctl sign --key=agent: "$challenge"
    has "$err" "several keys"
    fingerprint=$(ssh-keygen -l -f ssh-ec.pub | cut -d ' ' -f 2)
    has "$err" "agent:$fingerprint"
    run 0 ctl sign --key="agent:ed of alice" "$challenge"
    is "$out" "$ssh_ed"
    unurl64 "${out#*.}" >signature
    is "$(wc -c <signature)" 64
    ssh-keygen -e -m PKCS8 -f ssh-ec.pub >ssh-ec.public
    for key in ec "$fingerprint"; do
        run 0 ctl sign --key="agent:$key" "$challenge"
        right ssh-ec.public "$out"
    done
    run 2 ctl sign --key=agent:rsa "$challenge"
    has "$err" "PKCS#1 v1.5"
    for bits in 384 521; do
        quiet ssh-keygen -t ecdsa -b $bits -N '' -C "p$bits" -f "ssh-$bits"
        quiet ssh-add "ssh-$bits"
        ssh-keygen -e -m PKCS8 -f "ssh-$bits.pub" >"ssh-$bits.public"
        run 0 ctl sign --key="agent:p$bits" "$challenge"
        right "ssh-$bits.public" "$out"
        right_hash_public "ssh-$bits.public" "$out"
    done
    run 2 ctl sign --key=agent:nobody "$challenge"
    run 2 ctl sign --key=agent:ec --provider=default "$challenge"
    # A certificate says which key is meant.
    quiet openssl req -new -x509 -key ec.key -subj /CN=x -addext basicConstraints=critical,CA:FALSE -out ssh-cert.pem
    run 2 ctl sign --key=agent: --certificate=ssh-cert.pem "$challenge"
    has "$err" "no such key of this certificate"
    cp ec.key ssh-own
    quiet ssh-add ssh-own # PKCS#8
    run 0 ctl sign --key=agent: --certificate=ssh-cert.pem "$challenge"
    right ec.key "$out"
    is "${out%.*}" "$(openssl x509 -in ssh-cert.pem -outform DER | url64)"
    quiet env SSH_ASKPASS=/bin/true ssh-add -D
fi
