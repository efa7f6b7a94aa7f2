/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two methods share that give a key of before a new secret: ResetKey and RotateKey. */
#pragma once

#include "control/control.h"

struct control_owner_look {
        struct worker_job job;
        struct control_owner_call *ours;
};

/* The first member of such a call. */
struct control_owner_call {
        struct control_call call;
        char id[KEYTEXT_ID_LEN + 1];
        struct control_owner_look look;
        /* for whom the key is good; "": nobody is asked */
        char owner[WIRE_USER_MAX + 1];
        uid_t uid;
};

/**
 * control_owner_ask(call): the detour of such a call. It goes on with control_issue_go_on(), and
 * has failed unless the key is the caller's to change, and the user of its owner's name is its
 * owner. That is asked as for a new key.
 */
void control_owner_ask(struct control_call *call);
