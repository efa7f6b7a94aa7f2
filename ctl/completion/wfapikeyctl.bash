# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# bash completion for wfapikeyctl(1). Commands and options come from
# --help. Ids, users, services, certificates and policies come from the daemon, which shows a caller
# only what the caller may see. Without an answer there are no completions and no message.

# Waits no longer than a person waits for a completion. (A test on a busy machine has more time.)
# The socket of the daemon is the one on the line that is being typed.
_wfapikeyctl_ask() { timeout "${WFAPIKEY_COMPLETION_TIMEOUT-2}" "$ctl" "${control[@]}" "$@" </dev/null 2>/dev/null; }

# The values of a member in the JSON that --json printed. A quotation mark within a value is written
# \", so everything that looks like a member is one. A value with a backslash is left out, because
# it cannot be read without a parser.
_wfapikeyctl_member() { grep -oE "\"$1\":\"[^\"\\\\]*\"[],}]" | sed -E 's/^"[^"]*":"(.*)"[],}]$/\1/'; }

# The nouns, or the verbs of NOUN. Other words must not get into a sed script.
_wfapikeyctl_commands() { # [NOUN]
    [[ ${1-} != *[!a-z-]* ]] || return 0
    sed -nE "/^Commands:/,/^\$/ s/^  ${1:+$1 }([a-z][a-z-]*)( .*)?\$/\\1/p" <<<"$help" | sort -u
}

# --name, or --name=VALUE; WORD... is the command.
_wfapikeyctl_options() { # WORD...
    "$ctl" "$@" --help 2>/dev/null | sed -nE 's/^  (--[a-z-]+(=[A-Z]+)?) .*/\1/p'
}

# PAM services that have a file, and those of keys.
_wfapikeyctl_services() {
    find /etc/pam.d /usr/lib/pam.d -type f ! -name 'common-*' ! -name '*.*' ! -name '*~' -printf '%f\n' 2>/dev/null
    _wfapikeyctl_ask --json key list | grep -oE '"services":\["[^]]*"\]' | sed 's/^"services"://' | grep -oE '[^][",]+'
}

# Words between commas: standard input is about the last one.
_wfapikeyctl_list() {
    local word
    while IFS= read -r word; do
        [[ $cur != *,* ]] || word=${cur%,*},$word
        printf '%s\n' "$word"
    done
}

# The words that can stand for this kind. A kind is a name that --help uses.
_wfapikeyctl_values() { # KIND OPTION
    case $1 in
    ID)
        case "$noun $verb" in
        'key revive') _wfapikeyctl_ask --json key list --status=idle | _wfapikeyctl_member id ;;
        'key revoke' | 'key rotate') _wfapikeyctl_ask --json key list --status=active | _wfapikeyctl_member id ;;
        *) _wfapikeyctl_ask --json key list | _wfapikeyctl_member id ;;
        esac ;;
    CERT) _wfapikeyctl_ask --json cert list | _wfapikeyctl_member name ;;
    USER)
        compgen -u
        _wfapikeyctl_ask --json key list | _wfapikeyctl_member owner ;;
    NAME)
        [[ $2 == --service ]] || return
        _wfapikeyctl_services ;;
    SERVICES) _wfapikeyctl_services | _wfapikeyctl_list ;;
    NAME=VALUE) _wfapikeyctl_ask --json policy show | grep -oE '"[a-z-]+":' | sed -E 's/"(.*)":/\1=/' ;;
    COLUMNS)
        printf '%s\n' id owner name status services from created updated expires last-used uses hosts |
            _wfapikeyctl_list ;;
    PARTS)
        printf '%s\n' seq time verdict event key user by door uid login-uid pid service from why |
            _wfapikeyctl_list ;;
    HOST) _wfapikeyctl_ask --json fleet hosts | _wfapikeyctl_member name ;;
    GROUPS) _wfapikeyctl_ask --json fleet groups | _wfapikeyctl_member name | _wfapikeyctl_list ;;
    add) echo add ;;
    STATUS) printf '%s\n' active refused expired idle revoked ;;
    VERDICT) printf '%s\n' accepted refused 'done' ;;
    FIELD) printf '%s\n' id name owner status created updated expires last-used uses ;;
    FILE | PATH | KEY) compgen -f -- "$cur" ;;
    DIR) compgen -d -- "$cur" ;;
    esac
}

# Offers the words of standard input that begin like the current word, quoted for the shell. A comma
# needs no quote, and with one the word could not be continued.
_wfapikeyctl_reply() { # QUOTED-PREFIX
    local word quoted
    while IFS= read -r word; do
        [[ $word == "$cur"* ]] || continue
        printf -v quoted '%q' "$word"
        COMPREPLY+=("$1${quoted//\\,/,}")
    done < <(sort -u)
    [[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}

# Puts the words up to the cursor into ${words[@]}. Bash may split "--option=value": this joins it
# again.
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

    # An option with a value and without '=' takes the next word. The help of the command before it
    # says which options have a value.
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
        usage=("${usage[@]//[\[\]]/}") # what may be left out
        kind=${usage[${#given[@]}]-}
        # The last word can be repeated.
        [[ -n $kind || ${#usage[@]} -eq 0 || ${usage[-1]} != *... ]] || kind=${usage[-1]}
        kind=${kind%...}
        # A policy with the values yes and no.
        if [[ $kind == NAME=VALUE && $cur == *=* ]]; then
            option=${cur%%=*}
            cur=${cur#*=}
            [[ $COMP_WORDBREAKS == *=* ]] || prefix=$option=
            _wfapikeyctl_ask --json policy show | grep -qE "\"$option\":(true|false|\"(yes|no)\")" && _wfapikeyctl_reply "$prefix" < <(printf '%s\n' no yes)
            return
        fi
    fi
    [[ $kind != @(FILE|PATH|KEY|DIR) ]] || compopt -o filenames 2>/dev/null
    if [[ $kind == @(FILE|PATH|KEY|DIR) && -z $prefix ]]; then
        # readline quotes the names of files itself.
        mapfile -t COMPREPLY < <(_wfapikeyctl_values "$kind" "$option")
        return
    fi
    # A word that is on the line already is not offered again.
    _wfapikeyctl_reply "$prefix" < <(_wfapikeyctl_values "$kind" "$option" | grep -vxF -e '' "${given[@]/#/-e}")
}

complete -F _wfapikeyctl wfapikeyctl
