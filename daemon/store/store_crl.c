/* SPDX-License-Identifier: BSD-2-Clause */
/* Revocation lists, by serial number. Reads no list: a helper has taken it apart before. */
#include <errno.h>

#include "store/store_cert.h"
#include "store/store_note.h"
#include "store/store_stmt.h"

int store_crl_get(struct store *writer, const uint8_t ca[static RECORD_THUMBPRINT_LEN],
                  struct crl_record *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_CRL_GET);
        struct crl_record crl = {};
        int r;

        r = store_stmt_bind_hash(stmt, 1, ca);
        if (r >= 0)
                r = store_stmt_step(stmt);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = store_stmt_blob(stmt, 0, crl.ca, sizeof(crl.ca));
        if (r >= 0)
                r = store_stmt_blob(stmt, 1, crl.issuer, sizeof(crl.issuer));
        if (r >= 0)
                r = store_stmt_blob(stmt, 5, crl.point, sizeof(crl.point));
        if (r < 0)
                return r;
        crl.this_update = sqlite3_column_int64(stmt, 2);
        crl.next_update = sqlite3_column_int64(stmt, 3);
        crl.revoked = (uint64_t) sqlite3_column_int64(stmt, 4);
        *ret = crl;
        return 0;
}

static int delete_list(struct store *writer, const uint8_t *ca) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_CRL_DELETE);
        int r;

        r = store_stmt_bind_hash(stmt, 1, ca);
        return r < 0 ? r : store_stmt_step(stmt);
}

int store_crl_replace(struct store *writer, const struct crl_record *crl) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_CRL_INSERT);
        int r;

        r = store_delta_note_row(writer, "crl", crl->ca, sizeof(crl->ca));
        if (r >= 0)
                r = delete_list(writer, crl->ca);
        if (r >= 0)
                r = store_stmt_bind_hash(stmt, 1, crl->ca);
        if (r >= 0)
                r = store_stmt_bind_hash(stmt, 2, crl->issuer);
        if (r >= 0)
                r = store_stmt_bind_hash(stmt, 6, crl->point);
        if (r < 0)
                return r;
        if (sqlite3_bind_int64(stmt, 3, crl->this_update) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 4, crl->next_update) != SQLITE_OK ||
            sqlite3_bind_int64(stmt, 5, (int64_t) crl->revoked) != SQLITE_OK)
                return -ENOMEM;
        return store_stmt_step(stmt);
}

int store_crl_add(struct store *writer, const uint8_t ca[static RECORD_THUMBPRINT_LEN],
                  const struct cert_serial *serial) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_CRL_ADD);
        int r;

        r = store_stmt_bind_hash(stmt, 1, ca);
        if (r >= 0)
                r = store_stmt_error(
                        sqlite3_bind_blob(stmt, 2, serial->bytes, serial->len, SQLITE_STATIC));
        return r < 0 ? r : store_stmt_step(stmt);
}
