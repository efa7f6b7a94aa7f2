/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of registered certificates. Parses and judges none: what a record says was found out by
 * a helper before. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/store_cert.h"
#include "store/store_note.h"
#include "store/store_once.h"
#include "store/store_stmt.h"

/* The columns of CERT_COLUMNS, in their order. */
enum column {
        COL_THUMBPRINT,
        COL_KIND,
        COL_NAME,
        COL_SUBJECT,
        COL_SUBJECT_CN,
        COL_SUBJECT_O,
        COL_SUBJECT_OU,
        COL_ISSUER_CN,
        COL_ISSUER_O,
        COL_ISSUER_OU,
        COL_SERIAL,
        COL_KEY_TYPE,
        COL_ISSUER,
        COL_SUBJECT_ID,
        COL_SPKI,
        COL_SSH,
        COL_NOT_BEFORE,
        COL_NOT_AFTER,
        COL_ADDED,
        COL_DER,
        COL_POINT,
        COL_FLEET,
        _COL_MAX,
};

static const struct {
        enum column column;
        size_t offset, size;
} text_columns[] = {
#define TEXT(column, field)                                                                        \
        {                                                                                          \
                column, offsetof(struct cert_record, field),                                       \
                        sizeof(((struct cert_record *) NULL)->field)                               \
        }
        TEXT(COL_NAME, name),           TEXT(COL_SUBJECT, subject),     TEXT(COL_SUBJECT_CN, subject_cn),
        TEXT(COL_SUBJECT_O, subject_o), TEXT(COL_SUBJECT_OU, subject_ou), TEXT(COL_ISSUER_CN, issuer_cn),
        TEXT(COL_ISSUER_O, issuer_o),   TEXT(COL_ISSUER_OU, issuer_ou), TEXT(COL_KEY_TYPE, key_type),
}, hash_columns[] = {
        TEXT(COL_THUMBPRINT, thumbprint), TEXT(COL_ISSUER, serial.issuer), TEXT(COL_SUBJECT_ID, subject_id),
        TEXT(COL_SPKI, spki),             TEXT(COL_SSH, ssh),               TEXT(COL_POINT, serial.point),
};

static int read_serial(sqlite3_stmt *stmt, int column, struct cert_serial *serial) {
        int len = sqlite3_column_bytes(stmt, column);

        if (len < 1 || len > RECORD_SERIAL_MAX)
                return -EUCLEAN;
        serial->len = (uint8_t) len;
        return store_stmt_blob(stmt, column, serial->bytes, serial->len);
}

/* On failure do not use the record. */
static int read_cert(sqlite3_stmt *stmt, struct cert_record *cert) {
        int64_t kind = sqlite3_column_int64(stmt, COL_KIND);
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(text_columns); i++)
                r = store_stmt_text(stmt, text_columns[i].column,
                                    (char *) cert + text_columns[i].offset, text_columns[i].size);
        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(hash_columns); i++)
                r = store_stmt_blob(stmt, hash_columns[i].column,
                                    (uint8_t *) cert + hash_columns[i].offset,
                                    hash_columns[i].size);
        if (r >= 0)
                r = read_serial(stmt, COL_SERIAL, &cert->serial);
        if (r < 0 || (kind != CERT_CLIENT && kind != CERT_CA))
                return -EUCLEAN;
        cert->kind = (enum cert_kind) kind;
        cert->not_before = sqlite3_column_int64(stmt, COL_NOT_BEFORE);
        cert->not_after = sqlite3_column_int64(stmt, COL_NOT_AFTER);
        cert->added_at = sqlite3_column_int64(stmt, COL_ADDED);
        cert->fleet = sqlite3_column_int(stmt, COL_FLEET) != 0;
        cert->shared = sqlite3_column_int(stmt, COL_FLEET) == STORE_CERT_SHARED;
        return 0;
}

static int each(sqlite3_stmt *stmt, store_cert_fn *visit, void *userdata) {
        int r;

        while ((r = store_stmt_step(stmt)) > 0) {
                struct cert_record cert = {};

                r = read_cert(stmt, &cert);
                if (r >= 0)
                        r = visit(&cert, sqlite3_column_blob(stmt, COL_DER),
                                  (size_t) sqlite3_column_bytes(stmt, COL_DER), userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

ssize_t store_cert_get(struct store *s, const uint8_t thumbprint[static RECORD_THUMBPRINT_LEN],
                       struct cert_record *ret, uint8_t *ret_der) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_CERT_GET);
        struct cert_record cert = {};
        int r, len;

        r = store_stmt_bind_hash(stmt, 1, thumbprint);
        if (r < 0)
                return r;
        r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = read_cert(stmt, &cert);
        len = sqlite3_column_bytes(stmt, COL_DER);
        if (r >= 0 && (len < 1 || len > WIRE_CERTIFICATE_MAX))
                r = -EUCLEAN;
        if (r < 0)
                return r;
        if (ret_der)
                memcpy(ret_der, sqlite3_column_blob(stmt, COL_DER), (size_t) len);
        *ret = cert;
        return len;
}

int store_cert_each_of_key(struct store *s, const uint8_t hash[static RECORD_HASH_LEN], bool ssh,
                           store_cert_fn *visit, void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt =
                store_stmt(s, ssh ? STMT_CERT_OF_SSH : STMT_CERT_OF_SPKI);
        int r;

        r = store_stmt_bind_hash(stmt, 1, hash);
        return r < 0 ? r : each(stmt, visit, userdata);
}

int store_cert_each_ca(struct store *s, store_cert_fn *visit, void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_CERT_CAS);

        return each(stmt, visit, userdata);
}

int store_cert_each(struct store *writer, store_cert_fn *visit, void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_CERT_EACH);

        return each(stmt, visit, userdata);
}

int store_cert_count(struct store *s, bool fleet, struct store_cert_count *ret) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(s->db, &stmt,
                       "SELECT count(*), count(*) FILTER (WHERE kind = 1) FROM cert WHERE %s",
                       fleet ? "fleet <> 0 AND EXISTS (SELECT 1 FROM fleet)"
                             : "fleet <> 1 OR NOT EXISTS (SELECT 1 FROM fleet)");
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -EIO;
        *ret = (struct store_cert_count){ .all = (size_t) sqlite3_column_int64(stmt, 0),
                                          .cas = (size_t) sqlite3_column_int64(stmt, 1) };
        return 0;
}

int store_cert_insert(struct store *writer, const struct cert_record *cert, const uint8_t *der,
                      size_t len) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_CERT_INSERT);
        int r, rc = SQLITE_OK;

        for (size_t i = 0; rc == SQLITE_OK && i < ARRAY_LEN(text_columns); i++)
                rc = sqlite3_bind_text(stmt, text_columns[i].column + 1,
                                       (const char *) cert + text_columns[i].offset, -1,
                                       SQLITE_STATIC);
        for (size_t i = 0; rc == SQLITE_OK && i < ARRAY_LEN(hash_columns); i++)
                rc = sqlite3_bind_blob(stmt, hash_columns[i].column + 1,
                                       (const char *) cert + hash_columns[i].offset,
                                       (int) hash_columns[i].size, SQLITE_STATIC);
        if (rc != SQLITE_OK ||
            sqlite3_bind_int(stmt, COL_KIND + 1, (int) cert->kind) != SQLITE_OK ||
            sqlite3_bind_blob(stmt, COL_SERIAL + 1, cert->serial.bytes, cert->serial.len,
                              SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, COL_NOT_BEFORE + 1, cert->not_before) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, COL_NOT_AFTER + 1, cert->not_after) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, COL_ADDED + 1, cert->added_at) != SQLITE_OK ||
            sqlite3_bind_int(stmt, COL_FLEET + 1, cert->fleet) != SQLITE_OK ||
            sqlite3_bind_blob(stmt, COL_DER + 1, der, (int) len, SQLITE_STATIC) != SQLITE_OK)
                return -ENOMEM;
        r = store_delta_note_row(writer, "cert", cert->thumbprint, sizeof(cert->thumbprint));
        return r < 0 ? r : store_stmt_step(stmt);
}

/* 1 when the fleet has it as well; 0; an error of the store. */
static int give_to_fleet(struct store *writer, const uint8_t *thumbprint) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(writer->db, &stmt,
                       "UPDATE cert SET fleet = 1 WHERE thumbprint = ?1 AND fleet = 3");
        if (r >= 0)
                r = store_stmt_bind_hash(stmt, 1, thumbprint);
        if (r >= 0)
                r = store_stmt_step(stmt);
        return r < 0 ? r : sqlite3_changes(writer->db) > 0;
}

int store_cert_delete(struct store *writer,
                      const uint8_t thumbprint[static RECORD_THUMBPRINT_LEN]) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_CERT_DELETE);
        int r;

        r = give_to_fleet(writer, thumbprint);
        if (r != 0)
                return r < 0 ? r : 0;
        r = store_delta_note_row(writer, "cert", thumbprint, RECORD_THUMBPRINT_LEN);
        if (r >= 0)
                r = store_stmt_bind_hash(stmt, 1, thumbprint);
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r != 0)
                return r < 0 ? r : -EIO;
        return sqlite3_changes(writer->db) > 0 ? 0 : -ENOENT;
}

int store_cert_keys(struct store *writer, const uint8_t thumbprint[static RECORD_THUMBPRINT_LEN],
                    uint64_t *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_CERT_KEYS);
        int r;

        r = store_stmt_bind_hash(stmt, 1, thumbprint);
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -EIO;
        *ret = (uint64_t) sqlite3_column_int64(stmt, 0);
        return 0;
}

/* Certificates whose last record says that they were removed; in hexadecimal. */
#define REMOVED                                                                                    \
        "SELECT print FROM (SELECT substr(detail, 1, 64) AS print, event, max(seq) FROM "          \
        "main.audit WHERE event IN ('cert-added', 'cert-removed') AND verdict = 'done' GROUP BY "  \
        "print) WHERE event = 'cert-removed'"
#define UNWANTED "unwanted_cert"

int store_cert_find_unwanted(struct store *writer, bool forgets) {
        char sql[1024];

        (void) snprintf(sql, sizeof(sql),
                        "CREATE TEMP TABLE IF NOT EXISTS " UNWANTED " (print BLOB PRIMARY KEY);"
                        "DELETE FROM temp." UNWANTED ";"
                        "INSERT INTO temp." UNWANTED " SELECT thumbprint FROM staging.cert WHERE "
                        "thumbprint NOT IN (SELECT thumbprint FROM main.cert) AND (%d OR "
                        "lower(hex(thumbprint)) IN (" REMOVED "))",
                        forgets);
        return store_stmt_exec(writer->db, sql);
}

int store_cert_drop_unwanted(struct store *writer) {
        return store_stmt_exec(writer->db,
                               "DELETE FROM main.crl_serial WHERE ca IN temp." UNWANTED ";"
                               "DELETE FROM main.crl WHERE ca IN temp." UNWANTED ";"
                               "DELETE FROM main.cert WHERE thumbprint IN temp." UNWANTED);
}

int store_cert_was_removed(struct store *writer,
                           const uint8_t thumbprint[static RECORD_THUMBPRINT_LEN]) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        int r;

        r = store_once(writer->db, &stmt, "SELECT lower(hex(?1)) IN (" REMOVED ")");
        if (r >= 0)
                r = store_stmt_bind_hash(stmt, 1, thumbprint);
        if (r >= 0)
                r = store_stmt_step(stmt);
        return r <= 0 ? (r < 0 ? r : -EIO) : sqlite3_column_int(stmt, 0);
}

int store_cert_revoked(struct store *s, const struct cert_serial *serial, int64_t *ret_until) {
        static const uint8_t unknown[RECORD_HASH_LEN];
        bool known = memcmp(serial->key, unknown, sizeof(unknown)) != 0;
        _cleanup_stmt_ sqlite3_stmt *stmt =
                store_stmt(s, known ? STMT_CRL_OF_KEY : STMT_CRL_OF_NAME);
        int r;

        r = store_stmt_bind_hash(stmt, 1, serial->issuer);
        if (r >= 0 && known)
                r = store_stmt_bind_hash(stmt, 3, serial->key);
        if (r >= 0)
                r = store_stmt_bind_hash(stmt, 4, serial->point);
        if (r >= 0)
                r = store_stmt_error(
                        sqlite3_bind_blob(stmt, 2, serial->bytes, serial->len, SQLITE_STATIC));
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -EIO;
        *ret_until = sqlite3_column_type(stmt, 1) == SQLITE_NULL ? INT64_MAX
                                                                 : sqlite3_column_int64(stmt, 1);
        return sqlite3_column_int(stmt, 0) != 0;
}

static int64_t time_or_none(sqlite3_stmt *stmt, int column) {
        return sqlite3_column_type(stmt, column) == SQLITE_NULL
                       ? INT64_MAX
                       : sqlite3_column_int64(stmt, column);
}

int store_cert_sum(struct store *writer, int64_t now, struct store_cert_sum *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_CERT_SUM);
        int r;

        r = store_stmt_error(sqlite3_bind_int64(stmt, 1, now));
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -EIO;
        *ret = (struct store_cert_sum){ .clients = (uint64_t) sqlite3_column_int64(stmt, 0),
                                        .cas = (uint64_t) sqlite3_column_int64(stmt, 1),
                                        .next_end = time_or_none(stmt, 2),
                                        .next_crl_end = time_or_none(stmt, 3) };
        for (int i = 0; i < STORE_SOON; i++) {
                ret->ending[i] = (uint64_t) sqlite3_column_int64(stmt, 4 + i);
                ret->crls_ending[i] = (uint64_t) sqlite3_column_int64(stmt, 4 + STORE_SOON + i);
        }
        return 0;
}
