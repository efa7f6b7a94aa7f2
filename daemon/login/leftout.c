/* SPDX-License-Identifier: BSD-2-Clause */
/* One line for all that was left out. Does not know what was in the lines. */
#include <inttypes.h>

#include "base/log.h"
#include "login/leftout.h"

void leftout_say(struct loglimit *limits, const char *about, int64_t now, bool last) {
        uint64_t n = loglimit_left_out(limits, now, last);

        if (n > 0)
                log_line(LOG_NOTICE,
                         "%" PRIu64 " lines about %s were left out, because there were many alike",
                         n, about);
}
