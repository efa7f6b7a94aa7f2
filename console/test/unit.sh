#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The parts of the page that decide something, without a page: each *.test.mjs, by node's own test
# runner.
cd "${top_srcdir:-$(dirname "$0")/../..}/console" || exit 99
if ! node -e 'process.exit(process.versions.node.split(".")[0] < 18 ? 1 : 0)' 2>/dev/null; then
        echo "skipped: needs node 18 or later" >&2
        exit 77
fi
exec node --test test/*.test.mjs
