/* SPDX-License-Identifier: BSD-2-Clause */
/* A store takes the place of another one in small pieces, and things happen between any two of
 * them. Rows are counted, not seconds. */
#include <unistd.h>

#include "unit_store.h"

#include "store/store_stmt.h"
#include "store/store_swap.h"

/* several pieces, and one that is not full */
#define KEYS (3 * STORE_SWAP_PIECE + 7)
/* rows of the store in use that are not in the one that comes */
#define OWN (2 * STORE_SWAP_PIECE)

struct fixture {
        struct unit_store *live, *coming;
        struct store_swap *swap;
};

static const char *id_of(char kind, unsigned i) {
        static char id[KEYTEXT_ID_LEN + 1];

        (void) snprintf(id, sizeof(id), "%c%09u", kind, i % 100000);
        return id;
}

static void insert(struct unit_store *s, const char *id, const char *hosts) {
        struct key_record key = unit_key(id, "alice");

        (void) snprintf(key.hosts, sizeof(key.hosts), "%s", hosts);
        assert_int_equal(store_key_insert(s->writer, &key), 0);
}

static void insert_many(struct unit_store *s, char kind, unsigned n) {
        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < n; i++)
                insert(s, id_of(kind, i), "");
        assert_int_equal(store_key_used(s->writer,
                                        &(struct key_use){ .id = "k000000001", .at = 1800000005 },
                                        kind == 'k' ? 7 : 0),
                         0);
        assert_int_equal(store_commit(s->writer), 0);
}

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f || unit_store_make((void **) &f->live) < 0 ||
            unit_store_make((void **) &f->coming) < 0)
                return -1;
        insert_many(f->coming, 'k', KEYS);
        insert_many(f->live, 'z', OWN);
        store_freep(&f->coming->writer);
        *state = f;
        return 0;
}

static int drop(void **state) {
        struct fixture *f = *state;
        int r = unit_store_remove((void **) &f->live) | unit_store_remove((void **) &f->coming);

        free(f);
        return r;
}

#define test_swap(f) cmocka_unit_test_setup_teardown(f, make, drop)

static void change(struct unit_store *s, const char *sql) {
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_stmt_exec(s->writer->db, sql), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

static void remove_key(struct unit_store *s, const char *id) {
        struct audit_record removed = { .at = 1800000000, .event = "removed", .verdict = "done" };

        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_delete(s->writer, id), 0);
        memcpy(removed.key, id, sizeof(removed.key));
        assert_int_equal(store_audit_add(s->writer, &removed), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

static void revoke_key(struct unit_store *s, const char *id) {
        struct key_record key;

        assert_int_equal(store_key_get(s->writer, id, &key), 0);
        key.status = KEY_REVOKED;
        key.dead_at = key.updated_at = 1800000009;
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_update(s->writer, &key), 0);
        assert_int_equal(store_commit(s->writer), 0);
}

static void begin(struct fixture *f, const struct store_swap_rules *rules) {
        assert_int_equal(store_swap_clean(f->live->writer), 0);
        assert_int_equal(store_swap_new(&f->swap, f->live->writer, f->coming->path, rules), 0);
}

static void take(struct fixture *f) {
        struct store *writer = f->live->writer;

        assert_int_equal(store_stmt_exec(writer->db, "PRAGMA foreign_keys = OFF"), 0);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_swap_take(f->swap), 0);
        assert_int_equal(store_commit(writer), 0);
        assert_int_equal(store_stmt_exec(writer->db, "PRAGMA foreign_keys = ON"), 0);
        store_swap_free(f->swap);
        assert_null(f->swap);
}

static void finish(struct fixture *f) {
        int r;

        while ((r = store_swap_fill(f->swap)) > 0)
                continue;
        assert_int_equal(r, 0);
        take(f);
}

static int64_t number(const struct fixture *f, const char *sql) {
        return unit_sql_number(f->live->path, sql);
}

static void check_sound(const struct fixture *f) {
        assert_int_equal(number(f, "SELECT count(*) = 1 AND max(integrity_check) = 'ok' FROM "
                                   "pragma_integrity_check"),
                         1);
        assert_int_equal(number(f, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

static void clean_all(const struct fixture *f) {
        int r, n = 0;

        while ((r = store_swap_clean(f->live->writer)) > 0)
                assert_in_range(++n, 1, 100);
        assert_int_equal(r, 0);
        assert_int_equal(number(f, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'import%'"),
                         0);
        check_sound(f);
}

/* What a login finds: 1 for the keys of before, 2 for those that came. */
static int found(const struct fixture *f) {
        struct key_record key;
        bool changed;
        int all = 0;

        assert_int_equal(store_refresh(f->live->reader, &changed), 0);
        for (unsigned i = 0; i < 2 * STORE_SWAP_PIECE; i += STORE_SWAP_PIECE / 2) {
                all |= store_key_get(f->live->reader, id_of('z', i), &key) >= 0 ? 1 : 0;
                all |= store_key_get(f->live->reader, id_of('k', i), &key) >= 0 ? 2 : 0;
        }
        return all;
}

static void is_here(const struct fixture *f, const char *id, bool here) {
        struct key_record key;

        unit_int(id, store_key_get(f->live->writer, id, &key) >= 0, here);
}

/* --- Tests --- */

/* No transaction has more than a piece, in none of them a login finds a part, and the last one
 * changes a few rows of the schema. */
static void test_everything_a_piece_at_a_time(void **state) {
        struct fixture *f = *state;
        sqlite3 *db = f->live->writer->db;
        unsigned n = 0;
        int r, before = sqlite3_total_changes(db);

        begin(f, &(struct store_swap_rules){});
        while ((r = store_swap_fill(f->swap)) > 0) {
                /* keys, uses, and what is noted beside */
                assert_in_range(sqlite3_total_changes(db) - before, 0, 3 * STORE_SWAP_PIECE);
                before = sqlite3_total_changes(db);
                assert_int_equal(found(f), 1);
                n++;
        }
        assert_int_equal(r, 0);
        assert_in_range(n, KEYS / STORE_SWAP_PIECE, KEYS / STORE_SWAP_PIECE + 8);
        before = sqlite3_total_changes(db);
        take(f);
        assert_in_range(sqlite3_total_changes(db) - before, 1, 64);
        assert_int_equal(found(f), 2);
        assert_int_equal(number(f, "SELECT count(*) FROM key"), KEYS);
        assert_int_equal(number(f, "SELECT uses FROM key_use WHERE id = 'k000000001'"), 7);
        check_sound(f);
        do {
                before = sqlite3_total_changes(db);
                r = store_swap_clean(f->live->writer);
                assert_in_range(r, 0, 1);
                assert_in_range(sqlite3_total_changes(db) - before, 0, 3 * STORE_SWAP_PIECE);
        } while (r > 0);
        clean_all(f);
        assert_int_equal(number(f, "SELECT count(*) FROM key INDEXED BY key_owner WHERE owner = "
                                   "'alice'"),
                         KEYS);
}

/* The schema is what it was, but for the pages. */
static void test_the_schema_stays(void **state) {
        static const char all[] =
                "SELECT count(*) FROM sqlite_schema a WHERE EXISTS (SELECT 1 FROM b.sqlite_schema "
                "b WHERE b.name = a.name AND b.sql IS a.sql AND b.type = a.type)";
        struct fixture *f = *state;
        char attach[UNIT_PATH_LEN + 32];
        int64_t n = number(f, "SELECT count(*) FROM sqlite_schema"), same;

        for (unsigned i = 0; i < 2; i++) {
                begin(f, &(struct store_swap_rules){});
                finish(f);
                clean_all(f);
        }
        (void) snprintf(attach, sizeof(attach), "ATTACH '%s' AS b", f->coming->path);
        assert_int_equal(store_stmt_exec(f->live->writer->db, attach), 0);
        assert_int_equal(store_stmt_pragma(f->live->writer->db, all, &same), 0);
        assert_int_equal(same, n);
        assert_int_equal(number(f, "SELECT count(*) FROM sqlite_schema"), n);
}

/* It ends between two pieces, because the client has gone, or because the host has. */
static void broken_off(struct fixture *f, unsigned after, bool host) {
        begin(f, &(struct store_swap_rules){ .keep_keys = true });
        for (unsigned i = 0; i < after; i++)
                assert_in_range(store_swap_fill(f->swap), 0, 1);
        if (host) {
                store_freep(&f->live->writer);
                assert_int_equal(
                        store_open(&f->live->writer, f->live->path, STORE_WRITER, &f->live->shared),
                        0);
                store_set_seal(f->live->writer, unit_seal, NULL);
        } else
                store_swap_free(f->swap);
        assert_null(f->swap);
        assert_int_equal(found(f), 1);
        assert_int_equal(number(f, "SELECT count(*) FROM key"), OWN);
        clean_all(f);
}

static void test_what_breaks_off_has_changed_nothing(void **state) {
        struct fixture *f = *state;

        for (unsigned i = 0; i < KEYS / STORE_SWAP_PIECE + 8; i += 2) {
                broken_off(f, i, false);
                broken_off(f, i + 1, true);
        }
        /* the exchange itself is taken back */
        begin(f, &(struct store_swap_rules){});
        while (store_swap_fill(f->swap) > 0)
                continue;
        assert_int_equal(store_begin(f->live->writer), 0);
        assert_int_equal(store_swap_take(f->swap), 0);
        is_here(f, "k000000003", true);
        store_rollback(f->live->writer);
        store_swap_undo(f->swap);
        is_here(f, "k000000003", false);
        is_here(f, "z000000003", true);
        assert_int_equal(found(f), 1);
        store_swap_free(f->swap);
        clean_all(f);
}

/* What the restore of a backup must not undo. Each thing happens after ${n} pieces. */
static void meanwhile(struct fixture *f, unsigned n) {
        struct unit_store *s = f->live;
        char ids[4][KEYTEXT_ID_LEN + 1];
        struct key_record key;

        for (unsigned i = 0; i < ARRAY_LEN(ids); i++)
                memcpy(ids[i], id_of('k', 10 * n + i), sizeof(ids[0]));
        assert_int_equal(store_begin(s->writer), 0);
        insert(s, ids[0], "");
        insert(s, ids[1], "");
        insert(s, ids[2], "");
        assert_int_equal(store_commit(s->writer), 0);
        begin(f, &(struct store_swap_rules){ .keep_keys = true });
        for (unsigned i = 0; i < n; i++)
                assert_in_range(store_swap_fill(f->swap), 0, 1);
        revoke_key(s, ids[0]);
        remove_key(s, ids[1]);
        /* purged: no record has its id */
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_key_delete(s->writer, ids[2]), 0);
        assert_int_equal(store_commit(s->writer), 0);
        finish(f);
        unit_int(ids[0], store_key_get(s->writer, ids[0], &key), 0);
        unit_int(ids[0], key.status, KEY_REVOKED);
        is_here(f, ids[1], false);
        is_here(f, ids[2], false);
        is_here(f, ids[3], true);
        clean_all(f);
}

static void test_what_ends_meanwhile_stays_ended(void **state) {
        struct fixture *f = *state;

        for (unsigned n = 0; n < KEYS / STORE_SWAP_PIECE + 8; n++) {
                meanwhile(f, n);
                change(f->live, "DELETE FROM key; DELETE FROM audit WHERE seq > 1");
        }
}

/* Somebody changes a key between any two pieces. That must not keep an import from its end. */
static void test_changes_without_end_hold_nothing_up(void **state) {
        struct fixture *f = *state;
        unsigned n = 0;

        begin(f, &(struct store_swap_rules){ .keep_keys = true });
        while (store_swap_fill(f->swap) > 0) {
                assert_in_range(++n, 1, (KEYS + OWN) / STORE_SWAP_PIECE + 8);
                revoke_key(f->live, id_of('z', n));
        }
        take(f);
        is_here(f, "k000000001", true);
        clean_all(f);
}

/* Else a key that is in use would be one that was not used since the backup. */
static void test_the_last_use_stays(void **state) {
        const struct key_use use = { .id = "k000000001", .at = 1800000500 };
        struct fixture *f = *state;

        assert_int_equal(store_begin(f->live->writer), 0);
        insert(f->live, use.id, "");
        assert_int_equal(store_key_used(f->live->writer, &use, 9), 0);
        assert_int_equal(store_commit(f->live->writer), 0);
        for (unsigned keep = 2; keep-- > 0;) {
                begin(f, &(struct store_swap_rules){ .keep_keys = keep });
                finish(f);
                assert_int_equal(number(f, "SELECT last_at FROM key_use WHERE id = 'k000000001'"),
                                 keep ? 1800000500 : 1800000005);
                clean_all(f);
        }
}

/* A host that has forgotten why a key is not there. */
static void test_what_is_not_here_is_not_taken_on_request(void **state) {
        struct fixture *f = *state;

        assert_int_equal(store_begin(f->live->writer), 0);
        insert(f->live, "k000000005", "");
        assert_int_equal(store_commit(f->live->writer), 0);
        begin(f, &(struct store_swap_rules){ .keep_keys = true, .forgets = true });
        finish(f);
        assert_int_equal(number(f, "SELECT count(*) FROM key"), 1);
        is_here(f, "k000000005", true);
}

/* Keys of the fleet are not the file's, whatever happens to them meanwhile. */
static void fleet(struct fixture *f, unsigned n) {
        struct unit_store *s = f->live;

        change(s, "DELETE FROM key; REPLACE INTO fleet (one, id, host, issuing, database, pepper) "
                  "VALUES (1, zeroblob(32), 'a', 0, '', 4294967295)");
        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = 0; i < OWN; i++)
                insert(s, id_of('f', i), "web");
        insert(s, "k000000001", "web"); /* the file has it as well */
        assert_int_equal(store_commit(s->writer), 0);
        begin(f, &(struct store_swap_rules){});
        for (unsigned i = 0; i < n; i++)
                assert_in_range(store_swap_fill(f->swap), 0, 1);
        change(s,
               "DELETE FROM key WHERE id = 'f000000003';"
               "UPDATE key SET status = 1, dead_at = 9 WHERE id IN ('f000000004', 'k000000001')");
        assert_int_equal(store_begin(s->writer), 0);
        insert(s, "f000099999", "web");
        insert(s, "y000000000", ""); /* this is what a mirror replaces */
        assert_int_equal(store_key_used(s->writer,
                                        &(struct key_use){ .id = "f000000005", .at = 1800000005 },
                                        3),
                         0);
        assert_int_equal(store_commit(s->writer), 0);
        finish(f);
        assert_int_equal(number(f, "SELECT count(*) FROM key WHERE hosts = ''"), KEYS - 1);
        assert_int_equal(number(f, "SELECT count(*) FROM key WHERE hosts <> ''"), OWN + 1);
        assert_int_equal(number(f, "SELECT count(*) FROM key WHERE status = 1 AND hosts <> ''"), 2);
        assert_int_equal(number(f, "SELECT uses FROM key_use WHERE id = 'f000000005'"), 3);
        is_here(f, "f000000003", false);
        is_here(f, "f000099999", true);
        is_here(f, "y000000000", false);
        clean_all(f);
}

static void test_the_keys_of_a_fleet_stay(void **state) {
        struct fixture *f = *state;

        for (unsigned n = 0; n < KEYS / STORE_SWAP_PIECE + 8; n += 3)
                fleet(f, n);
}

/* A host that leaves or joins a fleet meanwhile begins anew. */
static void test_other_rules_do_not_fit(void **state) {
        const struct store_swap_rules rules = { .keep_keys = true }, others[] = {
                {},
                { .keep_keys = true, .forgets = true },
        };
        struct fixture *f = *state;

        begin(f, &rules);
        assert_int_equal(store_swap_fits(f->swap, &rules), 1);
        for (size_t i = 0; i < ARRAY_LEN(others); i++)
                assert_int_equal(store_swap_fits(f->swap, &others[i]), 0);
        change(f->live, "INSERT INTO fleet (one, id, host, issuing, database, pepper) VALUES (1, "
                        "zeroblob(32), 'a', 0, '', 4294967295)");
        assert_int_equal(store_swap_fits(f->swap, &rules), 0);
        store_swap_free(f->swap);
        clean_all(f);
}

/* An import that is under way needs what the sweep would delete. */
static void test_nothing_is_cleaned_meanwhile(void **state) {
        struct fixture *f = *state;

        begin(f, &(struct store_swap_rules){});
        assert_int_equal(store_swap_fill(f->swap), 1);
        assert_int_equal(store_swap_clean(f->live->writer), 0);
        finish(f);
        assert_int_equal(found(f), 2);
        clean_all(f);
}

/* --- Commits that do not wait for the disk --- */

static int64_t synchronous(const struct fixture *f) {
        int64_t value = -1;

        assert_int_equal(store_stmt_pragma(f->live->writer->db, "PRAGMA main.synchronous", &value),
                         0);
        return value;
}

/* 2 is FULL: what was acknowledged is on disk. */
static void test_only_pieces_are_lazy(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->live->writer;

        assert_int_equal(synchronous(f), 2);
        begin(f, &(struct store_swap_rules){});
        while (store_swap_fill(f->swap) > 0) {
                assert_int_equal(synchronous(f), 1);
                assert_int_equal(store_begin_end(writer), 0);
                assert_int_equal(synchronous(f), 2);
                assert_int_equal(store_commit(writer), 0);
        }
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_swap_take(f->swap), 0);
        assert_int_equal(synchronous(f), 2);
        assert_int_equal(store_commit(writer), 0);
        assert_int_equal(synchronous(f), 2);
        store_swap_free(f->swap);
        assert_int_equal(store_swap_clean(writer), 1);
        assert_int_equal(synchronous(f), 1);
        /* no transaction begins where that cannot be set back */
        assert_int_equal(store_stmt_exec(writer->db, "BEGIN"), 0);
        assert_true(store_begin(writer) < 0);
        assert_int_equal(store_stmt_exec(writer->db, "COMMIT"), 0);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(synchronous(f), 2);
        store_rollback(writer);
}

static void count_seen(int64_t seq, const uint8_t hash[static RECORD_DIGEST_LEN], void *userdata) {
        (void) seq;
        (void) hash;
        ++*(unsigned *) userdata;
}

/* An administrator has SQLite write the whole database anew, so that every root is elsewhere. */
static void test_a_vacuum_meanwhile(void **state) {
        static const struct store_swap_rules rules = {};
        struct fixture *f = *state;
        int r, n = 0;

        begin(f, &rules);
        while ((r = store_swap_fill(f->swap)) > 0)
                if (n++ == 2)
                        unit_sql(f->live->path, "VACUUM");
        assert_int_equal(r, 0);
        unit_sql(f->live->path, "VACUUM");
        take(f);
        assert_int_equal(number(f, "SELECT count(*) FROM key"), KEYS);
        check_sound(f);
        for (n = 0; (r = store_swap_clean(f->live->writer)) > 0; n++)
                if (n % 2 == 0)
                        unit_sql(f->live->path, "VACUUM");
        clean_all(f);
        assert_int_equal(number(f, "SELECT count(*) FROM key"), KEYS);
}

/* Room on the disk runs out and comes back, again and again. */
static int writes_left; /* -1: there is room */

static ssize_t full_pwrite(int fd, const void *bytes, size_t len, off_t at) {
        if (writes_left == 0) {
                errno = ENOSPC;
                return -1;
        }
        if (writes_left > 0)
                writes_left--;
        return pwrite(fd, bytes, len, at);
}

static void inject(sqlite3_syscall_ptr write) {
        sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

        writes_left = -1;
        assert_int_equal(vfs->xSetSystemCall(vfs, "pwrite", write), SQLITE_OK);
        assert_int_equal(vfs->xSetSystemCall(vfs, "pwrite64", write), SQLITE_OK);
}

/* Does all steps, each of which fails first, with room for so many writes. */
static void on_a_full_disk(struct fixture *f, int (*step)(struct fixture *f)) {
        int r = 1, room = 0;

        while (r > 0) {
                writes_left = room++ % 40;
                r = step(f);
                writes_left = -1;
                if (r == -ENOSPC)
                        r = step(f);
                assert_in_range(r, 0, 1);
        }
}

static int fill_step(struct fixture *f) {
        return store_swap_fill(f->swap);
}

static int clean_step(struct fixture *f) {
        return store_swap_clean(f->live->writer);
}

static void test_a_full_disk_meanwhile(void **state) {
        static const struct store_swap_rules rules = { .keep_keys = true };
        struct fixture *f = *state;

        begin(f, &rules);
        inject((sqlite3_syscall_ptr) full_pwrite);
        on_a_full_disk(f, fill_step);
        take(f);
        assert_int_equal(number(f, "SELECT count(*) FROM key"), KEYS);
        on_a_full_disk(f, clean_step);
        inject(NULL);
        assert_int_equal(store_swap_clean(f->live->writer), 0);
        assert_int_equal(number(f, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'import%'"),
                         0);
        check_sound(f);
}

/* SQLite would drop an index at a stretch, and a revocation would wait. */
static void test_what_was_replaced_goes_in_small_pieces(void **state) {
        static const struct store_swap_rules rules = {};
        struct fixture *f = *state;
        struct store *writer = f->live->writer;
        int64_t free_before, free_now = 0;
        int n = 0, r;

        insert_many(f->live, 'y', 20000);
        begin(f, &rules);
        finish(f);
        free_before = number(f, "PRAGMA freelist_count");
        while ((r = store_swap_clean(writer)) > 0) {
                free_now = number(f, "PRAGMA freelist_count");
                assert_in_range(free_now - free_before, 0, 60);
                free_before = free_now;
                n++;
        }
        assert_int_equal(r, 0);
        assert_in_range(n, 20000 / 500, 200);
        assert_in_range(free_now, 1000, 100000);
        clean_all(f);
}

/* What is kept outside of the database is never newer than what is on disk. A reader that holds its
 * snapshot keeps the log from being moved. */
static void test_nothing_is_seen_that_is_not_on_disk(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->live->writer;
        unsigned seen = 0;

        store_set_seen(writer, count_seen, &seen);
        assert_int_equal(found(f), 1);
        assert_int_equal(store_begin_lazily(writer), 0);
        insert(f->live, "y000000000", "");
        assert_int_equal(store_commit_quietly(writer), 0);
        store_settle(writer);
        assert_int_equal(seen, 0);
        /* A change that came to nothing has not waited for the disk either. */
        assert_int_equal(store_begin(writer), 0);
        store_rollback(writer);
        store_settle(writer);
        assert_int_equal(seen, 0);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_commit(writer), 0);
        store_settle(writer);
        assert_int_equal(seen, 0);
        assert_int_equal(store_begin(writer), 0);
        insert(f->live, "y000000001", "");
        assert_int_equal(store_commit_quietly(writer), 0);
        store_settle(writer);
        assert_int_equal(seen, 1);
        assert_int_equal(store_begin_lazily(writer), 0);
        insert(f->live, "y000000002", "");
        assert_int_equal(store_commit_quietly(writer), 0);
        store_release(f->live->reader);
        store_settle(writer);
        assert_int_equal(seen, 2);
        store_set_seen(writer, NULL, NULL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_swap(test_everything_a_piece_at_a_time),
                test_swap(test_the_schema_stays),
                test_swap(test_what_breaks_off_has_changed_nothing),
                test_swap(test_what_ends_meanwhile_stays_ended),
                test_swap(test_changes_without_end_hold_nothing_up),
                test_swap(test_the_last_use_stays),
                test_swap(test_what_is_not_here_is_not_taken_on_request),
                test_swap(test_the_keys_of_a_fleet_stay),
                test_swap(test_other_rules_do_not_fit),
                test_swap(test_nothing_is_cleaned_meanwhile),
                test_swap(test_a_vacuum_meanwhile),
                test_swap(test_a_full_disk_meanwhile),
                test_swap(test_what_was_replaced_goes_in_small_pieces),
                test_swap(test_only_pieces_are_lazy),
                test_swap(test_nothing_is_seen_that_is_not_on_disk),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
