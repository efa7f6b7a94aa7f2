/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory that a reader finds the database in: one mapping, which stays, grows with the file,
 * and never shows what is old. */
#include <inttypes.h>
#include <sys/mman.h>

#include "unit_store.h"

#define KEYS 3000

/* Where the database, and not a file beside it, is mapped. */
struct place {
        size_t n; /* mappings */
        uintptr_t from, to;
        bool marked;
};

static struct place look(const char *path) {
        FILE *f = fopen("/proc/self/smaps", "re");
        char line[UNIT_PATH_LEN + 128];
        struct place place = {};
        bool here = false;

        assert_non_null(f);
        while (fgets(line, sizeof(line), f)) {
                const char *name = strchr(line, '/');

                if (name)
                        here = strncmp(name, path, strlen(path)) == 0 && name[strlen(path)] == '\n';
                else if (here && strncmp(line, "VmFlags:", 8) == 0) { /* the last line */
                        place.marked = strstr(line, " dc");
                        here = false;
                }
                if (!name || !here)
                        continue;
                assert_int_equal(sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &place.from, &place.to), 2);
                place.n++;
        }
        (void) fclose(f);
        return place;
}

/* A mapping that is made anew, mostly at the same address, has no mark. */
static void mark(const struct place *place) {
        assert_int_equal(madvise((void *) place->from, place->to - place->from, MADV_DONTFORK), 0);
}

static void insert(struct unit_store *s, unsigned from, unsigned to) {
        assert_int_equal(store_begin(s->writer), 0);
        for (unsigned i = from; i < to; i++) {
                struct key_record key;
                char id[KEYTEXT_ID_LEN + 1];

                (void) snprintf(id, sizeof(id), "%010u", i);
                key = unit_key(id, "alice");
                assert_int_equal(store_key_insert(s->writer, &key), 0);
        }
        assert_int_equal(store_commit(s->writer), 0);
        store_settle(s->writer);
}

/* Looks every key up, whose names are all ${name}. */
static void read_all(struct unit_store *s, unsigned n, const char *name) {
        bool changed;

        assert_int_equal(store_refresh(s->reader, &changed), 0);
        for (unsigned i = 0; i < n; i++) {
                char id[KEYTEXT_ID_LEN + 1];
                struct key_record key;

                (void) snprintf(id, sizeof(id), "%010u", i);
                unit_int(id, store_key_get(s->reader, id, &key), 0);
                assert_string_equal(key.name, name);
        }
}

static off_t size_of(const char *path) {
        struct stat st;

        assert_int_equal(stat(path, &st), 0);
        return st.st_size;
}

/* Changes every key, and reads it. */
static void change(struct unit_store *s, unsigned round) {
        char name[32], sql[128];

        (void) snprintf(name, sizeof(name), "round %02u", round);
        (void) snprintf(sql, sizeof(sql), "UPDATE key SET name = '%s'", name);
        unit_sql(s->path, sql);
        assert_int_equal(store_begin(s->writer), 0);
        assert_int_equal(store_commit(s->writer), 0);
        if (round % 2 == 0) /* moves the log */
                store_settle(s->writer);
        store_release(s->reader);
        read_all(s, KEYS, name);
}

static void test_commits_leave_the_mapping_as_it_is(void **state) {
        struct unit_store *s = *state;
        struct place before, after;

        insert(s, 0, KEYS);
        /* The file becomes as long as it stays. */
        for (unsigned i = 0; i < 4; i++)
                change(s, i);
        before = look(s->path);
        assert_int_equal(before.n, 1);
        assert_false(before.marked);
        mark(&before);
        for (unsigned i = 4; i < 20; i++)
                change(s, i);
        after = look(s->path);
        assert_int_equal(after.n, 1);
        assert_int_equal(after.from, before.from);
        assert_int_equal(after.to, before.to);
        assert_true(after.marked);
}

static void test_the_mapping_grows_with_the_file(void **state) {
        struct unit_store *s = *state;
        struct place place;

        insert(s, 0, 10);
        read_all(s, 10, "backup job");
        place = look(s->path);
        assert_int_equal(place.to - place.from, size_of(s->path));
        store_release(s->reader); /* the log cannot be moved before */
        insert(s, 10, KEYS);
        assert_in_range(place.to - place.from, 1, size_of(s->path) / 2);
        read_all(s, KEYS, "backup job");
        place = look(s->path);
        assert_int_equal(place.n, 1);
        assert_int_equal(place.to - place.from, size_of(s->path));
}

static void test_a_file_that_was_made_shorter_is_read_as_it_is(void **state) {
        struct unit_store *s = *state;
        off_t before;

        insert(s, 0, KEYS);
        read_all(s, KEYS, "backup job");
        before = size_of(s->path);
        assert_int_equal(look(s->path).to - look(s->path).from, before);
        store_release(s->reader);
        unit_sql(s->path, "DELETE FROM key WHERE id >= '0000000010'; VACUUM; "
                          "PRAGMA wal_checkpoint(TRUNCATE)");
        assert_in_range(size_of(s->path), 1, before / 2);
        read_all(s, 10, "backup job");
        assert_int_equal(look(s->path).to - look(s->path).from, size_of(s->path));
}

static void test_the_mapping_ends_with_the_reader(void **state) {
        struct unit_store *s = *state;

        insert(s, 0, KEYS);
        read_all(s, KEYS, "backup job");
        assert_int_equal(look(s->path).n, 1);
        store_freep(&s->reader);
        assert_int_equal(look(s->path).n, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_with_store(test_commits_leave_the_mapping_as_it_is),
                unit_test_with_store(test_the_mapping_grows_with_the_file),
                unit_test_with_store(test_a_file_that_was_made_shorter_is_read_as_it_is),
                unit_test_with_store(test_the_mapping_ends_with_the_reader),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
