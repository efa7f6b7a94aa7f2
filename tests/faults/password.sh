#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a call that fails while a password is checked, in the daemon or in the helper that asks
# libpam, gives nobody a key for a wrong password, calls no right one wrong, and leaves nobody
# waiting. With the right one a key is shown that is stored, or there is a message. The next try is
# as always.
#
# Only root can give the daemon a PAM service of its own: in mounts of its own.
#
#   FAULTS=6      how many rounds, spread over all functions, or "all"
#   FAULTS_FROM=0 which ones
#   password.sh ROUND   one round again, as a failure names it

if [[ $(id -u) == 0 && -z ${FAULTS_MOUNTS-} ]]; then
    unshare --mount true 2>/dev/null || { echo "skipped: needs mounts of its own"; exit 77; }
    FAULTS_MOUNTS=yes exec unshare --mount --propagation=private "$0" "$@"
fi
# shellcheck source=tests/faults/lib.sh
. "${0%/*}/lib.sh"
[[ $(id -u) == 0 ]] || skip "only root can have mounts of its own"
[[ -e $(echo /lib/*/security/pam_exec.so | cut -d ' ' -f 1) ]] || skip "needs pam_exec"

FAULTS=${FAULTS-6}
# shellcheck disable=SC2034 # lib.sh goes through them
commands=('')
right="the right one" not_right="another one"

make_base() {
    mkdir "$base/pam.d"
    # shellcheck disable=SC2016 # for that shell
    printf '#!/bin/sh\n[ "$(tr -d "\\000")" = "%s" ]\n' "$right" >"$base/check"
    chmod +x "$base/check"
    printf 'auth required pam_exec.so expose_authtok quiet %s\naccount required pam_permit.so\n' "$base/check" >"$base/pam.d/wfapikey"
    mount --bind "$base/pam.d" /etc/pam.d || skip "needs mounts of its own"
    start --state-dir="$base/state"
    run 0 ctl policy set enabled=yes max-keys-per-user=50
    stop
}
# ask PASSWORD: as a user for whom it counts
ask() {
    printf '%s\n' "$1" | ctl key issue --user "$me" --password >"$dir/shown" 2>"$dir/err"
    asked=$?
    shown=$(<"$dir/shown")
    [[ $asked != 124 ]] || wrong "a password is checked for ever"
    [[ $asked == 0 || -s $dir/err ]] || wrong "no key, and no word why"
}
round() { # PLAN
    cp -a "$base/state" "$dir/state"
    begin_with "$*"
    ask "$right"
    if [[ $asked == 0 ]]; then
        [[ $(ctl verify "$me" --server-uid=0 <<<"$shown" 2>&1) != *refused* ]] || wrong "a key was shown that is not stored"
    else
        # What fails in a PAM module cannot be told from a wrong password. pam_exec gets items, too.
        [[ $1 != @(pam_start|pam_set_item|getp*|getg*|sd_*|sqlite*|posix_spawn*|socketpair|pidfd_open) ]] || ! grep -q 'is wrong' "$dir/err" ||
            wrong "the right password is called wrong"
    fi
    ask "$not_right"
    [[ $asked != 0 && $shown != *wfk_* ]] || wrong "a wrong password gets a key"
    end
    start
    ask "$right"
    [[ $asked == 0 && $shown == wfk_* ]] || wrong "the right password gets no key, later: $(<"$dir/err")"
    ask "$not_right"
    [[ $asked == 4 ]] || wrong "a wrong password, later: $asked"
    stop || wrong "the daemon does not end well"
}

main "$@"
