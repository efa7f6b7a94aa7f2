#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the programs of wfapikey-integrate(7), as they stand there, issue, list and revoke keys and
# follow events. Those that are compiled are built by the commands that the page has.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"

page=$WFAPIKEY_SOURCE/man/wfapikey-integrate.7.scd
examples=/usr/share/doc/wfapikey/examples
start_wfapikey || not_ok "the daemon starts"
add_user alice
wfapikeyctl policy set max-keys-per-user=1000 || not_ok "the policy is set"
install -d -o alice "$work/programs"
cd "$work/programs" || exit 99

# A page has more keys than one answer of the daemon.
for ((i = 0; i < 201; i++)); do wfapikeyctl key issue alice --name many; done >"$work/many" || not_ok "keys are issued"
names() { cut -d ' ' -f 2 "$work/list" | sort | uniq -c | tr -s ' ' | paste -sd,; }
# Another python3 or go that a machine has under /usr/local does not see Debian's libraries.
with_debian() { as alice env PATH=/usr/bin:/bin HOME="$work/programs" "$@"; }
begun() { grep -qx following "$work/followed" || ! kill -0 "$pid" 2>/dev/null; }
refuses() { # NAME COMMAND...
    ! "${@:2}" >"$work/refused" 2>&1 && cat "$work/refused" && grep -q "$1" "$work/refused"
}

try() { # NAME WHAT-A-REFUSAL-SAYS COMMAND...
    local name=$1 says=$2 program=("${@:3}") key id
    key=$(with_debian "${program[@]}" issue alice)
    id=$(id_of "$key")
    test_that "$name: a key is issued, with its limits" wfapikeyctl verify alice --service sshd --rhost 10.1.2.3 <<<"$key"
    test_not "$name: and with no others" wfapikeyctl verify alice --service su --rhost 10.1.2.3 <<<"$key"
    with_debian "${program[@]}" list alice >"$work/list"
    test_that "$name: the list has more than one page" test "$(names)" = ' 1 example, 201 many'
    test_that "$name: the key is in it" grep -qx "$id example" "$work/list"
    test_that "$name: the key is revoked" test "$(with_debian "${program[@]}" revoke "$id")" = 1
    test_that "$name: a second time is refused" refuses "$says" with_debian "${program[@]}" revoke "$id"
    test_not "$name: the list has it no more" grep "$id" <(with_debian "${program[@]}" list alice)
}
follow() { # NAME COMMAND...
    local name=$1 id
    : >"$work/followed"
    with_debian timeout 100 "${@:2}" follow >"$work/followed" 2>&1 &
    pid=$!
    wait_until begun
    id=$(id_of "$(wfapikeyctl key issue alice --name followed)")
    seen() { grep -qx "issued $id" "$work/followed" || ! kill -0 "$pid" 2>/dev/null; }
    wait_until seen
    kill "$pid"
    wait "$pid" 2>/dev/null
    wfapikeyctl key remove "$id" || not_ok "the key is removed"
    test_that "$name: an event comes" grep -qx "issued $id" "$work/followed"
}

for name in sh py go c; do
    block "The program is _examples/keys.$name""_:" "$page" | sed 's/\\\\/\\/g' >"$work/keys.$name"
    test_that "keys.$name is that of the page" cmp "$work/keys.$name" "$examples/keys.$name"
    install -o alice -m 0644 "$work/keys.$name" .
done
built() { # MARK: by the command behind it
    with_debian timeout 250 bash -c "$(block "$1" "$page")"
}

if command -v jq >/dev/null; then
    try busctl 'is revoked' bash keys.sh
else echo "skip - there is no jq for the program in shell"; fi
if as alice env PATH=/usr/bin:/bin python3 -c 'import gi' 2>/dev/null; then
    try Gio Error.NotActive python3 keys.py
    follow Gio python3 keys.py
else echo "skip - there is no python3-gi"; fi
test_that "the program in C is built" built 'Build it with any compiler for C:'
try sd-bus Error.NotActive ./keys
follow sd-bus ./keys
test_not "no libdbus is in it" grep libdbus <(ldd ./keys)
rm keys
if [[ -d /usr/share/gocode/src/github.com/godbus && -x /usr/bin/go ]]; then
    test_that "the program in Go is built" built 'Build it with the compiler of golang-go:'
    try godbus Error.NotActive ./keys
    follow godbus ./keys
else echo "skip - there is no golang-go, or no golang-dbus-dev"; fi
finish
