#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: Q5: one key or several keys are revoked, all of them or none, active ones only, for good,
# and with a reason that stays.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes max-keys-per-user=10
run 0 ctl key issue "$me"
key=$out id=$(id_of "$out")
run 0 ctl key issue "$me" --name other
other=$out
run 0 ctl key issue "$me" --expires 1s
short=$(id_of "$out")
expired() { ctl key show "$short" | grep -q '^status *expired'; }
wait_until expired

run 5 ctl key revoke "$id" 0000000000
run 6 ctl key revoke "$id" "$short"
verify "$me" <<<"$key" || fail "a refused revocation has revoked"
run 0 ctl key revoke --reason 'lost in a train' "$id" "$(id_of "$other")" "$id" --json
is "$(tr -d '[:space:]' <<<"$out")" '{"revoked":2}'
verify "$me" <<<"$key" && fail "the revoked key is accepted"
verify "$me" <<<"$other" && fail "the other revoked key is accepted"
logged "key $id: user '$me', service 'wfapikeyctl', source 'unknown', asked by uid $(id -u): the key was revoked"

# No key is counted for that, because a million take a while. What the command asks is seen on its
# way.
if command -v socat >/dev/null; then
    socat -v UNIX-LISTEN:"$dir/on-the-way",fork UNIX-CONNECT:"$WFAPIKEY_CONTROL" 2>"$dir/asked" &
    children+=("$!")
    wait_until test -S "$dir/on-the-way"
    run 0 ctl key issue "$me" --name counted
    run 0 ctl --control="$dir/on-the-way" key revoke "$(id_of "$out")"
    grep -aq RevokeKeys "$dir/asked" || fail "nothing was seen"
    grep -aq GetStatus "$dir/asked" && fail "all keys are counted"
fi

# Nothing makes it good again.
for try in "revoke $id" "reset $id" "rotate $id"; do
    # shellcheck disable=SC2086 # words
    run 6 ctl key $try
done
run 0 ctl key rename "$id" again
run 0 ctl policy set enabled=no lifetime=1y
run 0 ctl policy set enabled=yes
stop
start
verify "$me" <<<"$key" && fail "the revoked key is accepted"
run 0 ctl key show "$id"
has "$out" "lost in a train"
has "$(grep ^status <<<"$out")" revoked
run 0 ctl key list --status revoked
has "$out" "$id"
run 0 ctl key list --status active
[[ $out != *"$id"* ]] || fail "a revoked key is listed as active"

# Several at once, by what they are. Their number is confirmed.
for name in a b c; do run 0 ctl key issue "$me" --name "$name" --service dovecot; done
last=$out
run 0 ctl key issue "$me" --name d --service sshd
other=$out
run 2 ctl key revoke
run 2 ctl key revoke "$id" --service dovecot
run 2 ctl key revoke --service dovecot
has "$err" "3 keys"
run 6 script -qec "'$WFAPIKEYCTL' key revoke --service dovecot" /dev/null <<<2
verify "$me" --service dovecot <<<"$last" || fail "a key is revoked though the number was wrong"
# A key is rotated while a person is asked: what takes its place goes, too.
run 0 ctl key issue "$me" --name e --service smtp
rotated=$(id_of "$out")
mkfifo "$dir/in"
exec {answer}<>"$dir/in"
script -qec "'$WFAPIKEYCTL' key revoke --service smtp; echo status=\$?" /dev/null <"$dir/in" >"$dir/tty" 2>&1 &
children+=("$!")
wait_until grep -q 'Type 1' "$dir/tty"
run 0 ctl key rotate "$rotated"
successor=$out
printf '1\n' >&"$answer"
wait_until grep -q 'status=0' "$dir/tty"
exec {answer}>&-
has "$(<"$dir/tty")" '1 more keys were made meanwhile and are revoked, too'
verify "$me" --service smtp <<<"$successor" && fail "the key that was made meanwhile is accepted"
run 0 script -qec "'$WFAPIKEYCTL' key revoke --service dovecot --reason moved" /dev/null <<<3
verify "$me" --service dovecot <<<"$last" && fail "a revoked key is accepted"
verify "$me" --service sshd <<<"$other" || fail "a key of another service is revoked"
for name in all-of owner linked service from search expires-before unused-since; do
    run 2 ctl key revoke "--$name=" --yes
done
verify "$me" --service sshd <<<"$other" || fail "all keys are revoked by an empty option"
run 5 ctl key revoke --owner no-such-user-here --yes
run 0 ctl --json key revoke --service dovecot --yes
is "$out" '{"revoked":0,"skipped":0}'
run 0 ctl --json key revoke --all-of "$me" --yes
is "$out" '{"revoked":1,"skipped":0}'
verify "$me" --service sshd <<<"$other" && fail "a revoked key is accepted"
# A key of another user that depends on this one.
[[ $EUID != 0 ]] || {
    run 0 ctl key issue daemon --link "$me"
    for _ in $(seq 3); do run 0 ctl key issue daemon; done
    run 0 ctl --json key revoke --all-of "$me" --yes
    is "$out" '{"revoked":1,"skipped":0}'
    run 0 ctl --json key revoke --owner daemon --yes
    is "$out" '{"revoked":3,"skipped":0}'
}

# Keys that end between the list and the answer to the question do not keep the others alive.
ids=()
for name in gone ended kept also; do
    run 0 ctl key issue "$me" --name "$name" --service dovecot
    ids+=("$(id_of "$out")")
    last=$out
done
mkfifo "$dir/answer"
script -qfec "'$WFAPIKEYCTL' key revoke --service dovecot --reason leak" "$dir/shown" <"$dir/answer" >"$dir/seen" &
children+=($!)
exec {answer}>"$dir/answer"
wait_until grep -q 'Type 4' "$dir/seen"
run 0 ctl key remove "${ids[0]}"
run 0 ctl key revoke "${ids[1]}" --reason before
printf '4\n' >&"$answer"
exec {answer}>&-
wait "${children[-1]}" || fail "keys that had ended are a failure: $(<"$dir/seen")"
has "$(<"$dir/seen")" "2 keys had ended meanwhile"
has "$(<"$dir/seen")" "2 revoked"
verify "$me" --service dovecot <<<"$last" && fail "a key is accepted that should be revoked"
run 0 ctl key show "${ids[1]}"
has "$out" before

# The method: all that are active, once each. A user learns nothing of keys of others.
bus() { busctl --address="unix:path=$WFAPIKEY_CONTROL" call org.wfapikey1 /org/wfapikey1 org.wfapikey1.Manager RevokeActiveKeys "$@"; }
if command -v busctl >/dev/null; then
    run 0 ctl key issue "$me"
    id=$(id_of "$out")
    run 0 bus ass 4 "$id" "$id" "${ids[1]}" 0000000000 why
    is "$out" "uu 1 2"
    run 0 bus ass 1 "$id" why
    is "$out" "uu 0 1"
    run 1 bus ass 0 why
    run 1 bus ass 1 no-id why
fi
if [[ $EUID == 0 ]] && command -v busctl >/dev/null; then
    run 0 ctl key issue "$me"
    id=$(id_of "$out") key=$out
    run 0 ctl key issue daemon
    own=$(id_of "$out")
    chmod 0711 "$dir"
    as_daemon() { setpriv --reuid=daemon --regid=daemon --clear-groups -- "$@"; }
    other() {
        as_daemon busctl --address="unix:path=$WFAPIKEY_CONTROL" call org.wfapikey1 /org/wfapikey1 \
            org.wfapikey1.Manager RevokeActiveKeys "$@"
    }
    run 1 other ass 1 "$id" why
    foreign=${err//$id/ID}
    run 1 other ass 1 0000000000 why
    is "${err//0000000000/ID}" "$foreign"
    run 0 other ass 3 "$own" "$id" 0000000000 why
    is "$out" "uu 1 2"
    verify "$me" <<<"$key" || fail "the key of another user was revoked"
fi
