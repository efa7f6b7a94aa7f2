#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a call that fails in the daemon or in its helpers costs no acknowledged change, lets nobody
# in, leaves nobody waiting for ever, and crashes nothing. The daemon starts again from what is
# left.
#
# Each round runs one daemon in which one call of one function fails, in one of the ways in which
# that function can fail. See table.h and faults.c.
#
#   FAULTS=40     how many rounds, spread over all functions, or "all"
#   FAULTS_FROM=0 which ones
#   daemon.sh ROUND   one round again, as a failure names it

# shellcheck source=tests/faults/lib.sh
. "${0%/*}/lib.sh"

# shellcheck disable=SC2034 # lib.sh goes through them; here is only one, without a name
commands=('')
keys=(good revoked bound trusted ends binds rotates removes resets expired)

# --- The state that each round begins with

issue() { # NAME [OPTION]...
    run 0 ctl key issue "$me" --name "$1" "${@:2}"
    printf '%s\n' "$out" >"$base/key.$1"
}
has_expired() { [[ $(date +%s) -gt $expires ]]; }
make_base() {
    # shellcheck source=tests/scenario/pki.sh
    . "$top_srcdir/tests/scenario/pki.sh"
    start --state-dir="$base/state"
    run 0 ctl policy set enabled=yes max-keys-per-user=50
    pki_layout
    pki_cert other middle /CN=other "$pki_client"
    cp "$pki"/{alice,other}.pem "$base"
    cat "$pki/middle.pem" "$pki/root.pem" >"$pki/cas.pem"
    run 0 ctl cert add --ca "$pki/cas.pem"
    run 0 ctl cert add "$pki/alice.pem"
    run 0 ctl mirror keygen
    for name in "${keys[@]}"; do
        case $name in
        expired) issue expired --expires=1s ;;
        trusted) issue trusted --require-certificate ;;
        *) issue "$name" ;;
        esac
    done
    expires=$(($(date +%s) + 1))
    run 0 ctl key revoke "$(id_of "$(<"$base/key.revoked")")"
    run 0 ctl key bind "$(id_of "$(<"$base/key.bound")")" "$(pki_thumbprint alice)"
    stop
    while ! has_expired; do sleep 0.1; done
}

# --- One round

openssl='^(X509|EVP|BN|BIO|ASN1|OBJ|ECDSA|DIST_POINT|i2d|d2i)_'
failing='' # the function

key() { cat "$base/key.$1"; }
number() { id_of "$(key "$1")"; }

# While a call fails, a good key may be undecided. It is not refused as wrong.
not_refused() { # KEY WHAT [OPTION]...
    local answer
    answer=$(tries "$1" "${@:3}")
    # A call of OpenSSL that fails without want of memory (test_cert_memory.c) is a bad certificate.
    [[ $answer == @(yes|undecided) || ($answer == no && $# -gt 2 && $failing =~ $openssl) ]] ||
        wrong "$2: $answer; $(<"$dir/err")"
}
declare -A said printed
# change NAME COMMAND...: said[NAME] is "done", "unchanged" where the daemon said so, or "unknown".
change() {
    local status
    ctl "${@:2}" >"$dir/out.$1" 2>"$dir/err.$1" </dev/null
    status=$?
    [[ $status != 124 ]] || wrong "'$1' waits for ever"
    said[$1]=unknown printed[$1]=$(<"$dir/out.$1")
    [[ $status != 0 ]] || said[$1]='done'
    ! grep -q 'nothing was changed' "$dir/err.$1" || said[$1]=unchanged
    [[ $status == 0 || -s $dir/err.$1 ]] || wrong "'$1' fails without a word"
    ! grep -q 'no answer in time' "$dir/err.$1" || wrong "the daemon neither answers '$1' nor disconnects"
}

live() {
    not_refused "$(key good)" "the good key"
    refused "$(key revoked)" "the revoked key"
    refused "$(key expired)" "the expired key"
    change policy policy set max-keys-per-user=77
    change issue key issue "$me" --name new
    change revoke key revoke "$(number ends)"
    change bind key bind "$(number binds)" "$(ctl --json cert list 2>/dev/null | sed -n 's/.*"thumbprint":"\([0-9a-f]*\)","key-type":"[^"]*","name":"alice".*/\1/p')"
    refused "$(key bound)" "the bound key without its certificate"
    not_refused "$(key bound)" "the bound key with its certificate" --certificate="$base/alice.pem"
    not_refused "$(key trusted)" "a key with a certificate of a CA" --certificate="$base/other.pem"
    change rotate key rotate "$(number rotates)" --until-first-use
    change remove key remove "$(number removes)"
    change reset key reset "$(number resets)"
    change reload reload
    change cert cert add "$base/other.pem"
    change backup backup create --to "$(ctl mirror show-key 2>/dev/null)" "$dir/backup"
    change list key list
    change audit audit list
    change status status
    [[ ${said[revoke]} != "done" ]] || refused "$(key ends)" "the key that was revoked"
    if [[ ${said[rotate]} == "done" && $(tries "${printed[rotate]}") == yes ]]; then
        refused "$(key rotates)" "the key whose successor was used"
    fi
    [[ ${said[issue]} != "done" ]] || not_refused "${printed[issue]}" "the new key"
}

is_there() { # ID
    ctl key show "$1" >/dev/null 2>&1
}
# shellcheck disable=SC2015
judge() {
    accepted "$(key good)" "the good key, later"
    refused "$(key revoked)" "the revoked key, later"
    refused "$(key expired)" "the expired key, later"
    refused "$(key bound)" "the bound key without its certificate, later"
    accepted "$(key bound)" "the bound key, later" --certificate="$base/alice.pem"
    case ${said[policy]} in
    done) is "$(ctl policy show max-keys-per-user)" 77 ;;
    unchanged) is "$(ctl policy show max-keys-per-user)" 50 ;;
    esac
    if [[ ${printed[issue]} == wfk_* && ${#printed[issue]} == 63 ]]; then
        accepted "${printed[issue]}" "the new key, later"
    fi
    [[ ${said[issue]} != unchanged || $(ctl --json key list) != *'"name":"new"'* ]] || wrong "issued, and said not"
    case ${said[revoke]} in
    done) refused "$(key ends)" "the key that was revoked, later" ;;
    unchanged) accepted "$(key ends)" "a key that was not revoked" ;;
    esac
    case ${said[bind]} in
    done) refused "$(key binds)" "the key that was bound" ;;
    unchanged) accepted "$(key binds)" "a key that was not bound" ;;
    esac
    case ${said[rotate]} in
    done)
        accepted "${printed[rotate]}" "the key that replaces it"
        refused "$(key rotates)" "the key that was replaced"
        ;;
    unchanged) accepted "$(key rotates)" "a key that was not replaced" ;;
    *) [[ $(tries "$(key rotates)") == yes || $(ctl --json key list) == *"\"predecessor\":\"$(number rotates)\""* ]] ||
        wrong "a key is gone and none replaces it" ;;
    esac
    case ${said[remove]} in
    done) ! is_there "$(number removes)" || wrong "the removed key is there" ;;
    unchanged) accepted "$(key removes)" "a key that was not removed" ;;
    esac
    case ${said[reset]} in
    done)
        refused "$(key resets)" "the old secret"
        accepted "${printed[reset]}" "the new secret"
        ;;
    unchanged) accepted "$(key resets)" "a key that was not reset" ;;
    *) is_there "$(number resets)" || wrong "the key is lost in a reset" ;;
    esac
    case ${said[backup]} in
    done) ctl backup restore --dry-run "$dir/backup" >/dev/null 2>"$dir/err" || wrong "the backup is bad: $(<"$dir/err")" ;;
    esac
    ctl audit verify >/dev/null 2>"$dir/err" || wrong "audit verify: $(<"$dir/err")"
}

round() { # PLAN
    failing=$1
    cp -a "$base/state" "$dir/state"
    begin_with "$*"
    live
    end
    start
    judge
}

main "$@"
