#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a service in capitals is the service that libpam calls by small letters: in policies, ties
# of wfapikeyd.conf, keys, filters, and in what a client claims. doctor names a rule for a service
# that PAM does not have.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

pam=$dir/pam.d
mkdir "$pam"
: >"$dir/pam_wfapikey.so"
: >"$pam/sshd"
conf=$dir/wfapikeyd.conf
printf '[Peer daemon]\nservices = Nginx\n' >"$conf"
chmod 0644 "$conf"
start
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me"
key=$out

# --- Policies

run 0 ctl policy set require-certificate:SSHD=proof
for service in sshd SSHD Sshd; do
    verify "$me" --service "$service" <<<"$key" && fail "no certificate was needed for $service"
done
verify "$me" --service su <<<"$key" || fail "su needs no certificate"
run 0 ctl policy show
has "$out" "require-certificate:sshd"
[[ $out != *SSHD* ]] || fail "the policy was stored as it was typed: $out"
run 0 ctl policy set require-certificate:sshD=no
verify "$me" --service sshd <<<"$key" || fail "the policy was not taken back"

# --- Ties

if [[ $(id -u) == 0 ]]; then
    chmod 0711 "$dir"
    as() { setpriv --reuid="$1" --regid="$1" --clear-groups -- "$WFAPIKEYCTL" verify "$me" --server-uid=0 --service "$2" <<<"$key" >/dev/null 2>&1; }
    if setpriv --reuid=bin --regid=bin --clear-groups -- "$WFAPIKEYCTL" --version >/dev/null 2>&1; then
        for service in nginx Nginx NGINX; do
            as daemon "$service" || fail "its own user may not speak for $service"
            as bin "$service" && fail "another user may speak for $service"
        done
        as bin other || fail "other is tied to nobody"
    fi
fi

# --- Keys

run 0 ctl key issue "$me" --service Dovecot --service DOVECOT
key=$out
run 0 ctl key show "$(id_of "$key")"
has "$out" dovecot
[[ $out != *ovecot,* && $out != *DOVECOT* ]] || fail "stored as it was typed: $out"
for service in dovecot DoveCot; do
    verify "$me" --service "$service" <<<"$key" || fail "the key is not good for $service"
done
verify "$me" --service sshd <<<"$key" && fail "the key is good for another service"
run 0 ctl key explain "$(id_of "$key")" --service DOVECOT

# --- The audit log

audit_has() { ctl audit list --service "$1" | grep -qw dovecot; }
wait_until audit_has dovecot
wait_until audit_has DOVECOT

# --- doctor

doctor() { ctl doctor --server-uid="$(id -u)" --module="$dir/pam_wfapikey.so" --pam-dir="$pam" "$@"; }
run 6 doctor
has "$out" "there is no $pam/nginx"
: >"$pam/nginx"
run 0 ctl policy set require-certificate:sshd=yes
doctor | grep -F 'is about no login' && fail "sshd and nginx have files"
run 0 ctl policy set require-certificate:ssh=yes
run 6 doctor
has "$out" "there is no $pam/ssh:"
