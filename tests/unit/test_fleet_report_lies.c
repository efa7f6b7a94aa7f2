/* SPDX-License-Identifier: BSD-2-Clause */
/* What a member's root, its wfapikey-fleetd and the database cannot do with reports: change what
 * was reported, speak for another host, read what others report, or keep the next report from being
 * taken. */
#include "unit_fleet_report.h"

static const uint8_t none[FRAME_HASH_LEN];

/* Not a bit of a report can be changed, and nothing be cut off or added. */
static void test_damaged(void **state) {
        struct fixture *f = *state;
        struct fleet_report report = report_of(&f->member);
        struct fleet_reported_news news;
        struct store_reported row;
        uint8_t *longer;

        for (size_t bit = 0; bit < 8 * report.len; bit += 7) {
                report.frame[bit / 8] ^= (uint8_t) (1U << bit % 8);
                assert_true(take_bytes_of(&f->issuer, "web1", report.frame, report.len, &news) <
                                    0 ||
                            news.number == 0);
                fleet_reported_forget(f->issuer.fleet);
                report.frame[bit / 8] ^= (uint8_t) (1U << bit % 8);
        }
        for (size_t len = 0; len < report.len; len += 3) {
                assert_int_equal(take_bytes_of(&f->issuer, "web1", report.frame, len, &news), 0);
                assert_int_equal(news.number, 0);
                fleet_reported_forget(f->issuer.fleet);
        }
        longer = malloc(report.len + 1);
        assert_non_null(longer);
        memcpy(longer, report.frame, report.len);
        longer[report.len] = 0;
        assert_int_equal(take_bytes_of(&f->issuer, "web1", longer, report.len + 1, &news),
                         -EBADMSG);
        free(longer);
        assert_int_equal(store_reported_get(f->issuer.store->writer, "web1", &row), -ENOENT);
        assert_int_equal(take_report(&f->issuer, "web1", &report).number, 1);
        fleet_report_done(&report);
}

/* Only issuing hosts can open it, and it counts for its own host alone. */
static void test_others(void **state) {
        struct fixture *f = *state;
        struct fleet_report report = report_of(&f->member);
        struct fleet_frame frame = { .bytes = report.frame, .len = report.len };
        struct fleet_reported_news news;
        uint8_t secret[SEAL_SECRET_LEN], *out = malloc(report.len);
        size_t len;

        assert_non_null(out);
        assert_int_equal(mirror_key_source(f->member.dir, secret), 0);
        assert_int_equal(frame_report_open(report.frame, report.len, secret, out, &len), -ENOKEY);
        assert_int_equal(mirror_key_source(f->issuer.dir, secret), 0);
        assert_int_equal(frame_report_open(report.frame, report.len, secret, out, &len), 0);
        assert_int_equal(take_bytes_of(&f->issuer, "hub", report.frame, report.len, &news),
                         -EKEYREJECTED);
        assert_int_equal(take_bytes_of(&f->issuer, "nobody", report.frame, report.len, &news),
                         -ENOENT);
        /* It is no change, and a change is no report. */
        memcpy(frame.group, "all", 4);
        assert_int_equal(unit_host_take(&f->issuer, &frame), -EMEDIUMTYPE);
        assert_int_equal(take_bytes_of(&f->issuer, "web1", f->invite.frames[0].bytes,
                                       f->invite.frames[0].len, &news),
                         -EMEDIUMTYPE);
        free(out);
        fleet_report_done(&report);
}

/* A host that was dropped is not heard any more. What it has said stays. */
static void test_dropped(void **state) {
        struct fixture *f = *state;
        struct fleet_change dropped = {};
        struct fleet_reported_news news;
        struct fleet_report report;

        (void) go_home(f);
        report = report_of(&f->member);
        assert_int_equal(
                fleet_hosts_drop(f->issuer.fleet, f->issuer.store->writer, "web1", &dropped), 0);
        assert_int_equal(unit_host_take(&f->issuer, &dropped.frames[0]), 0);
        assert_int_equal(take_bytes_of(&f->issuer, "web1", report.frame, report.len, &news),
                         -ENOENT);
        assert_int_equal(reported(f).number, 1);
        assert_true(reported(f).records > 0);
        fleet_report_done(&report);
        fleet_change_done(&dropped);
}

/* Replayed, left out, and two with one number. */
static void test_order_of_reports(void **state) {
        struct fixture *f = *state;
        struct fleet_report reports[4], fork;
        struct fleet_reported_news news;

        for (size_t i = 0; i < 4; i++) {
                log_event(&f->member, "event");
                reports[i] = report_of(&f->member);
                stored(&f->member, &reports[i]);
        }
        (void) take_report(&f->issuer, "web1", &reports[0]);
        (void) take_report(&f->issuer, "web1", &reports[1]);
        assert_int_equal(take_bytes_of(&f->issuer, "web1", reports[0].frame, reports[0].len, &news),
                         -ESTALE);
        assert_int_equal(reported(f).fault, REPORTED_RIGHT);
        assert_int_equal(take_report(&f->issuer, "web1", &reports[3]).fault, REPORTED_MISSING);
        assert_int_equal(reported(f).number, 4);
        /* An alarm is there until somebody has seen to it, or there is a graver one. */
        fork = made_up(f, 4, none, (const uint8_t *) "", 0);
        assert_int_equal(take_report(&f->issuer, "web1", &fork).fault, REPORTED_FORKED);
        assert_int_equal(take_report(&f->issuer, "web1", &fork).fault, REPORTED_RIGHT);
        assert_int_equal(reported(f).fault, REPORTED_FORKED);
        unit_sql(f->issuer.store->path, "UPDATE fleet_reported SET fault = 0");
        assert_int_equal(take_report(&f->issuer, "web1", &fork).fault, REPORTED_FORKED);
        assert_int_equal(reported(f).number, 4);
        unit_sql(f->issuer.store->path, "UPDATE fleet_reported SET fault = 0");
        fleet_report_done(&fork);
        /* The real one goes on. */
        assert_int_equal(go_home(f).number, 5);
        assert_int_equal(reported(f).fault, REPORTED_RIGHT);
        fork = made_up(f, 6, reports[0].frame, (const uint8_t *) "", 0);
        assert_int_equal(take_report(&f->issuer, "web1", &fork).fault, REPORTED_FORKED);
        fleet_report_done(&fork);
        for (size_t i = 0; i < 4; i++)
                fleet_report_done(&reports[i]);
}

/* What the member's root does to the log in the database. */
static void test_rewritten(void **state) {
        static const struct {
                const char *sql;
                enum store_reported_fault fault;
        } rows[] = {
                { "UPDATE audit SET user = 'mallory' WHERE seq = 3", REPORTED_ALTERED },
                { "DELETE FROM audit WHERE seq = 3", REPORTED_LACKS },
                { "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)", REPORTED_LACKS },
                { "UPDATE audit_chain SET mac = zeroblob(32)", REPORTED_UNSEALED },
                { "DELETE FROM audit; UPDATE audit_chain SET base_seq = 0, head_seq = 0, mac = "
                  "zeroblob(32)",
                  REPORTED_LACKS },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct fixture *f = *state;

                for (unsigned k = 0; k < 3; k++)
                        log_event(&f->member, "login");
                assert_int_equal(go_home(f).fault, REPORTED_RIGHT);
                unit_sql(f->member.store->path, rows[i].sql);
                assert_int_equal(go_home(f).fault, rows[i].fault);
                assert_int_equal(unit_sql_number(f->issuer.store->path,
                                                 "SELECT count(*) FROM fleet_audit WHERE user = "
                                                 "'mallory'"),
                                 0);
                drop(state);
                make(state);
        }
}

static void put_log(struct bytes_writer *w, int64_t from, int64_t last, uint8_t seal) {
        struct fleet_report_log log = { .from = { .seq = from }, .last = { .seq = last } };

        memset(log.from.hash, seal, sizeof(log.from.hash));
        memset(log.last.hash, seal, sizeof(log.last.hash));
        fleet_report_body_put_log(w, &log);
}

/* Reports the events 1 to 3, each with its number as its seal. */
static void tell_first(struct fixture *f) {
        struct audit_record record = unit_fleet_record;
        uint8_t bytes[4096], seal[RECORD_DIGEST_LEN];
        struct bytes_writer w = { .out = bytes, .size = sizeof(bytes) };
        struct fleet_report report;

        put_log(&w, 0, 3, 3);
        for (record.seq = 1; record.seq <= 3; record.seq++) {
                memset(seal, (int) record.seq, sizeof(seal));
                fleet_report_body_put_audit(&w, &record, seal);
        }
        report = made_up(f, 1, none, bytes, w.len);
        assert_int_equal(take_report(&f->issuer, "web1", &report).fault, REPORTED_RIGHT);
        fleet_report_done(&report);
}

/* Reports one event with the number ${seq} of a log from ${from} to ${last}, all with ${seal}. */
static enum store_reported_fault tell_next(struct fixture *f, int64_t number, int64_t from,
                                           int64_t last, int64_t seq, uint8_t seal_byte) {
        struct audit_record record = unit_fleet_record;
        uint8_t bytes[4096], seal[RECORD_DIGEST_LEN];
        struct bytes_writer w = { .out = bytes, .size = sizeof(bytes) };
        enum store_reported_fault fault;
        struct fleet_report report;

        put_log(&w, from, last, seal_byte);
        record.seq = seq;
        memset(seal, seal_byte, sizeof(seal));
        fleet_report_body_put_audit(&w, &record, seal);
        report = made_up(f, number, reported(f).hash, bytes, w.len);
        fault = take_report(&f->issuer, "web1", &report).fault;
        fleet_report_done(&report);
        return fault;
}

/* A login uid belongs to the record before it, and never to one that was reported earlier. */
static void test_login_uids_of_the_past(void **state) {
        struct audit_record record = unit_fleet_record;
        struct fixture *f = *state;
        uint8_t bytes[4096], seal[RECORD_DIGEST_LEN] = { 4 };
        struct bytes_writer w = { .out = bytes, .size = sizeof(bytes) };
        struct fleet_report report;
        size_t begin;

        tell_first(f);
        put_log(&w, 3, 4, 3);
        record.seq = 4;
        record.has_login = true;
        record.login_uid = 1000;
        begin = w.len;
        fleet_report_body_put_audit(&w, &record, seal);
        /* the login uid once more, for others */
        for (uint8_t seq = 1; seq <= 4; seq++) {
                memcpy(bytes + w.len, bytes + w.len - 17, 17);
                w.len += 17;
                bytes_put(bytes + w.len - 12, 8, seq);
        }
        assert_true(w.len > begin);
        report = made_up(f, 2, reported(f).hash, bytes, w.len);
        assert_int_equal(take_report(&f->issuer, "web1", &report).fault, REPORTED_RIGHT);
        fleet_report_done(&report);
        assert_int_equal(unit_sql_number(f->issuer.store->path,
                                         "SELECT sum(seq) FROM fleet_audit WHERE login_uid <> -1"),
                         4);
        /* A log that is told anew names nobody in the records that are kept. */
        w.len = 0;
        put_log(&w, 2, 4, 3);
        record.seq = 3;
        record.login_uid = 2000;
        memset(seal, 3, sizeof(seal));
        fleet_report_body_put_audit(&w, &record, seal);
        report = made_up(f, 3, reported(f).hash, bytes, w.len);
        (void) take_report(&f->issuer, "web1", &report);
        fleet_report_done(&report);
        assert_int_equal(unit_sql_number(f->issuer.store->path,
                                         "SELECT sum(seq) FROM fleet_audit WHERE login_uid <> -1"),
                         4);
}

/* A provoked fault of a small kind would otherwise keep everybody from hearing of the next one. */
static void test_a_grave_fault_is_told_behind_a_small_one(void **state) {
        struct fixture *f = *state;

        tell_first(f);
        assert_int_equal(tell_next(f, 2, 4, 5, 5, 9), REPORTED_MISSING);
        assert_int_equal(tell_next(f, 3, 8, 9, 9, 9), REPORTED_RIGHT); /* told already */
        assert_int_equal(tell_next(f, 4, 9, 10, 10, 7), REPORTED_REWRITTEN);
        assert_int_equal(reported(f).fault, REPORTED_REWRITTEN);
        assert_int_equal(tell_next(f, 5, 12, 14, 14, 7), REPORTED_RIGHT);
        assert_int_equal(reported(f).fault, REPORTED_REWRITTEN);
}

/* A root that has the keys of the member, and makes up a past that fits itself. */
static void test_made_up_past(void **state) {
        static const struct {
                int64_t from, last, seq;
                uint8_t seal;
                enum store_reported_fault fault;
        } rows[] = {
                { 3, 4, 4, 3, REPORTED_RIGHT },     { 3, 4, 4, 9, REPORTED_REWRITTEN },
                { 3, 2, 4, 3, REPORTED_REWRITTEN }, { 4, 5, 5, 9, REPORTED_MISSING },
                { 2, 4, 3, 9, REPORTED_REWRITTEN }, { 3, 9, 6, 3, REPORTED_MISSING },
                { 0, 9, 6, 3, REPORTED_MISSING },   { INT64_MAX, 9, 4, 3, REPORTED_UNREADABLE },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct fixture *f = *state;

                tell_first(f);
                assert_int_equal(
                        tell_next(f, 2, rows[i].from, rows[i].last, rows[i].seq, rows[i].seal),
                        rows[i].fault);
                /* what was reported stays */
                assert_int_equal(
                        unit_sql_number(
                                f->issuer.store->path,
                                "SELECT count(*) FROM fleet_audit WHERE seq = 3 "
                                "AND hash = CAST(replace(hex(zeroblob(16)), '0', char(3)) AS "
                                "BLOB)"),
                        1);
                drop(state);
                make(state);
        }
}

/* What is signed, and cannot be read, is an alarm. The next report is taken all the same. */
static void test_hostile_body(void **state) {
        struct fixture *f = *state;
        struct audit_record record = unit_fleet_record;
        uint8_t bytes[8192], seal[RECORD_DIGEST_LEN] = {};
        struct bytes_writer w = { .out = bytes, .size = sizeof(bytes) };
        struct key_use use = { .id = ID, .at = 1, .count = 1 };
        struct fleet_report report;
        int64_t number = 1;
        size_t len;

        record.seq = 1;
        put_log(&w, 0, 3, 3);
        fleet_report_body_put_use(&w, &use);
        (void) snprintf(record.detail, sizeof(record.detail), "detail");
        record.has_login = true;
        fleet_report_body_put_audit(&w, &record, seal);
        len = w.len;
        /* whatever becomes of each byte, also of the length of texts and records */
        for (size_t at = 0; at <= len; at++) {
                struct store_reported row = {};

                bytes[at] ^= 0x9b;
                (void) !store_reported_get(f->issuer.store->writer, "web1", &row);
                report = made_up(f, number, row.hash, bytes, at % 2 ? len : at);
                assert_int_equal(take_report(&f->issuer, "web1", &report).number, number);
                fleet_report_done(&report);
                bytes[at] ^= 0x9b;
                number++;
        }
        assert_int_not_equal(reported(f).fault, REPORTED_RIGHT);
        assert_int_equal(unit_sql_number(f->issuer.store->path,
                                         "SELECT count(*) FROM fleet_audit WHERE detail NOT IN "
                                         "('', 'detail') AND detail GLOB '*[^ -~]*'"),
                         0);
        report = made_up(f, number, reported(f).hash, bytes, len);
        assert_int_equal(take_report(&f->issuer, "web1", &report).number, number);
        fleet_report_done(&report);
}

/* Otherwise a member kept keys of others from being idle. */
static void test_uses_of_others(void **state) {
        struct fixture *f = *state;
        struct key_record web = fleet_key(f, "web"), mail = fleet_key(f, "mail");
        struct key_use use = { .id = ID, .at = INT64_MAX / 4, .count = 1 };
        struct fleet_change change = {}, made[2] = {};
        struct fleet_report report;
        struct fleet_news news;
        uint8_t bytes[512];
        struct bytes_writer w = { .out = bytes, .size = sizeof(bytes) };
        int64_t last = 0;

        assert_int_equal(
                fleet_hosts_group(f->issuer.fleet, f->issuer.store->writer, "mail", &change), 0);
        assert_int_equal(
                fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, &change, NULL, &news),
                0);
        memcpy(mail.id, "othergroup", sizeof(mail.id));
        unit_host_change(&f->issuer, insert, &web, &made[0]);
        unit_host_change(&f->issuer, insert, &mail, &made[1]);
        put_log(&w, 0, 0, 0);
        fleet_report_body_put_use(&w, &use);
        memcpy(use.id, mail.id, sizeof(use.id));
        fleet_report_body_put_use(&w, &use);
        report = made_up(f, 1, none, bytes, w.len);
        assert_int_equal(take_report(&f->issuer, "web1", &report).number, 1);
        assert_int_equal(store_reported_last_use(f->issuer.store->writer, mail.id, &last), 0);
        assert_int_equal(last, 0);
        assert_int_equal(store_reported_last_use(f->issuer.store->writer, ID, &last), 0);
        assert_in_range(last, 1, clock_now());
        fleet_report_done(&report);
        fleet_change_done(&change);
        fleet_change_done(&made[0]);
        fleet_change_done(&made[1]);
}

/* A host that floods its log pushes nothing out. */
static void test_flood(void **state) {
        struct fixture *f = *state;

        log_event(&f->member, "first");
        (void) go_home(f);
        unit_sql(f->issuer.store->path, "UPDATE fleet_reported SET records = 500000");
        log_event(&f->member, "second");
        assert_int_equal(go_home(f).fault, REPORTED_FULL);
        assert_int_equal(reported(f).records, 500000);
        assert_int_equal(reported(f).number, 2);
        assert_int_equal(unit_sql_number(f->issuer.store->path,
                                         "SELECT count(*) FROM fleet_audit WHERE event = 'first'"),
                         1);
        assert_int_equal(unit_sql_number(f->issuer.store->path,
                                         "SELECT count(*) FROM fleet_audit WHERE event = 'second'"),
                         0);
}

/* As if so many records of each of 100 other hosts, and of this one, were kept. */
static void kept(struct fixture *f, int64_t others, int64_t own) {
        char sql[256];

        (void) snprintf(sql, sizeof(sql),
                        "UPDATE fleet_reported SET fault = 0, records = iif(host = 'web1', %lld, "
                        "%lld)",
                        (long long) own, (long long) others);
        unit_sql(f->issuer.store->path, sql);
}

/* With many hosts, or all that there are, nobody fills the disk of an issuing host: beyond a half
 * of the bound for all of them each has its share of the other half, and one that has less goes
 * on. The bound itself holds to the record. */
static void test_flood_by_many(void **state) {
        const int64_t share = STORE_REPORTED_ALL_MAX / 2 / 101;
        struct fixture *f = *state;

        log_event(&f->member, "first");
        (void) go_home(f);
        unit_sql(f->issuer.store->path,
                 "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100) "
                 "INSERT INTO fleet_reported SELECT 'other' || i, key, chain, number, hash, "
                 "signed_at, taken_at, seq, seal, last, 0, 0, 0, 0, 0 FROM fleet_reported, c");
        kept(f, STORE_REPORTED_ALL_MAX / 200 - 1000, share + 1000);
        log_event(&f->member, "second");
        assert_int_equal(go_home(f).fault, REPORTED_RIGHT);
        assert_int_equal(reported(f).records, share + 1001);
        kept(f, STORE_REPORTED_ALL_MAX / 200, share - 1);
        log_event(&f->member, "third");
        assert_int_equal(go_home(f).fault, REPORTED_RIGHT);
        log_event(&f->member, "fourth");
        assert_int_equal(go_home(f).fault, REPORTED_FULL);
        assert_int_equal(reported(f).records, share);
        kept(f, (STORE_REPORTED_ALL_MAX - 49000) / 100 - 1, 49000);
        for (unsigned i = 0; i < 200; i++)
                log_event(&f->member, "more");
        assert_int_equal(go_home(f).fault, REPORTED_FULL);
        assert_int_equal(
                unit_sql_number(f->issuer.store->path, "SELECT sum(records) FROM fleet_reported"),
                STORE_REPORTED_ALL_MAX);
}

/* A database that withholds the first reports of a host is seen with the next one. */
static void test_first_reports_withheld(void **state) {
        struct fixture *f = *state;
        struct fleet_report reports[3];

        for (size_t i = 0; i < 3; i++) {
                log_event(&f->member, "event");
                reports[i] = report_of(&f->member);
                stored(&f->member, &reports[i]);
        }
        assert_int_equal(take_report(&f->issuer, "web1", &reports[1]).fault, REPORTED_MISSING);
        assert_int_equal(reported(f).fault, REPORTED_MISSING);
        unit_sql(f->issuer.store->path, "UPDATE fleet_reported SET fault = 0");
        assert_int_equal(take_report(&f->issuer, "web1", &reports[2]).fault, REPORTED_RIGHT);
        for (size_t i = 0; i < 3; i++)
                fleet_report_done(&reports[i]);
}

/* wfapikey-fleetd may say that the database has more, and gets no further than a leap. */
static void test_taken(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->member.store->writer;
        struct fleet_report report = report_of(&f->member);

        assert_int_equal(fleet_report_taken(f->member.fleet, writer, 1, 0), -ESTALE);
        assert_int_equal(fleet_report_taken(f->member.fleet, writer, 1, INT64_MAX), -ESTALE);
        assert_int_equal(fleet_report_taken(f->member.fleet, writer, 1, FLEET_REPORT_LEAP + 2),
                         -ESTALE);
        assert_int_equal(fleet_report_taken(f->member.fleet, writer, 1, 41), 0);
        fleet_report_done(&report);
        report = report_of(&f->member);
        assert_int_equal(report.number, 42);
        stored(&f->member, &report);
        assert_int_equal(take_report(&f->issuer, "web1", &report).number, 42);
        assert_int_equal(go_home(f).number, 43);
        assert_int_equal(reported(f).fault, REPORTED_RIGHT);
        fleet_report_done(&report);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_damaged, make, drop),
                cmocka_unit_test_setup_teardown(test_others, make, drop),
                cmocka_unit_test_setup_teardown(test_dropped, make, drop),
                cmocka_unit_test_setup_teardown(test_order_of_reports, make, drop),
                cmocka_unit_test_setup_teardown(test_rewritten, make, drop),
                cmocka_unit_test_setup_teardown(test_login_uids_of_the_past, make, drop),
                cmocka_unit_test_setup_teardown(test_made_up_past, make, drop),
                cmocka_unit_test_setup_teardown(test_a_grave_fault_is_told_behind_a_small_one, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_hostile_body, make, drop),
                cmocka_unit_test_setup_teardown(test_uses_of_others, make, drop),
                cmocka_unit_test_setup_teardown(test_flood, make, drop),
                cmocka_unit_test_setup_teardown(test_flood_by_many, make, drop),
                cmocka_unit_test_setup_teardown(test_first_reports_withheld, make, drop),
                cmocka_unit_test_setup_teardown(test_taken, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
