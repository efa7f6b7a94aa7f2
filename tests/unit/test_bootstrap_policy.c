/* SPDX-License-Identifier: BSD-2-Clause */
/* A page of policies that is whole, and of the past, as a disk can leave it: nothing is wrong with
 * it but that the audit log knows better. And a look at what can be saved, which changes nothing.
 */
#include <stdatomic.h>

#include "unit_boot.h"

#include "base/clock.h"
#include "keys/facts.h"
#include "rules/policy.h"
#include "store/store_check.h"
#include "store/store_stmt.h"

/* a time before all changes here */
#define LONG_AGO 100

static void note(struct store *writer, const char *event, const char *detail, int64_t at) {
        struct audit_record record = { .at = at, .until = at, .count = 1, .verdict = "done" };

        (void) snprintf(record.event, sizeof(record.event), "%s", event);
        (void) snprintf(record.detail, sizeof(record.detail), "%s", detail);
        assert_int_equal(store_audit_add(writer, &record), 0);
}

static void set(struct store *writer, const char *name, int64_t value, int64_t at) {
        char detail[128];

        (void) snprintf(detail, sizeof(detail), "%s=%lld", name, (long long) value);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_policy_set(writer, name, value, at), 0);
        note(writer, "policy", detail, at);
        assert_int_equal(store_commit(writer), 0);
}

static void remove_all(struct store *writer, int64_t epoch, int64_t at) {
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_policy_set(writer, POLICY_EPOCH, epoch, at), 0);
        note(writer, "removed-all", "1 keys", at);
        assert_int_equal(store_commit(writer), 0);
}

static void insert(struct bootstrap *b, const char *id, int64_t epoch) {
        struct key_record key = unit_key(id, "alice");

        key.pepper_id = keymint_pepper_id(b->keymint);
        key.epoch = epoch;
        assert_int_equal(store_begin(b->writer), 0);
        assert_int_equal(store_key_insert(b->writer, &key), 0);
        assert_int_equal(store_commit(b->writer), 0);
}

/* The rows of policies are those of the past. */
static void take_back(struct unit_boot *f, const char *policies) {
        char sql[512];

        (void) snprintf(sql, sizeof(sql),
                        "DELETE FROM policy; INSERT INTO policy (name, value, "
                        "changed_at) VALUES %s",
                        policies);
        unit_sql(unit_boot_path_of(f, "keys.db"), sql);
}

static void salvage(struct unit_boot *f, struct store_salvage *found) {
        const struct store_salvage_for whom = {};
        char aside[ASIDE_LEN];

        assert_int_equal(bootstrap_salvage(f->dir, true, &whom, found, aside, f->error), 0);
        assert_int_equal(unlink(unit_boot_path_of(f, aside)), 0);
}

/* --- Tests --- */

static const struct {
        const char *row, *past; /* what the page has */
        const char *names;      /* NULL: nothing is wrong */
        int64_t epoch;          /* in the new store */
} rows[] = {
        { "as it is", "('enabled', 0, 1000), ('lifetime', 5, 1000), ('epoch', 2, 1100)", NULL, 2 },
        { "a second apart", "('enabled', 0, 999), ('lifetime', 5, 999), ('epoch', 2, 1099)", NULL,
          2 },
        { "enabled again", "('enabled', 1, 900), ('lifetime', 5, 1000), ('epoch', 2, 1100)",
          "enabled", 2 },
        { "never set", "('lifetime', 5, 1000), ('epoch', 2, 1100)", "enabled", 2 },
        { "keys that were removed all at once", "('enabled', 0, 1000), ('lifetime', 5, 1000)",
          "epoch", 2 },
        { "once", "('enabled', 0, 1000), ('lifetime', 5, 1000), ('epoch', 1, 1050)", "epoch", 2 },
        { "all", "('enabled', 1, 900)", "enabled, epoch, lifetime", 2 },
        { "all of nothing", "('x-ray', 1, 900)", "enabled, epoch, lifetime", 2 },
};

static void fill(struct unit_boot *f) {
        int64_t then = clock_now() - 2000;
        struct bootstrap b;

        unit_boot_start_well(f, &b);
        insert(&b, "bbbbbbbbbb", 0);
        set(b.writer, "enabled", 1, then + 900);
        set(b.writer, "enabled", 0, then + 1000);
        set(b.writer, "lifetime", 5, then + 1000);
        remove_all(b.writer, 1, then + 1050);
        insert(&b, "cccccccccc", 1);
        remove_all(b.writer, 2, then + 1100);
        insert(&b, "dddddddddd", 2);
        unit_boot_done(&b);
}

/* The times of a row begin with those of fill(). */
static void put_rows(struct unit_boot *f, const char *past) {
        char sql[128];

        take_back(f, past);
        (void) snprintf(sql, sizeof(sql),
                        "UPDATE policy SET changed_at = changed_at + (SELECT max(at) FROM audit "
                        "WHERE event = 'removed-all') - 1100");
        unit_sql(unit_boot_path_of(f, "keys.db"), sql);
}

static void check_salvaged(struct unit_boot *f, size_t i) {
        struct store_salvage found;
        struct policy policy;
        struct bootstrap b;

        unit_int(rows[i].row, strstr(f->error, "wfapikeyctl salvage") != NULL, 1);
        salvage(f, &found);
        unit_str(rows[i].row, found.policy_names, rows[i].names);
        unit_int(rows[i].row, store_salvage_is_whole(&found), false);
        if (strstr(rows[i].past, "x-ray"))
                unit_sql(unit_boot_path_of(f, "keys.db"),
                         "DELETE FROM policy WHERE name = 'x-ray'");
        unit_boot_start_well(f, &b);
        assert_int_equal(facts_policy(b.writer, &policy), 0);
        unit_int(rows[i].row, policy.enabled, false);
        unit_int(rows[i].row, policy.epoch, rows[i].epoch);
        unit_boot_done(&b);
}

static void test_policies_of_the_past(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct bootstrap b;
                void *boot = NULL;
                int r;

                assert_int_equal(unit_boot_make(&boot), 0);
                fill(boot);
                put_rows(boot, rows[i].past);
                r = unit_boot_start(boot, &b);
                unit_int(rows[i].row, r, rows[i].names ? -EUCLEAN : 0);
                if (r >= 0)
                        unit_boot_done(&b);
                else
                        check_salvaged(boot, i);
                assert_int_equal(unit_boot_drop(&boot), 0);
        }
}

/* What has other reasons to be older is not damage. */
static void test_what_cannot_be_compared(void **state) {
        static const char *const events[] = { "imported", "salvaged", "fleet" };
        struct unit_boot *f = *state;
        char names[STORE_CHECK_NAMES_LEN];
        struct bootstrap b;

        unit_boot_start_well(f, &b);
        for (size_t i = 0; i < ARRAY_LEN(events); i++) {
                int64_t now = clock_now();

                set(b.writer, "enabled", 0, now);
                assert_int_equal(store_begin(b.writer), 0);
                assert_int_equal(store_policy_set(b.writer, "enabled", 1, LONG_AGO), 0);
                assert_int_equal(store_commit(b.writer), 0);
                assert_int_equal(store_check_policy(b.writer, names), 1);
                assert_string_equal(names, "enabled");
                assert_int_equal(store_begin(b.writer), 0);
                note(b.writer, events[i], "", now);
                assert_int_equal(store_commit(b.writer), 0);
                unit_int(events[i], store_check_policy(b.writer, names), 0);
        }
        /* The clock went back a little between two changes. */
        set(b.writer, "enabled", 1, clock_now() + 600);
        set(b.writer, "enabled", 0, clock_now());
        assert_int_equal(store_check_policy(b.writer, names), 0);
        /* A name of before they were folded. */
        set(b.writer, "require-certificate:sshd", 1, clock_now());
        assert_int_equal(store_begin(b.writer), 0);
        note(b.writer, "policy", "require-certificate:SSHD=yes", clock_now());
        assert_int_equal(store_commit(b.writer), 0);
        assert_int_equal(store_check_policy(b.writer, names), 0);
        /* The clock was ahead. When it was right again, the time of the policy was made right. */
        set(b.writer, "lifetime", 5, clock_now() + 400 * INT64_C(86400));
        assert_int_equal(store_begin(b.writer), 0);
        assert_int_equal(store_policy_set(b.writer, "lifetime", 5, clock_now()), 0);
        note(b.writer, "issued", "", clock_now());
        assert_int_equal(store_commit(b.writer), 0);
        assert_int_equal(store_check_policy(b.writer, names), 0);
        unit_boot_done(&b);
}

/* All bytes and all times of a directory. */
static void list(const char *dir, char out[static 8192]) {
        char command[2 * UNIT_PATH_LEN];
        FILE *pipe;
        size_t len;

        (void) snprintf(command, sizeof(command),
                        "cd '%s' && ls -A && stat -c '%%n %%a %%s %%Y %%Z %%y %%z' . .[!.]* * "
                        "2>/dev/null; sha256sum *",
                        dir);
        pipe = popen(command, "re");
        assert_non_null(pipe);
        len = fread(out, 1, 8191, pipe);
        out[len] = '\0';
        (void) pclose(pipe);
        assert_in_range(len, 200, 8000);
}

/* With a log that nobody has moved, as after a kill, and with an older schema's mark. */
static void test_a_look_changes_nothing(void **state) {
        const struct store_salvage_for whom = {};
        struct unit_boot *f = *state;
        char before[8192], after[8192], aside[ASIDE_LEN], command[4 * UNIT_PATH_LEN];
        struct store_salvage found;
        struct bootstrap b;

        unit_boot_start_well(f, &b);
        insert(&b, "bbbbbbbbbb", 0);
        insert(&b, "cccccccccc", 0);
        /* a copy from under the daemon that runs: its log is not empty */
        (void) snprintf(command, sizeof(command),
                        "cp -a '%s' '%s/copy' && rm '%s/copy/keys.db-shm' && mkdir '%s/tmp'",
                        f->dir, f->top, f->top, f->top);
        assert_int_equal(system(command), 0);
        unit_boot_done(&b);
        (void) snprintf(f->dir, sizeof(f->dir), "%s/copy", f->top);
        assert_true(unit_boot_is_there(unit_boot_path_of(f, "keys.db-wal")));
        (void) snprintf(command, sizeof(command), "%s/tmp", f->top);
        assert_int_equal(setenv("TMPDIR", command, 1), 0);
        list(f->dir, before);
        assert_int_equal(bootstrap_salvage(f->dir, false, &whom, &found, aside, f->error), 0);
        list(f->dir, after);
        assert_string_equal(after, before);
        assert_int_equal(found.keys, 2);     /* those of the log as well */
        assert_int_equal(rmdir(command), 0); /* nothing is left behind */
        /* a directory that is not there is not made */
        (void) snprintf(f->dir, sizeof(f->dir), "%s/none", f->top);
        assert_int_equal(bootstrap_salvage(f->dir, false, &whom, &found, aside, f->error), -ENOENT);
        assert_false(unit_boot_is_there(f->dir));
        assert_int_equal(unsetenv("TMPDIR"), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_policies_of_the_past),
                cmocka_unit_test_setup_teardown(test_what_cannot_be_compared, unit_boot_make,
                                                unit_boot_drop),
                cmocka_unit_test_setup_teardown(test_a_look_changes_nothing, unit_boot_make,
                                                unit_boot_drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
