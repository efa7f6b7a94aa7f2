# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# For scenarios that change accounts. Source it in the place of lib.sh. It gives the scenario a
# private /etc, so that the daemon sees each change and the host sees none.

if [[ $(id -u) != 0 ]] || ! unshare --mount true 2>/dev/null; then
    echo "skipped: needs root and mount namespaces"
    exit 77
fi
[[ -n ${UNSHARED-} ]] || UNSHARED=1 exec unshare --mount "$0"

# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

cp -a /etc "$dir/etc"
mount --bind "$dir/etc" /etc
chmod 0700 "$dir/etc"
chmod 0755 /etc
