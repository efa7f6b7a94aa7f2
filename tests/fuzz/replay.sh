#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Goal: what the fuzz targets were ever given, they still bear.
set -eu
for target in wire text cert; do
        "$abs_top_builddir/tests/fuzz/replay_$target" "$top_srcdir/tests/fuzz/corpus/$target"/*
done
