#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a process that ends leaves no secret in its memory: the daemon, each of its helpers, and
# each command that has had a key or a password. While the daemon runs, the pepper is in locked
# memory that goes into no core, and there alone. A daemon that crashes writes no core.
#
#   WFAPIKEY_LOGINS=20 how many logins
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

autopsy=${abs_top_builddir:?}/tests/scenario/autopsy
[[ $(id -u) -eq 0 ]] || skip "only root may look at the daemon"
# A sanitizer keeps what was freed.
grep -q __asan_init "$WFAPIKEYD" 2>/dev/null && skip "a sanitizer keeps what was freed"
# shellcheck source=tests/scenario/pki.sh
. "${0%/*}/pki.sh"

secrets=$dir/secrets report=$dir/report
: >"$secrets"
: >"$report"
planted=0
hex() { od -An -v -tx1 "$@" | tr -d ' \n'; }
# Parts, because a part may be left where the whole is not.
plant() { # NAME TEXT
    local i
    planted=$((planted + 1))
    for ((i = 0; i + 14 <= ${#2}; i += 14)); do
        printf '%s %s\n' "$1-$planted" "$(printf %s "${2:i:14}" | hex)" >>"$secrets"
    done
}
plant_key() { plant "$1" "${2:15:42}"; } # NAME KEY: its last digits are a checksum
plant_file() {                           # NAME FILE: of 32 bytes
    printf '%s %s\n' "$1" "$(hex -N 16 "$2")" "$1" "$(hex -j 16 "$2")" >>"$secrets"
}
ended() { # REPORT PART: a process with this in its line has ended, and was looked at
    wait_until grep -q "^process .*$2" "$1"
}
clean() { # REPORT WHAT
    ! grep '^found\|cannot be looked at' "$1" || fail "$2 ends with a secret in its memory: $(<"$1")"
}

# A secret that is there is found, and so is a core. This shell has its script in its memory.
plant control "this text is in the memory"
# shellcheck disable=SC2016 # for that shell
bash -c 'cd "$1" && ulimit -c unlimited; exec "${@:2}"' bash "$dir" \
    "$autopsy" "$secrets" "$dir/report.control" /bin/sh -c ': this text is in the memory; /bin/true; kill -ABRT $$' 2>/dev/null
ended "$dir/report.control" 'signal 6'
wait_until grep -qx over "$dir/report.control"
has "$(<"$dir/report.control")" "found control-1"
grep -q 'core 1' "$dir/report.control" || echo "this host writes no cores, so those of the daemon are not looked at"
rm -f "$dir"/core*

# Also where the limits would allow a core: the programs themselves do not.
printf '#!/bin/bash\ncd %q && ulimit -c unlimited; exec %q %q %q %q "$@"\n' "$dir" "$autopsy" "$secrets" "$report" "$WFAPIKEYD" >"$dir/wfapikeyd"
chmod +x "$dir/wfapikeyd"
WFAPIKEYD=$dir/wfapikeyd
conf=$dir/wfapikeyd.conf
printf '[Peer daemon]\nservices = first\n' >"$conf"
start --debug
run 0 ctl policy set enabled=yes max-keys-per-user=100
plant_file pepper "$dir/state/pepper"
run 0 ctl mirror keygen
plant_file mirror-key "$dir/state/mirror.key"
printf '. %s\n' "$dir/out" >>"$secrets" # the keys that a command has printed
pki_layout
pki_cert other middle /CN=other "$pki_client"
cat "$pki/middle.pem" "$pki/root.pem" >"$pki/cas.pem"
run 0 ctl cert add --ca "$pki/cas.pem"

# --- Commands ---
# dissect NAME STATUS [ARGUMENT]...: a command that has a secret ends without it
dissect() {
    local status
    "$autopsy" "$secrets" "$dir/report.$1" "$WFAPIKEYCTL" "${@:3}" >"$dir/out" 2>"$dir/err"
    status=$?
    is "$1 $status $(<"$dir/err")" "$1 $2 $(<"$dir/err")"
    out=$(<"$dir/out")
    wait_until grep -qx over "$dir/report.$1"
    ended "$dir/report.$1" wfapikeyctl
    clean "$dir/report.$1" "'$1'"
}
dissect issue 0 key issue "$me" --name planted
key=$out
is "${#key}" 63
plant_key issued "$key"
dissect issue-json 0 --json key issue "$me"
dissect reset 0 key reset "$(id_of "$key")"
plant_key reset "$out"
dissect rotate 0 key rotate "$(id_of "$key")"
key=$out
plant_key rotated "$key"
dissect draw 0 key draw
dissect verify 0 verify "$me" --server-uid=0 <<<"$key"
dissect verify-wrong 6 verify nobody-else --server-uid=0 <<<"$key"
dissect scan 6 scan - <<<"the key is $key"
dissect certificate 0 key issue "$me" --require-certificate
trusted=$out
plant_key trusted "$trusted"
dissect verify-certificate 0 verify "$me" --server-uid=0 --certificate="$pki/other.pem" --timeout=60s <<<"$trusted"
dissect backup 0 backup create "$dir/backup"
dissect restore 0 backup restore --yes "$dir/backup"
password="the password of nobody at all"
plant password "$password"
if [[ -e /etc/pam.d/other || -e /etc/pam.d/wfapikey ]]; then
    dissect password 4 key issue --user "$me" --password <<<"$password"
    ended "$report" --helper=password
fi
for ((i = 0; i < ${WFAPIKEY_LOGINS:-20}; i++)); do
    verify "$me" <<<"$key" || fail "the key is not accepted"
    verify nobody-else <<<"$key" && fail "another user gets in"
done
dissect burn 0 key burn <<<"$key"

# A command that crashes while it has a key.
mkfifo "$dir/typed"
bash -c 'cd "$1" && ulimit -c unlimited; exec "${@:2}"' bash "$dir" \
    "$autopsy" "$secrets" "$dir/report.crash" /usr/bin/setpriv --reuid=daemon --regid=daemon --clear-groups -- "$WFAPIKEYCTL" key burn <"$dir/typed" 2>/dev/null &
crashes=$!
children+=("$crashes")
exec {typed}>"$dir/typed"
waits_for_more() { [[ $(readlink "/proc/$crashes/exe") == */wfapikeyctl ]] && grep -qE '^State:\s*S' "/proc/$crashes/status"; }
wait_until waits_for_more
is "$(stat -c %u "/proc/$crashes/mem")" 0 # nor do debuggers of its user get to it
kill -ABRT "$crashes"
ended "$dir/report.crash" 'signal 6, core 0'
exec {typed}>&-

# --- The daemon and its helpers ---
run 0 ctl reload
ended "$report" --helper=account
ended "$report" --helper=certificate
ended "$report" --helper=configuration

# Locked (lo) and kept out of cores (dd), and not on any stack or heap.
"$autopsy" "$secrets" "$daemon" >"$dir/live"
is "$(grep -c 'found pepper .* lo .*dd ' "$dir/live") of $(grep -c '^found' "$dir/live")" "2 of 2"
stop
ended "$report" "--state-dir"
"$WFAPIKEYD" --salvage --state-dir="$dir/state" >"$dir/out" 2>&1
ended "$report" "--salvage"
clean "$report" "the daemon or a helper"

start --debug
: >"$report"
stop ABRT
ended "$report" 'signal 6, core 0.*--state-dir'
