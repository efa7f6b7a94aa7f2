/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables fleet_report and fleet_used. Does not know what is in a report. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_report.h"
#include "store/store_row.h"

int store_report_get(struct store *s, struct store_report *ret) {
        _cleanup_store_row_ struct store_row row = {};
        struct store_report report = {};
        int r;

        r = store_once(s->db, &row.stmt,
                       "SELECT fleet, host, number, hash, stored_at, seq, seal, checked FROM "
                       "fleet_report");
        if (r >= 0)
                r = store_row_get_next(&row);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        store_row_get_blob(&row, report.fleet, sizeof(report.fleet));
        store_row_get_text(&row, report.host, sizeof(report.host));
        report.number = store_row_get_number(&row);
        store_row_get_blob(&row, report.hash, sizeof(report.hash));
        report.stored_at = store_row_get_number(&row);
        report.mark.seq = store_row_get_number(&row);
        store_row_get_blob(&row, report.mark.hash, sizeof(report.mark.hash));
        report.checked = store_row_get_number(&row);
        if (row.bad)
                return -EUCLEAN;
        *ret = report;
        return 0;
}

int store_report_put(struct store *writer, const struct store_report *report) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt,
                       "INSERT INTO fleet_report (one, fleet, host, number, hash, stored_at, seq, "
                       "seal, checked, pending) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, x'') ON "
                       "CONFLICT (one) DO UPDATE SET fleet = ?1, host = ?2, number = ?3, hash = "
                       "?4, stored_at = ?5, seq = ?6, seal = ?7, checked = ?8");
        if (r < 0)
                return r;
        store_row_put_blob(&row, report->fleet, sizeof(report->fleet));
        store_row_put_text(&row, report->host);
        store_row_put_number(&row, report->number);
        store_row_put_blob(&row, report->hash, sizeof(report->hash));
        store_row_put_number(&row, report->stored_at);
        store_row_put_number(&row, report->mark.seq);
        store_row_put_blob(&row, report->mark.hash, sizeof(report->mark.hash));
        store_row_put_number(&row, report->checked);
        return store_row_put_done(&row);
}

int store_report_pending(struct store *s, uint8_t **ret, size_t *ret_len) {
        _cleanup_store_row_ struct store_row row = {};
        size_t len;
        uint8_t *frame;
        int r;

        r = store_once(s->db, &row.stmt,
                       "SELECT pending FROM fleet_report WHERE length(pending) > 0");
        if (r >= 0)
                r = store_row_get_next(&row);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        len = (size_t) sqlite3_column_bytes(row.stmt, 0);
        frame = len > STORE_REPORT_MAX ? NULL : malloc(len);
        if (!frame)
                return len > STORE_REPORT_MAX ? -EUCLEAN : -ENOMEM;
        r = store_stmt_blob(row.stmt, 0, frame, len);
        if (r < 0) {
                free(frame);
                return r;
        }
        *ret = frame;
        *ret_len = len;
        return 0;
}

int store_report_set_pending(struct store *writer, const uint8_t *frame, size_t len) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt,
                       len > 0 ? "UPDATE fleet_report SET pending = ?1"
                               : "UPDATE fleet_report SET pending = x''");
        if (r < 0)
                return r;
        if (len > 0)
                store_row_put_blob(&row, frame, len);
        return store_row_put_done(&row);
}

/* --- Uses --- */

int store_report_each_use(struct store *writer, size_t most,
                          int (*visit)(const struct key_use *use, void *userdata), void *userdata) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt,
                       "SELECT u.id, u.last_at, u.service, u.rhost, u.uses FROM fleet_used f JOIN "
                       "key_use u ON u.id = f.id LIMIT ?1");
        if (r < 0)
                return r;
        store_row_put_number(&row, (int64_t) most);
        while ((r = store_row_get_next(&row)) > 0) {
                struct key_use use = {};

                store_row_get_text(&row, use.id, sizeof(use.id));
                use.at = store_row_get_number(&row);
                store_row_get_text(&row, use.service, sizeof(use.service));
                store_row_get_text(&row, use.rhost, sizeof(use.rhost));
                use.count = (uint64_t) store_row_get_number(&row);
                r = row.bad ? -EUCLEAN : visit(&use, userdata);
                if (r < 0)
                        return r;
        }
        return r;
}

int store_report_drop_used(struct store *writer, const char *id) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt, "DELETE FROM fleet_used WHERE id = ?1");
        if (r < 0)
                return r;
        store_row_put_text(&row, id);
        return store_row_put_done(&row);
}
