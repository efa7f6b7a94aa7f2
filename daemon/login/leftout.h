/* SPDX-License-Identifier: BSD-2-Clause */
/* Says in the log how many lines the limits have kept back, when no further line of the kind does.
 */
#pragma once

#include "rules/loglimit.h"

/**
 * leftout_say(limits, about, now, last): tells of what loglimit_left_out() returns, if it is any.
 * ${about} names what the lines are about.
 */
void leftout_say(struct loglimit *limits, const char *about, int64_t now, bool last);
