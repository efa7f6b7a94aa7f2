#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: after a mirror, the keys of production log in on preview with their secrets, and the keys
# that preview had are gone. A file that is damaged, cut off, older, foreign or of the other kind
# changes nothing, nor does a daemon that is killed during the import. A backup restores the earlier
# keys.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

# lib.sh has one daemon, which is production here. This is the other one. Its log is in the same
# file.
preview_pid=
preview() { WFAPIKEY_CONTROL=$dir/preview.control WFAPIKEY_VERIFY=$dir/preview.verify "$@"; }
start_preview() {
    "$WFAPIKEYD" --state-dir="$dir/preview" --verify-socket="$dir/preview.verify" --control-socket="$dir/preview.control" \
        ${conf:+--config="$conf"} >>"$dir/daemon.log" 2>&1 &
    preview_pid=$!
    children+=("$preview_pid")
    wait_until preview ctl status
}
stop_preview() { # SIGNAL
    kill -"$1" "$preview_pid"
    wait "$preview_pid" 2>/dev/null
}
peppers() { find "$dir/$1" -name 'pepper-*' | wc -l; }

own='' # the key of preview before any import
refused() { # WORDS COMMAND...: refused with these words, and nothing has changed
    local words=$1
    shift
    run 6 preview ctl "$@"
    has "$err" "$words"
    preview verify "$me" <<<"$own" || fail "preview's key is gone after: $words"
    [[ ! -e $dir/preview/import.db ]] || fail "something is left behind after: $words"
}

start
start_preview
run 0 ctl policy set enabled=yes max-keys-per-user=1000
run 0 preview ctl policy set enabled=yes max-keys-per-user=1000
run 0 ctl key issue "$me" --name production
key=$out
run 0 ctl key issue "$me"
revoked=$out
run 0 ctl key revoke "$(id_of "$revoked")" --reason "has left"
run 0 preview ctl key issue "$me" --name preview
own=$out
verify "$me" <<<"$key" || fail "refused"
preview verify "$me" <<<"$key" && fail "accepted before it was there"

# The keys of the hosts.
run 6 preview ctl mirror show-key
has "$err" "mirror key"
run 6 preview ctl mirror import /dev/null
run 0 preview ctl mirror keygen
public=$out
is "${#public}" 53
run 0 preview ctl mirror show-key
is "$out" "$public"
is "$(stat -c %a "$dir/preview/mirror.key")" 600
run 6 preview ctl mirror keygen
run 0 preview ctl mirror show-key
is "$out" "$public"

# What was copied: nothing yet.
run 0 preview ctl --json mirror status
has "$out" "{\"public\":\"$public\",\"source\":null,\"sequence\":null,\"created\":null,\"age\":null,\"last-import\":null,\"last-export\":null,\"last-backup\":null,\"keys-active\":1,"
run 0 ctl --json mirror status
has "$out" '{"public":null,"source":null,'

# Export: the file is whole or not there. Only a valid public key is accepted.
run 2 ctl mirror export "$dir/none"
run 2 ctl mirror export --to "${public%?}$(tr 0-9A-Za-z 1-9A-Za-z0 <<<"${public: -1}")" "$dir/none"
has "$err" "typing error"
run 1 ctl mirror export --to "$public" "$dir/no/such/file"
run 0 ctl mirror export --to "$public" "$dir/old"
run 0 ctl mirror export --to "$public" "$dir/new"
is "$(stat -c %a "$dir/new")" 600
is "$(find "$dir" -maxdepth 1 -name 'n*' | wc -l)" 1
grep -qF "$(id_of "$key")" "$dir/new" && fail "a key can be read in the file"
ctl mirror export --to "$public" - | cat >"$dir/newest" || fail "nothing came through standard output"

# Imports that are refused and change nothing.
size=$(stat -c %s "$dir/new")
for at in 0 7 8 12 20 40 70 100 180 210 265 268 300 $((size / 2)) $((size - 1)); do
    cp "$dir/new" "$dir/bad"
    byte=$(od -An -tu1 -j "$at" -N 1 "$dir/bad")
    # shellcheck disable=SC2059
    printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$dir/bad" bs=1 seek="$at" conv=notrunc status=none
    refused "nothing was changed" mirror import "$dir/bad"
done
for length in 0 1 263 264 268 $((size / 2)) $((size - 1)); do
    head -c "$length" "$dir/new" >"$dir/bad"
    refused "not complete" mirror import "$dir/bad"
done
{ cat "$dir/new"; printf x; } >"$dir/bad"
refused "damaged" mirror import "$dir/bad"
{ cat "$dir/new" "$dir/new"; } >"$dir/bad"
refused "damaged" mirror import "$dir/bad"
head -c 5000 /dev/urandom >"$dir/bad"
refused "not a mirror" mirror import "$dir/bad"
run 0 ctl mirror keygen
run 0 ctl mirror export --to "$out" "$dir/bad"
refused "another host" mirror import "$dir/bad"
run 6 ctl mirror import "$dir/bad"
has "$err" "on this very host"
run 0 ctl backup create --to "$public" "$dir/bad"
refused "not the other way round" mirror import "$dir/bad"
refused "not the other way round" backup restore --yes "$dir/new"
refused "does not come from" backup restore --yes "$dir/bad"

# Import.
run 0 preview ctl --json mirror import "$dir/new"
has "$out" '"keys":2'
preview verify "$me" <<<"$key" || fail "a key of production is refused on preview"
preview verify "$me" <<<"$own" && fail "a key that was made on preview is still good"
preview verify "$me" <<<"$revoked" && fail "a revoked key is good on preview"
run 0 preview ctl key show "$(id_of "$revoked")"
has "$out" "has left"
run 5 preview ctl key show "$(id_of "$own")"
is "$(peppers preview)" 1
is "$(peppers state)" 0
logged "all keys replaced by the 2 of a mirror"

preview ctl metrics | grep -q '^wfapikey_last_import_timestamp_seconds 1' || fail "metrics do not say when it was imported"
ctl metrics | grep -q '^wfapikey_last_import_timestamp_seconds ' && fail "nothing was imported on production"

# Keys that are made on preview belong to it until the next import.
run 0 preview ctl key issue "$me"
own=$out
preview verify "$me" <<<"$own" || fail "refused"
refused "not newer" mirror import "$dir/new"
refused "not newer" mirror import "$dir/old"

# The import survives a restart. The imported pepper is needed for it.
stop_preview TERM || fail "preview ended with $?"
pepper=$(basename "$dir"/preview/pepper-*)
mv "$dir/preview/$pepper" "$dir/kept"
"$WFAPIKEYD" --state-dir="$dir/preview" --verify-socket="$dir/preview.verify" --control-socket="$dir/preview.control" >"$dir/start.log" 2>&1
is $? 78
has "$(<"$dir/start.log")" "$pepper"
mv "$dir/kept" "$dir/preview/$pepper"
start_preview
preview verify "$me" <<<"$key" || fail "refused after a start"
preview verify "$me" <<<"$own" || fail "refused after a start"

# A pipe works as well.
run 0 preview ctl mirror import - <"$dir/newest"
run 0 preview ctl --json mirror status
[[ $out =~ \"source\":\"[0-9a-f]{64}\",\"sequence\":[0-9]{13,},\"created\":\"20[^\"]*Z\",\"age\":[0-9]+,\"last-import\":\"20[^\"]*Z\",\"last-export\":null,\"last-backup\":null, ]] || fail "$out"
run 0 ctl --json mirror status
[[ $out =~ \"source\":null,.*\"last-import\":null,\"last-export\":\"20[^\"]*Z\",\"last-backup\":\"20[^\"]*Z\",\"keys-active\":[0-9]+, ]] || fail "$out"
run 0 preview ctl mirror status
grep -qxE 'age in seconds +[0-9]+' <<<"$out" || fail "$out"
preview verify "$me" <<<"$key" || fail "refused after an import through a pipe"
run 0 preview ctl key issue "$me"
own=$out

# From another source only if the administrator says so.
"$WFAPIKEYD" --state-dir="$dir/third" --verify-socket="$dir/third.verify" --control-socket="$dir/third.control" >>"$dir/daemon.log" 2>&1 &
third=$!
children+=("$third")
wait_until ctl --control="$dir/third.control" status
run 0 ctl --control="$dir/third.control" mirror export --to "$public" "$dir/other"
refused "does not come from" mirror import "$dir/other"

# Killed during the import: the store is the old or the new one. There are enough keys that an
# import takes time. A third host shows how much.
filled() { for _ in {1..40}; do ctl key issue "$me" || return; done; }
run 0 filled
run 0 ctl mirror export --to "$public" "$dir/big"
run 0 ctl --control="$dir/third.control" mirror keygen
run 0 ctl mirror export --to "$out" "$dir/measured"
usec=${EPOCHREALTIME/./}
run 0 ctl --control="$dir/third.control" mirror import "$dir/measured"
step=$(((${EPOCHREALTIME/./} - usec) / 16))
kept=0 usec=0
# A dozen kills within that time, each a little later than the one before. If the machine has become
# slower meanwhile, some more come, until one comes too late.
for ((round = 0; round < 80; round++, usec = usec * 17 / 16 + step)); do
    preview ctl mirror import "$dir/big" >/dev/null 2>&1 &
    import=$!
    printf -v delay '%.6f' "${usec}e-6"
    read -rt "$delay" <> <(:)
    stop_preview KILL
    wait "$import"
    imported=$?
    start_preview
    compgen -G "$dir/preview/import.db*" >/dev/null && fail "a killed import has left something behind"
    run 0 preview ctl --json key list
    n=$(tr '{' '\n' <<<"$out" | grep -c '"id"')
    [[ $n == 42 || $imported != 0 ]] || fail "an import that was acknowledged is lost"
    case $n in
    3) kept=$((kept + 1)) ;;
    42) break ;;
    *) fail "there are $n keys, which is neither the old store nor the new one" ;;
    esac
done
[[ $kept -gt 0 && $n == 42 ]] || fail "the kills came too early or too late: $kept, $n"
preview verify "$me" <<<"$key" || fail "refused after a kill"

# A backup: it has the keys and the policy of its time and none made since, and a restore asks
# first.
run 0 ctl mirror show-key
home=$out
run 0 ctl backup create --to "$home" "$dir/backup"
run 0 ctl key revoke "$(id_of "$key")"
run 0 ctl key issue "$me"
later=$out
run 0 ctl policy set max-keys-per-user=7
run 2 ctl backup restore "$dir/backup" </dev/null
has "$err" "--yes"
run 0 ctl --json backup restore --yes --revive "$dir/backup"
has "$out" '"revived":1'
verify "$me" <<<"$key" || fail "the backup has not brought the key back"
verify "$me" <<<"$later" && fail "a key that the backup does not have is still good"
run 0 ctl policy show
has "$out" 1000
run 0 ctl backup restore --yes "$dir/backup"

# After the store was lost. The files of secrets are still there.
stop
rm "$dir/state"/keys.* "$dir/state/pepper"
start
verify "$me" <<<"$key" && fail "accepted by an empty store"
run 0 ctl backup restore --yes - <"$dir/backup"
verify "$me" <<<"$key" || fail "the owner was not looked for before the backup was acknowledged"
is "$(peppers state)" 1
run 0 ctl mirror export --to "$public" "$dir/again"
run 0 preview ctl mirror import "$dir/again"
preview verify "$me" <<<"$key" || fail "a mirror of a restored store is good for nothing"

# A host that has never seen the keys' owners.
stop_preview TERM || fail "preview ended with $?"
rm "$dir/preview"/keys.* "$dir"/preview/pepper*
start_preview
run 0 ctl mirror export --to "$public" "$dir/first"
run 0 preview ctl mirror import "$dir/first"
preview verify "$me" <<<"$key" || fail "the owner was not looked for before the mirror was acknowledged"

# No source can send keys that would survive the next removal of all keys.
if command -v sqlite3 >/dev/null; then
    stop
    sqlite3 "$dir/state/keys.db" "UPDATE key SET epoch = 1000"
    start
    run 0 ctl mirror export --to "$public" "$dir/immortal"
    run 6 preview ctl mirror import "$dir/immortal"
    has "$err" "damaged"
fi

# Only administrators.
if [[ $(id -u) == 0 ]] && id nobody >/dev/null 2>&1; then
    chmod 0777 "$dir/control"
    run 4 setpriv --reuid=nobody --regid=nogroup --clear-groups "$WFAPIKEYCTL" mirror show-key
    has "$err" "Only administrators"
fi
