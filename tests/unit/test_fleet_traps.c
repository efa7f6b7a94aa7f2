/* SPDX-License-Identifier: BSD-2-Clause */
/* What an issuing host that means ill prepares for the time when it is dropped: keys that go on
 * signing, states that nobody can end or change any more, snapshots that cannot be made. */
#include "unit_snapshot.h"

#include <sqlite3.h>

#include "fleet/fleet_body.h"
#include "store/store_mirror.h"
#include "store/store_stmt.h"

static char k[] = "aaaaaaaaaa", other[] = "bbbbbbbbbb";

struct evil {
        struct unit_host host;
        struct fleet_change invite;
};

/* A second issuing host, that means ill. All are at the same number of the group of all hosts. */
static void begin(struct fixture *f, struct evil *e) {
        unit_host_make(&e->host, 5);
        unit_host_invite(&f->issuer, &e->host, "second", "all mail web", true, &e->invite);
        resync(&f->member, &f->issuer, "all");
        resync(&e->host, &f->issuer, "all");
}

static void done(struct evil *e) {
        fleet_change_done(&e->invite);
        unit_host_drop(&e->host);
}

/* It signs these bytes as a change of the group of all hosts. Says what others make of it. */
static int say(struct fixture *f, struct evil *e, const struct bytes_writer *body) {
        struct fleet_change change = {};
        int r, member;

        assert_int_equal(fleet_change_say(e->host.fleet, body->out, body->len, &change), 0);
        assert_int_equal(unit_host_take(&e->host, &change.frames[0]),
                         r = unit_host_take(&f->issuer, &change.frames[0]));
        member = unit_host_take(&f->member, &change.frames[0]);
        assert_int_equal(member, r);
        fleet_change_done(&change);
        return r;
}

/* The same of a change of keys or policies. */
static void say_change(struct fixture *f, struct evil *e, void (*body)(struct store *, void *),
                       void *userdata) {
        struct fleet_change made = {};

        unit_host_change(&e->host, body, userdata, &made);
        assert_int_equal(unit_host_take(&f->issuer, &made.frames[0]), 0);
        assert_int_equal(unit_host_take(&f->member, &made.frames[0]), 0);
        fleet_change_done(&made);
}

/* The administrator drops it. */
static void drop_evil(struct fixture *f) {
        struct fleet_change change = {};
        struct fleet_news news;

        assert_int_equal(
                fleet_hosts_drop(f->issuer.fleet, f->issuer.store->writer, "second", &change), 0);
        assert_int_equal(
                fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, &change, NULL, &news),
                0);
        assert_int_equal(unit_host_take(&f->member, &change.frames[0]), 0);
        fleet_change_done(&change);
}

/* --- Keys that sign --- */

static size_t count_issuers(const struct unit_host *h) {
        size_t n = 0;

        while (fleet_issuer(h->fleet, n))
                n++;
        return n;
}

static void own_key(const struct unit_host *h, uint8_t out[static SEAL_PUBLIC_LEN]) {
        uint8_t secret[SEAL_SECRET_LEN];

        assert_int_equal(mirror_key_source(h->dir, secret), 0);
        seal_source_of(secret, out);
}

/* A key that only "second" has, or its own one again, under ${name}. */
static int trust(struct fixture *f, struct evil *e, const char *name, bool own) {
        struct store_fleet_issuer issuer = { .public = { 7 } };
        uint8_t body[256];
        struct bytes_writer w = { .out = body, .size = sizeof(body) };

        if (own)
                own_key(&e->host, issuer.public);
        (void) snprintf(issuer.host, sizeof(issuer.host), "%s", name);
        fleet_body_put_issuer(&w, &issuer, true);
        return say(f, e, &w);
}

static void test_a_second_key_of_another_host(void **state_) {
        struct fixture *f = *state_;
        struct evil e = {};

        begin(f, &e);
        assert_int_equal(trust(f, &e, "hub", false), 0);
        assert_int_equal(trust(f, &e, "hub", true), 0);
        drop_evil(f);
        assert_int_equal(count_issuers(&f->issuer), 1);
        assert_int_equal(count_issuers(&f->member), 1);
        assert_true(fleet_self(f->issuer.fleet)->issuing);
        done(&e);
}

/* A name that no host has. It can be dropped, and 'fleet hosts' does not show it. */
static void test_a_key_without_a_host(void **state_) {
        struct fixture *f = *state_;
        struct fleet_change change = {};
        struct fleet_news news;
        struct evil e = {};

        begin(f, &e);
        assert_null(fleet_hosts_stranger(f->issuer.fleet, f->issuer.store->writer));
        assert_null(fleet_hosts_stranger(f->member.fleet, f->member.store->writer));
        assert_int_equal(trust(f, &e, "nobody", false), 0);
        drop_evil(f);
        assert_string_equal(fleet_hosts_stranger(f->issuer.fleet, f->issuer.store->writer)->host,
                            "nobody");
        assert_string_equal(fleet_hosts_stranger(f->member.fleet, f->member.store->writer)->host,
                            "nobody");
        assert_int_equal(
                fleet_hosts_drop(f->issuer.fleet, f->issuer.store->writer, "nobody", &change), 0);
        assert_int_equal(
                fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, &change, NULL, &news),
                0);
        assert_null(fleet_hosts_stranger(f->issuer.fleet, f->issuer.store->writer));
        fleet_change_done(&change);
        done(&e);
}

/* The same in a snapshot, which has all issuing hosts: theirs comes first or last. */
static void test_a_second_key_in_a_snapshot(void **state_) {
        struct fixture *f = *state_;

        for (unsigned byte = 0; byte < 256; byte += 255) {
                struct store_fleet_issuer issuer = { .host = "hub" };
                struct store *writer = f->issuer.store->writer;
                uint8_t public[SEAL_PUBLIC_LEN];
                struct pages p;

                memset(issuer.public, (int) byte, sizeof(issuer.public));
                own_key(&f->issuer, public);
                assert_int_equal(store_begin(writer), 0);
                assert_int_equal(store_fleet_put_issuer(writer, &issuer), 0);
                assert_int_equal(store_commit(writer), 0);
                snapshot(&f->issuer, "all", true, &p);
                assert_int_equal(unit_host_take(&f->issuer, &p.pages[0]), 0);
                take_all(&f->member, &p);
                assert_int_equal(count_issuers(&f->issuer), 1);
                assert_int_equal(count_issuers(&f->member), 1);
                assert_non_null(fleet_find_issuer(f->member.fleet, public));
        }
}

/* 'fleet drop' takes no such name. */
static void test_a_name_that_is_none(void **state_) {
        static const char *const names[] = { "A host", "Hub", "-" };
        struct fixture *f = *state_;
        struct store_fleet_host host = { .groups = "all" };
        uint8_t body[512];
        struct evil e = {};

        begin(f, &e);
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                struct bytes_writer w = { .out = body, .size = sizeof(body) };

                assert_int_equal(trust(f, &e, names[i], false), -EBADMSG);
                (void) snprintf(host.name, sizeof(host.name), "%s", names[i]);
                fleet_body_put_host(&w, &host);
                assert_int_equal(say(f, &e, &w), -EBADMSG);
        }
        done(&e);
}

/* --- Snapshots that cannot be made --- */

/* That a key is gone is noted beside the issuing hosts that are. */
static void test_a_removed_key_that_is_none(void **state_) {
        struct fixture *f = *state_;
        uint8_t body[64];
        struct bytes_writer w = { .out = body, .size = sizeof(body) };
        struct evil e = {};
        struct pages p;

        begin(f, &e);
        bytes_write(&w, 1, STORE_RECORD_REMOVED);
        bytes_write(&w, 4, KEYTEXT_ID_LEN);
        bytes_write_raw(&w, "issuer abc", KEYTEXT_ID_LEN);
        assert_int_equal(say(f, &e, &w), -EBADMSG);
        /* A host of before can have it. */
        unit_sql(f->issuer.store->path, "INSERT INTO fleet_gone VALUES ('issuer abc', 1)");
        drop_evil(f);
        snapshot(&f->issuer, "all", true, &p);
        take_all(&f->member, &p);
        done(&e);
}

static int64_t count_dropped(const struct unit_host *h) {
        return unit_sql_number(h->store->path,
                               "SELECT count(*) FROM fleet_gone WHERE id LIKE 'issuer %'");
}

#define MANY 50000

/* "These do not issue any more." Nobody has known them. */
static void test_many_keys_that_are_dropped(void **state_) {
        struct fixture *f = *state_;
        struct store_fleet_issuer issuer = { .host = "x" };
        struct bytes_writer w = { .size = (size_t) MANY * 64 };
        struct evil e = {};

        begin(f, &e);
        w.out = malloc(w.size);
        assert_non_null(w.out);
        for (uint32_t i = 0; i < MANY; i++) {
                memcpy(issuer.public, &i, sizeof(i));
                fleet_body_put_issuer(&w, &issuer, false);
        }
        assert_false(w.full);
        assert_int_equal(say(f, &e, &w), 0);
        free(w.out);
        assert_int_equal(count_dropped(&f->issuer), 0);
        assert_int_equal(count_dropped(&f->member), 0);
        drop_evil(f);
        assert_int_equal(count_dropped(&f->member), 1);
        done(&e);
}

/* A snapshot tells of those that were dropped last. */
static void test_many_keys_that_were_dropped(void **state_) {
        struct fixture *f = *state_;
        struct unit_host late = {};
        struct fleet_change invite = {};
        struct evil e = {};

        begin(f, &e);
        unit_sql(f->issuer.store->path,
                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
                 "INSERT INTO fleet_gone SELECT 'issuer ' || printf('%064X', i), 1 FROM n");
        drop_evil(f);
        unit_host_make(&late, 7);
        unit_host_invite(&f->issuer, &late, "late", "all", false, &invite);
        resync(&late, &f->issuer, "all");
        assert_int_equal(count_dropped(&late), STORE_FLEET_DROPPED_MAX);
        assert_int_equal(unit_sql_number(late.store->path,
                                         "SELECT count(*) FROM fleet_gone WHERE id LIKE 'issuer %' "
                                         "AND revision > 1"),
                         1);
        fleet_change_done(&invite);
        unit_host_drop(&late);
        done(&e);
}

/* --- Keys that nobody can end or change --- */

static void set_epoch(struct store *writer, void *userdata) {
        store_delta_widen(writer->delta);
        assert_int_equal(store_policy_set(writer, "fleet-epoch", *(int64_t *) userdata, 1000), 0);
}

/* As remove-all --fleet does it. */
static void remove_all(struct fixture *f) {
        int64_t epoch = RECORD_FLEET_EPOCH;
        struct fleet_change change = {};

        assert_int_equal(store_fleet_epoch(f->issuer.store->writer, &epoch), 0);
        epoch++;
        unit_host_change(&f->issuer, set_epoch, &epoch, &change);
        assert_int_equal(unit_host_take(&f->member, &change.frames[0]), 0);
        fleet_change_done(&change);
}

static int64_t count_live(const struct unit_host *h) {
        return unit_sql_number(h->store->path, "SELECT count(*) FROM key WHERE epoch >= (SELECT "
                                               "value FROM policy WHERE name = 'fleet-epoch')");
}

static void test_a_key_with_the_last_epoch(void **state_) {
        struct fixture *f = *state_;
        struct key_record key = fleet_key(f, k, "all");
        struct evil e = {};

        begin(f, &e);
        key.epoch = INT64_MAX;
        say_change(f, &e, insert, &key);
        drop_evil(f);
        remove_all(f);
        assert_int_equal(count_live(&f->issuer), 0);
        assert_int_equal(count_live(&f->member), 0);
        done(&e);
}

/* The next change of that policy would be one that no host can take. */
static void test_the_last_epoch(void **state_) {
        struct fixture *f = *state_;
        struct key_record key = fleet_key(f, k, "all");
        struct fleet_change made = {};
        int64_t epoch = INT64_MAX - 1;
        struct evil e = {};

        begin(f, &e);
        say_change(f, &e, set_epoch, &epoch);
        drop_evil(f);
        remove_all(f);
        key.epoch = RECORD_FLEET_EPOCH;
        assert_int_equal(store_fleet_epoch(f->issuer.store->writer, &key.epoch), 0);
        unit_host_change(&f->issuer, insert, &key, &made);
        assert_int_equal(unit_host_take(&f->member, &made.frames[0]), 0);
        assert_int_equal(count_live(&f->member), 1);
        remove_all(f);
        assert_int_equal(count_live(&f->member), 0);
        fleet_change_done(&made);
        done(&e);
}

static void say_again(struct store *writer, void *userdata) {
        struct key_record key;

        assert_int_equal(store_key_get(writer, userdata, &key), 0);
        assert_int_equal(store_key_update(writer, &key), 0);
        assert_int_equal(
                store_stmt_exec(writer->db, "UPDATE key SET revision = 9223372036854775807"), 0);
}

/* Another key takes its place. */
static void retire_key(struct store *writer, void *userdata) {
        struct key_record key;

        assert_int_equal(store_key_get(writer, userdata, &key), 0);
        key.retires_at = UNIT_BEGUN_AT + 60;
        memcpy(key.successor, other, sizeof(other));
        assert_int_equal(store_key_update(writer, &key), 0);
}

static int64_t retirement(const struct unit_host *h) {
        return unit_sql_number(h->store->path, "SELECT retires_at FROM key");
}

/* No revision is behind the largest one. */
static void test_a_key_with_the_last_revision(void **state_) {
        struct fixture *f = *state_;
        struct key_record key = fleet_key(f, k, "all");
        struct fleet_change made = {}, retired = {};
        struct evil e = {};
        struct pages p;

        begin(f, &e);
        unit_host_change(&f->issuer, insert, &key, &made);
        assert_int_equal(unit_host_take(&e.host, &made.frames[0]), 0);
        assert_int_equal(unit_host_take(&f->member, &made.frames[0]), 0);
        say_change(f, &e, say_again, k);
        drop_evil(f);
        unit_host_change(&f->issuer, retire_key, k, &retired);
        assert_int_equal(retirement(&f->issuer), UNIT_BEGUN_AT + 60);
        snapshot(&f->issuer, "all", false, &p);
        take_all(&f->member, &p);
        assert_int_equal(retirement(&f->member), UNIT_BEGUN_AT + 60);
        fleet_change_done(&made);
        fleet_change_done(&retired);
        done(&e);
}

/* --- Revocations that wait --- */

/* hub has revoked a key of two groups, and waits for the database. "second" ends it in one of the
 * groups alone. Hosts of the other one have not heard of it. */
static void end_in_one_group(struct fixture *f, void (*body)(struct store *, void *)) {
        struct store_fleet_revocation waiting = { .at = 5 };
        struct key_record key = fleet_key(f, k, "mail web");
        struct store *writer = f->issuer.store->writer;
        struct fleet_change made = {}, ended = {}, told = {};
        struct evil e = {};

        begin(f, &e);
        unit_host_change(&f->issuer, insert, &key, &made);
        for (size_t i = 0; i < made.n; i++) {
                assert_int_equal(unit_host_take(&e.host, &made.frames[i]), 0);
                assert_int_equal(unit_host_take(&f->member, &made.frames[i]), 0);
        }
        here(&f->issuer, revoke_key, k);
        memcpy(waiting.id, k, sizeof(k));
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_fleet_put_revocation(writer, &waiting), 0);
        assert_int_equal(store_commit(writer), 0);
        unit_host_change(&e.host, body, k, &ended);
        assert_int_equal(unit_host_take(&f->issuer, unit_frame_of(&ended, "mail")), 0);
        assert_int_equal(fleet_age_may_state(f->issuer.fleet, writer), 0);
        drop_evil(f);
        /* hub tells it. */
        unit_host_change(&f->issuer, revoke_key, k, &told);
        assert_int_equal(fleet_age_may_state(f->issuer.fleet, writer), 1);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&told, "web")), 0);
        assert_int_equal(status_of(&f->member, k), KEY_REVOKED);
        fleet_change_done(&made);
        fleet_change_done(&ended);
        fleet_change_done(&told);
        done(&e);
}

static void test_a_key_that_is_revoked_in_one_group(void **state_) {
        end_in_one_group(*state_, revoke_key);
}

static void test_a_key_that_is_removed_in_one_group(void **state_) {
        end_in_one_group(*state_, remove_key);
}

/* --- Values of another type --- */

/* Copies the records of a key. In the row, the value of ${column} becomes the text "0", or NULL. */
static size_t respell(const uint8_t *in, size_t len, const char *column, int type, uint8_t *out) {
        struct bytes_reader r = { .in = in, .len = len };
        struct bytes_writer w = { .out = out, .size = 2 * len }, row = w;
        size_t n, wanted = SIZE_MAX, table;

        table = STORE_RECORD_HEAD + bytes_get(in + 1, 4);
        bytes_write_raw(&w, in, table);
        r.at = STORE_RECORD_HEAD;
        r.at += 1 + in[r.at];
        n = bytes_read(&r, 1);
        for (size_t i = 0; i < n; i++) {
                size_t name = bytes_read(&r, 1);

                if (name == strlen(column) && memcmp(in + r.at, column, name) == 0)
                        wanted = i;
                r.at += name;
        }
        assert_int_equal(r.at, table);
        assert_in_range(wanted, 0, n - 1);
        r.at += STORE_RECORD_HEAD;
        row.out += table + STORE_RECORD_HEAD;
        for (size_t i = 0; i < n; i++) {
                size_t at = r.at;
                uint64_t was = bytes_read(&r, 1);

                r.at += was == SQLITE_NULL ? 0 : was == SQLITE_INTEGER ? 8 : bytes_read(&r, 4);
                if (i != wanted)
                        bytes_write_raw(&row, in + at, r.at - at);
                else
                        bytes_write(&row, 1, (uint64_t) type);
                if (i == wanted && type == SQLITE_TEXT) {
                        bytes_write(&row, 4, 1);
                        bytes_write_raw(&row, "0", 1);
                }
        }
        bytes_write(&w, 1, STORE_RECORD_ROW);
        bytes_write(&w, 4, row.len);
        return w.len + row.len;
}

/* SQLite would convert it. What is made of the row must not be what the row before has said. */
static void test_values_of_another_type(void **state_) {
        static const struct {
                const char *column;
                int type;
        } cases[] = {
                { "status", SQLITE_TEXT },
                { "status", SQLITE_NULL },
                { "born", SQLITE_NULL },
        };
        struct fixture *f = *state_;
        struct key_record key = fleet_key(f, other, "all");
        uint8_t records[4096], body[8192];
        struct store_delta *delta = NULL;
        struct evil e = {};
        struct store *writer;
        size_t len;

        begin(f, &e);
        writer = e.host.store->writer;
        assert_int_equal(store_delta_new(&delta), 0);
        store_delta_watch(writer, delta);
        assert_int_equal(store_begin(writer), 0);
        insert(writer, &key);
        assert_int_equal(
                store_delta_encode(delta, writer, "all", false, records, sizeof(records), &len), 0);
        store_rollback(writer);
        store_delta_watch(writer, NULL);
        assert_null(store_delta_free(delta));
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                struct bytes_writer w = { .out = body };

                w.len = respell(records, len, cases[i].column, cases[i].type, body);
                assert_int_equal(say(f, &e, &w), -EBADMSG);
        }
        done(&e);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_a_second_key_of_another_host, make, drop),
                cmocka_unit_test_setup_teardown(test_a_key_without_a_host, make, drop),
                cmocka_unit_test_setup_teardown(test_a_second_key_in_a_snapshot, make, drop),
                cmocka_unit_test_setup_teardown(test_a_name_that_is_none, make, drop),
                cmocka_unit_test_setup_teardown(test_a_removed_key_that_is_none, make, drop),
                cmocka_unit_test_setup_teardown(test_many_keys_that_are_dropped, make, drop),
                cmocka_unit_test_setup_teardown(test_many_keys_that_were_dropped, make, drop),
                cmocka_unit_test_setup_teardown(test_a_key_with_the_last_epoch, make, drop),
                cmocka_unit_test_setup_teardown(test_the_last_epoch, make, drop),
                cmocka_unit_test_setup_teardown(test_a_key_with_the_last_revision, make, drop),
                cmocka_unit_test_setup_teardown(test_a_key_that_is_revoked_in_one_group, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_a_key_that_is_removed_in_one_group, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_values_of_another_type, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
