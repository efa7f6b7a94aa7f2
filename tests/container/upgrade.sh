#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: packages of earlier commits are upgraded to those of today, while users log in and others
# write. No login fails, none is let in that must not be, nothing acknowledged is lost, and what was
# there is there. Then back, as wfapikeyd(8) has it, and forward again.
#
# WFAPIKEY_OLD has the packages, a directory for each commit: tests/old-packages made them.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"
# shellcheck source=tests/scenario/schema/tables.sh
. "${0%/*}/../scenario/schema/tables.sh"

olds=("${WFAPIKEY_OLD-/nowhere}"/*/)
if [[ ! -d ${olds[0]} ]]; then
    echo "skip - upgrades: WFAPIKEY_OLD has no packages of an earlier commit (needs a checkout with its history)"
    exit 0
fi
plain='' bound='' revoked='' with_certificate='' gone='' before='' after='' # keys
state=/var/lib/wfapikey
db=$state/keys.db
# The old daemons could hang at their end while clients of the control socket authenticated, until
# systemd killed them 30 s later.
mkdir -p /run/systemd/system/wfapikeyd.service.d
printf '%s\n' '[Service]' TimeoutStopSec=500ms >/run/systemd/system/wfapikeyd.service.d/end.conf
for user in alice bob carol; do add_user "$user"; done
# shellcheck disable=SC2016 # for the script to expand
printf '%s\n' '#!/bin/sh' 'touch "${0%/*}/authenticated"' 'until [ -e "${0%/*}/upgraded" ]; do sleep 0.05; done' >"$work/between"
chmod 0755 "$work/between"

login() { pamtester "${3-upgrade}" "$1" authenticate acct_mgmt <<<"$2"; } # USER KEY [SERVICE]
verify() { wfapikeyctl verify "$1" "${@:3}" <<<"$2"; }                   # USER KEY [OPTION]...
issue() { wfapikeyctl key issue "$@" 2>>"$work/err"; }
ctl() { wfapikeyctl "$@"; }

# --- What there is before -------------------------------------------------------------------

certificates() { # a CA, a client, and a client whose certificate is revoked
    local name pki=$work/pki
    mkdir "$pki" && : >"$pki/index"
    printf '%s\n' '[ca]' 'default_ca = here' '[here]' "database = $pki/index" "certificate = $pki/root.pem" "private_key = $pki/root.key" \
        "new_certs_dir = $pki" 'default_md = sha256' 'policy = any' 'rand_serial = yes' 'default_crl_days = 7' 'x509_extensions = client' \
        '[any]' 'commonName = supplied' '[client]' 'basicConstraints = critical,CA:FALSE' 'extendedKeyUsage = clientAuth' >"$pki/cnf"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$pki/root.key" -subj /CN=Root -days 30 -out "$pki/root.pem" \
        -addext keyUsage=critical,keyCertSign,cRLSign || return
    for name in good revoked; do
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$pki/$name.key" -subj "/CN=$name" -out "$pki/$name.csr" &&
            openssl ca -batch -notext -config "$pki/cnf" -in "$pki/$name.csr" -out "$pki/$name.pem" -days 20 || return
    done
    openssl ca -config "$pki/cnf" -revoke "$pki/revoked.pem" && openssl ca -config "$pki/cnf" -gencrl -out "$pki/crl"
}
lay_out() {
    plain=$(issue alice --name plain) && bound=$(issue alice --service upgrade --from 192.0.2.0/24) &&
        revoked=$(issue bob --name stolen) && ctl key revoke "$(id_of "$revoked")" --reason 'lost phone' &&
        with_certificate=$(issue bob --name certificate --require-certificate) &&
        gone=$(issue bob) && ctl key remove "$(id_of "$gone")" &&
        before=$(issue alice --name rotated) && after=$(ctl key rotate "$(id_of "$before")" --overlap 7d) &&
        ctl cert add "$work/pki/root.pem" --ca && ctl cert add "$work/pki/good.pem" && ctl cert crl "$work/pki/crl" &&
        ctl policy set max-lifetime=100d &&
        ctl mirror keygen >"$work/public" && rm -f "$work/backup" &&
        ctl backup create --to "$(<"$work/public")" "$work/backup" && ctl audit verify
}
from_there() { verify alice "$bound" --service upgrade --rhost 192.0.2.1; }
not_from_here() { ! verify alice "$bound" --service upgrade --rhost 198.51.100.1; }
certified() { verify bob "$with_certificate" --certificate "$work/pki/$1.pem"; }
decided_as_before() { # WHEN
    test_that "$1: a key logs in" login alice "$plain"
    test_that "$1: one for a service and a network, there" from_there
    test_that "$1: and not elsewhere" not_from_here
    test_that "$1: a key in its overlap" login alice "$before"
    test_that "$1: and the one after it" login alice "$after"
    test_not "$1: a revoked key does not" login bob "$revoked"
    test_not "$1: nor a removed one" login bob "$gone"
    test_not "$1: nor another user's" login bob "$plain"
    test_not "$1: nor one without the certificate that it needs" verify bob "$with_certificate"
    test_that "$1: with the certificate it does" certified good
    test_not "$1: with a revoked one it does not" certified revoked
    test_that "$1: the audit log is whole" ctl audit verify
    test_that "$1: the key of mirrors is the same" test "$(ctl mirror show-key)" = "$(<"$work/public")"
}

# --- The load -------------------------------------------------------------------------------

log_in_on() { # until it is told to stop
    while [[ ! -e $work/stop ]]; do
        if login alice "$plain"; then echo good; else echo "FAILED good"; fi
        if login bob "$revoked"; then echo "FAILED revoked"; else echo refused; fi
    done >"$work/logins" 2>"$work/logins.err"
}
write_on() { # each line is what was acknowledged
    local key new
    while [[ ! -e $work/stop ]]; do
        key=$(wfapikeyctl key issue carol) || { echo "unknown"; continue; }
        echo "live $key"
        if new=$(wfapikeyctl key reset "$(id_of "$key")"); then printf '%s\n' "dead $key" "live $new"; else echo "unknown $key"; fi
        key=$(wfapikeyctl key issue carol) || { echo "unknown"; continue; }
        echo "live $key"
        if wfapikeyctl key revoke "$(id_of "$key")"; then echo "dead $key"; else echo "unknown $key"; fi
    done >"$work/writes" 2>"$work/writes.err"
}
# The old daemon ends within a call or two, and answers these no more. Then the client says so.
writes_are_known() { ! grep -v -e 'a change may have been made' -e 'cannot reach wfapikeyd' "$work/writes.err" && [[ $(grep -c ^unknown "$work/writes") -le 2 ]]; }
written() { [[ $(grep -c ^dead "$work/writes") -ge $1 && $(grep -c ^good "$work/logins") -ge $1 ]]; }
all_is_kept() {
    local what key
    declare -A is=()
    while read -r what key; do [[ -z $key ]] || is[$key]=$what; done <"$work/writes"
    for key in "${!is[@]}"; do
        what=dead
        ! verify carol "$key" || what=live
        [[ ${is[$key]} == "$what" || ${is[$key]} == unknown ]] || { echo "$key is $what, and ${is[$key]} was acknowledged"; return 1; }
    done
}
unfailed() { ! grep -n FAILED "$1"; } # FILE
same_rows() { # all of the copy are in the store, but for those that the load has changed
    tables "$schema" "$db.schema-$schema" "owner <> 'carol'" >"$work/rows-before" &&
        tables "$schema" "$db" "owner <> 'carol'" >"$work/rows-after" && [[ $(wc -l <"$work/rows-before") -gt 20 ]] &&
        ! grep -Fxv -f "$work/rows-after" "$work/rows-before"
}

# --- There and back -------------------------------------------------------------------------

# The commands of the manual, with the numbers of this upgrade.
way_back() { # PACKAGES
    {
        # As apt does it, from files, and without asking.
        declare -f install_packages apt
        printf 'work=%q old=%q\n' "$work" "$1"
        awk '/^\*To go back/ { here = 1 } here && /^```/ { if (inside) exit; inside = 1; next } inside' "$WFAPIKEY_SOURCE/man/wfapikeyd.8.scd" |
            sed -e 's/\\\\$/\\/' -e "s/schema-9/schema-$schema/" -e "s|>changes|>$work/changes|"
    } >"$work/back"
    grep -q "schema-$schema" "$work/back" && grep -q "^apt install wfapikey=" "$work/back" && bash -eux "$work/back"
}
# shellcheck disable=SC2154,SC2317 # in that script
apt() { install_packages "$old" --allow-downgrades; }
version() { sqlite3 "$db" "PRAGMA user_version"; }
installed_are() { cmp /usr/sbin/wfapikeyd <(dpkg-deb --fsys-tarfile "$1"/wfapikey_*.deb | tar -xO ./usr/sbin/wfapikeyd); }

services() { # which the packages do not let go
    printf '%s\n' 'auth required pam_wfapikey.so' 'account required pam_wfapikey.so' >/etc/pam.d/upgrade
    printf '%s\n' 'auth required pam_wfapikey.so' "account optional pam_exec.so $work/between" \
        'account required pam_wfapikey.so' >/etc/pam.d/upgrade-late
}
upgrade_from() { # DIRECTORY OF PACKAGES
    local name=${1%/} pids=() late good since
    name=${name##*/}
    services
    rm -f "$work"/{stop,authenticated,upgraded}
    test_that "$name: installs" install_packages "$1"
    ctl policy set enabled=yes max-keys-per-user=1000 || not_ok "$name: keys can be enabled"
    test_that "$name: gets keys, certificates, a list, policies" lay_out
    schema=$(version)
    decided_as_before "$name"
    log_in_on &
    pids+=($!)
    write_on &
    pids+=($!)
    login alice "$plain" upgrade-late >"$work/late" 2>&1 &
    late=$!
    wait_until written 3 || not_ok "$name: there is load"
    wait_until test -e "$work/authenticated" || not_ok "$name: a login is under way"
    test_that "$name, schema $schema: is upgraded" install_packages "$work/new"
    good=$(grep -c ^dead "$work/writes")
    touch "$work/upgraded"
    test_that "$name: a login that began before ends well" wait "$late"
    wait_until written $((good + 5)) || not_ok "$name: load goes on"
    touch "$work/stop"
    wait "${pids[@]}"
    test_that "$name: $(grep -c . "$work/logins") logins meanwhile, each decided as it must be" unfailed "$work/logins"
    test_that "$name: $(grep -c . "$work/writes") writes meanwhile, each acknowledged or said to be unknown" writes_are_known
    test_that "$name: what was acknowledged is there" all_is_kept
    test_that "$name: the store is of today" test "$(version)" = "$newest"
    [[ $schema == "$newest" ]] || test_that "$name: nothing else has changed" same_rows
    decided_as_before "$name, upgraded"

    since=$(issue alice)
    test_that "$name: a key is revoked after the upgrade" ctl key revoke "$(id_of "$after")"
    [[ $schema == "$newest" ]] || go_back "$1"
    # The names of columns of schema 8 keep hashes out that are not right any more.
    if [[ $schema -lt 8 ]]; then
        test_not "$name: a backup of before is not read" ctl backup restore --yes "$work/backup"
    else
        test_that "$name: a backup of before is read" ctl backup restore --yes "$work/backup"
    fi
    decided_as_before "$name, from the backup"
    rm /etc/pam.d/upgrade{,-late}
    test_that "$name: is purged" dpkg --purge libpam-wfapikey wfapikey
}
go_back() { # DIRECTORY OF PACKAGES
    test_that "$name: back, by the manual" way_back "$1"
    test_that "$name: that is the old daemon" installed_are "$1"
    test_that "$name: and the old store" test "$(version)" = "$schema"
    grep -q "$(id_of "$after")" "$work/changes" || not_ok "$name: what was done is noted"
    decided_as_before "$name, back" # with the key that was revoked, as the manual says
    test_not "$name: a key of the time between does not log in" login alice "$since"
    rm -f "$db.newer"
    test_that "$name: forward again" install_packages "$work/new"
    decided_as_before "$name, forward again"
    test_that "$name: the store is of today again" test "$(version)" = "$newest"
}

certificates >"$work/openssl" 2>&1 || not_ok "there are certificates: $(tail -n 3 "$work/openssl")"
test_that "there are newer packages" newer_packages "$work/new"
newest=$(find "${0%/*}/../scenario/schema" -name '*.sql' -printf '%f\n' | sort -n | tail -n 1) newest=${newest%.sql}
for old in "${olds[@]}"; do upgrade_from "$old"; done
finish
