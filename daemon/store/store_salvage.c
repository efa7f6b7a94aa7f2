/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a damaged database and writes a new one. Does not decide whether the new one is used.
 *
 * Rows of keys have no seal of their own. A page that the disk has lost, or a pointer to a page
 * that is no longer used, gives rows of the past: a key that was revoked since, or removed. Indexes
 * and the audit log are in other pages, so they are asked as well. An index that cannot be read
 * says nothing. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "store/store_audit.h"
#include "store/store_chain.h"
#include "store/store_key.h"
#include "store/store_salvage.h"
#include "store/store_stmt.h"
#include "store/store_swap.h"

/* Two connections: one that has met damage in a transaction writes nothing more in it. */
struct salvage {
        struct store *old, *fresh;
        int64_t now;
        const struct store_salvage_for *hooks;
        struct store_salvage found;
};

static void finalize(sqlite3_stmt **stmt) {
        (void) sqlite3_finalize(*stmt);
}
#define _cleanup_finalize_ __attribute__((cleanup(finalize)))

/* Whether this says that something cannot be read, and not that there is no memory or room. */
static bool is_damage(int r) {
        return r == -EUCLEAN || r == -EEXIST || r == -ENOENT;
}

/* Runs ${to} in the new store with each row that ${from} gives in the old one. The rows before one
 * that cannot be read stay. */
static int pour(struct salvage *s, const char *from, const char *to) {
        _cleanup_finalize_ sqlite3_stmt *get = NULL, *put = NULL;
        int r;

        r = store_stmt_error(sqlite3_prepare_v2(s->old->db, from, -1, &get, NULL));
        if (r >= 0)
                r = store_stmt_error(sqlite3_prepare_v2(s->fresh->db, to, -1, &put, NULL));
        while (r >= 0 && (r = store_stmt_step(get)) > 0) {
                for (int i = 0; r >= 0 && i < sqlite3_column_count(get); i++)
                        r = store_stmt_error(
                                sqlite3_bind_value(put, i + 1, sqlite3_column_value(get, i)));
                if (r >= 0)
                        r = store_stmt_step(put);
                (void) sqlite3_reset(put);
        }
        return r;
}

/* --- Tables without keys --- */

static bool is_one_of(const char *name, const char *const names[]) {
        for (size_t i = 0; names[i]; i++)
                if (strcmp(name, names[i]) == 0)
                        return true;
        return false;
}

/* Whether all of a table can be read, whatever its indexes are like. So it is looked at without
 * them, in a transaction that is taken back. */
static int look_at(struct store *old, const char *table) {
        sqlite3 *db = old->db;
        int r, back;

        (void) sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
        r = store_stmt_exec(db, "PRAGMA writable_schema = ON; BEGIN IMMEDIATE;"
                                "DELETE FROM main.sqlite_schema WHERE type = 'index';"
                                "UPDATE main.sqlite_schema SET sql = replace(sql, ' UNIQUE', '');"
                                "PRAGMA writable_schema = RESET");
        if (r >= 0)
                r = store_check_table(old, table, false);
        back = store_stmt_exec(db, "ROLLBACK; PRAGMA writable_schema = RESET");
        (void) sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        return r < 0 ? r : back;
}

static int copy(struct salvage *s, const char *table, const char *order) {
        char list[STORE_LIST_LEN], from[STORE_LIST_LEN + 128], to[2 * STORE_LIST_LEN];
        struct store_columns columns;
        size_t at;
        int r;

        r = store_stmt_columns(s->old->db, table, &columns);
        if (r < 0)
                return r;
        store_stmt_list(&columns, list);
        (void) snprintf(from, sizeof(from), "SELECT %s FROM %s NOT INDEXED %s", list, table, order);
        at = (size_t) snprintf(to, sizeof(to), "INSERT INTO %s (%s) VALUES (?", table, list);
        for (size_t i = 1; i < columns.n; i++)
                at += (size_t) snprintf(to + at, sizeof(to) - at, ", ?");
        (void) snprintf(to + at, sizeof(to) - at, ")");
        return pour(s, from, to);
}

static int forget_certificates(struct salvage *s) {
        s->found.certificates = true;
        /* A CA without its list would revoke nothing, so it must not be trusted either. */
        return store_stmt_exec(s->fresh->db,
                               "DELETE FROM crl_serial; DELETE FROM crl; DELETE FROM cert");
}

static int take_table(struct salvage *s, const char *table) {
        static const char *const needed[] = { "pepper", "policy", NULL },
                                 *const certificates[] = { "cert", "crl", "crl_serial", NULL },
                                 *const known[] = { "account", "clock", "key_use", NULL },
                                 /* After a salvage accounts are compared with the files anew. */
                                         *const apart[] = { "key",           "audit", "audit_chain",
                                                            "account_files", "log",   NULL };
        int r;

        /* What an import had left is none of the store. */
        if (is_one_of(table, apart) || store_swap_is_beside(table))
                return 0;
        r = is_one_of(table, known) ? 0 : look_at(s->old, table);
        if (r >= 0)
                r = copy(s, table, "");
        if (r >= 0 || !is_damage(r) || is_one_of(table, needed))
                return r == -EEXIST ? -EUCLEAN : r;
        if (is_one_of(table, certificates))
                s->found.certificates = true;
        else if (is_one_of(table, known))
                s->found.known = true;
        else
                s->found.others = true;
        return 0;
}

static int take_tables(struct salvage *s) {
        char table[STORE_COLUMN_LEN];
        int r;

        for (int i = 0; (r = store_stmt_nth_table(s->old->db, i, table)) > 0; i++) {
                r = take_table(s, table);
                if (r < 0)
                        return r;
        }
        return r >= 0 && s->found.certificates ? forget_certificates(s) : r;
}

/* --- Keys --- */

/* Which parts of the files name a key: its table, the indexes of owners and of epochs, and those of
 * keys that live and that have ended. */
#define KNOWN                                                                                      \
        "CREATE TEMP TABLE known (id TEXT PRIMARY KEY CHECK (length(id) = 10), owner TEXT, "       \
        "listed INT, owned INT, epoch INT, alive INT, dead INT) WITHOUT ROWID;"                    \
        "CREATE TEMP TABLE verdict (id TEXT PRIMARY KEY, owner TEXT, doubt INT) WITHOUT ROWID"
#define NOTE(column)                                                                               \
        "INSERT OR IGNORE INTO temp.known (id, owner, " column ") VALUES (?1, ?2, 1) ON CONFLICT " \
        "(id) DO UPDATE SET owner = ifnull(?2, owner), " column " = 1"

/* 1; 0 when not all of it could be read. */
static int note(struct salvage *s, const char *from, const char *to) {
        int r = pour(s, from, to);

        return r >= 0 ? 1 : is_damage(r) ? 0 : r;
}

static int note_all(struct salvage *s) {
        int r, listed, owned, epoch, alive, dead;

        r = listed = note(s, "SELECT id, NULL FROM key NOT INDEXED ORDER BY id", NOTE("listed"));
        if (r == 0)
                r = listed = note(s, "SELECT id, NULL FROM key NOT INDEXED ORDER BY id DESC",
                                  NOTE("listed"));
        if (r >= 0)
                r = owned =
                        note(s, "SELECT id, owner FROM key INDEXED BY key_owner", NOTE("owned"));
        if (r >= 0)
                r = epoch = note(s, "SELECT id, NULL FROM key INDEXED BY key_epoch", NOTE("epoch"));
        if (r >= 0)
                r = alive =
                        note(s, "SELECT id, NULL FROM key INDEXED BY key_ends WHERE dead_at = 0",
                             NOTE("alive"));
        if (r >= 0)
                r = dead =
                        note(s, "SELECT id, NULL FROM key INDEXED BY key_dead WHERE dead_at <> 0",
                             NOTE("dead"));
        /* Then nothing says which keys there were. */
        s->found.unknown = r >= 0 && !listed && !owned && !epoch && !(alive && dead);
        /* What cannot be read says nothing. Then its counterpart alone decides. */
        if (r == 0 && alive)
                r = store_stmt_exec(s->fresh->db,
                                    "UPDATE temp.known SET dead = 1 WHERE alive IS NULL");
        if (r < 0 || (owned && epoch))
                return r;
        return store_stmt_exec(s->fresh->db,
                               owned   ? "UPDATE temp.known SET epoch = owned"
                               : epoch ? "UPDATE temp.known SET owned = epoch"
                                       : "UPDATE temp.known SET owned = 1, epoch = 1");
}

/* Takes the row that a login would find, if a login would take it. */
static int take_key(struct salvage *s, const char *id) {
        struct key_record key;
        int r;

        if (!keytext_is_id(id))
                return 0;
        r = store_key_get(s->old, id, &key);
        if (r >= 0)
                r = store_key_insert(s->fresh, &key);
        if (r >= 0)
                s->found.keys++;
        return is_damage(r) ? 0 : r;
}

static int take_keys(struct salvage *s) {
        _cleanup_finalize_ sqlite3_stmt *ids = NULL;
        char id[KEYTEXT_ID_LEN + 1];
        int r;

        r = store_stmt_error(
                sqlite3_prepare_v2(s->fresh->db, "SELECT id FROM temp.known", -1, &ids, NULL));
        while (r >= 0 && (r = store_stmt_step(ids)) > 0) {
                r = store_stmt_text(ids, 0, id, sizeof(id));
                if (r >= 0)
                        r = take_key(s, id);
                else if (is_damage(r))
                        r = 0;
        }
        return r;
}

/* A key is lost where the table or both indexes name it. One index alone may be what is damaged. */
#define LOST                                                                                       \
        "INSERT INTO temp.verdict SELECT id, owner, 0 FROM temp.known w WHERE id NOT IN (SELECT "  \
        "id FROM key) AND (listed OR (owned AND epoch))"
/* An active key whose row is of the past: the indexes say that it has ended, or do not have it, or
 * the audit log has its end, or a later change of its secret. An import may bring back what had
 * ended before, and a key that was made while the clock was ahead gets another time. The clocks of
 * a change and of its record differ by a little. */
#define DOUBTFUL                                                                                   \
        "INSERT INTO temp.verdict SELECT k.id, k.owner, 1 FROM key k JOIN temp.known w ON w.id = " \
        "k.id WHERE k.status = 0 AND ((k.dead_at = 0 AND w.dead AND w.alive IS NULL) OR (w.owned " \
        "IS NULL AND w.epoch "                                                                     \
        "IS NULL) OR EXISTS (SELECT 1 FROM audit a WHERE a.key = k.id AND a.key <> '' AND "        \
        "a.verdict = 'done' AND (a.event IN ('revoked', 'removed') OR (a.event IN ('reset', "      \
        "'rotated', 'bound') AND a.at > k.updated_at + 2)) AND a.seq > (SELECT ifnull(max(seq), "  \
        "0) FROM audit WHERE event = 'imported') AND NOT EXISTS (SELECT 1 FROM audit d WHERE "     \
        "d.key = "                                                                                 \
        "k.id AND d.key <> '' AND d.event = 'redated' AND d.seq > a.seq)))"

static int tell(struct salvage *s) {
        _cleanup_finalize_ sqlite3_stmt *stmt = NULL;
        char id[KEYTEXT_ID_LEN + 1], owner[WIRE_USER_MAX + 1];
        int r;

        r = store_stmt_error(sqlite3_prepare_v2(
                s->fresh->db, "SELECT id, owner, doubt FROM temp.verdict ORDER BY doubt, owner, id",
                -1, &stmt, NULL));
        while (r >= 0 && (r = store_stmt_step(stmt)) > 0) {
                bool named = store_stmt_text(stmt, 1, owner, sizeof(owner)) >= 0;
                bool doubt = sqlite3_column_int(stmt, 2) != 0;

                if (store_stmt_text(stmt, 0, id, sizeof(id)) < 0 || !keytext_is_id(id))
                        continue;
                (*(doubt ? &s->found.doubtful : &s->found.lost))++;
                if (s->hooks->tell)
                        s->hooks->tell(doubt ? STORE_SALVAGE_DOUBTFUL : STORE_SALVAGE_LOST, id,
                                       named ? owner : NULL, s->hooks->userdata);
        }
        return r;
}

static int judge_keys(struct salvage *s) {
        char sql[256];
        int r;

        r = store_stmt_exec(s->fresh->db, LOST ";" DOUBTFUL);
        if (r >= 0)
                r = tell(s);
        (void) snprintf(sql, sizeof(sql),
                        "UPDATE key SET status = 1, reason = 'its row was damaged', "
                        "dead_at = %" PRId64 ", updated_at = %" PRId64 " WHERE id IN (SELECT id "
                        "FROM temp.verdict WHERE doubt)",
                        s->now, s->now);
        return r < 0 ? r : store_stmt_exec(s->fresh->db, sql);
}

/* --- Policies --- */

/* What was set since cannot be told from the names of policies here, so the one counts that forbids
 * all. Keys that were removed all at once stay removed: how often that was done is in the log. */
#define LOCK                                                                                       \
        "INSERT INTO policy (name, value, changed_at) VALUES ('enabled', 0, 0) ON CONFLICT "       \
        "(name) "                                                                                  \
        "DO UPDATE SET value = 0, changed_at = 0;"
/* The epoch of a fleet counts changes. No key that is here is good any more. */
#define OF_FLEET "(SELECT ifnull(max(epoch), 0) + 1 FROM key WHERE hosts <> '')"
#define COUNT_UP(epoch, least)                                                                     \
        STORE_CHECK_TOLD                                                                           \
        "INSERT INTO policy (name, value, changed_at) SELECT '" epoch                              \
        "', max(ifnull((SELECT value FROM policy WHERE name = '" epoch "'), 0) + count(*), " least \
        "), 0 FROM policies t WHERE t.name = '" epoch                                              \
        "' AND t.at > ifnull((SELECT changed_at FROM policy WHERE name = '" epoch "'), 0) + 2 "    \
        "HAVING count(*) > 0 ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at " \
        "= 0;"

/* Uses may be lost. Then no key is idle by them. */
static int forget_idle(struct salvage *s) {
        char sql[128];

        (void) snprintf(sql, sizeof(sql),
                        "REPLACE INTO policy (name, value, changed_at) VALUES ('idle-from', 0, "
                        "%" PRId64 ")",
                        s->now);
        return store_stmt_exec(s->fresh->db, sql);
}

static int judge_policies(struct salvage *s) {
        char sql[96];
        int r;

        r = forget_idle(s);
        if (r < 0)
                return r;
        r = s->found.policies = store_check_policy(s->fresh, s->found.policy_names);
        if (r <= 0)
                return r;
        r = store_stmt_exec(s->fresh->db,
                            COUNT_UP("epoch", "0") COUNT_UP("fleet-epoch", OF_FLEET) LOCK);
        (void) snprintf(sql, sizeof(sql),
                        "UPDATE policy SET changed_at = %" PRId64 " WHERE changed_at = 0", s->now);
        return r < 0 ? r : store_stmt_exec(s->fresh->db, sql);
}

/* --- The audit log --- */

/* From the newest record back, as far as it can be read. */
static int take_audit(struct salvage *s) {
        int r = copy(s, "audit", "ORDER BY seq DESC");

        if (r < 0 && !is_damage(r))
                return r;
        r = copy(s, "audit_chain", "");
        return is_damage(r) ? 0 : r;
}

/* The record behind which the log has no gap up to its last one. 0; -ENOENT when there is none. */
static int find_base(struct store *fresh, const struct store_chain *chain, int64_t *ret_seq,
                     uint8_t ret_hash[static STORE_CHAIN_HASH_LEN]) {
        _cleanup_finalize_ sqlite3_stmt *stmt = NULL;
        int r;

        if (chain->last_seq != chain->head_seq)
                return -ENOENT;
        r = store_stmt_error(sqlite3_prepare_v2(
                fresh->db,
                "SELECT seq, hash FROM audit a WHERE NOT EXISTS (SELECT 1 FROM audit b WHERE "
                "b.seq = a.seq - 1) ORDER BY seq DESC LIMIT 1",
                -1, &stmt, NULL));
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        *ret_seq = sqlite3_column_int64(stmt, 0);
        return store_chain_read_hash(stmt, 1, ret_hash) ? 0 : -ENOENT;
}

/* Lets the log begin behind what is lost, as if that had been purged. The seal of the last record
 * stays what it was, so an older store is still found to be older. */
static int move_base(struct store *fresh, struct store_chain *chain, struct store_salvage *found) {
        int64_t base = chain->base_seq, seq = 0;
        char sql[96];
        int r;

        if (chain->broken) {
                found->unsealed = true;
                *chain = (struct store_chain){};
                return store_stmt_exec(fresh->db, "DELETE FROM audit");
        }
        r = find_base(fresh, chain, &seq, chain->base);
        if (r < 0 && r != -ENOENT)
                return r;
        if (r >= 0 && seq == base + 1) {
                /* nothing is lost: the seal of the base is as it was */
                return store_chain_load(fresh, chain);
        }
        if (r < 0) {
                seq = chain->head_seq;
                memcpy(chain->base, chain->head, STORE_CHAIN_HASH_LEN);
        }
        if (seq == base)
                return 0;
        chain->base_seq = seq;
        found->audit_from = base + 1;
        found->audit_to = seq;
        (void) snprintf(sql, sizeof(sql), "DELETE FROM audit WHERE seq <= %" PRId64 "%s", seq,
                        r < 0 ? " OR true" : "");
        return store_stmt_exec(fresh->db, sql);
}

/* What this host knows of the time. The clock can be behind: without it the store has said what the
 * time was at least. */
static int find_now(struct salvage *s, int64_t *ret) {
        _cleanup_finalize_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_stmt_error(
                sqlite3_prepare_v2(s->fresh->db,
                                   "SELECT max(ifnull((SELECT max(trusted_at) FROM clock), 0), "
                                   "ifnull((SELECT max(backed_up_at) FROM mirror), 0))",
                                   -1, &stmt, NULL));
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -EIO;
        *ret = sqlite3_column_int64(stmt, 0);
        if (*ret < s->now)
                *ret = s->now;
        return 0;
}

/* The record is not purged before all that a backup of before could have been made of is, whatever
 * the clock says: without it the log seems to know what has happened since (mirror_import.c). */
static int end_audit(struct salvage *s) {
        struct audit_record record = { .at = s->now,
                                       .count = 1,
                                       .uid = AUDIT_NOBODY,
                                       .owner_uid = AUDIT_NOBODY,
                                       .event = "salvaged",
                                       .verdict = "done",
                                       .door = "daemon" };
        struct store_chain chain;
        int r;

        store_set_seal(s->fresh, s->hooks->seal, s->hooks->seal_userdata);
        r = find_now(s, &record.until);
        if (r >= 0)
                r = store_chain_load(s->fresh, &chain);
        if (r >= 0)
                r = move_base(s->fresh, &chain, &s->found);
        store_salvage_say(&s->found, record.detail, sizeof(record.detail));
        if (r >= 0)
                r = store_chain_append(s->fresh, &chain, &record);
        return r < 0 ? r : store_chain_save(s->fresh, &chain);
}

/* --- The whole --- */

/* SQLite would take a log that stays behind for the log of the new database. */
static int empty_log(struct store *old) {
        int64_t busy;
        int r;

        if (old->read_only != 0)
                return old->read_only;
        r = store_stmt_pragma(old->db, "PRAGMA wal_checkpoint(TRUNCATE)", &busy);
        return r < 0 ? r : busy != 0 ? -EBUSY : 0;
}

static int take_all(struct salvage *s) {
        int r;

        r = empty_log(s->old);
        if (r >= 0)
                r = store_stmt_exec(s->fresh->db,
                                    "PRAGMA foreign_keys = OFF; PRAGMA journal_mode = MEMORY;"
                                    "BEGIN; DELETE FROM pepper; DELETE FROM audit_chain;" KNOWN);
        if (r >= 0)
                r = take_tables(s);
        if (r >= 0)
                r = note_all(s);
        if (r >= 0)
                r = take_keys(s);
        if (r >= 0)
                r = take_audit(s);
        if (r >= 0)
                r = judge_policies(s);
        if (r >= 0)
                r = judge_keys(s);
        if (r >= 0)
                r = end_audit(s);
        return r < 0 ? r
                     : store_stmt_exec(s->fresh->db, "DELETE FROM key_use WHERE id NOT IN (SELECT "
                                                     "id FROM key); COMMIT");
}

/* The new store was made without a sync. */
static int sync_file(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int store_salvage(const char *path, const char *to, int64_t now,
                  const struct store_salvage_for *hooks, struct store_salvage *ret) {
        struct store_shared shared = { .damaged = true }, shared_fresh = {};
        struct salvage s = { .now = now, .hooks = hooks };
        int r;

        r = store_create(to, 0);
        if (r >= 0)
                r = store_open(&s.fresh, to, STORE_STAGING, &shared_fresh);
        if (r >= 0)
                r = store_open(&s.old, path, STORE_WRITER, &shared);
        if (r >= 0)
                r = take_all(&s);
        if (r >= 0)
                r = store_check(s.fresh, true);
        store_freep(&s.old);
        store_freep(&s.fresh);
        if (r >= 0)
                r = sync_file(to);
        if (r >= 0)
                *ret = s.found;
        return r;
}

bool store_salvage_is_whole(const struct store_salvage *s) {
        return !s->unknown && s->lost == 0 && s->doubtful == 0 && s->policies == 0 &&
               !s->certificates && !s->others && !s->unsealed;
}

struct out {
        char *at;
        size_t left;
        bool any;
};

static void say(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void move_on(struct out *out, int n) {
        size_t len = n < 0 ? 0 : (size_t) n < out->left ? (size_t) n : out->left - 1;

        out->at += len;
        out->left -= len;
}

static void say(struct out *out, const char *format, ...) {
        va_list ap;

        if (out->any)
                move_on(out, snprintf(out->at, out->left, "; "));
        va_start(ap, format);
        move_on(out, vsnprintf(out->at, out->left, format, ap));
        va_end(ap);
        out->any = true;
}

void store_salvage_say(const struct store_salvage *s, char *out, size_t size) {
        struct out o = { .at = out, .left = size };

        if (s->unknown)
                say(&o, "how many keys are lost is not known");
        if (s->lost > 0)
                say(&o, "%" PRIu64 " keys are lost", s->lost);
        if (s->doubtful > 0)
                say(&o, "%" PRIu64 " keys in doubt are revoked", s->doubtful);
        if (s->unsealed)
                say(&o, "the audit log is lost");
        else if (s->audit_to > 0)
                say(&o, "audit records %" PRId64 " to %" PRId64 " are lost", s->audit_from,
                    s->audit_to);
        if (s->policies > 0)
                say(&o, "policies are of the past, so enabled=no");
        if (s->certificates)
                say(&o, "certificates and revocation lists are lost");
        if (s->others)
                say(&o, "the source of imports is lost");
        if (s->known)
                say(&o, "accounts or uses are lost");
        if (!o.any)
                say(&o, "nothing is lost");
}
