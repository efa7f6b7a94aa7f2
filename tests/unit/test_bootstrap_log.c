/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts after damage to what the store knows of its logs: the audit log, and that of the
 * database. */
#include <inttypes.h>

#include "unit_boot.h"

#include "base/clock.h"
#include "store/store_audit.h"

#define PAGE 4096

/* Before there is a log that is to stay: SQLite would move it into the database. */
static int64_t root_of(const struct unit_boot *f, const char *table) {
        char sql[96];

        (void) snprintf(sql, sizeof(sql), "SELECT rootpage FROM sqlite_schema WHERE name = '%s'",
                        table);
        return unit_sql_number(unit_boot_path_of(f, "keys.db"), sql) - 1;
}

static void zero_page(const struct unit_boot *f, int64_t page) {
        static const uint8_t zero[PAGE];
        int fd = open(unit_boot_path_of(f, "keys.db"), O_WRONLY | O_CLOEXEC);

        assert_int_equal(pwrite(fd, zero, PAGE, page * PAGE), PAGE);
        assert_int_equal(close(fd), 0);
}

static void copy(const struct unit_boot *f, const char *from, const char *to) {
        char command[3 * UNIT_PATH_LEN];

        (void) snprintf(command, sizeof(command), "cp '%s' '%s'", unit_boot_path_of(f, from),
                        unit_boot_path_of(f, to));
        assert_int_equal(system(command), 0);
}

static bool is_same(const struct unit_boot *f, const char *a, const char *b) {
        char command[3 * UNIT_PATH_LEN];

        (void) snprintf(command, sizeof(command), "cmp -s '%s' '%s'", unit_boot_path_of(f, a),
                        unit_boot_path_of(f, b));
        return system(command) == 0;
}

/* --- The audit log --- */

static int take_until(const struct audit_record *record, void *userdata) {
        assert_string_equal(record->event, "salvaged");
        *(int64_t *) userdata = record->until;
        return 1;
}

/* The clock is behind when the store is made anew. A record of that time would be purged before
 * what happens next, and then the log would seem to know what became of keys since a backup. */
static void test_the_record_of_a_loss_outlasts_the_backup(void **state) {
        static const char *const known[] = {
                "INTO mirror (one, exported, source, imported, imported_at, backed_up_at) VALUES "
                "(1, 0, x'', 0, 0,",
                "INTO clock (one, trusted_at) VALUES (1,",
        };
        const struct audit_filter all = {};
        int64_t until, next, then = clock_now();

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(known); i++) {
                struct bootstrap b;
                void *boot = NULL;
                char sql[160];

                assert_int_equal(unit_boot_make(&boot), 0);
                (void) unit_boot_use_once(boot);
                then += 5000;
                (void) snprintf(sql, sizeof(sql), "REPLACE %s %" PRId64 ")", known[i], then);
                unit_sql(unit_boot_path_of(boot, "keys.db"), sql);
                zero_page(boot, root_of(boot, "audit"));
                unit_boot_start_well(boot, &b);
                until = 0;
                assert_int_equal(store_audit_each(b.writer, &all, 1, take_until, &until, &next), 0);
                assert_int_equal(until, then);
                unit_boot_done(&b);
                assert_int_equal(unit_boot_drop(&boot), 0);
        }
}

/* --- The log of the database --- */

static void revoke_key(struct store *writer) {
        struct key_record key;

        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_key_get(writer, "aaaaaaaaaa", &key), 0);
        key.status = KEY_REVOKED;
        assert_int_equal(store_key_update(writer, &key), 0);
        assert_int_equal(store_commit(writer), 0);
}

/* The daemon is killed, and the log alone has that a key was revoked. */
static void be_killed(struct unit_boot *f) {
        struct bootstrap b;

        unit_boot_start_well(f, &b);
        revoke_key(b.writer);
        copy(f, "keys.db", "then");
        copy(f, "keys.db-wal", "then-wal");
        unit_boot_done(&b);
        copy(f, "then", "keys.db");
        copy(f, "then-wal", "keys.db-wal");
}

static void test_a_database_that_does_not_name_its_log(void **state) {
        const struct store_salvage_for nobody = {};
        struct unit_boot *f = *state;
        struct store_salvage found;
        char aside[ASIDE_LEN];
        struct key_record key;
        struct bootstrap b;
        int64_t page;

        (void) unit_boot_use_once(f);
        page = root_of(f, "log");
        be_killed(f);
        zero_page(f, page);
        copy(f, "keys.db", "then");
        assert_int_equal(unit_boot_start(f, &b), -EUCLEAN);
        assert_non_null(strstr(f->error, "wfapikeyctl salvage"));
        /* A look changes nothing either. */
        assert_int_equal(bootstrap_salvage(f->dir, false, &nobody, &found, aside, f->error), 0);
        assert_true(is_same(f, "keys.db", "then") && is_same(f, "keys.db-wal", "then-wal"));
        assert_int_equal(bootstrap_salvage(f->dir, true, &nobody, &found, aside, f->error), 0);
        assert_int_equal(found.keys, 1);
        unit_boot_start_well(f, &b);
        assert_int_equal(store_key_get(b.writer, "aaaaaaaaaa", &key), 0);
        assert_int_equal(key.status, KEY_REVOKED);
        unit_boot_done(&b);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_record_of_a_loss_outlasts_the_backup),
                unit_test_with_boot(test_a_database_that_does_not_name_its_log),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
