/* SPDX-License-Identifier: BSD-2-Clause */
/* One key in a message, as common/CONTROL describes it. */
#pragma once

#include "control/control.h"
#include "rules/policy.h"

/* A key and why this host refuses it now. "": it does not. */
struct control_shown {
        struct key_record key;
        char refused[RECORD_REASON_MAX + 1];
};

/**
 * control_show_judge(writer, realms, policy, now, shown): fills in why this host refuses the key of
 * ${shown}. 0, or an error of the store.
 */
int control_show_judge(struct store *writer, const struct realms *realms,
                       const struct policy *policy, int64_t now,
                       struct control_shown *shown) _must_check_;

/**
 * control_show_linked(key): the user whose password the key depends on.
 */
const char *control_show_linked(const struct key_record *key);

/**
 * control_show_append(m, shown, policy, now): appends the properties as an a{sv}, which stays open.
 * Returns 0 or more, or the negative errno of sd-bus.
 */
int control_show_append(sd_bus_message *m, const struct control_shown *shown,
                        const struct policy *policy, int64_t now) _must_check_;
