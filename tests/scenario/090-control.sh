#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the control socket is D-Bus that busctl speaks: introspection, calls, named errors.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
command -v busctl >/dev/null || skip "no busctl"

start
bus() { busctl --address="unix:path=$WFAPIKEY_CONTROL" "$@"; }
object=(org.wfapikey1 /org/wfapikey1)
call() { bus --json=short call "${object[@]}" org.wfapikey1.Manager "$@"; }

# Introspection tells of each method and signal, with the names of their arguments, what CONTROL
# says, word for word.
signatures() { # of XML
    awk -F '"' '
        function args(list, type, name) { return list (list == "" ? "" : ", ") type " " name }
        function end() {
            if (kind == "method") print member "(" taken ") -> (" given ")"
            else print "Signal " member "(" taken ")"
            kind = ""
        }
        /<interface / { ours = $2 == "org.wfapikey1.Manager" }
        ours && /<(method|signal) / { kind = /<method / ? "method" : "signal"; member = $2; taken = given = "" }
        ours && /<arg / { if ($6 == "out") given = args(given, $2, $4); else taken = args(taken, $2, $4) }
        kind != "" && (/<\/(method|signal)>/ || /<(method|signal) [^>]*\/>/) { end() }' | sort
}
run 0 bus --xml-interface introspect "${object[@]}"
signatures <<<"$out" >"$dir/introspected"
grep -E '^(Signal )?[A-Z][A-Za-z]*\(' "$top_srcdir/common/CONTROL" | sort >"$dir/written"
grep -qxF 'IssueKey(s user, a{sv} options) -> (s id, s key)' "$dir/introspected" || fail "not understood: $out"
diff "$dir/introspected" "$dir/written" >"$dir/diff" || fail "'<' is what busctl shows, '>' is in CONTROL: $(<"$dir/diff")"
signatures <"$abs_top_builddir/daemon/control/org.wfapikey1.Manager.xml" >"$dir/installed"
diff "$dir/introspected" "$dir/installed" >"$dir/diff" ||
    fail "'<' is what busctl shows, '>' is in the file that is installed: $(<"$dir/diff")"
run 0 bus introspect "${object[@]}" org.wfapikey1.Manager
[[ $out =~ \.GetKey\ +method\ +s\ +a\{sv\} ]] || fail "busctl shows: $out"

run 1 call IssueKey 'sa{sv}' "$me" 0
has "$err" "disabled"
run 0 call SetPolicy 'a{ss}' 2 enabled yes max-keys-per-user 1000
run 0 call IssueKey 'sa{sv}' "$me" 3 name s bus expires s P30D services as 2 sshd nginx
has "$out" '"type":"ss"'
id=$(sed 's/.*"data":\["\([^"]*\)".*/\1/' <<<"$out")
run 0 call GetKey s "$id"
has "$out" '"sshd"'
run 0 call RevokeKeys ass 1 "$id" "tried"
run 1 call RevokeKeys ass 1 "$id" "again"
has "$err" "for ever"
run 1 call RevokeKeys ass 0 ""
run 1 call GetKey s "wfk_not_an_id"
run 1 call ListKeys 'a{sv}' 1 limit u 201
run 1 call ListKeys s x
run 1 call NoSuchMethod

# Options: the daemon knows those that CONTROL lists, with these types. It refuses all others in the
# same words for every method. A row below has a method, the signature of its arguments, an option
# that is right, and the arguments before the options.
listed() { # METHOD
    awk -v method="$1(" 'index($0, method) == 1 { ours = 1; next } ours && /^$/ { exit } ours && /^        [^ ]/ { inside = /:$/ }
        ours && inside && /^          [^ ]/ { sub(/:$/, "", $2); print $1, $2 }' "$top_srcdir/common/CONTROL"
}
refused() { # TEXT CALL...
    run 1 call "${@:2}"
    has "$err" "$1"
}
run 0 call IssueKey 'sa{sv}' "$me" 0
id=$(sed 's/.*"data":\["\([^"]*\)".*/\1/' <<<"$out")
while IFS='|' read -r method signature fine first; do
    IFS=' ' read -ra args <<<"$first"
    IFS=' ' read -ra good <<<"$fine"
    mapfile -t options < <(listed "${method/WithPassword/}" && if [[ $method == *WithPassword ]]; then listed "$method"; fi)
    [[ ${#options[@]} -ge 2 ]] || fail "CONTROL lists no options of $method"
    known=$(printf '%s\n' "${options[@]% *}" | sed ':a; N; $!ba; s/\n/, /g')
    refused "Unknown option 'colour': known are $known." "$method" "$signature" "${args[@]}" 1 colour s red
    refused "Unknown option 'a\\x1bb'" "$method" "$signature" "${args[@]}" 2 "${good[@]}" $'a\eb' s red
    refused "The option '${good[0]}' came twice." "$method" "$signature" "${args[@]}" 2 "${good[@]}" "${good[@]}"
    for option in "${options[@]}"; do
        refused "The option '${option% *}' has the type ${option#* }, and not y." "$method" "$signature" "${args[@]}" \
            1 "${option% *}" y 1
    done
done <<END
IssueKey|sa{sv}|name s x|$me
IssueKeyWithPassword|ssa{sv}|name s x|$me secret
ListKeys|a{sv}|owner s $me|
RotateKey|sa{sv}|overlap s 1h|$id
ExplainKey|sa{sv}|user s $me|$id
AddCertificates|aaya{sv}|ca b true|0
ListAudit|a{sv}|user s $me|
ListFleetAudit|a{sv}|user s $me|
MirrorImportBegin|sa{sv}|foreign b true|mirror
END
# Every method with an a{sv} is in the list above.
is "$(grep -cE '^[A-Za-z]+\([^)]*a\{sv\} .*\) ->' "$dir/written")" 9

# Closed connections leave nothing behind.
before=$(find "/proc/$daemon/fd" -mindepth 1 | wc -l)
for ((i = 0; i < 50; i++)); do run 0 ctl status; done
closed() { [[ $(find "/proc/$daemon/fd" -mindepth 1 | wc -l) -le $before ]]; }
wait_until closed
