/* SPDX-License-Identifier: BSD-2-Clause */
/* The checks that several programs of this directory share. They use the world, the stand-in and
 * the key of suite.c. */
#include "check.h"
#include "suite.h"

#define GENEROUS_MS INT64_C(60000)

void check_login(struct login *l, const char *service, const struct world_key *with) {
        login_open(l, &world, service, world.user);
        assert_pam(login_try(l, with->text), PAM_SUCCESS);
        assert_int_equal(standin_asked(&standin), 1);
        login_forget(l);
}

void check_account(struct login *l, int rv, unsigned asked) {
        assert_pam(pam_acct_mgmt(l->pamh, 0), rv);
        assert_int_equal(standin_asked(&standin), asked);
        assert_int_equal(l->calls, 0);
}

void check_undecided(const char *service, unsigned asked) {
        int64_t begin = world_now_ms();
        struct login l;

        login_open(&l, &world, service, world.user);
        assert_pam(login_try(&l, key.text), PAM_AUTHINFO_UNAVAIL);
        assert_int_equal(l.calls, 1);
        assert_int_equal(l.secrets_asked, 1);
        assert_string_equal(login_env(&l, "AFTER"), key.text);
        assert_null(login_env(&l, "WFAPIKEY_ID"));
        assert_null(login_env(&l, "WFAPIKEY_NAME"));
        login_close(&l);
        assert_in_range(world_now_ms() - begin, 0, GENEROUS_MS);
        assert_int_equal(standin_asked(&standin), asked);
}
