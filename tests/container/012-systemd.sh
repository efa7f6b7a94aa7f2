#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: what systemd does for the daemon: the sandbox of the units, the pepper as a credential,
# reloads that say what is wrong and keep connections, drop-in configuration files, a second daemon,
# directories and groups, explanations in the journal.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

start_wfapikey || not_ok "the daemon starts"
add_user alice
key=$(wfapikeyctl key issue alice)
good() { wfapikeyctl verify alice "$@" <<<"$key"; }

# --- Units ---
exposure() { systemd-analyze security --no-pager "$1" | sed -n 's/.*Overall exposure level for .*: \([0-9.]*\) .*/\1/p'; }
at_most() { awk -v is="$1" -v most="$2" 'BEGIN { exit !(is != "" && is <= most) }'; }
level=$(exposure wfapikeyd.service)
test_that "systemd-analyze security: at most 1.0, it is $level" at_most "$level" 1.0
for unit in wfapikeyd.service wfapikeyd-verify.socket wfapikeyd-control.socket wfapikeyd@two.service wfapikeyd-verify@two.socket \
    wfapikeyd-control@two.socket wfapikey-mirror.service wfapikey-mirror.timer wfapikey-metrics.service wfapikey-metrics.timer; do
    systemd-analyze verify --man=no "$unit" >"$work/verify" 2>&1
    test_that "systemd-analyze verify says nothing of $unit" diff /dev/null "$work/verify"
done
# The sandbox is in force: this looks at it from within.
pid=$(systemctl show -P MainPID wfapikeyd.service)
field() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status"; }
test_that "no capability can ever be had" test "$(field CapBnd) $(field CapEff) $(field NoNewPrivs)" = '0000000000000000 0000000000000000 1'
test_that "the page of the pepper is locked" test "$(field VmLck)" != '0 kB'
within() { nsenter --target "$pid" --mount --net -- "$@"; }
for directory in /etc/wfapikey /usr /usr/sbin /opt /run /run/wfapikey /var /var/log; do
    test_not "it writes nothing in $directory" within touch "$directory/x"
done
for directory in /var/lib/wfapikey /tmp /var/tmp /dev/shm; do
    # shellcheck disable=SC2016 # for that shell
    test_not "nothing is run from $directory" within sh -c 'cp /bin/true "$1/t"; "$1/t"' sh "$directory"
done
test_that "its own directory is writable" within touch /var/lib/wfapikey/t
rm -f /var/lib/wfapikey/t
test_not "it sees no home" within ls /home/alice
test_not "its network is not the host's" test /proc/self/ns/net -ef "/proc/$pid/ns/net"

# Commands of the manual, each on one line.
whole() { sed ':more; /\(\\\\\|&&\)$/ { N; s/\(\\\\\)\{0,1\}\n */ /; b more }'; }

# --- The pepper as a credential ---
if systemd-creds setup >/dev/null 2>&1 && systemd-creds encrypt --name=probe - - <<<x >/dev/null 2>&1; then
    sealed=/etc/credstore.encrypted/wfapikey.pepper
    # shellcheck disable=SC2016 # no command
    mapfile -t commands < <(sed -n '/^# PEPPER/,/^# / { /^```/,/^```/ { /^```/!p } }' "$WFAPIKEY_SOURCE/man/wfapikeyd.8.scd" | whole)
    test_that "wfapikeyd(8) has the commands" test ${#commands[@]} = 3
    for command in "${commands[@]}"; do test_that "${command%% /*}" bash -c "$command"; done
    test_that "the pepper is sealed" test -s $sealed -a ! -e /var/lib/wfapikey/pepper
    test_that "the key is good as before" good
    head -c 32 /dev/urandom >"$work/other"
    cp $sealed "$work/sealed"
    systemd-creds encrypt --name=wfapikey.pepper "$work/other" $sealed 2>/dev/null
    systemctl stop wfapikeyd.service
    test_not "with another pepper no key is good" good
    systemd-creds decrypt --name=wfapikey.pepper "$work/sealed" /var/lib/wfapikey/pepper && chmod 0600 /var/lib/wfapikey/pepper
    rm $sealed
    test_that "with the right one it starts again, from the file" good
else
    echo "skip - the sealed pepper: systemd-creds seals nothing here"
fi

# --- Reload ---
conf=/etc/wfapikey/wfapikeyd.conf
wfapikeyctl audit list --follow >"$work/followed" 2>&1 &
follower=$!
followed() { grep -q "$1" "$work/followed"; }
good
pid=$(systemctl show -P MainPID wfapikeyd.service)
printf '[Peer nobody]\nservices = first\n' >$conf
test_that "a reload" systemctl reload wfapikeyd.service
test_not "and it is in force" as alice wfapikeyctl verify alice --service first <<<"$key"
printf '[Peer nobody]\nservices = second\n\n[daemon]\nadmin-grup = x\n' >$conf
test_not "a wrong file fails the reload" systemctl reload wfapikeyd.service
journalctl --sync
names_place() { journalctl -q -u wfapikeyd.service -o cat --no-pager | grep -F "$conf:5:1: " | grep -F 'admin-grup'; }
test_that "which names file, line, column and the key" wait_until names_place
test_not "what was in force stays so" as alice wfapikeyctl verify alice --service first <<<"$key"
test_that "and nothing of the wrong file is" as alice wfapikeyctl verify alice --service second <<<"$key"
test_that "the daemon is the same" test "$(systemctl show -P MainPID wfapikeyd.service)" = "$pid"
later=$(wfapikeyctl key issue alice)
test_that "connections outlive both" wait_until followed "$(id_of "$later")"
kill "$follower"
printf '[Peer nobody]\nservices = first\n' >$conf
mkdir -p $conf.d
printf '[Peer nobody]\nservices = third\n' >$conf.d/50-third.conf
test_that "a file beside it" systemctl reload wfapikeyd.service
test_not "takes the place of what was said before" as alice wfapikeyctl verify alice --service third <<<"$key"
test_that "key by key" as alice wfapikeyctl verify alice --service first <<<"$key"
rm -r $conf.d $conf
systemctl reload wfapikeyd.service || systemctl restart wfapikeyd.service

# --- A start with a wrong configuration ---
printf '[daemon]\nadmin-grup = x\n' >$conf
has_failed() { [[ $(systemctl show -P ActiveState wfapikeyd.service) == failed ]]; }
test_not "a start with a wrong file" systemctl restart wfapikeyd.service
test_that "is not tried again" has_failed
test_not "a login starts it, and fails" good
test_that "and that is not tried again" wait_until has_failed
rm $conf
test_that "the first login after the repair" good

# --- A second daemon ---
# shellcheck disable=SC2016 # no command
mapfile -t commands < <(sed -n '/^# SEVERAL DAEMONS/,/^# / { /^```/,/^```/ { /^```/!p } }' "$WFAPIKEY_SOURCE/man/wfapikeyd.8.scd" | whole)
test_that "wfapikeyd(8) has the commands for a second one" test ${#commands[@]} = 4
for command in "${commands[@]}"; do test_that "$command" bash -c "$command"; done
two=(--control=/run/wfapikey-two/control)
second=$(wfapikeyctl key issue alice "${two[@]}")
at_second() { wfapikeyctl verify alice --verify-socket=/run/wfapikey-two/verify <<<"$1"; }
test_that "its key is good there" at_second "$second"
test_not "and not at the first" wfapikeyctl verify alice <<<"$second"
test_not "the first one's is not good there" at_second "$key"
systemctl stop wfapikeyd@two.service wfapikeyd-verify@two.socket wfapikeyd-control@two.socket
test_that "the first goes on without it" good

# --- Directories and groups ---
systemctl stop wfapikeyd.service wfapikeyd-verify.socket wfapikeyd-control.socket
rm -rf /etc/wfapikey /run/wfapikey
chmod 0755 /var/lib/wfapikey
test_that "systemd-tmpfiles" systemd-tmpfiles --create wfapikey.conf
modes() { stat -c '%U %a %n' /run/wfapikey /var/lib/wfapikey /etc/wfapikey /etc/wfapikey/wfapikeyd.conf.d | tr '\n' ';'; }
test_that "makes the directories as they must be" test "$(modes)" = \
    'root 755 /run/wfapikey;root 700 /var/lib/wfapikey;root 755 /etc/wfapikey;root 755 /etc/wfapikey/wfapikeyd.conf.d;'
test_that "systemd-sysusers" systemd-sysusers wfapikey.conf
test_that "makes the groups" getent group wfapikey-admin wfapikey-developer
systemctl start wfapikeyd-verify.socket wfapikeyd-control.socket
test_that "and the daemon serves as before" good
useradd --no-create-home clerk
as_clerk() { setpriv --reuid=clerk --regid=clerk --init-groups -- wfapikeyctl "$@"; }
test_not "a user does not administer" as_clerk policy set admin-keys=yes
usermod -aG wfapikey-admin clerk
test_that "a member of wfapikey-admin does, without a configuration" as_clerk policy set admin-keys=yes

# --- A wrong configuration ---
printf '[daemon]\nadmin-group = no-such-group\n' >/etc/wfapikey/wfapikeyd.conf.d/wrong.conf
test_not "is no reason to reload" systemctl reload wfapikeyd
test_that "the daemon serves as before" good
rm /etc/wfapikey/wfapikeyd.conf.d/wrong.conf
test_that "a right one is" systemctl reload wfapikeyd

# --- Explanations ---
journalctl --update-catalog
wfapikeyctl key revoke "$(id_of "$key")"
mark
test_not "a revoked key is refused" good
wait_until said 'was revoked' || not_ok "the log says so"
explained() { journalctl --sync; LC_ALL=C journalctl -q -x -t wfapikeyd --no-pager | grep -E "^-- .*$1"; }
test_that "journalctl -x explains the refusal" wait_until explained 'revoked'
test_that "with a page to read" wait_until explained 'Documentation: man:wfapikey'
finish
