#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: on a full disk, and where nothing can be written, logins go on and changes fail with the
# reason. Revocations, removals and enabled=no are made on a full disk all the same. When there is
# room again, the daemon makes all changes, without a restart.
if [[ $(id -u) != 0 ]] || ! unshare --mount true 2>/dev/null; then
    echo "skipped: needs root and mount namespaces"
    exit 77
fi
[[ -n ${UNSHARED-} ]] || UNSHARED=1 exec unshare --mount "$0"
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

disk=/mnt # in a mount namespace of its own
begin() { start --state-dir="$disk/state"; }
disk() { # ARGUMENTS OF mount: an empty one
    mount "$@" "$disk" || skip "no such disk: $*"
    chmod 0755 "$disk"
}
fill() { # FILE: what ext4 holds back for itself comes free with a sync
    for _ in 1 2 3; do
        cat /dev/zero >>"$disk/$1" 2>/dev/null
        sync -f "$disk"
    done
}
metric() { ctl metrics | sed -n "s/^$1 //p"; }
doctor() { ctl doctor --server-uid=0 --module="$dir/none.so" --pam-dir="$dir" >"$dir/doctor"; has "$(<"$dir/doctor")" "$1"; }
issue() {
    run 0 ctl key issue "$me"
    key=$out
}
good() { verify "$me" <<<"$1" || fail "a good key is refused"; }
bad() { ! verify "$me" <<<"$1" || fail "a key is good that was revoked"; }

no_more() { # until the last block of the log is full too, and blocks that come free late
    local i
    for ((i = 0; i < 50; i++)); do
        while ctl key issue "$me" >/dev/null 2>&1; do :; done
        if ! ctl key issue "$me" >"$dir/out" 2>"$dir/err"; then
            has "$(<"$dir/err")" "the disk is full; nothing was changed"
            return
        fi
        fill other
    done
    fail "there is room again and again"
}

# --- Room runs out, and another program takes at once what is given up ---
room_runs_out() {
    begin
    run 0 ctl policy set enabled=yes max-keys-per-user=1000
    keys=() dead=()
    for _ in {1..24}; do issue && keys+=("$key"); done
    is "$(stat -c '%s %a' "$disk/state/reserve")" "16777216 600"
    is "$(metric wfapikey_reserve_used)" 0
    fill other
    # When the log was moved into the database meanwhile, a revocation has room in it and needs no
    # reserve yet.
    for ((n = 0; n < 20; n++)); do
        no_more
        good "${keys[0]}"
        run 0 ctl key revoke "$(id_of "${keys[0]}")"
        dead+=("${keys[0]}") keys=("${keys[@]:1}")
        bad "${dead[-1]}"
        [[ $(metric wfapikey_reserve_used) != 1 ]] || break
        fill other
    done
    fill other
    for n in 1 2; do
        run 0 ctl key revoke "$(id_of "${keys[0]}")"
        dead+=("${keys[0]}") keys=("${keys[@]:1}")
        bad "${dead[-1]}"
        is "$(metric wfapikey_reserve_used)" 1
        fill other
    done
    last=${keys[0]}
    logged "the disk is full: only changes that end access are made"
    doctor "the disk is full: only revocations, removals and enabled=no are made"
    run 1 ctl key issue "$me"
    good "$last"
    run 0 ctl policy set enabled=no
    bad "$last"

    # The reserve is as it was left, and it suffices for this start.
    stop KILL
    begin
    bad "$last"
    run 1 ctl policy set enabled=yes
    has "$err" "the disk is full"
    rm "$disk/other"
    run 0 ctl policy set enabled=yes
    is "$(metric wfapikey_reserve_used)" 0
    logged "the reserve of the key store is whole again"
    is "$(stat -c %s "$disk/state/reserve")" 16777216
    good "$last"
    for key in "${dead[@]}"; do bad "$key"; done

    # After an end in order the log has to be made anew, for which there is no room.
    stop
    fill other
    begin
    good "$last"
    no_more
    run 0 ctl key remove-all --yes
    bad "$last"
    stop KILL
    rm "$disk/other"
    begin
    bad "$last"
    issue
    good "$key"
    stop
    umount "$disk"
}
disk -t tmpfs -o size=40m tmpfs
room_runs_out
if command -v mkfs.ext4 >/dev/null && truncate -s 48M "$dir/image" && mkfs.ext4 -qF -b 4096 "$dir/image"; then
    disk -o loop "$dir/image"
    room_runs_out
fi

# --- No inodes ---
disk -t tmpfs -o size=40m,nr_inodes=40 tmpfs
begin
run 0 ctl policy set enabled=yes
issue
stop
mkdir "$disk/many"
for ((i = 0; i < 60; i++)); do : 2>/dev/null >"$disk/many/$i"; done
[[ ! -e $disk/many/59 ]] || fail "there are inodes left"
begin
good "$key"
run 1 ctl key issue "$me"
has "$err" "the disk is full; nothing was changed"
is "$(metric wfapikey_store_read_only)" 1
doctor "the key store can only be read: the disk is full"
doctor "no inodes are free"
rm -r "$disk/many"
run 0 ctl key revoke "$(id_of "$key")"
bad "$key"
is "$(metric wfapikey_store_read_only)" 0
logged "the key store can be written again"
issue
stop KILL
begin
good "$key"
stop
umount "$disk"

# --- A directory that cannot be written ---
disk -t tmpfs -o size=40m tmpfs
begin
run 0 ctl policy set enabled=yes
issue
stop
mount -o remount,ro "$disk"
begin
good "$key"
for command in "key revoke $(id_of "$key")" "policy set enabled=no" "key issue $me"; do
    # shellcheck disable=SC2086
    run 1 ctl $command
    has "$err" "it cannot be written; nothing was changed"
done
good "$key"
doctor "the key store can only be read: it cannot be written"
mount -o remount,rw "$disk"
run 0 ctl key revoke "$(id_of "$key")"
bad "$key"
revoked=$key
issue
stop KILL

# What a kill left in the log is read as well.
mount -o remount,ro "$disk"
begin
good "$key"
bad "$revoked"
run 1 ctl key revoke "$(id_of "$key")"
has "$err" "it cannot be written; nothing was changed"
mount -o remount,rw "$disk"
stop
begin
run 0 ctl key revoke "$(id_of "$key")"
bad "$key"
