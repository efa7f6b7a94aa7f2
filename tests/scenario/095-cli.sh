#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the command line has help for each verb and one exit status for each kind of failure. Errors
# go to stderr and name what was wrong. JSON is valid, and a full disk is noticed.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

# Every command of the help.
run 0 ctl --help
mapfile -t verbs < <(sed -n '/^Commands:/,/^$/ s/^  \([a-z]*\( [a-z][a-z-]*\)\{0,1\}\) .*/\1/p' <<<"$out")
[[ ${#verbs[@]} -ge 11 ]] || fail "the help has only these verbs: ${verbs[*]}"
for verb in "${verbs[@]}"; do
    # shellcheck disable=SC2086 # words
    run 0 ctl $verb --help
    has "$out" "Usage: wfapikeyctl $verb"
    is "$err" ""
done

# No daemon runs: 3, for every command.
for verb in 'policy show' 'policy set enabled=yes' "key issue $me" 'key list' 'key show 0000000000' 'key rename 0000000000 x' \
    'key reset 0000000000' 'key revoke 0000000000' 'key remove 0000000000' status; do
    # shellcheck disable=SC2086 # words
    run 3 ctl $verb
    is "$out" ""
    has "$err" "$WFAPIKEY_CONTROL"
done
: >"$dir/file"
run 3 ctl --control="$dir/file" status

# Wrong words: 2, before the daemon is asked.
run 2 ctl
for wrong in 'kye list' 'key lsit' 'key list --stauts=active' 'key list --sort=colour' 'key issue' 'key issue a b' 'key rename x' \
    'key revoke' 'key show xyz' 'policy set' 'policy set enabled' '--nonsense' 'verify' 'key list a b'; do
    # shellcheck disable=SC2086 # words
    run 2 ctl $wrong
    is "$out" ""
    [[ -n $err ]] || fail "'$wrong' is refused without a word"
done

# A slip is understood, but not acted on. What other programs call a verb works.
run 2 ctl key lsit
has "$err" "Did you mean 'list'?"
run 2 ctl kye list
has "$err" "Did you mean 'key'?"
run 2 ctl key nonsense
[[ $err != *"Did you mean"* ]] || fail "a guess out of nothing: $err"
run 0 ctl help
is "$out" "$(ctl --help)"
run 0 ctl key help
is "$out" "$(ctl key --help)"
run 0 ctl help key create
is "$out" "$(ctl key issue --help)"
for pair in 'key ls:list' 'key new:issue' 'key add:issue' 'key delete:remove' 'key rm:remove' 'policy get:show' 'cert ls:list' 'cert add:add'; do
    words=${pair%:*}
    # shellcheck disable=SC2086 # words
    run 0 ctl $words --help
    is "$out" "$(ctl "${words% *}" "${pair#*:}" --help)"
done

start
run 6 ctl key issue "$me"
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me" --name 'quo"te \ and «ö»'
key=$out
run 5 ctl key show 0000000000
run 5 ctl key show wfk_0000000000
run 2 ctl key show wfk_000000000
run 0 ctl key show "wfk_$(id_of "$key")"
run 0 ctl policy show enabled
is "$out" yes
run 0 ctl --json policy show enabled
is "$out" '{"enabled":true}'
run 5 ctl policy show nothing
run 5 ctl key issue no-such-user-here
run 6 ctl verify --server-uid="$(id -u)" "$me" <<<'not a key'
run 6 ctl verify --server-uid="$(id -u)" nobody2 <<<"$key"
run 0 ctl verify --server-uid="$(id -u)" "$me" < <(printf '%s\r\n' "$key")
for behind in ' ' '\r' '\n\n' ' \t\r\n'; do
    # shellcheck disable=SC2059 # a format
    run 0 ctl verify --server-uid="$(id -u)" "$me" < <(printf "%s$behind" "$key")
done
run 6 ctl verify --server-uid="$(id -u)" "$me" < <(printf '%s%65s' "$key" '')
run 6 ctl verify --server-uid="$(id -u)" "$me" <<<" $key"
run 3 ctl verify --server-uid=54321 "$me" <<<"$key"
run 6 ctl verify --server-uid="$(id -u)" "$me" </dev/null
[[ $out$err != *"${key:15:20}"* ]] || fail "verify says the key"

# A key as an argument is refused before anything is done, and not repeated: whole, cut, or in an
# option.
cut="${key:0:20}"
for argument in "$key" "--name=$key" "${key%?}" "$cut"; do
    for verb in 'key show' 'key revoke' 'key issue' verify; do
        # shellcheck disable=SC2086 # words
        run 2 ctl $verb "$argument"
        has "$err" "is an API key, not an id"
        [[ $out$err != *"${key:15:3}"* ]] || fail "'$verb' repeats the key"
    done
done
verify "$me" <<<"$key" || fail "the key was ended by a call that was refused"

# A control socket of another user: it would learn names and hand out keys.
if [[ $EUID == 0 ]] && command -v socat >/dev/null; then
    mkdir "$dir/theirs"
    chown daemon "$dir/theirs"
    setpriv --reuid=daemon --regid=daemon --clear-groups -- socat UNIX-LISTEN:"$dir/theirs/control",fork PIPE &
    children+=("$!")
    wait_until test -S "$dir/theirs/control"
    run 3 ctl --control="$dir/theirs/control" key issue "$me"
    has "$err" "neither as root nor as you"
fi

if command -v sqlite3 >/dev/null; then
    for verb in 'policy show' 'key list' "key show $(id_of "$key")" status "key issue $me" "key rename $(id_of "$key") quiet"; do
        # shellcheck disable=SC2086 # words
        run 0 ctl --json $verb
        is "$(printf "SELECT json_valid('%s')" "${out//\'/\'\'}" | sqlite3)" 1
    done
fi

ctl key list >/dev/full 2>"$dir/err" && fail "a full disk is called success"
ctl key issue "$me" >/dev/full 2>"$dir/err" && fail "a key that was not written is called success"
has "$(<"$dir/err")" "reset"
stop
run 3 ctl status
