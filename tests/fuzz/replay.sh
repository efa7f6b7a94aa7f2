#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Goal: each fuzz target survives every input of its corpus.
set -eu
for target in wire text cert; do
        "$abs_top_builddir/tests/fuzz/replay_$target" "$top_srcdir/tests/fuzz/corpus/$target"/*
done
