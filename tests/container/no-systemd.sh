#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the daemon runs alone in a container without systemd, as wfapikey-containers(7) says. The
# first process reaps processes and passes signals on. A key comes from the environment, and from
# nowhere else by accident. The daemon sees peers in other namespaces as the kernel reports them.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

install_tree
add_user alice
volume=$work/volume state=$work/state box='' first=''
mkdir "$volume" "$state"
chmod 0755 "$volume"
chmod 0700 "$state"
key=$(wfapikeyctl key draw)
ctl() { nsenter --target "$first" --mount --pid -- wfapikeyctl --control="$volume/control" "$@"; }
verify() { wfapikeyctl verify alice --verify-socket="$volume/verify" "$@" <<<"${given-$key}"; }
options=(--state-dir="$state" --verify-socket="$volume/verify" --control-socket="$volume/control")

# A container, as far as it matters here: its own PIDs, mounts and network, and nothing of systemd.
how=() # the command that starts it
boot() { # [DAEMON-OPTION]...
    env -u INVOCATION_ID -u NOTIFY_SOCKET -u JOURNAL_STREAM unshare --mount --net --pid --fork --mount-proc -- \
        sh -c 'mount -t tmpfs tmpfs /run && exec "$@"' sh "${how[@]}" wfapikeyd "${options[@]}" "$@" >"$work/log" 2>&1 &
    box=$!
    wait_until serving || { cat "$work/log"; return 1; }
    first=$(pgrep -P "$box" | head -n 1)
}
serving() { [[ -S $volume/control && -S $volume/verify ]]; }
halt() { # SIGNAL: sends it; the status is the container's
    kill -"$1" "$first"
    wait "$box"
}
in_box() { nsenter --target "$first" --mount --pid -- "$@"; }

export WFAPIKEY_ISSUE_KEY=$key WFAPIKEY_ISSUE_USER=alice

# --- Refused ---
refused() { # WORD COMMAND...
    "${@:2}" >"$work/refused" 2>&1
    [[ $? == 78 ]] && grep -qF -- "$1" "$work/refused" && ! grep -qF "${key:15:20}" "$work/refused"
}
quiet() { env -u INVOCATION_ID -u NOTIFY_SOCKET unshare --mount -- sh -c 'mount -t tmpfs tmpfs /run && exec "$@"' sh "$@"; }
test_that "a key from the environment is refused where systemd is" refused 'where systemd is' wfapikeyd "${options[@]}" --issue-from-environment
test_that "and in a unit, whatever shows of systemd" refused 'where systemd is' quiet env INVOCATION_ID=1 wfapikeyd "${options[@]}" --issue-from-environment
test_that "without a key" refused 'whole key' quiet env -u WFAPIKEY_ISSUE_KEY wfapikeyd "${options[@]}" --issue-from-environment
test_that "with a spoilt one" refused 'whole key' quiet env WFAPIKEY_ISSUE_KEY="${key%?}-" wfapikeyd "${options[@]}" --issue-from-environment
test_that "without a user" refused 'name the user' quiet env -u WFAPIKEY_ISSUE_USER wfapikeyd "${options[@]}" --issue-from-environment
test_that "with one that is not there" refused 'no such user' quiet env WFAPIKEY_ISSUE_USER=nosuch wfapikeyd "${options[@]}" --issue-from-environment

# --- The environment alone does nothing ---
test_that "it starts" boot
test_not "without the option there is no key" verify
test_that "nor is any enabled" test "$(ctl policy show --json | grep -o '"enabled":[a-z]*')" = '"enabled":false'
test_that "SIGTERM ends it with 0" halt TERM
how=(env --ignore-signal=CHLD)
test_that "with SIGCHLD ignored it starts" boot
test_that "and ends as well" halt TERM
how=()

# --- With the option ---
test_that "with the option it starts" boot --issue-from-environment
test_that "and the key is good" verify
test_that "for services too" verify --service sshd
test_that "the log says what this is" grep -qF 'FOR TESTS ONLY' "$work/log"
test_not "and not the key" grep -qF "${key:15:20}" "$work/log"
test_not "nobody's environment has it" in_box grep -qaF "${key:15:20}" /proc/1/environ
test_that "its origin is told" test "$(ctl key show --json "$(id_of "$key")" | grep -o '"origin":"[a-z]*"')" = '"origin":"environment"'

# --- The first process ---
child() { in_box sh -c 'cat /proc/1/task/1/children' | tr -d ' '; }
test_that "the first process is not the daemon" test "$(in_box sh -c 'tr "\0" " " </proc/1/cmdline | cut -d " " -f 1; cat /proc/1/task/1/children | wc -w' | tr '\n' ' ')" = 'wfapikeyd 1 '
before=$(child)
# shellcheck disable=SC2016 # the container's
orphans() { in_box sh -c 'for i in 1 2 3 4 5; do (sleep 0.2 &); done; (exec sh -c "kill -9 \$\$")' 2>/dev/null; true; }
test_that "orphans end in the container" orphans
none_left() { ! in_box sh -c 'cat /proc/[0-9]*/stat' 2>/dev/null | grep -qE '\(sleep\)|\) Z '; }
test_that "and are reaped" wait_until none_left
test_that "the daemon is the one that it was" test "$(child)" = "$before"
test_that "and serves" verify
kill -HUP "$first"
test_that "SIGHUP is handed on" wait_until grep -qF 'configuration read again' "$work/log"
ctl key revoke "$(id_of "$key")"
test_not "a revoked key is refused" verify
test_that "SIGINT ends it with 0" halt INT
test_that "with the option again it starts" boot --issue-from-environment
test_not "and the key stays revoked" verify
# shellcheck disable=SC2016 # the container's
in_box sh -c 'kill -KILL "$(cat /proc/1/task/1/children)"'
wait "$box"
test_that "a daemon that is killed ends the container with 137" test $? = 137
rm -f "$volume"/*

# --- A store with keys of other users ---
boot
ctl policy set enabled=yes max-keys-per-user=20
given=$(ctl key issue alice)
halt TERM
test_that "a store with another key refuses the environment" refused 'keys of its own' quiet wfapikeyd "${options[@]}" --issue-from-environment

boot
ctl key remove-all --yes >/dev/null
halt TERM
test_that "and so does one whose keys were all removed" refused 'keys of its own' quiet wfapikeyd "${options[@]}" --issue-from-environment
boot
given=$(ctl key issue alice)
halt TERM

# --- Peers in other namespaces ---
boot || not_ok "it starts for the rest"
export given
asks() { # UNSHARE-OPTION... -- VERIFY-OPTION...
    local how=()
    while [[ $1 != -- ]]; do how+=("$1"); shift; done
    unshare "${how[@]}" -- wfapikeyctl verify alice --verify-socket="$volume/verify" "${@:2}" <<<"$given"
}
chmod 0755 "$work"
as_bin() { setpriv --reuid=bin --regid=bin --clear-groups -- "$@"; }
inner() { as_bin unshare --user --map-root-user -- wfapikeyctl verify alice --verify-socket="$volume/verify" "$@" <<<"$given"; }
test_that "a peer of another network" asks --net --
test_that "of other mounts" asks --mount --
test_that "of other processes" asks --pid --fork --mount-proc --
asked_by() { tail -n 3 "$work/log" | grep -q "asked by uid $1"; }
test_that "root of another user namespace, whose root is a user, sees the daemon as 65534" inner --server-uid=65534
test_that "and is that user to the daemon" wait_until asked_by "$(id -u bin)"
distrusts() { inner --server-uid=0; [[ $? == 3 ]]; }
test_that "and gives it nothing by default" distrusts
as_admin() { as_bin unshare --user --map-root-user -- wfapikeyctl --control="$volume/control" key list; }
test_not "and does not manage keys" as_admin
halt TERM >/dev/null

# The daemon in a user namespace of its own, with its own range of uids: peers outside have no uid
# there.
chown 100000:100000 "$state" "$volume"
rm -rf "${state:?}"/* "${volume:?}"/*
mapped() { env -u INVOCATION_ID -u NOTIFY_SOCKET unshare --user --map-users=0,100000,1000 --map-groups=0,100000,1000 "$@"; }
if mapped --setuid 0 --setgid 0 true 2>/dev/null; then
    WFAPIKEY_ISSUE_USER=root
    chmod 0711 "$work"
    mapped --setuid 0 --setgid 0 --mount --net --pid --fork --mount-proc -- \
        sh -c 'mount -t tmpfs tmpfs /run && exec wfapikeyd "$@"' sh "${options[@]}" --issue-from-environment >"$work/log" 2>&1 &
    box=$!
    wait_until serving || cat "$work/log"
    first=$(pgrep -P "$box" | head -n 1)
    outer() { wfapikeyctl verify root --verify-socket="$volume/verify" "$@" <<<"$key"; }
    test_that "a daemon in a user namespace is served by its number outside" outer --server-uid=100000
    test_that "and takes who asks from outside for 65534" wait_until asked_by 65534
    test_not "with the default it gets nothing" outer
    halt TERM
else
    echo "skip - a daemon in a user namespace: this machine cannot map ranges of users"
fi
finish
