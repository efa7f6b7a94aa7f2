/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the steps, remembers what the store has after each, and compares a store that comes out of a
 * power loss with that. It must be the store after one of the steps: the last that was acknowledged
 * or a later one. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "life.h"

#include "base/log.h"
#include "keys/facts.h"
#include "rules/expiry.h"
#include "store/store_audit.h"
#include "store/store_check.h"
#include "store/store_key.h"
#include "store/store_stmt.h"
#include "store/store_swap.h"

#define SHOWN 5
/* one in so many states is that of a power loss during the start after a power loss */
#define NESTED 8

int64_t __wrap_clock_now(void);
void __wrap_log_end(const struct log_entry *entry);
void __wrap_log_line(int priority, const char *format, ...);
void __wrap_log_message(enum message message, int priority, const char *format, ...);

int64_t __wrap_clock_now(void) {
        return INT64_C(1800000000);
}

/* Thousands of starts need not say so. */
void __wrap_log_end(const struct log_entry *entry) {
        (void) entry;
}

void __wrap_log_line(int priority, const char *format, ...) {
        (void) priority;
        (void) format;
}

void __wrap_log_message(enum message message, int priority, const char *format, ...) {
        (void) message;
        (void) priority;
        (void) format;
}

/* --- What a store has --- */

static const char *names[LIFE_TABLES_MAX];
static size_t n_names;

static size_t place_of(const char *table) {
        for (size_t i = 0; i < n_names; i++)
                if (strcmp(names[i], table) == 0)
                        return i;
        if (n_names == LIFE_TABLES_MAX)
                abort();
        names[n_names] = strdup(table);
        return n_names++;
}

static void add(uint64_t *hash, const void *bytes, size_t len) {
        for (size_t i = 0; i < len; i++)
                *hash = (*hash ^ ((const uint8_t *) bytes)[i]) * UINT64_C(0x100000001b3);
}

static int read_table(sqlite3 *db, const char *table, uint64_t *ret) {
        sqlite3_stmt *stmt = NULL;
        char sql[256];
        int rc;

        *ret = UINT64_C(0xcbf29ce484222325);
        (void) snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\"", table);
        rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
        while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
                for (int i = 0; i < sqlite3_column_count(stmt); i++) {
                        int type = sqlite3_column_type(stmt, i);
                        const void *bytes = sqlite3_column_blob(stmt, i);
                        int len = sqlite3_column_bytes(stmt, i);

                        add(ret, &type, sizeof(type));
                        add(ret, &len, sizeof(len));
                        add(ret, bytes, (size_t) len);
                }
                rc = SQLITE_OK;
        }
        (void) sqlite3_finalize(stmt);
        return rc == SQLITE_DONE ? 0 : -EIO;
}

static int read_content(struct store *writer, struct life_content *ret) {
        sqlite3_stmt *stmt = NULL;
        int r = 0;

        memset(ret, 0, sizeof(*ret));
        if (sqlite3_prepare_v2(writer->db,
                               "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT "
                               "LIKE 'sqlite_%' AND name <> 'log'",
                               -1, &stmt, NULL) != SQLITE_OK)
                return -EIO;
        while (r >= 0 && sqlite3_step(stmt) == SQLITE_ROW) {
                const char *table = (const char *) sqlite3_column_text(stmt, 0);

                if (!store_swap_is_beside(table))
                        r = read_table(writer->db, table, &ret->tables[place_of(table)]);
        }
        (void) sqlite3_finalize(stmt);
        return r;
}

/* --- Living --- */

static int open_store(struct life *l) {
        char error[ERROR_LEN] = "";
        int r;

        atomic_init(&l->shared.generation, 1);
        r = bootstrap_open(l->dir, &l->shared, &l->state, error);
        if (r < 0)
                printf("# %s\n", error);
        return r;
}

static void close_store(struct bootstrap *b) {
        store_freep(&b->reader);
        store_freep(&b->writer);
        b->seen = highwater_free(b->seen);
        b->keymint = keymint_free(b->keymint);
        if (b->lock > 0)
                (void) close(b->lock);
        *b = (struct bootstrap){};
}

static int salvage(struct life *l) {
        const struct store_salvage_for nobody = {};
        char aside[ASIDE_LEN], error[ERROR_LEN] = "";
        struct store_salvage found;
        int r = bootstrap_salvage(l->dir, true, &nobody, &found, aside, error);

        if (r < 0)
                printf("# %s\n", error);
        return r;
}

int life_begin(struct life *l, bool begins) {
        int r;

        l->begins = begins;
        r = l->apart ? 0 : disk_watch(&l->disk, l->top);
        if (r < 0)
                return r;
        l->mark.begun = 1;
        disk_mark(l->disk, l->mark);
        r = l->salvage ? salvage(l) : 0;
        if (r >= 0)
                r = open_store(l);
        if (r >= 0)
                r = read_content(l->state.writer, &l->contents[1]);
        if (r < 0)
                return r;
        /* Nobody has been promised anything where there was nothing. */
        l->mark.acked = begins ? 0 : 1;
        disk_mark(l->disk, l->mark);
        return 0;
}

int life_reopen(struct life *l) {
        close_store(&l->state);
        return open_store(l);
}

void life_end(struct life *l) {
        if (l->mirror)
                l->mirror = mirror_free(l->mirror);
        close_store(&l->state);
        disk_unwatch(l->disk);
}

void life_done(struct life *l) {
        l->disk = disk_free(l->disk);
}

static bool is_good(struct store *s, const struct policy *policy, const char *id) {
        struct key_record key;

        return store_key_get(s, id, &key) >= 0 && key.epoch >= policy->epoch &&
               expiry_status(policy, &key, __wrap_clock_now()) == KEY_ACTIVE;
}

static int note_keys(struct life *l) {
        struct policy policy;
        int r = facts_policy(l->state.writer, &policy);

        for (size_t i = 0; r >= 0 && i < l->n_keys; i++) {
                struct life_key *key = &l->keys[i];
                bool good = is_good(l->state.writer, &policy, key->id);

                if (!good && key->from == 0)
                        key->from = l->mark.begun;
                else if (good && key->from != 0 && key->to == 0)
                        key->to = l->mark.begun;
        }
        return r;
}

static bool is_new(const struct life *l, size_t step) {
        return memcmp(&l->contents[step], &l->contents[step - 1], sizeof(l->contents[0])) != 0;
}

int life_step(struct life *l, int (*step)(struct life *l, void *what), void *what) {
        int done, r;

        if (++l->mark.begun == LIFE_STEPS_MAX)
                return -E2BIG;
        if (l->hasty)
                l->mark.acked = l->mark.begun;
        disk_mark(l->disk, l->mark);
        done = step(l, what);
        r = done < 0 ? done : read_content(l->state.writer, &l->contents[l->mark.begun]);
        if (r >= 0)
                r = note_keys(l);
        if (r < 0)
                return r;
        /* What changes nothing takes nothing to the disk either. */
        if (done != LIFE_LAZY && (l->mark.acked + 1 == l->mark.begun || is_new(l, l->mark.begun)))
                l->mark.acked = l->mark.begun;
        disk_mark(l->disk, l->mark);
        return done;
}

/* --- Looking --- */

struct looking {
        struct life *life;
        uint64_t seed;
        size_t most, wrong;
        char dir[DISK_PATH_LEN]; /* for a state of the disk */
        struct disk_mark mark;
        bool nested;
};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
        (void) st;
        (void) flag;
        return ftw->level == 0 ? 0 : remove(path);
}

static void make_empty(const char *dir) {
        (void) nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static bool has_no_keys(struct store *s) {
        int64_t n = -1;

        return store_stmt_pragma(s->db, "SELECT count(*) FROM key", &n) >= 0 && n == 0;
}

/* Which table differs from the nearest step, for people. */
static const char *differs(const struct looking *k, const struct life_content *content) {
        static char text[256];
        size_t best = SIZE_MAX;

        for (size_t i = k->mark.acked; i <= k->mark.begun; i++) {
                size_t n = 0, at;

                for (size_t t = 0; t < n_names; t++)
                        n += content->tables[t] != k->life->contents[i].tables[t];
                if (n >= best)
                        continue;
                best = n;
                at = (size_t) snprintf(text, sizeof(text),
                                       "between the steps %zu and %zu; nearest is %zu, but for",
                                       k->mark.acked, k->mark.begun, i);
                for (size_t t = 0; t < n_names && at < sizeof(text); t++)
                        if (content->tables[t] != k->life->contents[i].tables[t])
                                at += (size_t) snprintf(text + at, sizeof(text) - at, " %s",
                                                        names[t]);
        }
        return text;
}

static const char *compare(const struct looking *k, struct store *writer) {
        struct life_content content;

        if (k->life->begins && k->mark.acked <= 1 && has_no_keys(writer))
                return NULL;
        if (read_content(writer, &content) < 0)
                return "a table cannot be read";
        for (size_t i = k->mark.acked > 0 ? k->mark.acked : 1; i <= k->mark.begun; i++)
                if (memcmp(&content, &k->life->contents[i], sizeof(content)) == 0)
                        return NULL;
        return differs(k, &content);
}

static const char *check_log(struct store *writer) {
        struct audit_check check = {};
        int r;

        do
                r = store_audit_verify(writer, check.next, SIZE_MAX, &check);
        while (r >= 0 && check.fault == AUDIT_INTACT && check.next > 0);
        return r < 0                         ? "the audit log cannot be verified"
               : check.fault == AUDIT_INTACT ? NULL
                                             : "the audit log is not intact";
}

/* As a login sees it. */
static const char *check_keys(const struct looking *k, struct store *reader) {
        static char text[64];
        struct policy policy;
        bool changed;

        if (store_refresh(reader, &changed) < 0 || facts_policy(reader, &policy) < 0)
                return "the policy cannot be read";
        for (size_t i = 0; i < k->life->n_keys; i++) {
                const struct life_key *key = &k->life->keys[i];

                if (key->from == 0 || key->from > k->mark.acked ||
                    (key->to != 0 && key->to <= k->mark.begun) ||
                    !is_good(reader, &policy, key->id))
                        continue;
                (void) snprintf(text, sizeof(text), "key %s is good again", key->id);
                return text;
        }
        return NULL;
}

static const char *check_store(const struct looking *k, struct bootstrap *b) {
        const char *wrong;
        int r;

        wrong = compare(k, b->writer);
        if (!wrong)
                wrong = check_log(b->writer);
        if (!wrong)
                wrong = check_keys(k, b->reader);
        store_release(b->reader);
        while (!wrong && (r = store_swap_clean(b->writer)) != 0)
                if (r < 0)
                        wrong = "what an import has left cannot be deleted";
        if (!wrong && store_check(b->writer, true) != 0)
                wrong = "the database is damaged";
        return wrong;
}

/* Opens the store as a start does. NULL: all is right. */
static const char *look_at(const struct looking *k, const char *top) {
        static char error[ERROR_LEN];
        char dir[DISK_PATH_LEN + 16];
        struct bootstrap b = {};
        struct store_shared shared = {};
        const char *wrong;

        atomic_init(&shared.generation, 1);
        error[0] = '\0';
        (void) snprintf(dir, sizeof(dir), "%s/state", top);
        (void) store_check_was_met();
        if (bootstrap_open(dir, &shared, &b, error) < 0)
                return error;
        wrong = store_check_was_met() && !k->life->damaged ? "the start has met damage"
                                                           : check_store(k, &b);
        close_store(&b);
        return wrong;
}

static void say(struct looking *k, const char *wrong, const struct disk_moment *moment,
                uint64_t seed) {
        char kept[2 * DISK_PATH_LEN];

        if (++k->wrong > SHOWN || !wrong)
                return;
        printf("# moment %zu%s, seed %#llx: %s\n", moment->number,
               k->nested ? " of a start after a power loss" : "", (unsigned long long) seed, wrong);
        if (!getenv("WFAPIKEY_POWER_KEEP"))
                return;
        (void) snprintf(kept, sizeof(kept), "%s.moment%zu-%zu", k->dir, moment->number, k->wrong);
        if (mkdir(kept, 0700) == 0 && disk_leave(moment, seed, kept) >= 0)
                printf("# its files are in %s\n", kept);
}

static int look_once(const struct disk_moment *moment, void *userdata);

/* The power fails again while the store is opened. */
static void look_nested(const struct looking *outer, uint64_t seed, size_t *wrong) {
        struct looking k = *outer;
        struct disk *disk = NULL;

        k.nested = true;
        k.seed = seed;
        k.most = 1;
        k.wrong = 0;
        (void) snprintf(k.dir, sizeof(k.dir), "%.500s.again", outer->dir);
        if (mkdir(k.dir, 0700) < 0 || disk_watch(&disk, outer->dir) < 0)
                abort();
        (void) look_at(outer, outer->dir);
        disk_unwatch(disk);
        (void) disk_play(disk, DISK_HONEST, look_once, &k);
        (void) disk_free(disk);
        make_empty(k.dir);
        (void) rmdir(k.dir);
        *wrong += k.wrong;
}

static int look_once(const struct disk_moment *moment, void *userdata) {
        struct looking *k = userdata;
        const char *only = getenv("WFAPIKEY_POWER_MOMENT");
        uint64_t seed = k->seed ^ (moment->number << 20);

        if (!k->nested) {
                if (only && strtoull(only, NULL, 10) != moment->number)
                        return 0;
                k->mark = moment->mark;
        }
        for (size_t i = 0; i < k->most; i++) {
                uint64_t one = disk_random(&seed);
                bool again = !k->nested && one % NESTED == 0;
                const char *wrong;

                make_empty(k->dir);
                if (disk_leave(moment, one, k->dir) < 0)
                        abort();
                if (again) {
                        look_nested(k, one, &k->wrong);
                        k->life->nested++;
                        continue;
                }
                k->life->looks++;
                wrong = look_at(k, k->dir);
                if (wrong)
                        say(k, wrong, moment, one);
        }
        return 0;
}

size_t life_look(struct life *l, enum disk_fault fault, size_t most) {
        struct looking k = { .life = l, .seed = l->seed, .most = most };

        (void) snprintf(k.dir, sizeof(k.dir), "%.500s.after", l->top);
        if (mkdir(k.dir, 0700) < 0)
                abort();
        (void) disk_play(l->disk, fault, look_once, &k);
        make_empty(k.dir);
        (void) rmdir(k.dir);
        printf("# seed %llu: %zu states, %zu of a second power loss, %zu wrong\n",
               (unsigned long long) l->seed, l->looks, l->nested, k.wrong);
        return k.wrong;
}
