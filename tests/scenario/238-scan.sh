#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: keys are found in files, in names of files and in histories of git, with what has become of
# them. No secret is shown, and a repository that is hostile runs nothing.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes max-keys-per-user=100
issue() { # NAME: sets $out
    run 0 ctl key issue "$me" --name "$1"
}
issue laptop
key=$out
issue two
old=$out
run 0 ctl key reset "$(id_of "$old")"
two=$out
issue dead
dead=$out
run 0 ctl key revoke "$(id_of "$dead")"
run 0 ctl key draw
drawn=$out
secrets=("$key" "$old" "$two" "$dead" "$drawn")
# All that was printed so far, with the log of the daemon, has no secret.
shows_nothing() {
    local secret
    for secret in "${secrets[@]}"; do
        ! grep -qrF -- "${secret:15:42}" "$dir/out" "$dir/err" "$dir/daemon.log" || fail "a secret is shown: $out $err"
    done
}
found() { # LINE: "ID STATUS" is among what was found, as PLACE: key LINE
    grep -qxF -- "$1" <<<"$out" || fail "'$1' was not found: $out $err"
}

# Files: text, binary, without a line end, over the end of a piece, UTF-16, in names, nested.
top=$dir/files
mkdir -p "$top/sub/.hidden"
printf 'a\nb %s x\n' "$key" >"$top/a.txt"
printf '%s%s' "$two" "$old" >"$top/sub/b"
{ head -c 65500 /dev/zero | tr '\0' x; printf %s "$key"; head -c 100000 /dev/zero; printf '\n%s' "$dead"; } >"$top/sub/.hidden/big"
printf '\n%s' "$drawn" | iconv -f ASCII -t UTF-16 >"$top/utf16"
: >"$top/$dead"
printf '%s' "${key%?}" >"$top/cut"
printf '%s' "${key/wfk_/wfk-}" >"$top/other"
id=$(id_of "$key")
run 6 ctl scan "$top"
shows_nothing
found "$top/a.txt:2:3: key $id, active, of $me (laptop)"
found "$top/sub/b:1:1: key $(id_of "$two"), active, of $me (two)"
found "$top/sub/b:1:64: key $(id_of "$old"), replaced, of $me (two)"
found "$top/sub/.hidden/big:1:65501: key $id, active, of $me (laptop)"
found "$top/sub/.hidden/big:2:1: key $(id_of "$dead"), revoked, of $me (dead)"
found "$top/utf16:2:1: key $(id_of "$drawn"), unknown"
found "$top/wfk_$(id_of "$dead")_...: in its name: key $(id_of "$dead"), revoked, of $me (dead)"
is "$(wc -l <<<"$out")" 7

# As JSON; without keys that have ended; without the daemon; from standard input.
run 6 ctl --json scan "$top/a.txt" "$top/sub/b"
shows_nothing
is "$out" "[{\"path\":\"$top/a.txt\",\"line\":2,\"column\":3,\"repository\":null,\"commit\":null,\"object\":null,\"id\":\"$id\",\"status\":\"active\",\"owner\":\"$me\",\"name\":\"laptop\"},{\"path\":\"$top/sub/b\",\"line\":1,\"column\":1,\"repository\":null,\"commit\":null,\"object\":null,\"id\":\"$(id_of "$two")\",\"status\":\"active\",\"owner\":\"$me\",\"name\":\"two\"},{\"path\":\"$top/sub/b\",\"line\":1,\"column\":64,\"repository\":null,\"commit\":null,\"object\":null,\"id\":\"$(id_of "$old")\",\"status\":\"replaced\",\"owner\":\"$me\",\"name\":\"two\"}]"
run 6 ctl scan --alive "$top"
is "$(wc -l <<<"$out")" 4
has "$out" unknown
run 6 ctl scan --offline "$top/a.txt"
is "$out" "$top/a.txt:2:3: key $id"
run 6 ctl --control="$dir/nowhere" scan "$top/a.txt"
is "$out" "$top/a.txt:2:3: key $id"
has "$err" "--offline"
run 6 ctl scan - <"$top/a.txt"
has "$out" "-:2:3: key $id"
run 6 ctl scan <(cat "$top/a.txt")
has "$out" ":2:3: key $id"

# Nothing found; what cannot be read is said and counted, whatever else is found.
for quiet in "$top/cut" "$top/other" /dev/null; do
    run 0 ctl scan "$quiet"
    is "$out" ''
done
run 0 ctl --json scan /dev/null
is "$out" '[]'
run 1 ctl scan "$dir/none"
has "$err" "cannot read $dir/none: No such file"
run 6 ctl scan "$dir/none" "$top/a.txt"
has "$err" "could not be read: 1"
run 2 ctl scan
run 2 ctl scan "$key"
shows_nothing

# Links are not followed, and nothing else than files and directories is opened.
mkdir "$dir/odd" "$dir/odd/down"
ln -s "$top" "$dir/odd/link"
ln -s "$top/a.txt" "$dir/odd/file"
ln -s .. "$dir/odd/down/up"
mkfifo "$dir/odd/fifo"
run 0 ctl scan "$dir/odd"
is "$out$err" ''
run 6 ctl scan "$dir/odd/file" # named by the user
run 0 ctl scan /proc/self/
if [[ $EUID == 0 ]]; then
    install -d -o daemon -m 0711 "$dir/odd/theirs"
    install -m 0600 "$top/a.txt" "$dir/odd/theirs/no"
    chmod 0711 "$dir"
    as_daemon() { setpriv --reuid=daemon --regid=daemon --clear-groups -- "$WFAPIKEYCTL" "$@"; }
    run 1 as_daemon scan "$dir/odd/theirs"
    has "$err" "cannot read $dir/odd/theirs/no: Permission denied"
    # A user who has found a key learns whether it is active, and not whose it is.
    run 6 as_daemon scan "$top/a.txt" "$top/sub/b" "$top/utf16"
    is "$out" "$top/a.txt:2:3: key $id, active
$top/sub/b:1:1: key $(id_of "$two"), active
$top/sub/b:1:64: key $(id_of "$old"), unknown
$top/utf16:2:1: key $(id_of "$drawn"), unknown"
fi

# The rule for gitleaks, and the expression in the manual: they match keys, and no near misses.
expression=$(sed -n "s/^regex = '''\(.*\)'''$/\1/p" "$top_srcdir/contrib/gitleaks.toml")
grep -qF '(wfk_' <<<"$expression" || fail "no expression: $expression"
grep -qxF -- "$expression" "$top_srcdir/man/wfapikeyctl.1.scd" || fail "the manual has another expression"
matches() { printf '%s\n' "$1" | grep -qP -- "$expression"; }
for text in "${secrets[@]}" "x$key" "KEY_$key" "\"$key\"," "$key.MIIC" "\\n$key\\n" "$key$two"; do
    matches "$text" || fail "the expression does not match: ${text/${text:15:42}/...}"
done
for text in "${key%?}" "${key}a" "${key/wfk_/wfk-}" "${key:0:14}-${key:15}" "WFK_${key:4}" "wfk_short_${key:15}" "${key:0:20}_${key:21}"; do
    matches "$text" && fail "the expression matches: ${text/${text:15:42}/...}"
done

# Burnt: only what is active, once, and confirmed.
run 2 ctl scan --burn "$top"
has "$err" --yes
run 2 ctl scan --burn --yes --offline "$top"
run 3 ctl --control="$dir/nowhere" scan --burn --yes "$top/a.txt"
verify "$me" <<<"$key" || fail "the key was ended"
run 6 script -qec "'$WFAPIKEYCTL' scan --burn '$top'" /dev/null <<<3
has "$out" "This revokes 2 keys"
verify "$me" <<<"$key" || fail "the key was ended by a wrong number"
run 6 script -qec "'$WFAPIKEYCTL' scan --burn '$top'" /dev/null <<<2
has "$out" "2 of 2 active keys revoked"
verify "$me" <<<"$key" && fail "a burnt key is accepted"
verify "$me" <<<"$two" && fail "a burnt key is accepted"
run 0 ctl key show "$id"
has "$out" "burnt by somebody who had it"
run 6 ctl --json scan --burn --yes "$top/a.txt"
has "$out" '{"found":[{'
has "$out" '}],"burnt":0}'
issue again
key=$out id=$(id_of "$out")
secrets+=("$key")
printf %s "$key" >"$top/again"
run 6 ctl --json scan --alive --burn --yes "$top/again"
has "$out" '"burnt":1}'
shows_nothing

# --- Histories of git ---

command -v git >/dev/null || { echo "no git: histories are not tried"; exit 0; }
issue history
key=$out id=$(id_of "$out")
secrets+=("$key")
repository=$dir/repository
in_git() {
    GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 git -C "$repository" -c user.name=a -c user.email=a@b -c commit.gpgSign=false "$@" >/dev/null 2>&1 ||
        fail "git $*"
}
git init -q "$repository"
printf 'x\n%s\n' "$key" >"$repository/with a key"
in_git add .
in_git commit -m first
first=$(git -C "$repository" rev-parse HEAD)
in_git mv 'with a key' moved
in_git commit -m "moved, as $drawn"
second=$(git -C "$repository" rev-parse HEAD)
in_git rm moved
in_git commit -m removed
: >"$repository/$dead"
in_git add .
in_git commit -m name
in_git tag -a -m "tagged $two" v1
printf '%s' "$old" >"$repository/lost"
in_git add .
in_git commit -m lost
lost=$(git -C "$repository" rev-parse HEAD)
in_git reset --hard HEAD~
printf '%s' "$two" >"$repository/staged"
in_git add .
run 6 ctl scan "$repository"
is "$(grep -c moved <<<"$out")" 0
run 6 ctl scan --git "$repository"
shows_nothing
found "$repository: commit ${first:0:12}: with a key:2:1: key $id, active, of $me (history)"
found "$repository: commit ${second:0:12}: 6:11: key $(id_of "$drawn"), unknown"
found "$repository: commit ${lost:0:12}: lost:1:1: key $(id_of "$old"), replaced, of $me (two)"
grep -qE "^$repository: object [0-9a-f]{12}:  in its name: key $(id_of "$dead"), revoked" <<<"$out" || fail "no name: $out"
grep -qE "^$repository: object [0-9a-f]{12}: 6:8: key $(id_of "$two"), revoked" <<<"$out" || fail "no tag: $out"
grep -qE "^$repository: object [0-9a-f]{12}: 1:1: key $(id_of "$two"), revoked" <<<"$out" || fail "nothing staged: $out"
run 6 ctl --json scan --git --alive "$repository"
has "$out" "{\"path\":\"with a key\",\"line\":2,\"column\":1,\"repository\":\"$repository\",\"commit\":\"$first\",\"object\":\""
# A linked worktree has the history of its repository, and what is staged in it alone.
in_git worktree add -b side "$dir/worktree"
printf '%s\n' "$dead" >"$dir/worktree/staged here"
git -C "$dir/worktree" add .
run 6 ctl scan --git "$dir/worktree"
shows_nothing
found "$dir/worktree: commit ${first:0:12}: with a key:2:1: key $id, active, of $me (history)"
grep -qE "^$dir/worktree: object [0-9a-f]{12}: 1:1: key $(id_of "$dead"), revoked" <<<"$out" || fail "nothing staged: $out"
in_git worktree remove --force "$dir/worktree"
in_git gc -q --prune=now
run 6 ctl scan --git "$repository/.git" # packed
has "$out" "commit ${first:0:12}: with a key:2:1"
run 1 ctl scan --git "$dir/files"
has "$err" "not a git repository"
run 1 ctl scan --git "$dir/none"

# So many places that they are not all kept: none is missing, and the last ones have no commit.
repository=$dir/many
git init -q "$repository"
yes "$key" | head -n 8200 >"$repository/keys"
in_git add .
in_git commit -m many
run 6 ctl scan --git "$repository"
is "$(grep -c ": keys:[0-9]*:1: key $id, active" <<<"$out")" 8192
is "$(grep -c ": object [0-9a-f]*: [0-9]*:1: key $id, active" <<<"$out")" 8
is "$(wc -l <<<"$out")" 8200
repository=$dir/repository

# Nothing of the caller's environment counts.
for setting in GIT_DIR=/nonexistent GIT_EXTERNAL_DIFF=false GIT_PAGER="touch $dir/pwned" GIT_TRACE="$dir/pwned" PAGER="touch $dir/pwned" \
    GIT_CONFIG_COUNT=1 GIT_OBJECT_DIRECTORY=/nonexistent; do
    run 6 env "$setting" GIT_CONFIG_KEY_0=core.fsmonitor GIT_CONFIG_VALUE_0="touch $dir/pwned" "$WFAPIKEYCTL" scan --git "$repository"
    has "$out" "with a key:2:1"
done

# A repository that would run something for a user who looks at it. git would follow the promise of
# the missing object to "ext::".
program=$dir/run
printf '#!/bin/sh\ntouch %s/pwned\nexit 0\n' "$dir" >"$program"
chmod +x "$program"
mkdir -p "$repository/.git/hooks"
for hook in post-checkout post-index-change pre-auto-gc fsmonitor-watchman reference-transaction; do cp "$program" "$repository/.git/hooks/$hook"; done
printf '* diff=evil filter=evil\n' | tee "$repository/.git/info/attributes" >"$repository/.gitattributes"
missing=$(git -C "$repository" rev-parse "$first:with a key")
cat >>"$repository/.git/config" <<END
[core]
    fsmonitor = $program
    hooksPath = $repository/.git/hooks
    pager = $program
    sshCommand = $program
    gitProxy = $program
    editor = $program
    askPass = $program
    alternateRefsCommand = $program
[pager]
    cat-file = $program
    rev-list = $program
    diff-tree = $program
[alias]
    cat-file = !$program
    rev-list = !$program
    diff-tree = !$program
[log]
    showSignature = true
[gpg]
    program = $program
[diff]
    external = $program
[diff "evil"]
    command = $program
    textconv = $program
[filter "evil"]
    smudge = $program
    clean = $program
    process = $program
[credential]
    helper = !$program
[protocol]
    allow = always
[protocol "ext"]
    allow = always
[extensions]
    partialClone = origin
[remote "origin"]
    url = ext::$program
    promisor = true
    partialclonefilter = blob:none
    uploadpack = $program
END
sed -i 's/repositoryformatversion = 0/repositoryformatversion = 1/' "$repository/.git/config"
run 6 ctl scan --git "$repository"
has "$out" "with a key:2:1"
[[ ! -e $dir/pwned ]] || fail "the repository has run something"
# Without the object of the second commit's tree.
in_plain() { git -C "$repository" -c core.fsmonitor=false -c core.hooksPath=/dev/null "$@"; }
tree=$(in_plain rev-parse "$first^{tree}")
pack=("$repository"/.git/objects/pack/*.pack)
mv "${pack[0]}" "$dir/pack"
rm -f "${pack[0]%.pack}".*
in_plain unpack-objects -q <"$dir/pack"
rm -f "$repository/.git/objects/${tree:0:2}/${tree:2}"
rm -f "$dir/pwned"
run 6 ctl scan --git "$repository"
has "$out" "key $id, active"
[[ ! -e $dir/pwned ]] || fail "the repository has run something for an object that it lacks"
[[ -n $missing ]]
# It is the same where the object itself is broken: that is said, and counts.
chmod +w "$repository/.git/objects/${missing:0:2}/${missing:2}"
printf broken >"$repository/.git/objects/${missing:0:2}/${missing:2}"
"$WFAPIKEYCTL" scan --git "$repository" >"$dir/out" 2>"$dir/err"
grep -q 'cannot read' "$dir/err" || fail "nothing is said of a broken object"
[[ ! -e $dir/pwned ]] || fail "the repository has run something for a broken object"

# Root looks at a repository of somebody else as that user, although git would refuse it.
if [[ $EUID == 0 ]]; then
    theirs=$dir/theirs
    git init -q "$theirs"
    printf %s "$key" >"$theirs/x"
    git -C "$theirs" add x
    chown -R daemon: "$theirs"
    chmod 0755 "$dir"
    run 6 ctl scan --git "$theirs"
    has "$out" "key $id, active"
    ln -sf /root "$theirs/.git/info/alternates"
    run 6 ctl scan --git "$theirs"

    # The user may take over that git, and make it wait. It has no terminal and no descriptor of
    # root's, and it ends with the command.
    mv "$theirs/.git/config" "$dir/config"
    mkfifo "$theirs/.git/config"
    chown daemon: "$theirs/.git/config"
    "$WFAPIKEYCTL" scan --git "$theirs" >"$dir/out" 2>"$dir/err" 9<>"$dir/descriptor" &
    scan=$!
    children+=("$scan")
    runs_git() { git=$(pgrep -P "$scan" -x git); }
    wait_until runs_git
    children+=("$git")
    is "$(stat -c %U "/proc/$git")" daemon
    read -r _ _ _ _ _ session _ <"/proc/$git/stat"
    is "$session" "$git"
    [[ ! -e /proc/$git/fd/9 ]] || fail "git has a descriptor of root's"
    kill -TERM "$scan"
    has_ended() { ! kill -0 "$git"; }
    wait_until has_ended
    rm "$theirs/.git/config"
    mv "$dir/config" "$theirs/.git/config"

    # So it is where their repository is in a directory of root for all, and further up. The objects
    # are in a directory that root alone can read.
    install -d -m 0700 "$dir/secret"
    git init -q "$dir/secret"
    printf %s "$key" >"$dir/secret/x"
    git -C "$dir/secret" add x
    git -C "$dir/secret" -c user.name=x -c user.email=x@x.example commit -qm x
    install -d -m 1777 "$dir/share" "$dir/bare"
    install -d "$dir/share/below"
    run 0 setpriv --reuid=daemon --regid=daemon --clear-groups -- env HOME=/nonexistent git init -q "$dir/share"
    run 0 setpriv --reuid=daemon --regid=daemon --clear-groups -- env HOME=/nonexistent git init -q --bare "$dir/bare"
    for objects in share/.git bare; do
        printf '%s\n' "$dir/secret/.git/objects" >"$dir/$objects/objects/info/alternates"
        chown daemon: "$dir/$objects/objects/info/alternates"
    done
    for path in share share/below bare; do
        ctl scan --git "$dir/$path" >"$dir/out" 2>"$dir/err"
        grep -q "$id" "$dir/out" && fail "root's git runs as root in $path: $(<"$dir/out")"
    done
    grep -q 'not a git repository' <(ctl scan --git "$dir/share/below" 2>&1) || fail "a repository further up is used"
    # A worktree of root's is of the repository of somebody else. Its directory there is root's.
    git -C "$dir/share" -c safe.directory='*' -c user.name=x -c user.email=x@x.example commit -q --allow-empty -m x
    git -C "$dir/share" -c safe.directory='*' worktree add -q "$dir/linked"
    chown -R daemon: "$dir/share/.git"
    chown -R 0:0 "$dir/share/.git/worktrees/linked"
    for path in linked share/.git/worktrees/linked; do
        ctl scan --git "$dir/$path" >"$dir/out" 2>"$dir/err"
        grep -q "$id" "$dir/out" && fail "root's git runs as root in $path: $(<"$dir/out")"
    done
    # All of it is root's, in a directory of somebody else, who could put another one there.
    install -d -o daemon "$dir/through"
    install -d "$dir/named"
    cp -a "$dir/secret" "$dir/through/repository"
    echo "gitdir: $dir/through/repository/.git" >"$dir/named/.git"
    ctl scan --git "$dir/named" >"$dir/out" 2>"$dir/err"
    grep -q "$id" "$dir/out" && fail "root's git runs as root through a directory of another: $(<"$dir/out")"
    chown 0:0 "$dir/through"
    run 6 ctl scan --git "$dir/named"
    chmod 0777 "$dir/through"
    run 1 ctl scan --git "$dir/named"
    has "$err" 'others than root can write'
    # Where others can replace root's repository, or a part of it, root does not look.
    refused() {
        run 1 ctl scan --git "$dir/open"
        has "$err" 'others than root can write'
    }
    install -d "$dir/open"
    git init -q "$dir/open"
    cp "$dir/secret/x" "$dir/open/x"
    git -C "$dir/open" add x
    run 6 ctl scan --git "$dir/open"
    for part in . .git .git/config .git/refs; do
        mode=$(stat -c %a "$dir/open/$part")
        chmod o+w "$dir/open/$part"
        refused
        chmod "$mode" "$dir/open/$part"
        chown 0:daemon "$dir/open/$part"
        chmod g+w "$dir/open/$part"
        refused
        chown 0:0 "$dir/open/$part"
        run 6 ctl scan --git "$dir/open"
    done
    # One could come to where there is none yet.
    install -d -m 1777 "$dir/none-yet"
    run 1 ctl scan --git "$dir/none-yet"
    has "$err" 'others than root can write'
    # Its own .git stays in such a directory.
    chmod 1777 "$dir/open"
    run 6 ctl scan --git "$dir/open"
fi
run 0 ctl --json audit list
[[ $out != *CheckKey* ]] || fail "questions about keys fill the audit log"
