/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts that lose the same server at the same moment do not come back at the same moment. Chance is
 * the test's, so all figures are the same each time. */
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "unit.h"

#include "pause.h"

#define SECOND UINT64_C(1000000)

static uint64_t chance, step;
static bool no_chance;

ssize_t __wrap_getrandom(void *buffer, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *buffer, size_t len, unsigned flags) {
        (void) flags;
        assert_int_equal(len, sizeof(chance));
        if (no_chance)
                return -1;
        memcpy(buffer, &chance, sizeof(chance));
        chance += step;
        return (ssize_t) len;
}

/* As the generator of java.util.SplittableRandom. */
static uint64_t mix(uint64_t x) {
        x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
        return x ^ x >> 31;
}

/* Each length from a half to one and a half comes as often as any other. */
static void test_all_lengths_are_alike(void **state) {
        unsigned seen[1001] = {};

        (void) state;
        chance = 0;
        step = 1;
        for (unsigned i = 0; i < 10 * ARRAY_LEN(seen); i++) {
                uint64_t usec = pause_jitter(1000);

                assert_in_range(usec, 500, 1500);
                seen[usec - 500]++;
        }
        for (size_t i = 0; i < ARRAY_LEN(seen); i++)
                assert_int_equal(seen[i], 10);
}

static void test_pauses_grow(void **state) {
        struct pause p = {};
        uint64_t want = SECOND / 5;

        (void) state;
        chance = step = 0;
        for (unsigned i = 0; i < 20; i++) {
                assert_int_equal(pause_next(&p), want / 2);
                want = 2 * want < 60 * SECOND ? 2 * want : 60 * SECOND;
        }
}

#define HOSTS   1000
#define MINUTES 5

/* All hosts of a server have lost it. Once they have waited for a minute, no second has more than
 * twice its share of their attempts: 1000 hosts that wait for 60 s each are 17 in a second. */
static void test_a_herd(void **state) {
        unsigned attempts[MINUTES * 60] = {};

        (void) state;
        step = 0;
        for (unsigned h = 0; h < HOSTS; h++) {
                struct pause p = {};

                for (uint64_t at = 0, n = 0; at < MINUTES * 60 * SECOND; n++) {
                        attempts[at / SECOND]++;
                        chance = mix((uint64_t) h << 32 | n);
                        at += pause_next(&p);
                }
        }
        assert_in_range(attempts[0], HOSTS, 4 * HOSTS);
        for (unsigned s = 120; s < ARRAY_LEN(attempts); s++)
                assert_in_range(attempts[s], 4, 2 * HOSTS / 60 + 4);
}

/* The kernel may have no chance yet, soon after a boot. Then the clock has to do. */
static void test_without_chance(void **state) {
        uint64_t first, different = 0;

        (void) state;
        no_chance = true;
        first = pause_jitter(60 * SECOND);
        for (unsigned i = 0; i < 1000; i++) {
                uint64_t usec = pause_jitter(60 * SECOND);

                assert_in_range(usec, 30 * SECOND, 90 * SECOND);
                different += usec != first;
        }
        assert_true(different > 0);
        no_chance = false;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all_lengths_are_alike),
                cmocka_unit_test(test_pauses_grow),
                cmocka_unit_test(test_a_herd),
                cmocka_unit_test(test_without_chance),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
