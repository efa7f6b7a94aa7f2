/* SPDX-License-Identifier: BSD-2-Clause */
/* Notes which rows a transaction changes, and writes them as records. Rows of other hosts go in by
 * the statements here, which take nothing older than what is there, and revive nothing. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "store/store_delta.h"
#include "store/store_key.h"
#include "store/store_mirror.h"
#include "store/store_note.h"
#include "store/store_once.h"
#include "store/store_pages.h"
#include "store/store_record.h"
#include "text.h"

/* policies, certificates and lists together */
#define ROWS_MAX     256
#define ACCOUNTS_MAX 4

struct noted_key {
        char id[KEYTEXT_ID_LEN + 1];
        char hosts[RECORD_HOSTS_LEN];
};

/* A row of a table without groups, by its primary key. */
struct noted_row {
        const char *table;
        size_t len;
        char name[RECORD_THUMBPRINT_LEN + 64];
};

struct store_delta {
        bool wide, own;
        size_t n_keys, n_rows, n_accounts, n_audits;
        struct noted_key *keys;
        struct noted_row rows[ROWS_MAX];
        struct account_record accounts[ACCOUNTS_MAX];
        struct audit_record *audits;
};

int store_delta_new(struct store_delta **ret) {
        *ret = calloc(1, sizeof(**ret));
        return *ret ? 0 : -ENOMEM;
}

struct store_delta *store_delta_free(struct store_delta *d) {
        if (!d)
                return NULL;
        free(d->keys);
        free(d->audits);
        free(d);
        return NULL;
}

void store_delta_watch(struct store *writer, struct store_delta *d) {
        writer->delta = d;
}

void store_delta_widen(struct store_delta *d) {
        d->wide = true;
}

bool store_delta_is_wide(const struct store_delta *d) {
        return d->wide;
}

/* --- Noting --- */

/* Room for one more at the end of a list. */
static void *grow(void *list, size_t n, size_t size) {
        return (n & (n - 1)) == 0 ? reallocarray(list, n == 0 ? 1 : 2 * n, size) : list;
}

int store_delta_note_key(struct store *writer, const char *id) {
        struct store_delta *d = writer->delta;
        struct key_record key;
        struct noted_key *keys;
        int r;

        if (!d)
                return 0;
        for (size_t i = 0; i < d->n_keys; i++)
                if (strcmp(d->keys[i].id, id) == 0)
                        return 0;
        r = store_key_get(writer, id, &key);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (!key.hosts[0]) {
                d->own = true;
                return 0;
        }
        if (d->n_keys == STORE_DELTA_KEYS_MAX)
                return -EMSGSIZE;
        keys = grow(d->keys, d->n_keys, sizeof(*keys));
        if (!keys)
                return -ENOMEM;
        d->keys = keys;
        keys += d->n_keys++;
        *keys = (struct noted_key){};
        memcpy(keys->id, key.id, sizeof(keys->id));
        memcpy(keys->hosts, key.hosts, sizeof(keys->hosts));
        return 0;
}

int store_delta_note_row(struct store *writer, const char *table, const void *name, size_t len) {
        struct store_delta *d = writer->delta;
        struct noted_row *row;

        /* Which verdicts on certificates are remembered is a matter of each host. */
        if (!d || (strcmp(table, "policy") == 0 && strcmp(name, "trust") == 0))
                return 0;
        d->own |= !d->wide;
        if (!d->wide)
                return 0;
        for (size_t i = 0; i < d->n_rows; i++)
                if (strcmp(d->rows[i].table, table) == 0 && d->rows[i].len == len &&
                    memcmp(d->rows[i].name, name, len) == 0)
                        return 0;
        if (d->n_rows == ROWS_MAX || len >= sizeof(row->name))
                return -EMSGSIZE;
        row = &d->rows[d->n_rows++];
        *row = (struct noted_row){ .table = table, .len = len };
        memcpy(row->name, name, len);
        return 0;
}

int store_delta_note_account(struct store *writer, const struct account_record *account) {
        struct store_delta *d = writer->delta;

        if (d && d->n_accounts < ACCOUNTS_MAX)
                d->accounts[d->n_accounts++] = *account;
        return 0;
}

int store_delta_note_audit(struct store *writer, const struct audit_record *record) {
        struct store_delta *d = writer->delta;
        struct audit_record *audits;

        if (!d)
                return 0;
        audits = grow(d->audits, d->n_audits, sizeof(*audits));
        if (!audits)
                return -ENOMEM;
        d->audits = audits;
        audits[d->n_audits++] = *record;
        return 0;
}

int store_delta_each_audit(const struct store_delta *d,
                           int (*visit)(const struct audit_record *record, void *userdata),
                           void *userdata) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < d->n_audits; i++)
                r = visit(&d->audits[i], userdata);
        return r;
}

int store_delta_each_account(const struct store_delta *d,
                             int (*visit)(const struct account_record *account, void *userdata),
                             void *userdata) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < d->n_accounts; i++)
                r = visit(&d->accounts[i], userdata);
        return r;
}

bool store_delta_has_fleet(const struct store_delta *d) {
        return d->n_keys > 0 || d->n_rows > 0;
}

int store_delta_only_revokes(const struct store_delta *d, struct store *writer) {
        struct key_record key;

        for (size_t i = 0; i < d->n_keys; i++) {
                int r = store_key_get(writer, d->keys[i].id, &key);

                if (r < 0 && r != -ENOENT)
                        return r;
                if (r < 0 || key.status != KEY_REVOKED)
                        return 0;
        }
        return d->n_rows == 0;
}

int store_delta_each_key(const struct store_delta *d, int (*visit)(const char *id, void *userdata),
                         void *userdata) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < d->n_keys; i++)
                r = visit(d->keys[i].id, userdata);
        return r;
}

int store_delta_touch(struct store *writer, const char *id) {
        struct key_record key;
        int r;

        r = store_key_get(writer, id, &key);
        return r < 0 ? r : store_delta_note_key(writer, id);
}

int store_delta_touch_policy(struct store *writer, const char *name) {
        store_delta_widen(writer->delta);
        return store_delta_note_row(writer, "policy", name, strlen(name));
}

bool store_delta_has_own(const struct store_delta *d) {
        return d->own;
}

bool store_delta_concerns(const struct store_delta *d, const char *group, bool all) {
        if (all && d->n_rows > 0)
                return true;
        for (size_t i = 0; i < d->n_keys; i++)
                if (text_has_word(d->keys[i].hosts, group))
                        return true;
        return false;
}

/* --- Writing records --- */

/* With which change of each of its groups a key comes. Returns the largest of these numbers. */
static int64_t put_born(const char *hosts, int64_t (*number)(const char *group, void *userdata),
                        void *userdata, char out[static STORE_BORN_LEN]) {
        char list[RECORD_HOSTS_LEN], *group, *rest = list;
        int64_t largest = 0;
        size_t len = 0;

        memcpy(list, hosts, sizeof(list));
        out[0] = '\0';
        while ((group = strsep(&rest, " "))) {
                int64_t of = number(group, userdata);

                largest = of > largest ? of : largest;
                len += (size_t) snprintf(out + len, STORE_BORN_LEN - len, "%s%" PRId64,
                                         len > 0 ? " " : "", of);
        }
        return largest;
}

int store_delta_count_up(struct store_delta *d, struct store *writer,
                         int64_t (*number)(const char *group, void *userdata), void *userdata) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        char born[STORE_BORN_LEN];
        int r;

        /* Numbers jump when the fleet goes on from an older state. Then each change counts more
         * than all that has been lost. */
        r = store_once(writer->db, &stmt,
                       "UPDATE key SET revision = max(min(revision, 9223372036854775806) + 1, ?3), "
                       "born = iif(born = '', ?2, "
                       "born) WHERE id = ?1");
        for (size_t i = 0; r >= 0 && i < d->n_keys; i++) {
                int64_t largest = put_born(d->keys[i].hosts, number, userdata, born);

                store_once_again(stmt);
                r = store_stmt_error(sqlite3_bind_text(stmt, 1, d->keys[i].id, -1, SQLITE_STATIC));
                if (r >= 0)
                        r = store_stmt_error(sqlite3_bind_text(stmt, 2, born, -1, SQLITE_STATIC));
                if (r >= 0)
                        r = store_stmt_error(sqlite3_bind_int64(stmt, 3, largest));
                if (r >= 0)
                        r = store_stmt_step(stmt);
        }
        return r;
}

/* The rows of one table, one after the other. */
struct rows {
        struct store_out *out;
        sqlite3_stmt *stmt;
};

static int begin_rows(struct rows *rows, struct store *writer, const char *table, const char *by) {
        struct store_columns columns;
        char list[STORE_LIST_LEN];
        int r;

        r = store_stmt_columns(writer->db, table, &columns);
        if (r < 0)
                return r;
        store_stmt_list(&columns, list);
        if (!store_record_table(rows->out, table, &columns))
                return -EMSGSIZE;
        return store_once(writer->db, &rows->stmt, "SELECT %s FROM %s WHERE %s = ?1", list, table,
                          by);
}

/* All rows with that name. Says how many there are. */
static int put_rows(struct rows *rows, const void *name, size_t len, bool is_text) {
        int r, n = 0;

        store_once_again(rows->stmt);
        r = store_stmt_error(
                is_text ? sqlite3_bind_text(rows->stmt, 1, name, (int) len, SQLITE_STATIC)
                        : sqlite3_bind_blob(rows->stmt, 1, name, (int) len, SQLITE_STATIC));
        while (r >= 0 && (r = store_stmt_step(rows->stmt)) > 0) {
                if (!store_record_row(rows->out, rows->stmt))
                        return -EMSGSIZE;
                n++;
        }
        return r < 0 ? r : n;
}

/* Tables without groups, in their order, and the column by which a row is noted. */
static const struct {
        const char *table, *by, *noted;
} wide_tables[] = {
        { "policy", "name", "policy" },
        { "cert", "thumbprint", "cert" },
        { "crl", "ca", "crl" },
        { "crl_serial", "ca", "crl" },
};

static bool has_rows(const struct store_delta *d, const char *table) {
        for (size_t i = 0; i < d->n_rows; i++)
                if (strcmp(d->rows[i].table, table) == 0)
                        return true;
        return false;
}

static int encode_wide(const struct store_delta *d, struct store *writer, struct store_out *out,
                       size_t table) {
        const char *noted = wide_tables[table].noted;
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        struct rows rows = { .out = out };
        int r;

        if (!has_rows(d, noted))
                return 0;
        r = begin_rows(&rows, writer, wide_tables[table].table, wide_tables[table].by);
        stmt = rows.stmt;
        for (size_t i = 0; r >= 0 && i < d->n_rows; i++)
                if (strcmp(d->rows[i].table, noted) == 0)
                        r = put_rows(&rows, d->rows[i].name, d->rows[i].len, table == 0);
        return r;
}

/* Certificates that were noted and are not there any more. */
static int encode_certs_gone(const struct store_delta *d, struct store *writer,
                             struct store_out *out) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        size_t begin;
        int r = 0;

        if (!has_rows(d, "cert"))
                return 0;
        begin = store_record_begin(out, STORE_RECORD_CERTS_GONE);
        r = store_once(writer->db, &stmt, "SELECT 1 FROM cert WHERE thumbprint = ?1");
        for (size_t i = 0; r >= 0 && i < d->n_rows; i++) {
                if (strcmp(d->rows[i].table, "cert") != 0)
                        continue;
                store_once_again(stmt);
                r = store_stmt_bind_hash(stmt, 1, (const uint8_t *) d->rows[i].name);
                if (r >= 0)
                        r = store_stmt_step(stmt);
                if (r == 0)
                        store_record_put(out, d->rows[i].name, RECORD_THUMBPRINT_LEN);
        }
        if (r < 0)
                return r;
        return store_record_end(out, begin) ? 0 : -EMSGSIZE;
}

static int encode_keys(const struct store_delta *d, struct store *writer, const char *group,
                       struct store_out *out) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        struct rows rows = { .out = out };
        bool gone[STORE_DELTA_KEYS_MAX] = {};
        size_t begin;
        int r;

        r = begin_rows(&rows, writer, "key", "id");
        stmt = rows.stmt;
        for (size_t i = 0; r >= 0 && i < d->n_keys; i++)
                if (text_has_word(d->keys[i].hosts, group)) {
                        r = put_rows(&rows, d->keys[i].id, KEYTEXT_ID_LEN, true);
                        gone[i] = r == 0;
                }
        if (r < 0)
                return r;
        begin = store_record_begin(out, STORE_RECORD_REMOVED);
        for (size_t i = 0; i < d->n_keys; i++)
                if (gone[i])
                        store_record_put(out, d->keys[i].id, KEYTEXT_ID_LEN);
        return store_record_end(out, begin) ? 0 : -EMSGSIZE;
}

int store_delta_encode(const struct store_delta *d, struct store *writer, const char *group,
                       bool all, uint8_t *bytes, size_t size, size_t *ret_len) {
        struct store_out out = { .bytes = bytes, .size = size };
        int r = 0;

        for (size_t i = 0; all && r >= 0 && i < ARRAY_LEN(wide_tables); i++)
                r = encode_wide(d, writer, &out, i);
        if (r >= 0)
                r = encode_keys(d, writer, group, &out);
        if (r >= 0 && all)
                r = encode_certs_gone(d, writer, &out);
        if (r < 0)
                return r;
        *ret_len = out.len;
        return 0;
}

/* --- Taking records --- */

static bool has_column(const struct store_columns *columns, const char *name) {
        for (size_t i = 0; i < columns->n; i++)
                if (strcmp(columns->names[i], name) == 0)
                        return true;
        return false;
}

static size_t column_number(const struct store_columns *columns, const char *name) {
        size_t i = 0;

        while (strcmp(columns->names[i], name) != 0)
                i++;
        return i + 1;
}

/* What a column of a key becomes when an older row is there. */
static void put_update(struct store_out *out, const char *name) {
        char text[256];
        int n;

        if (strcmp(name, "id") == 0 || strcmp(name, "owner_uid") == 0 || strcmp(name, "hosts") == 0)
                return;
        if (strcmp(name, "status") == 0)
                n = snprintf(text, sizeof(text), "status = max(status, excluded.status), ");
        else if (strcmp(name, "born") == 0)
                n = snprintf(text, sizeof(text), "born = iif(born = '', excluded.born, born), ");
        else if (strcmp(name, "revision") == 0)
                n = snprintf(text, sizeof(text), "revision = max(revision, excluded.revision), ");
        else if (strcmp(name, "reason") == 0)
                n = snprintf(text, sizeof(text),
                             "reason = iif(status = 1, reason, excluded.reason), ");
        else if (strcmp(name, "dead_at") == 0)
                n = snprintf(text, sizeof(text),
                             "dead_at = iif(excluded.status = 1 AND dead_at = 0, "
                             "excluded.updated_at, dead_at), ");
        else
                n = snprintf(text, sizeof(text), "%s = excluded.%s, ", name, name);
        store_record_put(out, text, (size_t) n);
}

/* What a column of a new key becomes: the account's number is this host's, if it is sure of it
 * (number_since). */
static void put_insert(struct store_out *out, const struct store_columns *columns, size_t i) {
        const char *name = columns->names[i];
        char text[256];
        int n;

        if (strcmp(name, "owner_uid") == 0)
                n = snprintf(text, sizeof(text),
                             "ifnull((SELECT uid FROM account WHERE name = ?%zu AND state = 1 "
                             "AND gone_since = 0), 4294967295), ",
                             column_number(columns, "owner"));
        else if (strcmp(name, "dead_at") == 0)
                n = snprintf(text, sizeof(text), "iif(?%zu = 1, ?%zu, 0), ",
                             column_number(columns, "status"),
                             column_number(columns, "updated_at"));
        else
                n = snprintf(text, sizeof(text), "?%zu, ", i + 1);
        store_record_put(out, text, (size_t) n);
}

int store_delta_key_sql(const char *table, const struct store_columns *columns, bool last,
                        char *sql, size_t size) {
        static const char *const needed[] = { "id",       "owner",   "owner_uid",  "status",
                                              "reason",   "dead_at", "updated_at", "hosts",
                                              "revision", "digest",  "need",       "certificate" };
        struct store_out out = { .bytes = (uint8_t *) sql, .size = size - 1 };
        char list[STORE_LIST_LEN], text[320];
        int n;

        for (size_t i = 0; i < ARRAY_LEN(needed); i++)
                if (!has_column(columns, needed[i]))
                        return -EPROTONOSUPPORT;
        store_stmt_list(columns, list);
        n = snprintf(text, sizeof(text), "INSERT INTO %s (", table);
        store_record_put(&out, text, (size_t) n);
        store_record_put(&out, list, strlen(list));
        store_record_put(&out, ") SELECT ", 9);
        for (size_t i = 0; i < columns->n; i++)
                put_insert(&out, columns, i);
        out.len -= 2;
        /* A key without groups would be this host's own. */
        n = snprintf(text, sizeof(text),
                     " WHERE ?%zu <> '' AND (EXISTS (SELECT 1 FROM %s k WHERE k.id = ?%zu) OR NOT "
                     "EXISTS (SELECT 1 FROM fleet_gone g WHERE g.id = ?%zu AND g.revision >= "
                     "?%zu)) ON CONFLICT (id) DO UPDATE SET ",
                     column_number(columns, "hosts"), table, column_number(columns, "id"),
                     column_number(columns, "id"), column_number(columns, "revision"));
        store_record_put(&out, text, (size_t) n);
        for (size_t i = 0; i < columns->n; i++)
                put_update(&out, columns->names[i]);
        out.len -= 2;
        /* Two histories of a key can have the same revision: a change was lost with a database,
         * and another host made one in its place. That it was revoked is true in both. Behind the
         * largest revision there is none: see store_delta_count_up(). */
        n = snprintf(text, sizeof(text),
                     " WHERE hosts <> '' AND (excluded.revision > revision OR excluded.status > "
                     "status OR (excluded.revision = revision AND (excluded.digest <> digest OR "
                     "excluded.need <> need OR excluded.certificate <> certificate%s)))",
                     last ? " OR revision = 9223372036854775807" : "");
        store_record_put(&out, text, (size_t) n);
        sql[out.len] = '\0';
        return out.full ? -EMSGSIZE : 0;
}

/* This host may have a certificate of its own with that name. */
static int put_cert_name(char *at, size_t size, const struct store_columns *columns, size_t i) {
        size_t thumbprint = column_number(columns, "thumbprint");

        return snprintf(at, size,
                        "iif(EXISTS (SELECT 1 FROM cert WHERE name = ?%zu AND thumbprint <> ?%zu), "
                        "substr(?%zu, 1, 40) || ' ' || hex(substr(?%zu, 1, 4)), ?%zu), ",
                        i + 1, thumbprint, i + 1, thumbprint, i + 1);
}

/* The epoch of the fleet never goes back. A number that was on a list stays on it. */
static int wide_sql(const char *table, const struct store_columns *columns, char *sql,
                    size_t size) {
        char list[STORE_LIST_LEN], *at = sql, *end = sql + size;
        bool cert = strcmp(table, "cert") == 0;

        if (cert && (!has_column(columns, "name") || !has_column(columns, "thumbprint")))
                return -EPROTONOSUPPORT;
        store_stmt_list(columns, list);
        at += snprintf(at, size, "INSERT %sINTO %s (%s) VALUES (",
                       strcmp(table, "crl_serial") == 0 ? "OR IGNORE " : "", table, list);
        for (size_t i = 0; i < columns->n; i++)
                at += cert && strcmp(columns->names[i], "name") == 0
                              ? put_cert_name(at, (size_t) (end - at), columns, i)
                      : strcmp(columns->names[i], "fleet") == 0
                              ? snprintf(at, (size_t) (end - at), "max(1, ?%zu), ", i + 1)
                              : snprintf(at, (size_t) (end - at), "?%zu, ", i + 1);
        at -= 2;
        at += snprintf(at, (size_t) (end - at), ")");
        if (strcmp(table, "policy") == 0)
                at += snprintf(at, (size_t) (end - at),
                               " ON CONFLICT (name) DO UPDATE SET value = iif(name = "
                               "'fleet-epoch', max(value, excluded.value), excluded.value), "
                               "changed_at = excluded.changed_at, fleet = iif(name = "
                               "'fleet-epoch' AND value > excluded.value, 2, 1)");
        else if (strcmp(table, "cert") == 0)
                /* An issuing host gives others what is the fleet's alone. */
                at += snprintf(at, (size_t) (end - at),
                               " ON CONFLICT (thumbprint) DO UPDATE SET fleet = iif(fleet = 1 OR "
                               "EXISTS (SELECT 1 FROM fleet f WHERE f.issuing = 1), 1, 3)");
        else if (strcmp(table, "crl") == 0)
                at += snprintf(at, (size_t) (end - at),
                               " ON CONFLICT (ca) DO UPDATE SET this_update = "
                               "excluded.this_update, next_update = excluded.next_update, revoked "
                               "= excluded.revoked, issuer_id = excluded.issuer_id, point = "
                               "excluded.point WHERE excluded.this_update >= this_update");
        else if (strcmp(table, "crl_serial") != 0)
                return -EPROTONOSUPPORT;
        return 0;
}

int store_delta_sql(const char *table, const struct store_columns *columns, char *out,
                    size_t size) {
        return strcmp(table, "key") == 0 ? store_delta_key_sql(table, columns, true, out, size)
                                         : wide_sql(table, columns, out, size);
}

/* What this host has itself stays, also where the fleet had the same. */
static int take_certs_gone(struct store *writer, const uint8_t *in, size_t len) {
        if (len % RECORD_THUMBPRINT_LEN != 0)
                return -EBADMSG;
        return store_pages_end_certs(writer, in, len / RECORD_THUMBPRINT_LEN);
}

int store_delta_take(struct store *writer, uint8_t type, const uint8_t *in, size_t len) {
        if (type == STORE_RECORD_REMOVED)
                return store_pages_take_removed(writer, in, len);
        return type == STORE_RECORD_CERTS_GONE ? take_certs_gone(writer, in, len) : -EBADMSG;
}
