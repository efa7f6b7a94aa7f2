/* SPDX-License-Identifier: BSD-2-Clause */
/* Removes all keys of all users, after the user has confirmed their number. The daemon compares
 * the number again. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "call/call.h"
#include "cli/confirm.h"
#include "cli/say.h"
#include "draw/json.h"
#include "key/cmd_key_remove_all.h"

static enum exit_code count(const struct args *args, uint64_t *ret) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        enum exit_code rc = call_once(args->control, "CountKeys", &reply, "");

        return rc == CTL_OK ? call_read(reply, "t", ret) : rc;
}

static enum exit_code ask(uint64_t n) {
        (void) fprintf(stderr,
                       "This removes all %" PRIu64 " keys of all users, for good. Type %" PRIu64
                       " to go on: ",
                       n, n);
        if (confirm_number(n))
                return CTL_OK;
        say_error("that is not the number of keys; none was removed");
        return CTL_REFUSED;
}

static enum exit_code decide(const struct args *args, uint64_t *ret_expected) {
        enum exit_code rc;

        *ret_expected = UINT64_MAX; /* any number of keys */
        if (args_has(args, "yes"))
                return CTL_OK;
        if (!isatty(STDIN_FILENO)) {
                say_error("this removes all keys of all users: run it on a terminal, where it "
                          "asks, or give --yes");
                return CTL_USAGE;
        }
        rc = count(args, ret_expected);
        return rc != CTL_OK ? rc : ask(*ret_expected);
}

enum exit_code cmd_key_remove_all(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        uint64_t expected, n;
        enum exit_code rc;

        rc = decide(args, &expected);
        if (rc == CTL_OK)
                rc = call_once(args->control, "RemoveAllKeys", &reply, "t", expected);
        if (rc == CTL_OK)
                rc = call_read(reply, "t", &n);
        if (rc != CTL_OK)
                return rc;
        if (args->json)
                json_one_number("removed", n);
        else
                say_note("%" PRIu64 " removed", n);
        return CTL_OK;
}
