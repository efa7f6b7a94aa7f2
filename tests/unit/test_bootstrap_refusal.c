/* SPDX-License-Identifier: BSD-2-Clause */
/* The state directory at a start, when it is not as it was left, and with other peppers: nothing is
 * opened, nothing is made anew, and the administrator is told what to do. */
#include "unit_boot.h"

static int pick_all(const struct dirent *entry) {
        return entry->d_name[0] != '.';
}

/* The note that damage was met may stay: the next start looks thoroughly. */
static int pick_kept(const struct dirent *entry) {
        return pick_all(entry) && strcmp(entry->d_name, BOOTSTRAP_DAMAGED_NAME) != 0;
}

/* What is in the directory, as a text: name, inode, mode and size of each. */
static void describe(const struct unit_boot *f, char *out, size_t size) {
        struct dirent **entries = NULL;
        int n = scandir(f->dir, &entries, pick_kept, alphasort);
        size_t at = 0;

        out[0] = '\0';
        for (int i = 0; i < n; i++) {
                struct stat st;

                assert_int_equal(lstat(unit_boot_path_of(f, entries[i]->d_name), &st), 0);
                at += (size_t) snprintf(out + at, size - at, "%s %lu %o %lld\n", entries[i]->d_name,
                                        (unsigned long) st.st_ino, st.st_mode,
                                        (long long) st.st_size);
                assert_in_range(at, 1, size - 1);
                free(entries[i]);
        }
        free(entries);
}

/* --- Refusals: nothing is opened, nothing is made anew, and the administrator is told what to
 * do --- */

static void open_dir_to_group(const struct unit_boot *f) {
        assert_int_equal(chmod(f->dir, 0750), 0);
}

static void open_dir_to_others(const struct unit_boot *f) {
        assert_int_equal(chmod(f->dir, 0701), 0);
}

static void give_dir_away(const struct unit_boot *f) {
        assert_int_equal(chown(f->dir, 4242, 0), 0);
}

static void open_database_to_others(const struct unit_boot *f) {
        assert_int_equal(chmod(unit_boot_path_of(f, "keys.db"), 0640), 0);
}

static void give_database_away(const struct unit_boot *f) {
        assert_int_equal(chown(unit_boot_path_of(f, "keys.db"), 4242, 0), 0);
}

static void link_database(const struct unit_boot *f) {
        assert_int_equal(rename(unit_boot_path_of(f, "keys.db"), unit_boot_path_of(f, "elsewhere")),
                         0);
        assert_int_equal(symlink("elsewhere", unit_boot_path_of(f, "keys.db")), 0);
}

static void put_directory_for_database(const struct unit_boot *f) {
        assert_int_equal(unlink(unit_boot_path_of(f, "keys.db")), 0);
        assert_int_equal(mkdir(unit_boot_path_of(f, "keys.db"), 0700), 0);
}

static void put_fifo_for_database(const struct unit_boot *f) {
        assert_int_equal(unlink(unit_boot_path_of(f, "keys.db")), 0);
        assert_int_equal(mkfifo(unit_boot_path_of(f, "keys.db"), 0600), 0);
}

static void empty_database(const struct unit_boot *f) {
        unit_write(unit_boot_path_of(f, "keys.db"), "", 0, 0600);
}

static void spoil_database(const struct unit_boot *f) {
        char garbage[5000];

        unit_poison(garbage, sizeof(garbage));
        unit_write(unit_boot_path_of(f, "keys.db"), garbage, sizeof(garbage), 0600);
}

static void spoil_page(const struct unit_boot *f) {
        static const uint8_t zero[4096];
        int64_t page = unit_sql_number(unit_boot_path_of(f, "keys.db"),
                                       "SELECT rootpage FROM sqlite_schema WHERE name = 'policy'");
        int fd = open(unit_boot_path_of(f, "keys.db"), O_WRONLY | O_CLOEXEC);

        assert_in_range(page, 2, 100);
        assert_int_equal(pwrite(fd, zero, sizeof(zero), (page - 1) * 4096), sizeof(zero));
        assert_int_equal(close(fd), 0);
}

static void make_newer(const struct unit_boot *f) {
        unit_sql(unit_boot_path_of(f, "keys.db"), "PRAGMA user_version = 1000");
}

static void remove_database(const struct unit_boot *f) {
        assert_int_equal(unlink(unit_boot_path_of(f, "keys.db")), 0);
}

static void remove_pepper(const struct unit_boot *f) {
        assert_int_equal(unlink(unit_boot_path_of(f, "pepper")), 0);
}

static void shorten_pepper(const struct unit_boot *f) {
        unit_write(unit_boot_path_of(f, "pepper"), unit_boot_pepper_bytes, PEPPER_LEN - 1, 0600);
}

static void lengthen_pepper(const struct unit_boot *f) {
        unit_write(unit_boot_path_of(f, "pepper"), unit_boot_pepper_bytes, PEPPER_LEN + 1, 0600);
}

static void change_pepper(const struct unit_boot *f) {
        unit_write(unit_boot_path_of(f, "pepper"), unit_boot_pepper_bytes, PEPPER_LEN, 0600);
}

static void open_pepper_to_others(const struct unit_boot *f) {
        assert_int_equal(chmod(unit_boot_path_of(f, "pepper"), 0640), 0);
}

static void give_pepper_away(const struct unit_boot *f) {
        assert_int_equal(chown(unit_boot_path_of(f, "pepper"), 4242, 0), 0);
}

static void rename_database(const struct unit_boot *f) {
        assert_int_equal(
                rename(unit_boot_path_of(f, "keys.db"), unit_boot_path_of(f, "keys.db.new")), 0);
}

static void link_pepper(const struct unit_boot *f) {
        assert_int_equal(rename(unit_boot_path_of(f, "pepper"), unit_boot_path_of(f, "elsewhere")),
                         0);
        assert_int_equal(symlink("elsewhere", unit_boot_path_of(f, "pepper")), 0);
}

static void write_credential(const struct unit_boot *f, size_t len) {
        char path[UNIT_PATH_LEN];

        unit_write(unit_join(path, f->top, PEPPER_CREDENTIAL_NAME), unit_boot_pepper_bytes, len,
                   0600);
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", f->top, 1), 0);
}

static void add_other_credential(const struct unit_boot *f) {
        write_credential(f, PEPPER_LEN);
}

static void add_short_credential(const struct unit_boot *f) {
        write_credential(f, PEPPER_LEN - 1);
}

static const struct refusal {
        const char *why;
        void (*spoil)(const struct unit_boot *f);
        int r;
        const char *name; /* the file that is named */
        const char *sentence;
        bool needs_root;
} refusals[] = {
        { .why = "directory open to a group",
          .spoil = open_dir_to_group,
          .r = -EPERM,
          .name = "",
          .sentence = "is open to others (mode 0750)" },
        { .why = "directory open to others",
          .spoil = open_dir_to_others,
          .r = -EPERM,
          .name = "",
          .sentence = "then: chmod 0700 '" },
        { .why = "directory of another",
          .spoil = give_dir_away,
          .r = -EPERM,
          .name = "",
          .sentence = "belongs to uid 4242 and not to uid 0",
          .needs_root = true },
        { .why = "database open",
          .spoil = open_database_to_others,
          .r = -EPERM,
          .name = "keys.db",
          .sentence = "is open to others (mode 0640)" },
        { .why = "database of another",
          .spoil = give_database_away,
          .r = -EPERM,
          .name = "keys.db",
          .sentence = "belongs to uid 4242 and not to uid 0",
          .needs_root = true },
        { .why = "database a link",
          .spoil = link_database,
          .r = -EPERM,
          .name = "keys.db",
          .sentence = "is not a regular file" },
        { .why = "database a directory",
          .spoil = put_directory_for_database,
          .r = -EPERM,
          .name = "keys.db",
          .sentence = "is not a regular file" },
        { .why = "database a fifo",
          .spoil = put_fifo_for_database,
          .r = -EPERM,
          .name = "keys.db",
          .sentence = "is not a regular file" },
        { .why = "database empty",
          .spoil = empty_database,
          .r = -EMEDIUMTYPE,
          .name = "keys.db",
          .sentence = "it is not a database of wfapikeyd" },
        { .why = "database garbage",
          .spoil = spoil_database,
          .r = -EUCLEAN,
          .name = "keys.db",
          .sentence = "is damaged, and nothing of it can be saved: restore it from a backup" },
        { .why = "database damaged",
          .spoil = spoil_page,
          .r = -EUCLEAN,
          .name = "keys.db",
          .sentence = "is damaged, and nothing of it can be saved: restore it from a backup" },
        { .why = "database newer",
          .spoil = make_newer,
          .r = -EPROTONOSUPPORT,
          .name = "keys.db",
          .sentence = "a newer version of wfapikeyd" },
        { .why = "database gone",
          .spoil = remove_database,
          .r = -ENOENT,
          .name = "keys.db",
          .sentence = "is missing although its pepper is there" },
        { .why = "database gone, and restored by way of a name of ours",
          .spoil = rename_database,
          .r = -ENOENT,
          .name = "keys.db",
          .sentence = "is missing although its pepper is there" },
        { .why = "pepper gone",
          .spoil = remove_pepper,
          .r = -ENOENT,
          .name = "pepper",
          .sentence = "cannot be used: No such file" },
        { .why = "pepper short",
          .spoil = shorten_pepper,
          .r = -EUCLEAN,
          .name = "pepper",
          .sentence = "it must have exactly 32 bytes" },
        { .why = "pepper long",
          .spoil = lengthen_pepper,
          .r = -EUCLEAN,
          .name = "pepper",
          .sentence = "it must have exactly 32 bytes" },
        { .why = "pepper another",
          .spoil = change_pepper,
          .r = -EKEYREJECTED,
          .name = "keys.db",
          .sentence = "put the right one back, from a backup of 'pepper'" },
        { .why = "pepper open",
          .spoil = open_pepper_to_others,
          .r = -EPERM,
          .name = "pepper",
          .sentence = "readable to nobody else (0600)" },
        { .why = "pepper of another",
          .spoil = give_pepper_away,
          .r = -EPERM,
          .name = "pepper",
          .sentence = "must belong to the uid that runs wfapikeyd",
          .needs_root = true },
        { .why = "pepper a link",
          .spoil = link_pepper,
          .r = -ELOOP,
          .name = "pepper",
          .sentence = "cannot be used: " },
        { .why = "credential another",
          .spoil = add_other_credential,
          .r = -EKEYREJECTED,
          .name = "keys.db",
          .sentence = "put the right one back, from the credential wfapikey.pepper" },
        { .why = "credential short",
          .spoil = add_short_credential,
          .r = -EUCLEAN,
          .sentence =
                  "the credential wfapikey.pepper cannot be used: it must have exactly 32 bytes" },
};

static void check_refused(struct unit_boot *f, const struct refusal *refusal) {
        char before[2048], after[2048];
        struct bootstrap b;

        describe(f, before, sizeof(before));
        for (unsigned i = 0; i < 2; i++) { /* the second one says the same */
                unit_int(refusal->why, unit_boot_start(f, &b), refusal->r);
                unit_poisoned(refusal->why, &b, sizeof(b));
                if (!strstr(f->error, refusal->sentence))
                        unit_str(refusal->why, f->error, refusal->sentence);
                if (refusal->name &&
                    !strstr(f->error,
                            refusal->name[0] ? unit_boot_path_of(f, refusal->name) : f->dir))
                        unit_str(refusal->why, f->error, unit_boot_path_of(f, refusal->name));
                describe(f, after, sizeof(after));
                unit_str(refusal->why, after, before);
        }
}

static void check_refusals(struct unit_boot *f, bool needs_root) {
        for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
                if (refusals[i].needs_root != needs_root)
                        continue;
                (void) snprintf(f->dir, sizeof(f->dir), "%s/%zu", f->top, i);
                (void) unit_boot_use_once(f);
                refusals[i].spoil(f);
                check_refused(f, &refusals[i]);
                assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
        }
}

static void test_what_is_not_as_it_was_left_is_refused(void **state) {
        check_refusals(*state, false);
}

static void test_what_belongs_to_another_is_refused(void **state) {
        check_refusals(*state, true);
}

static void check_no_directory(struct unit_boot *f, int r, const char *sentence) {
        struct bootstrap b;

        unit_int(sentence, unit_boot_start(f, &b), r);
        unit_poisoned(sentence, &b, sizeof(b));
        if (!strstr(f->error, sentence))
                unit_str(sentence, f->error, sentence);
}

static void test_what_can_be_no_state_directory_is_refused(void **state) {
        struct unit_boot *f = *state;
        char real[UNIT_PATH_LEN], *name;
        struct bootstrap b;

        unit_write(f->dir, "", 0, 0600);
        check_no_directory(f, -ENOTDIR, "cannot open the state directory");
        assert_int_equal(unlink(f->dir), 0);
        assert_int_equal(mkdir(unit_join(real, f->top, "real"), 0700), 0);
        assert_int_equal(symlink("real", f->dir), 0);
        check_no_directory(f, -ENOTDIR, "cannot open the state directory");
        (void) snprintf(f->dir, sizeof(f->dir), "relative/%s", f->top);
        check_no_directory(f, -EINVAL, "must be an absolute path");
        f->dir[0] = '\0';
        check_no_directory(f, -EINVAL, "must be an absolute path");
        (void) snprintf(f->dir, sizeof(f->dir), "%s/a/b", f->top);
        check_no_directory(f, -ENOENT, "cannot make the state directory");

        name = calloc(1, 5000);
        assert_non_null(name);
        memset(name, '/', 4999);
        unit_poison(&b, sizeof(b));
        assert_int_equal(bootstrap_open(name, &f->shared, &b, f->error), -ENAMETOOLONG);
        unit_poisoned("long", &b, sizeof(b));
        free(name);
}

static void test_no_refusal_leaves_a_descriptor(void **state) {
        struct unit_boot *f = *state;
        struct bootstrap b;
        int fds;

        (void) unit_boot_use_once(f);
        change_pepper(f);
        fds = unit_count_fds();
        assert_int_equal(unit_boot_start(f, &b), -EKEYREJECTED);
        assert_int_equal(unit_count_fds(), fds);
        remove_database(f);
        assert_int_equal(unit_boot_start(f, &b), -ENOENT);
        assert_int_equal(unit_count_fds(), fds);
}

/* An administrator who follows the sentence of "database gone" removes the pepper; the log of
 * the old database is still there. Its keys must not come back, and a start must not spoil what
 * could be restored. */
static void test_the_log_of_a_lost_database_is_not_taken_for_the_new_one_s(void **state) {
        char wal[UNIT_PATH_LEN], kept[UNIT_PATH_LEN];
        struct unit_boot *f = *state;
        struct key_record key;
        struct bootstrap b;
        int r;

        unit_boot_start_well(f, &b);
        key = unit_key("aaaaaaaaaa", "alice");
        key.pepper_id = keymint_pepper_id(b.keymint);
        assert_int_equal(store_begin(b.writer), 0);
        assert_int_equal(store_key_insert(b.writer, &key), 0);
        assert_int_equal(store_commit(b.writer), 0);
        assert_int_equal(
                link(unit_join(wal, f->dir, "keys.db-wal"), unit_join(kept, f->top, "kept")), 0);
        unit_boot_done(&b);

        /* killed, so the log stayed; then the database went */
        remove_database(f);
        remove_pepper(f);
        assert_int_equal(unlink(unit_boot_path_of(f, "keys.seen")), 0);
        assert_int_equal(unit_boot_is_there(wal), false);
        assert_int_equal(link(kept, wal), 0);
        r = unit_boot_start(f, &b);
        if (r < 0) {
                assert_non_null(strstr(f->error, "keys.db-wal"));
                return;
        }
        assert_int_equal(store_key_get(b.writer, "aaaaaaaaaa", &key), -ENOENT);
        unit_boot_done(&b);
}

/* --- The credential --- */

static void test_with_a_credential_no_pepper_is_written(void **state) {
        struct unit_boot *f = *state;
        struct bootstrap b;
        uint32_t pepper_id;

        add_other_credential(f);
        pepper_id = unit_boot_use_once(f);
        assert_int_equal(unit_boot_is_there(unit_boot_path_of(f, "pepper")), false);
        assert_int_equal(unit_boot_is_there(unit_boot_path_of(f, "keys.db.new")), false);
        unit_boot_start_well(f, &b);
        assert_int_equal(keymint_pepper_id(b.keymint), pepper_id);
        unit_boot_done(&b);
}

static void test_a_credential_must_stay(void **state) {
        const struct refusal gone = {
                "credential gone", NULL, -ENOENT, "pepper", "cannot be used: No such file", false
        };
        struct unit_boot *f = *state;

        add_other_credential(f);
        (void) unit_boot_use_once(f);
        assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
        check_refused(f, &gone);
}

/* The credential is there at a first start too, so it says nothing of a store before. */
static void test_with_a_credential_a_lost_database_is_missed(void **state) {
        const struct refusal lost = { "database gone",           NULL, -ENOENT, "keys.db",
                                      "although keys.seen says", false };
        struct unit_boot *f = *state;
        struct bootstrap b;

        add_other_credential(f);
        (void) unit_boot_use_once(f);
        remove_database(f);
        check_refused(f, &lost);
        /* Nor does a start without the credential begin anew. */
        assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
        check_refused(f, &lost);
        assert_int_equal(unlink(unit_boot_path_of(f, "keys.seen")), 0);
        unit_boot_start_well(f, &b);
        unit_boot_done(&b);
}

static void test_a_credential_stands_before_the_file(void **state) {
        struct unit_boot *f = *state;
        struct bootstrap b;
        uint32_t pepper_id;

        add_other_credential(f);
        pepper_id = unit_boot_use_once(f);
        unit_write(unit_boot_path_of(f, "pepper"), "another pepper, another pepper, ", PEPPER_LEN,
                   0600);
        unit_boot_start_well(f, &b);
        assert_int_equal(keymint_pepper_id(b.keymint), pepper_id);
        unit_boot_done(&b);
}

/* Makes the store need a pepper that came with keys of another host. Returns its id. */
static uint32_t need_foreign_pepper(struct unit_boot *f, uint8_t pepper[static PEPPER_LEN]) {
        struct keymint *k;
        char sql[80];
        uint32_t id;

        memset(pepper, 7, PEPPER_LEN);
        assert_int_equal(keymint_new(&k, pepper), 0);
        id = keymint_pepper_id(k);
        keymint_free(k);
        (void) snprintf(sql, sizeof(sql), "INSERT INTO pepper (id) VALUES (%u)", id);
        unit_sql(unit_boot_path_of(f, "keys.db"), sql);
        return id;
}

static void test_the_peppers_of_foreign_keys_are_read(void **state) {
        struct unit_boot *f = *state;
        uint8_t pepper[PEPPER_LEN];
        char name[PEPPER_NAME_LEN];
        uint32_t own = unit_boot_use_once(f), id = need_foreign_pepper(f, pepper);
        struct bootstrap b;

        pepper_foreign_name(id, name);
        assert_int_equal(unit_boot_start(f, &b), -EKEYREJECTED);
        assert_non_null(strstr(f->error, name));
        unit_write(unit_boot_path_of(f, name), pepper, PEPPER_LEN, 0644);
        assert_int_equal(unit_boot_start(f, &b), -EKEYREJECTED);
        pepper[0] ^= 1;
        unit_write(unit_boot_path_of(f, name), pepper, PEPPER_LEN, 0600);
        assert_int_equal(unit_boot_start(f, &b), -EKEYREJECTED);
        pepper[0] ^= 1;
        unit_write(unit_boot_path_of(f, name), pepper, PEPPER_LEN, 0600);
        unit_boot_start_well(f, &b);
        assert_int_equal(keymint_knows(b.keymint, id), true);
        assert_int_equal(keymint_pepper_id(b.keymint), own);
        unit_boot_done(&b);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_boot(test_what_is_not_as_it_was_left_is_refused),
                unit_test_if(geteuid() == 0,
                             (struct CMUnitTest) unit_test_with_boot(
                                     test_what_belongs_to_another_is_refused),
                             "needs root"),
                unit_test_with_boot(test_what_can_be_no_state_directory_is_refused),
                unit_test_with_boot(test_no_refusal_leaves_a_descriptor),
                unit_test_with_boot(test_the_log_of_a_lost_database_is_not_taken_for_the_new_one_s),
                unit_test_with_boot(test_with_a_credential_no_pepper_is_written),
                unit_test_with_boot(test_a_credential_must_stay),
                unit_test_with_boot(test_with_a_credential_a_lost_database_is_missed),
                unit_test_with_boot(test_a_credential_stands_before_the_file),
                unit_test_with_boot(test_the_peppers_of_foreign_keys_are_read),
        };

        (void) signal(SIGXFSZ, SIG_IGN);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
