#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: 'sign' uses keys that never leave their device, by the ways that wfapikeyctl(1) shows: a
# smart card through an SSH agent, and a TPM through a provider of OpenSSL. Both devices are
# software. A device that is not installed is left out.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

command -v openssl >/dev/null || skip "needs openssl"
cd "$dir" || exit 99
umask 077
url64() { base64 -w 0 | tr '+/' '-_' | tr -d =; }
challenge=wfc_$(head -c 32 /dev/urandom | url64):sudo:alice
tried=0

# signed PUBLIC-KEY ANSWER: the answer names the key. That the signature is right, the command has
# checked itself before it printed the answer (see 200-cert-files.sh).
signed() {
    is "${2%.*}" "$(openssl pkey -pubin -in "$1" -outform DER | openssl dgst -sha256 -binary | url64)"
    [[ ${2#*.} =~ ^[0-9A-Za-z_-]{80,}$ ]] || fail "no signature: $2"
}

# --- A smart card, by the agent ---
card=$(find /usr/lib -name libsofthsm2.so -print -quit 2>/dev/null)
if [[ $card ]] && command -v softhsm2-util >/dev/null && command -v ssh-add >/dev/null; then
    mkdir tokens
    printf 'directories.tokendir = %s\n' "$dir/tokens" >softhsm2.conf
    export SOFTHSM2_CONF=$dir/softhsm2.conf
    run 0 softhsm2-util --init-token --free --label card --so-pin 12345678 --pin 1234
    for bits in 256 384; do
        openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:P-$bits" -out "card$bits.key" 2>/dev/null
        openssl pkey -in "card$bits.key" -pubout -out "card$bits.pub"
        run 0 softhsm2-util --import "card$bits.key" --token card --label "alice$bits" --id "0$bits" --pin 1234
        rm "card$bits.key"
    done
    printf '#!/bin/sh\necho 1234\n' >pin
    chmod 0700 pin
    export SSH_AUTH_SOCK=$dir/agent SSH_ASKPASS=$dir/pin SSH_ASKPASS_REQUIRE=force
    ssh-agent -P "$(realpath "$card")" -D -a "$SSH_AUTH_SOCK" >/dev/null 2>&1 &
    children+=($!)
    wait_until test -S "$SSH_AUTH_SOCK"
    run 0 ssh-add -s "$(realpath "$card")" # as the manual says
    for bits in 256 384; do
        run 0 ctl sign --key="agent:alice$bits" "$challenge"
        signed "card$bits.pub" "$out"
    done
    tried=1
fi

# --- A TPM, by its provider ---
listens() { (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null; }
ready_or_dead() { listens $((port + 1)) || ! kill -0 "$tpm" 2>/dev/null; }
start_tpm() { # tries ports until one is free; the provider expects the TPM's control on the next one
    for port in 23210 27210 31210 35210 39210; do
        mkdir "tpm$port"
        swtpm socket --tpm2 --tpmstate "dir=$dir/tpm$port" --server "type=tcp,port=$port,bindaddr=127.0.0.1" \
            --ctrl "type=tcp,port=$((port + 1)),bindaddr=127.0.0.1" --flags not-need-init,startup-clear >swtpm.log 2>&1 &
        tpm=$!
        children+=("$tpm")
        wait_until ready_or_dead
        kill -0 "$tpm" 2>/dev/null && return
    done
    fail "swtpm does not start: $(<swtpm.log)"
}
with_tpm=(-provider tpm2 -provider default -propquery '?provider=tpm2')
if command -v swtpm >/dev/null && openssl list -providers -provider tpm2 >/dev/null 2>&1 && [[ -f $(find /usr/lib -name 'libtss2-tcti-swtpm.so.0' -print -quit) ]]; then
    start_tpm
    export TPM2OPENSSL_TCTI="swtpm:host=127.0.0.1,port=$port"
    for kind in "EC -pkeyopt group:P-256" "RSA -pkeyopt bits:2048"; do
        # shellcheck disable=SC2086 # words
        run 0 openssl genpkey "${with_tpm[@]}" -algorithm $kind -out tpm.key
        has "$(<tpm.key)" "TSS2 PRIVATE KEY"
        run 0 openssl pkey "${with_tpm[@]}" -in tpm.key -pubout -out tpm.pub
        run 0 ctl sign --provider=tpm2 --key=tpm.key "$challenge"
        signed tpm.pub "$out"
    done
    run 2 ctl sign --key=tpm.key "$challenge" # without its provider there is no key in it
    tried=1
fi
((tried)) || skip "needs softhsm2 and ssh-agent, or swtpm and tpm2-openssl"
