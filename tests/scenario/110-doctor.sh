#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: doctor finds nothing wrong on a good host. It finds each broken thing (sockets, modes,
# pepper, store, PAM lines), names it and says what to do. Its exit status is that of the worst
# finding.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

pam=$dir/pam.d
mkdir "$pam"
: >"$dir/pam_wfapikey.so"
chmod 0644 "$dir/pam_wfapikey.so"
doctor() { ctl doctor --server-uid="$(id -u)" --module="$dir/pam_wfapikey.so" --pam-dir="$pam" "$@"; }
options="socket=$WFAPIKEY_VERIFY"
cat >"$pam/common-auth" <<END
auth [success=1 default=ignore] pam_unix.so nullok
auth requisite pam_deny.so
auth required pam_permit.so
END
sed 's/^auth/account/; s/nullok//' "$pam/common-auth" >"$pam/common-account"
good() { # SERVICE: README's lines in front of Debian's
    cat >"$pam/$1" <<END
auth    [success=done auth_err=die authinfo_unavail=die default=ignore]   pam_wfapikey.so $options
account required   pam_wfapikey.so $options
@include common-auth
@include common-account
END
}
good sshd
good su

# No daemon runs: 3, and doctor checks the rest.
run 3 doctor
has "$out" "the socket $WFAPIKEY_VERIFY: No such file"
has "$out" "a verification as"

conf=$dir/wfapikeyd.conf
echo "#" >"$conf"
chmod 0644 "$conf"
start
run 0 ctl policy set enabled=yes
run 0 doctor
[[ $out != *warning* && $out != *error* ]] || fail "there is nothing wrong: $out"
has "$out" "$WFAPIKEY_VERIFY is served by uid $(id -u)"
has "$out" "2 services ask pam_wfapikey"
has "$out" "a key that does not exist is refused"
has "$out" "the key store is sound"
has "$out" "is the one that the keys were made with"
run 0 doctor --json
has "$out" '"severity":"ok","check":"clock"'
[[ $out == '['*']' ]] || fail "that is no array: $out"
[[ $EUID != 0 ]] || logged "no key has this id"

# found TEXT ADVICE: the worst finding is a warning or an error, with this text and this advice
found() {
    run 6 doctor
    has "$out" "$1"
    has "$out" "$2"
}
fine() { run 0 doctor; }

chmod 0755 "$dir/state"
found "the state directory is open to others (mode 0755)" "chmod"
chmod 0700 "$dir/state"
chmod 0644 "$dir/state/keys.db"
found "keys.db is open to others" "chmod"
chmod 0600 "$dir/state/keys.db"
mv "$dir/state/pepper" "$dir/pepper"
found "the file pepper cannot be read" "restore it from a backup"
head -c 32 /dev/urandom >"$dir/state/pepper"
chmod 0600 "$dir/state/pepper"
found "not the pepper that the keys were made with" "put the right one back"
mv "$dir/pepper" "$dir/state/pepper"
fine
printf '[daemon]\nadmin-grup = adm\n' >"$conf"
found "the next start will fail: $conf:2:1: unknown key" "systemctl reload wfapikeyd"
echo "#" >"$conf"
fine

chmod 0600 "$WFAPIKEY_VERIFY"
if [[ $EUID == 0 ]]; then
    run 6 doctor
    has "$out" "has mode 0600"
    has "$out" "as nobody got no answer: Permission denied"
fi
chmod 0666 "$WFAPIKEY_VERIFY"
chmod 0777 "$dir"
found "can write $dir" "replace the socket"
chmod 0755 "$dir"
mv "$WFAPIKEY_VERIFY" "$dir/away"
found "the socket $WFAPIKEY_VERIFY: No such file" "systemctl enable --now"
mv "$dir/away" "$WFAPIKEY_VERIFY"
run 6 ctl doctor --server-uid=54321 --module="$dir/pam_wfapikey.so" --pam-dir="$pam"
has "$out" "is served by uid $(id -u) and not by uid 54321"
run 6 ctl doctor --server-uid="$(id -u)" --module="$dir/none.so" --pam-dir="$pam"
has "$out" "$dir/none.so: No such file"
fine

# The clock is behind the newest change: a key was made tomorrow.
if command -v sqlite3 >/dev/null; then
    run 0 ctl key issue "$me"
    id=$(id_of "$out")
    run 0 sqlite3 "$dir/state/keys.db" "UPDATE key SET created_at = created_at + 86400 WHERE id = '$id'"
    found "behind the newest change of a key" "set the clock"
    run 0 ctl key remove "$id"
    fine

    # Mirrors were imported and backups made, and that has stopped.
    run 0 sqlite3 "$dir/state/keys.db" \
        "REPLACE INTO mirror VALUES (1, 0, x'', 0, unixepoch() - 16 * 86400, unixepoch() - 34 * 86400)"
    found "the last mirror was imported 16 days ago" wfapikey-mirror.timer
    [[ $out != *"last backup"* ]] || fail "a backup of five weeks is not old: $out"
    run 0 sqlite3 "$dir/state/keys.db" "UPDATE mirror SET imported_at = 0, backed_up_at = unixepoch() - 36 * 86400"
    found "the last backup was made 36 days ago" "backup create"
    run 0 sqlite3 "$dir/state/keys.db" 'DELETE FROM mirror'
    fine
fi

# PAM lines: each wrong one is named with file and line.
wrong() { # WHERE TEXT; the service test on standard input
    cat >"$pam/test"
    run 6 doctor
    has "$out" "$1"
    has "$out" "$2"
    rm "$pam/test"
}
wrong test:2 'FAILS OPEN: a login succeeds' <<END
account required pam_wfapikey.so $options
auth optional pam_wfapikey.so $options
auth required pam_permit.so
END
wrong test:2 'FAILS OPEN: account lets a login pass' <<END
auth [success=done auth_err=die authinfo_unavail=die default=ignore] pam_wfapikey.so $options
account [default=ignore] pam_wfapikey.so $options
@include common-auth
@include common-account
END
wrong test:1 'passwords do not log in any more' <<END
auth required pam_wfapikey.so $options
account required pam_wfapikey.so $options
@include common-auth
@include common-account
END
for control in sufficient '[success=done default=ignore]'; do # as older manuals had it
    wrong test:1 'a refused key goes on to the modules below' <<END
auth $control pam_wfapikey.so $options
account required pam_wfapikey.so $options
@include common-auth
@include common-account
END
    has "$out" 'write auth [success=done auth_err=die authinfo_unavail=die default=ignore] pam_wfapikey.so'
done
wrong test:2 'LOCKS OUT: account refuses' <<END
auth [success=done auth_err=die authinfo_unavail=die default=ignore] pam_wfapikey.so $options
account required pam_wfapikey.so $options
@include common-auth
END
wrong test:1 'has no account line' <<END
auth [success=done auth_err=die authinfo_unavail=die default=ignore] pam_wfapikey.so $options
@include common-auth
@include common-account
END
wrong test:1 "'timout=1' is not an option" <<END
auth required pam_wfapikey.so timout=1
account required pam_wfapikey.so $options
END
wrong test:2 "there is no socket $dir/elsewhere" <<END
auth required pam_wfapikey.so $options
account required pam_wfapikey.so socket=$dir/elsewhere
END
wrong test:1 'includes a file that does not exist' <<END
auth required pam_wfapikey.so $options
@include gone
END
printf 'account required pam_wfapikey.so %s\n@include common-auth\n@include common-account\n' "$options" >"$pam/test"
run 0 doctor
has "$out" "test:1: service test: has an account line for pam_wfapikey and no auth line"
rm "$pam/test"
printf 'auth required pam_wfapikey.so %s\naccount required pam_wfapikey.so %s\n' "$options" "$options" >"$pam/nginx"
run 0 doctor
has "$out" "a worker of nginx waits"
rm "$pam/nginx"
chmod 0666 "$pam/su"
found "can write $pam/su" "chmod go-w"
chmod 0644 "$pam/su"

# A service that another one includes is checked as well.
printf 'auth include su\naccount include su\n' >"$pam/su-l"
sed -i 's/^account required/account optional/' "$pam/su"
found "su:2: service su, su-l: FAILS OPEN" "account required"
rm "$pam/su-l"
good su

# A fault in an included file is reported once, with all services that include it.
sed -i '1i auth optional pam_wfapikey.so timout=1' "$pam/common-auth"
run 6 doctor
is "$(grep -c "is not an option" <<<"$out")" 1
has "$out" "common-auth:1"
sed -i 1d "$pam/common-auth"
fine

# The daemon tells other users less.
if [[ $EUID == 0 ]]; then
    chmod 0711 "$dir"
    run 0 setpriv --reuid=daemon --regid=daemon --clear-groups -- "$WFAPIKEYCTL" doctor --module="$dir/pam_wfapikey.so" --pam-dir="$pam"
    has "$out" "tells administrators alone"
    chmod 0755 "$dir"
fi

# A file that includes itself does not make doctor loop.
printf 'auth include loop\nauth required pam_wfapikey.so %s\n' "$options" >"$pam/loop"
run 6 doctor
has "$out" "loop:"
