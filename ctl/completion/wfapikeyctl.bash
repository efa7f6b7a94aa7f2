# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# bash completion for wfapikeyctl(1). What there is to complete is not listed here but asked for: commands and options of --help, and ids, users,
# services, certificates and policies of the daemon, which shows the caller what is his. Who is not answered gets nothing, and no message.

# Never longer than a person waits for a completion (a test on a busy machine has more time); the daemon's socket is the one of the line that
# is being typed.
_wfapikeyctl_ask() { timeout "${WFAPIKEY_COMPLETION_TIMEOUT-2}" "$ctl" "${control[@]}" "$@" </dev/null 2>/dev/null; }

# The values of a member in JSON that --json printed. A quotation mark within a value is written \", so what looks like a member is one; a
# value with a backslash is left out, because what it stands for cannot be told without a parser.
_wfapikeyctl_member() { grep -oE "\"$1\":\"[^\"\\\\]*\"[],}]" | sed -E 's/^"[^"]*":"(.*)"[],}]$/\1/'; }

# The nouns, or the verbs of NOUN. What is no word of ours must not get into a script of sed's.
_wfapikeyctl_commands() { # [NOUN]
    [[ ${1-} != *[!a-z-]* ]] || return 0
    sed -nE "/^Commands:/,/^\$/ s/^  ${1:+$1 }([a-z][a-z-]*)( .*)?\$/\\1/p" <<<"$help" | sort -u
}

# --name, or --name=VALUE; WORD... is the command.
_wfapikeyctl_options() { # WORD...
    "$ctl" "$@" --help 2>/dev/null | sed -nE 's/^  (--[a-z-]+(=[A-Z]+)?) .*/\1/p'
}

# What a word of this kind may be; a kind is what --help calls it.
_wfapikeyctl_values() { # KIND OPTION
    case $1 in
    ID)
        case "$noun $verb" in
        'key revoke' | 'key rotate') _wfapikeyctl_ask --json key list --status=active | _wfapikeyctl_member id ;;
        *) _wfapikeyctl_ask --json key list | _wfapikeyctl_member id ;;
        esac ;;
    CERT) _wfapikeyctl_ask --json cert list | _wfapikeyctl_member name ;;
    USER)
        compgen -u
        _wfapikeyctl_ask --json key list | _wfapikeyctl_member owner ;;
    NAME)
        [[ $2 == --service ]] || return
        find /etc/pam.d /usr/lib/pam.d -type f ! -name 'common-*' ! -name '*.*' ! -name '*~' -printf '%f\n' 2>/dev/null
        _wfapikeyctl_ask --json key list | grep -oE '"services":\["[^]]*"\]' | sed 's/^"services"://' | grep -oE '[^][",]+' ;;
    NAME=VALUE) _wfapikeyctl_ask --json policy show | grep -oE '"[a-z-]+":"' | sed -E 's/"(.*)":"/\1=/' ;;
    STATUS) printf '%s\n' active expired revoked ;;
    VERDICT) printf '%s\n' accepted refused 'done' ;;
    FIELD) printf '%s\n' id name owner status created updated expires last-used uses ;;
    FILE | PATH | KEY) compgen -f -- "$cur" ;;
    DIR) compgen -d -- "$cur" ;;
    esac
}

# Of the words on standard input those that begin as the current one, quoted as the shell wants them.
_wfapikeyctl_reply() { # QUOTED-PREFIX
    local word
    while IFS= read -r word; do
        [[ $word != "$cur"* ]] || COMPREPLY+=("$1$(printf '%q' "$word")")
    done < <(sort -u)
    [[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}

# The words up to the cursor into ${words[@]}. Where bash takes "--option=value" apart, it is one again.
_wfapikeyctl_words() {
    local i joined=no
    for ((i = 1; i <= COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == '=' && ${#words[@]} -gt 0 ]]; then
            words[-1]+='='
            joined=yes
        elif [[ $joined == yes ]]; then
            words[-1]+=${COMP_WORDS[i]}
            joined=no
        else
            words+=("${COMP_WORDS[i]}")
        fi
    done
}

_wfapikeyctl() {
    local ctl=${1/#\~/$HOME} help cur noun='' verb='' control=() words=() given=() command=() options usage=() kind='' option='' prefix='' word
    COMPREPLY=()
    help=$("$ctl" --help 2>/dev/null) || return
    _wfapikeyctl_words
    cur=${words[-1]-}
    unset 'words[-1]'

    # An option that wants a value and has no '=' takes the next word; which these are, the help of the command says that stands before it.
    options=$(_wfapikeyctl_options)
    for word in "${words[@]}"; do
        case $word in
        --control=*) control=("$word") ;;
        -*=*) ;;
        *)
            if [[ -n $option ]]; then
                [[ $option != --control ]] || control=("--control=$word")
                option=''
            elif [[ $word == -* ]]; then
                [[ $'\n'$options != *$'\n'"$word="* ]] || option=$word
            elif [[ -z $noun ]]; then
                noun=$word command=("$word")
                [[ -n $(_wfapikeyctl_commands "$noun") ]] || options=$(_wfapikeyctl_options "$noun")
            elif [[ -z $verb && -n $(_wfapikeyctl_commands "$noun") ]]; then
                verb=$word command+=("$word") options=$(_wfapikeyctl_options "$noun" "$verb")
            else
                given+=("$word")
            fi ;;
        esac
    done

    if [[ -z $option && $cur == --*=* ]]; then
        option=${cur%%=*}
        cur=${cur#*=}
        [[ $COMP_WORDBREAKS == *=* ]] || prefix=$option=
    elif [[ -z $option && $cur == -* ]]; then
        _wfapikeyctl_reply '' < <(sed 's/=.*/=/' <<<"$options")
        return
    fi
    [[ "$option${command[*]}" != *[!a-z\ -]* ]] || return 0
    if [[ -n $option ]]; then
        kind=$(sed -n "s/^$option=//p" <<<"$options")
    elif [[ -z $noun ]]; then
        _wfapikeyctl_reply '' < <(_wfapikeyctl_commands)
        return
    elif [[ -z $verb && -n $(_wfapikeyctl_commands "$noun") ]]; then
        _wfapikeyctl_reply '' < <(_wfapikeyctl_commands "$noun")
        return
    else
        read -ra usage < <("$ctl" "${command[@]}" --help 2>/dev/null | sed -nE "1 s/^Usage: wfapikeyctl ${command[*]}(.*) \\[OPTION\\.\\.\\.\\]\$/\\1/p")
        kind=${usage[${#given[@]}]-}
        # The last of them can be repeated.
        [[ -n $kind || ${#usage[@]} -eq 0 || ${usage[-1]} != *... ]] || kind=${usage[-1]}
        kind=${kind%...}
        # A policy that is yes or no.
        if [[ $kind == NAME=VALUE && $cur == *=* ]]; then
            option=${cur%%=*}
            cur=${cur#*=}
            [[ $COMP_WORDBREAKS == *=* ]] || prefix=$option=
            _wfapikeyctl_ask --json policy show | grep -qE "\"$option\":\"(yes|no)\"" && _wfapikeyctl_reply "$prefix" < <(printf '%s\n' no yes)
            return
        fi
    fi
    [[ $kind != @(FILE|PATH|KEY|DIR) ]] || compopt -o filenames 2>/dev/null
    if [[ $kind == @(FILE|PATH|KEY|DIR) && -z $prefix ]]; then
        # readline quotes the names of files itself.
        mapfile -t COMPREPLY < <(_wfapikeyctl_values "$kind" "$option")
        return
    fi
    # What is named already is not offered again.
    _wfapikeyctl_reply "$prefix" < <(_wfapikeyctl_values "$kind" "$option" | grep -vxF -e '' "${given[@]/#/-e}")
}

complete -F _wfapikeyctl wfapikeyctl
