#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: what each command prints with --json fits the JSON Schema that is installed, and with
# --jsonl each value of a list is on a line of its own. Errors are JSON as well. A new command needs
# its definition in the schema and its line here.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/scenario/pki.sh
. "${0%/*}/pki.sh"
schema=$top_srcdir/ctl/schema/wfapikeyctl.schema.json

run 0 ctl --help
mapfile -t commands < <(sed -nE '/^Commands:/,/^$/ s/^  ([a-z-]+( [a-z][a-z-]*)?) .*/\1/p' <<<"$out")
for command in "${commands[@]}"; do
    grep -q "^    \"${command// /-}\":" "$schema" ||
        fail "'$command' is not in $schema: give it a definition, which 097-json.sh compares with its output"
done
is "$(sed -nE 's/^    "salvage": (.*),/\1/p' "$schema")" false # it has no JSON

declare -A tried=()
mkdir "$dir/json"
named() { # COMMAND...: the name of its definition
    local name
    for name in "$1-${2-}" "$1"; do
        ! grep -qxF -- "${name/-/ }" <(printf '%s\n' "${commands[@]}") || { echo "$name"; return; }
    done
    fail "there is no command '$*'"
}
keep() { # NAME FILE SUFFIX
    tried[$1]=1
    cp "$2" "$dir/json/$1.$(find "$dir/json" -type f | wc -l).$3"
}
one() { # STATUS COMMAND...: prints one value on one line
    local name
    name=$(named "${@:2}")
    run "$1" ctl --json "${@:2}"
    is "$(wc -l <"$dir/out")" 1
    keep "$name" "$dir/out" json
}
list() { # STATUS COMMAND...: prints an array, or a value on each line
    one "$@"
    [[ $out == '['*']' ]] || fail "'${*:2}' prints no array: $out"
    run "$1" ctl --jsonl "${@:2}"
    [[ -z $out || $out == '{'*'}' ]] || fail "'${*:2}' prints no lines of objects: $out"
    keep "$(named "${@:2}")" "$dir/out" jsonl
}
wrong() { # STATUS COMMAND...: fails with nothing but an error on stderr
    local name
    run "$1" ctl --json "${@:2}"
    is "$out" ""
    is "$(wc -l <"$dir/err")" 1
    has "$err" '{"error":"'
    has "$err" ",\"exit\":$1,"
    keep error "$dir/err" json
}

# --- Without a daemon: the words, and what cannot be reached

wrong 3 status
has "$err" '"error":"unreachable"'
wrong 2 kye list
has "$err" '"error":"usage"'
wrong 2
wrong 2 key list --nonsense
wrong 2 salvage
wrong 2 fleet init --print-sql
wrong 2 audit list --follow
has "$err" --jsonl
run 2 ctl key lsit --jsonl
keep error "$dir/err" json
run 2 ctl key lsit -- --json
is "${err%%:*}" wfapikeyctl
one 0 key draw

# --- Policies and keys

start
me_uid=$(id -u)
one 0 policy set enabled=yes require-certificate:smtp=proof max-keys-per-user=50
one 0 policy set --dry-run enabled=no
one 0 policy show
has "$out" '"enabled":true'
has "$out" '"max-keys-per-user":50'
has "$out" '"max-lifetime":null'
has "$out" '"require-certificate":"no"'
has "$out" '"require-certificate:smtp":"proof"'
has "$out" '"lifetime":"1mo"'
one 0 policy show enabled
is "$out" '{"enabled":true}'
wrong 5 policy show nothing
has "$err" '"dbus":null'
one 0 key issue "$me" --service imap --from 10.0.0.0/8 --require-proof
id_json() { sed -E 's/.*"id":"([^"]*)".*/\1/' <<<"$out"; }
bound=$(id_json)
one 0 key issue "$me" --name script --unless-exists
kept=$(id_json)
one 0 key issue "$me" --name script --unless-exists
has "$out" '"key":null'
run 0 ctl key issue "$me"
used=$out
verify "$me" --service imap --rhost 192.0.2.7 <<<"$used" || fail "refused"
counted() { [[ $(ctl --json key show "$(id_of "$used")") == *'"uses":1'* ]]; }
wait_until counted
one 0 key rename "$kept" 'quo"te \ and «ö»'
one 0 key show "$kept"
has "$out" '"name":"quo\"te \\ and «ö»"'
one 0 key reset "$kept"
one 0 key rotate "$kept" --overlap 1h
run 0 ctl key issue "$me"
one 0 key rotate "$(id_of "$out")" --until-first-use
run 0 ctl key issue "$me"
revoked=$(id_of "$out")
one 0 key revoke "$revoked" --reason 'has left'
run 0 ctl key issue "$me" --name many
one 0 key revoke --search many --yes
wrong 6 key revoke "$revoked"
has "$err" '"dbus":"org.wfapikey1.Error.NotActive"'
wrong 5 key show 0000000000
has "$err" '"error":"not-found"'
run 0 ctl key issue "$me"
ctl --json key burn >"$dir/burnt" <<<"$out" || fail "not burnt"
keep key-burn "$dir/burnt" json
run 0 ctl key issue "$me" --name leaked
echo "key: $out" >"$dir/leak"
list 6 scan "$dir/leak"
one 6 scan --burn --yes "$dir/leak"
list 0 key list
list 0 key list --status revoked
list 0 key list --search 'no such key'
is "$out" ""
list 6 key expiring --within 90d
list 0 key expiring --within 1m
one 0 key explain "$(id_of "$used")"
one 6 key explain "$revoked"
ctl --json verify --server-uid="$me_uid" "$me" >"$dir/verified" <<<"$used" || fail "refused"
keep verify "$dir/verified" json
ctl --json verify --server-uid="$me_uid" nobody2 >"$dir/verified" <<<"$used" && fail "accepted"
keep verify "$dir/verified" json

# --- Certificates

pki_layout
pki_crl root root.crl
list 0 cert add "$pki/alice.pem"
list 0 cert add --ca "$pki/root.pem" --name 'our root'
one 0 cert crl "$pki/root.crl"
list 0 cert list
one 0 cert show alice
one 0 cert show 'our root'
one 0 cert encode "$pki/alice.pem"
one 0 key bind "$bound" alice
one 0 key show "$bound"
one 0 key unbind "$bound"
wrong 2 cert show --pem alice
one 0 sign --key="$pki/alice.key" "wfc_$(head -c 32 /dev/zero | base64 | tr -d =):sshd:alice"
keep note "$dir/err" json # who would log in
one 0 cert remove alice

# --- Log, copies, accounts, the daemon

list 0 audit list
list 0 audit list --service imap
one 0 audit verify
run 0 ctl audit mark
mark=$out
one 6 audit verify --mark "9${mark}"
one 0 audit mark
one 0 mirror keygen
public=$(sed -E 's/.*"public":"([^"]*)".*/\1/' <<<"$out")
one 0 mirror show-key
wrong 6 mirror keygen
one 0 mirror export --to "$public" "$dir/mirror"
wrong 6 mirror import "$dir/mirror"
one 0 backup create "$dir/backup"
keep note "$dir/err" json # where its key is
run 0 ctl policy set max-keys-per-user=49
one 0 backup restore --dry-run "$dir/backup"
one 0 backup restore --yes --revive "$dir/backup"
is "$err" ""
one 0 mirror status
one 0 account removed no-such-user
list 0 account vanished
one 0 account expired "$me"
list 0 account held
one 0 clock trust
one 0 status
one 0 reload
list 0 metrics
wrong 2 metrics --output "$dir/metrics"
list 6 doctor --pam-dir="$dir/none" --module=/bin/none --server-uid="$me_uid"
one 0 key remove "$revoked"
one 0 key remove-all --yes

# --- A mirror of another host

run 0 ctl key issue "$me"
run 0 ctl mirror export --to "$public" "$dir/mirror"
mv "$dir/state/mirror.key" "$dir/mirror.key"
stop
rm -r "$dir/state"
start
stop
mv "$dir/mirror.key" "$dir/state/mirror.key"
start
one 0 mirror import "$dir/mirror"
one 0 mirror status
stop

# --- A flood of events ends as the reader wants, and what cannot be written is an error

start
run 0 ctl policy set enabled=yes
"$WFAPIKEYCTL" audit list --follow --since 1h --jsonl >"$dir/followed" 2>&1 &
children+=("$!")
follows() { run 0 ctl policy set max-keys-per-user=48 && grep -q '"detail":"max-keys-per-user=48"' "$dir/followed"; }
wait_until follows
grep '}$' "$dir/followed" >"$dir/lines" # the last line may not be whole
keep audit-list "$dir/lines" jsonl
ctl --json key list >/dev/full 2>"$dir/err" && fail "a full disk is called success"
has "$(<"$dir/err")" '"error":"failed","exit":1'
keep error "$dir/err" json
stop

# --- A fleet: the stand-in of 130-fleet-cli.sh

run 0 ctl key draw
rm -f "$WFAPIKEY_CONTROL"
"$abs_top_builddir/tests/scenario/fleet_daemon" "$dir" "$out" &
children+=("$!")
wait_until ctl fleet status
one 0 fleet status
list 0 fleet hosts
list 0 fleet groups
one 0 fleet groups add mail
one 0 fleet key
one 0 fleet invite www1 wfm_key
run 0 ctl fleet invite www1 wfm_key
cp "$dir/out" "$dir/invitation"
one 0 fleet join "$dir/invitation"
one 0 fleet move www1
one 0 fleet promote www1
list 0 fleet audit
list 6 fleet audit verify
one 0 fleet audit accept www1
one 0 fleet report
one 0 fleet snapshot
one 0 fleet rebase --yes
one 0 fleet drop www1
one 0 fleet leave --yes
one 0 key show abcdefghij
touch "$dir/alone"
# What another program says is in the error as well.
printf '%s\n' '#!/bin/sh' 'echo "fleetd: no such database" >&2' 'exit 1' >"$dir/fleetd"
chmod 0755 "$dir/fleetd"
wrong 1 fleet init --host db --database dbname=x --setup dbname=x --fleetd "$dir/fleetd"
has "$err" 'fleetd: no such database\u000a'
one 0 fleet init --host db --database dbname=x --password <<<x
rm "$dir/alone"

for command in "${commands[@]}"; do
    # A key that can be revived takes a day: 041-idle.sh. And key warn prints what it mails.
    [[ $command == @(salvage|key revive|key warn) || -n ${tried[${command// /-}]-} ]] || fail "'$command' is not tried here with --json"
done

/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || skip "no python3-jsonschema: the output was not compared with the schema"
/usr/bin/python3 "${0%/*}/schema.py" "$schema" "$dir/json" "$top_srcdir/man/wfapikeyctl.1.scd" >"$dir/wrong" || fail "$(<"$dir/wrong")"
