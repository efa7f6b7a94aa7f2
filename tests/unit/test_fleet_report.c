/* SPDX-License-Identifier: BSD-2-Clause */
/* A member's uses and audit log come home: all of it, once, in order, whenever either side ends. */
#include "unit_fleet_report.h"

#include "base/clock.h"
#include "secret/secretfile.h"

static int count_record(const struct store_reported_record *record, void *userdata) {
        assert_string_equal(record->host, "web1");
        assert_true(record->record.seq > 0);
        ++*(size_t *) userdata;
        return 0;
}

static size_t records(struct fixture *f, const struct audit_filter *filter) {
        size_t n = 0;
        int64_t next;

        assert_int_equal(store_reported_list(f->issuer.store->writer, "web1", filter, 100000,
                                             count_record, &n, &next),
                         0);
        return n;
}

static int keep_use(const struct store_reported_use *use, void *userdata) {
        *(struct store_reported_use *) userdata = *use;
        return 0;
}

static void use_key(struct fixture *f, const char *id, int64_t at) {
        struct key_use use = { .at = at, .service = "sshd", .rhost = "192.0.2.7" };
        struct store *writer = f->member.store->writer;

        (void) snprintf(use.id, sizeof(use.id), "%s", id);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_key_used(writer, &use, 1), 0);
        assert_int_equal(store_commit(writer), 0);
}

static void make_key(struct fixture *f, struct fleet_change *made) {
        struct key_record key = fleet_key(f, "web");

        unit_host_change(&f->issuer, insert, &key, made);
        assert_int_equal(unit_host_take(&f->member, &made->frames[0]), 0);
}

/* The uses of fleet keys, by host, and all records from the day that the host came. */
static void test_comes_home(void **state) {
        struct fixture *f = *state;
        struct store_reported_use use = {};
        struct audit_filter all = {}, of_alice = { .user = "alice" }, of_bob = { .user = "bob" };
        struct key_record own = unit_key("own0000000", "bob");
        struct fleet_change made = {};

        make_key(f, &made);
        assert_int_equal(store_begin(f->member.store->writer), 0);
        assert_int_equal(store_key_insert(f->member.store->writer, &own), 0);
        assert_int_equal(store_commit(f->member.store->writer), 0);
        use_key(f, ID, 1000);
        use_key(f, "own0000000", 1000);
        use_key(f, ID, 2000);
        log_event(&f->member, "login");
        assert_int_equal(go_home(f).fault, REPORTED_RIGHT);
        assert_int_equal(store_reported_each_use(f->issuer.store->writer, ID, keep_use, &use), 0);
        assert_string_equal(use.host, "web1");
        assert_int_equal(use.use.at, 2000);
        assert_int_equal(use.use.count, 2);
        assert_string_equal(use.use.service, "sshd");
        /* joined, two changes, one login */
        assert_true(records(f, &all) >= 2);
        assert_int_equal(records(f, &all), reported(f).records);
        assert_int_equal(records(f, &of_alice), 1);
        assert_int_equal(records(f, &of_bob), 0);
        assert_int_equal(unit_sql_number(f->issuer.store->path,
                                         "SELECT count(*) FROM fleet_use WHERE id <> '" ID "'"),
                         0);
        /* Each once. A report without news says that the host is there. */
        assert_int_equal(go_home(f).number, 2);
        assert_int_equal(records(f, &of_alice), 1);
        use_key(f, ID, 3000);
        assert_int_equal(go_home(f).number, 3);
        assert_int_equal(store_reported_each_use(f->issuer.store->writer, ID, keep_use, &use), 0);
        assert_int_equal(use.use.at, 3000);
        fleet_change_done(&made);
}

static int keep_record(const struct store_reported_record *record, void *userdata) {
        *(struct audit_record *) userdata = record->record;
        return 0;
}

static void last_of_alice(struct fixture *f, struct audit_record *ret) {
        struct audit_filter of_alice = { .user = "alice" };
        int64_t next;

        assert_int_equal(store_reported_list(f->issuer.store->writer, "web1", &of_alice, 100000,
                                             keep_record, ret, &next),
                         0);
}

/* The login uid goes with its record. */
static void test_who_it_was(void **state) {
        struct fixture *f = *state;
        struct audit_record record = unit_fleet_record, got = {};
        struct store *writer = f->member.store->writer;

        (void) snprintf(record.user, sizeof(record.user), "alice");
        record.has_login = true;
        record.login_uid = 1000;
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_audit_add(writer, &record), 0);
        assert_int_equal(store_commit(writer), 0);
        assert_int_equal(go_home(f).fault, REPORTED_RIGHT);
        last_of_alice(f, &got);
        assert_int_equal(got.has_login, true);
        assert_int_equal(got.login_uid, 1000);
        log_event(&f->member, "login");
        assert_int_equal(go_home(f).fault, REPORTED_RIGHT);
        last_of_alice(f, &got);
        assert_int_equal(got.has_login, false);
}

/* A report never has more records than an issuing host of before the login uids takes. */
static void test_much_with_login_uids(void **state) {
        struct fixture *f = *state;
        struct audit_record record = unit_fleet_record;
        struct store *writer = f->member.store->writer;
        struct audit_filter all = { .user = "alice" };
        size_t n = 0;

        (void) snprintf(record.user, sizeof(record.user), "alice");
        record.has_login = true;
        assert_int_equal(store_begin(writer), 0);
        for (unsigned i = 0; i < 1500; i++) {
                record.login_uid = 1000 + i;
                assert_int_equal(store_audit_add(writer, &record), 0);
        }
        assert_int_equal(store_commit(writer), 0);
        for (unsigned i = 0; i < 5 && n < 1500; i++) {
                size_t before = n;

                assert_int_equal(go_home(f).fault, REPORTED_RIGHT);
                n = records(f, &all);
                assert_in_range(n - before, 1, 1000);
        }
        assert_int_equal(n, 1500);
        assert_int_equal(unit_sql_number(f->issuer.store->path,
                                         "SELECT count(DISTINCT login_uid) FROM fleet_audit WHERE "
                                         "user = 'alice' AND login_uid >= 1000"),
                         1500);
}

/* The uses of a key that is gone are forgotten. */
static void test_key_is_gone(void **state) {
        struct fixture *f = *state;
        struct fleet_change made = {}, removed = {};
        struct key_record key = fleet_key(f, "web");

        make_key(f, &made);
        use_key(f, ID, 1000);
        (void) go_home(f);
        unit_host_change(&f->issuer, remove_key, &key, &removed);
        assert_int_equal(unit_sql_number(f->issuer.store->path, "SELECT count(*) FROM fleet_use"),
                         0);
        fleet_change_done(&made);
        fleet_change_done(&removed);
}

/* What is on its way is the same, whoever has died since. */
static void test_same_again(void **state) {
        struct fixture *f = *state;
        struct fleet_report one = report_of(&f->member), two;
        struct fleet_reported_news news;

        log_event(&f->member, "later");
        unit_host_again(&f->member);
        two = report_of(&f->member);
        assert_int_equal(one.number, two.number);
        assert_int_equal(one.len, two.len);
        assert_memory_equal(one.frame, two.frame, one.len);
        fleet_report_done(&two);
        /* Another number says nothing about it. */
        assert_int_equal(fleet_report_stored(f->member.fleet, f->member.store->writer, 7), 0);
        stored(&f->member, &one);
        stored(&f->member, &one);
        two = report_of(&f->member);
        assert_int_equal(two.number, one.number + 1);
        /* The issuing host hears of the first one twice, in pieces. */
        for (size_t at = 0; at < one.len; at += 100)
                assert_int_equal(take_bytes_of(&f->issuer, "web1", one.frame + at,
                                               one.len - at < 100 ? one.len - at : 100, &news),
                                 0);
        assert_int_equal(news.number, 1);
        unit_host_again(&f->issuer);
        news = take_report(&f->issuer, "web1", &one);
        assert_int_equal(news.number, 1);
        assert_int_equal(news.fault, REPORTED_RIGHT);
        assert_int_equal(take_report(&f->issuer, "web1", &two).number, 2);
        assert_int_equal(reported(f).fault, REPORTED_RIGHT);
        fleet_report_done(&one);
        fleet_report_done(&two);
}

/* A long log comes in several reports, and each report in several transactions. */
static void test_much(void **state) {
        struct fixture *f = *state;
        struct audit_record record = unit_fleet_record;
        struct store *writer = f->member.store->writer;
        struct audit_filter all = { .user = "alice" };
        struct fleet_reported_news news = {};
        struct fleet_report report;
        size_t calls = 1;

        (void) snprintf(record.user, sizeof(record.user), "alice");
        memset(record.detail, 'x', AUDIT_DETAIL_MAX);
        assert_int_equal(store_begin(writer), 0);
        for (unsigned i = 0; i < 1500; i++)
                assert_int_equal(store_audit_add(writer, &record), 0);
        assert_int_equal(store_commit(writer), 0);
        report = report_of(&f->member);
        assert_true(report.len <= STORE_REPORT_MAX);
        stored(&f->member, &report);
        assert_int_equal(fleet_reported_take(f->issuer.fleet, f->issuer.store->writer, "web1",
                                             report.frame, report.len, &news),
                         0);
        assert_true(news.more);
        assert_int_equal(records(f, &all) / 100, 0);
        /* A daemon that ends now begins with the whole report again. */
        unit_host_again(&f->issuer);
        news = take_report(&f->issuer, "web1", &report);
        fleet_report_done(&report);
        assert_int_equal(news.number, 1);
        assert_true(records(f, &all) < 1001);
        assert_true(reported(f).last > reported(f).mark.seq);
        (void) go_home(f);
        assert_int_equal(records(f, &all), 1500);
        assert_int_equal(reported(f).fault, REPORTED_RIGHT);
        assert_int_equal(reported(f).last, reported(f).mark.seq);
        /* What is old goes in pieces. */
        assert_int_equal(store_begin(f->issuer.store->writer), 0);
        assert_int_equal(store_reported_purge(f->issuer.store->writer, clock_now() - 3600, 100), 0);
        for (int n = 100; n == 100; calls++) {
                n = store_reported_purge(f->issuer.store->writer, clock_now() + 1, 100);
                assert_in_range(n, 0, 100);
        }
        assert_int_equal(store_commit(f->issuer.store->writer), 0);
        assert_true(calls > 15);
        assert_int_equal(records(f, &all), 0);
        assert_int_equal(reported(f).records, 0);
}

/* A report is due when there is time for it, and 15 minutes later. */
static void test_when(void **state) {
        struct fixture *f = *state;
        struct fleet_report report;
        int64_t due;

        assert_int_equal(fleet_report_next(f->member.fleet, f->member.store->writer, &report), 0);
        due = f->member.fleet->report_at_ms - clock_boot_ms();
        assert_true(due <= 60000);
        fleet_report_done(&report);
        report = report_of(&f->member);
        /* It waits where the database does not take it, unless somebody asks. */
        fleet_report_failed(f->member.fleet);
        fleet_report_done(&report);
        f->member.fleet->report_at_ms = clock_boot_ms() + 1000;
        assert_int_equal(fleet_report_next(f->member.fleet, f->member.store->writer, &report), 0);
        assert_null(report.frame);
        report = report_of(&f->member);
        stored(&f->member, &report);
        fleet_report_done(&report);
        due = f->member.fleet->report_at_ms - clock_boot_ms();
        assert_in_range(due, 15 * 60000 - 1000, 18 * 60000);
        assert_int_equal(fleet_report_next(f->member.fleet, f->member.store->writer, &report), 0);
        assert_null(report.frame);
        assert_in_range(report.wait_s, 15 * 60 - 1, 18 * 60 + 1);
        /* A daemon that starts often does not report more often. */
        unit_host_again(&f->member);
        assert_int_equal(fleet_report_next(f->member.fleet, f->member.store->writer, &report), 0);
        assert_null(report.frame);
        assert_in_range(report.wait_s, 15 * 60 - 1, 18 * 60 + 1);
}

/* A host that leaves and comes again under its name goes on. What its log got meanwhile comes, too.
 */
static void test_comes_again(void **state) {
        struct fixture *f = *state;
        struct audit_filter all = { .user = "alice" };
        struct fleet_change invite = {};

        (void) go_home(f);
        assert_int_equal(
                fleet_join_leave(f->member.fleet, f->member.store->writer, &unit_fleet_record), 0);
        log_event(&f->member, "alone");
        unit_host_invite(&f->issuer, &f->member, "web1", "all web", false, &invite);
        assert_int_equal(go_home(f).number, 2);
        assert_int_equal(reported(f).fault, REPORTED_RIGHT);
        assert_int_equal(records(f, &all), 1);
        fleet_change_done(&invite);
}

/* A machine that was installed anew has another key: an administrator has invited it, so its log
 * may begin anew. With the old key it may not. */
static void test_installed_anew(void **state) {
        for (unsigned same = 0; same < 2; same++) {
                struct fixture *f = *state;
                struct fleet_change invite = {};
                struct unit_host fresh = {};
                uint8_t secret[SEAL_SECRET_LEN];
                int dir;

                (void) go_home(f);
                unit_host_make(&fresh, 7);
                if (same) {
                        dir = fresh.dir;
                        assert_int_equal(mirror_key_source(f->member.dir, secret), 0);
                        assert_int_equal(secretfile_write(dir, "source.key", secret), 0);
                }
                unit_host_invite(&f->issuer, &fresh, "web1", "all web", false, &invite);
                unit_host_drop(&f->member);
                f->member = fresh;
                if (same) {
                        struct fleet_report report = report_of(&f->member);

                        /* The database has more. */
                        assert_int_equal(
                                fleet_report_taken(f->member.fleet, f->member.store->writer, 1, 1),
                                0);
                        fleet_report_done(&report);
                        assert_int_equal(go_home(f).fault, REPORTED_FORKED);
                } else
                        assert_int_equal(go_home(f).fault, REPORTED_RIGHT);
                assert_int_equal(reported(f).chain, 1);
                assert_int_equal(go_home(f).fault, REPORTED_RIGHT);
                fleet_change_done(&invite);
                drop(state);
                make(state);
        }
}

/* An issuing host that leaves forgets what it was told. When it comes again, or its store was
 * restored, it says that it lacks what was for it, and goes on. */
static void test_another_issuer(void **state) {
        struct fixture *f = *state;
        struct store_reported row;
        struct fleet_report report;

        (void) go_home(f);
        (void) go_home(f);
        report = report_of(&f->member);
        stored(&f->member, &report);
        unit_sql(f->issuer.store->path, "DELETE FROM fleet_reported; DELETE FROM fleet_audit");
        assert_int_equal(take_report(&f->issuer, "web1", &report).fault, REPORTED_MISSING);
        assert_int_equal(reported(f).number, 3);
        fleet_report_done(&report);
        assert_int_equal(
                fleet_join_leave(f->issuer.fleet, f->issuer.store->writer, &unit_fleet_record), 0);
        assert_int_equal(store_reported_get(f->issuer.store->writer, "web1", &row), -ENOENT);
        assert_int_equal(fleet_reported_take(f->issuer.fleet, f->issuer.store->writer, "web1", NULL,
                                             0, &(struct fleet_reported_news){}),
                         -ENOLINK);
        assert_int_equal(fleet_reported_take(f->member.fleet, f->member.store->writer, "web1", NULL,
                                             0, &(struct fleet_reported_news){}),
                         -EOPNOTSUPP);
}

/* Who is silent, and who is wrong. */
static void test_sum(void **state) {
        struct fixture *f = *state;
        struct store_reported_sum sum;

        assert_int_equal(store_reported_sum(f->issuer.store->writer, clock_now(), &sum), 0);
        assert_int_equal(sum.hosts, 2);
        assert_int_equal(sum.silent, 2);
        (void) go_home(f);
        assert_int_equal(store_reported_sum(f->issuer.store->writer, clock_now(), &sum), 0);
        assert_int_equal(sum.silent, 1);
        assert_string_equal(sum.example, "hub");
        unit_sql(f->member.store->path, "UPDATE audit SET user = 'mallory' WHERE seq = 2");
        assert_int_equal(go_home(f).fault, REPORTED_ALTERED);
        assert_int_equal(store_reported_sum(f->issuer.store->writer, clock_now(), &sum), 0);
        assert_int_equal(sum.wrong, 1);
        assert_string_equal(sum.example, "web1");
        assert_int_equal(store_reported_sum(f->issuer.store->writer, clock_now() + 4000, &sum), 0);
        assert_int_equal(sum.silent, 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_comes_home, make, drop),
                cmocka_unit_test_setup_teardown(test_who_it_was, make, drop),
                cmocka_unit_test_setup_teardown(test_much_with_login_uids, make, drop),
                cmocka_unit_test_setup_teardown(test_key_is_gone, make, drop),
                cmocka_unit_test_setup_teardown(test_same_again, make, drop),
                cmocka_unit_test_setup_teardown(test_much, make, drop),
                cmocka_unit_test_setup_teardown(test_when, make, drop),
                cmocka_unit_test_setup_teardown(test_comes_again, make, drop),
                cmocka_unit_test_setup_teardown(test_installed_anew, make, drop),
                cmocka_unit_test_setup_teardown(test_another_issuer, make, drop),
                cmocka_unit_test_setup_teardown(test_sum, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
