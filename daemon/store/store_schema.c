/* SPDX-License-Identifier: BSD-2-Clause */
/* The schema, a row of SQL for each version. Does not decide which database may be brought up to
 * date. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/store_schema.h"
#include "store/store_stmt.h"

/* Folds the names of services as text_fold_service() does: lower() knows ASCII only. Where two
 * policies become one, the stricter counts, because a certificate that somebody asked for must not
 * be waived. This text is a migration, and never changes either. */
#define FOLD_SERVICES                                                                              \
        "UPDATE key SET services = lower(services) WHERE services <> lower(services);"             \
        "UPDATE key_use SET service = lower(service) WHERE service <> "                            \
        "lower(service);" FOLD_POLICIES
#define FOLD_POLICIES                                                                              \
        "INSERT OR REPLACE INTO policy (name, value, changed_at) "                                 \
        "SELECT lower(name), max(value), max(changed_at) FROM policy "                             \
        "WHERE name GLOB 'require-certificate:*' GROUP BY lower(name);"                            \
        "DELETE FROM policy WHERE name GLOB 'require-certificate:*' AND name <> lower(name)"

/* One row for each version. A row that was ever released does not change. Version n is the state
 * after row n-1. */
#define ZEROES "x'0000000000000000000000000000000000000000000000000000000000000000'"

static const char *const migrations[] = {
        /* 1: Keys are found by id alone, so the row is its index (WITHOUT ROWID). What changes with
         * every use is in another table, because each key would dirty a page of its own here. */
        "CREATE TABLE pepper ("
        "  id INTEGER PRIMARY KEY,"
        "  created_at INTEGER NOT NULL DEFAULT (unixepoch())"
        ") STRICT;"
        "CREATE TABLE policy ("
        "  name TEXT PRIMARY KEY,"
        "  value INTEGER NOT NULL,"
        "  changed_at INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE key ("
        "  id TEXT PRIMARY KEY CHECK (length(id) = 10),"
        "  digest BLOB NOT NULL CHECK (length(digest) = 32),"
        "  pepper INTEGER NOT NULL REFERENCES pepper (id),"
        "  owner TEXT NOT NULL CHECK (owner <> ''),"
        "  owner_uid INTEGER NOT NULL,"
        "  name TEXT NOT NULL,"
        "  services TEXT NOT NULL,"
        "  networks TEXT NOT NULL,"
        "  status INTEGER NOT NULL CHECK (status IN (0, 1)),"
        "  reason TEXT NOT NULL,"
        "  created_at INTEGER NOT NULL,"
        "  updated_at INTEGER NOT NULL,"
        "  expires_at INTEGER NOT NULL,"
        "  bound_at INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX key_owner ON key (owner);",
        /* 2 */
        "CREATE TABLE key_use ("
        "  id TEXT PRIMARY KEY REFERENCES key (id) ON DELETE CASCADE,"
        "  last_at INTEGER NOT NULL,"
        "  service TEXT NOT NULL,"
        "  rhost TEXT NOT NULL,"
        "  uses INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;",
        /* 3: Linked users, rotation, epochs. Each thing that the sweeper looks for has an index, so
         * that what is due is found in a store of a million keys as fast as in one of ten. ends_at
         * is a key's own end. The end by the policy's lifetime follows from created_at. */
        "ALTER TABLE key ADD COLUMN linked TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE key ADD COLUMN origin TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE key ADD COLUMN predecessor TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE key ADD COLUMN successor TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE key ADD COLUMN retires_at INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE key ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE key ADD COLUMN dead_at INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE key ADD COLUMN ends_at INTEGER AS (min("
        "  CASE WHEN expires_at > 0 THEN expires_at ELSE 9223372036854775807 END,"
        "  CASE WHEN bound_at > 0 THEN bound_at ELSE 9223372036854775807 END,"
        "  CASE WHEN retires_at > 0 THEN retires_at ELSE 9223372036854775807 END)) VIRTUAL;"
        "UPDATE key SET dead_at = updated_at WHERE status = 1;"
        "CREATE INDEX key_ends ON key (ends_at) WHERE dead_at = 0;"
        "CREATE INDEX key_made ON key (created_at) WHERE dead_at = 0 AND expires_at = 0;"
        "CREATE INDEX key_dead ON key (dead_at) WHERE dead_at <> 0;"
        "CREATE INDEX key_epoch ON key (epoch);"
        "CREATE INDEX key_linked ON key (linked) WHERE linked <> '';"
        "CREATE TABLE account ("
        "  name TEXT PRIMARY KEY CHECK (name <> ''),"
        "  state INTEGER NOT NULL CHECK (state IN (1, 2)),"
        "  uid INTEGER NOT NULL,"
        "  local INTEGER NOT NULL,"
        "  admin INTEGER NOT NULL,"
        "  locked INTEGER NOT NULL,"
        "  password_ends_at INTEGER NOT NULL,"
        "  closes_at INTEGER NOT NULL,"
        "  gone_since INTEGER NOT NULL,"
        "  checked_at INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX account_uid ON account (uid);"
        "CREATE INDEX account_password ON account (password_ends_at) WHERE password_ends_at <> 0;",
        /* 4: The audit log and the seal on its two ends. The indexes are partial, because most
         * records of a flood name no key that exists. */
        "CREATE TABLE audit ("
        "  seq INTEGER PRIMARY KEY,"
        "  at INTEGER NOT NULL,"
        "  until INTEGER NOT NULL,"
        "  count INTEGER NOT NULL,"
        "  uid INTEGER NOT NULL,"
        "  pid INTEGER NOT NULL,"
        "  owner_uid INTEGER NOT NULL,"
        "  event TEXT NOT NULL,"
        "  verdict TEXT NOT NULL,"
        "  door TEXT NOT NULL,"
        "  key TEXT NOT NULL,"
        "  user TEXT NOT NULL,"
        "  service TEXT NOT NULL,"
        "  rhost TEXT NOT NULL,"
        "  reason TEXT NOT NULL,"
        "  detail TEXT NOT NULL,"
        "  hash BLOB NOT NULL"
        ") STRICT;"
        "CREATE INDEX audit_key ON audit (key) WHERE key <> '';"
        "CREATE INDEX audit_user ON audit (user) WHERE user <> '';"
        "CREATE TABLE audit_chain ("
        "  id INTEGER PRIMARY KEY CHECK (id = 1),"
        "  base_seq INTEGER NOT NULL,"
        "  base_hash BLOB NOT NULL,"
        "  head_seq INTEGER NOT NULL,"
        "  head_hash BLOB NOT NULL,"
        "  mac BLOB NOT NULL"
        ") STRICT;"
        "INSERT INTO audit_chain VALUES (1, 0, zeroblob(32), 0, zeroblob(32), zeroblob(32));",
        /* 5: Whole stores: the number of the last export, and where the last import came from. */
        "CREATE TABLE mirror ("
        "  one INTEGER PRIMARY KEY CHECK (one = 1),"
        "  exported INTEGER NOT NULL,"
        "  source BLOB NOT NULL CHECK (length(source) IN (0, 32)),"
        "  imported INTEGER NOT NULL"
        ") STRICT;",
        /* 6: Certificates, and what revocation lists say: by serial number, so that a login reads
         * no list. Each thing that a login looks for has an index. The texts are shown to people;
         * they were made when the certificate was taken in. */
        "CREATE TABLE cert ("
        "  thumbprint BLOB PRIMARY KEY CHECK (length(thumbprint) = 32),"
        "  kind INTEGER NOT NULL CHECK (kind IN (0, 1)),"
        "  name TEXT NOT NULL UNIQUE CHECK (name <> ''),"
        "  der BLOB NOT NULL CHECK (length(der) BETWEEN 1 AND 8192),"
        "  subject TEXT NOT NULL,"
        "  subject_cn TEXT NOT NULL,"
        "  subject_o TEXT NOT NULL,"
        "  subject_ou TEXT NOT NULL,"
        "  issuer_cn TEXT NOT NULL,"
        "  issuer_o TEXT NOT NULL,"
        "  issuer_ou TEXT NOT NULL,"
        "  serial BLOB NOT NULL CHECK (length(serial) BETWEEN 1 AND 20),"
        "  key_type TEXT NOT NULL,"
        "  issuer BLOB NOT NULL CHECK (length(issuer) = 32),"
        "  subject_id BLOB NOT NULL CHECK (length(subject_id) = 32),"
        "  spki BLOB NOT NULL CHECK (length(spki) = 32),"
        "  ssh BLOB NOT NULL CHECK (length(ssh) = 32),"
        "  not_before INTEGER NOT NULL,"
        "  not_after INTEGER NOT NULL,"
        "  added_at INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX cert_spki ON cert (spki);"
        "CREATE INDEX cert_ssh ON cert (ssh);"
        "CREATE TABLE crl ("
        "  ca BLOB PRIMARY KEY REFERENCES cert (thumbprint) ON DELETE CASCADE,"
        "  issuer BLOB NOT NULL CHECK (length(issuer) = 32),"
        "  this_update INTEGER NOT NULL,"
        "  next_update INTEGER NOT NULL,"
        "  revoked INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX crl_issuer ON crl (issuer);"
        "CREATE TABLE crl_serial ("
        /* The columns of the primary key come first. Otherwise SQLite 3.40 takes the third one for
         * NULL when it looks for damage. */
        "  ca BLOB NOT NULL REFERENCES crl (ca) ON DELETE CASCADE,"
        "  serial BLOB NOT NULL CHECK (length(serial) BETWEEN 1 AND 20),"
        "  issuer BLOB NOT NULL CHECK (length(issuer) = 32),"
        "  PRIMARY KEY (ca, serial)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX crl_serial_of ON crl_serial (issuer, serial);"
        "ALTER TABLE key ADD COLUMN need INTEGER NOT NULL DEFAULT 0 CHECK (need IN (0, 1, "
        "2));ALTER TABLE key ADD COLUMN certificate BLOB NOT NULL DEFAULT x'' CHECK "
        "(length(certificate) IN (0, 32));CREATE INDEX key_certificate ON key (certificate) WHERE "
        "certificate <> x'';",
        /* 7: Names of services as libpam has them. */
        FOLD_SERVICES,
        /* 8: Names are hashed in a canonical form. The hashes of before were made over bytes, and
         * SQL cannot make the new ones. Zeroes stand for every name, so nothing that was refused
         * becomes good: an old list counts until the next one is loaded. The columns have new names
         * so that a mirror with old hashes is not taken in. A list finds its numbers by its CA. */
        "ALTER TABLE cert RENAME COLUMN issuer TO issuer_id;"
        "ALTER TABLE crl RENAME COLUMN issuer TO issuer_id;"
        "DROP INDEX crl_serial_of;"
        "ALTER TABLE crl_serial DROP COLUMN issuer;"
        "UPDATE cert SET issuer_id = zeroblob(32), subject_id = zeroblob(32);"
        "UPDATE crl SET issuer_id = zeroblob(32);",
        /* 9: Distribution points. A list of before is for all certificates, as no other was taken.
         * A certificate of before names none. A list for one point does not cover it until it is
         * registered again, so nothing that is revoked is accepted. */
        "ALTER TABLE cert ADD COLUMN point BLOB NOT NULL DEFAULT " ZEROES
        " CHECK (length(point) = 32);"
        "ALTER TABLE crl ADD COLUMN point BLOB NOT NULL DEFAULT " ZEROES
        " CHECK (length(point) = 32);",
        /* 10: Accounts that were gone at once with many others, an index of those that are gone,
         * and the last time at which the clock was trusted. */
        "ALTER TABLE account ADD COLUMN held INTEGER NOT NULL DEFAULT 0;"
        "CREATE INDEX account_gone ON account (gone_since) WHERE state = 2;"
        "CREATE TABLE clock ("
        "  one INTEGER PRIMARY KEY CHECK (one = 1),"
        "  trusted_at INTEGER NOT NULL"
        ") STRICT;",
        /* 11: Live keys by when they were made, and the times of the last copies. */
        "CREATE INDEX key_created ON key (created_at) WHERE dead_at = 0;"
        "ALTER TABLE mirror ADD COLUMN imported_at INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE mirror ADD COLUMN backed_up_at INTEGER NOT NULL DEFAULT 0;",
        /* 12: The files that the accounts were last compared with. */
        "CREATE TABLE account_files ("
        "  one INTEGER PRIMARY KEY CHECK (one = 1),"
        "  identity BLOB NOT NULL"
        ") STRICT;",
        /* 13: A fleet. A key's revision is counted by the fleet, so that an older state of a key is
         * known for one. A key that was revoked here is not good again when it was forgotten since,
         * and a snapshot or change of the fleet has it. */
        "ALTER TABLE key ADD COLUMN hosts TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE key ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE cert ADD COLUMN fleet INTEGER NOT NULL DEFAULT 0;"
        "CREATE INDEX key_fleet ON key (hosts) WHERE hosts <> '';"
        "CREATE TABLE fleet ("
        "  one INTEGER PRIMARY KEY CHECK (one = 1),"
        "  id BLOB NOT NULL CHECK (length(id) = 32),"
        "  host TEXT NOT NULL CHECK (host <> ''),"
        "  issuing INTEGER NOT NULL CHECK (issuing IN (0, 1)),"
        "  database TEXT NOT NULL,"
        "  pepper INTEGER NOT NULL REFERENCES pepper (id)"
        ") STRICT;"
        "CREATE TABLE fleet_group ("
        "  name TEXT PRIMARY KEY CHECK (name <> ''),"
        "  number INTEGER NOT NULL,"
        "  hash BLOB NOT NULL CHECK (length(hash) = 32)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE fleet_issuer ("
        "  key BLOB PRIMARY KEY CHECK (length(key) = 32),"
        "  host TEXT NOT NULL,"
        "  clock INTEGER NOT NULL DEFAULT 0,"
        "  ahead INTEGER NOT NULL DEFAULT 0"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE fleet_host ("
        "  name TEXT PRIMARY KEY CHECK (name <> ''),"
        "  issuer BLOB NOT NULL CHECK (length(issuer) = 32),"
        "  recipient BLOB NOT NULL CHECK (length(recipient) = 32),"
        "  groups TEXT NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE fleet_gone ("
        "  id TEXT PRIMARY KEY,"
        "  revision INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE fleet_outbox ("
        "  id TEXT PRIMARY KEY,"
        "  at INTEGER NOT NULL,"
        "  reason TEXT NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE fleet_clock ("
        "  one INTEGER PRIMARY KEY CHECK (one = 1),"
        "  boot TEXT NOT NULL,"
        "  current_at INTEGER NOT NULL,"
        "  wall_at INTEGER NOT NULL,"
        "  sign_ahead INTEGER NOT NULL,"
        "  sign_clock INTEGER NOT NULL,"
        "  signed_at INTEGER NOT NULL"
        ") STRICT;"
        "ALTER TABLE policy ADD COLUMN fleet INTEGER NOT NULL DEFAULT 0;"
        "CREATE TRIGGER key_revoked AFTER DELETE ON key WHEN old.hosts <> '' AND old.status = 1 "
        "BEGIN REPLACE INTO fleet_gone (id, revision) VALUES (old.id, 9223372036854775807); END;",
        /* 14: Since when passwords are as they are, those that were lost at once with many others,
         * and indexes of what waits for an administrator.
         * Reports. What this host tells the issuing hosts of its fleet: fleet_report has the
         * one that is on its way, and how far the audit log was reported; fleet_used the keys that
         * were used since. And what issuing hosts were told: by each host, of its audit log, and
         * when it has last used which key. A host whose audit log begins anew has another chain. */
        "ALTER TABLE account ADD COLUMN password_since INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE account ADD COLUMN password_held INTEGER NOT NULL DEFAULT 0;"
        "CREATE INDEX account_held ON account (name) WHERE held <> 0;"
        "CREATE INDEX account_password_held ON account (name) WHERE password_held <> 0;"
        "CREATE TABLE fleet_report ("
        "  one INTEGER PRIMARY KEY CHECK (one = 1),"
        "  fleet BLOB NOT NULL CHECK (length(fleet) = 32),"
        "  host TEXT NOT NULL,"
        "  number INTEGER NOT NULL,"
        "  hash BLOB NOT NULL CHECK (length(hash) = 32),"
        "  stored_at INTEGER NOT NULL,"
        "  seq INTEGER NOT NULL,"
        "  seal BLOB NOT NULL CHECK (length(seal) = 32),"
        "  checked INTEGER NOT NULL,"
        "  pending BLOB NOT NULL"
        ") STRICT;"
        "CREATE TABLE fleet_used (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;"
        "CREATE TABLE fleet_reported ("
        "  host TEXT PRIMARY KEY CHECK (host <> ''),"
        "  key BLOB NOT NULL CHECK (length(key) = 32),"
        "  chain INTEGER NOT NULL,"
        "  number INTEGER NOT NULL,"
        "  hash BLOB NOT NULL CHECK (length(hash) = 32),"
        "  signed_at INTEGER NOT NULL,"
        "  taken_at INTEGER NOT NULL,"
        "  seq INTEGER NOT NULL,"
        "  seal BLOB NOT NULL CHECK (length(seal) = 32),"
        "  last INTEGER NOT NULL,"
        "  records INTEGER NOT NULL,"
        "  fault INTEGER NOT NULL,"
        "  fault_at INTEGER NOT NULL,"
        "  fault_number INTEGER NOT NULL,"
        "  fault_seq INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE fleet_audit ("
        "  place INTEGER PRIMARY KEY,"
        "  host TEXT NOT NULL,"
        "  chain INTEGER NOT NULL,"
        "  taken_at INTEGER NOT NULL,"
        "  seq INTEGER NOT NULL,"
        "  at INTEGER NOT NULL,"
        "  until INTEGER NOT NULL,"
        "  count INTEGER NOT NULL,"
        "  uid INTEGER NOT NULL,"
        "  pid INTEGER NOT NULL,"
        "  owner_uid INTEGER NOT NULL,"
        "  event TEXT NOT NULL,"
        "  verdict TEXT NOT NULL,"
        "  door TEXT NOT NULL,"
        "  key TEXT NOT NULL,"
        "  user TEXT NOT NULL,"
        "  service TEXT NOT NULL,"
        "  rhost TEXT NOT NULL,"
        "  reason TEXT NOT NULL,"
        "  detail TEXT NOT NULL,"
        "  hash BLOB NOT NULL"
        ") STRICT;"
        "CREATE UNIQUE INDEX fleet_audit_of ON fleet_audit (host, chain, seq);"
        "CREATE INDEX fleet_audit_key ON fleet_audit (key) WHERE key <> '';"
        "CREATE INDEX fleet_audit_user ON fleet_audit (user) WHERE user <> '';"
        "CREATE TABLE fleet_use ("
        "  id TEXT NOT NULL,"
        "  host TEXT NOT NULL,"
        "  last_at INTEGER NOT NULL,"
        "  service TEXT NOT NULL,"
        "  rhost TEXT NOT NULL,"
        "  uses INTEGER NOT NULL,"
        "  PRIMARY KEY (id, host)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TRIGGER key_forgotten AFTER DELETE ON key WHEN old.hosts <> '' "
        "BEGIN DELETE FROM fleet_use WHERE id = old.id; END;",
        /* 15: The login uid of the process that asked; -1: none, as in all records until now.
         * Keys of users who are no accounts: of REALM:NAME, with the number of nobody. An older
         * version refuses such rows, and the number of this schema. */
        "ALTER TABLE audit ADD COLUMN login_uid INTEGER NOT NULL DEFAULT -1;"
        "ALTER TABLE fleet_audit ADD COLUMN login_uid INTEGER NOT NULL DEFAULT -1;"
        "ALTER TABLE key ADD COLUMN realm TEXT AS (CASE WHEN owner_uid = 4294967295 AND "
        "hosts = '' THEN substr(owner, 1, instr(owner, ':') - 1) ELSE '' END) VIRTUAL;"
        "CREATE INDEX key_realm ON key (realm) WHERE realm <> '';",
        /* 16: Two things that some stores with 15 have already: keys of a fleet whose owner this
         * host has not seen yet, and when an issuing host has last said something. A key of a fleet
         * has the number of the change with which it has come, in each of its groups, in the order
         * of hosts. '': from before, or no key of a fleet. One index for all live keys by when they
         * were made: those without an end of their own are together in it. */
        "CREATE INDEX IF NOT EXISTS key_unbound ON key (owner) WHERE owner_uid = 4294967295 AND "
        "hosts <> '';"
        "ALTER TABLE fleet_issuer ADD COLUMN stated_at INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE key ADD COLUMN born TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE key ADD COLUMN endless INTEGER AS (expires_at = 0) VIRTUAL;"
        "DROP INDEX IF EXISTS key_made;"
        "DROP INDEX IF EXISTS key_created;"
        "CREATE INDEX IF NOT EXISTS key_made ON key (endless, created_at) WHERE dead_at = 0;",
        /* 17: By which a log knows its database: see store_log.h. The zeroes say that there was no
         * such row before. */
        "CREATE TABLE IF NOT EXISTS log ("
        "  one INTEGER PRIMARY KEY CHECK (one = 1),"
        "  before BLOB NOT NULL CHECK (length(before) = 8),"
        "  id BLOB NOT NULL CHECK (length(id) = 8)"
        ") STRICT;"
        "INSERT OR IGNORE INTO log VALUES (1, zeroblob(8), randomblob(8));",
};

int64_t store_schema_newest(void) {
        return ARRAY_LEN(migrations);
}

int store_schema_fold_policies(sqlite3 *db) {
        return store_stmt_exec(db, FOLD_POLICIES);
}

/* One that may be damaged can be neither made nor dropped. */
static bool is_of_index(const char *sql) {
        return strncmp(sql, "CREATE INDEX", 12) == 0 ||
               strncmp(sql, "DROP INDEX IF EXISTS", 20) == 0;
}

/* As store_stmt_exec(), but leaves indexes as they are. */
static int exec_without_indexes(sqlite3 *db, const char *sql) {
        int r = 0;

        while (r >= 0 && *sql) {
                sqlite3_stmt *stmt = NULL;

                r = store_stmt_error(sqlite3_prepare_v2(db, sql, -1, &stmt, &sql));
                if (r >= 0 && stmt && !is_of_index(sqlite3_sql(stmt)))
                        do
                                r = store_stmt_step(stmt);
                        while (r > 0);
                (void) sqlite3_finalize(stmt);
        }
        return r;
}

/* SQLite 3.46 reads all rows of a strict table that gets a column. */
static int relax(sqlite3 *db) {
        int r;

        (void) sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
        r = store_stmt_exec(db, "PRAGMA writable_schema = ON;"
                                "UPDATE main.sqlite_schema SET sql = replace(replace(sql, "
                                "') STRICT,', ')'), ') STRICT', ')') WHERE type = 'table';"
                                "PRAGMA writable_schema = RESET");
        (void) sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        return r;
}

int store_schema_migrate(sqlite3 *db, int64_t from, bool damaged) {
        char pragma[64];
        int r;

        r = store_stmt_exec(db, "BEGIN IMMEDIATE");
        if (r < 0)
                return r;
        if (damaged && from < store_schema_newest())
                r = relax(db);
        for (int64_t version = from; r >= 0 && version < store_schema_newest(); version++) {
                (void) snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %" PRId64,
                                version + 1);
                r = damaged ? exec_without_indexes(db, migrations[version])
                            : store_stmt_exec(db, migrations[version]);
                if (r >= 0)
                        r = store_stmt_exec(db, pragma);
        }
        if (r >= 0)
                r = store_stmt_exec(db, "COMMIT");
        if (r < 0)
                (void) !store_stmt_exec(db, "ROLLBACK");
        return r;
}
