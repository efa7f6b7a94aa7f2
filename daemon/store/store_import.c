/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts a whole store together from records that an attacker may have made: takes nothing that the
 * live store could not have. Does not know who made them, or whether they may be taken. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cleanup.h"
#include "store/store_audit.h"
#include "store/store_bulk.h"
#include "store/store_cert.h"
#include "store/store_key.h"
#include "store/store_mirror.h"
#include "store/store_note.h"
#include "store/store_pages.h"
#include "store/store_schema.h"
#include "store/store_stmt.h"
#include "store/store_swap.h"

/* Invariant: insert is a statement for the rows of the table before ${next_table}, or NULL before
 * the first table. */
struct store_import {
        /* Rows go into the store in use, which is ${staging}, and borrowed. */
        bool live;
        char path[PATH_MAX];
        struct store_shared shared;
        struct store *staging; /* NULL when it is finished */
        /* while it takes the place of the store in use */
        struct store_swap *swap;
        size_t next_table;
        const char *table;
        sqlite3_stmt *insert;
        int n_columns, id_column; /* -1: it has none that is a key's */
        int status_column, born_column;
        uint64_t status;           /* as the last row says */
        char born[STORE_BORN_LEN]; /* likewise */
        /* live: whether a key is here; and where new keys go, with the statement for that; NULL:
         * into the store in use, too */
        sqlite3_stmt *here, *beside;
        struct store_bulk *bulk;
        uint64_t rows, keys, fresh;
};

/* The part of a record that was not read yet. When something is wrong with it, all further reads
 * give nothing. */
struct in {
        const uint8_t *bytes;
        size_t left;
        bool wrong;
};

static const uint8_t *take(struct in *in, size_t len) {
        const uint8_t *bytes = in->bytes;

        if (in->wrong || len > in->left) {
                in->wrong = true;
                return NULL;
        }
        in->bytes += len;
        in->left -= len;
        return bytes;
}

static uint64_t take_number(struct in *in, size_t len) {
        const uint8_t *bytes = take(in, len);

        return bytes ? bytes_get(bytes, len) : 0;
}

/* Whether the next name is ${name}. */
static bool is_name(const uint8_t *bytes, size_t len, const char *name) {
        return bytes && strlen(name) == len && memcmp(bytes, name, len) == 0;
}

/* --- Tables --- */

/* Tables come in their order, each once. */
static int find_table(struct store_import *l, const uint8_t *name, size_t len) {
        for (size_t i = l->next_table; store_stmt_table(i); i++)
                if (is_name(name, len, store_stmt_table(i))) {
                        l->table = store_stmt_table(i);
                        l->next_table = i + 1;
                        return 0;
                }
        for (size_t i = 0; i < l->next_table; i++)
                if (is_name(name, len, store_stmt_table(i)))
                        return -EBADMSG;
        return -EPROTONOSUPPORT;
}

/* The columns that the file has. The names put into a statement are our own. */
static int take_columns(struct in *in, const struct store_columns *ours,
                        struct store_columns *ret) {
        struct store_columns columns = { .n = take_number(in, 1) };

        if (columns.n == 0 || columns.n > STORE_COLUMNS_MAX)
                return -EBADMSG;
        for (size_t i = 0, at; i < columns.n; i++) {
                size_t len = take_number(in, 1);
                const uint8_t *name = take(in, len);

                if (in->wrong)
                        return -EBADMSG;
                for (at = 0; at < ours->n; at++)
                        if (is_name(name, len, ours->names[at]))
                                break;
                /* Hashes of names that schema 8 has replaced. */
                if (at == ours->n)
                        return is_name(name, len, "issuer") ? -ENOTSUP : -EPROTONOSUPPORT;
                memcpy(columns.names[i], ours->names[at], sizeof(columns.names[i]));
        }
        *ret = columns;
        return 0;
}

/* Names of services are folded as they come, because a host of an old version did not. */
static bool is_services(const char *column) {
        return strcmp(column, "services") == 0 || strcmp(column, "service") == 0;
}

static void forget_statements(struct store_import *l) {
        sqlite3_stmt **const statements[] = { &l->insert, &l->here, &l->beside };

        for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
                (void) sqlite3_finalize(*statements[i]);
                *statements[i] = NULL;
        }
}

static int prepare_new(struct store_import *l, const struct store_columns *columns) {
        int r;

        r = store_stmt_error(sqlite3_prepare_v2(
                l->staging->db, "SELECT 1 FROM main.key WHERE id = ?1", -1, &l->here, NULL));
        return r < 0 || !l->bulk ? r : store_bulk_prepare(l->bulk, columns, &l->beside);
}

static int prepare(struct store_import *l, const struct store_columns *columns) {
        char list[STORE_LIST_LEN], sql[2 * STORE_LIST_LEN], *at = sql, *end = sql + sizeof(sql);
        int r;

        store_stmt_list(columns, list);
        at += snprintf(at, (size_t) (end - at), "INSERT INTO %s (%s) VALUES (%s", l->table, list,
                       is_services(columns->names[0]) ? "lower(?1)" : "?1");
        for (size_t i = 1; i < columns->n; i++)
                at += snprintf(at, (size_t) (end - at),
                               is_services(columns->names[i]) ? ", lower(?%zu)" : ", ?%zu", i + 1);
        (void) snprintf(at, (size_t) (end - at), ")");
        if (l->live) {
                r = store_delta_sql(l->table, columns, sql, sizeof(sql));
                if (r < 0)
                        return r;
        }
        forget_statements(l);
        r = store_stmt_error(sqlite3_prepare_v2(l->staging->db, sql, -1, &l->insert, NULL));
        if (r >= 0 && l->live && store_import_has_keys(l))
                r = prepare_new(l, columns);
        if (r < 0)
                return r == -EIO ? -EBADMSG : r; /* the same column twice */
        l->n_columns = (int) columns->n;
        l->id_column = l->status_column = l->born_column = -1;
        l->born[0] = '\0';
        for (int i = 0; i < l->n_columns; i++)
                if (strcmp(columns->names[i], "status") == 0)
                        l->status_column = i;
                else if (strcmp(columns->names[i], "born") == 0)
                        l->born_column = i;
                else if (strcmp(columns->names[i], "id") == 0 && strcmp(l->table, "pepper") != 0)
                        l->id_column = i;
        return 0;
}

static int take_table(struct store_import *l, struct in *in) {
        struct store_columns ours, columns;
        size_t len = take_number(in, 1);
        const uint8_t *name = take(in, len);
        int r;

        if (in->wrong)
                return -EBADMSG;
        r = find_table(l, name, len);
        if (r >= 0)
                r = store_stmt_columns(l->staging->db, l->table, &ours);
        if (r >= 0)
                r = take_columns(in, &ours, &columns);
        if (r < 0)
                return r == -ENOTSUP && l->live ? -EPROTONOSUPPORT : r;
        return in->left > 0 ? -EBADMSG : prepare(l, &columns);
}

/* --- Rows --- */

static int bind_value(struct store_import *l, sqlite3_stmt *stmt, struct in *in, int column,
                      char id[static KEYTEXT_ID_LEN + 1]) {
        uint64_t type = take_number(in, 1), number;
        const uint8_t *bytes;
        size_t len;

        /* What these say is also read here, where a value is not converted. */
        if ((column == l->status_column && type != SQLITE_INTEGER) ||
            (column == l->born_column && type != SQLITE_TEXT))
                return -EBADMSG;
        if (type == SQLITE_NULL)
                return in->wrong ? -EBADMSG : 0; /* what is not bound is NULL */
        if (type == SQLITE_INTEGER) {
                number = take_number(in, 8);
                if (column == l->status_column)
                        l->status = number;
                return in->wrong ? -EBADMSG
                                 : store_stmt_error(
                                           sqlite3_bind_int64(stmt, column + 1, (int64_t) number));
        }
        if (type != SQLITE_TEXT && type != SQLITE_BLOB)
                return -EBADMSG;
        len = take_number(in, 4);
        bytes = take(in, len);
        if (!bytes)
                return -EBADMSG;
        if (column == l->id_column && type == SQLITE_TEXT && len == KEYTEXT_ID_LEN)
                memcpy(id, bytes, KEYTEXT_ID_LEN);
        if (column == l->born_column && len >= sizeof(l->born))
                return -EBADMSG;
        if (column == l->born_column) {
                memcpy(l->born, bytes, len);
                l->born[len] = '\0';
        }
        return store_stmt_error(
                type == SQLITE_TEXT
                        ? sqlite3_bind_text(stmt, column + 1, (const char *) bytes, (int) len,
                                            SQLITE_STATIC)
                        : sqlite3_bind_blob(stmt, column + 1, bytes, (int) len, SQLITE_STATIC));
}

/* Reads the row back as the live store would. */
static int check_row(struct store_import *l, const char *id, bool beside,
                     struct key_record *ret_key) {
        bool is_key = store_import_has_keys(l);
        struct key_record key;
        int r;

        if (l->id_column < 0)
                return 0;
        if (!keytext_is_id(id))
                return -EBADMSG;
        r = beside   ? store_bulk_get(l->bulk, id, &key)
            : is_key ? store_key_get(l->staging, id, &key)
                     : store_key_get_used(l->staging, id, &key);
        /* of a key that was removed with all others, and is not shown; or that was removed before
         * this state of it came */
        if (r == -ENOENT && (!is_key || l->live))
                return 0;
        if (r < 0)
                return r == -EUCLEAN ? -EBADMSG : r;
        if (!is_key)
                return 0;
        l->keys++;
        *ret_key = key;
        return 1;
}

static int bind_row(struct store_import *l, sqlite3_stmt *stmt, struct in in,
                    char id[static KEYTEXT_ID_LEN + 1]) {
        int r = 0;

        for (int i = 0; r >= 0 && i < l->n_columns; i++)
                r = bind_value(l, stmt, &in, i, id);
        return r >= 0 && in.left > 0 ? -EBADMSG : r;
}

static int is_here(sqlite3_stmt *here, const char *id) {
        _cleanup_stmt_ sqlite3_stmt *stmt = here;
        int r;

        r = store_stmt_error(sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC));
        return r < 0 ? r : store_stmt_step(stmt);
}

/* Whether a key that comes by the fleet goes beside the store in use, where it is not yet. 1 or 0.
 */
static int goes_beside(struct store_import *l, const char *id) {
        int r;

        if (!l->here)
                return 0;
        r = is_here(l->here, id);
        if (r != 0)
                return r < 0 ? r : 0;
        l->fresh++;
        return l->beside != NULL;
}

static int take_row(struct store_import *l, struct in *in, struct key_record *ret_key) {
        char id[KEYTEXT_ID_LEN + 1] = {};
        bool beside;
        int r;

        if (!l->insert)
                return -EBADMSG;
        r = bind_row(l, l->insert, *in, id);
        if (r >= 0)
                r = goes_beside(l, id);
        beside = r > 0;
        if (beside) {
                _cleanup_stmt_ sqlite3_stmt *unused = l->insert;

                r = bind_row(l, l->beside, *in, id);
        }
        if (r >= 0) {
                _cleanup_stmt_ sqlite3_stmt *stmt = beside ? l->beside : l->insert;

                r = store_stmt_step(stmt);
                /* the schema refuses such a row */
                if (r == -EEXIST)
                        r = -EBADMSG;
        }
        if (r < 0)
                return r;
        l->rows++;
        return check_row(l, id, beside, ret_key);
}

int store_import_record(struct store_import *l, uint8_t type, const uint8_t *bytes, size_t len,
                        struct key_record *ret_key) {
        struct in in = { .bytes = bytes, .left = len };

        if (type == STORE_RECORD_TABLE)
                return take_table(l, &in);
        return type == STORE_RECORD_ROW ? take_row(l, &in, ret_key) : -EBADMSG;
}

/* --- The whole --- */

static int make_file(struct store_import *l, struct store *writer) {
        const char *beside = sqlite3_db_filename(writer->db, "main"), *slash = strrchr(beside, '/');
        _cleanup_close_ int fd = -1;

        if (!slash || snprintf(l->path, sizeof(l->path), "%.*s/" STORE_STAGING_NAME,
                               (int) (slash - beside), beside) >= (int) sizeof(l->path))
                return -EIO;
        if (unlink(l->path) < 0 && errno != ENOENT)
                return -EACCES;
        fd = open(l->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        return fd < 0 ? (errno == ENOSPC || errno == EDQUOT || errno == EROFS ? -errno : -EACCES)
                      : 0;
}

/* Rows in it are looked up by id only. Without the indexes it takes a third of the time. */
static int drop_indexes(sqlite3 *db) {
        char name[STORE_COLUMN_LEN], sql[STORE_COLUMN_LEN + 32];
        int r;

        do {
                sqlite3_stmt *stmt = NULL;

                r = store_stmt_error(sqlite3_prepare_v2(
                        db,
                        "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
                        -1, &stmt, NULL));
                if (r >= 0)
                        r = store_stmt_step(stmt);
                if (r > 0)
                        r = store_stmt_text(stmt, 0, name, sizeof(name)) ?: 1;
                (void) sqlite3_finalize(stmt);
                if (r > 0) {
                        (void) snprintf(sql, sizeof(sql), "DROP INDEX %s", name);
                        r = store_stmt_exec(db, sql);
                        if (r >= 0)
                                r = 1;
                }
        } while (r > 0);
        return r;
}

int store_import_open(struct store_import **ret, struct store *writer) {
        struct store_import *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        r = make_file(l, writer);
        if (r >= 0)
                r = store_create(l->path, 0);
        if (r >= 0)
                r = store_open(&l->staging, l->path, STORE_STAGING, &l->shared);
        if (r >= 0)
                r = drop_indexes(l->staging->db);
        if (r >= 0)
                r = store_stmt_exec(l->staging->db, "BEGIN; DELETE FROM pepper");
        if (r < 0) {
                store_import_free(l);
                return r;
        }
        *ret = l;
        return 0;
}

int store_import_open_live(struct store_import **ret, struct store *writer,
                           struct store_bulk *bulk) {
        struct store_import *l = calloc(1, sizeof(*l));

        if (!l)
                return -ENOMEM;
        l->live = true;
        l->bulk = bulk;
        l->staging = writer;
        *ret = l;
        return 0;
}

struct store_import *store_import_free(struct store_import *l) {
        if (!l)
                return NULL;
        store_swap_free(l->swap);
        forget_statements(l);
        if (!l->live)
                store_free(l->staging);
        if (l->path[0])
                (void) unlink(l->path);
        free(l);
        return NULL;
}

struct store *store_import_staging(struct store_import *l) {
        return l->staging;
}

uint64_t store_import_rows(const struct store_import *l) {
        return l->rows;
}

uint64_t store_import_keys(const struct store_import *l) {
        return l->keys;
}

bool store_import_has_keys(const struct store_import *l) {
        return l->table && strcmp(l->table, "key") == 0;
}

bool store_import_is_revoked(const struct store_import *l) {
        return l->status == KEY_REVOKED;
}

const char *store_import_born(const struct store_import *l) {
        return l->born;
}

uint64_t store_import_fresh(const struct store_import *l) {
        return l->fresh;
}

static int check_cert(const struct cert_record *cert, const uint8_t *der, size_t len,
                      void *userdata) {
        (void) cert;
        (void) der;
        (void) len;
        (void) userdata;
        return 0;
}

int store_import_finish(struct store_import *l) {
        int r;

        (void) sqlite3_finalize(l->insert);
        l->insert = NULL;
        /* There are few of them, so all are read back at once. */
        r = store_cert_each(l->staging, check_cert, NULL);
        if (r < 0)
                return r == -EUCLEAN ? -EBADMSG : r;
        r = store_schema_fold_policies(l->staging->db);
        if (r >= 0)
                r = store_stmt_exec(l->staging->db, "COMMIT");
        l->staging = store_free(l->staging);
        return r;
}

/* --- In the place of the store in use --- */

/* Small tables, which take the place of theirs in the last transaction. */
static const char *const small_tables[] = { "pepper", "policy", "cert", "crl" };

static int copy_table(sqlite3 *db, const char *table) {
        char list[STORE_LIST_LEN], sql[2 * STORE_LIST_LEN + 128];
        struct store_columns columns;
        int r;

        r = store_stmt_columns(db, table, &columns);
        if (r < 0)
                return r;
        store_stmt_list(&columns, list);
        /* The host's own pepper may be there already, a certificate of the fleet, and a newer
         * list. */
        (void) snprintf(sql, sizeof(sql),
                        "INSERT OR IGNORE INTO main.%s (%s) SELECT %s FROM staging.%s", table, list,
                        list, table);
        return store_stmt_exec(db, sql);
}

static int keep_policies(struct store *writer, const struct store_keep *keep) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < keep->n_policies; i++)
                r = store_policy_set(writer, keep->policies[i].name, keep->policies[i].value,
                                     keep->policies[i].changed_at);
        return r;
}

/* What belongs to the fleet of this host stays, and so does a list that is newer. References were
 * checked row by row in the staging database. */
static int replace_small(struct store *writer, uint32_t pepper_id) {
        char sql[2048];
        int r;

        (void) snprintf(
                sql, sizeof(sql),
                "UPDATE staging.cert SET fleet = 0;"
                "UPDATE main.cert SET fleet = iif(thumbprint IN (SELECT thumbprint FROM "
                "staging.cert), 3, 1) WHERE fleet <> 0 AND EXISTS (SELECT 1 FROM main.fleet WHERE "
                "issuing = 0);"
                "DELETE FROM main.crl WHERE ca NOT IN " STORE_SWAP_LISTS_STAY ";"
                "DELETE FROM main.cert WHERE fleet = 0 OR NOT EXISTS (SELECT 1 FROM main.fleet);"
                "DELETE FROM main.policy WHERE (fleet = 0 AND name <> 'fleet-epoch') OR NOT EXISTS "
                "(SELECT 1 FROM main.fleet);"
                "DELETE FROM main.pepper WHERE id <> %u AND id NOT IN (SELECT pepper FROM "
                "main.fleet) AND id NOT IN (SELECT id FROM temp." STORE_SWAP_PEPPER ")",
                pepper_id);
        r = store_stmt_exec(writer->db, sql);
        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(small_tables); i++)
                r = copy_table(writer->db, small_tables[i]);
        return r;
}

static int replace_all(struct store_import *l, struct store *writer, uint32_t pepper_id,
                       const struct store_mirror *mirror, const struct store_keep *keep,
                       const struct audit_record *audit) {
        int r;

        r = store_begin(writer);
        if (r >= 0)
                r = keep->keys ? store_cert_find_unwanted(writer, keep->forgets) : 0;
        if (r >= 0)
                r = replace_small(writer, pepper_id);
        if (r >= 0)
                r = store_swap_take(l->swap);
        if (r >= 0)
                r = keep->keys ? store_cert_drop_unwanted(writer) : 0;
        if (r >= 0)
                r = keep_policies(writer, keep);
        if (r >= 0)
                r = store_mirror_put(writer, mirror);
        if (r >= 0)
                r = store_audit_add(writer, audit);
        if (r >= 0)
                r = store_commit(writer);
        store_rollback(writer);
        if (r < 0)
                store_swap_undo(l->swap);
        return r;
}

int store_import_apply(struct store_import *l, struct store *writer, uint32_t pepper_id,
                       const struct store_mirror *mirror, const struct store_keep *keep,
                       const struct audit_record *audit) {
        const struct store_swap_rules rules = { .keep_keys = keep->keys, .forgets = keep->forgets };
        int r;

        if (!l->swap) {
                store_bulk_break(writer);
                r = store_swap_clean(writer);
                if (r == 0)
                        r = store_swap_new(&l->swap, writer, l->path, &rules);
                return r < 0 ? r : 1;
        }
        r = store_swap_fits(l->swap, &rules);
        if (r <= 0) {
                store_swap_free(l->swap);
                return r < 0 ? r : 1;
        }
        r = store_swap_fill(l->swap);
        if (r != 0)
                return r;
        /* Otherwise rows that go and come would look at all others. */
        r = store_stmt_exec(writer->db, "PRAGMA foreign_keys = OFF");
        if (r >= 0)
                r = replace_all(l, writer, pepper_id, mirror, keep, audit);
        (void) !store_stmt_exec(writer->db, "PRAGMA foreign_keys = ON");
        if (r >= 0)
                store_swap_free(l->swap);
        return r;
}
