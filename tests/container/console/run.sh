#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the page for Cockpit, in a real browser at a real cockpit-ws, with the installed packages:
# for an administrator and for a user.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/pki
. "${0%/*}/../pki"

package=$(echo "$WFAPIKEY_PACKAGES"/cockpit-wfapikey_*.deb)
if ! [[ -e $package && -d ${WFAPIKEY_NODE_MODULES-}/playwright-core && -x /usr/bin/chromium-headless-shell ]] || ! node --version >"$work/node"; then
    echo "skip - needs node, chromium-headless-shell, the packages of npm and cockpit-wfapikey"
    exit 0
fi

export PASSWORD='correct horse 7'
test_that "the packages install" install_packages
test_that "cockpit-wfapikey installs" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$package"
wfapikeyctl policy set enabled=yes max-keys-per-user=1000 || exit 99
add_user root2 "$PASSWORD" && usermod -aG sudo root2
add_user alice "$PASSWORD"
add_user bob "$PASSWORD"
refuse_at_once
test_that "Cockpit starts" systemctl start cockpit.socket

# sshd with the lines of README.md.
{ block '<!-- stack: sshd -->' "$WFAPIKEY_SOURCE/README.md" && cat /etc/pam.d/sshd; } >"$work/stack" && cp "$work/stack" /etc/pam.d/sshd
mkdir -p /run/sshd && ssh-keygen -q -t ed25519 -N '' -f /run/sshd/host_key
systemd-run --quiet --unit=test-sshd /usr/sbin/sshd -D -e -f /dev/null -p 2222 -o HostKey=/run/sshd/host_key -o UsePAM=yes -o KbdInteractiveAuthentication=yes
test_that "sshd listens" wait_until listens 2222

# Twelve keys of Alice, among them what is not a plain name.
for name in "backup "{1..9} '<img src=x onerror=alert(1)>' "a$(printf '\xcc\x81%.0s' {1..31})" $'\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d abc'; do
    wfapikeyctl key issue alice --name "$name" --service sshd --from 10.0.0.0/8 >>"$work/issued" || not_ok "a key with the name $name"
done
wfapikeyctl key issue bob --name mail --service dovecot --service smtp --expires 3d >"$work/bob"
wfapikeyctl verify bob --service dovecot --rhost 10.1.2.3 <"$work/bob" >"$work/out" || not_ok "Bob's key is good"

export PKI=$pki
pki_crl root
# Those that WFAPIKEY_CONSOLE names, or all.
for script in ${WFAPIKEY_CONSOLE:-keys issue events certs ends access many}; do
    node "${0%/*}/$script.mjs" || failures=$((failures + 1))
done
[[ -z ${WFAPIKEY_PICTURES-} ]] || node "${0%/*}/pictures.mjs" "$WFAPIKEY_PICTURES"
finish
