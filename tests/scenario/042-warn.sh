#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: key warn mails the owners of keys that end soon, once for each of the days, with what to
# type. A mail that the command refuses comes again, a crash between mail and note sends it once
# more at most, and another end, another day or another key is another warning. Names of keys and
# users come into no header and no option.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

command -v sqlite3 >/dev/null || skip "there is no sqlite3"
mkdir "$dir/mails"
cat >"$dir/send" <<'END'
#!/bin/sh
d=${0%/*}
n=$(ls "$d/mails" | wc -l)
{ echo "ARGUMENTS $*"; cat; } >"$d/mails/$n"
[ ! -e "$d/kill" ] || kill -KILL $PPID
[ ! -e "$d/refuse" ]
END
chmod 0755 "$dir/send"
warn() { # STATUS [OPTION]...
    run "$1" ctl key warn --state="$dir/warned" --command="$dir/send" "${@:2}"
}
mails() { find "$dir/mails" -type f | wc -l; }
last() { cat "$dir/mails/$(($(mails) - 1))"; }
is_sent() { is "$(mails)" "$1"; }
end_in() { # KEY SECONDS: the end of its own
    stop TERM
    sqlite3 "$dir/state/keys.db" "UPDATE key SET expires_at = unixepoch() + $2 WHERE id = '$(id_of "$1")'"
    start
}

start
run 0 ctl policy set enabled=yes max-keys-per-user=100
run 0 ctl key issue "$me" --name backup --expires 13d
one=$out
run 0 ctl key issue "$me" --name later --expires 60d

# The first of the days, once.
warn 0 --dry-run
has "$out" "$(id_of "$one")"
is_sent 0
[[ ! -e $dir/warned ]] || fail "a dry run notes something"
warn 0
is_sent 1
has "$(last)" "ARGUMENTS -i -- $me"
has "$(last)" "To: $me"
has "$(last)" "Subject: your API key $(id_of "$one") ends within 14 days"
has "$(last)" "wfapikeyctl key rotate $(id_of "$one")"
has "$(last)" backup
[[ $(last) != *wfk_* ]] || fail "the mail has a key in it"
is "$(stat -c %a "$dir/warned")" 600
warn 0
is_sent 1

# The next day of them, and both keys in one mail.
run 0 ctl key issue "$me" --name second --expires 2d
second=$out
end_in "$one" $((2 * 86400))
warn 0
is_sent 2
has "$(last)" "Subject: 2 of your API keys end within 3 days"
has "$(last)" "$(id_of "$second")"
warn 0
is_sent 2

# An end that has moved is another one.
end_in "$one" $((10 * 86400))
warn 0
is_sent 3
has "$(last)" "within 14 days"

# What the command does not take comes again.
: >"$dir/refuse"
end_in "$one" $((12 * 86400))
warn 1
has "$err" "did not take a mail"
warn 1
is_sent 5
rm "$dir/refuse"
warn 0
is_sent 6
warn 0
is_sent 6

# A crash between the mail and its note, twice.
: >"$dir/kill"
end_in "$one" $((11 * 86400))
for _ in 1 2 3; do
    ctl key warn --state="$dir/warned" --command="$dir/send" 2>/dev/null
done
is_sent 8
rm "$dir/kill"
warn 0
is_sent 8

# A line that was cut off, and a file that is something else.
printf 'abc' >>"$dir/warned"
warn 0
is_sent 8
echo something else >"$dir/other"
run 1 ctl key warn --state="$dir/other" --command="$dir/send"
has "$err" "is not such a file"
is "$(cat "$dir/other")" "something else"

# A rotated key is left alone, unless it waits for the first use of the new one.
run 0 ctl key issue "$me" --name third --expires 2d
third=$out
run 0 ctl key rotate "$(id_of "$third")" --expires 60d
warn 0
is_sent 8
run 0 ctl key issue "$me" --name fourth --expires 2d
fourth=$out
run 0 ctl key rotate "$(id_of "$fourth")" --until-first-use --expires 60d
warn 0
is_sent 9
has "$(last)" "$(id_of "$fourth")"

# A key that nobody uses.
run 0 ctl policy set idle=90d
run 0 ctl key issue "$me" --name unused --expires never
unused=$out
stop TERM
sqlite3 "$dir/state/keys.db" "UPDATE policy SET changed_at = changed_at - 88 * 86400 WHERE name = 'idle'; UPDATE audit SET at = at - 88 * 86400, until = until - 88 * 86400 WHERE detail LIKE 'idle=%'; UPDATE key SET created_at = created_at - 88 * 86400, updated_at = updated_at - 88 * 86400 WHERE id = '$(id_of "$unused")'"
start
warn 0
is_sent 10
has "$(last)" "unless it is used before"
verify "$me" <<<"$unused" || fail "the key is not good"
warn 0
is_sent 10

# Addresses and options.
run 2 ctl key warn --days=0
run 2 ctl key warn --days=14,x
run 2 ctl key warn --command=sendmail
run 2 ctl key warn --sender=$'a@b\nBcc: c'
run 1 ctl key warn --state="$dir/none/warned" --command="$dir/send"
end_in "$one" $((9 * 86400))
warn 0 --sender=keys@example.com --domain=example.com
has "$(last)" "From: keys@example.com"
has "$(last)" "ARGUMENTS -i -- $me@example.com"
