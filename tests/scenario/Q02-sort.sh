#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: Q2: the daemon sorts a list by each of its columns, also where it is too long for one look.
# A page begins where the one before has ended, whatever happens to the keys in between.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

command -v sqlite3 >/dev/null || skip "sqlite3 is missing"
keys=${WFAPIKEY_SORTED_KEYS:-21000} # one look of the daemon is at 20000
start
run 0 ctl policy set enabled=yes lifetime=none
run 0 ctl key list --sort name --limit 5 # of no keys
run 0 ctl key issue "$me" --name first --service sshd --from 10.0.0.0/8
stop
# Values repeat, so that ids decide. The command line has two looks at once at a long list, of ids
# up to this one and behind it.
middle=V000000000
sqlite3 "$dir/state/keys.db" "
    CREATE TEMP TABLE made AS SELECT * FROM key;
    WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < $keys)
    INSERT INTO key (id, digest, pepper, owner, owner_uid, name, services, networks, status, created_at, updated_at, expires_at, bound_at, epoch, dead_at, reason)
    SELECT iif(n = 5, '$middle', substr('0UVz', 1 + n % 4, 1) || printf('%09d', n * 7919 % 1000003)), randomblob(32), pepper, owner, owner_uid,
        CASE n % 3 WHEN 0 THEN 'K' ELSE 'k' END || (n * 31 % 1009), CASE n % 5 WHEN 0 THEN '' ELSE 'sshd' END,
        CASE n % 7 WHEN 0 THEN '10.0.0.0/8' ELSE '' END, n % 11 = 0, created_at - n * 13 % 5003, created_at - n * 17 % 211,
        CASE WHEN n % 4 = 0 THEN 0 WHEN n % 13 = 0 THEN created_at - 99 ELSE created_at + 86400 + n * 19 % 9001 END, 0, epoch,
        CASE WHEN n % 11 = 0 THEN created_at WHEN n % 13 = 0 AND n % 4 > 0 THEN created_at ELSE 0 END, ''
    FROM n, made;
    INSERT INTO key_use (id, last_at, service, rhost, uses)
    SELECT id, updated_at + length(name) * 1000 + substr(id, 8), 'sshd', '', 1 + substr(id, 9) FROM key WHERE substr(id, 10) < '7' AND name <> 'first';" || fail "no keys"
start

sql() { sqlite3 "$dir/state/keys.db" "SELECT id FROM key WHERE $1"; }
sql "1 ORDER BY id" >"$dir/ids"
ctl key list --columns id --sort id | sed 1d | cmp - "$dir/ids" || fail "not all keys, or not in their order"
ctl key list --columns id --sort id --search k1 | sed 1d >"$dir/some" || fail "no list"
sql "name LIKE '%k1%' OR id LIKE '%k1%' ORDER BY id" | cmp - "$dir/some" || fail "not all keys that match"

# The command line has a sort of its own, which a list without a limit has.
for sort in id name owner status created updated expires last-used uses; do
    ctl key list --columns id --sort "$sort" | sed 1d >"$dir/up"
    is "$(wc -l <"$dir/up")" $((keys + 1))
    tac "$dir/up" >"$dir/down"
    for way in up down; do
        reverse=--reverse
        [[ $way == down ]] || reverse=''
        # shellcheck disable=SC2086
        page() { ctl key list --columns id --sort "$sort" $reverse "$@" | sed 1d; }
        is "$(page --limit 300)" "$(head -n 300 "$dir/$way")"
        is "$(page --limit 5 --after "$(sed -n 19998p "$dir/$way")")" "$(sed -n 19999,20003p "$dir/$way")"
        [[ $way == down ]] || is "$(page --limit 5 --after "$(sed -n "$((keys - 1))p" "$dir/up")")" "$(tail -n 2 "$dir/up")"
    done
done

# What the daemon alone sorts by; with filters.
call() { busctl --address="unix:path=$WFAPIKEY_CONTROL" --json=short call org.wfapikey1 /org/wfapikey1 org.wfapikey1.Manager ListKeys 'a{sv}' "$@"; }
page() { # OPTION...: sets $ids and $next
    # shellcheck disable=SC2068
    run 0 call $(($# / 3)) "$@"
    ids=$(grep -o '"id":{"type":"s","data":"[^"]*"' <<<"$out" | cut -d'"' -f10)
    next=$(sed 's/.*,"\([^"]*\)"\]}$/\1/' <<<"$out")
}
page sort s services limit u 4
is "$ids" "$(sql "services = '' ORDER BY id LIMIT 4")"
page sort s networks reverse b true limit u 4
is "$ids" "$(sql "networks <> '' ORDER BY id DESC LIMIT 4")"
page sort s created search s k100 status s revoked limit u 200
is "$ids" "$(sql "name LIKE '%k100%' AND status = 1 ORDER BY created_at, id LIMIT 200")"
n=$(wc -l <<<"$ids")
[[ $n -gt 5 && $n -lt 200 ]] || fail "$n keys"
is "$next" ""
# Exactly as many as there are: nothing follows.
page sort s created search s k100 status s revoked limit u "$n"
is "$next" ""
page sort s created search s k100 status s revoked limit u $((n - 1))
[[ -n $next ]] || fail "one key is left"
page sort s created search s k100 status s revoked limit u "$n" after s "$next"
is "$(wc -w <<<"$ids")" 1

# The last key of a page is changed, and then removed: the next page begins there all the same.
page sort s name limit u 3 search s k10
first=$ids
page sort s name limit u 6 search s k10
expected=$(tail -n 3 <<<"$ids")
page sort s name limit u 3 search s k10
last=$(tail -n 1 <<<"$first")
run 0 ctl key rename "$last" zzz
page sort s name limit u 3 search s k10 after s "$next"
is "$ids" "$expected"
page sort s name limit u 2 search s k10
kept=$next
run 0 ctl key remove "$(tail -n 1 <<<"$ids")"
page sort s name limit u 3 search s k10 after s "$kept"
is "$ids" "$expected"

# What is no place in this order.
for after in 'x' '0000000000' '0000000000x1' '000000000! 1' '0000000000 -1' '0000000000 x' '0000000000 '; do
    run 1 call 2 sort s created after s "$after"
done
run 1 call 1 sort s colour
run 1 call 1 sort s ""
run 1 call 1 after s "0000000000 1"
page reverse b true limit u 2
is "$ids" "$(sql "1 ORDER BY id DESC LIMIT 2")"
