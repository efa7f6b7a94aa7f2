/* SPDX-License-Identifier: BSD-2-Clause */
/* The command that userdel's hook runs. What follows from it is the daemon's to decide. */
#include "admin/cmd_account.h"
#include "call/call.h"

enum exit_code cmd_account_removed(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        return call_once(args->control, "AccountRemoved", &reply, "s", args->words[0]);
}
