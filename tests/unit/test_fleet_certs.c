/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates of a fleet beside those that a host has itself. */
#include "unit_snapshot.h"
#include "unit_trust.h"

#include "cert/cert.h"
#include "mirror/mirror_certs.h"

/* A CA, whose bytes are no certificate. */
struct put {
        uint8_t n;
        bool gone;
};

static void put_ca(struct store *writer, const struct put *put) {
        const uint8_t der[32] = { 'C', 'A', put->n };
        struct cert_record cert = unit_cert(put->n);

        keymint_sha256(der, sizeof(der), cert.thumbprint);
        cert.kind = CERT_CA;
        if (put->gone)
                assert_int_equal(store_cert_delete(writer, cert.thumbprint), 0);
        else
                assert_int_equal(store_cert_insert(writer, &cert, der, sizeof(der)), 0);
}

/* Without the fleet. */
static void own(struct unit_host *h, struct put put) {
        assert_int_equal(store_begin(h->store->writer), 0);
        put_ca(h->store->writer, &put);
        assert_int_equal(store_commit(h->store->writer), 0);
}

static void fleets(struct fixture *f, struct unit_host *to, struct put put) {
        struct store *writer = f->issuer.store->writer;
        struct store_delta *delta = NULL;
        struct fleet_change change = {};
        struct fleet_news news;

        assert_int_equal(store_delta_new(&delta), 0);
        store_delta_widen(delta);
        store_delta_watch(writer, delta);
        assert_int_equal(store_begin(writer), 0);
        put_ca(writer, &put);
        assert_int_equal(fleet_change_make(f->issuer.fleet, writer, delta, &change), 0);
        store_rollback(writer);
        store_delta_watch(writer, NULL);
        assert_int_equal(fleet_change_apply(f->issuer.fleet, writer, &change, delta, &news), 0);
        assert_null(store_delta_free(delta));
        if (to)
                assert_int_equal(unit_host_take(to, unit_frame_of(&change, "all")), 0);
        fleet_change_done(&change);
}

static int64_t count(const struct unit_host *h, const char *which) {
        char sql[64];

        (void) snprintf(sql, sizeof(sql), "SELECT count(*) FROM cert WHERE %s", which);
        return unit_sql_number(h->store->path, sql);
}

/* --- Whose they are --- */

/* What a host trusts by itself is not the fleet's to take away. */
static void test_a_certificate_of_its_own(void **state) {
        struct fixture *f = *state;

        resync(&f->member, &f->issuer, "all");
        own(&f->member, (struct put){ .n = 1 });
        fleets(f, &f->member, (struct put){ .n = 1 });
        assert_int_equal(count(&f->issuer, "fleet = 1"), 1);
        assert_int_equal(count(&f->member, "fleet = 3"), 1);
        fleets(f, &f->member, (struct put){ .n = 1, .gone = true });
        assert_int_equal(count(&f->issuer, "true"), 0);
        assert_int_equal(count(&f->member, "fleet = 0"), 1);
        /* the same by snapshots */
        fleets(f, NULL, (struct put){ .n = 1 });
        resync(&f->member, &f->issuer, "all");
        assert_int_equal(count(&f->member, "fleet = 3"), 1);
        fleets(f, NULL, (struct put){ .n = 2 });
        resync(&f->member, &f->issuer, "all");
        assert_int_equal(count(&f->member, "fleet = 3"), 1);
        fleets(f, NULL, (struct put){ .n = 1, .gone = true });
        resync(&f->member, &f->issuer, "all");
        assert_int_equal(count(&f->member, "fleet = 0"), 1);
        assert_int_equal(count(&f->member, "fleet = 1"), 1);
}

/* The host has the fleet's as long as the fleet has it. */
static void test_its_own_goes_first(void **state) {
        struct fixture *f = *state;

        resync(&f->member, &f->issuer, "all");
        own(&f->member, (struct put){ .n = 1 });
        fleets(f, &f->member, (struct put){ .n = 1 });
        own(&f->member, (struct put){ .n = 1, .gone = true });
        assert_int_equal(count(&f->member, "fleet = 1"), 1);
        fleets(f, &f->member, (struct put){ .n = 1, .gone = true });
        assert_int_equal(count(&f->member, "true"), 0);
}

/* A snapshot of a host that was a member names all certificates of the fleet. */
static void test_a_promoted_host_lists_all(void **state) {
        struct fixture *f = *state;
        struct unit_host third = {};
        struct fleet_change change = {};
        struct fleet_move move = { .host = "web1", .groups = "all mail web", .issuing = true };
        struct store *writer = f->issuer.store->writer;
        struct fleet_news news;

        unit_host_make(&third, 5);
        unit_host_invite(&f->issuer, &third, "third", "all web", false, &change);
        fleet_change_done(&change);
        resync(&f->member, &f->issuer, "all");
        own(&f->member, (struct put){ .n = 1 });
        fleets(f, &f->member, (struct put){ .n = 1 });
        resync(&third, &f->issuer, "all");
        assert_int_equal(fleet_hosts_move(f->issuer.fleet, writer, &move, &change), 0);
        assert_int_equal(fleet_change_apply(f->issuer.fleet, writer, &change, NULL, &news), 0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&change, "all")), 0);
        assert_int_equal(unit_host_take(&third, unit_frame_of(&change, "all")), 0);
        fleet_change_done(&change);
        fleets(f, &f->member, (struct put){ .n = 2 });
        resync(&third, &f->member, "all");
        assert_int_equal(count(&third, "fleet = 1"), 2);
        unit_host_drop(&third);
}

/* An issuing host tells it to those who get its snapshot. */
static void test_a_certificate_of_an_issuing_host(void **state) {
        struct fixture *f = *state;
        struct unit_host second = {};
        struct fleet_change invite = {};

        unit_host_make(&second, 5);
        unit_host_invite(&f->issuer, &second, "second", "all mail web", true, &invite);
        resync(&second, &f->issuer, "all");
        own(&second, (struct put){ .n = 1 });
        fleets(f, &second, (struct put){ .n = 1 });
        assert_int_equal(count(&second, "fleet = 1"), 1);
        fleets(f, &second, (struct put){ .n = 1, .gone = true });
        assert_int_equal(count(&second, "true"), 0);
        fleet_change_done(&invite);
        unit_host_drop(&second);
}

/* --- How many --- */

/* A host that has all the CAs that it can have itself takes as many of the fleet. */
static void test_the_fleet_takes_no_place_of_a_host(void **state) {
        struct fixture *f = *state;
        struct store_cert_count n;

        resync(&f->member, &f->issuer, "all");
        for (uint8_t i = 0; i < CERT_CAS_MAX; i++)
                own(&f->member, (struct put){ .n = i });
        for (uint8_t i = 0; i < CERT_CAS_MAX - 1; i++)
                fleets(f, &f->member, (struct put){ .n = (uint8_t) (100 + i) });
        fleets(f, NULL, (struct put){ .n = 200 });
        resync(&f->member, &f->issuer, "all");
        assert_int_equal(store_cert_count(f->member.store->writer, false, &n), 0);
        assert_true(n.all == CERT_CAS_MAX && n.cas == CERT_CAS_MAX);
        assert_int_equal(store_cert_count(f->member.store->writer, true, &n), 0);
        assert_true(n.all == CERT_CAS_MAX && n.cas == CERT_CAS_MAX);
        assert_int_equal(mirror_certs_check(f->member.store->writer, f->member.store->writer), 0);
        own(&f->member, (struct put){ .n = CERT_CAS_MAX });
        assert_int_equal(mirror_certs_check(f->member.store->writer, f->member.store->writer),
                         -EBADMSG);
}

/* What it had of a fleet is its own when it leaves, a backup of it can be restored, and it is no
 * part of the next one. */
static void test_what_is_left_of_a_fleet(void **state) {
        struct fixture *f = *state;
        struct unit_host *h = &f->member;

        resync(h, &f->issuer, "all");
        for (uint8_t i = 0; i < CERT_CAS_MAX; i++)
                own(h, (struct put){ .n = i });
        fleets(f, h, (struct put){ .n = 100 });
        assert_int_equal(fleet_join_leave(h->fleet, h->store->writer, &unit_fleet_record), 0);
        assert_int_equal(count(h, "fleet = 0"), CERT_CAS_MAX + 1);
        assert_int_equal(mirror_certs_check(h->store->writer, h->store->writer), 0);
        assert_int_equal(
                fleet_join_init(h->fleet, h->store->writer, "web1", "dbname=x", &unit_fleet_record),
                -EMLINK);
        assert_non_null(fleet_refusal(-EMLINK));
        own(h, (struct put){ .n = 0, .gone = true });
        unit_host_init(h, "web1");
        assert_int_equal(count(h, "fleet = 1"), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_a_certificate_of_its_own, make, drop),
                cmocka_unit_test_setup_teardown(test_its_own_goes_first, make, drop),
                cmocka_unit_test_setup_teardown(test_a_promoted_host_lists_all, make, drop),
                cmocka_unit_test_setup_teardown(test_a_certificate_of_an_issuing_host, make, drop),
                cmocka_unit_test_setup_teardown(test_the_fleet_takes_no_place_of_a_host, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_what_is_left_of_a_fleet, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
