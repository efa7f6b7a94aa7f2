#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: no local user stops the daemon, slows it so that it is of no use, or empties it: with idle
# connections, floods of nonsense or long messages. A full disk stops changes with a clear message,
# loses nothing and stops no login.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

# Puts the state on a file system of its own, which can be filled.
mkdir -p /var/lib/wfapikey && mount -t tmpfs -o size=48m,mode=0700 tmpfs /var/lib/wfapikey
start_wfapikey || not_ok "the daemon starts"
add_user alice
add_user mallory
key=$(wfapikeyctl key issue alice)
other=$(wfapikeyctl key issue alice)
verify() { timeout 60 wfapikeyctl verify alice <<<"$key"; }
test_that "a key is accepted" verify
pid=$(systemctl show -P MainPID wfapikeyd.service)

# shellcheck disable=SC2016 # perl's
as mallory perl -MSocket -e '
    my @held;
    for my $path ("/run/wfapikey/verify", "/run/wfapikey/control") {
        for (1 .. 600) {
            socket(my $s, AF_UNIX, $path =~ /verify/ ? SOCK_SEQPACKET : SOCK_STREAM, 0) or last;
            connect($s, sockaddr_un($path)) or last;
            push @held, $s;
        }
    }
    print "holding\n"; $| = 1; print ""; sleep 600;' >"$work/holding" &
holder=$!
wait_until grep -q holding "$work/holding" || not_ok "connections are held"
test_that "with 1200 idle connections of another user keys are accepted" verify
test_that "and root administers" wfapikeyctl policy show
kill "$holder"
wait "$holder" 2>/dev/null

# shellcheck disable=SC2016 # perl's
as mallory perl -MSocket -e '
    $SIG{PIPE} = "IGNORE"; $| = 1;
    print "flooding\n";
    for my $n (1 .. 3000000) {
        socket(my $s, AF_UNIX, SOCK_SEQPACKET, 0) or die;
        connect($s, sockaddr_un("/run/wfapikey/verify")) or next;
        send($s, $n % 3 ? join("", map { chr(rand(256)) } 1 .. rand(700)) : "WFK\1" . "x" x 522, 0);
    }' >"$work/flooding" &
flooder=$!
wait_until grep -q flooding "$work/flooding" || not_ok "the flood begins"
good=0 changed=0
for ((i = 0; i < 20; i++)); do
    verify >/dev/null 2>&1 && good=$((good + 1))
    timeout 60 wfapikeyctl key rename "$(id_of "$key")" "round $i" && changed=$((changed + 1))
done
test_that "during a flood of nonsense every key is accepted" test "$good" = 20
test_that "and every change is made" test "$changed" = 20
kill "$flooder"
wait "$flooder" 2>/dev/null

# A D-Bus message that claims to have 100 MiB, and one whose greeting never ends.
# shellcheck disable=SC2016 # perl's
as mallory perl -MSocket -e '
    $SIG{PIPE} = "IGNORE";
    socket(my $s, AF_UNIX, SOCK_STREAM, 0); connect($s, sockaddr_un("/run/wfapikey/control")) or die;
    syswrite($s, "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n" . "l\1\0\1" . pack("VVV", 100 << 20, 1, 110));
    my $sent = 0;
    for (1 .. 2000) { my $n = syswrite($s, "x" x 65536); last unless $n; $sent += $n; }
    exit($sent > 4 << 20);'
test_that "a message of 100 MiB is not taken" test $? = 0
# shellcheck disable=SC2016 # perl's
as mallory perl -MSocket -e '
    $SIG{PIPE} = "IGNORE";
    socket(my $s, AF_UNIX, SOCK_STREAM, 0); connect($s, sockaddr_un("/run/wfapikey/control")) or die;
    my $sent = 0;
    for (1 .. 200) { my $n = syswrite($s, "A" x 4096); last unless $n; $sent += $n; }
    exit($sent >= 200 * 4096);'
test_that "a greeting without end is not taken" test $? = 0
test_that "the daemon is the same process" test "$(systemctl show -P MainPID wfapikeyd.service)" = "$pid"
rss() { awk '/^RssAnon/ { print $2 }' "/proc/$pid/status"; }
test_that "and has not grown beyond reason ($(rss) KiB)" test "$(rss)" -lt 32768

head -c 64M /dev/zero >/var/lib/wfapikey/filler 2>/dev/null
test_that "on a full disk keys are accepted" verify
issue() { wfapikeyctl key issue alice >"$work/new" 2>"$work/err"; }
wfapikeyctl key issue alice --name more >/dev/null 2>"$work/err"
for ((i = 0; i < 60; i++)); do issue || break; [[ $i -lt 3 ]] || wfapikeyctl key remove "$(id_of "$(<"$work/new")")" 2>"$work/err" || break; done
test_that "changes end with a clear word: $(<"$work/err")" grep -qi "disk is full\|cannot be written\|max-keys" "$work/err"
for ((i = 0; i < 200; i++)); do wfapikeyctl key rename "$(id_of "$key")" "name $i" 2>"$work/err" || break; done
test_that "at last: $(<"$work/err")" grep -qi "disk is full" "$work/err"
test_that "keys are still accepted" verify
test_that "a revocation goes through" wfapikeyctl key revoke "$(id_of "$other")"
rm /var/lib/wfapikey/filler
test_that "with room again changes work" wait_until wfapikeyctl key rename "$(id_of "$key")" again
test_that "and revocation" wfapikeyctl key revoke "$(id_of "$key")"
test_not "which holds" verify
systemctl restart wfapikeyd.service
test_not "and goes on to hold" verify
finish
