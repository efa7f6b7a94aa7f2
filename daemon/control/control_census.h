/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at every key without keeping others from the writer thread: half a microsecond a key, in
 * pieces, and others have their turn between two of them. */
#pragma once

#include "control/control.h"
#include "control/control_metrics.h"
#include "control/control_pieces.h"
#include "rules/policy.h"

/* The first member of a call that needs the numbers of keys. */
struct control_census_call {
        struct control_call call;
        struct control_census census;
        struct control_pieces pieces;
        char after[KEYTEXT_ID_LEN + 1];
        struct policy policy;
        /* the census is wanted, and was taken */
        bool counted;
        /* in a fleet, and cannot end keys on other hosts */
        bool fleet_member;
};

/**
 * control_census_count(census, anew): a call's detour. Counts the keys, and goes on with the call
 * by control_resume(). Unless ${anew}, a count that took more than one piece is good for a hundred
 * times as long as it took. The result is in ${census}->census from then on.
 */
void control_census_count(struct control_census_call *census, bool anew);
