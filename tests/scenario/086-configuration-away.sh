#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a daemon that starts in the moment in which its configuration has no name does not take the
# defaults for it. A host that never had one needs none.

# shellcheck source=tests/scenario/etc.sh
. "${0%/*}/etc.sh"

file=/etc/wfapikey/wfapikeyd.conf
rm -rf /etc/wfapikey
mkdir -m 0755 /etc/wfapikey
write() { # TEXT
    printf '%s\n' "$1" >"$file.new"
    chmod 0644 "$file.new"
    mv "$file.new" "$file"
}
options=(--state-dir="$dir/state" --verify-socket="$dir/verify" --control-socket="$dir/control")
refused() {
    for check in --check-config --foreground; do
        run 78 "$WFAPIKEYD" "${options[@]}" "$check"
        has "$err" "cannot read the configuration '$file': No such file or directory: where it is to configure nothing"
    done
}
as_bin() { setpriv --reuid=bin --regid=bin --clear-groups "$WFAPIKEYCTL" verify --server-uid=0 --service=imap bin <<<"$key" >/dev/null 2>&1; }

# None so far.
run 0 "$WFAPIKEYD" "${options[@]}" --check-config
start
run 0 ctl policy set enabled=yes
run 0 ctl key issue bin
key=$out
as_bin || fail "no login without a configuration"
stop
start
stop

# From a start on.
write $'[Peer daemon]\nservices = imap'
start
as_bin && fail "a user speaks for a service that is tied to another"
stop
mv "$file" "$file~"
refused
mv "$file~" "$file"
start
as_bin && fail "a user speaks for a service that is tied to another"
stop

# From a reload on.
rm "$file" "$dir/state/configured"
start
write '#'
run 0 ctl reload
stop
rm "$file"
refused

# Where an administrator wants none, a comment says so. A file that is named is required anyway.
write '# nothing'
start
as_bin || fail "no login with an empty configuration"
stop
rm -r "$dir/state"
conf=$dir/wfapikeyd.conf
write '#'
cp "$file" "$conf"
start
stop
[[ ! -e $dir/state/configured ]] || fail "a named file has nothing to do with the other"
