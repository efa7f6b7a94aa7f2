/* SPDX-License-Identifier: BSD-2-Clause */
/* What a flood leaves in the audit log. Hours pass in the test's own time. How a record is written
 * is not known here. */
#include "unit_record.h"

#include "rules/fold.h"

#define NOW   INT64_C(1800000000)
#define TAKEN 256
/* more than a table has */
#define KEPT (3 * FOLD_ENTRIES_MAX)

struct world {
        struct fold *fold;
        int64_t now;
        struct audit_record taken[KEPT];
        size_t n_taken;
        uint64_t rows, events; /* taken since the start */
        unsigned mine;         /* rows of a_day()'s other user */
};

static int make(void **state) {
        struct world *w = calloc(1, sizeof(*w));

        if (!w || fold_new(&w->fold) < 0)
                return -1;
        w->now = NOW;
        *state = w;
        return 0;
}

static int drop(void **state) {
        struct world *w = *state;

        fold_free(w->fold);
        free(w);
        return 0;
}

static struct audit_record refusal(uid_t uid, const char *key, const char *service) {
        struct audit_record record = unit_refusal();

        record.uid = uid;
        (void) snprintf(record.key, sizeof(record.key), "%s", key);
        (void) snprintf(record.service, sizeof(record.service), "%s", service);
        return record;
}

static struct audit_record guess(uid_t uid, unsigned id, unsigned service) {
        struct audit_record record = refusal(uid, "", "");

        (void) snprintf(record.key, sizeof(record.key), "%010u", id);
        (void) snprintf(record.service, sizeof(record.service), "service%u", service);
        (void) snprintf(record.rhost, sizeof(record.rhost), "2001:db8::%x", id & 0xffff);
        memcpy(record.reason, "unknown-key", 12);
        record.owner_uid = AUDIT_NOBODY;
        return record;
}

static struct audit_record login(uid_t uid, unsigned id) {
        struct audit_record record = guess(uid, id, 0);

        memcpy(record.verdict, "accepted", 9);
        record.reason[0] = '\0';
        record.owner_uid = 1000;
        return record;
}

/* The same key from another address. */
static struct audit_record from(struct audit_record record, unsigned address) {
        (void) snprintf(record.rhost, sizeof(record.rhost), "2001:db8:1::%x", address);
        return record;
}

/* About a key of this owner. */
static struct audit_record of_owner(struct audit_record record, uid_t owner) {
        record.owner_uid = owner;
        return record;
}

/* All that is due, in one go or several. */
static size_t take(struct world *w, bool all) {
        size_t n;

        w->n_taken = 0;
        while ((n = fold_take(w->fold, w->now, all, w->taken + w->n_taken, TAKEN)) > 0) {
                w->n_taken += n;
                assert_in_range(w->n_taken, n, KEPT - TAKEN);
                for (size_t i = w->n_taken - n; i < w->n_taken; i++) {
                        assert_in_range(w->taken[i].at, 1, w->taken[i].until);
                        assert_in_range(w->taken[i].count, 1, UINT64_MAX);
                        w->events += w->taken[i].count;
                        w->mine +=
                                w->taken[i].uid == 110 && strncmp(w->taken[i].key, "mine", 4) == 0;
                }
                if (n < TAKEN)
                        break;
        }
        w->rows += w->n_taken;
        return w->n_taken;
}

static void note(struct world *w, struct audit_record record) {
        fold_note(w->fold, &record, w->now);
}

/* --- One by one --- */

static void test_the_first_goes_out_at_once_and_as_it_is(void **state) {
        struct world *w = *state;
        struct audit_record want = refusal(110, "aaaaaaaaaa", "imap");

        assert_int_equal(take(w, true), 0);
        note(w, want);
        assert_int_equal(take(w, false), 1);
        want.at = want.until = NOW;
        want.count = 1;
        assert_memory_equal(&w->taken[0], &want, sizeof(want));
        assert_int_equal(take(w, true), 0);
}

static void test_those_like_it_wait_for_the_window_and_are_counted(void **state) {
        struct world *w = *state;
        struct audit_record last = refusal(110, "aaaaaaaaaa", "imap");

        note(w, last);
        assert_int_equal(take(w, false), 1);
        for (unsigned i = 1; i < FOLD_REFUSED_S; i++) {
                w->now++;
                note(w, last);
                assert_int_equal(take(w, false), 0);
        }
        w->now++;
        assert_int_equal(take(w, false), 1);
        assert_int_equal(w->taken[0].count, FOLD_REFUSED_S - 1);
        assert_int_equal(w->taken[0].at, NOW + 1);
        assert_int_equal(w->taken[0].until, NOW + FOLD_REFUSED_S - 1);
        assert_string_equal(w->taken[0].detail, "");
}

/* What is gathered is told, once, and taken by nobody. */
static void test_repeats_are_told_before_they_are_written(void **state) {
        struct world *w = *state;
        struct audit_record told[2];

        note(w, refusal(110, "aaaaaaaaaa", "imap"));
        assert_int_equal(fold_repeats(w->fold, w->now, told, 2), 0);
        assert_int_equal(take(w, false), 1);
        for (unsigned i = 0; i < 12; i++)
                note(w, refusal(110, "aaaaaaaaaa", "imap"));
        note(w, refusal(110, "bbbbbbbbbb", "imap"));
        assert_int_equal(fold_repeats(w->fold, w->now, told, 2), 1);
        assert_int_equal(told[0].count, 12);
        assert_string_equal(told[0].key, "aaaaaaaaaa");
        assert_int_equal(fold_repeats(w->fold, w->now, told, 2), 0);
        note(w, refusal(110, "aaaaaaaaaa", "imap"));
        assert_int_equal(fold_repeats(w->fold, w->now, told, 2), 1);
        assert_int_equal(told[0].count, 1);
        assert_int_equal(take(w, true), 2);
        assert_int_equal(w->taken[0].count + w->taken[1].count, 14);
        assert_int_equal(fold_repeats(w->fold, w->now, told, 2), 0);
}

static void test_the_last_is_shown_and_that_there_were_others(void **state) {
        struct world *w = *state;
        struct audit_record record = refusal(110, "aaaaaaaaaa", "imap");

        note(w, record);
        memcpy(record.rhost, "192.0.2.8", 10);
        record.pid = 78;
        note(w, record);
        note(w, record);
        assert_int_equal(take(w, false), 1);
        assert_string_equal(w->taken[0].rhost, "192.0.2.8");
        assert_int_equal(w->taken[0].pid, 78);
        assert_int_equal(w->taken[0].count, 3);
        assert_non_null(strstr(w->taken[0].detail, "several"));
        note(w, record);
        assert_int_equal(take(w, true), 1);
        assert_string_equal(w->taken[0].detail, "");
}

static void test_what_differs_is_kept_apart(void **state) {
        struct world *w = *state;
        struct audit_record record = refusal(110, "aaaaaaaaaa", "imap");

        note(w, record);
        record.uid = 111;
        note(w, record);
        memcpy(record.key, "bbbbbbbbbb", 11);
        note(w, record);
        memcpy(record.service, "sshd", 5);
        note(w, record);
        memcpy(record.reason, "expired", 8);
        note(w, record);
        memcpy(record.event, "confirm", 8);
        note(w, record);
        memcpy(record.door, "control", 8);
        note(w, record);
        memcpy(record.verdict, "accepted", 9);
        note(w, record);
        record.owner_uid = AUDIT_NOBODY;
        note(w, record);
        record.has_login = true;
        note(w, record);
        record.login_uid = 1000;
        note(w, record);
        assert_int_equal(take(w, false), 11);
        for (size_t i = 0; i < w->n_taken; i++)
                assert_int_equal(w->taken[i].count, 1);
}

static void test_ids_that_nobody_has_are_not_kept_apart(void **state) {
        struct world *w = *state;

        for (unsigned i = 0; i < 1000; i++)
                note(w, guess(110, i, 0));
        assert_int_equal(take(w, false), 1);
        assert_int_equal(w->taken[0].count, 1000);
        assert_string_equal(w->taken[0].key, "0000000999");
}

static void test_accepted_logins_are_gathered_for_longer(void **state) {
        struct world *w = *state;

        note(w, login(0, 1));
        assert_int_equal(take(w, false), 1);
        for (unsigned hour = 0; hour < 3600; hour++) {
                w->now++;
                note(w, login(0, 1));
                (void) take(w, false);
        }
        assert_int_equal(w->rows, 1 + 3600 / FOLD_ACCEPTED_S);
        (void) take(w, true);
        assert_int_equal(w->events, 3601);
}

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

/* --- For hours --- */

static void test_a_refusal_that_goes_on_leaves_few_rows_an_hour(void **state) {
        struct world *w = *state;
        uint64_t first_hour, events = 0;

        for (unsigned s = 0; s < 3600; s++, w->now++, events += 10) {
                for (unsigned i = 0; i < 10; i++)
                        note(w, refusal(110, "aaaaaaaaaa", "imap"));
                (void) take(w, false);
        }
        first_hour = w->rows;
        assert_in_range(first_hour, 5, 8);
        for (unsigned s = 0; s < 10 * 3600; s++, w->now++, events++) {
                note(w, refusal(110, "aaaaaaaaaa", "imap"));
                (void) take(w, false);
        }
        assert_in_range(w->rows - first_hour, 10, 10 * 4);
        (void) take(w, true);
        assert_int_equal(w->events, events);
}

static void test_after_a_quiet_hour_it_begins_anew(void **state) {
        struct world *w = *state;

        for (unsigned i = 0; i < 100; i++, w->now += FOLD_LONGEST_S) {
                note(w, refusal(110, "aaaaaaaaaa", "imap"));
                (void) take(w, false);
        }
        (void) take(w, true);
        w->now += FOLD_FORGET_S;
        assert_int_equal(take(w, false), 0);
        note(w, refusal(110, "aaaaaaaaaa", "imap"));
        assert_int_equal(take(w, false), 1);
        note(w, refusal(110, "aaaaaaaaaa", "imap"));
        w->now += FOLD_REFUSED_S;
        assert_int_equal(take(w, false), 1);
}

/* One uid invents everything that it can, as fast as it can, for a day. In between two keys of
 * another user log in. */
static void test_a_flood_fills_nothing_and_hides_nobody(void **state) {
        struct world *w = *state;
        uint64_t others = 0, events = 0, rows = 0;

        for (unsigned s = 0; s < 86400; s += 2, w->now += 2) {
                for (unsigned i = 0; i < 20; i++, events++)
                        note(w, guess(4242, s * 20 + i, s * 20 + i));
                if (s % 7200 == 3600) {
                        note(w, refusal(110, "aaaaaaaaaa", "imap"));
                        note(w, refusal(4242, "bbbbbbbbbb", "imap")); /* even by the same uid */
                        events += 2;
                }
                (void) take(w, false);
                for (size_t i = 0; i < w->n_taken; i++)
                        others += w->taken[i].owner_uid == 1000;
        }
        assert_int_equal(others, 2 * 12);
        rows = w->rows;
        assert_in_range(rows, 24, 24 * 2 * FOLD_UNKNOWN_MAX + 200);
        (void) take(w, true);
        assert_int_equal(w->events, events);
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

static void test_what_is_taken_in_pieces_is_all_taken(void **state) {
        struct world *w = *state;
        struct audit_record one;
        unsigned n = 0;

        for (unsigned i = 0; i < 100; i++)
                note(w, login(0, i));
        while (fold_take(w->fold, w->now, false, &one, 1) == 1)
                n++;
        assert_int_equal(n, 100);
}

static void test_a_clock_that_goes_back_keeps_nothing(void **state) {
        struct world *w = *state;

        note(w, refusal(110, "aaaaaaaaaa", "imap"));
        assert_int_equal(take(w, false), 1);
        note(w, refusal(110, "aaaaaaaaaa", "imap"));
        w->now -= 1000000;
        assert_int_equal(take(w, false), 1);
        note(w, refusal(110, "aaaaaaaaaa", "imap"));
        w->now -= 1000000;
        note(w, refusal(110, "aaaaaaaaaa", "imap"));
        assert_int_equal(take(w, true), 1);
        assert_int_equal(w->taken[0].count, 2);
}

static void test_nothing_can_be_freed(void **state) {
        (void) state;
        assert_null(fold_free(NULL));
}

#define test_fold(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_fold(test_the_first_goes_out_at_once_and_as_it_is),
                test_fold(test_those_like_it_wait_for_the_window_and_are_counted),
                test_fold(test_repeats_are_told_before_they_are_written),
                test_fold(test_the_last_is_shown_and_that_there_were_others),
                test_fold(test_what_differs_is_kept_apart),
                test_fold(test_ids_that_nobody_has_are_not_kept_apart),
                test_fold(test_accepted_logins_are_gathered_for_longer),
                test_fold(test_a_thief_is_not_one_of_the_owner_s_logins),
                test_fold(test_one_key_s_sources_hide_no_other_through_root),
                test_fold(test_nor_through_a_service),
                test_fold(test_invented_sources_leave_root_its_share),
                test_fold(test_a_refusal_that_goes_on_leaves_few_rows_an_hour),
                test_fold(test_after_a_quiet_hour_it_begins_anew),
                test_fold(test_a_flood_fills_nothing_and_hides_nobody),
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
                test_fold(test_what_is_taken_in_pieces_is_all_taken),
                test_fold(test_a_clock_that_goes_back_keeps_nothing),
                cmocka_unit_test(test_nothing_can_be_freed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
