/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables fleet and fleet_...: rows in, rows out. Does not know what a frame is, or who may say
 * what. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "store/store_fleet.h"
#include "store/store_row.h"

/* --- The fleet --- */

/* Beside the ids of keys, which have no blank. */
#define INVITED_ID "'all invited'"

/* Likewise: a key that this host has revoked for itself alone, as a member. */
#define IS_HERE "g.id > 'here ' AND g.id < 'here ~'"

static int put_invited(struct store *writer, int64_t number) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt,
                       "REPLACE INTO fleet_gone (id, revision) VALUES (" INVITED_ID ", ?1)");
        if (r < 0)
                return r;
        store_row_put_number(&row, number);
        return store_row_put_done(&row);
}

int store_fleet_get(struct store *s, struct store_fleet *ret) {
        _cleanup_store_row_ struct store_row row = {};
        struct store_fleet fleet = {};
        int r;

        r = store_once(s->db, &row.stmt,
                       "SELECT id, host, issuing, database, pepper, ifnull((SELECT revision FROM "
                       "fleet_gone WHERE id = " INVITED_ID "), 0) FROM fleet WHERE one = 1");
        if (r >= 0)
                r = store_row_get_next(&row);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        store_row_get_blob(&row, fleet.id, sizeof(fleet.id));
        store_row_get_text(&row, fleet.host, sizeof(fleet.host));
        fleet.issuing = store_row_get_number(&row) != 0;
        store_row_get_text(&row, fleet.database, sizeof(fleet.database));
        fleet.pepper_id = (uint32_t) store_row_get_number(&row);
        fleet.invited = store_row_get_number(&row);
        if (row.bad)
                return -EUCLEAN;
        *ret = fleet;
        return 0;
}

int store_fleet_put(struct store *writer, const struct store_fleet *fleet) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt,
                       "REPLACE INTO fleet (one, id, host, issuing, database, pepper) VALUES (1, "
                       "?1, ?2, ?3, ?4, ?5)");
        if (r < 0)
                return r;
        store_row_put_blob(&row, fleet->id, sizeof(fleet->id));
        store_row_put_text(&row, fleet->host);
        store_row_put_number(&row, fleet->issuing);
        store_row_put_text(&row, fleet->database);
        store_row_put_number(&row, fleet->pepper_id);
        r = store_row_put_done(&row);
        /* It is in the snapshots of an issuing host, and what it has revoked as well. */
        if (r >= 0 && fleet->issuing)
                r = store_stmt_exec(
                        writer->db,
                        "UPDATE cert SET fleet = 1 WHERE fleet = 3;"
                        "INSERT OR IGNORE INTO fleet_outbox (id, at, reason) SELECT k.id, "
                        "k.updated_at, k.reason FROM fleet_gone g JOIN key k ON k.id = "
                        "substr(g.id, 6) WHERE " IS_HERE " AND k.status = 1 AND k.hosts <> '';"
                        "DELETE FROM fleet_gone AS g WHERE " IS_HERE);
        return r < 0 ? r : put_invited(writer, fleet->invited);
}

int store_fleet_forget(struct store *writer) {
        return store_stmt_exec(writer->db, "DELETE FROM key WHERE hosts <> '';"
                                           "DELETE FROM policy WHERE name = 'fleet-epoch';"
                                           "DELETE FROM fleet; DELETE FROM fleet_group;"
                                           "DELETE FROM fleet_issuer; DELETE FROM fleet_host;"
                                           "DELETE FROM fleet_gone; DELETE FROM fleet_outbox;"
                                           "UPDATE fleet_clock SET current_at = 0, wall_at = 0;"
                                           "DELETE FROM fleet_used;"
                                           "DELETE FROM fleet_reported;"
                                           "DELETE FROM fleet_audit; DELETE FROM fleet_use;"
                                           "UPDATE policy SET fleet = 0;"
                                           "UPDATE cert SET fleet = 0");
}

bool store_fleet_is_on_disk(const struct store *writer) {
        return !writer->not_on_disk;
}

int64_t store_fleet_age(const struct store *s, int64_t now_s) {
        int64_t at = atomic_load_explicit(&s->shared->fleet_at, memory_order_acquire);

        return at == INT64_MIN ? INT64_MAX : now_s > at ? now_s - at : 0;
}

int store_fleet_keys(struct store *s, uint64_t *ret) {
        int64_t n = 0;
        int r;

        r = store_stmt_pragma(s->db, "SELECT count(*) FROM key WHERE hosts <> ''", &n);
        *ret = (uint64_t) n;
        return r;
}

int store_fleet_sum(struct store *s, struct store_fleet_sum *ret) {
        struct store_fleet_sum sum;
        int64_t joined = 0, waiting = 0;
        int r;

        r = store_stmt_pragma(s->db, "SELECT count(*) FROM fleet", &joined);
        if (r < 0 || joined == 0)
                return r < 0 ? r : -ENOENT;
        r = store_fleet_keys(s, &sum.keys);
        if (r >= 0)
                r = store_stmt_pragma(s->db, "SELECT count(*) FROM fleet_outbox", &waiting);
        if (r < 0)
                return r;
        sum.waiting = (uint64_t) waiting;
        *ret = sum;
        return 0;
}

int store_fleet_need_pepper(struct store *writer, uint32_t pepper_id) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt, "INSERT OR IGNORE INTO pepper (id) VALUES (?1)");
        if (r < 0)
                return r;
        store_row_put_number(&row, pepper_id);
        return store_row_put_done(&row);
}

/* --- Groups --- */

int store_fleet_each_group(struct store *s,
                           int (*visit)(const struct store_fleet_group *group, void *userdata),
                           void *userdata) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(s->db, &row.stmt,
                       "SELECT name, number, hash FROM fleet_group ORDER BY name");
        while (r >= 0 && (r = store_row_get_next(&row)) > 0) {
                struct store_fleet_group group = {};

                store_row_get_text(&row, group.name, sizeof(group.name));
                group.number = store_row_get_number(&row);
                store_row_get_blob(&row, group.hash, sizeof(group.hash));
                r = row.bad ? -EUCLEAN : visit(&group, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int store_fleet_put_group(struct store *writer, const struct store_fleet_group *group) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt,
                       "REPLACE INTO fleet_group (name, number, hash) VALUES (?1, ?2, ?3)");
        if (r < 0)
                return r;
        store_row_put_text(&row, group->name);
        store_row_put_number(&row, group->number);
        store_row_put_blob(&row, group->hash, sizeof(group->hash));
        return store_row_put_done(&row);
}

int store_fleet_join_group(struct store *writer, const struct store_fleet_group *group) {
        int r;

        /* How old it is is not known, whatever is known of the others. */
        r = store_stmt_exec(writer->db, "UPDATE fleet_clock SET current_at = 0, wall_at = 0");
        return r < 0 ? r : store_fleet_put_group(writer, group);
}

int store_fleet_leave_group(struct store *writer, const char *name) {
        static const char *const texts[] = {
                "DELETE FROM fleet_group WHERE name = ?1",
                "DELETE FROM key WHERE hosts <> '' AND ' ' || hosts || ' ' LIKE '% ' || ?1 || ' %' "
                "AND NOT EXISTS (SELECT 1 FROM fleet_group g WHERE ' ' || key.hosts || ' ' LIKE "
                "'% ' || g.name || ' %') AND id NOT IN (SELECT id FROM fleet_outbox)",
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(texts); i++) {
                _cleanup_store_row_ struct store_row row = {};

                r = store_once(writer->db, &row.stmt, "%s", texts[i]);
                if (r < 0)
                        return r;
                store_row_put_text(&row, name);
                r = store_row_put_done(&row);
        }
        return r;
}

/* --- Issuers --- */

int store_fleet_each_issuer(struct store *s,
                            int (*visit)(const struct store_fleet_issuer *issuer, void *userdata),
                            void *userdata) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(s->db, &row.stmt,
                       "SELECT key, host, clock, ahead, stated_at FROM fleet_issuer ORDER BY host");
        while (r >= 0 && (r = store_row_get_next(&row)) > 0) {
                struct store_fleet_issuer issuer = {};

                store_row_get_blob(&row, issuer.public, sizeof(issuer.public));
                store_row_get_text(&row, issuer.host, sizeof(issuer.host));
                issuer.clock = store_row_get_number(&row);
                issuer.ahead_ms = store_row_get_number(&row);
                issuer.stated_ms = store_row_get_number(&row);
                r = row.bad ? -EUCLEAN : visit(&issuer, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int store_fleet_put_issuer(struct store *writer, const struct store_fleet_issuer *issuer) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt,
                       "INSERT INTO fleet_issuer (key, host) VALUES (?1, ?2) ON CONFLICT (key) DO "
                       "UPDATE SET host = excluded.host");
        if (r < 0)
                return r;
        store_row_put_blob(&row, issuer->public, sizeof(issuer->public));
        store_row_put_text(&row, issuer->host);
        return store_row_put_done(&row);
}

int store_fleet_put_issuer_clock(struct store *writer, const struct store_fleet_issuer *issuer) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt,
                       "UPDATE fleet_issuer SET clock = ?2, ahead = ?3, stated_at = ?4 WHERE key = "
                       "?1");
        if (r < 0)
                return r;
        store_row_put_blob(&row, issuer->public, sizeof(issuer->public));
        store_row_put_number(&row, issuer->clock);
        store_row_put_number(&row, issuer->ahead_ms);
        store_row_put_number(&row, issuer->stated_ms);
        return store_row_put_done(&row);
}

int store_fleet_drop_issuer(struct store *writer,
                            const uint8_t public[static STORE_FLEET_PUBLIC_LEN]) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt, "DELETE FROM fleet_issuer WHERE key = ?1");
        if (r < 0)
                return r;
        store_row_put_blob(&row, public, STORE_FLEET_PUBLIC_LEN);
        return store_row_put_done(&row);
}

/* Beside the ids of keys, which have no blank. */
#define DROPPED_ID "'issuer ' || hex(?1)"

int store_fleet_note_dropped(struct store *writer,
                             const uint8_t public[static STORE_FLEET_PUBLIC_LEN], int64_t number) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt,
                       "INSERT INTO fleet_gone (id, revision) VALUES (" DROPPED_ID
                       ", ?2) ON CONFLICT (id) DO UPDATE SET revision = max(revision, "
                       "excluded.revision)");
        if (r < 0)
                return r;
        store_row_put_blob(&row, public, STORE_FLEET_PUBLIC_LEN);
        store_row_put_number(&row, number);
        return store_row_put_done(&row);
}

int store_fleet_dropped(struct store *s, const uint8_t public[static STORE_FLEET_PUBLIC_LEN],
                        int64_t *ret) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(s->db, &row.stmt,
                       "SELECT ifnull((SELECT revision FROM fleet_gone WHERE id = " DROPPED_ID
                       "), 0)");
        if (r < 0)
                return r;
        store_row_put_blob(&row, public, STORE_FLEET_PUBLIC_LEN);
        r = row.bad ? -ENOMEM : store_row_get_next(&row);
        if (r > 0)
                *ret = store_row_get_number(&row);
        return r < 0 ? r : row.bad ? -EUCLEAN : 0;
}

static bool read_public(const char *hex, uint8_t out[static STORE_FLEET_PUBLIC_LEN]) {
        static const char digits[] = "0123456789ABCDEF";

        for (size_t i = 0; i < STORE_FLEET_PUBLIC_LEN; i++) {
                const char *high = strchr(digits, hex[2 * i]),
                           *low = high ? strchr(digits, hex[2 * i + 1]) : NULL;

                if (!low || !*high || !*low)
                        return false;
                out[i] = (uint8_t) (16 * (high - digits) + (low - digits));
        }
        return true;
}

int store_fleet_each_dropped(struct store *s,
                             int (*visit)(const uint8_t public[static STORE_FLEET_PUBLIC_LEN],
                                          int64_t number, void *userdata),
                             void *userdata) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(s->db, &row.stmt,
                       "SELECT substr(id, 8), revision FROM fleet_gone WHERE id >= 'issuer ' AND "
                       "id < 'issuer ~' AND length(id) = %d ORDER BY revision DESC, id LIMIT %d",
                       7 + 2 * STORE_FLEET_PUBLIC_LEN, STORE_FLEET_DROPPED_MAX);
        while (r >= 0 && (r = store_row_get_next(&row)) > 0) {
                char hex[2 * STORE_FLEET_PUBLIC_LEN + 1] = "";
                uint8_t public[STORE_FLEET_PUBLIC_LEN];
                int64_t number;

                store_row_get_text(&row, hex, sizeof(hex));
                number = store_row_get_number(&row);
                r = row.bad || !read_public(hex, public) ? -EUCLEAN
                                                         : visit(public, number, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int store_fleet_drop_all(struct store *writer) {
        return store_stmt_exec(
                writer->db,
                "DELETE FROM fleet_issuer; UPDATE policy SET fleet = 2 WHERE fleet = 1");
}

int store_fleet_has_all(struct store *writer) {
        return store_stmt_exec(writer->db,
                               "DELETE FROM policy WHERE fleet = 2 AND name <> 'fleet-epoch'");
}

int store_fleet_epoch(struct store *s, int64_t *inout) {
        int64_t number = 0;
        int r;

        r = store_stmt_pragma(s->db,
                              "SELECT max(0, max(number)) FROM fleet_group WHERE name = "
                              "'all'",
                              &number);
        if (r >= 0 && RECORD_FLEET_EPOCH + number > *inout)
                *inout = RECORD_FLEET_EPOCH + number;
        return r;
}

int store_fleet_bound_epoch(struct store *writer, int64_t number) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt,
                       "UPDATE policy SET value = ?1 WHERE name = 'fleet-epoch' AND value > ?1");
        if (r < 0)
                return r;
        store_row_put_number(&row, RECORD_FLEET_EPOCH + number);
        return store_row_put_done(&row);
}

int store_fleet_epoch_waits(struct store *s) {
        int64_t n = 0;
        int r;

        r = store_stmt_pragma(
                s->db, "SELECT count(*) FROM policy WHERE name = 'fleet-epoch' AND fleet = 2", &n);
        return r < 0 ? r : n > 0;
}

int store_fleet_drop_hosts(struct store *writer, const char *after, const char *before) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt,
                       "DELETE FROM fleet_host WHERE name > ?1 AND (?2 = '' OR name < ?2)");
        if (r < 0)
                return r;
        store_row_put_text(&row, after);
        store_row_put_text(&row, before);
        return store_row_put_done(&row);
}

/* --- Hosts --- */

static int read_host(struct store_row *row, struct store_fleet_host *ret) {
        *ret = (struct store_fleet_host){};
        store_row_get_text(row, ret->name, sizeof(ret->name));
        store_row_get_blob(row, ret->issuer, sizeof(ret->issuer));
        store_row_get_blob(row, ret->recipient, sizeof(ret->recipient));
        store_row_get_text(row, ret->groups, sizeof(ret->groups));
        return row->bad ? -EUCLEAN : 0;
}

int store_fleet_get_host(struct store *s, const char *name, struct store_fleet_host *ret) {
        _cleanup_store_row_ struct store_row row = {};
        struct store_fleet_host host;
        int r;

        r = store_once(s->db, &row.stmt,
                       "SELECT name, issuer, recipient, groups FROM fleet_host WHERE name = ?1");
        if (r < 0)
                return r;
        store_row_put_text(&row, name);
        r = row.bad ? -ENOMEM : store_row_get_next(&row);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = read_host(&row, &host);
        if (r >= 0)
                *ret = host;
        return r;
}

int store_fleet_each_host(struct store *s,
                          int (*visit)(const struct store_fleet_host *host, void *userdata),
                          void *userdata) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(s->db, &row.stmt,
                       "SELECT name, issuer, recipient, groups FROM fleet_host ORDER BY name");
        while (r >= 0 && (r = store_row_get_next(&row)) > 0) {
                struct store_fleet_host host;

                r = read_host(&row, &host);
                if (r >= 0)
                        r = visit(&host, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int store_fleet_put_host(struct store *writer, const struct store_fleet_host *host) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = host->groups[0]
                    ? store_once(writer->db, &row.stmt,
                                 "REPLACE INTO fleet_host (name, issuer, recipient, groups) VALUES "
                                 "(?1, ?2, ?3, ?4)")
                    : store_once(writer->db, &row.stmt, "DELETE FROM fleet_host WHERE name = ?1");
        if (r < 0)
                return r;
        store_row_put_text(&row, host->name);
        if (host->groups[0]) {
                store_row_put_blob(&row, host->issuer, sizeof(host->issuer));
                store_row_put_blob(&row, host->recipient, sizeof(host->recipient));
                store_row_put_text(&row, host->groups);
        }
        return store_row_put_done(&row);
}

/* --- Revocations that wait --- */

int store_fleet_each_revocation(struct store *s,
                                int (*visit)(const struct store_fleet_revocation *revocation,
                                             void *userdata),
                                void *userdata) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(s->db, &row.stmt, "SELECT id, at, reason FROM fleet_outbox ORDER BY at");
        while (r >= 0 && (r = store_row_get_next(&row)) > 0) {
                struct store_fleet_revocation revocation = {};

                store_row_get_text(&row, revocation.id, sizeof(revocation.id));
                revocation.at = store_row_get_number(&row);
                store_row_get_text(&row, revocation.reason, sizeof(revocation.reason));
                r = row.bad ? -EUCLEAN : visit(&revocation, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int store_fleet_put_revocation(struct store *writer,
                               const struct store_fleet_revocation *revocation) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt,
                       "INSERT OR IGNORE INTO fleet_outbox (id, at, reason) VALUES (?1, ?2, ?3)");
        if (r < 0)
                return r;
        store_row_put_text(&row, revocation->id);
        store_row_put_number(&row, revocation->at);
        store_row_put_text(&row, revocation->reason);
        return store_row_put_done(&row);
}

int store_fleet_note_revoked(struct store *writer, const struct key_record *key) {
        struct store_fleet_revocation revocation = { .at = key->updated_at };
        _cleanup_store_row_ struct store_row row = {};
        struct store_fleet self;
        int r;

        if (!key->hosts[0])
                return 0;
        r = store_fleet_get(writer, &self);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        memcpy(revocation.id, key->id, sizeof(revocation.id));
        memcpy(revocation.reason, key->reason, sizeof(revocation.reason));
        if (self.issuing)
                return store_fleet_put_revocation(writer, &revocation);
        r = store_once(writer->db, &row.stmt,
                       "INSERT OR IGNORE INTO fleet_gone (id, revision) VALUES ('here ' || ?1, 0)");
        if (r < 0)
                return r;
        store_row_put_text(&row, key->id);
        return store_row_put_done(&row);
}

int store_fleet_drop_revocation(struct store *writer, const char *id) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt, "DELETE FROM fleet_outbox WHERE id = ?1");
        if (r < 0)
                return r;
        store_row_put_text(&row, id);
        return store_row_put_done(&row);
}

/* --- The clock --- */

int store_fleet_get_clock(struct store *s, struct store_fleet_clock *ret) {
        _cleanup_store_row_ struct store_row row = {};
        struct store_fleet_clock clock = {};
        int r;

        r = store_once(s->db, &row.stmt,
                       "SELECT boot, current_at, wall_at, sign_ahead, sign_clock, signed_at FROM "
                       "fleet_clock");
        if (r >= 0)
                r = store_row_get_next(&row);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        store_row_get_text(&row, clock.boot, sizeof(clock.boot));
        clock.current_at = store_row_get_number(&row);
        clock.wall_at = store_row_get_number(&row);
        clock.sign_ahead_ms = store_row_get_number(&row);
        clock.sign_clock = store_row_get_number(&row);
        clock.signed_at_ms = store_row_get_number(&row);
        if (row.bad)
                return -EUCLEAN;
        *ret = clock;
        return 0;
}

int store_fleet_put_clock(struct store *writer, const struct store_fleet_clock *clock) {
        _cleanup_store_row_ struct store_row row = {};
        int r;

        r = store_once(writer->db, &row.stmt,
                       "REPLACE INTO fleet_clock (one, boot, current_at, wall_at, sign_ahead, "
                       "sign_clock, signed_at) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)");
        if (r < 0)
                return r;
        store_row_put_text(&row, clock->boot);
        store_row_put_number(&row, clock->current_at);
        store_row_put_number(&row, clock->wall_at);
        store_row_put_number(&row, clock->sign_ahead_ms);
        store_row_put_number(&row, clock->sign_clock);
        store_row_put_number(&row, clock->signed_at_ms);
        return store_row_put_done(&row);
}
