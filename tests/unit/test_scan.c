/* SPDX-License-Identifier: BSD-2-Clause */
/* What a search for keys remembers of those that it has found. The daemon is one line here. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "keytext.h"
#include "scan/fate.h"
#include "scan/scan.h"

#define SECRET "0123456789abcdefghijABCDEFGHIJ0123456789ab"
#define MANY   (2 * KEYRING_STRANGERS_MAX)
#define KNOWN  100 /* one of so many is known */

static unsigned asked;

static bool is_known(unsigned i) {
        return i % KNOWN == 0;
}

enum exit_code __wrap_fate_ask(const struct args *args, struct keyring_key *key);
enum exit_code __wrap_fate_ask(const struct args *args, struct keyring_key *key) {
        unsigned i;

        (void) args;
        asked++;
        assert_int_equal(key->fate, FATE_NOT_ASKED);
        assert_string_equal(key->owner, "");
        assert_int_equal(sscanf(keytext_id(key->secret.text), "%10u", &i), 1);
        key->fate = is_known(i) ? FATE_REVOKED : FATE_UNKNOWN;
        if (is_known(i))
                (void) snprintf(key->owner, sizeof(key->owner), "alice");
        return CTL_OK;
}

/* Whether the key stays in the ring. */
static bool note(struct scan *s, unsigned i) {
        char key[KEYTEXT_LEN + 1], id[KEYTEXT_ID_LEN + 1];
        size_t at = SIZE_MAX;
        int r;

        (void) snprintf(id, sizeof(id), "%010u", i);
        keytext_format(key, id, SECRET);
        r = scan_note(s, key, &at);
        assert_in_range(r, 0, 1);
        assert_memory_equal(s->ring.keys[at].secret.text, key, KEYTEXT_LEN);
        assert_int_equal(s->ring.keys[at].fate, is_known(i) ? FATE_REVOKED : FATE_UNKNOWN);
        return r > 0;
}

/* A file of somebody else can have texts of the form of a key without end. */
static void test_made_up_keys_take_no_more_memory(void **state) {
        const struct args args = {};
        _cleanup_scan_ struct scan s = { .args = &args };
        unsigned strangers = 0;

        (void) state;
        for (unsigned i = 0; i < MANY; i++) {
                bool kept = note(&s, i);

                assert_true(!is_known(i) || kept);
                strangers += kept && !is_known(i);
        }
        assert_int_equal(strangers, KEYRING_STRANGERS_MAX);
        assert_int_equal(s.ring.n, strangers + (MANY + KNOWN - 1) / KNOWN);
        assert_in_range(s.ring.room, s.ring.n, 2 * s.ring.n);
        assert_int_equal(asked, MANY);
        /* What is remembered is asked about once. */
        for (unsigned i = 0; i < MANY; i += KNOWN)
                assert_true(note(&s, i));
        assert_true(note(&s, 1));
        assert_int_equal(asked, MANY);
        assert_false(note(&s, MANY - 1));
        assert_int_equal(asked, MANY + 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_made_up_keys_take_no_more_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
