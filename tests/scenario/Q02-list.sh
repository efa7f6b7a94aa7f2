#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: Q2: the table of keys has name, id, owner, last updated, created, expires and status. It can
# be searched, filtered, sorted and read in pages. A command lists the keys that end soon, with an
# exit status of its own.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes max-keys-per-user=100 lifetime=none
other=$me
[[ $EUID != 0 ]] || other=daemon
make() { run 0 ctl key issue "$@"; id=$(id_of "$out"); }
make "$me" --name alpha --expires 20d
a=$id alpha=$out
make "$me" --name Beta --expires 10d
b=$id
make "$other" --name gamma ${other:+--link "$me"}
c=$id
make "$me" --name delta
d=$id
run 0 ctl key revoke "$d"

run 0 ctl key list --wide
for column in ID NAME OWNER STATUS CREATED UPDATED EXPIRES; do has "$(head -n 1 <<<"$out")" $column; done
is "$(wc -l <<<"$out")" 5
run 0 ctl key list
is "$(head -n 1 <<<"$out" | xargs)" "ID OWNER NAME STATUS SERVICES EXPIRES LAST-USED"
is "$(wc -l <<<"$out")" 5
run 0 ctl key list --columns name,id
is "$(awk '$1 == "alpha" { print $2 }' <<<"$out")" "$a"
run 2 ctl key list --columns name,colour
has "$err" "last-used"
run 2 ctl key list --columns name --wide
ids() { # OPTION...: the ids of the list, in its order
    run 0 ctl key list --json "$@"
    grep -o '"id":"[^"]*"' <<<"$out" | cut -d'"' -f4 | tr '\n' ' '
}
all_of() { # OPTION...: the same, sorted
    ids "$@" | xargs -n 1 | LC_ALL=C sort | xargs -r printf '%s '
}
sorted() { printf '%s\n' "$@" | LC_ALL=C sort | tr '\n' ' '; }
is "$(ids --sort id)" "$(sorted "$a" "$b" "$c" "$d")"
is "$(all_of --sort id --reverse)" "$(sorted "$a" "$b" "$c" "$d")"
is "$(ids --sort id --reverse | xargs -n 1 | tac | xargs) " "$(ids --sort id)"
is "$(ids --search ALPH)" "$a "
is "$(all_of --status revoked,active)" "$(sorted "$a" "$b" "$c" "$d")"
is "$(ids --status revoked,refused)" "$d "
run 2 ctl key list --status active,
is "$(ids --search "$b")" "$b "
is "$(ids --status revoked)" "$d "
is "$(ids --status expired)" ""
is "$(ids --sort name)" "$a $b $d $c "
is "$(ids --sort expires --status active)" "$b $a $c "
[[ $EUID != 0 ]] || {
    is "$(ids --owner daemon)" "$c "
    is "$(ids daemon)" "$c "
    run 2 ctl key list daemon --owner daemon
    is "$(ids --linked daemon)" ""
    is "$(ids --search daem)" "$c "
}
is "$(all_of --linked "$me")" "$(sorted "$a" "$b" "$c" "$d")"
for _ in 1 2 3; do verify "$me" <<<"$alpha" || fail "refused"; done
is "$(ids --sort uses | cut -d' ' -f4)" "$a"
later() { [[ $(date +%s) -gt $now ]]; }
now=$(date +%s)
wait_until later
run 0 ctl key rename "$b" epsilon
is "$(ids --sort updated | cut -d' ' -f4)" "$b"
run 0 ctl key show "$c" --json
for property in id name owner owner-uid linked-user status reason services networks created updated expires origin predecessor successor \
    require-certificate certificate retires retires-on-use last-used last-service last-rhost uses; do has "$out" "\"$property\":"; done

# Pages, in the order of the ids and in another order.
pages() { # OPTION...: reads the list in pages of two
    local after='' all='' page
    while page=$(ids --limit 2 ${after:+--after "$after"} "$@") && [[ -n $page ]]; do
        [[ $(wc -w <<<"$page") -le 2 ]] || fail "a page of two has more: $page"
        all+=$page after=$(xargs -n 1 <<<"$page" | tail -n 1)
        [[ ${#all} -lt 100 ]] || fail "the list does not end"
    done
    printf '%s' "$all"
}
is "$(pages)" "$(sorted "$a" "$b" "$c" "$d")"
is "$(pages --sort name)" "$a $d $b $c "
is "$(pages --search a)" "$(ids --search a --sort id)"
is "$(pages --sort id --reverse)" "$(ids --sort id --reverse)"
run 5 ctl key list --sort name --after 0000000000
run 2 ctl key list --limit 0
run 2 ctl key list --limit x
run 2 ctl key list --after x
is "$(ids --after 0000000000 --limit 1)" "$(sorted "$a" "$b" "$c" "$d" | cut -d' ' -f1) "

# The newest key is the last one.
made() { # NUMBER: whether a key of that second is the only one
    [[ $(date +%s) -gt $1 ]]
}
wait_until made "$(date +%s)"
make "$me" --name youngest --service postgresql --service sshd --from 10.1.0.0/16
young=$id
is "$(ids | awk '{ print $NF }')" "$young"

# Filters by what a key is good for and by its last use.
is "$(ids --service postgresql)" "$young "
is "$(ids --service PostgreSQL --service nothing)" "$young "
is "$(ids --service dovecot)" ""
is "$(all_of --service any)" "$(sorted "$a" "$b" "$c" "$d")"
is "$(all_of --service any --service sshd)" "$(sorted "$a" "$b" "$c" "$d" "$young")"
is "$(ids --from 10.1.2.3)" "$young "
is "$(ids --from 10.2.0.0)" ""
is "$(all_of --from any)" "$(sorted "$a" "$b" "$c" "$d")"
run 2 ctl key list --from 10.0.0.0/8
has "$err" "no address"
run 2 ctl key list --service 'no/such'
is "$(ids --expires-before 11d)" "$b "
is "$(ids --unused-since 1h)" ""
is "$(all_of --unused-since 2099-01-01)" "$(sorted "$a" "$b" "$c" "$d" "$young")"
run 2 ctl key list --unused-since soon
# A key of the fleet is used on other hosts, which report it.
if command -v sqlite3 >/dev/null; then
    sql() { sqlite3 -cmd '.timeout 5000' "$dir/state/keys.db" "$1" || fail "sqlite3"; }
    sql "UPDATE key SET hosts = 'web' WHERE id IN ('$a', '$b');
        INSERT INTO fleet_use (id, host, last_at, service, rhost, uses) VALUES ('$a', 'w', 4102444800, 'x', '', 1), ('$b', 'w', 1, 'x', '', 1)"
    is "$(all_of --unused-since 2099-01-01)" "$(sorted "$b" "$c" "$d" "$young")"
    sql "UPDATE key SET hosts = ''"
fi
run 5 ctl key list no-such-user-here
has "$err" "no-such-user-here"
run 5 ctl key list --owner no-such-user-here
# On a terminal of 80 columns: one line a key, nothing that may matter is left out.
on_terminal() { # COLUMNS COMMAND...: its output on a terminal that wide
    run 0 script -qec "stty cols $1 && ${*:2}" /dev/null </dev/null
    out=${out//$'\r'/}
}
make "$me" --name "a name that is so long that it would take half a terminal" --service dovecot --service postfix
on_terminal 80 "'$WFAPIKEYCTL' key list"
while IFS= read -r line; do [[ ${#line} -le 80 ]] || fail "this line is too long: $line"; done <<<"$(sed 's/\x1b\[[0-9;]*m//g' <<<"$out")"
has "$out" "in 19 d"
[[ $out == *" s ago"* || $out == *now* ]] || fail "a use has no distance: $out"
has "$(tr -d ' \n' <<<"$out")" dovecot
has "$(tr -d ' \n' <<<"$out")" postfix
on_terminal 80 "'$WFAPIKEYCTL' key list --status expired"
has "$out" "no keys"
on_terminal 80 "TZ=Asia/Tokyo '$WFAPIKEYCTL' key show '$a'"
has "$out" JST

# Keys that end soon, the earliest first: by their expiry, by the policy, by a rotation.
run 0 ctl key expiring --within 9d
run 0 ctl key expiring --within 9d --json
is "$(tr -d '[:space:]' <<<"$out")" "[]"
run 0 ctl key revoke "$young" "$id"
run 6 ctl key expiring --within 21d --json
is "$(grep -o '"id":"[^"]*"' <<<"$out" | cut -d'"' -f4 | tr '\n' ' ')" "$b $a "
run 6 ctl key expiring --within P11D
has "$out" "$b"
[[ $out != *"$a"* ]] || fail "what ends later is listed"
run 0 ctl policy set lifetime=2d
run 6 ctl key expiring --within 3d
has "$out" "$c"
[[ $out != *"$d"* ]] || fail "a dead key is listed"
run 2 ctl key expiring
run 2 ctl key expiring --within soon

# A key may depend on another user's password only if an administrator says so.
run 5 ctl key issue "$me" --link no-such-user-here
if [[ $EUID == 0 ]]; then
    as_daemon() { setpriv --reuid=daemon --regid=daemon --clear-groups -- "$WFAPIKEYCTL" "$@"; }
    run 0 ctl key issue daemon --link bin
    linked=$out
    is "$(ids --linked bin)" "$(id_of "$linked") "
    verify daemon <<<"$linked" || fail "a linked key is refused"
    verify bin <<<"$linked" && fail "the linked user gets in"
    run 0 ctl key rotate "$(id_of "$linked")"
    is "$(ids --linked bin | wc -w)" 2
    run 4 as_daemon key issue daemon --link bin
    run 4 as_daemon key issue daemon --link no-such-user-here
    run 0 as_daemon key issue daemon --link daemon
    is "$(ids --linked bin | wc -w)" 2
    # A login with a linked key depends on the password of the linked user.
    run 0 ctl policy set remove-on-password-expiry=yes
    run 6 ctl key explain "$(id_of "$linked")" --at 2099-01-01
    run 0 ctl key explain "$(id_of "$linked")"
    has "$out" "the password of 'bin'"
fi
