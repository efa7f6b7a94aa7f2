/* SPDX-License-Identifier: BSD-2-Clause */
/* Which certificate a person means: by its name, or by all or the first digits of its thumbprint.
 * Never by chance. */
#include "unit_trust.h"

#include "keys/registered.h"
#include "rules/policy.h"

/* The thumbprints of two of them differ in the ninth digit. One has a name that looks like the
 * digits of the second. One has a name that is the beginning of others. */
static const struct {
        uint8_t thumbprint[6];
        const char *name;
        enum cert_kind kind;
} certs[] = {
        { { 0xab, 0xcd, 0xef, 0x01, 0x10 }, "laptop", CERT_CLIENT },
        { { 0xab, 0xcd, 0xef, 0x01, 0x20 }, "phone", CERT_CLIENT },
        { { 0x77 }, "abcdef0120", CERT_CLIENT },
        { { 0x12, 0x34, 0x56, 0x78 }, "Example CA", CERT_CA },
        { { 0x99, 0x99, 0x99, 0x99, 0x99, 0x99 }, "9999999", CERT_CLIENT },
};

static int make(void **state) {
        struct unit_store *s;

        if (unit_store_make(state) < 0)
                return -1;
        s = *state;
        for (size_t i = 0; i < ARRAY_LEN(certs); i++) {
                struct cert_record cert = unit_cert((uint8_t) (i + 1));

                memset(cert.thumbprint, 0, sizeof(cert.thumbprint));
                memcpy(cert.thumbprint, certs[i].thumbprint, sizeof(certs[i].thumbprint));
                (void) snprintf(cert.name, sizeof(cert.name), "%s", certs[i].name);
                cert.kind = certs[i].kind;
                unit_cert_put(s->writer, &cert, "der", 3);
        }
        return 0;
}

#define ZEROS54 "000000000000000000000000000000000000000000000000000000"

static void test_what_is_found(void **state) {
        static const struct {
                const char *which;
                int r; /* or the row above */
        } rows[] = {
                { "laptop", 0 },
                { "phone", 1 },
                { "Example CA", 3 },
                { "abcdef0110", 0 },
                { "ABCDEF0110", 0 },
                { "AbCdEf01100", 0 },
                { "abcdef011", 0 },
                { "abcdef0110" ZEROS54, 0 },
                { "ABCDEF0110" ZEROS54, 0 },
                /* a name must match exactly, and is tried before digits */
                { "abcdef0120", 2 },
                { "ABCDEF0120", 1 },
                { "abcdef01200", 1 },
                { "12345678", 3 },
                { "9999999", 4 },
                { "99999999", 4 },
                { "abcdef01", -ENOTUNIQ },
                { "ABCDEF01", -ENOTUNIQ },
                { "abcdef0", -ENOENT }, /* too few digits, and no name */
                { "7700000", -ENOENT },
                { "", -ENOENT },
                { "Laptop", -ENOENT },
                { "laptop ", -ENOENT },
                { "lap", -ENOENT },
                { "abcdef03", -ENOENT },
                { "abcdef0110" ZEROS54 "0", -ENOENT },
                { "abcdef0110"
                  "100000000000000000000000000000000000000000000000000000",
                  -ENOENT },
                { "abcdef01%", -ENOENT },
                { "xabcdef0110", -ENOENT },
        };
        struct unit_store *s = *state;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct cert_record got;
                int r;

                unit_poison(&got, sizeof(got));
                r = registered_find(s->writer, rows[i].which, &got);
                unit_int(rows[i].which, r, rows[i].r < 0 ? rows[i].r : 0);
                if (r < 0)
                        unit_poisoned(rows[i].which, &got, sizeof(got));
                else
                        unit_str(rows[i].which, got.name, certs[rows[i].r].name);
        }
}

static void test_what_could_be_a_thumbprint_is_no_name(void **state) {
        static const struct {
                const char *text;
                bool is;
        } rows[] = {
                { "", false },
                { "1234567", false },
                { "12345678", true },
                { "deadbeef", true },
                { "DEADBEEF", true },
                { "DeadBeef0", true },
                { "deadbeeg", false },
                { "dead beef", false },
                { "deadbeef ", false },
                { "0xdeadbeef", false },
                { "00" ZEROS54 "00000000", true },
                { "00" ZEROS54 "000000000", false },
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].text, registered_is_thumbprint(rows[i].text), rows[i].is);
}

static int take_trust(const char *name, int64_t value, int64_t changed_at, void *userdata) {
        (void) changed_at;
        if (strcmp(name, POLICY_TRUST) == 0)
                *(int64_t *) userdata = value;
        return 0;
}

static void test_every_touch_draws_another_number(void **state) {
        struct unit_store *s = *state;
        int64_t marks[3] = {};

        for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
                assert_int_equal(store_begin(s->writer), 0);
                assert_int_equal(registered_touch(s->writer, 5), 0);
                assert_int_equal(store_commit(s->writer), 0);
                assert_int_equal(store_policy_each(s->writer, take_trust, &marks[i]), 0);
                for (size_t j = 0; j < i; j++)
                        assert_int_not_equal(marks[i], marks[j]);
        }
}

static void test_damage_is_an_error(void **state) {
        struct unit_store *s = *state;
        struct cert_record got;

        unit_sql(s->path, "UPDATE cert SET spki = x''");
        unit_poison(&got, sizeof(got));
        assert_int_equal(registered_find(s->writer, "laptop", &got), -EUCLEAN);
        unit_poisoned("damaged", &got, sizeof(got));
}

/* Names are letters; each row is "issuer>subject ..." of the CAs that are registered. '?' is the
 * name that an older store did not note. */
static void test_cas_without_a_root(_unused_ void **state) {
        static const struct {
                const char *row, *cas;
                const char *rooted; /* a digit for each CA */
        } rows[] = {
                { "a root", "R>R", "1" },
                { "its root is not there", "R>A", "0" },
                { "one between is not there", "R>R A>B", "10" },
                { "all are there", "R>R R>A A>B", "111" },
                { "in any order", "A>B R>A R>R", "111" },
                { "two that issued each other", "A>B B>A", "00" },
                { "and a root beside them", "A>B B>A R>R", "001" },
                { "two of one name", "R>A S>A S>S A>B", "0111" },
                { "an older store", "?>A", "1" },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct cert_record cas[8];
                struct unit_store *s;
                void *made = NULL;
                size_t n = strlen(rows[i].rooted);

                assert_int_equal(unit_store_make(&made), 0);
                s = made;
                for (size_t c = 0; c < n; c++) {
                        const char *text = rows[i].cas + 4 * c;

                        cas[c] = unit_cert((uint8_t) (c + 1));
                        cas[c].kind = CERT_CA;
                        memset(cas[c].serial.issuer, text[0] == '?' ? 0 : text[0], RECORD_HASH_LEN);
                        memset(cas[c].subject_id, text[2], RECORD_HASH_LEN);
                        unit_cert_put(s->writer, &cas[c], "der", 3);
                }
                for (size_t c = 0; c < n; c++)
                        unit_int(rows[i].row, registered_has_root(s->writer, &cas[c]),
                                 rows[i].rooted[c] - '0');
                assert_int_equal(unit_store_remove(&made), 0);
        }
}

#define test_certs(f) cmocka_unit_test_setup_teardown(f, make, unit_store_remove)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_certs(test_what_is_found),
                cmocka_unit_test(test_what_could_be_a_thumbprint_is_no_name),
                test_certs(test_every_touch_draws_another_number),
                test_certs(test_damage_is_an_error),
                cmocka_unit_test(test_cas_without_a_root),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
