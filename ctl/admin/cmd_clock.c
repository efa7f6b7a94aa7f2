/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells the daemon that the clock is right. Does not look at the clock. */
#include "admin/cmd_clock.h"
#include "call/call.h"

enum exit_code cmd_clock_trust(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        return call_once(args->control, "TrustClock", &reply, "");
}
