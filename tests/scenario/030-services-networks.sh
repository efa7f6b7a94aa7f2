#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a key with --service is good for these services only. A key with --from needs a literal
# address in its networks, and an unknown address is refused.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes max-keys-per-user=100

run 0 ctl key issue "$me" --service sshd --service dovecot
key=$out
verify "$me" --service sshd <<<"$key" || fail "sshd"
verify "$me" --service dovecot <<<"$key" || fail "dovecot"
for other in ssh sshd2 nginx 'sshd dovecot' ' sshd'; do
    verify "$me" --service "$other" <<<"$key" && fail "the key is good for '$other'"
done

run 0 ctl key issue "$me" --from 10.0.0.0/8 --from 2001:db8::/32 --from 192.0.2.7
key=$out
for good in 10.0.0.0 10.255.255.255 192.0.2.7 ::ffff:10.1.2.3 2001:db8:ffff::1; do
    verify "$me" --rhost "$good" <<<"$key" || fail "refused from $good"
done
for bad in 9.255.255.255 11.0.0.0 192.0.2.6 2001:db9::1 localhost 10.0.0.1x '10.0.0.1 ' 010.0.0.1 10.1 0x0a000001 \
    fe80::1%lo '' "$(printf '1%.0s' {1..250})"; do
    verify "$me" --rhost "$bad" <<<"$key" && fail "accepted from '$bad'"
done
verify "$me" <<<"$key" && fail "accepted from nowhere"
logged "gave no literal address"

run 0 ctl key issue "$me" --from fe80::/10
key=$out
for good in fe80::1 fe80::1%eth0 fe80::1%2; do
    verify "$me" --rhost "$good" <<<"$key" || fail "refused from $good"
done
for bad in fec0::1%eth0 fe80::1% %eth0 ::ffff:10.0.0.1%eth0 10.0.0.1%eth0; do
    verify "$me" --rhost "$bad" <<<"$key" && fail "accepted from '$bad'"
done
run 2 ctl key issue "$me" --from fe80::1%eth0

run 0 ctl key issue "$me" --from 0.0.0.0/0
key=$out
verify "$me" --rhost 203.0.113.9 <<<"$key" || fail "refused from anywhere"
verify "$me" --rhost 2001:db8::1 <<<"$key" && fail "IPv6 is no part of IPv4's anywhere"
verify "$me" <<<"$key" && fail "unknown is no part of anywhere"

for bad in 10.0.0.1/8 10.0.0.0/33 example.com 10.0.0 '' 10.0.0.0/-1 10.0.0.0/08 ::1/129; do
    run 2 ctl key issue "$me" --from "$bad"
    is "$out" ""
done
for bad in 'a b' '' ../sshd .x $'a\nb' "$(printf 'x%.0s' {1..65})"; do
    run 2 ctl key issue "$me" --service "$bad"
done
mapfile -t many < <(printf -- '--service\ns%d\n' {1..17})
run 2 ctl key issue "$me" "${many[@]}"

# Several services, networks and groups in one option, and in several.
run 0 ctl key issue "$me" --name list --service=sshd,nginx --service=dovecot --from=10.0.0.0/8,192.0.2.1
list=$out
run 0 ctl key show "$(id_of "$list")"
grep -qxE 'services +sshd,nginx,dovecot' <<<"$out" || fail "$out"
grep -qxE 'networks +10.0.0.0/8,192.0.2.1(/32)?' <<<"$out" || fail "$out"
verify "$me" --service nginx --rhost 10.1.2.3 <<<"$list" || fail "not good for nginx"
verify "$me" --service cron --rhost 10.1.2.3 <<<"$list" && fail "good for cron"
run 0 ctl --json key list --service=nginx,cron
has "$out" "$(id_of "$list")"
for wrong in 'sshd,' ',sshd' 'sshd,,nginx' 'sshd, nginx' ','; do
    run 2 ctl key issue "$me" --service="$wrong"
    run 2 ctl key issue "$me" --from="${wrong//[a-z]*/10.0.0.1,}"
done
