# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# For tests of upgrades, which source it. A test reads a database as it is, without the daemon.

# tables SCHEMA DATABASE [WHERE]: prints what an upgrade from SCHEMA leaves as it is, a row a line.
# WHERE says which keys count.
tables() {
    local table columns rows
    for table in key policy audit cert crl_serial; do
        rows=true
        case $table in
        key)
            # Keys that were removed with all others go after a day.
            [[ $1 -lt 3 ]] || rows="epoch >= (SELECT ifnull(max(value), 0) FROM policy WHERE name = 'epoch')"
            rows+=" AND ${3-true}"
            columns='id, digest, pepper, owner, owner_uid, name, lower(services), networks, status, reason, created_at,
                updated_at, expires_at, bound_at'
            [[ $1 -lt 3 ]] || columns+=', linked, predecessor, successor, retires_at, epoch, dead_at'
            [[ $1 -lt 6 ]] || columns+=', need, certificate'
            ;;
        policy) columns='lower(name), value' ;;
        audit) columns='seq, at, until, count, uid, event, verdict, key, user, reason, detail, hash' ;;
        cert) columns='thumbprint, kind, name, der, serial, not_after' ;;
        crl_serial) columns='ca, serial' ;;
        esac
        [[ -z $(sqlite3 "$2" "SELECT 1 FROM sqlite_schema WHERE name = '$table'") ]] ||
            sqlite3 -cmd ".mode quote" "$2" "SELECT $columns FROM $table WHERE $rows ORDER BY 1, 2"
    done
}
