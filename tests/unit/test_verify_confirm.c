/* SPDX-License-Identifier: BSD-2-Clause */
/* Tickets: they confirm the login that they came from, as long as its key is good. A login that
 * was made with a certificate is confirmed with that one, as it was shown, and with no other. */
#include "unit_verify.h"

static const char one[] = "0 one certificate", other[] = "0 another certificate";

/* A login as root, whose word counts; then what confirms it, still without evidence. */
static struct wire_request login(const struct unit_verify *f, enum wire_evidence evidence) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);

        if (evidence != WIRE_EVIDENCE_NONE)
                unit_verify_show(&req, evidence, one, strlen(one));
        return unit_verify_login(f, &req, 0);
}

static int make(void **state) {
        struct unit_verify *f;

        if (unit_verify_make(state) < 0)
                return -1;
        f = *state;
        (void) unit_verify_put(f, 1, one);
        (void) unit_verify_put(f, 2, other);
        return 0;
}

static void test_what_confirms_a_login(void **state) {
        static const struct {
                const char *why;
                enum certificate_need at_login, need;
                enum wire_evidence login, confirm;
                const char *bytes;
                uid_t uid;
                enum reason reason;
        } rows[] = {
                { "the same", 1, 1, WIRE_SHOWN, WIRE_SHOWN, one, OTHER, REASON_NONE },
                { "the same, proved", 2, 2, WIRE_VOUCHED, WIRE_VOUCHED, one, 0, REASON_NONE },
                { "proved once is signed", 2, 2, WIRE_VOUCHED, WIRE_SIGNED, one, OTHER,
                  REASON_NONE },
                { "another", 1, 1, WIRE_SHOWN, WIRE_SHOWN, other, OTHER, REASON_STALE },
                { "none", 1, 1, WIRE_SHOWN, WIRE_EVIDENCE_NONE, NULL, OTHER, REASON_STALE },
                { "none where it does not matter any more", 1, 0, WIRE_SHOWN, WIRE_EVIDENCE_NONE,
                  NULL, OTHER, REASON_STALE },
                { "shown instead of proved", 2, 2, WIRE_VOUCHED, WIRE_SHOWN, one, 0, REASON_STALE },
                { "the word of somebody else", 2, 2, WIRE_VOUCHED, WIRE_VOUCHED, one, OTHER,
                  REASON_STALE },
                { "proved instead of shown", 1, 1, WIRE_SHOWN, WIRE_SIGNED, one, OTHER,
                  REASON_STALE },
                { "the same, and it takes a proof by now", 1, 2, WIRE_SHOWN, WIRE_SHOWN, one, OTHER,
                  REASON_CERTIFICATE_UNPROVED },
                { "it takes one by now", 0, 1, WIRE_EVIDENCE_NONE, WIRE_EVIDENCE_NONE, NULL, OTHER,
                  REASON_CERTIFICATE_MISSING },
                { "it takes one by now, which was not looked at", 0, 1, WIRE_SHOWN, WIRE_SHOWN, one,
                  OTHER, REASON_CERTIFICATE_MISSING },
                { "it takes one by now, which was not there", 0, 1, WIRE_EVIDENCE_NONE, WIRE_SHOWN,
                  one, OTHER, REASON_CERTIFICATE_MISSING },
                { "not needed and not shown", 0, 0, WIRE_EVIDENCE_NONE, WIRE_EVIDENCE_NONE, NULL,
                  OTHER, REASON_NONE },
                { "not needed, shown twice", 0, 0, WIRE_SHOWN, WIRE_SHOWN, one, OTHER,
                  REASON_NONE },
                { "not needed, shown the first time", 0, 0, WIRE_SHOWN, WIRE_EVIDENCE_NONE, NULL,
                  OTHER, REASON_NONE },
                { "not needed, another", 0, 0, WIRE_SHOWN, WIRE_SHOWN, other, OTHER, REASON_NONE },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct wire_request confirm;
                struct unit_answer a;

                unit_verify_policy(*state, "require-certificate", rows[i].at_login);
                confirm = login(*state, rows[i].login);
                if (rows[i].confirm != WIRE_EVIDENCE_NONE)
                        unit_verify_show(&confirm, rows[i].confirm, rows[i].bytes,
                                         strlen(rows[i].bytes));
                unit_verify_policy(*state, "require-certificate", rows[i].need);
                a = unit_verify_ask_as(*state, &confirm, rows[i].uid, NOW);
                unit_int(rows[i].why, a.event.reason, rows[i].reason);
                unit_int(rows[i].why, a.reply.verdict, verdict_of(rows[i].reason));
        }
}

/* A confirmation confirms itself: its own ticket is the login's. */
static void test_a_confirmation_has_the_ticket_of_the_login(void **state) {
        struct wire_request confirm;
        struct unit_answer a;

        unit_verify_policy(*state, "require-certificate", CERTIFICATE_YES);
        confirm = login(*state, WIRE_SHOWN);
        unit_verify_show(&confirm, WIRE_SHOWN, one, strlen(one));
        a = unit_verify_ask_as(*state, &confirm, OTHER, NOW);
        assert_int_equal(a.event.reason, REASON_NONE);
        assert_memory_equal(a.reply.ticket, confirm.ticket, sizeof(confirm.ticket));
}

/* What became of the certificate since counts at once. */
static void test_a_certificate_that_is_gone_confirms_nothing(void **state) {
        struct wire_request confirm;
        struct unit_verify *f = *state;

        unit_verify_policy(f, "require-certificate", CERTIFICATE_YES);
        confirm = login(f, WIRE_SHOWN);
        unit_verify_show(&confirm, WIRE_SHOWN, one, strlen(one));
        unit_sql(f->store->path, "UPDATE cert SET not_after = 1799999999");
        unit_verify_policy(f, "trust", 5);
        assert_int_equal(unit_verify_reason(f, &confirm), REASON_CERTIFICATE_EXPIRED);
}

static void test_every_bit_of_the_ticket_counts(void **state) {
        struct wire_request good, req;

        unit_verify_policy(*state, "require-certificate", CERTIFICATE_YES);
        good = login(*state, WIRE_SHOWN);
        unit_verify_show(&good, WIRE_SHOWN, one, strlen(one));
        for (unsigned bit = 0; bit < 8 * WIRE_TICKET_LEN; bit++) {
                req = good;
                req.ticket[bit / 8] ^= (uint8_t) (1U << bit % 8);
                assert_int_equal(unit_verify_reason(*state, &req), REASON_STALE);
        }
}

/* --- Without a certificate --- */

/* A login of another uid, and what confirms it. */
static struct wire_request plain_login(const struct unit_verify *f) {
        struct wire_request req = unit_verify_request(WIRE_VERIFY);

        return unit_verify_login(f, &req, OTHER);
}

static void test_a_ticket_confirms_the_login_it_came_from(void **state) {
        struct wire_request req = plain_login(*state);
        struct unit_answer a = unit_verify_ask_as(*state, &req, OTHER, NOW);

        assert_int_equal(a.reply.verdict, VERDICT_ALLOW);
        assert_string_equal(a.reply.id, ID);
        assert_int_equal(a.event.kind, WIRE_CONFIRM);
        assert_memory_equal(a.reply.ticket, req.ticket, sizeof(req.ticket));
}

static void test_a_ticket_confirms_nothing_else(void **state) {
        struct wire_request good = plain_login(*state), req;
        struct unit_verify *f = *state;

        for (unsigned bit = 0; bit < 8 * WIRE_TICKET_LEN; bit++) {
                req = good;
                req.ticket[bit / 8] ^= (uint8_t) (1U << bit % 8);
                assert_int_equal(unit_verify_reason(f, &req), REASON_STALE);
        }
        req = good;
        memcpy(req.user, "bob", 4);
        assert_int_equal(unit_verify_reason(f, &req), REASON_STALE);
        req = good;
        memcpy(req.id, "bbbbbbbbbb", 11);
        assert_int_equal(unit_verify_reason(f, &req), REASON_STALE);
        req = good;
        memcpy(req.service, "ftp", 4);
        assert_int_equal(unit_verify_reason(f, &req), REASON_SERVICE);
        req = good;
        memcpy(req.rhost, "192.0.3.7", 10);
        assert_int_equal(unit_verify_reason(f, &req), REASON_SOURCE);
        assert_int_equal(unit_verify_ask_as(f, &good, OTHER, NOW + 1000).event.reason,
                         REASON_EXPIRED);
        unit_verify_policy(f, "enabled", 0);
        assert_int_equal(unit_verify_reason(f, &good), REASON_DISABLED);
}

static void test_a_ticket_dies_with_the_key(void **state) {
        struct wire_request req = plain_login(*state);
        struct unit_verify *f = *state;
        struct key_record key = unit_verify_key(f, ID, "alice");

        unit_verify_digest(f, &key, unit_other_secret);
        unit_verify_update(f, &key);
        assert_int_equal(unit_verify_reason(f, &req), REASON_STALE);
        key = unit_verify_key(f, ID, "alice");
        unit_verify_update(f, &key);
        assert_int_equal(unit_verify_reason(f, &req), REASON_NONE);
        key.status = KEY_REVOKED;
        unit_verify_update(f, &key);
        assert_int_equal(unit_verify_reason(f, &req), REASON_REVOKED);
        unit_sql(f->store->path, "DELETE FROM key");
        store_release(f->store->reader);
        assert_int_equal(unit_verify_reason(f, &req), REASON_STALE);
}

#define test_verify(f) cmocka_unit_test_setup_teardown(f, make, unit_verify_drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_verify(test_what_confirms_a_login),
                test_verify(test_a_confirmation_has_the_ticket_of_the_login),
                test_verify(test_a_certificate_that_is_gone_confirms_nothing),
                test_verify(test_every_bit_of_the_ticket_counts),
                unit_test_with_verify(test_a_ticket_confirms_the_login_it_came_from),
                unit_test_with_verify(test_a_ticket_confirms_nothing_else),
                unit_test_with_verify(test_a_ticket_dies_with_the_key),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
