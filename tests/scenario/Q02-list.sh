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

run 0 ctl key list
for column in ID NAME OWNER STATUS CREATED UPDATED EXPIRES; do has "$(head -n 1 <<<"$out")" $column; done
is "$(wc -l <<<"$out")" 5
ids() { # OPTION...: the ids of the list, in its order
    run 0 ctl key list --json "$@"
    grep -o '"id":"[^"]*"' <<<"$out" | cut -d'"' -f4 | tr '\n' ' '
}
sorted() { printf '%s\n' "$@" | LC_ALL=C sort | tr '\n' ' '; }
is "$(ids)" "$(sorted "$a" "$b" "$c" "$d")"
is "$(ids --search ALPH)" "$a "
is "$(ids --search "$b")" "$b "
is "$(ids --status revoked)" "$d "
is "$(ids --status expired)" ""
is "$(ids --sort name)" "$b $a $d $c "
is "$(ids --sort expires --status active)" "$b $a $c "
[[ $EUID != 0 ]] || {
    is "$(ids --owner daemon)" "$c "
    is "$(ids --linked daemon)" ""
    is "$(ids --search daem)" "$c "
}
is "$(ids --linked "$me")" "$(sorted "$a" "$b" "$c" "$d")"
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
is "$(pages --search a)" "$(ids --search a)"
run 5 ctl key list --sort name --after 0000000000
run 2 ctl key list --limit 0
run 2 ctl key list --limit x
run 2 ctl key list --after x
is "$(ids --after 0000000000 --limit 1)" "$(sorted "$a" "$b" "$c" "$d" | cut -d' ' -f1) "

# Keys that end soon, the earliest first: by their expiry, by the policy, by a rotation.
run 0 ctl key expiring --within 9d
run 0 ctl key expiring --within 9d --json
is "$(tr -d '[:space:]' <<<"$out")" "[]"
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
