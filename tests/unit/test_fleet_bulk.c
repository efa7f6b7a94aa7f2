/* SPDX-License-Identifier: BSD-2-Clause */
/* A snapshot with a great number of new keys goes beside the store. What comes of it is what would
 * have come of it row by row, whatever happens meanwhile, and it holds nobody up. */
#include <limits.h>

#include "unit_snapshot.h"

#include "store/store_account.h"
#include "store/store_bulk.h"
#include "store/store_key.h"
#include "store/store_swap.h"

#define MANY       (5 * STORE_PAGE_KEYS + STORE_PAGE_KEYS / 2) /* keys */
#define TWO_GROUPS 30                                          /* of them */

static char a[] = "aaaaaaaaaa", own[] = "z00000ownn", other[] = "z0000other";

static void key_id(unsigned i, char id[static KEYTEXT_ID_LEN + 1]) {
        (void) snprintf(id, KEYTEXT_ID_LEN + 1, "k%09u", i * 7919 % 10007);
}

/* Of many owners and times, so that no index gets its rows in their order. */
static void insert_many(struct store *writer, void *userdata) {
        struct key_record key = *(struct key_record *) userdata;

        for (unsigned i = 0; i < MANY; i++) {
                key_id(i, key.id);
                (void) snprintf(key.owner, sizeof(key.owner), "user%u", i * 31 % 17);
                key.created_at = UNIT_BEGUN_AT - i * 523 % 100003;
                key.expires_at = i % 3 == 0 ? key.created_at + 1000000 : 0;
                key.certificate[0] = i % 5 == 0;
                (void) snprintf(key.linked, sizeof(key.linked), "%s", i % 4 == 0 ? "linked" : "");
                (void) snprintf(key.hosts, sizeof(key.hosts), "%s",
                                i < TWO_GROUPS ? "mail web" : "web");
                assert_int_equal(store_key_insert(writer, &key), 0);
        }
}

/* Of the keys of two groups: some are revoked, removed or named anew. */
static void change_some(struct store *writer, void *userdata) {
        char id[KEYTEXT_ID_LEN + 1];

        (void) userdata;
        for (unsigned i = 0; i < TWO_GROUPS; i++) {
                struct key_record key;

                key_id(i, id);
                assert_int_equal(store_key_get(writer, id, &key), 0);
                if (i % 3 == 0)
                        key.status = KEY_REVOKED;
                else
                        (void) snprintf(key.name, sizeof(key.name), "new");
                assert_int_equal(i % 3 == 1 ? store_key_delete(writer, id)
                                            : store_key_update(writer, &key),
                                 0);
        }
}

static void put_account(struct store *writer, void *userdata) {
        const struct account_record account = {
                .state = ACCOUNT_PRESENT, .uid = 4711, .local = true, .checked_at = UNIT_BEGUN_AT
        };
        struct account_record named = account;

        uint64_t n;

        (void) snprintf(named.name, sizeof(named.name), "%s", (const char *) userdata);
        do
                assert_int_equal(store_account_bind(writer, &named, 1000, &n), 0);
        while (n > 0);
        assert_int_equal(store_account_put(writer, &named), 0);
}

/* Two members of which one takes rows as they come, and the other puts them beside. */
struct two {
        struct unit_host *hosts[2];
        unsigned step;
};

static void both(struct two *t, void (*body)(struct store *, void *), void *userdata) {
        for (unsigned i = 0; i < 2; i++)
                here(t->hosts[i], body, userdata);
}

struct meanwhile {
        struct fleet_change *made, *changed;
        struct key_record *own;
};

/* What happens to both at a step. */
static void happen(struct two *t, unsigned step, struct meanwhile *m) {
        char id[KEYTEXT_ID_LEN + 1] = "k000000000";

        switch (step) {
        case 1:
                both(t, insert, m->own);
                break;
        case 2:
                both(t, put_account, (char[]){ "user3" });
                break;
        case 3:
        case 7:
                for (unsigned i = 0; i < 2; i++)
                        assert_int_equal(
                                unit_host_take(
                                        t->hosts[i],
                                        unit_frame_of(step == 3 ? m->made : m->changed, "mail")),
                                0);
                break;
        case 4:
                both(t, revoke_key, a);
                break;
        case 5:
                both(t, revoke_key, own);
                break;
        case 6:
                both(t, put_account, (char[]){ "user5" });
                break;
        case 8:
                both(t, remove_key, own);
                break;
        case 9:
                key_id(3, id);
                both(t, remove_key, id); /* of those that were revoked */
                break;
        }
}

/* Rows that only one of them has. */
static int64_t differences(const struct two *t, const char *columns, const char *table) {
        char sql[512], attach[1024];
        sqlite3_stmt *stmt = NULL;
        sqlite3 *db = NULL;
        int64_t n;

        (void) snprintf(attach, sizeof(attach), "ATTACH '%s' AS o", t->hosts[1]->store->path);
        (void) snprintf(sql, sizeof(sql),
                        "SELECT (SELECT count(*) FROM (SELECT %s FROM main.%s EXCEPT SELECT %s "
                        "FROM o.%s)) + (SELECT count(*) FROM (SELECT %s FROM o.%s EXCEPT SELECT %s "
                        "FROM main.%s))",
                        columns, table, columns, table, columns, table, columns, table);
        assert_int_equal(
                sqlite3_open_v2(t->hosts[0]->store->path, &db, SQLITE_OPEN_READWRITE, NULL),
                SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, attach, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
        n = sqlite3_column_int64(stmt, 0);
        assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        return n;
}

static void check(struct unit_host *h) {
        assert_int_equal(unit_sql_number(h->store->path,
                                         "SELECT count(*) FROM pragma_integrity_check WHERE "
                                         "integrity_check <> 'ok'"),
                         0);
        assert_int_equal(
                unit_sql_number(h->store->path, "SELECT count(*) FROM pragma_foreign_key_check"),
                0);
}

static void clean(struct unit_host *h) {
        int r;

        while ((r = store_swap_clean(h->store->writer)) > 0)
                continue;
        assert_int_equal(r, 0);
        assert_int_equal(unit_sql_number(h->store->path, "SELECT count(*) FROM sqlite_schema WHERE "
                                                         "tbl_name LIKE 'import~_%' ESCAPE '~'"),
                         0);
        check(h);
}

/* The pages and all further pieces of work; ${at} is where what happens begins. */
static void take_slowly(struct two *t, struct pages *p, unsigned at, struct meanwhile *m) {
        struct fleet_news news[2] = {};
        unsigned step = 0;

        for (size_t i = 0; i < p->n; i++, step++) {
                if (step >= at)
                        happen(t, step - at, m);
                for (unsigned k = 0; k < 2; k++)
                        assert_int_equal(fleet_apply_bytes(t->hosts[k]->fleet,
                                                           t->hosts[k]->store->writer, "web",
                                                           p->pages[i].bytes, p->pages[i].len,
                                                           &news[k]),
                                         0);
        }
        assert_false(news[0].more);
        assert_true(news[1].more);
        while (news[1].more) {
                if (step >= at)
                        happen(t, step - at, m);
                step++;
                assert_int_equal(fleet_apply_more(t->hosts[1]->fleet, t->hosts[1]->store->writer,
                                                  "web", &news[1]),
                                 0);
        }
        assert_true(step > at + 9);
        assert_true(news[1].snapshot);
}

static void end_of(struct two *t) {
        assert_int_equal(differences(t, "*", "key"), 0);
        /* They were not invited by the same change. */
        assert_int_equal(differences(t, "*", "fleet_gone WHERE id <> 'all invited'"), 0);
        assert_int_equal(differences(t, "name, number", "fleet_group"), 0);
        check(t->hosts[1]);
        clean(t->hosts[1]);
        assert_int_equal(differences(t, "*", "key"), 0);
}

/* Whenever something happens, it comes to the same. */
static void happens_at(unsigned at) {
        struct fleet_change invite = {}, made = {}, changed = {};
        struct key_record key, ours = unit_key(other, "bob"), first = unit_key(own, "bob");
        struct unit_host second = {};
        void *state = NULL;
        struct fixture *f;
        struct pages p;
        struct two t;

        assert_int_equal(make(&state), 0);
        f = state;
        unit_host_make(&second, 3);
        unit_host_invite(&f->issuer, &second, "web2", "all mail web", false, &invite);
        t = (struct two){ .hosts = { &second, &f->member } };
        f->member.fleet->many = 1;
        key = fleet_key(f, a, "web");
        change(f, insert, &key, NULL, NULL);
        both(&t, insert, &first);
        /* They have an older state of one key. */
        for (unsigned i = 0; i < 2; i++)
                here(t.hosts[i], insert, (char *) &key);
        unit_host_change(&f->issuer, insert_many, &key, &made);
        snapshot(&f->issuer, "web", false, &p);
        unit_host_change(&f->issuer, change_some, NULL, &changed);
        take_slowly(&t, &p, at,
                    &(struct meanwhile){ .made = &made, .changed = &changed, .own = &ours });
        end_of(&t);
        end(&p);
        fleet_change_done(&made);
        fleet_change_done(&changed);
        fleet_change_done(&invite);
        unit_host_drop(&second);
        assert_int_equal(drop(&state), 0);
}

static void test_what_happens_meanwhile(void **state) {
        (void) state;
        for (unsigned at = 0; at < 25; at++)
                happens_at(at);
}

static void begin(struct fixture *f, struct pages *ret) {
        struct key_record key = fleet_key(f, a, "web");

        f->member.fleet->many = 1;
        change(f, insert_many, &key, NULL, NULL);
        snapshot(&f->issuer, "web", false, ret);
        for (size_t i = 0; i + 1 < ret->n; i++)
                assert_int_equal(unit_host_take(&f->member, &ret->pages[i]), 0);
}

/* The last page. There is work behind it. */
static void take_last(struct fixture *f, const struct pages *p, struct fleet_news *ret) {
        const struct fleet_frame *last = &p->pages[p->n - 1];

        assert_int_equal(fleet_apply_bytes(f->member.fleet, f->member.store->writer, "web",
                                           last->bytes, last->len, ret),
                         0);
        assert_true(ret->more);
}

/* An import takes the place that the keys are put together in. They come once more. */
static void test_an_import_comes_between(void **state) {
        struct fixture *f = *state;
        struct pages p;

        begin(f, &p);
        store_bulk_break(f->member.store->writer);
        assert_int_equal(unit_host_take(&f->member, &p.pages[p.n - 1]), -ESTALE);
        clean(&f->member);
        take_all(&f->member, &p);
        assert_int_equal(unit_sql_number(f->member.store->path, "SELECT count(*) FROM key"), MANY);
        clean(&f->member);
}

static void remove_all(struct store *writer, void *userdata) {
        char id[KEYTEXT_ID_LEN + 1];

        (void) userdata;
        for (unsigned i = 0; i < MANY; i++) {
                key_id(i, id);
                assert_in_range(-store_key_delete(writer, id), 0, ENOENT);
        }
}

/* A daemon that ends at any piece of the work has changed nothing that has to be undone. */
static void test_ends_at_any_piece(void **state) {
        struct fixture *f = *state;
        struct fleet_news news = { .more = true };
        struct pages p;
        unsigned last = 1;

        begin(f, &p);
        for (unsigned most = 0; most < last; most++) {
                const struct fleet_frame *page = &p.pages[p.n - 1];

                if (most > 0)
                        for (size_t i = 0; i + 1 < p.n; i++)
                                assert_int_equal(unit_host_take(&f->member, &p.pages[i]), 0);
                assert_int_equal(fleet_apply_bytes(f->member.fleet, f->member.store->writer, "web",
                                                   page->bytes, page->len, &news),
                                 0);
                for (unsigned i = 0; i < most && news.more; i++)
                        assert_int_equal(fleet_apply_more(f->member.fleet, f->member.store->writer,
                                                          "web", &news),
                                         0);
                if (!news.more)
                        break;
                last = most + 2;
                unit_host_again(&f->member);
                f->member.fleet->many = 1;
                assert_int_equal(
                        fleet_apply_more(f->member.fleet, f->member.store->writer, "web", &news),
                        -ESTALE);
                assert_int_equal(unit_sql_number(f->member.store->path, "SELECT count(*) FROM key"),
                                 STORE_PAGE_KEYS);
                clean(&f->member);
                here(&f->member, remove_all, NULL);
                f->member.fleet->many = 1;
        }
        assert_int_equal(unit_sql_number(f->member.store->path, "SELECT count(*) FROM key"), MANY);
        clean(&f->member);
        end(&p);
}

/* fleetd was restarted while the daemon works behind the last page. What it sends then counts. */
static void test_comes_again_meanwhile(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->member.store->writer;
        struct fleet_news news;
        struct pages p;

        begin(f, &p);
        take_last(f, &p, &news);
        assert_int_equal(fleet_apply_more(f->member.fleet, writer, "web", &news), 0);
        assert_int_equal(unit_host_take(&f->member, &p.pages[0]), 0);
        assert_int_equal(fleet_apply_more(f->member.fleet, writer, "web", &news), -ESTALE);
        for (size_t i = 1; i < p.n; i++)
                assert_int_equal(unit_host_take(&f->member, &p.pages[i]), 0);
        assert_int_equal(unit_sql_number(f->member.store->path, "SELECT count(*) FROM key"), MANY);
        clean(&f->member);
        end(&p);
}

static void remove_of_two_groups(struct store *writer, void *userdata) {
        char id[KEYTEXT_ID_LEN + 1];

        (void) userdata;
        for (unsigned i = 0; i < TWO_GROUPS; i++) {
                key_id(i, id);
                assert_int_equal(store_key_delete(writer, id), 0);
        }
}

static int64_t of_two_groups(struct unit_host *h) {
        return unit_sql_number(h->store->path, "SELECT count(*) FROM key WHERE hosts = 'mail web'");
}

/* At most so many pieces behind the last page. Returns whether there are more. */
static bool go_on(struct fixture *f, unsigned most) {
        struct fleet_news news = { .more = true };

        for (unsigned i = 0; news.more && i < most; i++)
                assert_int_equal(
                        fleet_apply_more(f->member.fleet, f->member.store->writer, "web", &news),
                        0);
        return news.more;
}

/* Keys were removed since, as the snapshot of another group says after some pieces. The log of
 * their own group says so later, and may not come. Returns whether that was before the end. */
static bool are_lacked_after(unsigned pieces) {
        struct fleet_news news;
        struct pages p, mail;
        void *state = NULL;
        struct fixture *f;
        bool before_end;

        assert_int_equal(make(&state), 0);
        f = state;
        begin(f, &p);
        take_last(f, &p, &news);
        change(f, remove_of_two_groups, NULL, NULL, NULL);
        snapshot(&f->issuer, "mail", false, &mail);
        before_end = go_on(f, pieces);
        take_all(&f->member, &mail);
        if (before_end)
                assert_false(go_on(f, UINT_MAX));
        assert_int_equal(of_two_groups(&f->member), 0);
        assert_int_equal(unit_sql_number(f->member.store->path, "SELECT count(*) FROM key"),
                         MANY - TWO_GROUPS);
        clean(&f->member);
        end(&p);
        assert_int_equal(drop(&state), 0);
        return before_end;
}

static void test_another_snapshot_lacks_them(void **state) {
        unsigned pieces = 0;

        (void) state;
        while (are_lacked_after(pieces))
                pieces += 7;
        assert_true(pieces > 14);
}

/* The snapshot of another group is older: it lacks keys that were not there yet. */
static void test_an_older_snapshot_lacks_them(void **state) {
        struct fixture *f = *state;
        struct fleet_news news;
        struct pages p, mail;

        issue(f, other, "mail");
        snapshot(&f->issuer, "mail", false, &mail);
        begin(f, &p);
        take_all(&f->member, &mail);
        take_last(f, &p, &news);
        assert_false(go_on(f, UINT_MAX));
        assert_int_equal(of_two_groups(&f->member), TWO_GROUPS);
        clean(&f->member);
        end(&p);
}

/* What another group gets, good or bad, is no reason to begin anew. */
static void test_another_group_gets_nonsense(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->member.store->writer;
        struct fleet_news news;
        struct pages p;

        begin(f, &p);
        assert_true(fleet_apply_bytes(f->member.fleet, writer, "mail", p.pages[0].bytes,
                                      p.pages[0].len, &news) < 0);
        take_last(f, &p, &news);
        assert_true(fleet_apply_bytes(f->member.fleet, writer, "mail", p.pages[0].bytes,
                                      p.pages[0].len, &news) < 0);
        do {
                assert_int_equal(fleet_apply_more(f->member.fleet, writer, "web", &news), 0);
        } while (news.more);
        assert_int_equal(unit_sql_number(f->member.store->path, "SELECT count(*) FROM key"), MANY);
        clean(&f->member);
        end(&p);
}

/* The keys of a group that the host leaves meanwhile do not come. */
static void test_leaves_the_group(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->member.store->writer;
        struct fleet_news news;
        struct pages p;

        begin(f, &p);
        take_last(f, &p, &news);
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_fleet_leave_group(writer, "web"), 0);
        assert_int_equal(store_commit(writer), 0);
        do {
                assert_true(news.more);
        } while (fleet_apply_more(f->member.fleet, writer, "web", &news) >= 0);
        assert_int_equal(unit_sql_number(f->member.store->path,
                                         "SELECT count(*) FROM key WHERE hosts = 'web'"),
                         0);
        clean(&f->member);
        end(&p);
}

/* A revocation waits for a piece of a few milliseconds. */
static void test_a_piece_at_a_time(void **state) {
        struct fixture *f = *state;
        sqlite3 *db = f->member.store->writer->db;
        struct fleet_news news;
        struct pages p;

        begin(f, &p);
        assert_int_equal(fleet_apply_bytes(f->member.fleet, f->member.store->writer, "web",
                                           p.pages[p.n - 1].bytes, p.pages[p.n - 1].len, &news),
                         0);
        while (news.more) {
                int before = sqlite3_total_changes(db);

                assert_int_equal(
                        fleet_apply_more(f->member.fleet, f->member.store->writer, "web", &news),
                        0);
                assert_in_range(sqlite3_total_changes(db) - before, 0, 2000);
        }
        end(&p);
}

static void insert_of_one(struct store *writer, void *userdata) {
        struct key_record key = *(struct key_record *) userdata;

        for (unsigned i = 0; i < MANY; i++) {
                key_id(i, key.id);
                assert_int_equal(store_key_insert(writer, &key), 0);
        }
}

/* All keys beside are of one user, whom the host sees now. They get the number a few at a time. */
static void test_an_owner_of_very_many(void **state) {
        static const char bound[] = "SELECT count(*) FROM import_key WHERE owner_uid = 4711";
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, a, "web");
        int64_t now, before = 0, pieces = 0;
        struct fleet_news news;
        struct pages p;

        f->member.fleet->many = 1;
        (void) snprintf(key.owner, sizeof(key.owner), "erin");
        change(f, insert_of_one, &key, NULL, NULL);
        snapshot(&f->issuer, "web", false, &p);
        for (size_t i = 0; i + 1 < p.n; i++)
                assert_int_equal(unit_host_take(&f->member, &p.pages[i]), 0);
        take_last(f, &p, &news);
        here(&f->member, put_account, (char[]){ "erin" });
        for (; news.more; before = now) {
                assert_int_equal(
                        fleet_apply_more(f->member.fleet, f->member.store->writer, "web", &news),
                        0);
                now = news.more ? unit_sql_number(f->member.store->path, bound) : before;
                assert_in_range(now - before, 0, 200);
                pieces += now > before;
        }
        assert_true(pieces > 1);
        assert_int_equal(unit_sql_number(f->member.store->path,
                                         "SELECT count(*) FROM key WHERE owner_uid = 4711"),
                         MANY);
        clean(&f->member);
        end(&p);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_happens_meanwhile),
                cmocka_unit_test_setup_teardown(test_an_import_comes_between, make, drop),
                cmocka_unit_test_setup_teardown(test_ends_at_any_piece, make, drop),
                cmocka_unit_test_setup_teardown(test_another_group_gets_nonsense, make, drop),
                cmocka_unit_test_setup_teardown(test_comes_again_meanwhile, make, drop),
                cmocka_unit_test(test_another_snapshot_lacks_them),
                cmocka_unit_test_setup_teardown(test_an_older_snapshot_lacks_them, make, drop),
                cmocka_unit_test_setup_teardown(test_leaves_the_group, make, drop),
                cmocka_unit_test_setup_teardown(test_a_piece_at_a_time, make, drop),
                cmocka_unit_test_setup_teardown(test_an_owner_of_very_many, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
