#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Functions and words that this project does not use, each with the one to use instead. Comments and
# strings do not count. Every row is a fault that another PAM module or daemon has had.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"
all=$(code "${sources[@]}" "${headers[@]}")

# ban FILES REGEX WHY: no code in FILES matches REGEX. FILES is a regex for the beginning of the
# path.
ban() {
        report "$3" "$(search -E "^($1)[^:]*:[0-9]+:.*($2)" <<<"$all")"
}
# ban_call FILES NAME... WHY: no code in FILES calls these functions.
ban_call() {
        local why=${*: -1} names
        names=$(IFS='|'; echo "${*:2:$#-2}")
        ban "$1" "\\b($names)[ \t]*\\(" "$why"
}

ban_call '' strcpy strcat strncpy strncat stpcpy gets 'v?sprintf' 'memcpy() of a known length, or snprintf()'
ban_call '' 'v?f?s?scanf' 'ato[a-z]+' strtok 'a parser of common/parse.h, which takes all of the text or refuses it'
ban_call '' alloca 'a buffer of fixed size, or the heap'
ban_call '' localtime gmtime ctime asctime 'the form with _r: these share one buffer'
ban_call '' system popen 'posix_spawn() without a shell, or better no program at all'
ban_call '' getenv 'secure_getenv()'
ban_call '' tmpnam tempnam mktemp tmpfile 'mkostemp(), or memfd_create()'
ban_call '' 's?rand' 's?random' rand_r '[dlm]rand48' 'getrandom()'
ban_call '' dup 'fcntl(F_DUPFD_CLOEXEC)'
ban '' '\bmemset[ \t]*\([^,]*(key|secret|token)[^,]*,' 'explicit_bzero(), which no compiler leaves out'
ban '' '\bgoto\b' 'scope cleanup (common/cleanup.h) or a function of its own'
ban '' '#[ \t]*ifn?def\b' '#if HAVE_X, under -Wundef: #ifdef hides a misspelt name'
ban '(common|pam)/' '\bassert[ \t]*\(' 'return an error: this code runs in other people'\''s processes'
ban_call '(common|pam)/' 'to(upper|lower)' 'is(alpha|alnum|digit|xdigit|space|print|upper|lower|punct|graph|cntrl)' 'strn?casecmp(_l)?' \
        strcoll strxfrm 'strto(d|f|ld)' setlocale uselocale 'm?bs?r?n?towcs?' \
        'the functions of common/text.h: a host may have any locale, where "I" is not a capital "i"'
all=$(search -v '^[a-z]*/main\.c:' <<<"$all")
ban_call '' exit abort quick_exit 'return an error; only main.c ends the process'
ban '(pam/|common/(ask|keytext|wire|verdict|parse)\.)' \
        '\b((v?[dfs]?n?|v?as)printf|[fd]?(open|close)_?(mem)?stream|f(d|re)?open|fclose|fputs|puts|f?putc|putchar|perror|fgets|getline|fread|fwrite|fflush)[ \t]*\(|\b(FILE|stdin|stdout|stderr)\b|<stdio\.h>' \
        'no stdio and no printf() here: a secret must have no way into a text (pam_syslog() for the rest)'
ban 'pam/' '\b(_Thread_local|__thread|pthread_[a-z_]+|tss_create)\b' 'no threads and nothing of a thread: the module is a guest'

# A variable in pam/ that is static or stands at file scope must be const as a whole. This looks for
# a const between the last asterisk and the first of = ; [
report 'make it const: one stack'\''s options would leak into the next' "$(search '^pam/' <<<"$all" | awk '
        {
                match($0, /^[^:]*:[0-9]*:/)
                text = substr($0, RLENGTH + 1)
                if (text !~ /^[a-z_]/ && text !~ /^[ \t]+static[ \t]/)
                        next
                if (text ~ /^(typedef|extern|default:|_?[sS]tatic_assert)/ || text ~ /^(struct|union|enum) [a-z_]+;/)
                        next
                gsub(/__attribute__ *\(\(([^()]|\([^()]*\))*\)\)/, "", text)
                if (!match(text, /[=;[{]|\(\*?/) || substr(text, RSTART, RLENGTH) ~ /^[({]$/)
                        next
                text = RLENGTH == 1 ? substr(text, 1, RSTART - 1) : substr(text, RSTART, index(text, ")") - RSTART)
                sub(/.*\*/, "", text)
                if (text !~ /(^|[^a-z_])const([^a-z_]|$)/)
                        print
        }')"

report 'there is no such option and never will be' "$(search -rnEiI --exclude-dir=tests 'fail_?open' "${trees[@]}")"
finish
