/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of PAM codes: of all outcomes and all numbers that are none, a single one is a success,
 * and none is PAM_IGNORE where it would let somebody in. */
#include <security/_pam_types.h>

#include "pam_map.h"
#include "proof.h"

int main(void) {
        enum outcome outcome = (enum outcome) nondet_int();
        enum verdict verdict = (enum verdict) nondet_unsigned();
        bool has_key = nondet_bool();
        int auth = pam_map_auth(outcome, has_key), account = pam_map_account(outcome);

        prove(auth != PAM_SUCCESS || (outcome == OUTCOME_ALLOW && has_key));
        prove(auth != PAM_IGNORE);
        /* A key that was not judged must stop the stack as a password would not. */
        prove(!has_key || auth == PAM_SUCCESS || auth == PAM_AUTH_ERR ||
              auth == PAM_AUTHINFO_UNAVAIL || auth == PAM_INCOMPLETE);
        prove(account != PAM_SUCCESS || outcome == OUTCOME_ALLOW);
        prove(account != PAM_IGNORE || outcome == OUTCOME_NOT_A_KEY);
        prove((pam_map_verdict(verdict) == OUTCOME_ALLOW) == (verdict == VERDICT_ALLOW));
        return 0;
}
