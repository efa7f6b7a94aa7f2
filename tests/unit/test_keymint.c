/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys and their digests: known answers, and that only what is meant goes into them. Whether a key
 * is good is not known here. */
#include "unit.h"

#include <signal.h>
#include <sodium.h>
#include <sys/wait.h>

#include "secret/keymint.h"

static bool hash_fails;

/* The linker sends the keyed hash here. */
__typeof__(crypto_generichash_blake2b_salt_personal)
        __real_crypto_generichash_blake2b_salt_personal,
        __wrap_crypto_generichash_blake2b_salt_personal;
int __wrap_crypto_generichash_blake2b_salt_personal(unsigned char *out, size_t out_len,
                                                    const unsigned char *in,
                                                    unsigned long long in_len,
                                                    const unsigned char *with, size_t with_len,
                                                    const unsigned char *salt,
                                                    const unsigned char *personal) {
        return hash_fails ? -1
                          : __real_crypto_generichash_blake2b_salt_personal(
                                    out, out_len, in, in_len, with, with_len, salt, personal);
}

/* Computed with Python: hashlib.blake2b(..., digest_size=32, key=bytes(range(32)),
 * person=b"wfapikey digest\0") and so on. The id is the first four bytes, least significant
 * first. */
static const char *const key = "wfk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop3cYLBr";
static const uint8_t known_digest[] = { 0xeb, 0x64, 0xd8, 0x78, 0xf3, 0x49, 0xd3, 0xf9,
                                        0x45, 0x4c, 0x65, 0xd5, 0x5c, 0x05, 0x8c, 0x83,
                                        0x57, 0xf5, 0xe1, 0x40, 0xbc, 0xf7, 0x8b, 0x0d,
                                        0x66, 0x49, 0x93, 0xf7, 0x41, 0x13, 0xe0, 0xac };
static const uint8_t known_ticket[] = { 0x4c, 0x9c, 0xcf, 0xaf, 0xcc, 0xbb, 0xc8, 0x1b,
                                        0x46, 0x90, 0xff, 0x4f, 0xc3, 0x43, 0x88, 0xd1,
                                        0x2b, 0x53, 0x83, 0xb6, 0x60, 0xaf, 0x03, 0x86,
                                        0x4c, 0xff, 0xea, 0x34, 0xdd, 0x66, 0x5a, 0xf3 };
static const uint32_t known_pepper_id = 1432752675;

static struct keymint *mint_with(uint8_t first) {
        uint8_t pepper[PEPPER_LEN];
        struct keymint *k = NULL;

        for (unsigned i = 0; i < PEPPER_LEN; i++)
                pepper[i] = (uint8_t) (first + i);
        assert_int_equal(keymint_new(&k, pepper), 0);
        memset(pepper, 0xff, sizeof(pepper)); /* it took a copy */
        return k;
}

static int mint(void **state) {
        *state = mint_with(0);
        return 0;
}

static int unmint(void **state) {
        *state = keymint_free(*state);
        return *state ? -1 : 0;
}

static struct key_record record(void) {
        struct key_record r = { .id = "0123456789", .owner = "alice", .name = "n" };

        memcpy(r.digest, known_digest, sizeof(r.digest));
        return r;
}

static void test_digest_is_the_known_one(void **state) {
        uint8_t digest[RECORD_DIGEST_LEN + 1];

        unit_poison(digest, sizeof(digest));
        keymint_digest(*state, keymint_pepper_id(*state), key, digest);
        assert_memory_equal(digest, known_digest, RECORD_DIGEST_LEN);
        unit_poisoned("behind", digest + RECORD_DIGEST_LEN, 1);
}

static void test_ticket_is_the_known_one(void **state) {
        struct key_record r = record();
        uint8_t ticket[WIRE_TICKET_LEN];

        keymint_ticket(*state, &r, "alice", NULL, false, ticket);
        assert_memory_equal(ticket, known_ticket, sizeof(ticket));
}

static void test_pepper_id_is_the_known_one(void **state) {
        struct keymint *other = mint_with(1);

        assert_int_equal(keymint_pepper_id(*state), known_pepper_id);
        assert_int_not_equal(keymint_pepper_id(other), known_pepper_id);
        keymint_free(other);
}

static void test_digest_takes_all_of_id_and_secret(void **state) {
        for (size_t at = KEYTEXT_PREFIX_LEN; at < KEYTEXT_LEN - KEYTEXT_CHECK_LEN; at++) {
                uint8_t digest[RECORD_DIGEST_LEN];
                char text[KEYTEXT_LEN + 1];

                memcpy(text, key, sizeof(text));
                text[at] = text[at] == 'x' ? 'y' : 'x';
                keymint_digest(*state, keymint_pepper_id(*state), text, digest);
                assert_int_equal(keymint_equal(digest, known_digest),
                                 at == KEYTEXT_PREFIX_LEN + KEYTEXT_ID_LEN);
        }
}

static void test_digest_is_of_the_pepper(void **state) {
        struct keymint *other = mint_with(1);
        uint8_t digest[RECORD_DIGEST_LEN];

        (void) state;
        keymint_digest(other, keymint_pepper_id(other), key, digest);
        assert_int_equal(keymint_equal(digest, known_digest), false);
        keymint_free(other);
}

/* A digest that the own pepper gives is of no use to a record of another one. */
static void test_a_check_takes_the_digest_and_its_pepper(void **state) {
        static const struct key_record nobody = {};
        struct key_record r = record();
        char other[KEYTEXT_LEN + 1];

        r.pepper_id = known_pepper_id;
        assert_int_equal(keymint_check(*state, &r, key), true);
        memcpy(other, key, sizeof(other));
        other[KEYTEXT_LEN - KEYTEXT_CHECK_LEN - 1] ^= 1;
        assert_int_equal(keymint_check(*state, &r, other), false);
        for (unsigned bit = 0; bit < 8 * RECORD_DIGEST_LEN; bit++) {
                r.digest[bit / 8] ^= (uint8_t) (1U << bit % 8);
                assert_int_equal(keymint_check(*state, &r, key), false);
                r.digest[bit / 8] ^= (uint8_t) (1U << bit % 8);
        }
        r.pepper_id = known_pepper_id + 1;
        assert_int_equal(keymint_check(*state, &r, key), false);
        assert_int_equal(keymint_check(*state, &nobody, key), false);
}

static void test_a_check_takes_the_ticket_and_the_pepper(void **state) {
        static const uint8_t thumbprint[RECORD_THUMBPRINT_LEN] = { 1 };
        struct key_record r = record();
        uint8_t ticket[WIRE_TICKET_LEN];

        r.pepper_id = known_pepper_id;
        memcpy(ticket, known_ticket, sizeof(ticket));
        assert_int_equal(keymint_check_ticket(*state, &r, "alice", NULL, false, ticket), true);
        assert_int_equal(keymint_check_ticket(*state, &r, "alicf", NULL, false, ticket), false);
        assert_int_equal(keymint_check_ticket(*state, &r, "alice", thumbprint, false, ticket),
                         false);
        for (unsigned bit = 0; bit < 8 * WIRE_TICKET_LEN; bit++) {
                ticket[bit / 8] ^= (uint8_t) (1U << bit % 8);
                assert_int_equal(keymint_check_ticket(*state, &r, "alice", NULL, false, ticket),
                                 false);
                ticket[bit / 8] ^= (uint8_t) (1U << bit % 8);
        }
        keymint_ticket(*state, &r, "alice", thumbprint, true, ticket);
        assert_int_equal(keymint_check_ticket(*state, &r, "alice", thumbprint, true, ticket), true);
        assert_int_equal(keymint_check_ticket(*state, &r, "alice", thumbprint, false, ticket),
                         false);
        r.pepper_id = known_pepper_id + 1;
        assert_int_equal(keymint_check_ticket(*state, &r, "alice", thumbprint, true, ticket),
                         false);
}

static void check_ticket(const struct keymint *k, const char *row, const struct key_record *r,
                         const char *user, bool same) {
        uint8_t ticket[WIRE_TICKET_LEN];

        keymint_ticket(k, r, user, NULL, false, ticket);
        unit_int(row, keymint_equal(ticket, known_ticket), same);
}

static void test_ticket_is_of_id_digest_user_and_pepper(void **state) {
        struct keymint *other = mint_with(1);
        struct key_record r = record();

        check_ticket(*state, "the same", &r, "alice", true);
        check_ticket(*state, "user", &r, "alic", false);
        check_ticket(*state, "user's case", &r, "Alice", false);
        check_ticket(*state, "no user", &r, "", false);
        check_ticket(other, "pepper", &r, "alice", false);
        r.id[9] = 'x';
        check_ticket(*state, "id", &r, "alice", false);
        r = record();
        r.digest[31] ^= 1;
        check_ticket(*state, "digest", &r, "alice", false);
        keymint_free(other);
}

/* A rename, or a change of what the key is good for, logs nobody out. */
static void test_ticket_is_of_nothing_else(void **state) {
        struct key_record r = record();

        memcpy(r.name, "other", 6);
        memcpy(r.services, "sshd", 5);
        r.updated_at = 77;
        r.uses = 5;
        check_ticket(*state, "the rest", &r, "alice", true);
}

static void test_ticket_takes_the_longest_user(void **state) {
        uint8_t one[WIRE_TICKET_LEN], other[WIRE_TICKET_LEN];
        char user[WIRE_USER_MAX + 1];
        struct key_record r = record();

        memset(user, 'u', WIRE_USER_MAX);
        user[WIRE_USER_MAX] = '\0';
        keymint_ticket(*state, &r, user, NULL, false, one);
        user[WIRE_USER_MAX - 1] = 'v';
        keymint_ticket(*state, &r, user, NULL, false, other);
        assert_int_equal(keymint_equal(one, other), false);
}

/* A seal is made of all its bytes and of the pepper. It is never equal to a digest or ticket. */
static void test_seal_is_of_all_bytes_and_of_the_pepper(void **state) {
        uint8_t in[1000] = {}, seal[RECORD_DIGEST_LEN], other[RECORD_DIGEST_LEN],
                pepper[PEPPER_LEN] = "other";
        struct keymint *k = NULL;

        keymint_seal(*state, in, sizeof(in), seal);
        for (size_t i = 0; i < sizeof(in); i++) {
                in[i] ^= 1;
                keymint_seal(*state, in, sizeof(in), other);
                in[i] ^= 1;
                assert_memory_not_equal(seal, other, sizeof(seal));
        }
        keymint_seal(*state, in, sizeof(in) - 1, other);
        assert_memory_not_equal(seal, other, sizeof(seal));
        assert_int_equal(keymint_new(&k, pepper), 0);
        keymint_seal(k, in, sizeof(in), other);
        assert_memory_not_equal(seal, other, sizeof(seal));
        keymint_free(k);
}

static void test_equal_sees_every_bit(void **state) {
        uint8_t other[RECORD_DIGEST_LEN];

        (void) state;
        memcpy(other, known_digest, sizeof(other));
        assert_int_equal(keymint_equal(known_digest, other), true);
        for (unsigned bit = 0; bit < 8 * RECORD_DIGEST_LEN; bit++) {
                other[bit / 8] ^= (uint8_t) (1U << bit % 8);
                assert_int_equal(keymint_equal(known_digest, other), false);
                other[bit / 8] ^= (uint8_t) (1U << bit % 8);
        }
        assert_int_equal(keymint_equal(known_digest, known_ticket), false);
}

static void test_what_is_made_is_well_formed_and_new(void **state) {
        char id[KEYTEXT_ID_LEN + 2], last_id[KEYTEXT_ID_LEN + 1] = "";
        struct secret secret, last = {};

        (void) state;
        for (unsigned i = 0; i < 1000; i++) {
                unit_poison(id, sizeof(id));
                keymint_make_id(id);
                assert_int_equal(keytext_is_id(id), true);
                unit_poisoned("behind the id", id + KEYTEXT_ID_LEN + 1, 1);
                assert_string_not_equal(id, last_id);
                memcpy(last_id, id, sizeof(last_id));
                keymint_make_secret(id, &secret);
                assert_int_equal(strlen(secret.text), KEYTEXT_LEN);
                assert_int_equal(keytext_is_key(secret.text, KEYTEXT_LEN), true);
                assert_memory_equal(keytext_id(secret.text), id, KEYTEXT_ID_LEN);
                assert_memory_not_equal(keytext_secret(secret.text), keytext_secret(last.text),
                                        KEYTEXT_SECRET_LEN);
                last = secret;
        }
}

static void count(unsigned *counts, const char *text, size_t len) {
        for (size_t i = 0; i < len; i++)
                counts[strchr(keytext_alphabet(), text[i]) - keytext_alphabet()]++;
}

/* Chi-squared over 62 digits has a mean of 61 and a deviation of 11. True randomness does not reach
 * 200. A byte taken modulo 62 gives thousands. */
static void check_uniform(const char *row, const unsigned *counts) {
        unsigned long total = 0;
        double chi = 0;

        for (unsigned i = 0; i < 62; i++)
                total += counts[i];
        for (unsigned i = 0; i < 62; i++) {
                double want = (double) total / 62, off = (double) counts[i] - want;

                chi += off * off / want;
        }
        unit_int(row, chi < 200, true);
        unit_int(row, chi > 10, true); /* too even is not random either */
}

static void test_digits_are_drawn_uniformly(void **state) {
        unsigned ids[62] = {}, secrets[62] = {}, first[62] = {};
        struct secret secret;

        (void) state;
        for (unsigned i = 0; i < 20000; i++) {
                char id[KEYTEXT_ID_LEN + 1];

                keymint_make_id(id);
                keymint_make_secret(id, &secret);
                count(ids, id, KEYTEXT_ID_LEN);
                count(secrets, keytext_secret(secret.text), KEYTEXT_SECRET_LEN);
                count(first, keytext_secret(secret.text), 1);
        }
        check_uniform("ids", ids);
        check_uniform("secrets", secrets);
        check_uniform("first digit of secrets", first);
}

/* What the kernel says of the pages that have the pepper: not writable, and not in core dumps (dd).
 * Whether they are locked in memory (lo) depends on the limits of the user who runs this. */
/* What is in memory by chance is compared with nothing: the daemon ends at once. */
static void test_a_hash_that_fails_is_no_digest(void **state) {
        struct key_record r = record();
        pid_t child;
        int status;

        r.pepper_id = keymint_pepper_id(*state);
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                hash_fails = true;
                (void) signal(SIGABRT, SIG_DFL);
                _exit(keymint_check(*state, &r, key) ? 1 : 2);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void test_the_pepper_is_out_of_reach(void **state) {
        uintptr_t want = (uintptr_t) *state, begin, end;
        FILE *f = fopen("/proc/self/smaps", "re");
        char line[1024], permissions[8] = "";
        bool here = false, seen = false;

        assert_non_null(f);
        while (fgets(line, sizeof(line), f)) {
                if (sscanf(line, "%lx-%lx %7s", &begin, &end, permissions) == 3)
                        here = want >= begin && want < end;
                if (here && sscanf(line, "%lx-%lx", &begin, &end) == 2)
                        assert_string_equal(permissions, "r--p");
                if (here && strncmp(line, "VmFlags:", 8) == 0) {
                        assert_non_null(strstr(line, " dd"));
                        seen = true;
                }
        }
        assert_int_equal(fclose(f), 0);
        assert_int_equal(seen, true);
}

static void pepper_of(uint8_t first, uint8_t out[static PEPPER_LEN]) {
        for (unsigned i = 0; i < PEPPER_LEN; i++)
                out[i] = (uint8_t) (first + i);
}

static uint32_t pepper_id_of(uint8_t first) {
        struct keymint *k = mint_with(first);
        uint32_t id = keymint_pepper_id(k);

        keymint_free(k);
        return id;
}

static void test_a_foreign_pepper_digests_as_at_home(void **state) {
        uint8_t pepper[PEPPER_LEN], home[RECORD_DIGEST_LEN], here[RECORD_DIGEST_LEN],
                copy[PEPPER_LEN];
        struct keymint *other = mint_with(1);
        uint32_t id = keymint_pepper_id(other);

        pepper_of(1, pepper);
        assert_int_equal(keymint_knows(*state, id), false);
        assert_int_equal(keymint_copy_pepper(*state, id, copy), false);
        assert_int_equal(keymint_add(*state, pepper, id), 1);
        assert_int_equal(keymint_add(*state, pepper, id), 0);
        assert_int_equal(keymint_knows(*state, id), true);
        assert_int_equal(keymint_copy_pepper(*state, id, copy), true);
        assert_memory_equal(copy, pepper, PEPPER_LEN);
        keymint_digest(other, id, key, home);
        keymint_digest(*state, id, key, here);
        assert_memory_equal(here, home, sizeof(home));
        /* The own pepper is what it was, and tickets are this host's. */
        assert_int_equal(keymint_pepper_id(*state), known_pepper_id);
        keymint_digest(*state, known_pepper_id, key, here);
        assert_memory_equal(here, known_digest, sizeof(here));
        test_ticket_is_the_known_one(state);
        keymint_free(other);
}

static void test_a_pepper_of_another_id_is_refused(void **state) {
        uint8_t pepper[PEPPER_LEN];

        pepper_of(1, pepper);
        assert_int_equal(keymint_add(*state, pepper, known_pepper_id), -EKEYREJECTED);
        assert_int_equal(keymint_add(*state, pepper, pepper_id_of(2)), -EKEYREJECTED);
        assert_int_equal(keymint_knows(*state, pepper_id_of(1)), false);
}

/* Where the pepper is not there, the own pepper is used for the same work. The outcome is a digest,
 * but not that of a key. */
static void test_an_unknown_pepper_is_known_as_such(void **state) {
        uint8_t digest[RECORD_DIGEST_LEN];

        keymint_digest(*state, known_pepper_id + 1, key, digest);
        assert_int_equal(keymint_knows(*state, known_pepper_id + 1), false);
        assert_int_equal(keymint_knows(*state, 0), false);
        assert_int_equal(keymint_knows(*state, known_pepper_id), true);
}

static void test_there_is_room_for_so_many(void **state) {
        uint8_t pepper[PEPPER_LEN];

        for (unsigned i = 1; i <= PEPPER_FOREIGN_MAX + 1; i++) {
                pepper_of((uint8_t) i, pepper);
                assert_int_equal(keymint_add(*state, pepper, pepper_id_of((uint8_t) i)),
                                 i <= PEPPER_FOREIGN_MAX ? 1 : -ENOSPC);
        }
        for (unsigned i = 1; i <= PEPPER_FOREIGN_MAX; i++)
                assert_int_equal(keymint_knows(*state, pepper_id_of((uint8_t) i)), true);
}

/* A ticket is for one certificate or for none, and knows whether its key was proved. There are as
 * many tickets as cases. */
static void test_ticket_is_of_the_certificate_and_its_proof(void **state) {
        static const uint8_t thumbprints[][RECORD_THUMBPRINT_LEN] = { {}, { 1 }, { [31] = 1 } };
        uint8_t tickets[7][WIRE_TICKET_LEN];
        struct key_record r = record();
        size_t n = 0;

        keymint_ticket(*state, &r, "alice", NULL, false, tickets[n++]);
        keymint_ticket(*state, &r, "alice", NULL, true, tickets[n]);
        /* without a certificate nothing was proved */
        assert_memory_equal(tickets[0], tickets[n], WIRE_TICKET_LEN);
        for (size_t i = 0; i < ARRAY_LEN(thumbprints); i++)
                for (unsigned proved = 0; proved < 2; proved++)
                        keymint_ticket(*state, &r, "alice", thumbprints[i], proved, tickets[n++]);
        assert_int_equal(n, ARRAY_LEN(tickets));
        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < i; j++)
                        assert_memory_not_equal(tickets[i], tickets[j], WIRE_TICKET_LEN);
}

/* The longest user name leaves no room behind it, and shares no ticket with a shorter one that has
 * a certificate. */
static void test_ticket_keeps_user_and_certificate_apart(void **state) {
        uint8_t one[WIRE_TICKET_LEN], other[WIRE_TICKET_LEN],
                thumbprint[RECORD_THUMBPRINT_LEN] = { 'u' };
        char user[WIRE_USER_MAX + 1] = {};
        struct key_record r = record();

        memset(user, 'u', WIRE_USER_MAX);
        keymint_ticket(*state, &r, user, thumbprint, false, one);
        user[WIRE_USER_MAX - 1] = '\0';
        keymint_ticket(*state, &r, user, thumbprint, false, other);
        assert_memory_not_equal(one, other, sizeof(one));
}

static void test_sha256_is_the_known_one(void **state) {
        static const uint8_t want[] = { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                        0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                        0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                        0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad };
        uint8_t got[RECORD_HASH_LEN + 1];

        (void) state;
        unit_poison(got, sizeof(got));
        keymint_sha256("abc", 3, got); /* FIPS 180-4 */
        assert_memory_equal(got, want, sizeof(want));
        unit_poisoned("behind", got + RECORD_HASH_LEN, 1);
}

static void test_what_is_drawn_is_drawn_anew(void **state) {
        uint8_t one[WIRE_CHALLENGE_LEN], other[WIRE_CHALLENGE_LEN];

        (void) state;
        keymint_draw(one, sizeof(one));
        keymint_draw(other, sizeof(other));
        assert_memory_not_equal(one, other, sizeof(one));
}

static void test_nothing_can_be_freed(void **state) {
        (void) state;
        assert_null(keymint_free(NULL));
}

#define test_mint(f) cmocka_unit_test_setup_teardown(f, mint, unmint)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_mint(test_digest_is_the_known_one),
                test_mint(test_ticket_is_the_known_one),
                test_mint(test_pepper_id_is_the_known_one),
                test_mint(test_digest_takes_all_of_id_and_secret),
                test_mint(test_digest_is_of_the_pepper),
                test_mint(test_a_check_takes_the_digest_and_its_pepper),
                test_mint(test_a_check_takes_the_ticket_and_the_pepper),
                test_mint(test_ticket_is_of_id_digest_user_and_pepper),
                test_mint(test_ticket_is_of_nothing_else),
                test_mint(test_ticket_takes_the_longest_user),
                test_mint(test_seal_is_of_all_bytes_and_of_the_pepper),
                test_mint(test_equal_sees_every_bit),
                test_mint(test_what_is_made_is_well_formed_and_new),
                test_mint(test_digits_are_drawn_uniformly),
                test_mint(test_a_hash_that_fails_is_no_digest),
                test_mint(test_the_pepper_is_out_of_reach),
                test_mint(test_a_foreign_pepper_digests_as_at_home),
                test_mint(test_a_pepper_of_another_id_is_refused),
                test_mint(test_an_unknown_pepper_is_known_as_such),
                test_mint(test_there_is_room_for_so_many),
                test_mint(test_ticket_is_of_the_certificate_and_its_proof),
                test_mint(test_ticket_keeps_user_and_certificate_apart),
                cmocka_unit_test(test_sha256_is_the_known_one),
                cmocka_unit_test(test_what_is_drawn_is_drawn_anew),
                cmocka_unit_test(test_nothing_can_be_freed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
