/* SPDX-License-Identifier: BSD-2-Clause */
/* TrustClock: an administrator says that the clock is right. What a clock decides is not here. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/control_audit.h"
#include "control/control_state.h"
#include "store/store_sweep.h"

static int64_t wall_clock(void) {
        return clock_now() - clock_behind();
}

static int trust(struct control_call *call, struct store *writer) {
        char detail[64];
        int r;

        (void) snprintf(detail, sizeof(detail), "it was %" PRId64 " s %s",
                        clock_ahead() ?: clock_behind(), clock_ahead() > 0 ? "ahead" : "behind");
        r = store_sweep_set_trusted_at(writer, wall_clock());
        return r < 0 ? r : control_audit_add(call, writer, "clock-trusted", NULL, detail);
}

static void trust_run(struct control_call *call, struct store *writer) {
        if (!control_transact(call, writer, trust))
                return;
        clock_remember(wall_clock());
        clock_trust(true);
        log_line(LOG_NOTICE, "the clock is right, says %s", call->who);
}

const struct control_handlers control_clock_trust = {
        .size = sizeof(struct control_call),
        .run = trust_run,
};
