#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the disk becomes full at any point of a restore. The restore fails with the reason, and
# keys, policies and the audit log are as before it. A revocation goes through, and with room the
# restore does too.
if [[ $(id -u) != 0 ]] || ! unshare --mount true 2>/dev/null; then
    echo "skipped: needs root and mount namespaces"
    exit 77
fi
[[ -n ${UNSHARED-} ]] || UNSHARED=1 exec unshare --mount "$0"
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

disk=/mnt # in a mount namespace of its own
mount -t tmpfs -o size=40m tmpfs "$disk" || skip "no such disk"
chmod 0755 "$disk"

begin() { start --state-dir="$disk/state"; }
issue() { # NAME: the key is in the variable NAME then
    run 0 ctl key issue "$me" --name "$1"
    printf -v "$1" %s "$out"
}
good() { verify "$me" <<<"$1" || fail "$room KiB: a good key is refused"; }
bad() { ! verify "$me" <<<"$1" || fail "$room KiB: a key is good that must not be"; }
content() { # uses are written later
    ctl --json key list | sed -E 's/"(last-[a-z]*|uses)":("[^"]*"|[0-9]+|null),?//g'
    ctl --json policy show
}
leave() { # KIB: so much room is left
    rm -f "$disk/other"
    truncate -s 0 "$disk/room"
    fallocate -l "$1K" "$disk/room" 2>/dev/null || [[ $1 == 0 ]]
    cat /dev/zero >"$disk/other" 2>/dev/null
    rm "$disk/room"
}

# shellcheck disable=SC2154
begin
run 0 ctl policy set enabled=yes max-keys-per-user=1000
old='' revoked='' new=''
issue old
issue revoked
for ((n = 0; n < 150; n++)); do ctl key issue "$me" >/dev/null || fail "no key"; done
run 0 ctl mirror keygen
run 0 ctl backup create --to "$out" "$dir/backup"
run 0 ctl key revoke "$(id_of "$revoked")"
issue new
before=$(content)

failed=0 kept=0
for room in 0 8 16 32 48 64 96 128 160 192 224 256 288 320 384 448 512 640 768; do
    leave "$room"
    if ctl backup restore --yes "$dir/backup" >"$dir/out" 2>"$dir/err"; then
        ((++kept))
        bad "$new"
        good "$old"
        bad "$revoked"
        rm "$disk/other"
        issue new
        before=$(content)
        continue
    fi
    ((++failed))
    has "$(<"$dir/err")" "disk is full"
    good "$old"
    good "$new"
    bad "$revoked"
    [[ $(content) == "$before" ]] || fail "$room KiB: a restore that failed has changed something"
    # It is as the next start finds it.
    stop KILL
    begin
    good "$old"
    bad "$revoked"
    run 0 ctl audit verify
    run 0 ctl key revoke "$(id_of "$new")"
    bad "$new"
    rm "$disk/other"
    issue new
    before=$(content)
done
[[ $failed -ge 3 && $kept -ge 1 ]] || fail "$failed restores failed, and $kept did not"
run 0 ctl backup restore --yes "$dir/backup"
good "$old"
bad "$revoked"
run 0 ctl audit verify
sqlite3 -readonly "$disk/state/keys.db" "PRAGMA integrity_check" 2>/dev/null >"$dir/check" || skip "sqlite3 is missing"
is "$(<"$dir/check")" ok
stop
umount "$disk"
