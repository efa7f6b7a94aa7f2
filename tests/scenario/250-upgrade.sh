#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a store of each earlier schema is brought up to date. Its keys, policies, certificates and
# audit log are what they were, and logins are decided as by the daemon that had it. A copy from
# before stays, and an older version can use it. Where there is no room for it, nothing changes.
# schema/ has such stores, made by schema/make.sh.
[[ $(id -u) != 0 || -n ${UNSHARED-} ]] || ! unshare --mount true 2>/dev/null ||
    UNSHARED=1 exec unshare --mount "$0" "$@"

# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/scenario/schema/tables.sh
. "${0%/*}/schema/tables.sh"
command -v sqlite3 >/dev/null || skip "sqlite3 is missing"
stores=${0%/*}/schema
db=$dir/state/keys.db

bytes() { # HEX
    # shellcheck disable=SC2059
    printf "$(sed 's/../\\x&/g' <<<"$1")"
}
words() { sed -n "s/^-- $1 //p" "$stores/$schema.sql"; }
lay_down() { # SCHEMA: as the daemon of that schema has left it
    schema=$1
    rm -rf "$dir/state"
    mkdir -m 0700 "$dir/state"
    sqlite3 "$db" <"$stores/$schema.sql" || fail "no store of schema $schema"
    bytes "$(words pepper)" >"$dir/state/pepper"
    chmod 0600 "$db" "$dir/state/pepper"
    while read -r name hex; do bytes "$hex" >"$dir/$name"; done < <(words certificate)
}
begin() { "$WFAPIKEYD" --state-dir="$1" --verify-socket="$WFAPIKEY_VERIFY" --control-socket="$WFAPIKEY_CONTROL"; }
refused_start() { # STATUS TEXT [DIRECTORY]
    begin "${3-$dir/state}" >"$dir/start.log" 2>&1
    is $? "$1"
    has "$(<"$dir/start.log")" "$2"
}
logins() { # as the daemon of that schema has decided them
    local want user key options got
    while read -r _ want user key options; do
        got=refused
        # shellcheck disable=SC2086
        accepts "$key" "$user" ${options/certificate=/certificate=$dir/} && got=accepted
        is "$got: $user $key $options" "$want: $user $key $options"
    done < <(grep -E '^-- (accepted|refused) ' "$stores/$schema.sql")
}
shape() { # DATABASE: what its tables are, in whatever order they came
    sqlite3 "$1" "SELECT s.type, s.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk FROM sqlite_schema s
        LEFT JOIN pragma_table_xinfo(s.name) c ORDER BY 1, 2, 3"
}
upgraded() { # SCHEMA
    lay_down "$1"
    tables "$schema" "$db" >"$dir/before"
    start
    tables "$schema" "$db" >"$dir/after"
    # Records are added behind.
    grep -Fxv -f "$dir/after" "$dir/before" >"$dir/lost" && fail "schema $schema: $(<"$dir/lost")"
    logins
    run 0 ctl audit verify
    is "$(sqlite3 "$db" "PRAGMA user_version")" "$newest"
    is "$(shape "$db")" "$(<"$dir/shape")"
}

# --- There is a store of each schema

start
newest=$(sqlite3 "$db" "PRAGMA user_version")
shape "$db" >"$dir/shape"
stop
[[ -z $(compgen -G "$db.*") ]] || fail "a new store has a copy"
for ((schema = 1; schema <= newest; schema++)); do
    [[ -e $stores/$schema.sql ]] || fail "there is no store of schema $schema: make one with schema/make.sh"
    upgraded "$schema"
    if [[ $schema == "$newest" ]]; then
        [[ -z $(compgen -G "$db.*") ]] || fail "a copy was made for nothing"
    else
        is "$(stat -c %a "$db.schema-$schema")" 600
        is "$(find "$dir/state" -name 'keys.db.*')" "$db.schema-$schema"
        is "$(sqlite3 "$db.schema-$schema" "PRAGMA user_version; PRAGMA integrity_check")" "$schema"$'\nok'
        tables "$schema" "$db.schema-$schema" | cmp - "$dir/before" || fail "the copy is not what there was"
    fi
    stop
done

# --- The way back, as wfapikeyd(8) has it

upgraded $((newest - 1))
read -r _ _ user key <<<"$(grep -m 1 -E '^-- accepted [a-z]+ [^ ]+$' "$stores/$schema.sql")"
run 0 ctl key revoke "$(id_of "$key")"
stop
sqlite3 "$db" "PRAGMA user_version = 999" >/dev/null
refused_start 78 "'$db.schema-$schema' is its copy from before the upgrade: see UPGRADES in wfapikeyd(8)"
mv "$db.schema-$schema" "$db"
refused_start 78 "rm '$dir/state/keys.seen'"
is "$(sqlite3 "$db" "PRAGMA user_version")" "$schema" # what is refused is not changed
rm "$dir/state/keys.seen"
start
verify "$user" <<<"$key" || fail "what the manual says is lost is not"
stop

# --- No room for the copy: nothing is changed, and the next start has room

[[ -n ${UNSHARED-} ]] || exit 0
lay_down $((newest - 1))
mount -t tmpfs -o mode=0755,size=64m none /mnt
cp -a "$dir/state" /mnt/state
head -c $(($(stat -c %s "$db") / 2 + 65536)) /dev/zero >/mnt/room
free=$(stat -f -c '%a * %S' /mnt)
head -c $((free - $(stat -c %s "$db") / 2 - 65536)) /dev/zero >/mnt/other
refused_start 1 "the disk has no room for the copy that is made before it is brought up to date" /mnt/state
is "$(find /mnt/state -name 'keys.db.*')" ''
is "$(sqlite3 /mnt/state/keys.db "PRAGMA user_version")" "$schema"
rm /mnt/room /mnt/other
start --state-dir=/mnt/state
logins
[[ -e /mnt/state/keys.db.schema-$schema ]] || fail "there is no copy"
