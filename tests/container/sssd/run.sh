#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: users of LDAP have keys as wfapikey-directory(7) says, with sssd and with nslcd: issue,
# login, removal, expiry in the directory, and directories that are down.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/packages
. "$WFAPIKEY_SOURCE/tests/packages"

page=$WFAPIKEY_SOURCE/man/wfapikey-directory.7.scd
lines_of() { block "; file: $1" "$page"; }
declare -A key
fresh() { key[$1]=$(wfapikeyctl key issue "$1"); }
accepted() { wfapikeyctl verify "$1" <<<"${key[$1]}"; }
refused() { ! accepted "$1" >/dev/null 2>&1; }
shown() { wfapikeyctl key show "$(id_of "${key[$1]}")" | grep -F -- "$2"; } # USER PART
everybody() { # accepted|refused
    local user
    for user in alice bob carol dave eve; do "$1" "$user" || return; done
}
looks() { wfapikeyctl reload; } # at everybody, at once
quietly() { "$@" </dev/null >"$work/quiet" 2>&1 || { not_ok "$*"; sed 's/^/    | /' "$work/quiet"; }; }

# --- A directory, with TLS ---

# No package starts its service: some begin with a configuration that is not there yet.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
debs=("${WFAPIKEY_DOWNLOADS:?}"/directory/*.deb)
sss=() ldap=()
for deb in "${debs[@]}"; do
    case ${deb##*/} in nslcd_* | libnss-ldapd_*) ldap+=("$deb") ;; *) sss+=("$deb") ;; esac
done
quietly packages_get install "${sss[@]}"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /etc/ldap/key.pem -out /etc/ldap/ca.pem \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
mkdir "$work/ldap"
cat >/etc/ldap/test.conf <<END
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile /etc/ldap/ca.pem
TLSCertificateKeyFile /etc/ldap/key.pem
database mdb
suffix dc=example
rootdn cn=admin,dc=example
rootpw admin
directory $work/ldap
END
ldap_up() { systemd-run -q --unit=test-slapd slapd -d 0 -h ldaps://localhost -f /etc/ldap/test.conf && wait_until listens 636; }
ldap_down() { systemctl stop test-slapd.service; }
to_ldap() { # PROGRAM ARGUMENT...
    LDAPTLS_CACERT=/etc/ldap/ca.pem "$1" -x -H ldaps://localhost -D cn=admin,dc=example -w admin "${@:2}" >"$work/ldap.out" 2>&1 || not_ok "$*: $(<"$work/ldap.out")"
}
change() { # USER ATTRIBUTE VALUE
    printf 'dn: uid=%s,dc=example\nchangetype: modify\nreplace: %s\n%s: %s\n' "$1" "$2" "$2" "$3" >"$work/change"
    to_ldap ldapmodify -f "$work/change"
}
person() { # NAME NUMBER
    printf '%s\n' "dn: uid=$1,dc=example" 'objectClass: account' 'objectClass: posixAccount' 'objectClass: shadowAccount' \
        "uid: $1" "cn: $1" "uidNumber: $2" "gidNumber: $2" "homeDirectory: /home/$1" 'loginShell: /bin/bash' \
        "userPassword: secret-of-$1" "shadowLastChange: $(($(date +%s) / 86400))" 'shadowMax: 90' ''
}
test_that "a directory starts" ldap_up
{
    printf '%s\n' 'dn: dc=example' 'objectClass: dcObject' 'objectClass: organization' 'o: x' 'dc: example' ''
    number=5000
    for user in alice bob carol dave eve; do person $user $((++number)); done
} >"$work/people"
to_ldap ldapadd -f "$work/people"

# --- sssd ---

install -m 0600 /dev/null /etc/sssd/sssd.conf
lines_of sssd.conf | sed 's/ldap.example.org/localhost/; s/dc=example,dc=org/dc=example/; s|/etc/ssl/certs/ca-certificates.crt|/etc/ldap/ca.pem|' >/etc/sssd/sssd.conf
test_that "wfapikey-directory(7) has a configuration" test -s /etc/sssd/sssd.conf
start_sssd() { systemctl reset-failed sssd.service; systemctl start sssd.service; }
test_that "sssd takes it" start_sssd
test_that "users are there" wait_until getent passwd alice eve
start_wfapikey || not_ok "the daemon starts"
lines_of pam >/etc/pam.d/test
login() { printf '%s\n' "${key[$1]}" | pamtester test "$1" authenticate acct_mgmt; }
no_login() { ! login "$1"; }

echo "# issue and login"
for user in alice bob carol dave eve; do test_that "$user gets a key" fresh $user; done
test_that "and all log in" wait_until everybody accepted
test_that "in a service with account, too" wait_until login alice
by_password() { printf %s "$2" | wfapikeyctl key issue --user "$1" --password --name "${3-password}"; } # USER PASSWORD
test_that "a password of the directory is enough for a key" by_password alice secret-of-alice
test_not "a wrong one is not" by_password alice secret-of-bob
useradd --system local
test_not "an unknown user gets none" fresh nobody-at-all

echo "# the directory is down"
ldap_down
looks
test_that "keys go on while sssd remembers the users" wait_until everybody accepted
systemctl restart wfapikeyd.service
test_that "after a start of the daemon, too" wait_until everybody accepted
systemctl stop sssd.service
rm -f /var/lib/sss/mc/*
looks
test_not "sssd is down, and nobody is there" getent passwd alice
test_that "keys go on all the same" wait_until everybody accepted
systemctl restart wfapikeyd.service
test_that "after a start of the daemon, too" wait_until everybody accepted
test_that "issue says that the user database does not answer" eval 'wfapikeyctl key issue somebody 2>&1 | grep "does not answer"'

echo "# sssd has lost its cache, and reaches no directory: it says that the users do not exist"
rm -rf /var/lib/sss/db/* /var/lib/sss/mc/*
start_sssd
wait_until test -S /var/lib/sss/pipes/nss
look_and_refuse() { looks && refused alice; }
test_that "the keys are refused" wait_until look_and_refuse
test_that "all of them" wait_until everybody refused
test_that "and have not ended" shown alice refused
test_that "they are held, because they are many" eval "wfapikeyctl account vanished | grep -x alice"
ldap_up
systemctl stop sssd.service
start_sssd
test_that "the directory is back" wait_until getent passwd alice
look_and_accept() { looks && everybody accepted; }
test_that "and the keys are good again" wait_until look_and_accept

echo "# changes in the directory"
change eve uidNumber 6005
sss_cache -u eve
looks
test_that "another number: refused" wait_until refused eve
test_that "and shown" shown eve "uid is 6005 now"
change eve uidNumber 5005
sss_cache -u eve
looks
test_that "with the old number accepted" wait_until accepted eve
to_ldap ldapdelete uid=bob,dc=example
looks
test_that "a user who is removed is in the cache of sssd still" wait_until accepted bob
sss_cache -u bob
looks
test_that "without it the key is refused" wait_until refused bob
test_that "and has not ended" shown bob refused
test_that "an administrator says that it is meant" wfapikeyctl account removed bob
test_that "and it has" wait_until shown bob revoked

echo "# expiry in the directory, which sssd tells PAM alone"
change carol shadowLastChange 100
change dave shadowExpire 100
sss_cache -E
looks
wfapikeyctl policy set remove-on-password-expiry=yes account-grace=none
test_that "the daemon does not know that a password has expired" wait_until accepted carol
test_that "nor that an account has" wait_until accepted dave
test_that "the line for account does: carol" no_login carol
test_that "dave" no_login dave
test_that "alice logs in" wait_until login alice

echo "# nslcd, which has shadow"
systemctl stop sssd.service
{
    printf '%s\n' 'uid nslcd' 'gid nslcd' 'uri ldaps://localhost/' 'base dc=example' 'tls_cacertfile /etc/ldap/ca.pem'
    # an administrator of the directory lets this host read shadow
    printf '%s\n' 'binddn cn=admin,dc=example' 'bindpw admin'
} >"$work/nslcd.conf"
wfapikeyctl policy set account-grace=1d remove-on-password-expiry=no
quietly packages_get install "${ldap[@]}"
install -m 0640 -g nslcd "$work/nslcd.conf" /etc/nslcd.conf
sed -i 's/ sss//; s/^\(passwd\|shadow\):.*/\1: files ldap/' /etc/nsswitch.conf
systemctl restart nslcd.service
test_that "users are there" wait_until getent passwd alice
test_that "and shadow, without passwords" eval "getent shadow carol | grep -F 'carol:*:100:'"
looks
test_that "an account that has expired: refused" wait_until refused dave
test_that "and shown" shown dave "account has expired"
test_that "a password that has expired is nothing without the policy" wait_until accepted carol
wfapikeyctl policy set remove-on-password-expiry=yes
test_that "with it, refused" wait_until refused carol
test_that "and shown" shown carol "password has expired"
test_that "others are not" wait_until accepted alice
systemctl stop nslcd.service
looks
test_that "nslcd is down: keys go on" wait_until accepted alice
systemctl restart wfapikeyd.service
test_that "after a start of the daemon, too" wait_until accepted alice
test_that "and what had expired has" refused dave
systemctl start nslcd.service
ldap_down
looks
test_that "the directory is down: keys go on" wait_until accepted alice
test_that "nobody else has lost a key" eval "[[ \$(wfapikeyctl key list --status revoked --columns owner | sort -u | grep -v OWNER) == bob ]]"

echo "# a group of the directory in the configuration"
printf '%s\n' 'dn: cn=keepers,dc=example' 'objectClass: posixGroup' 'cn: keepers' 'gidNumber: 7000' 'memberUid: alice' >"$work/group"
ldap_up
to_ldap ldapadd -f "$work/group"
mkdir -p /etc/wfapikey/wfapikeyd.conf.d
sed -i 's/^group:.*/group: files ldap/' /etc/nsswitch.conf
printf '%s\n' '[daemon]' 'admin-group = keepers' >/etc/wfapikey/wfapikeyd.conf.d/group.conf
test_that "it is found" wait_until wfapikeyctl reload
systemctl stop nslcd.service
test_not "when no directory answers, a reload changes nothing" wfapikeyctl reload
test_that "and keys go on" wait_until accepted alice
systemctl stop wfapikeyd.service
test_not "and a start fails" systemctl start wfapikeyd.service
systemctl start nslcd.service
systemctl reset-failed wfapikeyd.service
test_that "until it answers" wait_until systemctl start wfapikeyd.service
test_that "then keys are good again" wait_until accepted alice
finish
