#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The AppArmor profiles are valid: the parser accepts them with all that they include. They are not
# loaded. Whether they allow the right things, only a kernel can tell.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

PATH=$PATH:/usr/sbin:/sbin
profiles=(debian/apparmor/*)
[[ ${#profiles[@]} -gt 0 ]] || { echo "debian/apparmor: no profile"; exit 1; }
if ! command -v apparmor_parser >/dev/null || [[ ! -e /etc/apparmor.d/abstractions/base ]]; then
        echo "skipped: needs apparmor" >&2
        exit 77
fi
for profile in "${profiles[@]}"; do
        errors=$(apparmor_parser --skip-kernel-load --skip-cache "$profile" 2>&1) || status=1
        # Without AppArmor in the kernel there is no cache to write either.
        grep -v 'interface file missing' <<<"$errors"
done
finish
