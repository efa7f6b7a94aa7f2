#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the daemon does not start over a store that is not as it left it. It says why in one line,
# ends with 78, changes nothing and never begins with an empty store. After the repair the old key
# works.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
command -v sqlite3 >/dev/null || skip "no sqlite3"

umask 0000
start
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me"
key=$out
for file in "$dir"/state/*; do is "$(stat -c '%a %n' "$file")" "600 $file"; done
is "$(stat -c %a "$dir/state")" 700
stop
good=$dir/good
cp -a "$dir/state" "$good"

# The note that damage was met may stay: the next start looks thoroughly.
sums() { (cd "$dir/state" && find . -type f ! -name '*-shm' ! -name '*-wal' ! -name damaged -exec sha256sum {} + | sort); }
refused() { # PART OF THE MESSAGE
    local before
    before=$(sums)
    timeout 60 "$WFAPIKEYD" --state-dir="$dir/state" --verify-socket="$WFAPIKEY_VERIFY" \
        --control-socket="$WFAPIKEY_CONTROL" 2>"$dir/err"
    is $? 78
    is "$(wc -l <"$dir/err")" 1
    has "$(<"$dir/err")" "$1"
    is "$(sums)" "$before"
    [[ ! -e $WFAPIKEY_VERIFY ]] || fail "it listens"
    rm -rf "$dir/state"
    cp -a "$good" "$dir/state"
}

sqlite3 "$dir/state/keys.db" 'PRAGMA user_version = 99'
refused "newer version"
sqlite3 "$dir/state/keys.db" 'PRAGMA application_id = 1'
refused "not a database of wfapikeyd"
sqlite3 "$dir/state/keys.db" 'DROP TABLE key_use'
refused "damaged"
head -c 6000 "$good/keys.db" >"$dir/state/keys.db"
refused "damaged"
head -c 24576 /dev/urandom >"$dir/state/keys.db"
refused "damaged"
: >"$dir/state/keys.db"
refused "not a database of wfapikeyd"
dd if=/dev/urandom of="$dir/state/keys.db" bs=4096 seek=2 count=1 conv=notrunc status=none
refused "damaged"
rm "$dir/state/keys.db"
refused "restore it from a backup"
rm "$dir/state/pepper"
refused "the pepper"
head -c 31 "$good/pepper" >"$dir/state/pepper"
refused "exactly 32 bytes"
head -c 32 /dev/urandom >"$dir/state/pepper"
refused "not the one that the keys"
chmod 0644 "$dir/state/pepper"
refused "0600"
chmod 0644 "$dir/state/keys.db"
refused "chmod 0600"
chmod 0755 "$dir/state"
refused "chmod 0700"
mv "$dir/state/keys.db" "$dir/state/elsewhere" && ln -s elsewhere "$dir/state/keys.db"
refused "not a regular file"
if [[ $EUID == 0 ]]; then
    chown 65534 "$dir/state/keys.db"
    refused "belongs to uid 65534"
    chown 65534 "$dir/state"
    refused "belongs to uid 65534"
fi
printf '[daemon]\nadmin-gruop=root\n' >"$dir/bad.conf"
chmod 0644 "$dir/bad.conf"
"$WFAPIKEYD" --state-dir="$dir/state" --config="$dir/bad.conf" 2>"$dir/err"
is $? 78
has "$(<"$dir/err")" "bad.conf:2"
has "$(<"$dir/err")" "admin-gruop"
"$WFAPIKEYD" --no-such-option 2>"$dir/err"
is $? 64

start
verify "$me" <<<"$key" || fail "the store has suffered"
