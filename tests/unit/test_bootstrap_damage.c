/* SPDX-License-Identifier: BSD-2-Clause */
/* A start with a damaged database, and what is saved of one: for each page of a store with all
 * kinds of keys. What was revoked or removed never comes back, whatever page is damaged. */
#include "unit_boot.h"

#include "store/store_account.h"
#include "store/store_check.h"

#define KEYS 240
#define PAGE 4096

enum fate {
        ACTIVE,
        REVOKED,
        REMOVED,
        RESET,
        _FATES,
};

static enum fate fate_of(unsigned i) {
        return (enum fate)(i % _FATES);
}

static const char *id_of(unsigned i) {
        static const char letters[] = "bcdfghjkmnpqrstvwxyz";
        static char id[KEYTEXT_ID_LEN + 1];

        memset(id, 'b', KEYTEXT_ID_LEN);
        id[0] = letters[i / 4 % 20];
        id[1] = letters[i * 7 % 20];
        id[2] = letters[i / 20 % 20];
        id[3] = letters[i % 20];
        return id;
}

static struct key_record key_of(unsigned i) {
        char owner[16];

        (void) snprintf(owner, sizeof(owner), "user%u", i % 17);
        return unit_key(id_of(i), owner);
}

static void record(struct store *writer, const struct key_record *key, const char *event) {
        struct audit_record record = {
                .at = key->updated_at, .until = key->updated_at, .count = 1, .verdict = "done"
        };

        (void) snprintf(record.event, sizeof(record.event), "%s", event);
        memcpy(record.key, key->id, sizeof(record.key));
        memcpy(record.user, key->owner, sizeof(key->owner));
        assert_int_equal(store_audit_add(writer, &record), 0);
}

static void issue_all(struct store *writer, uint32_t pepper_id) {
        assert_int_equal(store_begin(writer), 0);
        for (unsigned i = 0; i < KEYS; i++) {
                struct key_record key = key_of(i);

                key.pepper_id = pepper_id;
                assert_int_equal(store_key_insert(writer, &key), 0);
                record(writer, &key, "issued");
        }
        assert_int_equal(store_policy_set(writer, "enabled", 1, 1800000000), 0);
        assert_int_equal(store_commit(writer), 0);
}

static void end_all(struct store *writer, uint32_t pepper_id) {
        assert_int_equal(store_begin(writer), 0);
        for (unsigned i = 0; i < KEYS; i++) {
                struct key_record key = key_of(i);

                key.pepper_id = pepper_id;
                key.updated_at += 30;
                if (fate_of(i) == REVOKED) {
                        key.status = KEY_REVOKED;
                        key.dead_at = key.updated_at;
                        assert_int_equal(store_key_update(writer, &key), 0);
                        record(writer, &key, "revoked");
                } else if (fate_of(i) == REMOVED) {
                        assert_int_equal(store_key_delete(writer, key.id), 0);
                        record(writer, &key, "removed");
                } else if (fate_of(i) == RESET) {
                        memset(key.digest, 'R', sizeof(key.digest));
                        assert_int_equal(store_key_update(writer, &key), 0);
                        record(writer, &key, "reset");
                }
        }
        assert_int_equal(store_commit(writer), 0);
}

static void copy(const struct unit_boot *f, const char *from, const char *to) {
        char command[3 * UNIT_PATH_LEN];

        (void) snprintf(command, sizeof(command), "cp -p '%s' '%s'", unit_boot_path_of(f, from),
                        unit_boot_path_of(f, to));
        assert_int_equal(system(command), 0);
}

/* "good": the store, "old": the same before keys ended. */
static void fill(struct unit_boot *f) {
        struct bootstrap b;

        unit_boot_start_well(f, &b);
        issue_all(b.writer, keymint_pepper_id(b.keymint));
        store_settle(b.writer);
        copy(f, "keys.db", "old");
        end_all(b.writer, keymint_pepper_id(b.keymint));
        store_settle(b.writer);
        unit_boot_done(&b);
        copy(f, "keys.db", "good");
        copy(f, "keys.seen", "good.seen");
}

static void put_back(const struct unit_boot *f) {
        copy(f, "good", "keys.db");
        copy(f, "good.seen", "keys.seen");
        (void) unlink(unit_boot_path_of(f, "damaged"));
}

static void read_page(const struct unit_boot *f, const char *name, int64_t page,
                      uint8_t out[static PAGE]) {
        int fd = open(unit_boot_path_of(f, name), O_RDONLY | O_CLOEXEC);

        assert_int_equal(pread(fd, out, PAGE, page * PAGE), PAGE);
        assert_int_equal(close(fd), 0);
}

static void write_page(const struct unit_boot *f, int64_t page, const uint8_t in[static PAGE]) {
        int fd = open(unit_boot_path_of(f, "keys.db"), O_WRONLY | O_CLOEXEC);

        assert_int_equal(pwrite(fd, in, PAGE, page * PAGE), PAGE);
        assert_int_equal(close(fd), 0);
}

/* The table or index that a page belongs to, "" for none. */
static void name_of(const struct unit_boot *f, int64_t page, char out[static 64]) {
        sqlite3_stmt *stmt = NULL;
        sqlite3 *db = NULL;

        out[0] = '\0';
        assert_int_equal(sqlite3_open(unit_boot_path_of(f, "good"), &db), SQLITE_OK);
        if (sqlite3_prepare_v2(db, "SELECT name FROM dbstat WHERE pageno = ?1", -1, &stmt, NULL) !=
            SQLITE_OK) {
                (void) sqlite3_close(db);
                print_message("SQLite has no dbstat\n");
                skip();
        }
        assert_int_equal(sqlite3_bind_int64(stmt, 1, page + 1), SQLITE_OK);
        if (sqlite3_step(stmt) == SQLITE_ROW)
                (void) snprintf(out, 64, "%s", (const char *) sqlite3_column_text(stmt, 0));
        assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Returns how many keys are there as they were. None is there that has ended. */
static unsigned check_keys(const char *row, struct store *reader) {
        unsigned n = 0;
        bool changed;

        unit_int(row, store_refresh(reader, &changed), 0);
        for (unsigned i = 0; i < KEYS; i++) {
                struct key_record key;
                int r = store_key_get(reader, id_of(i), &key);

                if (r == -ENOENT)
                        continue;
                unit_int(row, r, 0);
                unit_int(row, fate_of(i) == REMOVED && key.status == KEY_ACTIVE, false);
                unit_int(row, fate_of(i) == REVOKED && key.status == KEY_ACTIVE, false);
                unit_int(row,
                         fate_of(i) == RESET && key.status == KEY_ACTIVE && key.digest[0] != 'R',
                         false);
                n += fate_of(i) == REVOKED || key.status == KEY_ACTIVE;
        }
        return n;
}

static bool starts_with(const char *text, const char *with) {
        return strncmp(text, with, strlen(with)) == 0;
}

/* Whether the daemon can do without what was on the page. */
static bool can_do_without(const char *name) {
        return strchr(name, '_')
                       ? !starts_with(name, "sqlite_schema") && !starts_with(name, "fleet") &&
                                 strcmp(name, "crl_serial") != 0 && strcmp(name, "audit_chain") != 0
                       : strcmp(name, "audit") == 0 || strcmp(name, "account") == 0 ||
                                 strcmp(name, "clock") == 0 || name[0] == '\0';
}

static void salvage(struct unit_boot *f, const char *row, struct store_salvage *found) {
        const struct store_salvage_for whom = {};
        char aside[ASIDE_LEN];
        struct stat st;

        unit_int(row, bootstrap_salvage(f->dir, true, &whom, found, aside, f->error), 0);
        assert_int_equal(stat(unit_boot_path_of(f, aside), &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        assert_int_equal(unlink(unit_boot_path_of(f, aside)), 0);
}

static bool is_intact(struct store *writer) {
        struct audit_check check;

        assert_int_equal(store_audit_verify(writer, 0, 100000, &check), 0);
        return check.fault == AUDIT_INTACT;
}

static void remove_asides(const struct unit_boot *f) {
        char command[2 * UNIT_PATH_LEN];

        (void) snprintf(command, sizeof(command), "rm -f '%s'/keys.db.damaged-*", f->dir);
        assert_int_equal(system(command), 0);
}

/* What a page of ${name} that was replaced by ${bytes} does. */
static void check_page(struct unit_boot *f, int64_t page, const char *name,
                       const uint8_t bytes[static PAGE]) {
        struct store_salvage found;
        char row[128];
        struct bootstrap b;
        unsigned n;
        int r;

        (void) snprintf(row, sizeof(row), "page %lld of %s", (long long) page, name);
        put_back(f);
        write_page(f, page, bytes);
        r = unit_boot_start(f, &b);
        if (r == 0) {
                unit_int(row, check_keys(row, b.reader), KEYS / _FATES * 3);
                /* The page of an empty table looks like a chain that somebody has removed: the keys
                 * are served, and audit verify tells. */
                unit_int(row, is_intact(b.writer) || strcmp(name, "audit_chain") == 0, true);
                unit_boot_done(&b);
                remove_asides(f);
                return;
        }
        unit_int(row, can_do_without(name), false);
        if (page == 0 || r == -EMEDIUMTYPE)
                return;
        unit_int(row, r, -EUCLEAN);
        if (strcmp(name, "policy") == 0 || strcmp(name, "pepper") == 0 ||
            starts_with(name, "sqlite_"))
                return;
        salvage(f, row, &found);
        unit_boot_start_well(f, &b);
        n = check_keys(row, b.reader);
        unit_int(row, n + found.lost + found.doubtful >= KEYS / _FATES * 3, true);
        unit_int(row, is_intact(b.writer), true);
        unit_boot_done(&b);
}

static void test_each_page(void **state) {
        struct unit_boot *f = *state;
        uint8_t bytes[PAGE];
        char name[64];
        int64_t pages;

        fill(f);
        pages = unit_sql_number(unit_boot_path_of(f, "good"), "PRAGMA page_count");
        assert_in_range(pages, 50, 400);
        for (int64_t page = 0; page < pages; page++) {
                name_of(f, page, name);
                memset(bytes, 0, sizeof(bytes));
                check_page(f, page, name, bytes);
                read_page(f, "good", (page * 7 + 5) % pages, bytes);
                check_page(f, page, name, bytes);
        }
}

/* The disk has lost a write: the page is whole, but of the past. A thorough look finds it. */
static void test_pages_of_the_past(void **state) {
        struct unit_boot *f = *state;
        uint8_t bytes[PAGE], then[PAGE];
        unsigned refused = 0;
        char name[64], row[64];
        int64_t pages;

        fill(f);
        pages = unit_sql_number(unit_boot_path_of(f, "old"), "PRAGMA page_count");
        for (int64_t page = 1; page < pages; page++) {
                struct store_salvage found;
                struct bootstrap b;
                int r;

                name_of(f, page, name);
                read_page(f, "good", page, bytes);
                read_page(f, "old", page, then);
                if (strcmp(name, "key") != 0 || memcmp(bytes, then, PAGE) == 0)
                        continue;
                (void) snprintf(row, sizeof(row), "page %lld", (long long) page);
                put_back(f);
                write_page(f, page, then);
                unit_write(unit_boot_path_of(f, "damaged"), "", 0, 0600);
                r = unit_boot_start(f, &b);
                unit_int(row, r, -EUCLEAN);
                unit_int(row, strstr(f->error, "wfapikeyctl salvage") != NULL, true);
                refused++;
                salvage(f, row, &found);
                unit_boot_start_well(f, &b);
                unit_int(row, check_keys(row, b.reader) > 0, true);
                unit_int(row, is_intact(b.writer), true);
                unit_boot_done(&b);
        }
        assert_in_range(refused, 3, 100);
}

/* The first page of the table or index ${name}. */
static int64_t page_of(const struct unit_boot *f, const char *name) {
        char sql[128];

        (void) snprintf(sql, sizeof(sql), "SELECT rootpage FROM sqlite_schema WHERE name = '%s'",
                        name);
        return unit_sql_number(unit_boot_path_of(f, "good"), sql) - 1;
}

/* The index of ended keys and the audit log are lost too. That of the keys that live still says
 * which those are. */
static void test_a_page_of_the_past_where_little_is_left(void **state) {
        static const uint8_t zero[PAGE];
        struct unit_boot *f = *state;
        uint8_t bytes[PAGE], then[PAGE];
        unsigned revoked = 0;
        char name[64];
        int64_t pages;

        fill(f);
        pages = unit_sql_number(unit_boot_path_of(f, "old"), "PRAGMA page_count");
        for (int64_t page = 1; page < pages; page++) {
                struct store_salvage found;
                struct bootstrap b;

                name_of(f, page, name);
                read_page(f, "good", page, bytes);
                read_page(f, "old", page, then);
                if (strcmp(name, "key") != 0 || memcmp(bytes, then, PAGE) == 0)
                        continue;
                put_back(f);
                write_page(f, page, then);
                write_page(f, page_of(f, "key_dead"), zero);
                write_page(f, page_of(f, "audit"), zero);
                salvage(f, name, &found);
                unit_boot_start_well(f, &b);
                for (unsigned i = 0; i < KEYS; i++) {
                        struct key_record key;

                        /* A page that was split since does not have all of its keys. */
                        if (fate_of(i) != REVOKED || store_key_get(b.writer, id_of(i), &key) < 0)
                                continue;
                        assert_int_equal(key.status, KEY_REVOKED);
                        revoked++;
                }
                unit_boot_done(&b);
        }
        assert_in_range(revoked, KEYS / _FATES, KEYS * 100);
}

/* What the files do not name is nowhere counted as lost. */
static void test_keys_that_nothing_names_need_a_person(void **state) {
        static const char *const gone[][6] = {
                { "key", "key_owner", "key_epoch", "key_ends", "key_dead" },
                { "key", "key_owner", "key_epoch", "key_ends" },
                { "key", "key_owner", "key_epoch", "key_dead" },
        };
        static const uint8_t zero[PAGE];
        struct unit_boot *f = *state;
        struct store_salvage found;
        struct bootstrap b;

        fill(f);
        for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
                put_back(f);
                for (size_t n = 0; gone[i][n]; n++)
                        write_page(f, page_of(f, gone[i][n]), zero);
                unit_int(gone[i][3], unit_boot_start(f, &b), -EUCLEAN);
                assert_non_null(strstr(f->error, "how many keys are lost is not known"));
                salvage(f, gone[i][3], &found);
                assert_true(found.unknown);
                unit_boot_start_well(f, &b);
                unit_boot_done(&b);
        }
}

/* The files are those of the last comparison. What was found then is not in the new store. */
static void test_lost_accounts_are_compared_anew(void **state) {
        static const uint8_t zero[PAGE];
        struct unit_boot *f = *state;
        struct bootstrap b;

        fill(f);
        unit_boot_start_well(f, &b);
        assert_int_equal(store_begin(b.writer), 0);
        assert_int_equal(store_account_files_set(b.writer, "files", 5), 0);
        assert_int_equal(store_commit(b.writer), 0);
        store_settle(b.writer);
        assert_int_equal(store_account_files_are(b.writer, "files", 5), 1);
        unit_boot_done(&b);
        write_page(f, page_of(f, "account"), zero);
        unit_boot_start_well(f, &b);
        assert_int_equal(store_account_files_are(b.writer, "files", 5), 0);
        unit_boot_done(&b);
}

/* --- A disk that does not give the file for a moment --- */

static unsigned reads, failing_read; /* from 1; 0: none */

static ssize_t __attribute__((noinline)) read_at(int fd, void *out, size_t len, off_t at) {
        if (++reads == failing_read) {
                errno = EIO;
                return -1;
        }
        return pread(fd, out, len, at);
}

static void replace_reads(bool ours) {
        sqlite3_syscall_ptr call = ours ? (sqlite3_syscall_ptr) (void (*)(void)) read_at : NULL;
        sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
        bool replaced = false;

        replaced |= vfs->xSetSystemCall(vfs, "pread", call) == SQLITE_OK;
        replaced |= vfs->xSetSystemCall(vfs, "pread64", call) == SQLITE_OK;
        assert_true(replaced);
}

static bool is_there(const struct unit_boot *f, const char *pattern) {
        char command[2 * UNIT_PATH_LEN];

        (void) snprintf(command, sizeof(command), "ls '%s'/%s >/dev/null 2>&1", f->dir, pattern);
        return system(command) == 0;
}

static void test_an_error_that_passes_costs_nothing(void **state) {
        struct unit_boot *f = *state;
        struct bootstrap b;
        unsigned all;

        fill(f);
        replace_reads(true);
        reads = failing_read = 0;
        unit_boot_start_well(f, &b);
        unit_boot_done(&b);
        all = reads;
        assert_in_range(all, 20, 10000);
        for (unsigned i = 1; i <= all; i += i < 10 ? 1 : all / 10) {
                reads = 0;
                failing_read = i;
                unit_boot_start_well(f, &b);
                assert_int_equal(check_keys("read", b.reader), KEYS / _FATES * 3);
                assert_false(store_check_was_met());
                unit_boot_done(&b);
                assert_false(is_there(f, "keys.db.damaged-*"));
                assert_false(is_there(f, "damaged"));
        }
        replace_reads(false);
}

/* An upgrade and a damaged page of keys. Making an index would read all of them. */
static void test_a_damaged_store_of_an_older_schema(void **state) {
        static const uint8_t zero[PAGE];
        struct unit_boot *f = *state;
        struct store_salvage found;
        struct bootstrap b;
        int64_t page = 0;
        char name[64];

        fill(f);
        unit_sql(unit_boot_path_of(f, "keys.db"),
                 "ALTER TABLE audit DROP COLUMN login_uid;"
                 "DROP INDEX key_made; ALTER TABLE key DROP COLUMN endless;"
                 "CREATE INDEX key_made ON key (created_at) WHERE dead_at = 0 AND expires_at = 0;"
                 "ALTER TABLE key DROP COLUMN born; DROP INDEX key_unbound;"
                 "DROP INDEX key_realm; ALTER TABLE key DROP COLUMN realm;"
                 "DROP INDEX account_held; DROP INDEX account_password_held;"
                 "ALTER TABLE account DROP COLUMN password_since;"
                 "ALTER TABLE account DROP COLUMN password_held;"
                 "DROP TRIGGER key_revoked; DROP TRIGGER key_forgotten; DROP INDEX key_fleet;"
                 "DROP TABLE fleet_report; DROP TABLE fleet_used; DROP TABLE fleet_reported;"
                 "DROP TABLE fleet_audit; DROP TABLE fleet_use;"
                 "DROP TABLE fleet; DROP TABLE fleet_group; DROP TABLE fleet_issuer;"
                 "DROP TABLE fleet_host; DROP TABLE fleet_gone; DROP TABLE fleet_outbox;"
                 "DROP TABLE fleet_clock; ALTER TABLE policy DROP COLUMN fleet;"
                 "ALTER TABLE cert DROP COLUMN fleet; ALTER TABLE key DROP COLUMN hosts;"
                 "ALTER TABLE key DROP COLUMN revision;"
                 "DROP TABLE account_files;"
                 "ALTER TABLE mirror DROP COLUMN imported_at;"
                 "ALTER TABLE mirror DROP COLUMN backed_up_at; PRAGMA user_version = 10");
        copy(f, "keys.db", "good");
        do
                name_of(f, ++page, name);
        while (strcmp(name, "key") != 0 || page == page_of(f, "key"));
        write_page(f, page, zero);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(unit_boot_start(f, &b), -EUCLEAN);
                assert_non_null(strstr(f->error, "wfapikeyctl salvage"));
        }
        salvage(f, name, &found);
        assert_in_range(found.lost, 1, KEYS / 2);
        assert_in_range(found.keys, KEYS / 4, KEYS);
        unit_boot_start_well(f, &b);
        assert_true(check_keys(name, b.reader) >= found.keys);
        assert_int_equal(store_check(b.writer, true), 0);
        unit_boot_done(&b);
}

static int count_salvaged(const struct audit_record *record, void *userdata) {
        *(unsigned *) userdata += strcmp(record->event, "salvaged") == 0;
        return 0;
}

/* Nobody gets rid of the audit log, or of its mark, without a trace. */
static void test_a_log_that_is_lost_leaves_a_trace(void **state) {
        static const uint8_t zero[PAGE];
        struct unit_boot *f = *state;
        struct audit_filter filter = {};
        unsigned salvaged = 0;
        struct bootstrap b;
        int64_t next;

        fill(f);
        write_page(f, page_of(f, "audit"), zero);
        unit_boot_start_well(f, &b);
        assert_int_equal(
                store_audit_each(b.writer, &filter, 1000, count_salvaged, &salvaged, &next), 0);
        assert_int_equal(salvaged, 1);
        unit_boot_done(&b);
        unit_boot_start_well(f, &b);
        unit_boot_done(&b);

        remove_asides(f);
        /* An older copy stays an older copy. */
        copy(f, "old", "keys.db");
        write_page(f, page_of(f, "audit"), zero);
        assert_int_equal(unit_boot_start(f, &b), -ESTALE);
}

static void test_a_lost_seal_needs_a_person(void **state) {
        static const uint8_t zero[PAGE];
        struct unit_boot *f = *state;
        struct store_salvage found;
        struct bootstrap b;

        fill(f);
        write_page(f, page_of(f, "audit_chain"), zero);
        assert_int_equal(unit_boot_start(f, &b), -EUCLEAN);
        assert_non_null(strstr(f->error, "wfapikeyctl salvage"));
        assert_non_null(strstr(f->error, "the audit log is lost"));
        salvage(f, "seal", &found);
        assert_true(found.unsealed);
        assert_int_equal(found.lost + found.doubtful, 0);
        unit_boot_start_well(f, &b);
        assert_int_equal(check_keys("seal", b.reader), KEYS / _FATES * 3);
        assert_true(is_intact(b.writer));
        unit_boot_done(&b);
}

/* A dry run changes nothing, and a daemon that runs is left alone. */
static void test_a_dry_run_changes_nothing(void **state) {
        const struct store_salvage_for whom = {};
        struct unit_boot *f = *state;
        char aside[ASIDE_LEN], command[3 * UNIT_PATH_LEN];
        struct store_salvage found;
        struct bootstrap b;

        fill(f);
        assert_int_equal(bootstrap_salvage(f->dir, false, &whom, &found, aside, f->error), 0);
        assert_int_equal(found.keys, KEYS / _FATES * 3);
        assert_true(store_salvage_is_whole(&found));
        (void) snprintf(command, sizeof(command), "cd '%s' && cmp keys.db good && ! ls | grep salv",
                        f->dir);
        assert_int_equal(system(command), 0);
        unit_boot_start_well(f, &b);
        assert_int_equal(bootstrap_salvage(f->dir, true, &whom, &found, aside, f->error), -EBUSY);
        unit_boot_done(&b);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_boot(test_each_page),
                unit_test_with_boot(test_pages_of_the_past),
                unit_test_with_boot(test_a_page_of_the_past_where_little_is_left),
                unit_test_with_boot(test_an_error_that_passes_costs_nothing),
                unit_test_with_boot(test_a_damaged_store_of_an_older_schema),
                unit_test_with_boot(test_keys_that_nothing_names_need_a_person),
                unit_test_with_boot(test_lost_accounts_are_compared_anew),
                unit_test_with_boot(test_a_log_that_is_lost_leaves_a_trace),
                unit_test_with_boot(test_a_lost_seal_needs_a_person),
                unit_test_with_boot(test_a_dry_run_changes_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
