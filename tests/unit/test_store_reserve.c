/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of the reserve, by sizes. tests/scenario/067-full-disk.sh has real disks that are
 * full. */
#include "unit.h"

#include "store/store_reserve.h"

static struct store_reserve begin(const char *dir) {
        char path[UNIT_PATH_LEN];
        struct store_reserve r;

        assert_int_equal(store_reserve_init(&r, unit_join(path, dir, "keys.db")), 0);
        return r;
}

static struct stat look(const char *dir) {
        char path[UNIT_PATH_LEN];
        struct stat st;

        assert_int_equal(lstat(unit_join(path, dir, "reserve"), &st), 0);
        return st;
}

static void check_whole(const char *dir) {
        struct stat st = look(dir);

        assert_int_equal(st.st_size, STORE_RESERVE_BYTES);
        assert_in_range(st.st_blocks * 512, STORE_RESERVE_BYTES, 2 * STORE_RESERVE_BYTES);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
}

static void test_it_takes_up_room_and_stays(void **state) {
        struct store_reserve r = begin(*state);
        mode_t old = umask(0);

        assert_int_equal(store_reserve_fill(&r), 0);
        (void) umask(old);
        check_whole(*state);
        store_reserve_done(&r);
        check_whole(*state);
        r = begin(*state);
        assert_int_equal(store_reserve_fill(&r), 0);
        assert_int_equal(r.size, STORE_RESERVE_BYTES);
        store_reserve_done(&r);
        store_reserve_done(&r);
}

/* While there is room without it, nothing is given up. */
static void test_with_room_it_stays_whole(void **state) {
        struct store_reserve r = begin(*state);

        assert_int_equal(store_reserve_spend(&r), false);
        assert_int_equal(store_reserve_fill(&r), 0);
        for (unsigned i = 0; i < 10; i++)
                assert_int_equal(store_reserve_spend(&r), true);
        assert_int_equal(r.size, STORE_RESERVE_BYTES);
        check_whole(*state);
        store_reserve_done(&r);
}

static void test_what_was_left_is_filled_up(void **state) {
        static const off_t sizes[] = { 0, 1, 65536, STORE_RESERVE_PART, 2 * STORE_RESERVE_BYTES };
        char path[UNIT_PATH_LEN];

        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
                struct store_reserve r = begin(*state);

                unit_write(unit_join(path, *state, "reserve"), "", 0, 0600);
                /* as a copy that has holes */
                assert_int_equal(truncate(path, sizes[i]), 0);
                assert_int_equal(store_reserve_fill(&r), 0);
                assert_int_equal(r.size, STORE_RESERVE_BYTES);
                assert_in_range(look(*state).st_blocks * 512, STORE_RESERVE_BYTES,
                                3 * STORE_RESERVE_BYTES);
                store_reserve_done(&r);
        }
}

/* A file system that has no such file has no reserve, and changes are made there. */
static void test_another_error_stops_nothing(void **state) {
        char path[UNIT_PATH_LEN];
        struct store_reserve r = begin(*state);

        assert_int_equal(symlink("elsewhere", unit_join(path, *state, "reserve")), 0);
        assert_int_equal(store_reserve_fill(&r), 0);
        assert_int_equal(r.size, 0);
        assert_int_equal(store_reserve_spend(&r), false);
        assert_int_equal(access(unit_join(path, *state, "elsewhere"), F_OK), -1);
        store_reserve_done(&r);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                unit_test_in_dir(test_it_takes_up_room_and_stays),
                unit_test_in_dir(test_with_room_it_stays_whole),
                unit_test_in_dir(test_what_was_left_is_filled_up),
                unit_test_in_dir(test_another_error_stops_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
