# SPDX-License-Identifier: BSD-2-Clause
# Prints what ctl/completion/_wfapikeyctl (FILE) offers for the last of WORD... The functions here
# do zsh's own part.
#
# usage: zsh -f completion.zsh FILE COMMAND WORD...
file=$1
shift
words=("$@") CURRENT=$#

compset() { # -P '*=', or another character: up to the last one
    local character=${2#\*}
    [[ $words[CURRENT] == *$character* ]] || return 1
    IPREFIX=${words[CURRENT]%$character*}$character
    words[CURRENT]=${words[CURRENT]##*$character}
}
offer() { local word; for word; do [[ $word == ${words[CURRENT]}* ]] && print -r -- $word; done; return 0 }
_describe() { # [-o] TAG ARRAY [-- ARRAY2 -S =]
    local word
    while [[ $1 == -o ]]; do shift; done
    shift
    for word in "$@"; do
        [[ $word == -S ]] && break
        [[ $word == -- ]] || offer ${${(P)word}%%:*}
    done
}
compadd() { # [-X TEXT] [-S CHARACTER] -a ARRAY, or WORD...
    while [[ $1 == -[XS] ]]; do shift 2; done
    if [[ $1 == -a ]]; then offer ${(P)2}; else offer "$@"; fi
}
_files() { print -r -- FILES }
source $file
