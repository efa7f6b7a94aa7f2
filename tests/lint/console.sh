#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The page for Cockpit: each file says at its head what it is, exported functions have docstrings,
# all sources are in make dist, the lock file names no registry, and no text for people is outside
# of strings.js. Where npm's packages are, eslint and stylelint look at it as well.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

scripts=(console/src/*.@(js|jsx) console/test/*.mjs tests/container/console/*.mjs console/*.mjs)
[[ ${#scripts[@]} -gt 20 ]] || { echo "these are not all files"; exit 99; }

for file in "${scripts[@]}"; do
        sed -n 2p "$file" | grep -q '^// ' || report "a head that says what the file is" "$file:2:"
done
report 'a docstring (/** ... */) goes directly above' "$(for file in console/src/*.@(js|jsx); do
        awk '/^export (async )?(function|class) [a-z]|^export class/ && !covered { print FILENAME ":" FNR ":" $0 }
                { covered = /\*\/$/ }' "$file"
done)"
for file in console/src/* console/test/*; do
        grep -qF "%D%/${file#console/}" console/Makemodule.am || report "add it to console/Makemodule.am" "$file:1:"
done
report 'omit-lockfile-registry-resolved=true in console/.npmrc keeps registries out' "$(search -n '"resolved"' console/package-lock.json | sed 's|^|console/package-lock.json:|')"
# Words between tags are for people.
report 'texts belong into console/src/strings.js' "$(search -HnE '>[^<>{}=]*[A-Za-z]{3,}[^<>{}=;()]*</' console/src/*.jsx)"

modules=${WFAPIKEY_NODE_MODULES:-$PWD/console/node_modules}
if [[ ! -d $modules/eslint ]] || ! command -v node >/dev/null; then
        [[ $status == 0 ]] || exit 1
        echo "skipped: needs node and npm's packages for eslint and stylelint; all else was checked" >&2
        exit 77
fi
export WFAPIKEY_NODE_MODULES=$modules
(cd console && node "$modules/eslint/bin/eslint.js" .) || status=1
(cd console && node "$modules/stylelint/bin/stylelint.mjs" 'src/*.css') || status=1
finish
