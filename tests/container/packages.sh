#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the Debian packages are installed, sshd takes a key after three commands of README, they are
# upgraded while logins go on, removed, installed again and purged. Passwords and su work at every
# step, and nothing is left that is not documented.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

for name in wfapikey libpam-wfapikey; do
    test_that "the package $name was built" compgen -G "$WFAPIKEY_PACKAGES/${name}_*.deb"
done
[[ $failures == 0 ]] || finish
remove() { DEBIAN_FRONTEND=noninteractive dpkg --remove "$@"; }

add_user alice 'correct horse 7'
add_user bob 'battery staple 8'
install -d /run/sshd
ssh-keygen -q -t ed25519 -N '' -f "$work/host_key"
printf '%s\n' "HostKey $work/host_key" 'ListenAddress 127.0.0.1' 'Port 2222' 'UsePAM yes' 'PasswordAuthentication no' \
    'KbdInteractiveAuthentication yes' >"$work/sshd_config"
# Newer ones turn an address away that has come with wrong passwords.
! /usr/sbin/sshd -t -f "$work/sshd_config" -o PerSourcePenalties=no || echo 'PerSourcePenalties no' >>"$work/sshd_config"
systemd-run --quiet --unit=test-sshd /usr/sbin/sshd -D -e -f "$work/sshd_config"
wait_until bash -c ': </dev/tcp/127.0.0.1/2222' || not_ok "sshd starts"
# shellcheck disable=SC2016 # for the script to expand
printf '#!/bin/sh\ncat "$ANSWER"\n' >"$work/askpass" && chmod 0755 "$work/askpass"

login() { # USER SECRET
    (umask 077 && printf '%s\n' "$2" >"$work/answer")
    ANSWER=$work/answer SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force timeout 120 ssh -p 2222 -F none -l "$1" \
        -o PreferredAuthentications=keyboard-interactive -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o NumberOfPasswordPrompts=1 -o LogLevel=ERROR 127.0.0.1 'id -un; env' </dev/null
}
su_to() { # USER SECRET: as a user that su asks for it
    [[ $(setpriv --reuid=65534 --regid=65534 --clear-groups -- su "$1" -c 'id -un' <<<"$2" 2>/dev/null | tail -n 1) == "$1" ]]
}
passwords_work() { # WHEN
    test_that "$1: a password logs in by ssh" login bob 'battery staple 8'
    test_not "$1: a wrong one does not" login bob 'battery staple 9'
    test_that "$1: su takes a password" su_to alice 'correct horse 7'
    test_not "$1: su takes no wrong one" su_to alice 'correct horse 8'
    # cron asks only for the account.
    ! command -v pamtester >/dev/null || test_that "$1: an account without a login is as it was" pamtester su bob acct_mgmt
}

# All files that packages may add or change, and the contents of the PAM files.
list_files() {
    find /etc /usr /var/lib /run/systemd/generator /run/wfapikey -xdev \( -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/lib/PackageKit -o -path /var/lib/systemd/timers \
        -o -path /etc/apparmor.d/cache \) -prune -o ! -type d -print -o -type d -print 2>/dev/null |
        grep -vE '^/etc/(passwd|shadow|group|gshadow|sub[ug]id)-?$|/random-seed$|^/var/lib/private' | sort
}
stacks() { cat /etc/pam.d/common-*; }
list_files >"$work/before"
refuse_at_once
for file in /etc/pam.d/common-*; do cp -p "$file" "$work/"; done
stacks >"$work/stacks"
stacks_are_as_before() { diff "$work/stacks" <(stacks); }
passwords_work "before"

# --- Installed ------------------------------------------------------------------------------

test_that "the packages install" install_packages
is() { [[ $(systemctl "$1" "$2") == "$3" ]]; }
for unit in wfapikeyd-verify.socket wfapikeyd-control.socket; do
    test_that "$unit is enabled" is is-enabled $unit enabled
    test_that "$unit listens" is is-active $unit active
done
test_that "the daemon does not run before it is asked" is is-active wfapikeyd.service inactive
test_that "it will at the next boot" is is-enabled wfapikeyd.service enabled
test_that "nothing is copied to other hosts" is is-enabled wfapikey-mirror.timer disabled
test_that "no stack has changed" stacks_are_as_before
passwords_work "installed"
if command -v apparmor_parser >/dev/null; then
    test_that "the AppArmor profile is one" apparmor_parser -QTK /etc/apparmor.d/usr.sbin.wfapikeyd
    [[ -e /sys/kernel/security/apparmor/profiles ]] || echo "skip - AppArmor: this kernel has none, so what the profile allows was not tried"
else
    echo "skip - the AppArmor profile: needs apparmor_parser"
fi
for page in man8/wfapikeyd.8 man8/pam_wfapikey.8 man1/wfapikeyctl.1 man5/wfapikeyd.conf.5 man7/wfapikey-services.7; do
    test_that "the manual page $page is there" test -s /usr/share/man/$page.gz
done

# --- Three commands -------------------------------------------------------------------------

mapfile -t commands < <(sed -n '/<!-- packages: three commands -->/,/^[^ <]/ s/^    sudo //p' "$WFAPIKEY_SOURCE/README.md")
test_that "README.md has three commands" test ${#commands[@]} = 3
for command in "${commands[@]}"; do
    # The last command prints the key.
    if key=$(eval "$command" 2>"$work/err"); then ok "$command"; else not_ok "$command: $(<"$work/err")"; fi
done
test_that "sshd takes the key" login alice "$key"
test_that "as that user, and knows the key" grep -qx "WFAPIKEY_ID=$(id_of "$key")" <(login alice "$key")
test_not "another user does not get in with it" login bob "$key"
test_not "su, for which it is not, does not take it" su_to alice "$key"
passwords_work "enabled"
test_that "enabling it again changes nothing" pam-auth-update --enable wfapikey
check_stack() { [[ $(grep -c pam_wfapikey.so "/etc/pam.d/$1") == "$2" ]]; }
test_that "auth has it once" check_stack common-auth 1
test_that "account has it once" check_stack common-account 1

systemctl stop wfapikeyd-verify.socket wfapikeyd-control.socket wfapikeyd.service
passwords_work "daemon down"
test_not "daemon down: a key logs nobody in" login alice "$key"
systemctl start wfapikeyd-verify.socket wfapikeyd-control.socket
test_that "the daemon is back" login alice "$key"
complaints() { journalctl -q --no-pager _PID=1 | grep -E '/wfapikey[^ ]*:[0-9]+: '; }
test_not "systemd has no complaint about a line of the units" complaints

# The daemon stops between the two questions of one login. A login with a key is refused, and one
# with a password is not.
if command -v pamtester >/dev/null; then
    printf '%s\n' '#!/bin/sh' 'systemctl stop wfapikeyd-verify.socket wfapikeyd-control.socket wfapikeyd.service' 'sleep 1.1' >"$work/down"
    chmod 0755 "$work/down"
    printf '%s\n' '@include common-auth' "account optional pam_exec.so $work/down" '@include common-account' >/etc/pam.d/sshd-late
    whole_key=$(wfapikeyctl key issue alice --name everywhere)
    late() { pamtester sshd-late alice authenticate acct_mgmt <<<"$1"; }
    test_not "the daemon goes down within a login: one with a key is refused" late "$whole_key"
    test_that "and one with a password is not" late 'correct horse 7'
    systemctl start wfapikeyd-verify.socket wfapikeyd-control.socket
    printf '%s\n' '@include common-auth' '@include common-account' >/etc/pam.d/sshd-late
    test_that "with the daemon up the same key passes both" late "$whole_key"
    rm /etc/pam.d/sshd-late
    wfapikeyctl key remove "$(id_of "$whole_key")"
else
    echo "skip - a daemon that goes down within a login: needs pamtester"
fi

# --- Upgraded -------------------------------------------------------------------------------

test_that "there is a newer version" newer_packages "$work/new"
ask_on() { # counts logins until it is told to stop
    local good=0 bad=0
    while [[ ! -e $work/stop ]]; do
        if wfapikeyctl verify alice --service sshd <<<"$key" >>"$work/verify" 2>&1; then good=$((good + 1)); else bad=$((bad + 1)); fi
        echo "$good $bad" >"$work/count.new" && mv "$work/count.new" "$work/count"
    done
}
counted() { [[ $(cut -d' ' -f1 "$work/count") -ge $1 ]]; }
pid=$(systemctl show -P MainPID wfapikeyd.service)
install -D -m 0644 /dev/stdin /etc/wfapikey-two/wfapikeyd.conf <<<"#"
systemctl start wfapikeyd-control@two.socket
wfapikeyctl status --control=/run/wfapikey-two/control >/dev/null
second_pid() { systemctl show -P MainPID wfapikeyd@two.service; }
second=$(second_pid)
sockets=$(stat -c %i /run/wfapikey/verify /run/wfapikey/control)
ask_on &
asker=$!
wait_until counted 5
test_that "the packages are upgraded" install_packages "$work/new"
read -r before _ <"$work/count"
wait_until counted $((before + 20))
touch "$work/stop"
wait "$asker"
read -r good bad <"$work/count"
test_that "$good verifications meanwhile, and none failed" test "$bad" = 0
new_process() { [[ $(systemctl show -P MainPID wfapikeyd.service) != "$pid" ]]; }
test_that "another process answers now" new_process
second_new() { [[ $(second_pid) != "$second" && $(second_pid) != 0 ]]; }
test_that "that of an instance, too" second_new
test_that "on the same sockets" test "$(stat -c %i /run/wfapikey/verify /run/wfapikey/control)" = "$sockets"
test_that "the profile is still enabled" check_stack common-auth 1
test_that "the key is still good" login alice "$key"
passwords_work "upgraded"

# --- Removed --------------------------------------------------------------------------------

cp -p /etc/pam.d/sshd "$work/sshd.saved"
sed -i '1i account required pam_wfapikey.so' /etc/pam.d/sshd
test_not "while a line written by hand names it, the module is not removed" remove libpam-wfapikey
cp "$work/out" "$work/refusal"
test_that "the message names the file" grep -q '/etc/pam.d/sshd' "$work/refusal"
test_that "and keys go on" login alice "$key"
passwords_work "removal refused"
cp -p "$work/sshd.saved" /etc/pam.d/sshd

test_that "the packages are removed" remove libpam-wfapikey wfapikey
test_that "the stacks are as before" stacks_are_as_before
passwords_work "removed"
test_not "a key does not log in any more" login alice "$key"
test_that "the keys are kept" test -s /var/lib/wfapikey/keys.db
gone() { ! compgen -G '/run/wfapikey/*' && ! systemctl --no-legend list-units 'wfapikey*' | grep .; }
test_that "sockets and daemon are gone" gone

# --- Again, and for good ---------------------------------------------------------------------

test_that "the packages install again" install_packages
test_that "the stacks are still as before" stacks_are_as_before
test_that "the profile can be enabled again" pam-auth-update --enable wfapikey
test_that "the key of before is good again" login alice "$key"
passwords_work "installed again"

echo '[daemon]' >/etc/wfapikey/wfapikeyd.conf.d/50-mine.conf
test_that "the packages are purged" dpkg --purge libpam-wfapikey wfapikey
cp "$work/out" "$work/purge"
test_that "which says that it removes the keys" grep -q '/var/lib/wfapikey' "$work/purge"
passwords_work "purged"
test_that "the stacks are as before it all" stacks_are_as_before
# pam-auth-update keeps the older files. It notes in a file of its own that it knows the profile.
list_files | grep -v '^/etc/pam\.d/common-[a-z-]*\.pam-old$' >"$work/after"
# Missing directories are those that in-container had emptied: deb-systemd-helper removes them. The
# packages that ours depend on stay until "apt autoremove".
sed -E 's,^/lib/,/usr/lib/,' /var/lib/dpkg/info/*.list | sort -u >"$work/others"
nothing_new() { ! comm -13 "$work/before" "$work/after" | comm -23 - "$work/others" | grep .; }
test_that "the keys of an instance stay, as README.md says" test -s /var/lib/wfapikey-two/keys.db
sed -i -E '\,^/(etc|var/lib)/wfapikey-two(/|$),d' "$work/after"
test_that "nothing else is left" nothing_new
finish
