#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the manual pages are complete and true. The pages have every command, option, policy, key of
# the configuration, exit status, PAM code, reason, error and field of the log that the programs
# have, with the defaults, and no others.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

page() { sed 's/\\\([-_*<>]\)/\1/g' "$top_srcdir/man/$1.scd"; }
section() { # PAGE HEADING: what stands below it
    page "$1" | awk -v heading="# $2" '/^# / { in_it = $0 == heading; next } in_it'
}
# The entries of a section, one a line: the bold words at the start of a line at its left edge.
# "*a*, *b*" are two.
entries() { # PAGE HEADING
    section "$1" "$2" | grep '^\*' | sed -E 's/^\*([^*]*)\*/\1\n/; s/=(\n|$)/=\1/' | sed -nE '1~2p'
}
entry() { # PAGE HEADING START: the lines of the entry that begins with *START, up to the next
    section "$1" "$2" | awk -v start="*$3" '/^[^\t]/ { in_it = index($0, start) == 1 } in_it'
}
sorted() { sort -u | sed '/^$/d'; }
same() { # WHAT PROGRAM PAGE: two lists
    [[ -n $2 ]] || fail "$1: the programs are not understood"
    diff <(sorted <<<"$2") <(sorted <<<"$3") >"$dir/diff" ||
        fail "$1: '<' is missing in the manual, '>' is unknown to the program: $(grep '^[<>]' "$dir/diff" | tr '\n' ' ')"
}
options_of() { grep -oE '(^|[^-a-z])--[a-z][a-z-]*' | grep -oE -- '--[a-z-]+'; }

# --- wfapikeyctl(1): commands, their options, exit status ---
run 0 ctl --help
commands=$(sed -nE '/^Commands:/,/^$/ s/^  ([a-z-]+( [a-z][a-z-]*)?) .*/\1/p' <<<"$out")
same 'commands' "$commands" "$(entries wfapikeyctl.1 COMMANDS)"
common=$(sed -n '/^Options of every command:/,/^$/p' <<<"$out" | options_of)
same 'common options' "$common" "$(section wfapikeyctl.1 OPTIONS | grep '^\*' | options_of)"
for noun in $(cut -d ' ' -f 1 <<<"$commands" | sort -u); do
    run 0 ctl "$noun" --help
    same "$noun --help" "$(grep -E "^$noun( |\$)" <<<"$commands")" \
        "$(sed -nE '/^Commands:/,/^$/ s/^  ([a-z-]+( [a-z][a-z-]*)?) .*/\1/p; s/^Usage: wfapikeyctl ('"$noun"') \[OPTION.*/\1/p; s/^Usage: wfapikeyctl (verify|sign|scan) (USER|\[CHALLENGE\]|PATH).*/\1/p' <<<"$out")"
done
while read -r command; do
    # shellcheck disable=SC2086 # words
    run 0 ctl $command --help
    own=$(sed -n '/^Options:/,/^$/p' <<<"$out" | options_of)
    text=$(entry wfapikeyctl.1 COMMANDS "$command*")
    [[ -z $own ]] || same "options of $command" "$own" "$(sed -nE 's/^\t(\*--.*)/\1/p' <<<"$text" | options_of)"
    [[ -z $own ]] || same "options of $command in its first line" "$own" "$(head -n 1 <<<"$text" | options_of)"
    [[ -n $own ]] || is "$(head -n 1 <<<"$text" | options_of)" ""
    # The values that an option takes, and the default, where the help names one.
    while IFS=$'\t' read -r option default; do
        said=$(grep -A 6 -- "^	\*$option\*" <<<"$text" | tr '\n\t' '  ' | tr -d '*_"')
        default=${default//_/}
        # shellcheck disable=SC2076 # literally
        [[ $said =~ (default is|Without it)[^.]*"$default" || $said =~ "$default (the default)" ]] ||
            fail "the default of $command $option, $default, is not in the manual: $said"
    done < <(sed -nE 's/^  (--[a-z-]+).*\(default: ([^ ;)]*)[ ;)].*/\1\t\2/p' <<<"$out" | grep -v 'all$\|the$')
done <<<"$commands"
same 'exit status of wfapikeyctl' "$(sed -nE 's/^ *CTL_[A-Z_]+ = ([0-9]+),.*/\1/p' "$top_srcdir/ctl/cli/exit_code.h")" \
    "$(entries wfapikeyctl.1 'EXIT STATUS')"

# --- wfapikeyd(8): options and policies with defaults, exit status, fields of the log ---
run 0 "$WFAPIKEYD" --help
same 'options of wfapikeyd' "$(options_of <<<"$(grep '^  ' <<<"$out")")" "$(section wfapikeyd.8 OPTIONS | grep '^\*' | options_of)"
while read -r option default; do
    has "$(section wfapikeyd.8 OPTIONS | grep -A 3 -- "\*$option=" | tr -d '\n')" "_${default}_"
done < <(sed -nE 's/^ +(--[a-z-]+)=.*\((\/.*)\)$/\1 \2/p' <<<"$out")
same 'exit status of wfapikeyd' "$(printf '0\n1\n'; sed -nE 's/^ *EXIT_[A-Z]+ = ([0-9]+),.*/\1/p' "$top_srcdir/daemon/main.c")" \
    "$(entries wfapikeyd.8 'EXIT STATUS')"
same 'fields of the log' "$(grep -rhoE '"WFA_[A-Z_]+' "$top_srcdir"/daemon/*/*.c | tr -d '"')" \
    "$(section wfapikeyd.8 LOG | grep -oE 'WFA_[A-Z_]+')"

# --- wfapikey-fleetd(8): options, exit status ---
if [[ -x $abs_top_builddir/wfapikey-fleetd ]]; then
    run 0 "$abs_top_builddir/wfapikey-fleetd" --help
    same 'options of wfapikey-fleetd' "$(options_of <<<"$(grep '^  ' <<<"$out")")" \
        "$(section wfapikey-fleetd.8 OPTIONS | grep '^\*' | options_of)"
    same 'exit status of wfapikey-fleetd' "$(printf '0\n1\n'; sed -nE 's/^#define EXIT_[A-Z]+ ([0-9]+)$/\1/p' "$top_srcdir/fleet/main.c")" \
        "$(entries wfapikey-fleetd.8 'EXIT STATUS')"
fi

# --- Policies ---
start
run 0 ctl policy show
policies=$(sed 1d <<<"$out" | tr -s ' ')
same 'policies' "$(cut -d ' ' -f 1 <<<"$policies")" "$(entries wfapikeyd.8 POLICIES)"
# shellcheck disable=SC2016 # Markdown's
same 'policies in README.md' "$(cut -d ' ' -f 1 <<<"$policies")" \
    "$(sed -n '/^## Policy/,/^## /p' "$top_srcdir/README.md" | sed -n 's/^| \(`.*`\) |.*|.*/\1/p' | cut -d '|' -f 1 | grep -oE '[a-z-]+')"
while read -r name value; do
    has "$(entry wfapikeyd.8 POLICIES "$name*")" "Default: *$value*"
    has "$(entry wfapikey.7 POLICIES "$name*" | head -n 1)" "*$name*"
done <<<"$policies"

# --- wfapikeyd.conf(5): sections and keys, from the daemon's error about an unknown one ---
known=''
for section in daemon "Peer $me" "Realm mail"; do
    printf '[%s]\nno-such-key = x\n' "$section" >"$dir/conf"
    chmod 0644 "$dir/conf"
    run 78 "$WFAPIKEYD" --state-dir="$dir/none" --verify-socket="$dir/v" --control-socket="$dir/c" --config="$dir/conf"
    [[ $err =~ known\ (is|are)\ (.*) ]] || fail "wfapikeyd.conf: $err"
    known+=$(sed 's/, \| and /\n/g' <<<"${BASH_REMATCH[2]}")$'\n'
done
same 'keys of wfapikeyd.conf' "$known" "$(page wfapikeyd.conf.5 | sed -nE 's/^\*([a-z-]+) =\*.*/\1/p')"
same 'sections of wfapikeyd.conf' $'daemon\nPeer USER\nRealm NAME' "$(page wfapikeyd.conf.5 | sed -nE 's/^# \[(.*)\]$/\1/p')"

# --- pam_wfapikey(8): options with defaults, PAM codes ---
same 'options of the module' "$(sed -nE 's/^ *\{ "([a-z_]+=?)", take_.*/\1/p' "$top_srcdir/common/pam_args.c")" \
    "$(entries pam_wfapikey.8 OPTIONS)"
has "$(entry pam_wfapikey.8 OPTIONS 'socket=')" "Default: $(sed -nE 's/^#define PAM_ARGS_SOCKET +"(.*)"/_\1_/p' "$top_srcdir/common/pam_args.h")"
has "$(entry pam_wfapikey.8 OPTIONS 'timeout=')" "Default: *$(($(sed -nE 's/^#define PAM_ARGS_TIMEOUT +([0-9]+)/\1/p' "$top_srcdir/common/pam_args.h") / 1000))s*"
same 'PAM codes' "$(sed 's|/\*.*\*/||' "$top_srcdir/pam/pam_map.c" | grep -oE '\bPAM_[A-Z_]+')" \
    "$(section pam_wfapikey.8 'RETURN VALUES' | grep -oE '\*PAM_[A-Z_]+' | tr -d '*')"

# --- wfapikey(7): reasons, rows; CONTROL: errors ---
same 'reasons' "$(tr -s ' \n' ' ' <"$top_srcdir/common/verdict.c" | grep -oE '\{ VERDICT_[A-Z_]+, "[a-z-]+"' | sed -E 's/.*"(.*)"/\1/')" \
    "$(entries wfapikey.7 REASONS)"
same 'errors of the control socket' "$(grep -oE 'org\.wfapikey1\.Error\.[A-Za-z]+' "$top_srcdir/daemon/control/control.c")" \
    "$(sed -nE 's/^(org\.wfapikey1\.Error\.[A-Za-z]+) .*/\1/p' "$top_srcdir/common/CONTROL")"

# --- wfapikeyctl(1) opens with examples, and they work ---
is "$(page wfapikeyctl.1 | grep '^# ' | sed -n 3p)" '# EXAMPLES'
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me" --name backup --service sshd
id=$(id_of "$out")
mkdir "$dir/examples"
printf '%s\n' "$out" >"$dir/examples/backup.key"
examples=0
# shellcheck disable=SC2016 # backquotes of the page
while read -r example; do
    example=${example/#wfapikeyctl/ctl} example=${example//4iASNncKZT/$id} example=${example//alice/$me}
    # What follows does not end, and what a verification or doctor finds is not the matter here.
    [[ $example != *--follow* ]] || continue
    (cd "$dir/examples" && eval "$example") >"$dir/out" 2>"$dir/err" </dev/null
    case $? in
    0 | 6) ;;
    3) has "$example" verify ;; # the daemon of a test is not root's
    *) fail "the example '$example' fails: $(<"$dir/err")" ;;
    esac
    examples=$((examples + 1))
done < <(section wfapikeyctl.1 EXAMPLES | sed -n '/^```/,/^```/p' | sed '/^```/d' | sed ':more; /\\\\$/ { N; s/\\\\\n//; b more }')
[[ $examples -gt 10 ]] || fail "only $examples examples are understood"

# --- Code fits a terminal of 80 columns: man(1) indents it by 11. Lines of PAM and of the daemon's
# configuration cannot go on in the next line.
long=$(for scd in "$top_srcdir"/man/*.scd; do
    expand -t 4 "$scd" | awk -v page="${scd##*/}" '
        /^ *```/ { inside = !inside; next }
        inside { gsub(/\\\\/, "x") }
        inside && length > 69 && !/pam_[a-z_]+\.so/ && !/^services = / { print page ":" NR ": " $0 }'
done)
is "$long" ""

# --- each named page exists, and each can be rendered ---
for scd in "$top_srcdir"/man/*.scd; do
    while read -r name; do
        [[ -e $top_srcdir/man/$name.scd ]] || fail "$scd names $name, which is not there"
    done < <(grep -oE '\*(pam_)?wfapikey[a-z.-]*\*\([1-8]\)' "$scd" | sed -E 's/\*(.*)\*\((.)\)/\1.\2/' | sort -u)
    base=${scd##*/}
    same "the other pages in $base" "$(cd "$top_srcdir/man" && printf '%s\n' *.scd | sed 's/\.scd$//' | grep -vxF "${base%.scd}")" \
        "$(section "${base%.scd}" 'SEE ALSO' | grep -oE '\*(pam_)?wfapikey[a-z.-]*\*\([1-8]\)' | sed -E 's/\*(.*)\*\((.)\)/\1.\2/')"
    if command -v scdoc >/dev/null; then run 0 scdoc <"$scd"; fi
done
