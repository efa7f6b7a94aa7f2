#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: users of a realm have keys without being accounts of this host. Nobody of a realm logs in
# for a service of accounts, and no account for a service of a realm, whatever they are called.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

conf=$dir/wfapikeyd.conf
users=$dir/users
configure() { # TEXT
    printf '%b' "$1" >"$conf.new"
    chmod 0644 "$conf.new"
    mv "$conf.new" "$conf"
}
reload() {
    run 0 ctl reload
}
list() { # NAME...: replaces the list as a program should
    printf '%s\n' "$@" >"$users.new"
    chmod 0644 "$users.new"
    mv "$users.new" "$users"
}
is_refused() { [[ $(ctl --json key show "$1") == *'"status":"refused"'* ]]; }
is_not_refused() { ! is_refused "$1"; }

mail="[Realm mail]\nservices = dovecot smtp\nsuffix = @example.org @example.net\nissuers = daemon\n"
chat="[Realm chat]\nservices = ejabberd\nlist = $users\n"
list alice carol dave
configure "$mail$chat"
start
run 0 ctl policy set enabled=yes max-keys-per-user=2

# --- A key of a realm's user

run 0 ctl key issue mail:alice@example.org --name phone --service dovecot
key=$out id=$(id_of "$out")
verify alice@example.org --service dovecot <<<"$key" || fail "the user of the realm is not let in"
run 0 ctl --json key show "$id"
has "$out" '"owner":"mail:alice@example.org"'
has "$out" '"realm":"mail"'
has "$out" '"owner-uid":null'
run 0 ctl key show "$id"
has "$out" 'mail:alice@example.org'
run 0 ctl key explain "$id"
has "$out" 'the key is of the realm'
run 0 ctl verify alice@example.org --service dovecot <<<"$key"

# Of all its services, and of no other.
run 0 ctl key issue mail:alice@example.org
all=$out
for service in dovecot smtp DOVECOT; do
    verify alice@example.org --service "$service" <<<"$all" || fail "the key is not good for $service"
done
for service in sshd sudo login ejabberd dovecot2 '' imap; do
    verify alice@example.org --service "$service" <<<"$all" && fail "the key is good for '$service'"
done
logged 'the service is of a realm and the key is not, or the key is of a realm and the service is not'
verify alice@example.org --service smtp <<<"$key" && fail "the key is good for a service that it does not have"

# As no other user, in no other spelling.
for user in alice Alice@example.org alice@EXAMPLE.ORG alice@example.net mail:alice@example.org \
    'alice@example.org ' 'EXAMPLE\alice@example.org' bob@example.org alice@example.org@example.net root ''; do
    for service in dovecot sshd; do
        verify "$user" --service "$service" <<<"$all" && fail "'$user' logs in to $service"
    done
done

# --- An account has the same name as a user

run 0 ctl key issue "$me"
account=$out
verify "$me" --service sshd <<<"$account" || fail "the account is not let in"
for service in dovecot Dovecot smtp ejabberd; do
    verify "$me" --service "$service" <<<"$account" && fail "the account is let in to $service of a realm"
done
list alice carol dave "$me"
run 5 ctl key issue "chat:$me"
has "$err" "'$me' is an account of this host, so no realm can have such a user"
run 0 ctl key issue chat:alice
chat_key=$out chat_id=$(id_of "$out")
verify alice --service ejabberd <<<"$chat_key" || fail "a user of a list is not let in"
verify alice --service dovecot <<<"$chat_key" && fail "a user is let in to another realm"
verify alice@example.org --service ejabberd <<<"$all" && fail "a user is let in to another realm"

# --- Who cannot have a key

for wrong in mail:alice mail:alice@example.com mail:alice@example.org.evil mail:@example.org \
    mail:a@b@example.org 'mail:al ice@example.org' mail:alice@example.org@example.org mail: :alice \
    "mail:$(printf 'x%.0s' {1..120})@example.org" $'mail:al\x01ice@example.org' mail:älice@example.org \
    Mail:alice@example.org post:alice@example.org mail:mail:alice@example.org mail:../alice@example.org \
    mail:alice%00@example.org chat:bob chat:alic chat:alice@example.org chat:alice: 'chat:#' \
    "chat:$(printf '\xd0\xb0lice')"; do
    ctl key issue "$wrong" >"$dir/out" 2>"$dir/err" && fail "there is a key for '$wrong'"
    grep -qE 'Internal|Store|malformed' "$dir/err" && fail "'$wrong': $(<"$dir/err")"
done
run 2 ctl key issue mail:bob@example.org --service sshd
has "$err" "The service 'sshd' is not of the realm 'mail', whose services are: dovecot smtp."
run 2 ctl key issue mail:bob@example.org --link "$me"
run 2 ctl key issue mail:bob@example.org --hosts all
has "$err" 'for this host alone'
run 5 ctl key issue "$me" --link mail:alice@example.org
run 6 ctl key issue mail:alice@example.org
has "$err" 'max-keys-per-user=2'

# --- Lists, filters, revocation

run 0 ctl key list --realm mail
has "$out" mail:alice@example.org
[[ $out != *chat:* && $out != *"$(id_of "$account")"* ]] || fail "$out"
run 0 ctl key list mail:alice@example.org
has "$out" "$id"
run 0 ctl key list --realm idle

run 0 ctl key list --search example.org
has "$out" "$id"
run 0 ctl key rotate "$id"
rotated=$out
verify alice@example.org --service dovecot <<<"$rotated" || fail "the rotated key is not good"
run 0 ctl key reset "$(id_of "$rotated")"
verify alice@example.org --service dovecot <<<"$out" || fail "the reset key is not good"
run 0 ctl key burn <<<"$all"
verify alice@example.org --service dovecot <<<"$all" && fail "a burnt key is good"
run 0 ctl key revoke --realm mail --yes
verify alice@example.org --service dovecot <<<"$key" && fail "a revoked key is good"
verify alice --service ejabberd <<<"$chat_key" || fail "the key of another realm was revoked"
run 0 ctl audit list --user mail:alice@example.org
has "$out" "$id"
run 0 ctl audit verify

# --- The policies that are about accounts do not apply; the others do

run 0 ctl policy set remove-on-password-expiry=yes admin-keys=no
verify alice --service ejabberd <<<"$chat_key" || fail "a policy about accounts refuses a user of a realm"
run 0 ctl policy set admin-keys=yes remove-on-password-expiry=no
run 0 ctl policy set require-certificate:ejabberd=yes
verify alice --service ejabberd <<<"$chat_key" && fail "no certificate was asked for"
run 0 ctl policy set require-certificate:ejabberd=no
run 0 ctl policy set enabled=no
verify alice --service ejabberd <<<"$chat_key" && fail "enabled=no lets in a user of a realm"
run 0 ctl policy set enabled=yes

# --- Who leaves the list, and comes back

list carol dave
wait_until is_refused "$chat_id"
verify alice --service ejabberd <<<"$chat_key" && fail "a user who has left the list is let in"
run 0 ctl key show "$chat_id"
has "$out" "the user is not in the realm's list"
run 0 ctl account vanished
is "$out" chat:alice
list carol dave alice
wait_until is_not_refused "$chat_id"
verify alice --service ejabberd <<<"$chat_key" || fail "a user who came back is not let in"
# A half-written list, a list that others can write and none at all change nothing.
printf 'carol\nda' >"$users.new"
mv "$users.new" "$users"
logged "ends within a line"
verify alice --service ejabberd <<<"$chat_key" || fail "half a list was believed"
out=$(ctl --json doctor)
has "$out" "what is known of the realm 'chat' stays as it was"
list carol dave alice
chmod 0666 "$users"
reload
logged 'nobody else may be able to write it'
rm "$users"
reload
logged 'No such file'
run 1 ctl key issue chat:carol
has "$err" 'It cannot be said who is in the realm'
verify alice --service ejabberd <<<"$chat_key" || fail "a list that cannot be read was believed"
list carol dave alice
run 0 ctl key issue chat:carol

# --- The realm gets another list, which cannot be read. Nobody has said who is in that one.

unknown() {
    ctl verify --server-uid="$(id -u)" alice --service ejabberd <<<"$chat_key" >/dev/null 2>&1
    [[ $? == 3 ]]
}
accepted() { verify alice --service ejabberd <<<"$chat_key"; }
configure "$mail${chat/$users/$users.moved}"
reload
wait_until unknown
run 0 ctl --json key list --status active
has "$out" "$chat_id"
out=$(ctl --json doctor)
has "$out" "who was not in a list of this path before is not let in: the list '$users.moved' cannot be read"
stop
start
unknown || fail "a start has forgotten which list was read"
cp "$users" "$users.moved"
wait_until accepted
configure "$mail$chat"
reload
wait_until accepted

# --- The realm goes, is renamed, comes back

run 0 ctl key issue mail:erin@example.org
erin=$out erin_id=$(id_of "$out")
configure "$chat"
reload
verify erin@example.org --service dovecot <<<"$erin" && fail "the key of a realm that is gone is good"
run 0 ctl key show "$erin_id"
has "$out" 'its realm is not configured on this host'
verify "$me" --service dovecot <<<"$account" || fail "the service is not everybody's again"
configure "${mail/Realm mail/Realm post}$chat"
reload
verify erin@example.org --service dovecot <<<"$erin" && fail "the key of a renamed realm is good"
verify "$me" --service dovecot <<<"$account" && fail "an account is let in to a service of a realm"
run 5 ctl key issue mail:erin@example.org
has "$err" "This host has no realm 'mail'"
configure "${mail/@example.org/@example.com}$chat"
reload
verify erin@example.org --service dovecot <<<"$erin" && fail "the suffix does not count"
run 0 ctl key list --realm mail --status refused
has "$out" "$erin_id"
configure "$mail$chat"
reload
verify erin@example.org --service dovecot <<<"$erin" || fail "the realm is back and its key is not good"

# --- What the configuration refuses

for wrong in '[Realm x]\nservices = sshd' '[Realm x]\nservices = su' '[Realm x]\nservices = dovecot' \
    '[Realm x]\nsuffix = @a\nlist = /b' '[Realm X]' '[Realm x]\nlist = b' '[Realm x]\nissuers = no-such-group-here'; do
    configure "$mail$wrong\n"
    run 78 "$WFAPIKEYD" --check-config --config="$conf"
    ctl reload >/dev/null 2>&1 && fail "it is read: $wrong"
    verify erin@example.org --service dovecot <<<"$erin" || fail "a refused configuration counts: $wrong"
done
configure "${mail}[Realm chat]\n[Realm idle]\nservices = idle\n"
reload
out=$(ctl --json doctor)
has "$out" "the realm 'chat' has no service"
has "$out" "the realm 'idle' has no users"
configure "$mail$chat"
reload

# --- A restart, a backup

stop || fail "the daemon ended with $?"
start
verify erin@example.org --service dovecot <<<"$erin" || fail "a restart forgets the user"
verify alice --service ejabberd <<<"$chat_key" || fail "a restart forgets the list"
run 0 ctl backup create "$dir/backup"
run 0 ctl backup restore --yes "$dir/backup"
wait_until verify erin@example.org --service dovecot <<<"$erin"

# --- Who may do what

[[ $EUID == 0 ]] || exit 0
chmod 0711 "$dir"
issuer() { setpriv --reuid=bin --regid=bin --groups=daemon -- "$WFAPIKEYCTL" "$@"; }
other() { setpriv --reuid=bin --regid=bin --clear-groups -- "$WFAPIKEYCTL" "$@"; }
run 0 issuer key issue mail:frank@example.org
frank=$(id_of "$out")
run 0 issuer key list --realm mail
has "$out" "$frank"
run 0 issuer key list mail:frank@example.org
has "$out" "$frank"
run 0 issuer key show "$frank"
run 0 issuer key explain "$frank"
run 0 issuer key list
[[ $out != *"$frank"* ]] || fail "the list of own keys has those of a realm"
for command in "key list --realm chat" "key list chat:alice" "key list --owner chat:alice --realm mail" "key list --all" \
    "key list --owner $me --realm mail"; do
    # shellcheck disable=SC2086
    issuer $command >"$dir/out" 2>&1
    grep -qE "$chat_id|$(id_of "$account")" "$dir/out" && fail "$command: $(<"$dir/out")"
done
run 4 issuer key issue chat:dave
refused=$err
run 4 issuer key issue other:dave
is "$err" "$refused"
run 4 issuer key issue "$me"
for command in "key show $chat_id" "key revoke $chat_id" "key revoke $(id_of "$account")" "key remove $frank" "key reset $frank" \
    "key rotate $frank" "key rename $frank x" "policy show" "account removed mail:frank@example.org" "key remove-all --yes" \
    "backup create $dir/theirs"; do
    # shellcheck disable=SC2086
    run 4 issuer $command
done
run 0 issuer audit list
[[ $out != *"$frank"* ]] || fail "the audit log of a realm is an administrator's"
run 0 issuer key revoke "$frank"
for command in "key issue mail:gina@example.org" "key show $erin_id" "key revoke $erin_id"; do
    # shellcheck disable=SC2086
    run 4 other $command
done
for command in "key list" "key list --realm mail" "key list mail:erin@example.org" "key list --search example"; do
    # shellcheck disable=SC2086
    other $command >"$dir/out" 2>&1
    grep -q "$erin_id" "$dir/out" && fail "$command shows keys of a realm"
done
verify erin@example.org --service dovecot <<<"$erin" || fail "the key did not outlive all that"

# Where only developers make keys, an issuer makes none for the own account.
run 0 issuer key issue bin
configure "[daemon]\ndeveloper-group = games\n$mail$chat"
reload
run 4 issuer key issue bin
run 4 other key issue bin
run 0 issuer key issue mail:hugo@example.org
