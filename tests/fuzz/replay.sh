#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Goal: each fuzz target survives every input of its corpus. A directory of the corpus has the name
# of its target. conninfo needs libpq, so a build without the fleet does not have it.
set -eu
for corpus in "$top_srcdir"/tests/fuzz/corpus/*; do
        program=$abs_top_builddir/tests/fuzz/fuzz_${corpus##*/}
        if [ "${corpus##*/}" != conninfo ] || [ -e "$program" ]; then "$program" "$corpus"/*; fi
done
