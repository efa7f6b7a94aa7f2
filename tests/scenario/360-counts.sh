#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: what a login costs is what the file "counts" says: the libraries that the module needs, the
# system calls and the instructions of the module and of the daemon. A change that costs, or saves,
# more than 5 % writes its new numbers there.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

grep -q __asan_init "$WFAPIKEYD" 2>/dev/null && skip "a sanitizer has its own instructions"
grep -q __tsan_init "$WFAPIKEYD" 2>/dev/null && skip "a sanitizer has its own instructions"
command -v valgrind >/dev/null || skip "valgrind is missing"
command -v strace >/dev/null || skip "strace is missing"
# Other versions of the libraries have other numbers.
grep -q '^VERSION_CODENAME=bookworm$' /etc/os-release || skip "the numbers are those of Debian 12"
[[ $(uname -m) == x86_64 ]] || skip "the numbers are those of x86_64"

counts=${0%/*}/counts
programs=$abs_top_builddir/tests/bench

needed=$(readelf -d "$PAM_MODULE" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')
[[ $needed == 'libpam.so.0 libc.so.6 ' ]] || fail "the module needs $needed"

BENCH_PROGRAMS=$programs TMPDIR=$dir "${0%/*}/../bench/bench.sh" --only counts --keys 1000 >"$dir/out" 2>"$dir/err" ||
    fail "bench.sh: $(<"$dir/err")"

# Numbers behind a name of two or more words; the first heading is of system calls.
value() { # HEADING NAME
    awk -v heading="$1" -v name="$2" '
        !/^ / { here = index($0, heading) == 1 }
        here && index($0, "  " name "  ") == 1 { rest = substr($0, length(name) + 3); split(rest, of, " "); print of[1] }' "$dir/out"
}

checked=0
while IFS='|' read -r heading name want; do
    [[ -n $heading && $heading != '#'* ]] || continue
    got=$(value "$heading" "$name")
    [[ -n $got ]] || fail "bench.sh does not say '$name': $(<"$dir/out")"
    awk -v got="$got" -v want="$want" 'BEGIN { exit !(got >= want * 0.95 && got <= want * 1.05) }' ||
        fail "$heading, $name: $got, and the file \"counts\" has $want"
    checked=$((checked + 1))
done <"$counts"
[[ $checked -eq 3 ]] || fail "the file \"counts\" has $checked numbers"
