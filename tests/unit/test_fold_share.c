/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose events have an entry of their own in the audit log when there are too many: the shares of
 * uids, of owners, and of the sources of accepted logins. */
#include "unit_fold.h"

/* --- Sources of accepted logins --- */

/* Whether the source is in what was taken last, as one. */
static bool is_shown(const struct world *w, const struct audit_record *record) {
        for (size_t i = 0; i < w->n_taken; i++)
                if (strcmp(w->taken[i].rhost, record->rhost) == 0 &&
                    strcmp(w->taken[i].key, record->key) == 0 &&
                    strcmp(w->taken[i].detail, "") == 0)
                        return true;
        return false;
}

/* A thief logs in once, among many logins of the owner from many places, before and after. */
static void test_a_thief_is_not_one_of_the_owner_s_logins(void **state) {
        struct world *w = *state;
        struct audit_record thief = from(login(0, 1), 0x666);

        for (unsigned i = 0; i < 100; i++)
                note(w, from(login(0, 1), i % 20));
        assert_int_equal(take(w, false), 20);
        for (unsigned i = 0; i < 50; i++, w->now++)
                note(w, from(login(0, 1), i % 20));
        note(w, thief);
        for (unsigned i = 0; i < 50; i++, w->now++)
                note(w, from(login(0, 1), i % 20));
        assert_int_equal(take(w, false), 1);
        assert_true(is_shown(w, &thief));
        note(w, thief);
        assert_int_equal(take(w, false), 0);
        (void) take(w, true);
        assert_int_equal(w->events, 202);
}

/* Beyond the share of its owner the sources of a key are folded, and the others keep theirs: the
 * next owner has ${next}. */
static void check_sources(struct world *w, uid_t uid, unsigned most, unsigned next) {
        struct audit_record beyond = from(login(uid, 1), 0xffff);

        for (unsigned i = 0; i < 3000; i++)
                note(w, from(login(uid, 1), i));
        assert_int_equal(take(w, false), most + 1);
        note(w, beyond);
        note(w, from(login(uid, 1), 0xfffe));
        w->now += FOLD_ACCEPTED_S;
        (void) take(w, true);
        assert_false(is_shown(w, &beyond));
        for (unsigned i = 0; i < next; i++)
                note(w, of_owner(from(login(uid, 2), i), 2000));
        assert_int_equal(take(w, false), next);
        for (unsigned i = 0; i < 100; i++) {
                struct audit_record other = of_owner(login(uid, 100 + i), 3000 + i);

                note(w, other);
                assert_int_equal(take(w, false), 1);
                assert_true(is_shown(w, &other));
        }
}

static void test_one_key_s_sources_hide_no_other_through_root(void **state) {
        check_sources(*state, 0, FOLD_SOURCES_SHARE / 2, FOLD_SOURCES_SHARE / 4);
}

static void test_nor_through_a_service(void **state) {
        check_sources(*state, 110, FOLD_SOURCES_SHARE / 3 + 1, FOLD_SOURCES_SHARE / 9);
}

/* Local users invent sources for their own keys, and sshd has its own share. */
static void test_invented_sources_leave_root_its_share(void **state) {
        struct world *w = *state;

        for (uid_t uid = 1000; uid < 1010; uid++)
                for (unsigned i = 0; i < 3000; i++)
                        note(w, of_owner(from(login(uid, uid), i), uid));
        for (unsigned i = 0; i < 2000; i++)
                note(w, of_owner(from(login(100000 + i, 5), i), 1010));
        (void) take(w, false);
        for (unsigned i = 0; i < FOLD_SOURCES_SHARE / 2; i++)
                note(w, from(login(0, 1), i));
        assert_int_equal(take(w, false), FOLD_SOURCES_SHARE / 2);
}

/* --- How much one user can leave in a day --- */

/* What a day of events leaves: ${invent} notes those of one moment. Another user logs in once an
 * hour, and each of these must have its own row. Returns the rows without these. */
static uint64_t a_day(struct world *w, void (*invent)(struct world *w, unsigned s)) {
        char id[KEYTEXT_ID_LEN + 1];

        for (unsigned s = 0; s < 86400; s += 10, w->now += 10) {
                invent(w, s);
                if (s % 3600 == 1800) {
                        (void) snprintf(id, sizeof(id), "mine%06u", s / 3600);
                        note(w, refusal(110, id, "imap"));
                }
                (void) take(w, false);
        }
        assert_int_equal(w->mine, 24);
        return w->rows - w->mine;
}

/* What the rule gives for a day, and what the first event of each kind and a small number of kinds
 * may leave besides. */
#define A_DAY (86400 / FOLD_SPREAD_S + 2 * (FOLD_KNOWN_MAX + FOLD_UNKNOWN_MAX))

static void all_services(struct world *w, unsigned s) {
        struct audit_record record = login(4242, 1);

        for (unsigned i = 0; i < FOLD_KNOWN_MAX; i++) {
                (void) snprintf(record.service, sizeof(record.service), "service%u", i);
                note(w, record);
                note(w, guess(4242, s, i));
        }
}

static void new_services(struct world *w, unsigned s) {
        struct audit_record record = refusal(4242, "aaaaaaaaaa", "");

        for (unsigned i = 0; i < 4; i++) {
                (void) snprintf(record.service, sizeof(record.service), "service%u-%u", s / 60, i);
                note(w, record);
        }
}

/* The next ones come when the last ones are forgotten. */
static void new_services_each_hour(struct world *w, unsigned s) {
        struct audit_record record = login(4242, 1);

        for (unsigned i = 0; s % (FOLD_FORGET_S + 20) == 0 && i < 40; i++) {
                (void) snprintf(record.service, sizeof(record.service), "service%u-%u", s, i);
                note(w, record);
        }
}

/* From new sources all the time. */
static void new_sources(struct world *w, unsigned s) {
        for (unsigned i = 0; i < 40; i++)
                note(w, of_owner(from(login(0, 1), s * 4 + i), 4242));
}

static void many_uids(struct world *w, unsigned s) {
        for (uid_t uid = 131072; uid < 131072 + 64; uid++)
                note(w, login(uid, s % 4));
}

/* Through sshd, with keys that were revoked. */
static void many_keys(struct world *w, unsigned s) {
        char id[KEYTEXT_ID_LEN + 1];

        for (unsigned i = 0; i < 20; i++) {
                (void) snprintf(id, sizeof(id), "k%09u", (s * 2 + i) % 5000);
                note(w, of_owner(refusal(0, id, "sshd"), 4242));
        }
}

static void test_a_day_of_all_services(void **state) {
        assert_in_range(a_day(*state, all_services), 500, A_DAY);
}

static void test_a_day_of_new_services(void **state) {
        assert_in_range(a_day(*state, new_services), 500, A_DAY);
}

static void test_a_day_of_forgotten_services(void **state) {
        assert_in_range(a_day(*state, new_services_each_hour), 500, A_DAY);
}

static void test_a_day_of_many_uids(void **state) {
        assert_in_range(a_day(*state, many_uids), 500, A_DAY + 2 * FOLD_RANGE_MAX);
}

static void test_a_day_of_many_keys_through_root(void **state) {
        assert_in_range(a_day(*state, many_keys), 500, A_DAY + 2 * FOLD_ROOT_SHARE / 2);
}

static void test_a_day_of_new_sources(void **state) {
        assert_in_range(a_day(*state, new_sources), 500, A_DAY + 2 * FOLD_SOURCES_SHARE / 2);
}

/* Three owners use many keys at a service of ${uid}. Then ${n} others use one each. */
static void check_owners(struct world *w, uid_t uid, unsigned n) {
        char id[KEYTEXT_ID_LEN + 1];

        for (uid_t owner = 2000; owner < 2003; owner++)
                for (unsigned i = 0; i < 5000; i++) {
                        (void) snprintf(id, sizeof(id), "k%u%05u", owner, i);
                        note(w, of_owner(refusal(uid, id, "sshd"), owner));
                }
        (void) take(w, false);
        for (unsigned i = 0; i < n; i++) {
                (void) snprintf(id, sizeof(id), "mine%06u", i);
                note(w, of_owner(refusal(uid, id, "sshd"), 3000 + i));
                assert_int_equal(take(w, false), 1);
                assert_string_equal(w->taken[0].key, id);
        }
}

/* One owner's keys do not take the places of the keys of others. */
static void test_an_owner_through_root_hides_no_other(void **state) {
        check_owners(*state, 0, 200);
}

static void test_an_owner_through_a_service_hides_no_other(void **state) {
        struct world *w = *state;

        /* Each service has owners of its own. */
        check_owners(w, 110, 60);
        check_owners(w, 111, 60);
        check_owners(w, 100000, 10);
}

/* Three uids take all that they get. The next one still has more than its first event. */
static void test_a_uid_hides_no_other_key_of_the_next(void **state) {
        struct world *w = *state;
        char id[KEYTEXT_ID_LEN + 1];

        for (unsigned i = 0; i < 3 * FOLD_ENTRIES_MAX; i++) {
                (void) snprintf(id, sizeof(id), "k%09u", i);
                note(w, of_owner(refusal(1000 + i / FOLD_ENTRIES_MAX, id, "x"), 2000 + i));
        }
        (void) take(w, false);
        for (unsigned i = 0; i < 100; i++) {
                (void) snprintf(id, sizeof(id), "mine%06u", i);
                note(w, of_owner(refusal(110, id, "imap"), 3000 + i));
                assert_int_equal(take(w, false), 1);
                assert_string_equal(w->taken[0].key, id);
        }
}

/* Through sshd all clients are uid 0. An attacker who guesses there takes no place from users who
 * have a key. */
static void test_guessers_through_root_hide_no_key(void **state) {
        struct world *w = *state;
        char id[KEYTEXT_ID_LEN + 1];

        for (unsigned i = 0; i < 100000; i++)
                note(w, guess(0, i, i));
        assert_int_equal(take(w, false), FOLD_UNKNOWN_MAX + 1);
        for (unsigned i = 0; i < FOLD_ROOT_SHARE - FOLD_UNKNOWN_MAX; i++) {
                (void) snprintf(id, sizeof(id), "k%09u", i);
                note(w, of_owner(refusal(0, id, "sshd"), 1000 + i));
        }
        assert_int_equal(take(w, false), FOLD_ROOT_SHARE - FOLD_UNKNOWN_MAX);
}

static void test_many_uids_together_leave_root_its_share(void **state) {
        struct world *w = *state;
        char id[KEYTEXT_ID_LEN + 1];

        for (uid_t uid = 1000; uid < 3000; uid++)
                for (unsigned i = 0; i < 300; i++) {
                        (void) snprintf(id, sizeof(id), "k%09u", i);
                        note(w, refusal(uid, id, "x"));
                        note(w, login(uid, i));
                }
        assert_in_range(take(w, false), 1000,
                        FOLD_ENTRIES_MAX - FOLD_ROOT_SHARE + FOLD_SOURCES_SHARE + 2);
        assert_int_equal(w->events, 2000 * 600);
        for (unsigned i = 0; i < FOLD_ROOT_SHARE / 2; i++) {
                note(w, of_owner(login(0, i), 1000 + i));
                (void) snprintf(id, sizeof(id), "k%09u", i);
                note(w, of_owner(refusal(0, id, "sshd"), 10000 + i));
        }
        assert_int_equal(take(w, false), FOLD_ROOT_SHARE);
}

static void test_root_has_a_place_however_many_others_have_come(void **state) {
        struct world *w = *state;

        for (uid_t uid = 1000; uid < 1000 + 2 * FOLD_UIDS_MAX; uid++)
                note(w, refusal(uid, "aaaaaaaaaa", "imap"));
        /* one place is root's, so one record is about all the others */
        assert_int_equal(take(w, false), FOLD_UIDS_MAX);
        assert_int_equal(w->events, 2 * FOLD_UIDS_MAX);
        note(w, login(0, 1));
        assert_int_equal(take(w, false), 1);
        assert_string_equal(w->taken[0].event, "login");
}

/* Keys, services and uids as many as an attacker likes, in a subordinate range and with the
 * accounts of accomplices. */
static void flood(struct world *w, uid_t from, uid_t to, unsigned n) {
        char id[KEYTEXT_ID_LEN + 1];

        for (uid_t uid = from; uid < to; uid++)
                for (unsigned i = 0; i < n; i++) {
                        (void) snprintf(id, sizeof(id), "k%09u", i);
                        note(w, refusal(uid, id, "x"));
                        note(w, guess(uid, i, i));
                }
}

static void check_first(struct world *w, uid_t uid) {
        struct audit_record mine = refusal(uid, "aaaaaaaaaa", "imap");
        bool found = false;

        (void) take(w, false);
        note(w, mine);
        assert_int_equal(take(w, false), 1);
        for (size_t i = 0; i < w->n_taken; i++)
                found = found ||
                        (w->taken[i].uid == uid && strcmp(w->taken[i].key, mine.key) == 0 &&
                         strcmp(w->taken[i].event, mine.event) == 0);
        assert_true(found);
}

static void test_a_subordinate_range_hides_nobody(void **state) {
        struct world *w = *state;

        flood(w, 100000, 100000 + 65536, 1);
        flood(w, 100000, 100000 + 400, 300);
        for (uid_t uid = 1000; uid < 1000 + FOLD_UIDS_MAX - 1 - 2 * FOLD_RANGE_UIDS_MAX; uid++)
                check_first(w, uid);
        note(w, login(0, 1));
        assert_int_equal(take(w, false), 1);
}

static void test_the_first_event_of_a_uid_has_its_key(void **state) {
        struct world *w = *state;

        flood(w, 1000, 1014, 200);
        for (uid_t uid = 2000; uid < 2000 + FOLD_UIDS_MAX - 1 - 14; uid++)
                check_first(w, uid);
}

/* Events beyond a share are counted by uid, accepted and refused ones apart. */
static void test_what_is_beyond_a_share_is_counted(void **state) {
        struct world *w = *state;
        const unsigned accepted = FOLD_KNOWN_MAX + FOLD_SOURCES_SHARE / 2;
        unsigned seen = 0;

        for (unsigned i = 0; i < accepted + 50; i++)
                note(w, of_owner(login(110, i), 1000 + i));
        for (unsigned i = 0; i < FOLD_UNKNOWN_MAX + 60; i++)
                note(w, guess(110, i, i));
        assert_int_equal(take(w, false), accepted + FOLD_UNKNOWN_MAX + 2);
        for (size_t i = 0; i < w->n_taken; i++) {
                if (strcmp(w->taken[i].event, "several") != 0)
                        continue;
                seen++;
                assert_int_equal(w->taken[i].uid, 110);
                assert_string_equal(w->taken[i].key, "");
                assert_string_equal(w->taken[i].service, "");
                assert_int_equal(w->taken[i].owner_uid, AUDIT_NOBODY);
                assert_int_equal(w->taken[i].count,
                                 strcmp(w->taken[i].verdict, "accepted") == 0 ? 50 : 60);
        }
        assert_int_equal(seen, 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_fold(test_a_thief_is_not_one_of_the_owner_s_logins),
                test_fold(test_one_key_s_sources_hide_no_other_through_root),
                test_fold(test_nor_through_a_service),
                test_fold(test_invented_sources_leave_root_its_share),
                test_fold(test_a_day_of_all_services),
                test_fold(test_a_day_of_new_services),
                test_fold(test_a_day_of_forgotten_services),
                test_fold(test_a_day_of_many_uids),
                test_fold(test_a_day_of_many_keys_through_root),
                test_fold(test_a_day_of_new_sources),
                test_fold(test_an_owner_through_root_hides_no_other),
                test_fold(test_an_owner_through_a_service_hides_no_other),
                test_fold(test_a_uid_hides_no_other_key_of_the_next),
                test_fold(test_guessers_through_root_hide_no_key),
                test_fold(test_many_uids_together_leave_root_its_share),
                test_fold(test_root_has_a_place_however_many_others_have_come),
                test_fold(test_a_subordinate_range_hides_nobody),
                test_fold(test_the_first_event_of_a_uid_has_its_key),
                test_fold(test_what_is_beyond_a_share_is_counted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
