#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: completion knows every command and option of --help. Keys, certificates, users, services and
# policies come from the daemon, and only those that the caller may see. Without an answer it offers
# nothing and prints nothing. In bash, and in zsh if it is installed.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

export WFAPIKEY_COMPLETION_TIMEOUT=60
# This starts hundreds of programs, and other scenarios look for their leaks. The search for leaks
# takes more time than all the rest, and has hung.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
completion=${top_srcdir:?}/ctl/completion
# bash splits words at these characters.
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
# shellcheck source=ctl/completion/wfapikeyctl.bash
. "$completion/wfapikeyctl.bash"

in_bash() { # WORD...: what is offered for the last word, one a line
    local word
    COMP_WORDS=(wfapikeyctl)
    for word in "$@"; do
        # bash splits --option=value into three words.
        if [[ $word == *=?* ]]; then COMP_WORDS+=("${word%%=*}" '=' "${word#*=}")
        elif [[ $word == *= ]]; then COMP_WORDS+=("${word%=}" '=')
        else COMP_WORDS+=("$word"); fi
    done
    [[ ${COMP_WORDS[-1]} != '=' ]] || COMP_WORDS+=('')
    # shellcheck disable=SC2034 # for the completion
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    _wfapikeyctl "$WFAPIKEYCTL"
    for word in "${COMPREPLY[@]}"; do printf '%s\n' "$word"; done
}
in_zsh() { zsh -f "${0%/*}/completion.zsh" "$completion/_wfapikeyctl" "$WFAPIKEYCTL" "$@"; }

shells=(in_bash)
if command -v zsh >/dev/null; then
    shells+=(in_zsh)
    zsh -n "$completion/_wfapikeyctl" || fail "zsh cannot read its completion"
fi

offers() { # WORDS-AS-ONE-LINE WANTED...: all of them, and nothing else where the last is '.'
    local got want only=no line=$1 words=()
    shift
    [[ ${!#} != . ]] || { only=yes; set -- "${@:1:$#-1}"; }
    read -ra words <<<"$line"
    [[ $line != *' ' && -n $line ]] || words+=('')
    got=$("$shell" "${words[@]}" 2>"$dir/err" | sed 's/=$//; s/\\//g' | sort -u)
    is "$(<"$dir/err")" ''
    if [[ $only == yes ]]; then
        want=$(printf '%s\n' "$@" | sort -u)
        [[ $got == "$want" ]] || fail "$shell '$line' offers: ${got//$'\n'/ }; wanted: $*"
        return
    fi
    for want in "$@"; do
        grep -qxF -- "$want" <<<"$got" || fail "$shell '$line' does not offer '$want', but: ${got//$'\n'/ }"
    done
}

# Without a daemon: the commands and options of --help.
ctl --help >"$dir/help"
mapfile -t commands < <(sed -n '/^Commands:/,/^$/ s/^  \([a-z]*\( [a-z][a-z-]*\)\{0,1\}\) .*/\1/p' "$dir/help")
[[ ${#commands[@]} -ge 11 ]] || fail "the help has only these commands: ${commands[*]}"
mapfile -t nouns < <(printf '%s\n' "${commands[@]%% *}" | sort -u)
for shell in "${shells[@]}"; do
    offers '' "${nouns[@]}" .
    for noun in "${nouns[@]}"; do
        mapfile -t verbs < <(printf '%s\n' "${commands[@]}" | sed -n "s/^$noun //p")
        [[ ${#verbs[@]} == 0 ]] || offers "$noun " "${verbs[@]}" .
    done
    for command in "${commands[@]}"; do
        # shellcheck disable=SC2086 # words
        mapfile -t options < <(ctl $command --help | sed -nE 's/^  (--[a-z-]+)[ =].*/\1/p')
        offers "$command --" "${options[@]}" .
    done
    for line in 'key show ' 'key revoke ' 'cert show ' 'policy set ' 'audit list --key=' 'nonsense '; do
        # shellcheck disable=SC2086 # words
        ! "$shell" ${line% } '' 2>&1 | grep -q . || fail "$shell '$line' offers something where nobody can know"
    done
    # Words that --help only describes.
    offers 'key list --status=' active refused expired idle revoked .
    offers 'audit list --verdict=' accepted refused 'done' .
    ctl key list --help | grep -qF 'active, refused, expired, idle or revoked' || fail "there are other statuses"
    ctl audit list --help | grep -qF 'accepted, refused or done' || fail "there are other verdicts"
    fields=$(ctl key list --help | sed -n 's/^  --sort=FIELD *\(.*\) (.*/\1/p' | sed 's/,\| or//g')
    # shellcheck disable=SC2086 # words
    offers 'key list --sort=' $fields .
done

# Typed text is never run.
for shell in "${shells[@]}"; do
    # shellcheck disable=SC2016 # never to be expanded
    for word in 'x/y/;e touch hit;#' '$(touch hit)' '`touch hit`' '[touch hit]'; do
        (cd "$dir" && "$shell" "$word" '' && "$shell" key "$word" '' && "$shell" "--$word" '' && "$shell" key list "--$word=" && "$shell" key list "--$word" '') \
            >"$dir/out" 2>&1
        [[ ! -e $dir/hit ]] || fail "$shell: completion runs what is typed: $word"
    done
done

# With a daemon.
start
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me" --name 'one "odd": name' --service made-up-service
one=$(id_of "$out")
run 0 ctl key issue "$me" --name two
two=$(id_of "$out")
run 0 ctl key revoke "$two"
if command -v openssl >/dev/null; then
    openssl req -x509 -newkey ed25519 -nodes -keyout "$dir/key.pem" -out "$dir/cert.pem" -subj '/CN=laptop' 2>/dev/null ||
        fail "openssl makes no certificate"
    run 0 ctl cert add --ca "$dir/cert.pem" --name 'company ca'
    certificate='company ca'
fi
for shell in "${shells[@]}"; do
    offers 'key show ' "$one" "$two" .
    offers "key show ${two:0:4}" "$two"
    offers 'key remove ' "$one" "$two" .
    offers "key remove $two " "$one" .
    offers 'key revoke ' "$one" .
    offers 'key list --after=' "$one" "$two" .
    offers '--json key list --after ' "$one" "$two" .
    offers 'key issue ' "$me" root
    offers "key issue $me --service=" made-up-service
    case $shell in # zsh offers the last word alone
    in_bash) offers "key issue $me --service=sshd,made" sshd,made-up-service . ;;
    *) offers "key issue $me --service=sshd,made" made-up-service . ;;
    esac
    offers "key explain $one --service made" made-up-service .
    offers 'policy set ' enabled lifetime max-keys-per-user
    offers 'policy set enabled=' no yes .
    offers 'policy set enabled=yes admin-keys=n' no .
    [[ -z ${certificate-} ]] || offers "key bind $one " "$certificate" .
    # The socket on the command line counts.
    [[ -z $("$shell" "--control=$dir/none" key show '') ]] || fail "$shell asks another daemon than the line names"
done
stop
for shell in "${shells[@]}"; do
    [[ -z $("$shell" key show '' 2>&1) ]] || fail "$shell: a daemon that is gone is not passed over in silence"
done

# With a daemon that is in a fleet.
run 0 ctl key draw
"$abs_top_builddir/tests/scenario/fleet_daemon" "$dir" "$out" &
children+=($!)
wait_until ctl fleet status
for shell in "${shells[@]}"; do
    offers 'fleet drop ' db gone www1 .
    offers 'fleet drop w' www1 .
    offers 'fleet groups ' add .
    offers 'key issue x --hosts=' all web .
    offers 'fleet invite x y --groups ' all web .
done
is "$(in_bash key issue x --hosts=all,w)" all,web
[[ ${#shells[@]} == 1 ]] || is "$(in_zsh key issue x --hosts=all,w)" web
for shell in "${shells[@]}"; do
    # shellcheck disable=SC2016 # never to be expanded
    for word in ';e touch hit;#,' '$(touch hit),' '/e touch hit;,'; do
        (cd "$dir" && "$shell" key issue x "--hosts=$word" && "$shell" fleet drop "$word") >"$dir/out" 2>&1
        [[ ! -e $dir/hit ]] || fail "$shell: completion runs what is typed: $word"
    done
done
[[ ${#shells[@]} == 2 ]] || skip "zsh is not installed; bash is as it should be"
