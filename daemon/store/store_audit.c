/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads, purges and verifies the audit log. The form of a record and its seal are known to
 * store_chain.c alone. */
#include <errno.h>
#include <string.h>

#include "store/store_audit.h"
#include "store/store_chain.h"
#include "store/store_note.h"
#include "text.h"

int store_audit_begin(struct store *writer, int64_t now) {
        const struct audit_record begin = { .at = now,
                                            .until = now,
                                            .count = 1,
                                            .uid = AUDIT_NOBODY,
                                            .owner_uid = AUDIT_NOBODY,
                                            .event = "begun",
                                            .verdict = "done",
                                            .door = "daemon" };
        struct store_chain chain;
        int r;

        r = store_chain_load(writer, &chain);
        if (r < 0 || !store_chain_is_unborn(&chain))
                return r;
        chain.broken = false;
        r = store_begin(writer);
        if (r >= 0)
                r = store_chain_append(writer, &chain, &begin);
        if (r >= 0)
                r = store_chain_save(writer, &chain);
        if (r >= 0)
                r = store_commit_quietly(writer);
        store_rollback(writer);
        return r < 0 ? r : 1;
}

int store_audit_add(struct store *writer, const struct audit_record *record) {
        int r = store_delta_note_audit(writer, record);

        return r < 0 ? r : store_chain_add(writer, record);
}

int store_audit_head(struct store *writer, int64_t *ret) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_CHAIN_GET);
        int r = store_stmt_step(stmt);

        if (r < 0)
                return r;
        *ret = r > 0 ? sqlite3_column_int64(stmt, 5) : 0;
        return 0;
}

static bool is_text(const char *want, const char *got) {
        return !want || strcmp(want, got) == 0;
}

/* A record of an old daemon has the service as the client spelled it. */
static bool is_service(const char *want, const char *got) {
        return !want || text_is_same_service(want, got);
}

bool store_audit_passes(const struct audit_filter *f, const struct audit_record *record) {
        return record->until >= f->since && (f->until == 0 || record->at <= f->until) &&
               (!f->own || record->owner_uid == f->owner_uid) && is_text(f->key, record->key) &&
               is_text(f->user, record->user) && is_service(f->service, record->service) &&
               is_text(f->verdict, record->verdict);
}

int64_t store_audit_start(const struct audit_filter *f) {
        return f->reverse && f->after == 0 ? INT64_MAX : f->after;
}

/* The statement that finds the records that ${f} lets pass, from where ${f} begins. */
static int start(struct store *s, const struct audit_filter *f, sqlite3_stmt **ret) {
        const char *of = f->key ? f->key : f->user;
        static const enum stmt forth[] = { STMT_AUDIT_EACH, STMT_AUDIT_EACH_OF_USER,
                                           STMT_AUDIT_EACH_OF_KEY };
        static const enum stmt back[] = { STMT_AUDIT_BACK, STMT_AUDIT_BACK_OF_USER,
                                          STMT_AUDIT_BACK_OF_KEY };
        size_t which = f->key ? 2 : f->user ? 1 : 0;
        sqlite3_stmt *stmt = store_stmt(s, (f->reverse ? back : forth)[which]);

        if (sqlite3_bind_int64(stmt, 1, store_audit_start(f)) != SQLITE_OK ||
            (of && sqlite3_bind_text(stmt, 2, of, -1, SQLITE_STATIC) != SQLITE_OK)) {
                store_stmt_done(&stmt);
                return -ENOMEM;
        }
        *ret = stmt;
        return 0;
}

static void done(sqlite3_stmt **stmt) {
        if (*stmt)
                store_stmt_done(stmt);
}

int store_audit_each(struct store *writer, const struct audit_filter *filter, size_t most,
                     int (*visit)(const struct audit_record *record, void *userdata),
                     void *userdata, int64_t *ret_next) {
        __attribute__((cleanup(done))) sqlite3_stmt *stmt = NULL;
        int64_t last = filter->after;
        int r;

        r = start(writer, filter, &stmt);
        if (r < 0)
                return r;
        for (size_t n = 0; (r = store_stmt_step(stmt)) > 0; n++) {
                struct audit_record record = {};

                if (n == most)
                        break;
                /* A record that cannot be read must not hide the others. store_audit_verify()
                 * complains of it. */
                last = sqlite3_column_int64(stmt, STORE_CHAIN_SEQ);
                if (store_chain_read(stmt, &record) < 0 || !store_audit_passes(filter, &record))
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

int store_audit_each_sealed(struct store *writer, int64_t after, size_t most,
                            int (*visit)(const struct audit_record *record,
                                         const uint8_t seal[static RECORD_DIGEST_LEN],
                                         void *userdata),
                            void *userdata) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(writer, STMT_AUDIT_EACH);
        struct audit_record record;
        uint8_t seal[STORE_CHAIN_HASH_LEN];
        int r = 0;

        if (sqlite3_bind_int64(stmt, 1, after) != SQLITE_OK)
                return -ENOMEM;
        for (size_t n = 0; n < most && (r = store_stmt_step(stmt)) > 0; n++) {
                if (store_chain_read(stmt, &record) < 0 || !store_chain_read_seal(stmt, seal))
                        continue;
                r = visit(&record, seal, userdata);
                if (r != 0)
                        break;
        }
        return r < 0 ? r : 0;
}

/* --- Purge and verification --- */

static int delete_up_to(struct store *s, int64_t seq) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_AUDIT_DELETE);

        if (sqlite3_bind_int64(stmt, 1, seq) != SQLITE_OK)
                return -ENOMEM;
        return store_stmt_step(stmt);
}

/* Moves the base behind the last record that may go. Returns how many records that are, without
 * those from the future. Their clock was wrong, so they are as old as their neighbours: one goes
 * with an old record behind it. */
static int find_old(struct store *s, int64_t until, int64_t now, int64_t most,
                    struct store_chain *chain) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_AUDIT_EACH);
        int r, n = 0;

        if (sqlite3_bind_int64(stmt, 1, 0) != SQLITE_OK)
                return -ENOMEM;
        while (n < most && (r = store_stmt_step(stmt)) != 0) {
                int64_t at;

                if (r < 0)
                        return r;
                at = sqlite3_column_int64(stmt, STORE_CHAIN_UNTIL);
                if (at > now)
                        continue;
                if (at > until)
                        break;
                if (!store_chain_read_seal(stmt, chain->base))
                        chain->broken = true;
                chain->base_seq = sqlite3_column_int64(stmt, STORE_CHAIN_SEQ);
                n++;
        }
        return n;
}

int store_audit_purge(struct store *writer, int64_t until, int64_t now, int64_t most) {
        struct store_chain chain;
        int r, n = 0;

        r = store_chain_load(writer, &chain);
        if (r >= 0)
                r = n = find_old(writer, until, now, most, &chain);
        if (r <= 0)
                return r;
        r = delete_up_to(writer, chain.base_seq);
        if (r >= 0)
                r = store_chain_save(writer, &chain);
        return r < 0 ? r : n;
}

/* The seal on which the record behind ${*after} builds. */
static int find_start(struct store *s, const struct store_chain *chain, int64_t *after,
                      uint8_t ret[static STORE_CHAIN_HASH_LEN]) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_AUDIT_HASH);
        int r;

        if (*after <= chain->base_seq) {
                *after = chain->base_seq;
                memcpy(ret, chain->base, STORE_CHAIN_HASH_LEN);
                return 0;
        }
        if (sqlite3_bind_int64(stmt, 1, *after) != SQLITE_OK)
                return -ENOMEM;
        r = store_stmt_step(stmt);
        if (r < 0)
                return r;
        return r > 0 && store_chain_read_hash(stmt, 0, ret) ? 0 : -ENOENT;
}

int store_audit_mark(struct store *writer, int64_t seq, struct audit_mark *ret) {
        struct audit_mark mark = { .seq = seq };
        struct store_chain chain;
        int r;

        r = store_chain_load(writer, &chain);
        if (r < 0)
                return r;
        /* What is left of a log that somebody has altered is not what this host has seen. */
        if (seq == 0 && chain.broken)
                return -EBADMSG;
        if (seq == 0)
                mark.seq = chain.head_seq;
        if (mark.seq < chain.base_seq)
                return -ENODATA;
        /* The base has the seal of a record that was purged. */
        r = find_start(writer, &chain, &mark.seq, mark.hash);
        if (r >= 0)
                *ret = mark;
        return r;
}

static int found(struct audit_check *check, enum audit_fault fault, int64_t bad) {
        check->fault = fault;
        check->bad = bad;
        return 0;
}

/* ${hash} is the seal of the record ${seq}. */
static int walk(struct store *s, const struct store_chain *chain, int64_t seq,
                uint8_t hash[static STORE_CHAIN_HASH_LEN], size_t most, struct audit_check *check) {
        _cleanup_stmt_ sqlite3_stmt *stmt = store_stmt(s, STMT_AUDIT_EACH);
        int r;

        /* From the very first row: a record before the base is one too many. */
        if (sqlite3_bind_int64(stmt, 1, seq == chain->base_seq ? INT64_MIN : seq) != SQLITE_OK)
                return -ENOMEM;
        while ((r = store_stmt_step(stmt)) > 0) {
                if (check->n == most) {
                        check->next = seq;
                        return 0;
                }
                check->n++;
                if (sqlite3_column_int64(stmt, STORE_CHAIN_SEQ) != seq + 1)
                        return found(check, AUDIT_MISSING, seq + 1);
                seq++;
                if (!store_chain_follows(s, stmt, hash))
                        return found(check, AUDIT_ALTERED, seq);
        }
        if (r < 0)
                return r;
        if (seq < chain->head_seq)
                return found(check, AUDIT_MISSING, seq + 1);
        if (chain->broken || memcmp(hash, chain->head, STORE_CHAIN_HASH_LEN) != 0)
                return found(check, AUDIT_UNSEALED, seq);
        return 0;
}

int store_audit_verify(struct store *writer, int64_t after, size_t most, struct audit_check *ret) {
        struct audit_check check = {};
        uint8_t hash[STORE_CHAIN_HASH_LEN];
        struct store_chain chain;
        int r;

        r = store_chain_load(writer, &chain);
        if (r < 0)
                return r;
        r = find_start(writer, &chain, &after, hash);
        if (r == -ENOENT)
                r = found(&check, AUDIT_MISSING, after);
        else if (r >= 0)
                r = walk(writer, &chain, after, hash, most, &check);
        if (r >= 0)
                *ret = check;
        return r;
}
