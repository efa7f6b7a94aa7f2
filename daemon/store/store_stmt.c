/* SPDX-License-Identifier: BSD-2-Clause */
/* The SQL of all statements, and SQLite's result codes as errnos. No other file steps a statement.
 * Knows no record. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/store_row.h"
#include "store/store_stmt.h"

#define KEY_COLUMNS STORE_KEY_COLUMNS
#define USE_COLUMNS ", u.last_at, u.service, u.rhost, u.uses"
#define USED_KEYS   "SELECT " KEY_COLUMNS USE_COLUMNS " FROM key k LEFT JOIN key_use u ON u.id = k.id"
/* RECORD_FLEET_EPOCH: the epochs of a fleet begin there, beyond those of a host. */
#define FLEET_EPOCH "1099511627776"
#define EPOCH(name) "(SELECT ifnull(max(value), 0) FROM policy WHERE name = '" name "')"
#define REMOVED                                                                                    \
        "(epoch < " EPOCH("epoch") " OR (epoch >= " FLEET_EPOCH                                    \
                                   " AND epoch < " EPOCH("fleet-epoch") "))"
/* Keys that were removed all at once stay until the sweeper deletes them, and nobody is shown
 * them. */
#define LIVE_EPOCH                                                                                 \
        " AND k.epoch >= iif(k.epoch < " FLEET_EPOCH                                               \
        ", " EPOCH("epoch") ", " EPOCH("fleet-epoch") ")"

/* A revocation that waits for the fleet's database is told by the row of its key. */
#define NOT_WAITING " AND NOT EXISTS (SELECT 1 FROM fleet_outbox o WHERE o.id = key.id)"
#define PURGED_KEYS                                                                                \
        "SELECT id FROM key WHERE dead_at <> 0 AND dead_at <= ?1" NOT_WAITING                      \
        " ORDER BY dead_at LIMIT ?2"
#define LIFE_COLUMNS                                                                               \
        "k.id, k.status, k.created_at, k.expires_at, k.bound_at, k.retires_at, k.dead_at, "        \
        "k.updated_at, k.reason <> '', k.hosts <> ''"
/* The first of each half of the index. */
#define NEWEST_MADE                                                                                \
        "SELECT max(created_at) AS at FROM key WHERE dead_at = 0 AND endless = 0 UNION ALL "       \
        "SELECT max(created_at) FROM key WHERE dead_at = 0 AND endless = 1"
#define SWEPT_KEYS "SELECT " KEY_COLUMNS " FROM key k"

#define AUDIT_COLUMNS                                                                              \
        "seq, at, until, count, uid, pid, owner_uid, login_uid, event, verdict, door, key, user, " \
        "service, rhost, reason, detail, hash"

static const char *const texts[] = {
        [STMT_BEGIN_READ] = "BEGIN DEFERRED",
        [STMT_BEGIN_WRITE] = "BEGIN IMMEDIATE",
        [STMT_COMMIT] = "COMMIT",
        [STMT_ROLLBACK] = "ROLLBACK",
        [STMT_PEPPERS] = "SELECT id FROM pepper",
        [STMT_POLICIES] = "SELECT name, value, changed_at FROM policy",
        [STMT_KEY_GET] = "SELECT " KEY_COLUMNS " FROM key k WHERE k.id = ?1",
        [STMT_KEY_NEAR] =
                "SELECT " KEY_COLUMNS " FROM key k WHERE k.id >= ?1 ORDER BY k.id LIMIT 1",
        [STMT_KEY_LAST_ID] = "SELECT ifnull(max(id), '') FROM key",
        [STMT_KEY_LAST_USE] = "SELECT last_at FROM key_use WHERE id = ?1",
        [STMT_KEY_GET_USED] = USED_KEYS " WHERE k.id = ?1" LIVE_EPOCH,
        [STMT_KEY_EACH] = USED_KEYS " WHERE k.id > ?1" LIVE_EPOCH " ORDER BY k.id",
        [STMT_KEY_EACH_OF] =
                USED_KEYS " WHERE k.owner = ?2 AND k.id > ?1" LIVE_EPOCH " ORDER BY k.id",
        [STMT_KEY_EACH_OWN] = USED_KEYS
        " WHERE k.owner IN (SELECT name FROM account WHERE uid = ?2 AND state = "
        "1) AND " STORE_KEY_OWNER_UID " = ?2 AND k.id > ?1" LIVE_EPOCH " ORDER BY k.id",
        /* Without the last condition SQLite does not see that the index has them all. */
        [STMT_KEY_EACH_REALM] = USED_KEYS " WHERE k.realm = ?2 AND k.id > ?1" LIVE_EPOCH
                                          " AND k.realm <> '' ORDER BY k.id",
        [STMT_KEY_EACH_NAMED] = "SELECT k.id, k.name, k.owner FROM key k WHERE k.id > ?1" LIVE_EPOCH
                                " ORDER BY k.id",
        [STMT_KEY_INSERT] =
                "INSERT INTO key (id, digest, pepper, owner, owner_uid, name, services, networks, "
                "status, reason, created_at, updated_at, expires_at, bound_at, linked, origin, "
                "predecessor, successor, retires_at, epoch, dead_at, need, certificate, hosts, "
                "revision) VALUES "
                "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, "
                "?19, ?20, ?21, ?22, ?23, ?24, ?25)",
        [STMT_KEY_UPDATE] =
                "UPDATE key SET digest = ?2, pepper = ?3, name = ?4, status = max(status, ?5), "
                "reason = ?6, updated_at = ?7, successor = ?8, retires_at = ?9, dead_at = ?10, "
                "need = ?11, certificate = ?12 WHERE id = ?1",
        [STMT_KEY_BIND_OWNER] =
                "UPDATE key SET owner_uid = ?2 WHERE id IN (SELECT id FROM key WHERE owner = ?1 "
                "AND hosts <> '' AND owner_uid = 4294967295 LIMIT ?3)",
        [STMT_KEY_DELETE] = "DELETE FROM key WHERE id = ?1",
        [STMT_KEY_USED] =
                "INSERT INTO key_use (id, last_at, service, rhost, uses) VALUES (?1, ?2, ?3, ?4, "
                "?5) ON CONFLICT (id) DO UPDATE SET last_at = max(last_at, excluded.last_at), "
                "service = excluded.service, rhost = excluded.rhost, uses = uses + excluded.uses",
        /* The next report to the issuing hosts of the fleet says so. */
        [STMT_FLEET_USED] =
                "INSERT OR IGNORE INTO fleet_used (id) SELECT id FROM key WHERE EXISTS (SELECT 1 "
                "FROM fleet) AND id = ?1 AND hosts <> ''",
        [STMT_REPORTED_ADD] =
                "INSERT OR IGNORE INTO fleet_audit (host, chain, taken_at, " AUDIT_COLUMNS ") "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
                "?17, ?18, ?19, ?20, ?21)",
        [STMT_POLICY_SET] =
                "INSERT INTO policy (name, value, changed_at) VALUES (?1, ?2, ?3) ON CONFLICT "
                "(name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at, "
                "fleet = 0",
#define ACCOUNT_COLUMNS                                                                            \
        "name, state, uid, local, admin, locked, password_ends_at, closes_at, gone_since, "        \
        "checked_at, held, password_since, password_held"
/* Whether live keys depend on an account, or idle ones, which can live again. */
#define MAY_LIVE " AND (k.dead_at = 0 OR (k.status = 0 AND k.reason <> ''))" LIVE_EPOCH
#define HAS_LIVE_KEYS(name)                                                                        \
        "(EXISTS (SELECT 1 FROM key k WHERE k.owner = " name MAY_LIVE                              \
        ") OR EXISTS (SELECT 1 FROM key k WHERE k.linked <> '' AND k.linked = " name MAY_LIVE "))"
/* The accounts that are gone and that live keys depend on. */
#define VANISHED " FROM account a WHERE a.state = 2 AND " HAS_LIVE_KEYS("a.name")
/* Those whose passwords were lost at once, and that live keys depend on. The plus keeps SQLite to
 * the index of those that are held. */
#define HELD_PASSWORDS                                                                             \
        " FROM account a WHERE a.password_held <> 0 AND "                                          \
        "+a.state = 1 AND " HAS_LIVE_KEYS("a.name")
/* The ?2 names in a column of the keys that follow ?1, and whether each is known. */
#define NAMES_IN_KEYS(column)                                                                      \
        "WITH RECURSIVE names(who) AS (SELECT (SELECT min(" column ") FROM key WHERE " column      \
        " <> '' AND " column " > ?1) UNION ALL SELECT (SELECT min(" column                         \
        ") FROM key WHERE " column " <> '' AND " column                                            \
        " > who) FROM names WHERE who IS NOT NULL LIMIT ?2) "                                      \
        "SELECT who, EXISTS (SELECT 1 FROM account WHERE name = who) FROM names "                  \
        "WHERE who IS NOT NULL"
        [STMT_ACCOUNT_GET] = "SELECT " ACCOUNT_COLUMNS " FROM account WHERE name = ?1",
        [STMT_ACCOUNT_EACH] =
                "SELECT " ACCOUNT_COLUMNS " FROM account WHERE name > ?1 ORDER BY name LIMIT ?2",
        [STMT_ACCOUNT_PUT] = "REPLACE INTO account (" ACCOUNT_COLUMNS
                             ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        /* Each step seeks in the index. SQLite would read a DISTINCT through all keys. */
        [STMT_ACCOUNT_OWNERS] = NAMES_IN_KEYS("owner"),
        [STMT_ACCOUNT_LINKED] = NAMES_IN_KEYS("linked"),
        [STMT_ACCOUNT_OF_UID] = "SELECT " ACCOUNT_COLUMNS
                                " FROM account WHERE uid = ?1 AND state = 1 ORDER BY name LIMIT 1",
        [STMT_ACCOUNT_FORGET] =
                "DELETE FROM account WHERE name > ?1 AND name <= ?2 AND NOT EXISTS (SELECT 1 FROM "
                "key WHERE key.owner = account.name) AND NOT EXISTS (SELECT 1 FROM key WHERE "
                "linked <> '' AND key.linked = account.name) AND NOT EXISTS "
                "(SELECT 1 FROM audit WHERE audit.user <> '' AND audit.user = account.name)",
        [STMT_ACCOUNT_GONE] =
                "SELECT " ACCOUNT_COLUMNS VANISHED " AND a.name > ?1 ORDER BY a.name LIMIT ?2",
        [STMT_ACCOUNT_LIVES] = "SELECT " HAS_LIVE_KEYS("?1"),
        [STMT_ACCOUNT_HAS_HELD] =
                "SELECT EXISTS (SELECT 1 FROM account a "
                "WHERE a.held <> 0 AND +a.state = 2 AND " HAS_LIVE_KEYS("a.name") ")",
        [STMT_ACCOUNT_HAS_HELD_PASSWORD] = "SELECT EXISTS (SELECT 1" HELD_PASSWORDS ")",
        [STMT_ACCOUNT_HELD_PASSWORDS] = "SELECT " ACCOUNT_COLUMNS HELD_PASSWORDS
                                        " AND a.name > ?1 ORDER BY a.name LIMIT ?2",
        [STMT_ACCOUNT_COUNT_HELD_PASSWORDS] = "SELECT count(*)" HELD_PASSWORDS,
        [STMT_ACCOUNT_VANISHED] = "SELECT count(*), ifnull(sum(a.held), 0)" VANISHED,
        [STMT_ACCOUNT_FILES_ARE] =
                "SELECT EXISTS (SELECT 1 FROM account_files WHERE identity = ?1)",
        [STMT_ACCOUNT_FILES_SET] = "REPLACE INTO account_files (one, identity) VALUES (1, ?1)",
        [STMT_SWEEP_NEXT] = "SELECT min(ends_at) FROM key WHERE dead_at = 0",
        [STMT_SWEEP_OLDEST] = "SELECT min(created_at) FROM key WHERE dead_at = 0 AND endless = 1",
        [STMT_SWEEP_NEWEST] = "SELECT max(at) FROM (" NEWEST_MADE ")",
        [STMT_SWEEP_AHEAD] = SWEPT_KEYS " WHERE k.dead_at = 0 AND k.endless IN (0, 1) AND "
                                        "k.created_at > ?1 LIMIT ?2",
        /* An end that would be before 1970 is 1: 0 stands for none. */
        [STMT_SWEEP_REDATE] =
                "UPDATE key SET created_at = ?2, "
                "updated_at = iif(updated_at = created_at, ?2, updated_at), "
                "expires_at = iif(expires_at > 0, max(1, expires_at - (created_at - ?2)), 0), "
                "bound_at = iif(bound_at > 0, max(1, bound_at - (created_at - ?2)), 0) "
                "WHERE id = ?1",
        [STMT_SWEEP_REDATE_RETIRED] = "UPDATE key SET retires_at = retires_at - (?3 - ?2) WHERE "
                                      "id = ?1 AND retires_at >= ?3",
        [STMT_SWEEP_NEXT_AUDIT] =
                "SELECT min(at) FROM (SELECT (SELECT until FROM audit WHERE until <= ?1 ORDER BY "
                "seq LIMIT 1) AS at UNION ALL SELECT (SELECT taken_at FROM fleet_audit ORDER BY "
                "place LIMIT 1))",
        [STMT_SWEEP_NEXT_DEAD] = "SELECT min(dead_at) FROM key WHERE dead_at <> 0" NOT_WAITING,
        [STMT_SWEEP_NEXT_PASSWORD] = "SELECT min(password_ends_at) FROM account WHERE "
                                     "password_ends_at <> 0 AND password_ends_at > ?1",
        [STMT_SWEEP_REMOVED] = "SELECT EXISTS (SELECT 1 FROM key WHERE " REMOVED ")",
        [STMT_SWEEP_ENDED] =
                SWEPT_KEYS " WHERE k.dead_at = 0 AND k.ends_at <= ?1 ORDER BY k.ends_at LIMIT ?2",
        [STMT_SWEEP_MADE] = SWEPT_KEYS " WHERE k.dead_at = 0 AND k.endless = 1 AND k.created_at <= "
                                       "?1 ORDER BY k.created_at LIMIT ?2",
        [STMT_SWEEP_UNDONE] =
                SWEPT_KEYS " WHERE k.dead_at <> 0 AND k.dead_at > ?1 AND k.status = 0 LIMIT ?2",
        [STMT_SWEEP_OF] = SWEPT_KEYS " WHERE k.owner = ?1 AND k.id > ?3 AND k.status = 0" LIVE_EPOCH
                                     " ORDER BY k.id LIMIT ?2",
        [STMT_SWEEP_LINKED] = SWEPT_KEYS
        " WHERE k.linked <> '' AND k.linked = ?1 AND k.id > ?3 AND k.status = 0" LIVE_EPOCH
        " ORDER BY k.id LIMIT ?2",
        /* A key of the fleet that was revoked here alone must not come back with its next change.
         */
        [STMT_SWEEP_KEEP_GONE] =
                "INSERT INTO fleet_gone (id, revision) SELECT id, 9223372036854775807 FROM key "
                "WHERE "
                "id IN (" PURGED_KEYS ") AND hosts <> '' AND status = 1 ON CONFLICT (id) DO UPDATE "
                "SET revision = excluded.revision",
        [STMT_SWEEP_PURGE_DEAD] = "DELETE FROM key WHERE id IN (" PURGED_KEYS ")",
        [STMT_SWEEP_PURGE_REMOVED] =
                "DELETE FROM key WHERE id IN (SELECT id FROM key WHERE " REMOVED " LIMIT ?1)",
        /* The reason of an active key says that it was idle. */
        [STMT_SWEEP_MARK] = "UPDATE key SET dead_at = ?2, reason = iif(status = 0, '', reason) "
                            "WHERE id = ?1",
        [STMT_SWEEP_TRUSTED_AT] = "SELECT ifnull(max(trusted_at), 0) FROM clock",
        [STMT_SWEEP_TRUST] = "REPLACE INTO clock (one, trusted_at) VALUES (1, ?1)",
        /* What the indexes say, and the last record of the audit log. */
        [STMT_LOG_NEXT] = "UPDATE log SET before = id, id = randomblob(8)",
        [STMT_KEY_NEWEST] = "SELECT max(ifnull((SELECT max(at) FROM (" NEWEST_MADE
                            ")), 0), ifnull((SELECT max(dead_at) FROM key WHERE dead_at <> 0), 0), "
                            "ifnull((SELECT at FROM audit WHERE seq = (SELECT max(seq) FROM "
                            "audit)), 0))",
        [STMT_MIRROR_GET] =
                "SELECT exported, source, imported, imported_at, backed_up_at FROM mirror",
        [STMT_MIRROR_PUT] = "REPLACE INTO mirror (one, exported, source, imported, imported_at, "
                            "backed_up_at) VALUES (1, ?1, ?2, ?3, ?4, ?5)",
        /* Only the columns that say whether a key lives, and no other table: most of the time goes
         * into the width of a row. */
        [STMT_KEY_LIVES] = "SELECT " LIFE_COLUMNS " FROM key k WHERE k.id > ?1" LIVE_EPOCH
                           " ORDER BY k.id LIMIT ?2",
        [STMT_KEY_LIVES_USED] = "SELECT " LIFE_COLUMNS ", ifnull(u.last_at, 0) FROM key k LEFT "
                                "JOIN key_use u ON u.id = k.id WHERE k.id > ?1" LIVE_EPOCH
                                " ORDER BY k.id LIMIT ?2",
/* STORE_SOON_DAYS; there are a few hundred certificates at most */
#define ENDING(days)                                                                               \
        ", (SELECT count(*) FROM cert WHERE not_after BETWEEN ?1 AND ?1 + " days " * 86400)"
#define OUT_OF_DATE(days) ", (SELECT count(*) FROM crl WHERE next_update <= ?1 + " days " * 86400)"
        [STMT_CERT_SUM] =
                "SELECT (SELECT count(*) FROM cert WHERE kind = 0), (SELECT count(*) "
                "FROM cert WHERE kind = 1), (SELECT min(not_after) FROM cert WHERE "
                "not_after >= ?1), (SELECT min(next_update) FROM crl)" ENDING("1") ENDING("7")
                        ENDING("30") OUT_OF_DATE("1") OUT_OF_DATE("7") OUT_OF_DATE("30"),
        [STMT_KEY_COUNT] = "SELECT count(*) FROM key k WHERE true" LIVE_EPOCH,
        [STMT_KEY_COUNT_SOME] =
                "SELECT count(*), ifnull(sum(hosts = ''), 0), ifnull(max(id), '') FROM (SELECT id, "
                "hosts FROM key k WHERE k.id > ?1" LIVE_EPOCH " ORDER BY k.id LIMIT ?2)",
#define CERT_COLUMNS                                                                               \
        "thumbprint, kind, name, subject, subject_cn, subject_o, subject_ou, issuer_cn, "          \
        "issuer_o, "                                                                               \
        "issuer_ou,"                                                                               \
        " serial, key_type, issuer_id, subject_id, spki, ssh, not_before, not_after, added_at, "   \
        "der, point, fleet"
        [STMT_CERT_GET] = "SELECT " CERT_COLUMNS " FROM cert WHERE thumbprint = ?1",
        [STMT_CERT_OF_SPKI] = "SELECT " CERT_COLUMNS
                              " FROM cert WHERE spki = ?1 AND kind = 0 ORDER BY not_after DESC",
        [STMT_CERT_OF_SSH] = "SELECT " CERT_COLUMNS
                             " FROM cert WHERE ssh = ?1 AND kind = 0 ORDER BY not_after DESC",
        [STMT_CERT_CAS] = "SELECT " CERT_COLUMNS " FROM cert WHERE kind = 1",
/* Of the CTE lists: whether one of them names the serial number ?2. */
#define IN_LISTS                                                                                   \
        "EXISTS (SELECT 1 FROM lists JOIN crl_serial s ON s.ca = lists.ca AND s.serial = ?2)"
/* How long a list is good for the distribution point ?4. One for another point is not good. */
#define COVERS "iif(lists.point IN (?4, zeroblob(32)), next_update, -1)"
        /* The key of a CA is known by its hash as SSH writes it, or by that of its
         * SubjectPublicKeyInfo when SSH has no such keys. */
        [STMT_CRL_OF_KEY] =
                "WITH lists AS MATERIALIZED (SELECT crl.* FROM cert c JOIN crl ON "
                "crl.ca = c.thumbprint WHERE c.ssh = ?3 OR c.spki = ?3) SELECT " IN_LISTS
                ", (SELECT max(" COVERS ") FROM lists WHERE issuer_id IN (?1, zeroblob(32)))",
        [STMT_CRL_OF_NAME] =
                "WITH lists AS MATERIALIZED (SELECT crl.*, iif(c.ssh <> zeroblob(32), c.ssh, "
                "c.spki) AS key FROM crl JOIN cert c ON crl.ca = c.thumbprint WHERE "
                "crl.issuer_id IN (?1, zeroblob(32)) OR ?1 = zeroblob(32)) SELECT " IN_LISTS
                ", (SELECT min(ends) FROM (SELECT max(" COVERS ") AS ends "
                "FROM lists GROUP BY key))",
        [STMT_CERT_EACH] = "SELECT " CERT_COLUMNS " FROM cert ORDER BY kind, name",
        [STMT_CERT_INSERT] = "INSERT INTO cert (" CERT_COLUMNS
                             ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
                             "?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)",
        [STMT_CERT_DELETE] = "DELETE FROM cert WHERE thumbprint = ?1",
        [STMT_CERT_KEYS] = "SELECT count(*) FROM key k WHERE k.certificate <> x'' AND "
                           "k.certificate = ?1" LIVE_EPOCH,
        [STMT_CRL_GET] = "SELECT ca, issuer_id, this_update, next_update, revoked, point FROM crl "
                         "WHERE ca = ?1",
        [STMT_CRL_DELETE] = "DELETE FROM crl WHERE ca = ?1",
        [STMT_CRL_INSERT] =
                "INSERT INTO crl (ca, issuer_id, this_update, next_update, revoked, point) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        [STMT_CRL_ADD] = "INSERT OR IGNORE INTO crl_serial (ca, serial) VALUES (?1, ?2)",
        [STMT_AUDIT_EACH] = "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq > ?1 ORDER BY seq",
        /* Without the second condition SQLite would not use the index, which is a partial one. */
        [STMT_AUDIT_EACH_OF_KEY] = "SELECT " AUDIT_COLUMNS " FROM audit"
                                   " WHERE key = ?2 AND key <> '' AND seq > ?1 ORDER BY seq",
        [STMT_AUDIT_EACH_OF_USER] = "SELECT " AUDIT_COLUMNS " FROM audit"
                                    " WHERE user = ?2 AND user <> '' AND seq > ?1 ORDER BY seq",
        [STMT_AUDIT_BACK] = "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq < ?1 ORDER BY seq DESC",
        [STMT_AUDIT_BACK_OF_KEY] = "SELECT " AUDIT_COLUMNS " FROM audit"
                                   " WHERE key = ?2 AND key <> '' AND seq < ?1 ORDER BY seq DESC",
        [STMT_AUDIT_BACK_OF_USER] =
                "SELECT " AUDIT_COLUMNS " FROM audit"
                " WHERE user = ?2 AND user <> '' AND seq < ?1 ORDER BY seq DESC",
        [STMT_AUDIT_HASH] = "SELECT hash FROM audit WHERE seq = ?1",
        [STMT_AUDIT_INSERT] =
                "INSERT INTO audit (" AUDIT_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
                "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        [STMT_AUDIT_DELETE] = "DELETE FROM audit WHERE seq <= ?1",
        /* One row, whether the chain is there or not. */
        [STMT_CHAIN_GET] = "SELECT base_seq, base_hash, head_seq, head_hash, mac,"
                           " (SELECT max(seq) FROM audit)"
                           " FROM (SELECT 1 AS one) LEFT JOIN audit_chain ON id = one",
        [STMT_CHAIN_SET] = "REPLACE INTO audit_chain (id, base_seq, base_hash, head_seq, "
                           "head_hash, mac) VALUES (1, ?1, ?2, ?3, ?4, ?5)",
};
_Static_assert(ARRAY_LEN(texts) == _STMT_MAX, "a text for each statement");

int store_stmt_error(int rc) {
        /* a sector of the disk that cannot be read any more */
        if (rc == SQLITE_IOERR_READ || rc == SQLITE_IOERR_CORRUPTFS)
                return -EUCLEAN;
        switch (rc & 0xff) {
        case SQLITE_OK:
                return 0;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return -EUCLEAN;
        case SQLITE_CONSTRAINT:
                return -EEXIST;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_CANTOPEN:
                return -EACCES;
        }
        return -EIO;
}

int store_stmt_result(sqlite3 *db, int rc) {
        /* SQLite does not keep the error of a COMMIT. */
        int error = errno, class = rc & 0xff;

        if ((class != SQLITE_IOERR && class != SQLITE_CANTOPEN) || store_stmt_error(rc) == -EUCLEAN)
                return store_stmt_error(rc);
        if (error == 0)
                error = sqlite3_system_errno(db);
        return error == ENOSPC || error == EDQUOT || error == EROFS ? -error : store_stmt_error(rc);
}

static bool is_used(const struct store *s, int which) {
        if (s->mode == STORE_JUDGED)
                return which == STMT_PEPPERS || which == STMT_CHAIN_GET || which == STMT_AUDIT_HASH;
        return s->mode != STORE_READER || which < (int) _STMT_READER_MAX;
}

int store_stmt_prepare_all(struct store *s) {
        for (int i = 0; i < (int) _STMT_MAX; i++) {
                int rc;

                if (!is_used(s, i))
                        continue;
                errno = 0;
                rc = sqlite3_prepare_v3(s->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                        &s->statements[i], NULL);

                /* A statement names what the schema lacks. So it is not our schema, and no longer
                 * our database. */
                if (rc == SQLITE_ERROR)
                        return -EUCLEAN;
                if (rc != SQLITE_OK)
                        return store_stmt_result(s->db, rc);
        }
        return 0;
}

sqlite3_stmt *store_stmt(struct store *s, enum stmt which) {
        return s->statements[which];
}

int store_stmt_step(sqlite3_stmt *stmt) {
        int rc;

        errno = 0;
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW)
                return 1;
        if (rc == SQLITE_DONE)
                return 0;
        return rc == SQLITE_OK ? -EIO : store_stmt_result(sqlite3_db_handle(stmt), rc);
}

void store_stmt_done(sqlite3_stmt **stmt) {
        (void) sqlite3_reset(*stmt);
        (void) sqlite3_clear_bindings(*stmt);
}

int store_stmt_run(struct store *s, enum stmt which) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, which);
        int r = store_stmt_step(stmt);

        return r > 0 ? -EIO : r;
}

int store_stmt_text(sqlite3_stmt *stmt, int column, char *out, size_t size) {
        const unsigned char *text = sqlite3_column_text(stmt, column);
        size_t len = (size_t) sqlite3_column_bytes(stmt, column);

        /* SQLite allocates for a text. What memory was lacking for is not damaged. */
        if (!text)
                return sqlite3_column_type(stmt, column) == SQLITE_NULL ? -EUCLEAN : -ENOMEM;
        if (len >= size || memchr(text, 0, len))
                return -EUCLEAN;
        memcpy(out, text, len);
        out[len] = '\0';
        return 0;
}

int store_stmt_bind_hash(sqlite3_stmt *stmt, int at, const uint8_t hash[static RECORD_HASH_LEN]) {
        return store_stmt_error(sqlite3_bind_blob(stmt, at, hash, RECORD_HASH_LEN, SQLITE_STATIC));
}

int store_stmt_blob(sqlite3_stmt *stmt, int column, uint8_t *out, size_t len) {
        const void *bytes = sqlite3_column_blob(stmt, column);

        if (!bytes || (size_t) sqlite3_column_bytes(stmt, column) != len)
                return -EUCLEAN;
        memcpy(out, bytes, len);
        return 0;
}

int store_stmt_exec(sqlite3 *db, const char *sql) {
        errno = 0;
        return store_stmt_result(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

int store_stmt_pragma(sqlite3 *db, const char *sql, int64_t *ret) {
        sqlite3_stmt *stmt = NULL;
        int r, rc;

        errno = 0;
        rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
        if (rc != SQLITE_OK)
                return store_stmt_result(db, rc);
        r = store_stmt_step(stmt);
        if (r > 0)
                *ret = sqlite3_column_int64(stmt, 0);
        (void) sqlite3_finalize(stmt);
        return r > 0 ? 0 : r == 0 ? -EIO : r;
}

/* In the order of a file: a table that refers to another comes behind it. */
static const char *const whole_tables[] = { "pepper",     "policy", "cert",   "crl",
                                            "crl_serial", "key",    "key_use" };

const char *store_stmt_table(size_t i) {
        return i < ARRAY_LEN(whole_tables) ? whole_tables[i] : NULL;
}

int store_stmt_columns(sqlite3 *db, const char *table, struct store_columns *ret) {
        struct store_columns columns = {};
        sqlite3_stmt *stmt = NULL;
        int r;

        /* Columns that are computed from others are not among them. */
        r = store_stmt_error(
                sqlite3_prepare_v2(db, "SELECT name FROM pragma_table_info(?1)", -1, &stmt, NULL));
        if (r >= 0)
                r = store_stmt_error(sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC));
        while (r >= 0 && (r = store_stmt_step(stmt)) > 0) {
                r = columns.n == STORE_COLUMNS_MAX
                            ? -EUCLEAN
                            : store_stmt_text(stmt, 0, columns.names[columns.n],
                                              sizeof(columns.names[0]));
                columns.n++;
        }
        (void) sqlite3_finalize(stmt);
        if (r < 0)
                return r;
        *ret = columns;
        return 0;
}

void store_stmt_list(const struct store_columns *columns, char out[static STORE_LIST_LEN]) {
        size_t at = 0;

        out[0] = '\0';
        for (size_t i = 0; i < columns->n; i++)
                at += (size_t) snprintf(out + at, STORE_LIST_LEN - at, "%s%s", i > 0 ? ", " : "",
                                        columns->names[i]);
}

int store_stmt_nth_table(sqlite3 *db, int i, char ret[static STORE_COLUMN_LEN]) {
        sqlite3_stmt *stmt = NULL;
        int r;

        r = store_stmt_error(sqlite3_prepare_v2(
                db, "SELECT name FROM main.sqlite_schema WHERE type = 'table' LIMIT 1 OFFSET ?1",
                -1, &stmt, NULL));
        if (r >= 0)
                r = store_stmt_error(sqlite3_bind_int(stmt, 1, i));
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r > 0 && store_stmt_text(stmt, 0, ret, STORE_COLUMN_LEN) < 0)
                r = -EUCLEAN;
        (void) sqlite3_finalize(stmt);
        return r;
}
