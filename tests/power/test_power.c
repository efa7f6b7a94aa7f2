/* SPDX-License-Identifier: BSD-2-Clause */
/* The power fails at every sync of a store's life, and each time the disk keeps something else of
 * what was not synced. What was acknowledged is there, nothing is half there, and no key that was
 * revoked is good. The scenes are drawn from a seed.
 *
 *   WFAPIKEY_POWER_STATES  states for each sync; the default is few
 *   WFAPIKEY_POWER_SEED    the first seed, and WFAPIKEY_POWER_ROUNDS how many
 *   WFAPIKEY_POWER_TEST    one test, and WFAPIKEY_POWER_MOMENT one moment of it
 *   WFAPIKEY_POWER_KEEP    keeps the files of what is wrong */
#include "../unit/unit.h"

#include <limits.h>
#include <sqlite3.h>

#include "steps.h"

#include "store/store_key.h"
#include "store/store_schema.h"
#include "store/store_stmt.h"
#include "store/store_swap.h"
#include "store/store_sweep.h"

#define LIFE_STEPS 60

static uint64_t number_of(const char *variable, uint64_t otherwise) {
        const char *text = getenv(variable);

        return text ? strtoull(text, NULL, 10) : otherwise;
}

static struct life *make(uint64_t seed, const char *kind) {
        struct life *l = calloc(1, sizeof(*l));
        char real[PATH_MAX];
        void *top = NULL;

        assert_non_null(l);
        assert_int_equal(unit_dir_make(&top), 0);
        assert_non_null(realpath(top, real));
        (void) snprintf(l->top, sizeof(l->top), "%.400s/top", real);
        assert_int_equal(mkdir(l->top, 0700), 0);
        (void) snprintf(l->dir, sizeof(l->dir), "%.490s/state", l->top);
        l->seed = l->dice = seed;
        printf("# %s\n", kind);
        free(top);
        return l;
}

static void drop(struct life *l) {
        char *dir = strdup(l->top);
        void *top = dir;

        assert_non_null(dir);
        *strrchr(dir, '/') = '\0';
        life_done(l);
        free(l);
        if (!getenv("WFAPIKEY_POWER_KEEP"))
                assert_int_equal(unit_dir_remove(&top), 0);
        else
                free(dir);
}

static void live(struct life *l, size_t n) {
        assert_int_equal(life_step(l, steps_enable, NULL), 0);
        for (size_t i = 0; i < n; i++)
                assert_in_range(steps_one(l), 0, LIFE_LAZY);
}

/* --- Scenes --- */

static uint64_t first_seed(void) {
        return number_of("WFAPIKEY_POWER_SEED", 1);
}

static size_t states(void) {
        return number_of("WFAPIKEY_POWER_STATES", 1);
}

static void check(void (*scene)(uint64_t seed)) {
        uint64_t seed = first_seed(), rounds = number_of("WFAPIKEY_POWER_ROUNDS", 1);

        for (uint64_t i = 0; i < rounds; i++)
                scene(seed + i);
}

static void scene_life(uint64_t seed) {
        struct life *l = make(seed, "a life from the first start on");

        assert_int_equal(life_begin(l, true), 0);
        live(l, LIFE_STEPS);
        life_end(l);
        assert_int_equal(life_look(l, DISK_HONEST, states()), 0);
        drop(l);
}

static void test_life(void **state) {
        (void) state;
        check(scene_life);
}

/* --- A sync fails --- */

static int set_trusted(struct store *writer, int64_t at) {
        int r = store_begin(writer);

        if (r >= 0)
                r = store_sweep_set_trusted_at(writer, at);
        if (r >= 0)
                r = store_commit(writer);
        store_rollback(writer);
        return r;
}

/* The first change of a log, which is shorter than the one before. */
static void fail_at_a_new_log(struct store *writer) {
        int64_t at;

        assert_int_equal(store_sweep_trusted_at(writer, &at), 0);
        store_settle(writer);
        disk_fail_next();
        assert_true(set_trusted(writer, at) < 0);
        assert_true(writer->unsynced);
        assert_int_equal(set_trusted(writer, at), 0);
}

/* What did not wait for the disk is lost, and later changes are behind it in the log. */
static void scene_failed_sync(uint64_t seed) {
        struct life *l = make(seed, "syncs of the log fail");

        assert_int_equal(life_begin(l, true), 0);
        live(l, 10);
        for (size_t i = 0; i < 10; i++) {
                int r;

                while ((r = steps_one(l)) == 0)
                        continue;
                assert_int_equal(r, LIFE_LAZY);
                disk_fail_next();
                store_settle(l->state.writer);
                assert_true(l->state.writer->unsynced);
                assert_int_equal(life_step(l, i % 2 ? steps_revoke : steps_issue, NULL), 0);
                assert_false(l->state.writer->unsynced);
                if (i % 3 == 0)
                        store_settle(l->state.writer);
        }
        fail_at_a_new_log(l->state.writer);
        life_end(l);
        assert_int_equal(life_look(l, DISK_HONEST, states()), 0);
        drop(l);
}

static void test_failed_sync(void **state) {
        (void) state;
        check(scene_failed_sync);
}

/* --- A backup comes back --- */

struct file {
        uint8_t *bytes;
        size_t len;
        uint64_t token;
        bool revive;
        const struct life *to;
};

static void make_keys(struct life *l) {
        char text[SEAL_TEXT_LEN + 1];

        assert_int_equal(mirror_new(&l->mirror, l->state.lock, l->state.keymint), 0);
        assert_int_equal(mirror_keygen(l->mirror, false, text), 0);
}

static int begin_export(struct life *l, void *what) {
        struct file *f = what;
        char text[SEAL_TEXT_LEN + 1];
        uint64_t keys;

        assert_int_equal(mirror_show_key(f->to->mirror, text), 0);
        return mirror_export(l->mirror, l->state.writer, 1, text, SEAL_BACKUP, STEPS_NOW, &f->token,
                             &keys);
}

static int read_export(struct life *l, void *what) {
        struct file *f = what;
        uint64_t keys;
        size_t len;
        int r;

        do {
                f->bytes = realloc(f->bytes, f->len + MIRROR_EXPORT_MAX);
                assert_non_null(f->bytes);
                r = mirror_read(l->mirror, l->state.writer, f->token, STEPS_NOW, f->bytes + f->len,
                                &len, &keys);
                f->len += len;
        } while (r > 0);
        return r;
}

static void begin_restore(struct life *l, struct file *f) {
        const struct mirror_import_options options = { .kind = SEAL_BACKUP,
                                                       .revive = f->revive,
                                                       .foreign = true };
        struct mirror_import_summary summary;
        int r;

        assert_int_equal(
                mirror_import(l->mirror, l->state.writer, 1, &options, STEPS_NOW, &f->token), 0);
        for (size_t at = 0, n; at < f->len; at += n) {
                n = f->len - at < 1000 ? f->len - at : 1000;
                assert_int_equal(
                        mirror_write(l->mirror, l->state.writer, f->token, f->bytes + at, n), 0);
        }
        while ((r = mirror_count(l->mirror, l->state.writer, f->token)) > 0)
                continue;
        assert_int_equal(r, 0);
        assert_int_equal(mirror_check(l->mirror, f->token, &summary), 0);
}

static int restore(struct life *l, void *what) {
        const struct audit_record audit = { .at = STEPS_NOW,
                                            .until = STEPS_NOW,
                                            .count = 1,
                                            .event = "imported",
                                            .verdict = "done" };
        struct file *f = what;
        uint64_t keys;

        return mirror_commit(l->mirror, l->state.writer, f->token, &audit, &keys);
}

/* ${l} takes the file, and others change something in between. */
static void take(struct life *l, struct file *f) {
        int r;

        begin_restore(l, f);
        while ((r = life_step(l, restore, f)) > 0)
                if (disk_random(&l->dice) % 2 == 0)
                        assert_int_equal(life_step(l, steps_revoke, NULL), 0);
        assert_int_equal(r, 0);
        l->mirror = mirror_free(l->mirror);
        while (store_swap_clean(l->state.writer) > 0)
                continue;
        for (size_t i = 0; i < 10; i++)
                assert_in_range(steps_one(l), 0, LIFE_LAZY);
        life_end(l);
        assert_int_equal(life_look(l, DISK_HONEST, states()), 0);
        free(f->bytes);
}

static void scene_restore(uint64_t seed) {
        struct life *l = make(seed, "a backup comes back");
        struct file f = { .revive = seed % 2 == 0, .to = l };

        l->exports = true;
        assert_int_equal(life_begin(l, true), 0);
        live(l, 20);
        assert_int_equal(life_reopen(l), 0);
        make_keys(l);
        assert_int_equal(life_step(l, begin_export, &f), 0);
        assert_int_equal(life_step(l, read_export, &f), 0);
        for (size_t i = 0; i < 10; i++)
                assert_int_equal(life_step(l, i % 2 ? steps_revoke : steps_issue, NULL), 0);
        take(l, &f);
        drop(l);
}

/* Its keys have another pepper. */
static void scene_foreign(uint64_t seed) {
        struct life *from = make(seed, "another host"), *l = make(seed, "takes its backup");
        struct file f = { .revive = seed % 2 == 0, .to = l };

        from->apart = from->exports = true;
        assert_int_equal(life_begin(from, true), 0);
        live(from, 20);
        assert_int_equal(life_reopen(from), 0);
        make_keys(from);
        assert_int_equal(life_begin(l, true), 0);
        live(l, 5);
        assert_int_equal(life_reopen(l), 0);
        make_keys(l);
        assert_int_equal(begin_export(from, &f), 0);
        assert_int_equal(read_export(from, &f), 0);
        take(l, &f);
        life_end(from);
        drop(from);
        drop(l);
}

static void test_restore(void **state) {
        (void) state;
        check(scene_restore);
        check(scene_foreign);
}

/* --- A sync is short, because a revocation waits for it --- */

/* pages: those of a piece, and those that may gather in the log before it is
 * moved */
#define LONGEST_BYTES (800 * 4096)
#define MANY          4000

static int issue_many(struct life *l, void *what) {
        struct store *writer = l->state.writer;
        struct key_record key = { .status = KEY_ACTIVE,
                                  .pepper_id = keymint_pepper_id(l->state.keymint),
                                  .created_at = STEPS_NOW,
                                  .updated_at = STEPS_NOW };
        int r = store_begin(writer);

        (void) what;
        memset(key.digest, 'd', sizeof(key.digest));
        for (size_t i = 0; r >= 0 && i < MANY; i++) {
                keymint_make_id(key.id);
                (void) snprintf(key.owner, sizeof(key.owner), "user%u",
                                (unsigned) (disk_random(&l->dice) % MANY));
                key.created_at = STEPS_NOW - (int64_t) (disk_random(&l->dice) % 100000000);
                r = store_key_insert(writer, &key);
        }
        if (r >= 0)
                r = store_commit(writer);
        store_rollback(writer);
        return r < 0 ? r : 0;
}

static void test_a_sync_is_short(void **state) {
        struct life *from = make(first_seed(), "a host with many keys"),
                    *l = make(first_seed(), "takes its backup");
        struct file f = { .to = l };
        int r;

        (void) state;
        from->apart = true;
        assert_int_equal(life_begin(from, true), 0);
        assert_int_equal(life_step(from, issue_many, NULL), 0);
        make_keys(from);
        assert_int_equal(life_begin(l, true), 0);
        make_keys(l);
        assert_int_equal(begin_export(from, &f), 0);
        assert_int_equal(read_export(from, &f), 0);
        begin_restore(l, &f);
        while ((r = restore(l, &f)) > 0)
                store_checkpoint(l->state.writer, false);
        assert_int_equal(r, 0);
        life_end(l);
        life_end(from);
        printf("# the longest sync takes %zu pages to the disk\n", disk_longest(l->disk) / 4096);
        assert_in_range(disk_longest(l->disk), 1, LONGEST_BYTES);
        free(f.bytes);
        drop(from);
        drop(l);
}

/* --- An older schema --- */

static char *read_text(const char *path) {
        FILE *file = fopen(path, "re");
        char *text;
        long len;

        assert_non_null(file);
        assert_int_equal(fseek(file, 0, SEEK_END), 0);
        len = ftell(file);
        rewind(file);
        text = calloc(1, (size_t) len + 1);
        assert_non_null(text);
        assert_int_equal(fread(text, 1, (size_t) len, file), len);
        assert_int_equal(fclose(file), 0);
        return text;
}

static void write_pepper(const char *path, const char *sql) {
        const char *hex = strstr(sql, "-- pepper ");
        uint8_t pepper[PEPPER_LEN];
        unsigned byte;

        assert_non_null(hex);
        hex += strlen("-- pepper ");
        for (size_t i = 0; i < sizeof(pepper); i++) {
                assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
                pepper[i] = (uint8_t) byte;
        }
        unit_write(path, pepper, sizeof(pepper), 0600);
}

static void lay_down(const struct life *l, uint64_t schema) {
        const char *top = getenv("top_srcdir");
        char path[UNIT_PATH_LEN];
        sqlite3 *db = NULL;
        char *sql;

        assert_int_equal(mkdir(l->dir, 0700), 0);
        (void) snprintf(path, sizeof(path), "%s/tests/scenario/schema/%llu.sql", top ? top : ".",
                        (unsigned long long) schema);
        sql = read_text(path);
        write_pepper(unit_join(path, l->dir, "pepper"), sql);
        unit_write(unit_join(path, l->dir, "keys.db"), "", 0, 0600);
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        free(sql);
}

static void scene_upgrade(uint64_t seed) {
        uint64_t schema = 1 + seed % (uint64_t) (store_schema_newest() - 1);
        struct life *l = make(seed, "an older schema is brought up to date");

        lay_down(l, schema);
        assert_int_equal(life_begin(l, false), 0);
        live(l, 5);
        life_end(l);
        assert_int_equal(life_look(l, DISK_HONEST, states()), 0);
        drop(l);
}

static void test_upgrade(void **state) {
        (void) state;
        check(scene_upgrade);
}

/* --- A damaged store is made anew --- */

static void copy(const struct life *l, const char *name, const char *to) {
        char command[3 * DISK_PATH_LEN];

        (void) snprintf(command, sizeof(command), "cp -p '%s/%s' '%s/'", l->dir, name, to);
        assert_int_equal(system(command), 0);
}

/* An index that no step writes to. */
static void damage(const char *path) {
        static const uint8_t rubbish[4096];
        sqlite3_stmt *stmt = NULL;
        sqlite3 *db = NULL;
        off_t page;
        int fd;

        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(db,
                                            "SELECT rootpage FROM sqlite_schema WHERE name = "
                                            "'key_linked'",
                                            -1, &stmt, NULL),
                         SQLITE_OK);
        assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
        page = sqlite3_column_int64(stmt, 0);
        assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        assert_int_equal(pwrite(fd, rubbish, sizeof(rubbish), (page - 1) * 4096), sizeof(rubbish));
        assert_int_equal(close(fd), 0);
}

/* The host went down when a key had just been revoked, and an index cannot be read. */
static void mend(uint64_t seed, bool salvage) {
        struct life *before = make(seed, "a store"), *l = make(seed, "is damaged");
        char path[UNIT_PATH_LEN];

        before->apart = l->damaged = true;
        l->salvage = salvage;
        assert_int_equal(life_begin(before, true), 0);
        live(before, 20);
        store_settle(before->state.writer);
        assert_int_equal(mkdir(l->dir, 0700), 0);
        copy(before, "keys.db", l->dir);
        copy(before, "keys.seen", l->dir);
        copy(before, "pepper", l->dir);
        damage(unit_join(path, l->dir, "keys.db"));
        assert_int_equal(life_step(before, steps_issue, NULL), 0);
        assert_int_equal(life_step(before, steps_revoke, NULL), 0);
        copy(before, "keys.db-wal", l->dir);
        life_end(before);
        assert_int_equal(life_begin(l, false), 0);
        live(l, 5);
        life_end(l);
        assert_int_equal(life_look(l, DISK_HONEST, states()), 0);
        drop(before);
        drop(l);
}

static void scene_mend(uint64_t seed) {
        mend(seed, false);
}

static void scene_salvage(uint64_t seed) {
        mend(seed, true);
}

static void test_mend(void **state) {
        (void) state;
        check(scene_mend);
        check(scene_salvage);
}

/* --- What would be wrong is seen --- */

static int sync_nothing(struct life *l, void *what) {
        (void) what;
        return store_stmt_exec(l->state.writer->db, "PRAGMA synchronous = OFF");
}

static size_t lie(enum disk_fault fault, bool hasty, bool without_sync, const char *kind) {
        struct life *l = make(first_seed(), kind);
        size_t wrong;

        l->hasty = hasty;
        assert_int_equal(life_begin(l, true), 0);
        if (without_sync)
                assert_int_equal(life_step(l, sync_nothing, NULL), 0);
        live(l, 30);
        life_end(l);
        wrong = life_look(l, fault, without_sync ? 4 : 1);
        drop(l);
        return wrong;
}

static void test_faults_are_seen(void **state) {
        (void) state;
        assert_int_not_equal(lie(DISK_FORGETS_FILES, false, false, "no file is synced"), 0);
        assert_int_not_equal(lie(DISK_FORGETS_NAMES, false, false, "no directory is synced"), 0);
        assert_int_not_equal(lie(DISK_HONEST, true, false, "acknowledged before the commit"), 0);
        assert_int_not_equal(lie(DISK_HONEST, false, true, "PRAGMA synchronous = OFF"), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_life),
                cmocka_unit_test(test_failed_sync),
                cmocka_unit_test(test_restore),
                cmocka_unit_test(test_upgrade),
                cmocka_unit_test(test_a_sync_is_short),
                cmocka_unit_test(test_mend),
                cmocka_unit_test(test_faults_are_seen),
        };

        (void) unsetenv("CREDENTIALS_DIRECTORY");
        /* no real disk has to do anything */
        if (access("/dev/shm", W_OK) == 0)
                (void) setenv("TMPDIR", "/dev/shm", 0);
        cmocka_set_test_filter(getenv("WFAPIKEY_POWER_TEST"));
        return cmocka_run_group_tests(tests, NULL, NULL);
}
