#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: W9: "Remove API key when a user's password expires", off by default, with the tools that
# administrators use. Changes of an account count at once. A directory that hangs delays nobody.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

declare -A key
fresh() { key[$1]=$(wfapikeyctl key issue "$1"); }
accepted() { wfapikeyctl verify "$1" <<<"${key[$1]}"; }
refused() { ! accepted "$1" >/dev/null 2>&1; }
shown() { # USER PART: "wfapikeyctl key show" has it
    wfapikeyctl key show "$(id_of "${key[$1]}")" | grep -F -- "$2"
}
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
# took TEXT CONDITION...: measures the time until the condition holds. Each look is a process that
# takes some milliseconds.
took() {
    local begun
    begun=$(now_ms)
    while ! "${@:2}" >/dev/null 2>&1; do
        (($(now_ms) - begun < 30000)) || { not_ok "$1"; return; }
    done
    ok "$1: $(($(now_ms) - begun)) ms"
}
# Waits until the daemon has seen a later change. So it has seen every earlier one.
seen() {
    chage -E 0 marker && wait_until refused marker && chage -E -1 marker && wait_until accepted marker
}
new_user() { add_user "$1" "secret-of-$1" && fresh "$1"; }

start_wfapikey || not_ok "the daemon starts"
# A clock that has run for less than an hour does not end keys with a password that it takes for
# expired, unless it goes on from a time that the daemon has trusted before.
change_store() { # SQL
    systemctl stop wfapikeyd-verify.socket wfapikeyd-control.socket wfapikeyd.service
    python3 -c 'import sqlite3, sys; db = sqlite3.connect("/var/lib/wfapikey/keys.db")
db.execute(sys.argv[1]); db.commit()' "$1"
    systemctl start wfapikeyd-verify.socket wfapikeyd-control.socket
}
change_store "INSERT INTO clock VALUES (1, $(date +%s))"
mark
new_user marker
for user in alice bob carol dave eve; do new_user $user; done
useradd service && fresh service # never had a password
for user in "${!key[@]}"; do test_that "$user's key is accepted" wait_until accepted "$user"; done

echo "# the policy is off"
chage -d 0 alice
chage -d 2000-01-01 -M 30 bob
passwd -q -l dave
test_that "changes are seen" seen
for user in alice bob dave; do test_that "an expired or locked password is nothing to $user's key" accepted $user; done
chage -E 0 eve
took "a closed account is refused all the same" refused eve
test_that "its key is not revoked" shown eve refused
chage -E -1 eve
took "opened again it is accepted" accepted eve

echo "# the policy is switched on, and keys are to end without a delay"
wfapikeyctl policy set remove-on-password-expiry=yes account-grace=none
test_that "alice's is refused at once" refused alice
test_that "bob's is" refused bob
test_that "dave's is" refused dave
# They end in the moments after the answer.
took "it ends with the reason" shown alice "the password must be changed"
took "with the date" shown bob "the password expired at 2000-02-01T00:00:00Z"
took "with the lock" shown dave "the password was locked"
test_that "carol's is not" accepted carol
test_that "who never had a password keeps the key" accepted service

for user in alice bob dave; do chage -d "$(date -u +%F)" -M 99999 $user; done
passwd -q -u dave
test_that "changes are seen" seen
test_that "a new password does not bring a key back" refused alice
for user in alice bob dave; do fresh $user; done
test_that "but a new key is accepted" wait_until accepted alice

echo "# as they happen"
each() { # TEXT USER REASON COMMAND...: the key ends by the command
    test_that "$2's is accepted" wait_until accepted "$2"
    "${@:4}"
    took "$1" refused "$2"
    wait_until shown "$2" revoked
    test_that "with the reason" shown "$2" "$3"
}
each "chage -d 0" alice "the password must be changed" chage -d 0 alice
each "passwd -l" bob "the password was locked" passwd -q -l bob
each "usermod -L" carol "the password was locked" usermod -L carol
usermod -U carol
test_that "changes are seen" seen
test_that "usermod -U does not bring it back" refused carol
each "chage -M" dave "the password expired at 2001-01-07T00:00:00Z" chage -d 2001-01-01 -M 5 dave
chage -M 99999 eve
usermod -L service
test_that "changes are seen" seen
test_that "chage -M 99999 is no end" accepted eve
test_that "nor is locking what is no password" accepted service

echo "# passwords that expire for a moment, and one that is meant to"
wfapikeyctl policy set account-grace=1d
new_user nina
slips() { # TEXT COMMAND...: refused, and accepted again by the second command
    test_that "nina is known" wait_until accepted nina
    "${@:2}" nina
    took "$1: refused" refused nina
    test_that "and shown so" wait_until shown nina refused
    chage -d "$(date -u +%F)" -M 99999 nina
    passwd -q -u nina 2>/dev/null
    test_that "$1: accepted again" wait_until accepted nina
}
slips "chage -d 0" chage -d 0
slips "chage -M" chage -d 2001-01-01 -M 5
slips "passwd -l" passwd -q -l
passwd -q -l nina
test_that "an administrator says that it is meant" wfapikeyctl account expired nina
test_that "and the key has ended" shown nina "the password was locked"

echo "# accounts that vanish for a moment"
for user in many{1..10}; do new_user "$user"; done
for user in many{1..10}; do test_that "$user is known" wait_until accepted "$user"; done
cp /etc/passwd "$work/passwd"
slip() { # TEXT PATTERN USER...: lines are missing, and are back a moment later
    local user
    grep -v "^$2:" "$work/passwd" >/etc/passwd
    for user in "${@:3}"; do
        test_that "$1: $user is refused" wait_until refused "$user"
        test_that "and shown so" wait_until shown "$user" "the account is gone"
        test_not "the key is not revoked" shown "$user" revoked
    done
    cat "$work/passwd" >/etc/passwd
    for user in "${@:3}"; do test_that "$1: $user is accepted again" wait_until accepted "$user"; done
}
mark
slip "one line" many1 many1
slip "ten lines" "many[0-9]*" many{1..10}
test_that "the log says so" wait_until said "10 accounts with keys are gone at one look"
usermod -u 4713 many1
test_that "another number is refused" wait_until refused many1
test_that "and shown" shown many1 "the account's uid is 4713 now"
test_not "and not revoked" shown many1 revoked
cat "$work/passwd" >/etc/passwd
test_that "with the old number it is accepted again" wait_until accepted many1

echo "# accounts that go, without a grace"
wfapikeyctl policy set account-grace=none
gone="the account was removed"
for user in frank grace heidi judy; do new_user $user; done
each "userdel" frank "$gone" userdel frank
again() { userdel grace && useradd --uid 4711 grace; }
each "userdel and useradd with another number" grace "the account was removed" again
each "usermod -l" heidi "$gone" usermod -l heidrun heidi
cat >"$work/editor" <<'END'
#!/bin/sh
sed '/^judy:/d' "$1" >"$1.new" && cat "$1.new" >"$1" && rm "$1.new"
touch -d '+9 seconds' "$1" # vipw notices a change by the time, in seconds
END
chmod 0755 "$work/editor"
each "vipw" judy "$gone" env EDITOR="$work/editor" vipw -q

new_user mallory
test_that "mallory is known" wait_until accepted mallory
cp /etc/passwd "$work/passwd"
# The file is written in place, as an editor or a full disk leaves it.
head -n 3 "$work/passwd" | head -c -3 >/etc/passwd
wait_until said "ends within a line"
test_that "half a passwd file is not believed" accepted mallory
cat "$work/passwd" >/etc/passwd
test_that "changes are seen" seen
test_that "and nobody has lost a key by it" accepted mallory

systemctl stop wfapikeyd-verify.socket wfapikeyd-control.socket wfapikeyd.service
userdel mallory
systemctl start wfapikeyd-verify.socket wfapikeyd-control.socket
test_that "removed while the daemon was stopped: refused" wait_until refused mallory
wait_until shown mallory revoked
test_that "with the reason" shown mallory "$gone"

echo "# linked users: olivia's key lives with peggy's password"
new_user olivia
new_user peggy
change_store "UPDATE key SET linked = 'peggy' WHERE owner = 'olivia'"
test_that "it is accepted" wait_until accepted olivia
chage -d 0 olivia
test_that "changes are seen" seen
test_that "her own password is nothing to it" accepted olivia
each "chage -d 0 for peggy" olivia "the password must be changed" chage -d 0 peggy

echo "# a directory that hangs"
new_user hang1
new_user victim
for user in hang1 victim; do test_that "$user is known" wait_until accepted $user; done
cat >"$work/hang.c" <<'END'
#include <errno.h>
#include <nss.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>
enum nss_status _nss_hang_getpwnam_r(const char *name, struct passwd *pw, char *buffer, size_t len, int *error) {
        while (strncmp(name, "hang", 4) == 0)
                pause();
        if (strcmp(name, "remote1") != 0)
                return NSS_STATUS_NOTFOUND;
        if (len < 64) {
                *error = ERANGE;
                return NSS_STATUS_TRYAGAIN;
        }
        memcpy(buffer, "remote1\0*\0/\0/bin/sh", 20);
        *pw = (struct passwd){ buffer, buffer + 8, 7001, 7001, buffer + 18, buffer + 10, buffer + 12 };
        return NSS_STATUS_SUCCESS;
}
END
libraries=$(ldconfig -p | awk '/libc.so.6/ { print $NF; exit }')
test_that "a directory is made" gcc -shared -fPIC -o "${libraries%/*}/libnss_hang.so.2" "$work/hang.c"
ldconfig
sed -i 's/^passwd:.*/passwd: files hang/' /etc/nsswitch.conf
test_that "the directory answers" id remote1
mark
sed -i '/^hang1:/d' /etc/passwd # most other tools would ask the directory and hang
took "a user who may have moved there is refused" refused hang1
took "while it hangs, passwd -l is seen" eval 'passwd -q -l victim; refused victim'
many() {
    local i
    for ((i = 0; i < 100; i++)); do accepted eve >/dev/null 2>&1 || return; done
}
begun=$(now_ms)
jobs=()
for i in 1 2 3 4; do many & jobs+=($!); done
lost=0
for job in "${jobs[@]}"; do wait "$job" || lost=$((lost + 1)); done
test_that "400 verifications meanwhile, none refused, $(($(now_ms) - begun)) ms in all" test $lost = 0
took "key issue for another one in the directory" fresh remote1
test_that "its key is accepted" wait_until accepted remote1
took "key list" wfapikeyctl key list
took "key revoke" wfapikeyctl key revoke "$(id_of "${key[remote1]}")"
test_that "the daemon names the user that the directory does not answer for" wait_until said "nobody says whether user 'hang1' exists"
test_that "the key of that one is not revoked" shown hang1 refused
timeout 60 wfapikeyctl key issue hang2 >/dev/null 2>&1 &
issuing=$!
sleep 0.2 # sent by now; if not, less is shown
took "while a key is asked for one who hangs: key list" timeout 20 wfapikeyctl key list
took "key revoke" timeout 20 wfapikeyctl key revoke "$(id_of "${key[hang1]}")"
test_that "verifications" accepted eve
wait $issuing
test_that "that key is refused in the end" test $? != 0
finish
