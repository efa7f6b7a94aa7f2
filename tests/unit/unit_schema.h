/* SPDX-License-Identifier: BSD-2-Clause */
/* Stores of earlier versions, closed. */
#pragma once

#include "unit_store.h"

/* The database that version 1 made. This text never changes, because such databases exist. */
static const char unit_schema_1[] =
        "PRAGMA application_id = 0x57464b31;"
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
        "CREATE INDEX key_owner ON key (owner);"
        "INSERT INTO pepper (id) VALUES (4294967295);"
        "INSERT INTO policy VALUES ('enabled', 1, 1800000000);"
        "INSERT INTO key VALUES ('aaaaaaaaaa',  "
        "x'6161616161616161616161616161616161616161616161616161616161616161', 4294967295, 'alice', "
        " 1000, 'backup job', 'sshd imap', '192.0.2.0/24', 0, '', 1800000000, 1800000000, 0, "
        "0);INSERT INTO key VALUES ('bbbbbbbbbb', zeroblob(32), 4294967295, 'bob', 1001, 'n', '', "
        "'', 1,  'stolen', 1, 2, 3, 4);PRAGMA user_version = 1";

/* The database of version 5, the last one without certificates. This text never changes either. */
static const char unit_schema_5[] =
        "PRAGMA application_id = 0x57464b31;"
        "CREATE TABLE pepper (  id INTEGER PRIMARY KEY,  created_at INTEGER NOT NULL DEFAULT "
        "(unixepoch())) STRICT;"
        "CREATE TABLE policy (  name TEXT PRIMARY KEY,  value INTEGER NOT NULL,  changed_at "
        "INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE TABLE key (  id TEXT PRIMARY KEY CHECK (length(id) = 10),  digest BLOB NOT "
        "NULL CHECK (length(digest) = 32),  pepper INTEGER NOT NULL REFERENCES pepper (id),  "
        "owner TEXT NOT NULL CHECK (owner <> ''),  owner_uid INTEGER NOT NULL,  name TEXT "
        "NOT NULL,  services TEXT NOT NULL,  networks TEXT NOT NULL,  status INTEGER NOT "
        "NULL CHECK (status IN (0, 1)),  reason TEXT NOT NULL,  created_at INTEGER NOT NULL, "
        " updated_at INTEGER NOT NULL,  expires_at INTEGER NOT NULL,  bound_at INTEGER NOT "
        "NULL, linked TEXT NOT NULL DEFAULT '', origin TEXT NOT NULL DEFAULT '', predecessor "
        "TEXT NOT NULL DEFAULT '', successor TEXT NOT NULL DEFAULT '', retires_at INTEGER "
        "NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0, dead_at INTEGER NOT NULL "
        "DEFAULT 0, ends_at INTEGER AS (min(  CASE WHEN expires_at > 0 THEN expires_at ELSE "
        "9223372036854775807 END,  CASE WHEN bound_at > 0 THEN bound_at ELSE "
        "9223372036854775807 END,  CASE WHEN retires_at > 0 THEN retires_at ELSE "
        "9223372036854775807 END)) VIRTUAL) STRICT, WITHOUT ROWID;"
        "CREATE INDEX key_owner ON key (owner);"
        "CREATE TABLE key_use (  id TEXT PRIMARY KEY REFERENCES key (id) ON DELETE CASCADE,  "
        "last_at INTEGER NOT NULL,  service TEXT NOT NULL,  rhost TEXT NOT NULL,  uses "
        "INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE INDEX key_ends ON key (ends_at) WHERE dead_at = 0;"
        "CREATE INDEX key_made ON key (created_at) WHERE dead_at = 0 AND expires_at = 0;"
        "CREATE INDEX key_dead ON key (dead_at) WHERE dead_at <> 0;"
        "CREATE INDEX key_epoch ON key (epoch);"
        "CREATE INDEX key_linked ON key (linked) WHERE linked <> '';"
        "CREATE TABLE account (  name TEXT PRIMARY KEY CHECK (name <> ''),  state INTEGER "
        "NOT NULL CHECK (state IN (1, 2)),  uid INTEGER NOT NULL,  local INTEGER NOT NULL,  "
        "admin INTEGER NOT NULL,  locked INTEGER NOT NULL,  password_ends_at INTEGER NOT "
        "NULL,  closes_at INTEGER NOT NULL,  gone_since INTEGER NOT NULL,  checked_at "
        "INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE INDEX account_uid ON account (uid);"
        "CREATE INDEX account_password ON account (password_ends_at) WHERE password_ends_at "
        "<> 0;"
        "CREATE TABLE audit (  seq INTEGER PRIMARY KEY,  at INTEGER NOT NULL,  until INTEGER "
        "NOT NULL,  count INTEGER NOT NULL,  uid INTEGER NOT NULL,  pid INTEGER NOT NULL,  "
        "owner_uid INTEGER NOT NULL,  event TEXT NOT NULL,  verdict TEXT NOT NULL,  door "
        "TEXT NOT NULL,  key TEXT NOT NULL,  user TEXT NOT NULL,  service TEXT NOT NULL,  "
        "rhost TEXT NOT NULL,  reason TEXT NOT NULL,  detail TEXT NOT NULL,  hash BLOB NOT "
        "NULL) STRICT;"
        "CREATE INDEX audit_key ON audit (key) WHERE key <> '';"
        "CREATE INDEX audit_user ON audit (user) WHERE user <> '';"
        "CREATE TABLE audit_chain (  id INTEGER PRIMARY KEY CHECK (id = 1),  base_seq "
        "INTEGER NOT NULL,  base_hash BLOB NOT NULL,  head_seq INTEGER NOT NULL,  head_hash "
        "BLOB NOT NULL,  mac BLOB NOT NULL) STRICT;"
        "CREATE TABLE mirror (  one INTEGER PRIMARY KEY CHECK (one = 1),  exported INTEGER "
        "NOT NULL,  source BLOB NOT NULL CHECK (length(source) IN (0, 32)),  imported "
        "INTEGER NOT NULL) STRICT;"
        "INSERT INTO audit_chain VALUES (1, 0, zeroblob(32), 0, zeroblob(32), zeroblob(32));"
        "INSERT INTO pepper (id) VALUES (4294967295);"
        "INSERT INTO policy VALUES ('enabled', 1, 1800000000);"
        "INSERT INTO key (id, digest, pepper, owner, owner_uid, name, services, networks, "
        "status, reason, created_at, updated_at, expires_at, bound_at, successor, "
        "retires_at) VALUES ('aaaaaaaaaa', "
        "x'6161616161616161616161616161616161616161616161616161616161616161', 4294967295, "
        "'alice', 1000, 'backup job', 'sshd imap', '192.0.2.0/24', 0, '', 1800000000, "
        "1800000000, 0, 0, 'bbbbbbbbbb', 1900000000);"
        "INSERT INTO key_use VALUES ('aaaaaaaaaa', 1800000005, 'sshd', '192.0.2.9', 3);"
        "PRAGMA user_version = 5";

static inline int unit_schema_make(void **state, const char *sql) {
        struct unit_store *s = calloc(1, sizeof(*s));
        void *dir = NULL;

        if (!s || unit_dir_make(&dir) < 0)
                return -1;
        s->dir = dir;
        (void) snprintf(s->path, sizeof(s->path), "%s/keys.db", s->dir);
        unit_sql(s->path, sql);
        *state = s;
        return 0;
}

static inline int unit_schema_make_1(void **state) {
        return unit_schema_make(state, unit_schema_1);
}

static inline int unit_schema_make_5(void **state) {
        return unit_schema_make(state, unit_schema_5);
}
