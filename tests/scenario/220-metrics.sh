#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: wfapikeyctl metrics prints valid OpenMetrics. Its counters change exactly as logins happen,
# and its gauges are right. A file appears at once and is readable to other users. Only
# administrators see metrics.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

strict() { awk -f "${0%/*}/openmetrics.awk"; }

# --- The parser finds faults ---
good=$'# TYPE wfapikey_a counter\n# HELP wfapikey_a A.\nwfapikey_a_total{x="1"} 1\n# TYPE wfapikey_h_seconds histogram\n'
good+=$'# UNIT wfapikey_h_seconds seconds\n# HELP wfapikey_h_seconds H.\nwfapikey_h_seconds_bucket{le="0.1"} 1\n'
good+=$'wfapikey_h_seconds_bucket{le="+Inf"} 2\nwfapikey_h_seconds_sum 1.5\nwfapikey_h_seconds_count 2\n# EOF'
strict <<<"$good" || fail "a good text is refused"
while IFS='|' read -r from to; do
    wrong=${good/"$from"/$(printf '%b' "$to")}
    [[ $wrong != "$good" ]] || fail "'$from' is not in the text"
    strict <<<"$wrong" 2>/dev/null && fail "with '$to' in the place of '$from' it is taken"
done <<'WRONG'
# EOF|
# EOF|# EOF\nwfapikey_a_total 1
_a counter|_a info
_a counter|_a_total counter
# HELP wfapikey_a A.|
# HELP wfapikey_a A.|# HELP wfapikey_a A.\\q
# UNIT wfapikey_h_seconds seconds|# UNIT wfapikey_h_seconds bytes
a_total{x="1"} 1|a_total{x="1"} -1
a_total{x="1"} 1|a_total{x="1"}  1
a_total{x="1"} 1|a_total{x="1",} 1
a_total{x="1"} 1|a_total{x="1",x="2"} 1
a_total{x="1"} 1|a_total{x="1"} 1\nwfapikey_a_total{x="1"} 1
a_total{x="1"} 1|a{x="1"} 1
a_total{x="1"} 1|a_total{x="1"} one
le="0.1"} 1|le="0.1"} 3
le="+Inf"|le="0.2"
_count 2|_count 3
_sum 1.5|_other 1.5
WRONG

# --- The metrics ---
start
metrics() { ctl metrics >"$dir/metrics" || fail "metrics ended with $?"; strict <"$dir/metrics" || fail "that is no OpenMetrics"; }
value() { # SAMPLE: its value in the last metrics
    awk -v sample="$1" 'index($0, sample " ") == 1 { print substr($0, length(sample) + 2); n++ } END { exit n != 1 }' "$dir/metrics" ||
        fail "there is not one $1"
}
logins() { value "wfapikey_verifications_total{kind=\"login\",verdict=\"$1\",reason=\"$2\"}"; }
has_sample() { grep -q "^$1[ {]" "$dir/metrics"; }

metrics
is "$(value wfapikey_enabled)" 0
is "$(value 'wfapikey_keys{status="active"}')" 0
is "$(value wfapikey_start_time_seconds)" "$(value wfapikey_start_time_seconds | grep -x '[0-9]*')"
[[ $(value wfapikey_start_time_seconds) -le $(date +%s) ]] || fail "it has started in the future"
has_sample wfapikey_key_next_expiry_timestamp_seconds && fail "an end of no key"
has_sample wfapikey_certificate_next_expiry_timestamp_seconds && fail "an end of no certificate"
has "$(grep '^wfapikey_build_info' "$dir/metrics")" "{version=\"$(ctl --version | cut -d ' ' -f 2)\"} 1"
is "$(grep -c '^wfapikey_verifications_total.* 0$' "$dir/metrics")" "$(grep -c '^wfapikey_verifications_total' "$dir/metrics")"
is "$(grep -c '^wfapikey_verifications_total{kind="login"' "$dir/metrics")" "$(grep -c '{ VERDICT_' "$top_srcdir/common/verdict.c")"

run 0 ctl policy set enabled=yes max-keys-per-user=10
end=$(($(date +%s) + 86400))
run 0 ctl key issue "$me" --expires "$(date -u -d "@$end" +%Y-%m-%dT%H:%M:%SZ)" --service sshd
key=$out
run 0 ctl key issue "$me"
revoked=$out
run 0 ctl key revoke "$(id_of "$revoked")"
for _ in 1 2 3; do verify "$me" --service sshd <<<"$key" || fail "a good key is refused"; done
verify "$me" --service ftp <<<"$key" && fail "a wrong service is accepted"
verify nobody2 --service sshd <<<"$key" && fail "another user is accepted"
verify "$me" --service sshd <<<"$revoked" && fail "a revoked key is accepted"
verify "$me" --service sshd <<<"$revoked" && fail "a revoked key is accepted"
metrics
is "$(value wfapikey_enabled)" 1
is "$(value wfapikey_accounts_read)" 1
is "$(logins accepted accepted)" 3
is "$(logins refused service)" 1
is "$(logins refused other-user)" 1
is "$(logins refused revoked)" 2
is "$(grep '^wfapikey_verifications_total' "$dir/metrics" | awk '{ n += $NF } END { print n }')" 7
is "$(value wfapikey_verification_duration_seconds_count)" 7
is "$(value 'wfapikey_verification_duration_seconds_bucket{le="+Inf"}')" 7
awk -v sum="$(value wfapikey_verification_duration_seconds_sum)" 'BEGIN { exit !(sum > 0 && sum < 60) }' || fail "seven logins took no time, or a minute"
is "$(value 'wfapikey_keys{status="active"}')" 1
is "$(value 'wfapikey_keys_ending{within="1d"}')" 1
is "$(value 'wfapikey_keys_ending{within="30d"}')" 1
is "$(value 'wfapikey_certificates_ending{within="30d"}')" 0
is "$(value 'wfapikey_crls_ending{within="30d"}')" 0
is "$(value 'wfapikey_keys{status="revoked"}')" 1
is "$(value wfapikey_key_next_expiry_timestamp_seconds)" "$end"
for queue in writer connections challenges certificates accounts; do
    is "$(value "wfapikey_queue_length{queue=\"$queue\"}")" 0
    [[ $(value "wfapikey_queue_limit{queue=\"$queue\"}") -gt 0 ]] || fail "no limit of $queue"
done
[[ $(value 'wfapikey_sweeps_total{result="done"}') -gt 0 ]] || fail "no sweep has run"
is "$(value 'wfapikey_sweeps_total{result="failed"}')" 0

# Every login of a flood is counted, and a flood adds no sample.
samples=$(wc -l <"$dir/metrics")
run 0 "$abs_top_builddir/tests/scenario/flood" "$WFAPIKEY_VERIFY" "$me" 500
metrics
is "$(logins refused unknown-key)" 500
is "$(value wfapikey_verification_duration_seconds_count)" 507
is "$(wc -l <"$dir/metrics")" "$samples"
is "$(ctl --json status | grep -o '"accepted":[0-9]*,"refused":[0-9]*')" '"accepted":3,"refused":504'

# An expiry is counted when the sweeper finds it, and the key moves to another gauge.
run 0 ctl key issue "$me" --expires 1s
swept() { metrics; [[ $(value 'wfapikey_swept_keys_total{what="expired"}') == 1 && $(value 'wfapikey_keys{status="expired"}') == 1 ]]; }
wait_until swept

# --- certificates ---
if command -v openssl >/dev/null; then
    for days in 20 10; do
        openssl req -x509 -newkey ed25519 -noenc -keyout "$dir/key.pem" -out "$dir/cert.pem" -days "$days" -subj "/CN=for $days" \
            -addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature -addext extendedKeyUsage=clientAuth \
            2>/dev/null
        run 0 ctl cert add "$dir/cert.pem"
    done
    metrics
    is "$(value 'wfapikey_certificates{kind="client"}')" 2
    is "$(value 'wfapikey_certificates{kind="ca"}')" 0
    is "$(value wfapikey_certificate_next_expiry_timestamp_seconds)" \
        "$(date -d "$(openssl x509 -in "$dir/cert.pem" -noout -enddate | cut -d = -f 2)" +%s)"
    has_sample wfapikey_crl_next_expiry_timestamp_seconds && fail "an end of no revocation list"
fi

# --- Copies ---
has_sample wfapikey_last_backup_timestamp_seconds && fail "a backup that nobody made"
has_sample wfapikey_last_import_timestamp_seconds && fail "an import that nobody made"
run 0 ctl mirror keygen
before=$(date +%s)
run 0 ctl mirror export --to "$out" "$dir/a-mirror"
metrics
has_sample wfapikey_last_backup_timestamp_seconds && fail "a mirror is no backup"
run 0 ctl mirror show-key
run 0 ctl backup create --to "$out" "$dir/a-backup"
metrics
at=$(value wfapikey_last_backup_timestamp_seconds)
[[ $at -ge $before && $at -le $(date +%s) ]] || fail "the backup was made at $at"
is "$(value wfapikey_clock_behind_seconds)" 0
is "$(value wfapikey_clock_ahead_seconds)" 0

# --- Into a file ---
(umask 077; run 0 ctl metrics --output "$dir/wfapikey.prom"; is "$out" "") || exit 1
is "$(stat -c %a "$dir/wfapikey.prom")" 644
strict <"$dir/wfapikey.prom" || fail "the file is no OpenMetrics"
inode=$(stat -c %i "$dir/wfapikey.prom")
exec 3<"$dir/wfapikey.prom"
run 0 ctl metrics --output "$dir/wfapikey.prom"
[[ $(stat -c %i "$dir/wfapikey.prom") != "$inode" ]] || fail "it was written over, where a reader can see half of it"
strict <&3 || fail "who reads the old one does not have it whole"
exec 3<&-
run 1 ctl metrics --output "$dir/none/wfapikey.prom"
has "$err" "$dir/none/wfapikey.prom"
run 2 ctl --json metrics --output "$dir/wfapikey.prom"
run 3 ctl --control="$dir/nobody" metrics --output "$dir/wfapikey.prom"
strict <"$dir/wfapikey.prom" || fail "a failure has spoilt the file"
is "$(find "$dir" -name 'wfapikey.prom?*')" ""
if command -v sqlite3 >/dev/null; then
    run 0 ctl --json metrics
    is "$(printf "SELECT json_valid('%s')" "$out" | sqlite3)" 1
    is "$(printf "SELECT count(*) FROM json_each('%s')" "$out" | sqlite3)" "$(grep -vc '^#' "$dir/wfapikey.prom")"
fi

# --- Only administrators ---
if [[ $EUID == 0 ]] && setpriv --reuid=daemon --regid=daemon --clear-groups test -x "$WFAPIKEYCTL"; then
    run 4 setpriv --reuid=daemon --regid=daemon --clear-groups -- "$WFAPIKEYCTL" metrics
    is "$out" ""
    has "$err" "Only administrators"
fi
