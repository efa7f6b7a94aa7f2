#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the alerts for Prometheus and the dashboard for Grafana are well-formed, and name only
# metrics and labels that the daemon has.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

contrib=${0%/*}/../../contrib
names() { grep -oE 'wfapikey_[a-z_]+' "$contrib/$1" | sort -u; }

start
run 0 ctl metrics
metrics=$out
for file in prometheus.rules.yml grafana.json; do
    [[ -n $(names "$file") ]] || fail "$file names no metric"
    for name in $(names "$file"); do
        grep -qE "^# TYPE (${name%_total}|${name%_bucket}) " <<<"$metrics" || # some are there in a fleet only
            grep -qF "\"${name%_total}\"" "$contrib/../ctl/admin/cmd_metrics.c" || fail "$file: the daemon has no metric $name"
    done
    for within in $(grep -oE 'within=\\?"[0-9a-z]+' "$contrib/$file" | grep -oE '[0-9a-z]+$' | sort -u); do
        has "$metrics" "{within=\"$within\"}"
    done
done
if command -v sqlite3 >/dev/null; then
    is "$(sqlite3 :memory: "SELECT json_valid(CAST(readfile('$contrib/grafana.json') AS TEXT))")" 1
fi
if command -v promtool >/dev/null; then
    run 0 promtool check rules "$contrib/prometheus.rules.yml"
    has "$out" "9 rules found"
fi
