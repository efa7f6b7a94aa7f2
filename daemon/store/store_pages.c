/* SPDX-License-Identifier: BSD-2-Clause */
/* Chooses and writes the rows of a snapshot of a fleet's group, and deletes what a snapshot lacks.
 * Does not know what a frame is, or whether a page is believed. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_bulk.h"
#include "store/store_mirror.h"
#include "store/store_once.h"
#include "store/store_pages.h"
#include "store/store_record.h"
#include "text.h"

/* Tables in their order, and which of their rows are the fleet's. ?1 is the group. */
static const struct {
        const char *table, *where, *order;
} tables[] = {
        { "policy", "fleet <> 0", "name" },
        { "cert", "fleet = 1", "thumbprint" },
        { "crl", "ca IN (SELECT thumbprint FROM cert WHERE fleet = 1)", "ca" },
        { "crl_serial", "ca IN (SELECT thumbprint FROM cert WHERE fleet = 1)", "ca" },
        { "key", "hosts <> '' AND instr(' ' || hosts || ' ', ' ' || ?1 || ' ') > 0", "id" },
};
#define TABLE_KEY (ARRAY_LEN(tables) - 1)

/* Invariant: when waiting is set, stmt stands on a row that is not written yet. */
struct store_pages {
        struct store_export *export;
        char group[RECORD_GROUP_MAX + 1];
        size_t table;
        /* of the table; NULL: it has not begun */
        sqlite3_stmt *stmt;
        int id_column;
        bool waiting;
        size_t n_rows, n_ids; /* of this page */
        uint8_t ids[STORE_PAGE_KEYS * KEYTEXT_ID_LEN];
};

int store_pages_open(struct store_pages **ret, struct store *writer, const char *group, bool all) {
        struct store_pages *p = calloc(1, sizeof(*p));
        int r;

        if (!p)
                return -ENOMEM;
        p->table = all ? 0 : TABLE_KEY;
        (void) text_copy(p->group, sizeof(p->group), group);
        r = store_export_open(&p->export, writer);
        if (r < 0) {
                store_pages_free(p);
                return r;
        }
        *ret = p;
        return 0;
}

struct store_pages *store_pages_free(struct store_pages *p) {
        if (!p)
                return NULL;
        (void) sqlite3_finalize(p->stmt);
        store_export_free(p->export);
        free(p);
        return NULL;
}

struct store *store_pages_snapshot(struct store_pages *p) {
        return store_export_snapshot(p->export);
}

const uint8_t *store_pages_ids(const struct store_pages *p, size_t *ret_n) {
        *ret_n = p->n_ids;
        return p->ids;
}

/* --- Writing pages --- */

static int begin_table(struct store_pages *p, const struct store_columns *columns) {
        char list[STORE_LIST_LEN];
        int r;

        store_stmt_list(columns, list);
        r = store_once(store_pages_snapshot(p)->db, &p->stmt,
                       "SELECT %s FROM %s WHERE %s ORDER BY %s", list, tables[p->table].table,
                       tables[p->table].where, tables[p->table].order);
        if (r < 0 || p->table != TABLE_KEY)
                return r;
        p->id_column = 0;
        while (strcmp(columns->names[p->id_column], "id") != 0)
                p->id_column++;
        return store_stmt_error(sqlite3_bind_text(p->stmt, 1, p->group, -1, SQLITE_STATIC));
}

/* The rest of the table, as far as it fits. 1 at its end; 0 when it does not fit any more. */
static int put_rows(struct store_pages *p, struct store_out *out) {
        int r;

        for (;;) {
                if (!p->waiting) {
                        r = store_stmt_step(p->stmt);
                        if (r <= 0)
                                return r < 0 ? r : 1;
                        p->waiting = true;
                }
                if (p->n_ids == STORE_PAGE_KEYS || p->n_rows == STORE_PAGE_ROWS ||
                    !store_record_row(out, p->stmt))
                        return 0;
                p->waiting = false;
                p->n_rows++;
                if (p->table == TABLE_KEY)
                        memcpy(p->ids + KEYTEXT_ID_LEN * p->n_ids++,
                               sqlite3_column_blob(p->stmt, p->id_column), KEYTEXT_ID_LEN);
        }
}

int store_pages_next(struct store_pages *p, uint8_t *bytes, size_t size, size_t *ret_len) {
        struct store_out out = { .bytes = bytes, .size = size };
        struct store_columns columns;
        int r = 1;

        p->n_rows = p->n_ids = 0;
        while (r > 0 && p->table < ARRAY_LEN(tables)) {
                size_t before;

                r = store_stmt_columns(store_pages_snapshot(p)->db, tables[p->table].table,
                                       &columns);
                if (r >= 0 && !p->stmt)
                        r = begin_table(p, &columns);
                if (r < 0)
                        return r;
                if (!store_record_table(&out, tables[p->table].table, &columns))
                        break;
                before = out.len;
                r = put_rows(p, &out);
                if (r == 0 && out.len == before && p->n_rows == 0 && before < size / 2)
                        return -EUCLEAN;
                if (r <= 0)
                        break;
                (void) sqlite3_finalize(p->stmt);
                p->stmt = NULL;
                p->table++;
        }
        if (r < 0)
                return r;
        *ret_len = out.len;
        return p->table < ARRAY_LEN(tables);
}

int store_pages_each_cert(struct store_pages *p,
                          int (*visit)(const uint8_t *thumbprint, void *userdata), void *userdata) {
        uint8_t thumbprint[RECORD_THUMBPRINT_LEN];
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(store_pages_snapshot(p)->db, &stmt,
                       "SELECT thumbprint FROM cert WHERE fleet = 1");
        while (r >= 0 && (r = store_stmt_step(stmt)) > 0) {
                r = store_stmt_blob(stmt, 0, thumbprint, sizeof(thumbprint));
                if (r < 0)
                        return -EUCLEAN;
                r = visit(thumbprint, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

/* --- What a page lacks --- */

/* Ids, one after the other. */
struct ids {
        uint8_t *bytes;
        size_t n;
};

static int add_id(struct ids *ids, const uint8_t *id) {
        if ((ids->n & (ids->n - 1)) == 0) {
                uint8_t *bytes =
                        reallocarray(ids->bytes, ids->n == 0 ? 1 : 2 * ids->n, KEYTEXT_ID_LEN);

                if (!bytes)
                        return -ENOMEM;
                ids->bytes = bytes;
        }
        memcpy(ids->bytes + KEYTEXT_ID_LEN * ids->n++, id, KEYTEXT_ID_LEN);
        return 0;
}

int store_pages_drop_ids(struct store *writer, const uint8_t *ids, size_t n) {
        _cleanup_once_ sqlite3_stmt *note = NULL, *delete = NULL, *told = NULL;
        int r;

        /* An id is never used twice, so no state of the key is good any more. */
        r = store_once(writer->db, &note,
                       "REPLACE INTO fleet_gone (id, revision) VALUES (?1, 9223372036854775807)");
        if (r >= 0)
                r = store_once(
                        writer->db, &delete,
                        "DELETE FROM key WHERE id = ?1 AND hosts <> '' AND (instr(hosts, ' ') = 0 "
                        "OR NOT EXISTS (SELECT 1 FROM fleet_outbox o WHERE o.id = ?1) OR NOT "
                        "EXISTS (SELECT 1 FROM fleet f WHERE f.issuing = 1))");
        /* Nobody has to hear that it was revoked. But said in one of its groups, it can be good in
         * the others. Then an issuing host tells them first. */
        if (r >= 0)
                r = store_once(writer->db, &told,
                               "DELETE FROM fleet_outbox WHERE id = ?1 AND NOT EXISTS (SELECT 1 "
                               "FROM key k WHERE k.id = ?1)");
        for (size_t i = 0; r >= 0 && i < 3 * n; i++) {
                sqlite3_stmt *stmt = i % 3 == 0 ? note : i % 3 == 1 ? delete : told;

                store_once_again(stmt);
                r = store_stmt_error(
                        sqlite3_bind_text(stmt, 1, (const char *) ids + KEYTEXT_ID_LEN * (i / 3),
                                          KEYTEXT_ID_LEN, SQLITE_STATIC));
                if (r >= 0)
                        r = store_stmt_step(stmt);
        }
        return r;
}

int store_pages_take_removed(struct store *writer, const uint8_t *in, size_t len) {
        char id[KEYTEXT_ID_LEN + 1] = {};

        if (len % KEYTEXT_ID_LEN != 0)
                return -EBADMSG;
        /* What is noted as gone has other names beside the ids of keys. */
        for (size_t at = 0; at < len; at += KEYTEXT_ID_LEN) {
                memcpy(id, in + at, KEYTEXT_ID_LEN);
                if (!keytext_is_id(id))
                        return -EBADMSG;
        }
        return store_pages_drop_ids(writer, in, len / KEYTEXT_ID_LEN);
}

/* With ${beside}, of the keys that are there alone. */
static int prepare_range(struct store *writer, const struct store_pages_range *range,
                         const char *beside, sqlite3_stmt **ret) {
        const uint8_t *end = range->n > 0 ? range->ids + KEYTEXT_ID_LEN * (range->n - 1) : NULL;
        int r;

        r = store_once(
                writer->db, ret,
                "SELECT id, hosts, born FROM main.%s k WHERE id > ?1 AND id <= ?2 AND hosts <> '' "
                "AND instr(' ' || hosts || ' ', ' ' || ?3 || ' ') > 0%s ORDER BY id",
                beside ?: "key",
                beside ? " AND NOT EXISTS (SELECT 1 FROM main.key WHERE key.id = k.id)" : "");
        if (r >= 0)
                r = store_stmt_error(sqlite3_bind_text(*ret, 1, range->after, -1, SQLITE_STATIC));
        /* Ids are of letters and digits. */
        if (r >= 0)
                r = store_stmt_error(range->last ? sqlite3_bind_text(*ret, 2, "~", 1, SQLITE_STATIC)
                                                 : sqlite3_bind_text(*ret, 2, (const char *) end,
                                                                     end ? KEYTEXT_ID_LEN : 0,
                                                                     SQLITE_STATIC));
        return r < 0 ? r
                     : store_stmt_error(
                               sqlite3_bind_text(*ret, 3, range->group, -1, SQLITE_STATIC));
}

int64_t store_pages_number(const char *group, const char *hosts, const char *born) {
        size_t len = strlen(group);

        while (*hosts && *born) {
                size_t word = strcspn(hosts, " ");

                if (word == len && memcmp(hosts, group, len) == 0)
                        return strtoll(born, NULL, 10);
                hosts += word + (hosts[word] == ' ');
                born += strcspn(born, " ");
                born += *born == ' ';
        }
        return 0;
}

/* What a page lacks has been removed, or came into the group after the snapshot was made: by the
 * log or snapshot of another group, or by pages of a later snapshot that has broken off. */
static bool is_later(const struct store_pages_range *range, sqlite3_stmt *stmt) {
        const char *hosts = (const char *) sqlite3_column_text(stmt, 1),
                   *born = (const char *) sqlite3_column_text(stmt, 2);

        return hosts && born && store_pages_number(range->group, hosts, born) > range->number;
}

/* Adds those that the page lacks. */
static int find_gone(struct store *writer, const struct store_pages_range *range,
                     const char *beside, struct ids *gone) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        const uint8_t *at = range->ids, *end = at + KEYTEXT_ID_LEN * range->n;
        int r;

        r = prepare_range(writer, range, beside, &stmt);
        while (r >= 0 && (r = store_stmt_step(stmt)) > 0) {
                char id[KEYTEXT_ID_LEN + 1];

                r = store_stmt_text(stmt, 0, id, sizeof(id));
                if (r < 0)
                        break;
                while (at < end && memcmp(at, id, KEYTEXT_ID_LEN) < 0)
                        at += KEYTEXT_ID_LEN;
                if (!(at < end && memcmp(at, id, KEYTEXT_ID_LEN) == 0) && !is_later(range, stmt))
                        r = add_id(gone, (const uint8_t *) id);
        }
        return r;
}

int store_pages_drop_keys(struct store *writer, const struct store_pages_range *range,
                          uint64_t *ret_gone) {
        struct ids gone = {};
        int r;

        r = find_gone(writer, range, NULL, &gone);
        /* What is beside does not come when it is noted as gone. */
        if (r >= 0 && writer->bulk)
                r = find_gone(writer, range, store_bulk_table(writer->bulk), &gone);
        if (r >= 0)
                r = store_pages_drop_ids(writer, gone.bytes, gone.n);
        *ret_gone = gone.n;
        free(gone.bytes);
        return r;
}

static int read_born(struct store *writer, const char *table, const char *id, const char *group,
                     int64_t *ret) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        const char *hosts, *born;
        int r;

        r = store_once(writer->db, &stmt, "SELECT hosts, born FROM main.%s WHERE id = ?1", table);
        if (r >= 0)
                r = store_stmt_error(sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r <= 0)
                return r;
        hosts = (const char *) sqlite3_column_text(stmt, 0);
        born = (const char *) sqlite3_column_text(stmt, 1);
        if (!hosts || !born)
                return -ENOMEM;
        *ret = store_pages_number(group, hosts, born);
        return 1;
}

int store_pages_is_beside(struct store *writer, const char *id) {
        int64_t unused;

        return writer->bulk ? read_born(writer, store_bulk_table(writer->bulk), id, "", &unused)
                            : 0;
}

int store_pages_born(struct store *writer, const char *id, const char *group, int64_t *ret) {
        int r;

        *ret = 0;
        r = read_born(writer, "key", id, group, ret);
        if (r == 0 && writer->bulk)
                r = read_born(writer, store_bulk_table(writer->bulk), id, group, ret);
        return r < 0 ? r : 0;
}

/* --- What is not believed --- */

/* The statements for a table with keys. */
struct bounding {
        sqlite3_stmt *find, *number, *update;
};

static void bounding_done(struct bounding *b) {
        (void) sqlite3_finalize(b->find);
        (void) sqlite3_finalize(b->number);
        (void) sqlite3_finalize(b->update);
}

/* What this host has of the group. Returns 1; 0: it is not in it; an error. */
static int get_number(struct bounding *b, const char *group, size_t len, int64_t *ret) {
        int r;

        store_once_again(b->number);
        r = store_stmt_error(sqlite3_bind_text(b->number, 1, group, (int) len, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_step(b->number);
        *ret = r > 0 ? sqlite3_column_int64(b->number, 0) : 0;
        return r;
}

/* Where a list of groups, and one of numbers, is read. */
struct births {
        const char *hosts, *born;
        /* of the group, and what this host has of it. -1: it is not in it */
        int64_t of, here;
};

/* The next group. 1; 0: there is none; an error. */
static int next_birth(struct bounding *b, struct births *at) {
        size_t word = strcspn(at->hosts, " ");
        int r;

        if (!*at->hosts || !*at->born)
                return 0;
        r = get_number(b, at->hosts, word, &at->here);
        if (r == 0)
                at->here = -1;
        at->of = strtoll(at->born, NULL, 10);
        at->hosts += word + (at->hosts[word] == ' ');
        at->born += strcspn(at->born, " ");
        at->born += *at->born == ' ';
        return r < 0 ? r : 1;
}

/* Whether this host has the change of one of the groups that the key has come with. Then a snapshot
 * of that group speaks of the key. 1; 0; an error. */
static int is_seen(struct bounding *b, struct births at) {
        int r;

        while ((r = next_birth(b, &at)) > 0)
                if (at.of > 0 && at.of <= at.here)
                        return 1;
        return r;
}

/* Writes ${born} with no number that is too large. 1: there was one; 0; an error. */
static int bound(struct bounding *b, const char *hosts, const char *born,
                 char out[static STORE_BORN_LEN]) {
        struct births at = { .hosts = hosts, .born = born };
        size_t used = 0;
        int r, any = 0, seen;

        out[0] = '\0';
        r = seen = is_seen(b, at);
        while (r >= 0 && used + 1 < STORE_BORN_LEN && (r = next_birth(b, &at)) > 0) {
                int64_t most = seen ? STORE_BEHIND_MAX : 0;
                /* Of a group that this host is not in nothing is known. */
                bool too_large = at.here >= 0 && at.of > at.here && at.of - at.here > most;

                any |= too_large;
                used += (size_t) snprintf(out + used, STORE_BORN_LEN - used, "%s%" PRId64,
                                          used > 0 ? " " : "", too_large ? at.here + most : at.of);
        }
        return r < 0 ? r : any;
}

static int bound_row(struct bounding *b) {
        const char *id = (const char *) sqlite3_column_text(b->find, 0),
                   *hosts = (const char *) sqlite3_column_text(b->find, 1),
                   *born = (const char *) sqlite3_column_text(b->find, 2);
        char out[STORE_BORN_LEN];
        int r;

        if (!id || !hosts || !born)
                return -ENOMEM;
        r = bound(b, hosts, born, out);
        if (r <= 0)
                return r;
        store_once_again(b->update);
        r = store_stmt_error(sqlite3_bind_text(b->update, 1, id, -1, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_error(sqlite3_bind_text(b->update, 2, out, -1, SQLITE_STATIC));
        return r < 0 ? r : store_stmt_step(b->update);
}

static int bound_table(struct store *writer, const char *table, const char *id) {
        __attribute__((cleanup(bounding_done))) struct bounding b = {};
        int r;

        /* In the order of the primary key, which does not change. */
        r = store_once(writer->db, &b.find,
                       "SELECT id, hosts, born FROM main.%s WHERE hosts <> '' AND born <> '' AND "
                       "(?1 IS NULL OR id = ?1) ORDER BY id",
                       table);
        if (r >= 0)
                r = store_once(writer->db, &b.number,
                               "SELECT number FROM fleet_group WHERE name = ?1");
        if (r >= 0)
                r = store_once(writer->db, &b.update, "UPDATE main.%s SET born = ?2 WHERE id = ?1",
                               table);
        if (r >= 0)
                r = store_stmt_error(sqlite3_bind_text(b.find, 1, id, -1, SQLITE_STATIC));
        while (r >= 0 && (r = store_stmt_step(b.find)) > 0)
                r = bound_row(&b);
        return r;
}

int store_pages_bound_born(struct store *writer, const char *id) {
        int r;

        r = bound_table(writer, "key", id);
        return r < 0 || !writer->bulk ? r : bound_table(writer, store_bulk_table(writer->bulk), id);
}

static int for_each_cert(struct store *writer, const char *sql, const uint8_t *thumbprints,
                         size_t n) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(writer->db, &stmt, "%s", sql);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                store_once_again(stmt);
                r = store_stmt_bind_hash(stmt, 1, thumbprints + RECORD_THUMBPRINT_LEN * i);
                if (r >= 0)
                        r = store_stmt_step(stmt);
        }
        return r;
}

int store_pages_end_certs(struct store *writer, const uint8_t *thumbprints, size_t n) {
        int r;

        r = for_each_cert(writer, "DELETE FROM cert WHERE thumbprint = ?1 AND fleet = 1",
                          thumbprints, n);
        return r < 0 ? r
                     : for_each_cert(writer,
                                     "UPDATE cert SET fleet = 0 WHERE thumbprint = ?1 AND fleet = "
                                     "3",
                                     thumbprints, n);
}

static int bound_epochs(struct store *writer, const char *table, int64_t epoch) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(writer->db, &stmt,
                       "UPDATE main.%s SET epoch = ?1 WHERE hosts <> '' AND epoch > ?1", table);
        if (r >= 0)
                r = store_stmt_error(sqlite3_bind_int64(stmt, 1, epoch));
        return r < 0 ? r : store_stmt_step(stmt);
}

int store_pages_bound_epochs(struct store *writer, int64_t number) {
        int64_t epoch = RECORD_FLEET_EPOCH + number;
        int r;

        r = bound_epochs(writer, "key", epoch);
        return r < 0 || !writer->bulk ? r
                                      : bound_epochs(writer, store_bulk_table(writer->bulk), epoch);
}

int store_pages_drop_certs(struct store *writer, const uint8_t *thumbprints, size_t n) {
        int r;

        /* Those that are kept have a mark while this runs. */
        r = for_each_cert(writer,
                          "UPDATE cert SET fleet = fleet + 1 WHERE thumbprint = ?1 AND fleet IN "
                          "(1, 3)",
                          thumbprints, n);
        return r < 0 ? r
                     : store_stmt_exec(writer->db,
                                       "DELETE FROM cert WHERE fleet = 1;"
                                       "UPDATE cert SET fleet = 0 WHERE fleet = 3;"
                                       "UPDATE cert SET fleet = fleet - 1 WHERE fleet IN (2, 4)");
}
