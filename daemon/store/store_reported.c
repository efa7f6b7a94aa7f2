/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables fleet_reported, fleet_audit and fleet_use. Does not judge what hosts report. */
#include <errno.h>
#include <string.h>

#include "store/store_chain.h"
#include "store/store_reported.h"
#include "store/store_row.h"

#define COLUMNS                                                                                    \
        "host, key, chain, number, hash, signed_at, taken_at, seq, seal, last, records, fault, "   \
        "fault_at, fault_number, fault_seq"

static int read_reported(struct store_row *row, struct store_reported *ret) {
        struct store_reported reported = {};
        int64_t fault;

        store_row_get_text(row, reported.host, sizeof(reported.host));
        store_row_get_blob(row, reported.key, sizeof(reported.key));
        reported.chain = store_row_get_number(row);
        reported.number = store_row_get_number(row);
        store_row_get_blob(row, reported.hash, sizeof(reported.hash));
        reported.signed_at = store_row_get_number(row);
        reported.taken_at = store_row_get_number(row);
        reported.mark.seq = store_row_get_number(row);
        store_row_get_blob(row, reported.mark.hash, sizeof(reported.mark.hash));
        reported.last = store_row_get_number(row);
        reported.records = store_row_get_number(row);
        fault = store_row_get_number(row);
        reported.fault_at = store_row_get_number(row);
        reported.fault_number = store_row_get_number(row);
        reported.fault_seq = store_row_get_number(row);
        if (row->bad || fault < REPORTED_RIGHT || fault >= _REPORTED_MAX)
                return -EUCLEAN;
        reported.fault = (enum store_reported_fault) fault;
        *ret = reported;
        return 0;
}

int store_reported_get(struct store *s, const char *host, struct store_reported *ret) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(s->db, &row.stmt, "SELECT " COLUMNS " FROM fleet_reported WHERE host = ?1");
        if (r < 0)
                return r;
        store_row_put_text(&row, host);
        r = row.bad ? -ENOMEM : store_row_get_next(&row);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        return read_reported(&row, ret);
}

int store_reported_put(struct store *writer, const struct store_reported *reported) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt,
                       "REPLACE INTO fleet_reported (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
                       "?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)");
        if (r < 0)
                return r;
        store_row_put_text(&row, reported->host);
        store_row_put_blob(&row, reported->key, sizeof(reported->key));
        store_row_put_number(&row, reported->chain);
        store_row_put_number(&row, reported->number);
        store_row_put_blob(&row, reported->hash, sizeof(reported->hash));
        store_row_put_number(&row, reported->signed_at);
        store_row_put_number(&row, reported->taken_at);
        store_row_put_number(&row, reported->mark.seq);
        store_row_put_blob(&row, reported->mark.hash, sizeof(reported->mark.hash));
        store_row_put_number(&row, reported->last);
        store_row_put_number(&row, reported->records);
        store_row_put_number(&row, reported->fault);
        store_row_put_number(&row, reported->fault_at);
        store_row_put_number(&row, reported->fault_number);
        store_row_put_number(&row, reported->fault_seq);
        return store_row_put_done(&row);
}

static int64_t least(int64_t a, int64_t b) {
        return a < b ? a : b;
}

int store_reported_room(struct store *s, const char *host, int64_t *ret) {
        _cleanup_store_row_ struct store_row row = {};
        int64_t hosts, all, own, share, first, late;
        int r;

        r = store_once(s->db, &row.stmt,
                       "SELECT count(*), ifnull(sum(records), 0), ifnull(sum(records) FILTER "
                       "(WHERE host = ?1), -1) FROM fleet_reported");
        if (r < 0)
                return r;
        store_row_put_text(&row, host);
        r = row.bad ? -ENOMEM : store_row_get_next(&row);
        if (r < 0)
                return r;
        hosts = store_row_get_number(&row);
        all = store_row_get_number(&row);
        own = store_row_get_number(&row);
        share = STORE_REPORTED_ALL_MAX / 2 / (own < 0 ? hosts + 1 : hosts);
        own = own < 0 ? 0 : own;
        first = own + STORE_REPORTED_ALL_MAX / 2 - all;
        late = least(share, own + STORE_REPORTED_ALL_MAX - all);
        *ret = least(STORE_REPORTED_MAX, first > late ? first : late);
        return 0;
}

int store_reported_each(struct store *s,
                        int (*visit)(const struct store_reported *reported, void *userdata),
                        void *userdata) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(s->db, &row.stmt, "SELECT " COLUMNS " FROM fleet_reported ORDER BY host");
        while (r >= 0 && (r = store_row_get_next(&row)) > 0) {
                struct store_reported reported;

                r = read_reported(&row, &reported);
                if (r >= 0)
                        r = visit(&reported, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int store_reported_each_all(struct store *s,
                            int (*visit)(const struct store_reported *reported, void *userdata),
                            void *userdata) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(s->db, &row.stmt,
                       "SELECT " COLUMNS " FROM fleet_reported UNION ALL SELECT name, issuer, 0, "
                       "0, zeroblob(32), 0, 0, 0, zeroblob(32), 0, 0, 0, 0, 0, 0 FROM fleet_host "
                       "WHERE name NOT IN (SELECT host FROM fleet_reported) ORDER BY 1");
        while (r >= 0 && (r = store_row_get_next(&row)) > 0) {
                struct store_reported reported;

                r = read_reported(&row, &reported);
                if (r >= 0)
                        r = visit(&reported, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int store_reported_each_number(struct store *s,
                               int (*visit)(const char *host, int64_t number, void *userdata),
                               void *userdata) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(s->db, &row.stmt,
                       "SELECT h.name, coalesce(r.number, 0) FROM fleet_host h LEFT JOIN "
                       "fleet_reported r ON r.host = h.name AND r.key = h.issuer");
        while (r >= 0 && (r = store_row_get_next(&row)) > 0) {
                char host[STORE_FLEET_HOST_MAX + 1] = "";
                int64_t number;

                store_row_get_text(&row, host, sizeof(host));
                number = store_row_get_number(&row);
                r = row.bad ? -EUCLEAN : visit(host, number, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

/* --- Records --- */

/* Whether the record that is there has this seal: the seal depends on all of it. */
static int compare(struct store *writer, const struct store_reported *reported, int64_t seq,
                   const uint8_t seal[static RECORD_DIGEST_LEN]) {
        _cleanup_store_row_ struct store_row row = {};
        uint8_t there[RECORD_DIGEST_LEN];
        int r;

        r = store_once(writer->db, &row.stmt,
                       "SELECT hash FROM fleet_audit WHERE host = ?1 AND chain = ?2 AND seq = ?3");
        if (r < 0)
                return r;
        store_row_put_text(&row, reported->host);
        store_row_put_number(&row, reported->chain);
        store_row_put_number(&row, seq);
        r = row.bad ? -ENOMEM : store_row_get_next(&row);
        if (r <= 0)
                return r;
        store_row_get_blob(&row, there, sizeof(there));
        return row.bad || memcmp(there, seal, sizeof(there)) != 0 ? -EEXIST : 0;
}

int store_reported_add(struct store *writer, const struct store_reported *reported,
                       const struct audit_record *record,
                       const uint8_t seal[static RECORD_DIGEST_LEN], int64_t now) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_REPORTED_ADD);
        struct store_row row = { .stmt = stmt };
        int r;

        store_row_put_text(&row, reported->host);
        store_row_put_number(&row, reported->chain);
        store_row_put_number(&row, now);
        store_row_put_number(&row, record->seq);
        store_row_put_number(&row, record->at);
        store_row_put_number(&row, record->until);
        store_row_put_number(&row, (int64_t) record->count);
        store_row_put_number(&row, record->uid);
        store_row_put_number(&row, record->pid);
        store_row_put_number(&row, record->owner_uid);
        store_row_put_number(&row, record->has_login ? (int64_t) record->login_uid : -1);
        store_row_put_text(&row, record->event);
        store_row_put_text(&row, record->verdict);
        store_row_put_text(&row, record->door);
        store_row_put_text(&row, record->key);
        store_row_put_text(&row, record->user);
        store_row_put_text(&row, record->service);
        store_row_put_text(&row, record->rhost);
        store_row_put_text(&row, record->reason);
        store_row_put_text(&row, record->detail);
        store_row_put_blob(&row, seal, RECORD_DIGEST_LEN);
        r = store_row_put_done(&row);
        if (r < 0)
                return r;
        return sqlite3_changes(writer->db) > 0 ? 1 : compare(writer, reported, record->seq, seal);
}

int store_reported_add_login(struct store *writer, const struct store_reported *reported,
                             int64_t seq, uid_t uid) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt,
                       "UPDATE fleet_audit SET login_uid = ?4 WHERE host = ?1 AND chain = ?2 AND "
                       "seq = ?3 AND login_uid = -1");
        if (r < 0)
                return r;
        store_row_put_text(&row, reported->host);
        store_row_put_number(&row, reported->chain);
        store_row_put_number(&row, seq);
        store_row_put_number(&row, uid);
        return store_row_put_done(&row);
}

static int read_record(sqlite3_stmt *stmt, struct store_reported_record *ret) {
        struct store_row row = { .stmt = stmt, .at = STORE_CHAIN_COLUMNS };

        *ret = (struct store_reported_record){};
        if (store_chain_read(stmt, &ret->record) < 0)
                return -EUCLEAN;
        ret->place = store_row_get_number(&row);
        store_row_get_text(&row, ret->host, sizeof(ret->host));
        return row.bad ? -EUCLEAN : 0;
}

/* The statement goes by the place, or by an index of key or user. All else is compared here, so
 * that each record that is looked at counts. */
static int start_list(struct store *s, const struct audit_filter *f, sqlite3_stmt **ret) {
        const char *of = f->key ? f->key : f->user;
        int r;

        r = store_once(
                s->db, ret,
                "SELECT seq, at, until, count, uid, pid, owner_uid, login_uid, event, "
                "verdict, door, key, user, service, rhost, reason, detail, hash, place, host FROM "
                "fleet_audit WHERE place %s ?1%s ORDER BY place%s",
                f->reverse ? "<" : ">",
                f->key    ? " AND key = ?2 AND key <> ''"
                : f->user ? " AND user = ?2 AND user <> ''"
                          : "",
                f->reverse ? " DESC" : "");
        if (r < 0)
                return r;
        return sqlite3_bind_int64(*ret, 1, store_audit_start(f)) != SQLITE_OK ||
                               (of &&
                                sqlite3_bind_text(*ret, 2, of, -1, SQLITE_STATIC) != SQLITE_OK)
                       ? -ENOMEM
                       : 0;
}

int store_reported_list(struct store *s, const char *host, const struct audit_filter *filter,
                        size_t most,
                        int (*visit)(const struct store_reported_record *record, void *userdata),
                        void *userdata, int64_t *ret_next) {
        _cleanup_once_ sqlite3_stmt *stmt = NULL;
        struct store_reported_record record;
        int64_t last = filter->after;
        int r;

        r = start_list(s, filter, &stmt);
        for (size_t n = 0; r >= 0 && (r = store_stmt_step(stmt)) > 0; n++) {
                if (n == most)
                        break;
                if (read_record(stmt, &record) < 0)
                        continue;
                last = record.place;
                if ((host && strcmp(host, record.host) != 0) ||
                    !store_audit_passes(filter, &record.record))
                        continue;
                r = visit(&record, userdata);
                if (r != 0)
                        break;
        }
        if (r < 0)
                return r;
        *ret_next = r > 0 ? last : 0;
        return 0;
}

/* --- Uses --- */

/* Only of groups that the host is in: an issuing host is in all of them. */
#define IS_OF_HOST                                                                                 \
        "EXISTS (SELECT 1 FROM key k, fleet_host h, fleet_group g WHERE k.id = ?1 AND h.name = "   \
        "?2 AND ' ' || k.hosts || ' ' LIKE '% ' || g.name || ' %' AND (' ' || h.groups || ' ' "    \
        "LIKE '% ' || g.name || ' %' OR EXISTS (SELECT 1 FROM fleet_issuer WHERE host = ?2)))"

int store_reported_use(struct store *writer, const char *host, const struct key_use *use) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(
                writer->db, &row.stmt, "%s",
                "INSERT INTO fleet_use (id, host, last_at, service, rhost, uses) SELECT ?1, "
                "?2, ?3, ?4, ?5, ?6 WHERE " IS_OF_HOST
                " ON CONFLICT (id, host) DO UPDATE SET last_at = excluded.last_at, service = "
                "excluded.service, rhost = excluded.rhost, uses = excluded.uses");
        if (r < 0)
                return r;
        store_row_put_text(&row, use->id);
        store_row_put_text(&row, host);
        store_row_put_number(&row, use->at);
        store_row_put_text(&row, use->service);
        store_row_put_text(&row, use->rhost);
        store_row_put_number(&row, (int64_t) use->count);
        return store_row_put_done(&row);
}

int store_reported_each_use(struct store *s, const char *id,
                            int (*visit)(const struct store_reported_use *use, void *userdata),
                            void *userdata) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(s->db, &row.stmt,
                       "SELECT id, host, last_at, service, rhost, uses FROM fleet_use WHERE id = "
                       "?1 ORDER BY host");
        if (r < 0)
                return r;
        store_row_put_text(&row, id);
        while (!row.bad && (r = store_row_get_next(&row)) > 0) {
                struct store_reported_use use = {};

                store_row_get_text(&row, use.use.id, sizeof(use.use.id));
                store_row_get_text(&row, use.host, sizeof(use.host));
                use.use.at = store_row_get_number(&row);
                store_row_get_text(&row, use.use.service, sizeof(use.use.service));
                store_row_get_text(&row, use.use.rhost, sizeof(use.use.rhost));
                use.use.count = (uint64_t) store_row_get_number(&row);
                r = row.bad ? -EUCLEAN : visit(&use, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int store_reported_last_use(struct store *s, const char *id, int64_t *ret) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(s->db, &row.stmt, "SELECT max(last_at) FROM fleet_use WHERE id = ?1");
        if (r < 0)
                return r;
        store_row_put_text(&row, id);
        r = row.bad ? -ENOMEM : store_row_get_next(&row);
        if (r >= 0)
                *ret = r > 0 ? store_row_get_number(&row) : 0;
        return r < 0 ? r : 0;
}

/* --- What is due, and how it stands --- */

static int uncount(struct store *writer, int64_t place) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt,
                       "UPDATE fleet_reported SET records = max(0, records - (SELECT count(*) FROM "
                       "(SELECT host FROM fleet_audit WHERE place <= ?1) a WHERE a.host = "
                       "fleet_reported.host)) WHERE host IN (SELECT host FROM fleet_audit WHERE "
                       "place <= ?1)");
        if (r < 0)
                return r;
        store_row_put_number(&row, place);
        return store_row_put_done(&row);
}

int store_reported_purge(struct store *writer, int64_t until, int64_t most) {
        _cleanup_store_row_ struct store_row row = {}, drop = {};
        int64_t place;
        int r;

        r = store_once(writer->db, &row.stmt,
                       "SELECT max(place) FROM (SELECT place, taken_at FROM fleet_audit ORDER BY "
                       "place LIMIT ?2) WHERE taken_at <= ?1");
        if (r < 0)
                return r;
        store_row_put_number(&row, until);
        store_row_put_number(&row, most);
        r = row.bad ? -ENOMEM : store_row_get_next(&row);
        place = r > 0 ? store_row_get_number(&row) : 0;
        if (r < 0 || place == 0)
                return r < 0 ? r : 0;
        r = uncount(writer, place);
        if (r >= 0)
                r = store_once(writer->db, &drop.stmt, "DELETE FROM fleet_audit WHERE place <= ?1");
        if (r < 0)
                return r;
        store_row_put_number(&drop, place);
        r = store_row_put_done(&drop);
        return r < 0 ? r : sqlite3_changes(writer->db);
}

int store_reported_sum(struct store *s, int64_t now, struct store_reported_sum *ret) {
        _cleanup_store_row_ struct store_row row = {};
        struct store_reported_sum sum = {};
        int r;

        r = store_once(s->db, &row.stmt,
                       "SELECT h.name, coalesce(r.fault, 0), coalesce(r.taken_at, 0) FROM "
                       "fleet_host h LEFT JOIN fleet_reported r ON r.host = h.name");
        while (r >= 0 && (r = store_row_get_next(&row)) > 0) {
                char name[STORE_FLEET_HOST_MAX + 1] = "";
                bool wrong, silent;

                store_row_get_text(&row, name, sizeof(name));
                wrong = store_row_get_number(&row) != REPORTED_RIGHT;
                silent = now - store_row_get_number(&row) > STORE_REPORTED_SILENT_S;
                if (row.bad)
                        return -EUCLEAN;
                if ((wrong && sum.wrong == 0) || (silent && sum.wrong + sum.silent == 0))
                        memcpy(sum.example, name, sizeof(name));
                sum.hosts++;
                sum.wrong += wrong;
                sum.silent += silent;
        }
        if (r >= 0)
                *ret = sum;
        return r;
}
