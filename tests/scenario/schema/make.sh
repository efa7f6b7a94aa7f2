#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Makes a store of the schema that WFAPIKEYD has, and prints it as SQL. In this directory:
#
#   sudo WFAPIKEYD=... WFAPIKEYCTL=... ./make.sh >NUMBER.sql
#
# Comments in the text have what is not in the database: the pepper, certificates, and logins with
# what this daemon answered. A command that the version does not know is left out.
#
# The versions with the schemas 1 to 5 made keys of 64 characters, and no later version reads these.
# For 1.sql to 5.sql they were built with KEYTEXT_SECRET_LEN as it is now.
[[ -n ${UNSHARED-} ]] || UNSHARED=1 exec unshare --mount "$0"
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/../lib.sh"
# shellcheck source=tests/scenario/pki.sh
. "${0%/*}/../pki.sh"

# --- A host with few accounts, which every Debian has; but leaver

cp -a /etc "$dir/etc"
mount --bind "$dir/etc" /etc
chmod 0755 /etc
passwd() { # LINE...
    printf '%s\n' root:x:0:0::/root:/bin/sh daemon:x:1:1::/:/bin/sh bin:x:2:2::/:/bin/sh "$@" >/etc/passwd.new
    mv /etc/passwd.new /etc/passwd
}
printf '%s:*:19000:0:99999:7:::\n' root daemon bin leaver >/etc/shadow
passwd leaver:x:64321:64321::/:/bin/sh

logins=() certs=()
key='' id=''
login() { # USER KEY [OPTION]...: which certificate is named, not which file
    local options=() option answer=refused
    for option in "${@:3}"; do
        options+=("${option/#--certificate=/--certificate=$pki/}")
    done
    verify "$1" "${options[@]}" <<<"$2" && answer=accepted
    logins+=("-- $answer $* ")
}
issue() { # OPTION...
    key=$(ctl key issue "$@" 2>>"$dir/left-out") && id=$(id_of "$key")
}
try() { ctl "$@" >"$dir/out" 2>>"$dir/left-out"; }
has_ended() { ! verify "$1" <<<"$2"; }

start
ctl policy set enabled=yes lifetime=none max-keys-per-user=100 || exit

# --- Keys of each status

issue root && before=$key
ctl key remove-all --yes 2>>"$dir/left-out" && login root "$before"
issue root --name=plain && login root "$key" && login daemon "$key"
issue root --name='backup job' --expires=2100-01-01 --service=sshd --service=Imap --from=192.0.2.0/24 --from=2001:db8::/32 || exit
login root "$key" --service=sshd --rhost=192.0.2.7
login root "$key" --service=Imap --rhost=2001:db8::7

login root "$key" --service=ftp --rhost=192.0.2.7
login root "$key" --service=sshd --rhost=192.0.3.7
login root "$key" --service=sshd
issue daemon && ctl key revoke "$id" --reason='stolen, it is said' && login daemon "$key"
issue daemon && ctl key remove "$id" && login daemon "$key"
issue bin && old=$key && key=$(ctl key reset "$id") && login bin "$old" && login bin "$key"
issue bin && ctl key rename "$id" 'another name' && login bin "$key"
issue root --expires=1m && sqlite3 "$dir/state/keys.db" "UPDATE key SET expires_at = created_at + 1 WHERE id = '$id'"
expired=$key
issue bin --link=daemon --name=linked && login bin "$key"
issue bin --name=overlap && old=$key && key=$(ctl key rotate "$id" --overlap=1s 2>>"$dir/left-out") &&
    wait_until has_ended bin "$old" && login bin "$old" && login bin "$key"
issue bin --name=first-use && ctl key rotate "$id" --until-first-use >/dev/null 2>>"$dir/left-out" && login bin "$key"
# The versions with the first schemas go on to accept it. A newer one does not, so it is no login of
# theirs.
issue leaver && passwd
for ((i = 0; i < 100; i++)); do
    verify leaver <<<"$key" || { login leaver "$key" && break; }
    sleep 0.05
done

# --- Certificates: registered, issued by a registered CA, revoked, and none

pki_client() { # NAME SERIAL
    pki_key "$1"
    pki_database root
    printf '%b\n' "$pki_client" >"$pki/$1.ext"
    pki_run openssl req -new -key "$pki/$1.key" -subj "/O=Example/CN=$1" -out "$pki/$1.csr"
    pki_run openssl ca -batch -notext -config "$pki/root.cnf" -in "$pki/$1.csr" -out "$pki/$1.pem" \
        -extfile "$pki/$1.ext" -startdate 20200101000000Z -enddate 21000101000000Z
    openssl x509 -in "$pki/$1.pem" -outform DER -out "$pki/$1"
    certs+=("-- certificate $1 $(od -An -v -tx1 "$pki/$1" | tr -d ' \n')")
}
pki_cert root root /O=Example/CN=Root "$pki_ca" -days 26000
if try cert add "$pki/root.pem" --ca; then
    pki_client registered
    pki_client unregistered
    pki_client revoked
    ctl cert add "$pki/registered" >/dev/null || exit
    pki_run openssl ca -config "$pki/root.cnf" -revoke "$pki/revoked.pem"
    pki_run openssl ca -config "$pki/root.cnf" -gencrl -crldays 26000 -out "$pki/crl"
    ctl cert crl "$pki/crl" >/dev/null || exit
    issue root --name=certificate --require-certificate
    for name in registered unregistered revoked; do login root "$key" --certificate=$name; done
    login root "$key"
    issue root --name=bound --certificate=registered
    for name in registered unregistered; do login root "$key" --certificate=$name; done
    issue root --name=proof --require-proof && login root "$key" --certificate=registered
    ctl policy set require-certificate:Squid=yes || exit
    issue root --name=policy && login root "$key" --service=Squid
    login root "$key" --service=Squid --certificate=registered
    login root "$key" --service=ftp
fi
login root "$expired"
# Somebody who uses sudo, where the kernel has login uids.
(echo 4242 >/proc/self/loginuid && try key issue root --name=by-somebody) 2>/dev/null
if try mirror keygen; then try mirror export --to="$(<"$dir/out")" "$dir/mirror"; fi
! ctl audit list >/dev/null 2>&1 || ctl audit verify >/dev/null || exit
stop

# --- The text

pepper=$(od -An -v -tx1 "$dir/state/pepper" | tr -d ' \n')
version=$(sqlite3 "$dir/state/keys.db" "PRAGMA user_version")
echo "-- The store of a daemon with schema $version, made by make.sh. It never changes."
echo "-- pepper $pepper"
printf '%s\n' "${certs[@]}" "${logins[@]% }"
echo "PRAGMA application_id = $(sqlite3 "$dir/state/keys.db" "PRAGMA application_id");"
echo "PRAGMA user_version = $version;"
sqlite3 "$dir/state/keys.db" .dump
echo "version $version, not known: $(sort "$dir/left-out" | uniq -c)" >&2
