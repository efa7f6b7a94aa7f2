#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a group or user of the configuration that is removed loses its rights, the next one with its
# number has none of them, and it has them again when it is back. All that without a reload.

# shellcheck source=tests/scenario/etc.sh
. "${0%/*}/etc.sh"

replace() { # NAME TEXT
    printf '%s\n' "$2" >"/etc/$1.new"
    mv "/etc/$1.new" "/etc/$1"
}
groups=$(grep -vE '^wfapikey-(admin|reader):' /etc/group)
users=$(</etc/passwd)
all_groups=$groups$'\nwfapikey-admin:x:64330:\nwfapikey-reader:x:64331:\ndevs:x:64332:\nissuers:x:64333:'
all_users=$users$'\nmailsvc:x:64340:64340::/:/bin/sh\nfleetsvc:x:64341:64341::/:/bin/sh'
others_groups=$groups$'\nnew0:x:64330:\nnew1:x:64331:\nnew2:x:64332:\nnew3:x:64333:'
others_users=$users$'\nnew0:x:64340:64340::/:/bin/sh\nnew1:x:64341:64341::/:/bin/sh'
replace group "$all_groups"
replace passwd "$all_users"
cat >"$dir/conf" <<'CONF'
[daemon]
developer-group = devs
fleet-user = fleetsvc
[Peer mailsvc]
services = imap
[Realm mail]
services = dovecot
suffix = @example.org
issuers = issuers
CONF
conf=$dir/conf
install -m 0755 "$WFAPIKEYCTL" "$dir/ctl"

start
run 0 ctl policy set enabled=yes
run 0 ctl key issue daemon --service imap
key=$out
run 0 ctl key issue mail:a@example.org
mail=$out
printf '[daemon]\nadmin-group =\n' >"$conf" # is read by no one

as() { setpriv --reuid="$1" --regid="$2" --clear-groups "$dir/ctl" "${@:3}" >/dev/null 2>&1; }
admin() { as 64350 64330 policy get; }
reader() { as 64350 64331 key show "$(id_of "$key")"; }
peer() { setpriv --reuid="$1" --regid=64350 --clear-groups "$dir/ctl" verify --server-uid=0 --service=imap daemon <<<"$key" >/dev/null 2>&1; }
issuer() { as 64350 64333 key show "$(id_of "$mail")"; }
all_have() { admin && reader && issuer && peer 64340; }
none_has() { ! admin && ! reader && ! issuer && ! peer 64340; }

all_have || fail "those who are named do not have their rights"
peer 64350 && fail "a tied service was claimed by another"

# --- The names are gone

replace group "$groups"
replace passwd "$users"
wait_until none_has
logged "the group 'wfapikey-admin' is not in /etc/group any more"
logged "the user 'mailsvc' is not there any more"
as daemon daemon key issue daemon && fail "without its name the developer group let everybody issue"

# --- Their numbers are others'

replace group "$others_groups"
replace passwd "$others_users"
run 0 ctl status
admin && fail "the next group with the number administers"
none_has || fail "the next owners of the numbers have rights"

# --- They are back, one of them with another number

replace group "$all_groups"
replace passwd "${all_users/mailsvc:x:64340/mailsvc:x:64345}"
is_back() { admin && reader && issuer && peer 64345; }
wait_until is_back
peer 64340 && fail "the number of before has rights"
logged "the user 'mailsvc' is there now"

# --- At once: the group gets another number while it is there

replace group "${all_groups/wfapikey-admin:x:64330/wfapikey-admin:x:64339}"
gone() { ! admin; }
wait_until gone
as 64350 64339 policy get || fail "the new number of the group does not administer"
# --- Half a number, and a file without anybody: a program is writing, or the disk was full

half=${all_groups%wfapikey-reader*}
replace group "${half/wfapikey-admin:x:64330/wfapikey-admin:x:64339}"
wait_until as 64350 64339 policy get
printf '%s' "${groups}"$'\nwfapikey-admin:x:6433' >/etc/group
logged "'/etc/group' ends within a line"
as 64350 6433 policy get && fail "half a number administers"
as 64350 64339 policy get || fail "the group lost its rights by a file that is not whole"
: >/etc/passwd
logged "'/etc/passwd' has no root"
peer 64345 || fail "a service is nobody's by an empty file"
replace passwd "$all_users"
replace group "$all_groups"
wait_until admin
wait_until peer 64340
# It ends so, and stays so.
printf '%s' "${groups}"$'\nwfapikey-admin:x:64338:' >/etc/group
wait_until as 64350 64338 policy get

grep -q 'configuration read again' "$dir/daemon.log" && fail "the configuration was read again"
exit 0
