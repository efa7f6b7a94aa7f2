/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of keys, and the table of their uses. Does not decide whether a key is good. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "store/store_key.h"
#include "store/store_note.h"
#include "store/store_stmt.h"
#include "text.h"

/* The columns of KEY_COLUMNS, in their order. USE_COLUMNS follow. */
enum column {
        COL_ID,
        COL_DIGEST,
        COL_PEPPER,
        COL_OWNER,
        COL_OWNER_UID,
        COL_NAME,
        COL_SERVICES,
        COL_NETWORKS,
        COL_STATUS,
        COL_REASON,
        COL_CREATED,
        COL_UPDATED,
        COL_EXPIRES,
        COL_BOUND,
        COL_LINKED,
        COL_ORIGIN,
        COL_PREDECESSOR,
        COL_SUCCESSOR,
        COL_RETIRES,
        COL_EPOCH,
        COL_DEAD,
        COL_NEED,
        COL_CERTIFICATE,
        COL_HOSTS,
        COL_REVISION,
        COL_LAST,
        COL_LAST_SERVICE,
        COL_LAST_RHOST,
        COL_USES,
};

/* No bytes: bound to no certificate. */
static int read_certificate(sqlite3_stmt *stmt, struct key_record *key) {
        int64_t need = sqlite3_column_int64(stmt, COL_NEED);

        if (need < CERTIFICATE_NO || need > CERTIFICATE_PROOF)
                return -EUCLEAN;
        key->certificate_need = (enum certificate_need) need;
        key->bound = sqlite3_column_bytes(stmt, COL_CERTIFICATE) != 0;
        return key->bound ? store_stmt_blob(stmt, COL_CERTIFICATE, key->certificate,
                                            sizeof(key->certificate))
                          : 0;
}

static int read_numbers(sqlite3_stmt *stmt, struct key_record *key) {
        int64_t status = sqlite3_column_int64(stmt, COL_STATUS),
                uid = sqlite3_column_int64(stmt, COL_OWNER_UID);
        int r;

        if (uid < 0 || uid > RECORD_UNBOUND || (status != KEY_ACTIVE && status != KEY_REVOKED))
                return -EUCLEAN;
        /* A key of this host alone has the number of an account, or it is of a realm. */
        if (uid == RECORD_UNBOUND && !key->hosts[0] && !realm_split(key->owner, key->realm))
                return -EUCLEAN;
        r = store_stmt_blob(stmt, COL_DIGEST, key->digest, RECORD_DIGEST_LEN);
        if (r < 0)
                return r;
        key->pepper_id = (uint32_t) sqlite3_column_int64(stmt, COL_PEPPER);
        key->owner_uid = (uid_t) uid;
        key->status = (enum key_status) status;
        key->created_at = sqlite3_column_int64(stmt, COL_CREATED);
        key->updated_at = sqlite3_column_int64(stmt, COL_UPDATED);
        key->expires_at = sqlite3_column_int64(stmt, COL_EXPIRES);
        key->bound_at = sqlite3_column_int64(stmt, COL_BOUND);
        key->retires_at = sqlite3_column_int64(stmt, COL_RETIRES);
        key->epoch = sqlite3_column_int64(stmt, COL_EPOCH);
        key->dead_at = sqlite3_column_int64(stmt, COL_DEAD);
        key->revision = sqlite3_column_int64(stmt, COL_REVISION);
        return read_certificate(stmt, key);
}

static const struct {
        int column;
        size_t offset, size;
} key_texts[] = {
#define TEXT(at, field)                                                                            \
        { at, offsetof(struct key_record, field), sizeof(((struct key_record *) NULL)->field) }
        TEXT(COL_ID, id),
        TEXT(COL_OWNER, owner),
        TEXT(COL_NAME, name),
        TEXT(COL_SERVICES, services),
        TEXT(COL_NETWORKS, networks),
        TEXT(COL_REASON, reason),
        TEXT(COL_LINKED, linked),
        TEXT(COL_ORIGIN, origin),
        TEXT(COL_PREDECESSOR, predecessor),
        TEXT(COL_SUCCESSOR, successor),
        TEXT(COL_HOSTS, hosts),
#undef TEXT
};

/* On failure do not use the record. Callers fill one of their own, and hand it on only on
 * success. */
int store_key_read(sqlite3_stmt *stmt, struct key_record *key) {
        for (size_t i = 0; i < ARRAY_LEN(key_texts); i++) {
                int r = store_stmt_text(stmt, key_texts[i].column,
                                        (char *) key + key_texts[i].offset, key_texts[i].size);

                if (r < 0)
                        return r;
        }
        text_fold_service(key->services);
        return read_numbers(stmt, key);
}

static int read_use(sqlite3_stmt *stmt, struct key_record *key) {
        int r;

        key->use_known = true;
        if (sqlite3_column_type(stmt, COL_LAST) == SQLITE_NULL)
                return 0;
        key->last_used_at = sqlite3_column_int64(stmt, COL_LAST);
        key->uses = (uint64_t) sqlite3_column_int64(stmt, COL_USES);
        r = store_stmt_text(stmt, COL_LAST_SERVICE, key->last_service, sizeof(key->last_service));
        return r < 0 ? r
                     : store_stmt_text(stmt, COL_LAST_RHOST, key->last_rhost,
                                       sizeof(key->last_rhost));
}

static int get(struct store *s, enum stmt which, const char *id, struct key_record *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, which);
        struct key_record key = {};
        int r;

        r = store_stmt_error(sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC));
        if (r < 0)
                return r;
        r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = store_key_read(stmt, &key);
        if (r >= 0 && which != STMT_KEY_GET)
                r = read_use(stmt, &key);
        if (r < 0)
                return r;
        *ret = key;
        return 0;
}

static int find_last_id(struct store *reader, char out[static KEYTEXT_ID_LEN + 1]) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(reader, STMT_KEY_LAST_ID);
        int r = store_stmt_step(stmt);

        return r > 0 ? store_stmt_text(stmt, 0, out, KEYTEXT_ID_LEN + 1) : r;
}

/* Where there is no such key, the row of another one is read: so an unknown id takes as long as a
 * key whose secret is wrong. That is the next one, or the last. */
static int find(struct store *reader, const char *id, struct key_record *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(reader, STMT_KEY_NEAR);
        char last[KEYTEXT_ID_LEN + 1];
        const char *from = id, *got;
        struct key_record key = {};
        int r;

        memcpy(last, reader->last_id, sizeof(last));
        r = last[0] ? 0 : find_last_id(reader, last);
        if (r < 0)
                return r;
        /* Outside of a snapshot it may be another one the next time. */
        if (reader->snapshot)
                memcpy(reader->last_id, last, sizeof(last));
        if (strcmp(id, last) > 0)
                from = last;
        r = store_stmt_error(sqlite3_bind_text(stmt, 1, from, -1, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = store_key_read(stmt, &key);
        got = (const char *) sqlite3_column_text(stmt, COL_ID);
        /* Then it does not matter whether the other key's row can be read. */
        if (got && strcmp(got, id) != 0) {
                *ret = (struct key_record){};
                return -ENOENT;
        }
        if (r >= 0)
                *ret = key;
        return r;
}

int store_key_get(struct store *s, const char *id, struct key_record *ret) {
        return s->mode == STORE_READER ? find(s, id, ret) : get(s, STMT_KEY_GET, id, ret);
}

int store_key_last_use(struct store *s, const char *id, int64_t *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_KEY_LAST_USE);
        int r;

        r = store_stmt_error(sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r < 0)
                return r;
        *ret = r > 0 ? sqlite3_column_int64(stmt, 0) : 0;
        return 0;
}

int store_key_get_used(struct store *writer, const char *id, struct key_record *ret) {
        return get(writer, STMT_KEY_GET_USED, id, ret);
}

static int each(sqlite3_stmt *stmt, const char *after,
                int (*visit)(const struct key_record *key, void *userdata), void *userdata) {
        int r;

        r = store_stmt_error(sqlite3_bind_text(stmt, 1, after, -1, SQLITE_STATIC));
        if (r < 0)
                return r;
        while ((r = store_stmt_step(stmt)) > 0) {
                struct key_record key = {};

                r = store_key_read(stmt, &key);
                if (r >= 0)
                        r = read_use(stmt, &key);
                if (r >= 0)
                        r = visit(&key, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int store_key_each(struct store *writer, const char *owner, const char *after,
                   int (*visit)(const struct key_record *key, void *userdata), void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt =
                store_stmt(writer, owner ? STMT_KEY_EACH_OF : STMT_KEY_EACH);

        if (owner && sqlite3_bind_text(stmt, 2, owner, -1, SQLITE_STATIC) != SQLITE_OK)
                return -ENOMEM;
        return each(stmt, after, visit, userdata);
}

static int ask_names(sqlite3_stmt *stmt,
                     int (*is_wanted)(const char *id, const char *name, const char *owner,
                                      void *userdata),
                     void *userdata) {
        const char *names[3];

        for (int i = 0; i < 3; i++) {
                names[i] = (const char *) sqlite3_column_text(stmt, i);
                if (!names[i])
                        return sqlite3_column_type(stmt, i) == SQLITE_NULL ? -EUCLEAN : -ENOMEM;
        }
        return is_wanted(names[0], names[1], names[2], userdata);
}

int store_key_each_named(struct store *writer, const char *after,
                         int (*is_wanted)(const char *id, const char *name, const char *owner,
                                          void *userdata),
                         int (*visit)(const struct key_record *key, void *userdata),
                         void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_KEY_EACH_NAMED);
        struct key_record key;
        int r;

        r = store_stmt_error(sqlite3_bind_text(stmt, 1, after, -1, SQLITE_STATIC));
        while (r >= 0 && (r = store_stmt_step(stmt)) > 0) {
                r = ask_names(stmt, is_wanted, userdata);
                if (r == 0)
                        continue;
                if (r == 1)
                        r = store_key_get_used(writer, (const char *) sqlite3_column_text(stmt, 0),
                                               &key);
                else
                        return r;
                if (r >= 0)
                        r = visit(&key, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int store_key_each_realm(struct store *writer, const char *realm, const char *after,
                         int (*visit)(const struct key_record *key, void *userdata),
                         void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_KEY_EACH_REALM);

        if (sqlite3_bind_text(stmt, 2, realm, -1, SQLITE_STATIC) != SQLITE_OK)
                return -ENOMEM;
        return each(stmt, after, visit, userdata);
}

int store_key_each_own(struct store *writer, uid_t uid, const char *after,
                       int (*visit)(const struct key_record *key, void *userdata), void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_KEY_EACH_OWN);

        if (sqlite3_bind_int64(stmt, 2, uid) != SQLITE_OK)
                return -ENOMEM;
        return each(stmt, after, visit, userdata);
}

static bool bind_certificate(sqlite3_stmt *stmt, int at, const struct key_record *key) {
        return sqlite3_bind_int(stmt, at, (int) key->certificate_need) == SQLITE_OK &&
               sqlite3_bind_blob(stmt, at + 1, key->certificate,
                                 key->bound ? (int) sizeof(key->certificate) : 0,
                                 SQLITE_STATIC) == SQLITE_OK;
}

static int bind_key(sqlite3_stmt *stmt, const struct key_record *key) {
        if (sqlite3_bind_text(stmt, 1, key->id, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_blob(stmt, 2, key->digest, RECORD_DIGEST_LEN, SQLITE_STATIC) !=
                    SQLITE_OK ||
            sqlite3_bind_int64(stmt, 3, key->pepper_id) != SQLITE_OK ||
            sqlite3_bind_text(stmt, 4, key->owner, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 5, key->owner_uid) != SQLITE_OK ||
            sqlite3_bind_text(stmt, 6, key->name, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_text(stmt, 7, key->services, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_text(stmt, 8, key->networks, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int(stmt, 9, (int) key->status) != SQLITE_OK ||
            sqlite3_bind_text(stmt, 10, key->reason, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 11, key->created_at) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 12, key->updated_at) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 13, key->expires_at) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 14, key->bound_at) != SQLITE_OK ||
            sqlite3_bind_text(stmt, 15, key->linked, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_text(stmt, 16, key->origin, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_text(stmt, 17, key->predecessor, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_text(stmt, 18, key->successor, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 19, key->retires_at) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 20, key->epoch) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 21, key->dead_at) != SQLITE_OK ||
            !bind_certificate(stmt, 22, key) ||
            sqlite3_bind_text(stmt, 24, key->hosts, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 25, key->revision) != SQLITE_OK)
                return -ENOMEM;
        return 0;
}

int store_key_insert(struct store *writer, const struct key_record *key) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_KEY_INSERT);
        int r;

        r = bind_key(stmt, key);
        if (r >= 0)
                r = store_stmt_step(stmt);
        return r < 0 ? r : store_delta_note_key(writer, key->id);
}

/* Steps a change of at most one row, and says whether there was such a row. */
static int change_one(struct store *writer, sqlite3_stmt *stmt) {
        int r = store_stmt_step(stmt);

        if (r != 0)
                return r < 0 ? r : -EIO;
        return sqlite3_changes(writer->db) > 0 ? 0 : -ENOENT;
}

int store_key_update(struct store *writer, const struct key_record *key) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_KEY_UPDATE);
        int r;

        if (sqlite3_bind_text(stmt, 1, key->id, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_blob(stmt, 2, key->digest, RECORD_DIGEST_LEN, SQLITE_STATIC) !=
                    SQLITE_OK ||
            sqlite3_bind_int64(stmt, 3, key->pepper_id) != SQLITE_OK ||
            sqlite3_bind_text(stmt, 4, key->name, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int(stmt, 5, (int) key->status) != SQLITE_OK ||
            sqlite3_bind_text(stmt, 6, key->reason, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 7, key->updated_at) != SQLITE_OK ||
            sqlite3_bind_text(stmt, 8, key->successor, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 9, key->retires_at) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 10, key->dead_at) != SQLITE_OK ||
            !bind_certificate(stmt, 11, key))
                return -ENOMEM;
        r = store_delta_note_key(writer, key->id);
        return r < 0 ? r : change_one(writer, stmt);
}

int store_key_delete(struct store *writer, const char *id) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_KEY_DELETE);
        int r;

        r = store_delta_note_key(writer, id);
        if (r < 0)
                return r;
        if (sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC) != SQLITE_OK)
                return -ENOMEM;
        return change_one(writer, stmt);
}

static int note_for_fleet(struct store *writer, const char *id) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_FLEET_USED);

        return sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC) != SQLITE_OK
                       ? -ENOMEM
                       : store_stmt_step(stmt);
}

int store_key_used(struct store *writer, const struct key_use *use, uint64_t count) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_KEY_USED);
        int r;

        if (sqlite3_bind_text(stmt, 1, use->id, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 2, use->at) != SQLITE_OK ||
            sqlite3_bind_text(stmt, 3, use->service, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_text(stmt, 4, use->rhost, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 5, (int64_t) count) != SQLITE_OK)
                return -ENOMEM;
        /* Only the first use reads the row of the key itself, because of the foreign key. */
        r = store_stmt_step(stmt);
        return r < 0 ? r == -EEXIST ? 0 : r : note_for_fleet(writer, use->id);
}

int store_key_count(struct store *writer, uint64_t *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_KEY_COUNT);
        int r = store_stmt_step(stmt);

        if (r <= 0)
                return r < 0 ? r : -EIO;
        *ret = (uint64_t) sqlite3_column_int64(stmt, 0);
        return 0;
}

int store_key_count_some(struct store *writer, struct store_key_count *count) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_KEY_COUNT_SOME);
        int64_t n;
        int r;

        if (sqlite3_bind_text(stmt, 1, count->after, -1, SQLITE_TRANSIENT) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 2, STORE_KEY_COUNT_PIECE) != SQLITE_OK)
                return -ENOMEM;
        r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -EIO;
        n = sqlite3_column_int64(stmt, 0);
        count->keys += (uint64_t) n;
        count->own += (uint64_t) sqlite3_column_int64(stmt, 1);
        r = store_stmt_text(stmt, 2, count->after, sizeof(count->after));
        return r < 0 ? r : n == STORE_KEY_COUNT_PIECE;
}

int store_key_newest(struct store *writer, int64_t *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_KEY_NEWEST);
        int r = store_stmt_step(stmt);

        if (r <= 0)
                return r < 0 ? r : -EIO;
        *ret = sqlite3_column_int64(stmt, 0);
        return 0;
}

/* What a text says does not matter here, only whether there is one. */
static void mark(char *text, sqlite3_stmt *stmt, int column) {
        memcpy(text, sqlite3_column_int(stmt, column) != 0 ? "?" : "", 1);
}

int store_key_each_life(struct store *writer, bool used, const char *after, int64_t max,
                        void (*visit)(const struct key_record *key, void *userdata),
                        void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt =
                store_stmt(writer, used ? STMT_KEY_LIVES_USED : STMT_KEY_LIVES);
        int r, n = 0;

        if (sqlite3_bind_text(stmt, 1, after, -1, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 2, max) != SQLITE_OK)
                return -ENOMEM;
        while ((r = store_stmt_step(stmt)) > 0) {
                struct key_record key = { .status = sqlite3_column_int(stmt, 1) != 0 ? KEY_REVOKED
                                                                                     : KEY_ACTIVE,
                                          .created_at = sqlite3_column_int64(stmt, 2),
                                          .expires_at = sqlite3_column_int64(stmt, 3),
                                          .bound_at = sqlite3_column_int64(stmt, 4),
                                          .retires_at = sqlite3_column_int64(stmt, 5),
                                          .dead_at = sqlite3_column_int64(stmt, 6),
                                          .updated_at = sqlite3_column_int64(stmt, 7),
                                          .use_known = used };

                mark(key.reason, stmt, 8);
                mark(key.hosts, stmt, 9);
                key.last_used_at = used ? sqlite3_column_int64(stmt, 10) : 0;

                r = store_stmt_text(stmt, 0, key.id, sizeof(key.id));
                if (r < 0)
                        return r;
                visit(&key, userdata);
                n++;
        }
        return r < 0 ? r : n;
}
