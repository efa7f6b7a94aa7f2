/* SPDX-License-Identifier: BSD-2-Clause */
/* What a database gives a host between the pages of a snapshot: changes of before. The pages that
 * have come do not speak of what these bring, and those that follow do not any more. */
#include "unit_snapshot.h"

#include "store/store_key.h"
#include "store/store_stmt.h"

#define MANY (3 * STORE_PAGE_KEYS)

static char gone[] = "aaaaaaaaaa", dead[] = "bbbbbbbbbb", more[] = "cccccccccc",
            tail[] = "zzzzzzzzzz", late[] = "k0000003a0";

static void insert_many(struct store *writer, void *userdata) {
        struct key_record key = *(struct key_record *) userdata;

        for (unsigned i = 0; i < MANY; i++) {
                (void) snprintf(key.id, sizeof(key.id), "k%09u", i);
                assert_int_equal(store_key_insert(writer, &key), 0);
        }
}

static int64_t number(struct unit_host *h, const char *group) {
        return fleet_find_group(h->fleet, group)->group.number;
}

/* A key was made, revoked and removed, and the member has heard nothing of it. */
static void begin(struct fixture *f, char *id, const char *hosts, struct fleet_change *ret) {
        struct key_record key = fleet_key(f, id, hosts);

        resync(&f->member, &f->issuer, "all");
        unit_host_change(&f->issuer, insert, &key, ret);
        change(f, revoke_key, id, NULL, NULL);
        change(f, remove_key, id, NULL, NULL);
}

/* All pages of a snapshot of many keys but the last. ${beside}: most go beside the store. */
static void take_most(struct fixture *f, const char *group, bool beside, struct pages *ret) {
        struct key_record key = fleet_key(f, "", group);

        f->member.fleet->many = beside ? 1 : UINT64_MAX;
        change(f, insert_many, &key, NULL, NULL);
        snapshot(&f->issuer, group, false, ret);
        assert_true(ret->n > 2);
        for (size_t i = 0; i + 1 < ret->n; i++)
                assert_int_equal(unit_host_take(&f->member, &ret->pages[i]), 0);
        assert_int_equal(fleet_find_group(f->member.fleet, group)->taking->beside, beside);
}

static const struct fleet_frame *last_of(const struct pages *p) {
        return &p->pages[p->n - 1];
}

/* Begins without the work behind it. */
static void take_last(struct fixture *f, const struct pages *p) {
        struct fleet_news news;

        assert_int_equal(fleet_apply_bytes(f->member.fleet, f->member.store->writer,
                                           last_of(p)->group, last_of(p)->bytes, last_of(p)->len,
                                           &news),
                         0);
        assert_true(news.more);
}

/* --- Of the same group --- */

enum when { BEFORE_THE_LAST, WITH_THE_LAST, BEHIND_THE_LAST };

/* Both frames by one call. */
static int take_two(struct unit_host *h, const struct fleet_frame *a, const struct fleet_frame *b) {
        struct fleet_news news = {};
        uint8_t *bytes = malloc(a->len + b->len);
        int r;

        assert_non_null(bytes);
        memcpy(bytes, a->bytes, a->len);
        memcpy(bytes + a->len, b->bytes, b->len);
        r = fleet_apply_bytes(h->fleet, h->store->writer, a->group, bytes, a->len + b->len, &news);
        free(bytes);
        return r;
}

static void give_old_change(struct fixture *f, bool beside, enum when when) {
        struct fleet_change made = {};
        struct fleet_news news = {};
        struct pages p;

        begin(f, gone, "web", &made);
        take_most(f, "web", beside, &p);
        assert_int_equal(status_of(&f->member, gone), -ENOENT);
        if (when == BEHIND_THE_LAST)
                take_last(f, &p);
        if (when == WITH_THE_LAST)
                assert_int_equal(take_two(&f->member, unit_frame_of(&made, "web"), last_of(&p)),
                                 -ESTALE);
        else
                assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "web")), 0);
        if (when == BEHIND_THE_LAST)
                assert_int_equal(
                        fleet_apply_more(f->member.fleet, f->member.store->writer, "web", &news),
                        -ESTALE);
        assert_int_equal(unit_host_take(&f->member, last_of(&p)), -ESTALE);
        assert_int_equal(number(&f->member, "web"), when == WITH_THE_LAST ? 0 : 1);
        /* wfapikey-fleetd begins anew */
        take_all(&f->member, &p);
        assert_int_equal(number(&f->member, "web"), number(&f->issuer, "web"));
        assert_int_equal(status_of(&f->member, gone), -ENOENT);
        fleet_change_done(&made);
}

static void test_an_old_change(void **state) {
        give_old_change(*state, false, BEFORE_THE_LAST);
}

static void test_an_old_change_where_keys_are_beside(void **state) {
        give_old_change(*state, true, BEFORE_THE_LAST);
}

static void test_an_old_change_in_the_same_call(void **state) {
        give_old_change(*state, false, WITH_THE_LAST);
}

static void test_an_old_change_behind_the_last_page(void **state) {
        give_old_change(*state, true, BEHIND_THE_LAST);
}

/* A database that lies takes a change of an issuing host that is behind. */
static void test_a_change_of_its_own(void **state) {
        struct fixture *f = *state;
        struct fleet_move move = { .host = "web1", .groups = "all mail web", .issuing = true };
        struct fleet_change made = {}, own = {}, moved = {};
        struct key_record key = fleet_key(f, tail, "web");
        struct fleet_news news;
        struct pages p;

        assert_int_equal(fleet_hosts_move(f->issuer.fleet, f->issuer.store->writer, &move, &moved),
                         0);
        assert_int_equal(
                fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, &moved, NULL, &news),
                0);
        begin(f, gone, "web", &made);
        take_most(f, "web", true, &p);
        unit_host_change(&f->member, insert, &key, &own);
        assert_int_equal(unit_host_take(&f->member, last_of(&p)), -ESTALE);
        assert_int_equal(number(&f->member, "web"), 1);
        end(&p);
        fleet_change_done(&made);
        fleet_change_done(&own);
        fleet_change_done(&moved);
}

/* --- Of all hosts --- */

static void set_policy(struct store *writer, void *userdata) {
        store_delta_widen(writer->delta);
        assert_int_equal(store_policy_set(writer, "max-keys-per-user", *(int64_t *) userdata, 1000),
                         0);
}

static void set_epoch(struct store *writer, void *userdata) {
        int64_t epoch = RECORD_FLEET_EPOCH;

        (void) userdata;
        assert_int_equal(store_fleet_epoch(writer, &epoch), 0);
        store_delta_widen(writer->delta);
        assert_int_equal(store_policy_set(writer, "fleet-epoch", epoch + 1, 1000), 0);
}

static bool is_dead(struct unit_host *h) {
        return unit_sql_number(h->store->path,
                               "SELECT count(*) FROM key WHERE epoch < (SELECT value FROM policy "
                               "WHERE name = 'fleet-epoch') AND id = 'bbbbbbbbbb'") == 1;
}

static int64_t policy(struct unit_host *h) {
        return unit_sql_number(h->store->path,
                               "SELECT value FROM policy WHERE name = 'max-keys-per-user'");
}

static bool believes(struct unit_host *h, const struct unit_host *issuer) {
        uint8_t secret[SEAL_SECRET_LEN], public[SEAL_PUBLIC_LEN];

        assert_int_equal(mirror_key_source(issuer->dir, secret), 0);
        seal_source_of(secret, public);
        return fleet_find_issuer(h->fleet, public) != NULL;
}

/* An issuing host that is dropped, and a policy that is set anew. */
static void test_who_was_dropped_and_policies(void **state) {
        struct fixture *f = *state;
        struct fleet_change invited = {}, dropped = {}, lax = {};
        struct unit_host second = {};
        struct fleet_news news;
        struct pages p;

        resync(&f->member, &f->issuer, "all");
        unit_host_make(&second, 5);
        unit_host_invite(&f->issuer, &second, "second", "all mail web", true, &invited);
        unit_host_change(&f->issuer, set_policy, &(int64_t){ 1000 }, &lax);
        change(f, set_policy, &(int64_t){ 1 }, NULL, NULL);
        assert_int_equal(
                fleet_hosts_drop(f->issuer.fleet, f->issuer.store->writer, "second", &dropped), 0);
        assert_int_equal(
                fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, &dropped, NULL, &news),
                0);
        take_most(f, "all", false, &p);
        assert_int_equal(unit_host_take(&f->member, &invited.frames[0]), 0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&lax, "all")), 0);
        assert_int_equal(unit_host_take(&f->member, last_of(&p)), -ESTALE);
        assert_true(number(&f->member, "all") < number(&f->issuer, "all"));
        take_all(&f->member, &p);
        assert_int_equal(number(&f->member, "all"), number(&f->issuer, "all"));
        assert_false(believes(&f->member, &second));
        assert_int_equal(policy(&f->member), 1);
        fleet_change_done(&invited);
        fleet_change_done(&dropped);
        fleet_change_done(&lax);
        unit_host_drop(&second);
}

/* A change of another group has a row of a key that is gone: it does not speak of the epoch. */
static void test_the_epoch(void **state) {
        struct fixture *f = *state;
        struct fleet_change made = {}, gone_too = {};
        struct key_record key;
        struct pages p;

        resync(&f->member, &f->issuer, "all");
        change(f, set_policy, &(int64_t){ 7 }, NULL, NULL);
        key = fleet_key(f, dead, "web");
        assert_int_equal(store_fleet_epoch(f->issuer.store->writer, &key.epoch), 0);
        change(f, insert, &key, &f->member, "web");
        begin(f, gone, "mail web", &gone_too);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&gone_too, "mail")), 0);
        resync(&f->member, &f->issuer, "mail");
        assert_int_equal(status_of(&f->member, gone), -ENOENT);
        unit_host_change(&f->issuer, set_epoch, NULL, &made);
        take_most(f, "all", false, &p);
        assert_true(is_dead(&f->member));
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&gone_too, "web")), 0);
        assert_int_equal(unit_host_take(&f->member, last_of(&p)), 0);
        assert_int_equal(number(&f->member, "all"), number(&f->issuer, "all"));
        assert_true(is_dead(&f->member));
        end(&p);
        fleet_change_done(&made);
        fleet_change_done(&gone_too);
}

/* A change of ${f->issuer} for one group, with all that it has in ${delta}. */
static void make_frame(struct fixture *f, const char *group, const struct store_delta *delta,
                       struct fleet_frame *ret) {
        const struct fleet_member *member = fleet_find_group(f->issuer.fleet, group);
        struct frame_head head = { .kind = FRAME_CHANGE,
                                   .clock = f->issuer.fleet->sign_clock,
                                   .number = (uint64_t) member->group.number + 1 };
        uint8_t secret[SEAL_SECRET_LEN], body[4096];
        size_t len;

        assert_int_equal(store_delta_encode(delta, f->issuer.store->writer, group, true, body,
                                            sizeof(body), &len),
                         0);
        memcpy(head.fleet, fleet_self(f->issuer.fleet)->id, sizeof(head.fleet));
        memcpy(head.group, member->group.name, sizeof(head.group));
        memcpy(head.before, member->group.hash, sizeof(head.before));
        assert_int_equal(mirror_key_source(f->issuer.dir, secret), 0);
        *ret = (struct fleet_frame){ .len = len + FRAME_EXTRA, .number = (int64_t) head.number };
        ret->bytes = malloc(ret->len);
        assert_non_null(ret->bytes);
        memcpy(ret->group, member->group.name, sizeof(ret->group));
        assert_int_equal(frame_make(&head, secret, member->key, body, len, ret->bytes), 0);
}

/* An issuing host that means ill shows only some hosts a policy. */
static void test_a_policy_in_another_group(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->issuer.store->writer;
        struct store_delta *delta = NULL;
        struct fleet_frame frame;

        assert_int_equal(store_delta_new(&delta), 0);
        store_delta_watch(writer, delta);
        assert_int_equal(store_begin(writer), 0);
        set_policy(writer, &(int64_t){ 1000 });
        make_frame(f, "web", delta, &frame);
        store_rollback(writer);
        store_delta_watch(writer, NULL);
        assert_int_equal(unit_host_take(&f->member, &frame), -EPROTONOSUPPORT);
        free(frame.bytes);
        assert_null(store_delta_free(delta));
}

/* --- Of another group of the key --- */

/* The host leaves that group. What this one has of the key is what counts. */
static void leave_mail(struct fixture *f) {
        struct fleet_move move = { .host = "web1", .groups = "all web" };
        struct fleet_change moved = {};
        struct fleet_news news;

        assert_int_equal(fleet_hosts_move(f->issuer.fleet, f->issuer.store->writer, &move, &moved),
                         0);
        assert_int_equal(
                fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, &moved, NULL, &news),
                0);
        assert_int_equal(unit_host_take(&f->member, &moved.frames[0]), 0);
        assert_null(fleet_find_group(f->member.fleet, "mail"));
        fleet_change_done(&moved);
}

static void give_other_group(struct fixture *f, char *id, bool beside, enum when when) {
        struct fleet_change made = {};
        struct fleet_news news = { .more = true };
        struct pages p;

        begin(f, id, "mail web", &made);
        take_most(f, "web", beside, &p);
        if (when == BEHIND_THE_LAST)
                take_last(f, &p);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made, "mail")), 0);
        if (when == BEFORE_THE_LAST)
                assert_int_equal(unit_host_take(&f->member, last_of(&p)), 0);
        while (when == BEHIND_THE_LAST && news.more)
                assert_int_equal(
                        fleet_apply_more(f->member.fleet, f->member.store->writer, "web", &news),
                        0);
        assert_int_equal(number(&f->member, "web"), number(&f->issuer, "web"));
        assert_int_equal(status_of(&f->member, id), -ENOENT);
        leave_mail(f);
        assert_int_equal(status_of(&f->member, id), -ENOENT);
        end(&p);
        fleet_change_done(&made);
}

static void test_another_group(void **state) {
        give_other_group(*state, gone, false, BEFORE_THE_LAST);
}

static void test_another_group_where_keys_are_beside(void **state) {
        give_other_group(*state, gone, true, BEFORE_THE_LAST);
}

static void test_another_group_of_an_id_to_come(void **state) {
        give_other_group(*state, tail, true, BEFORE_THE_LAST);
}

static void test_another_group_behind_the_last_page(void **state) {
        give_other_group(*state, tail, true, BEHIND_THE_LAST);
}

/* A key that the snapshot has, or that came later, is good, whatever brings it. */
static void keep_good_keys(struct fixture *f, bool beside) {
        struct key_record key = fleet_key(f, late, "mail web");
        struct fleet_change made[2] = {};
        struct pages p;

        resync(&f->member, &f->issuer, "all");
        unit_host_change(&f->issuer, insert, &key, &made[0]);
        take_most(f, "web", beside, &p);
        key = fleet_key(f, more, "mail web");
        unit_host_change(&f->issuer, insert, &key, &made[1]);
        for (unsigned i = 0; i < 2; i++)
                assert_int_equal(unit_host_take(&f->member, unit_frame_of(&made[i], "mail")), 0);
        assert_int_equal(unit_host_take(&f->member, last_of(&p)), 0);
        assert_int_equal(status_of(&f->member, late), KEY_ACTIVE);
        assert_int_equal(status_of(&f->member, more), KEY_ACTIVE);
        end(&p);
        fleet_change_done(&made[0]);
        fleet_change_done(&made[1]);
}

static void test_good_keys(void **state) {
        keep_good_keys(*state, false);
}

static void test_good_keys_where_some_are_beside(void **state) {
        keep_good_keys(*state, true);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_an_old_change, make, drop),
                cmocka_unit_test_setup_teardown(test_an_old_change_where_keys_are_beside, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_an_old_change_in_the_same_call, make, drop),
                cmocka_unit_test_setup_teardown(test_an_old_change_behind_the_last_page, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_a_change_of_its_own, make, drop),
                cmocka_unit_test_setup_teardown(test_who_was_dropped_and_policies, make, drop),
                cmocka_unit_test_setup_teardown(test_the_epoch, make, drop),
                cmocka_unit_test_setup_teardown(test_a_policy_in_another_group, make, drop),
                cmocka_unit_test_setup_teardown(test_another_group, make, drop),
                cmocka_unit_test_setup_teardown(test_another_group_where_keys_are_beside, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_another_group_of_an_id_to_come, make, drop),
                cmocka_unit_test_setup_teardown(test_another_group_behind_the_last_page, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_good_keys, make, drop),
                cmocka_unit_test_setup_teardown(test_good_keys_where_some_are_beside, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
