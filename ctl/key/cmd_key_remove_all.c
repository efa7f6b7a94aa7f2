/* SPDX-License-Identifier: BSD-2-Clause */
/* Removes all keys of all users, or all keys of the fleet, after the user has confirmed their
 * number. The daemon compares the number again. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "call/call.h"
#include "call/dict.h"
#include "cli/confirm.h"
#include "cli/say.h"
#include "draw/json.h"
#include "key/cmd_key_remove_all.h"

struct fleet {
        uint64_t keys;
};

static const struct field fleet_fields[] = {
        { "keys", FIELD_COUNT, offsetof(struct fleet, keys), "-" },
};

static int read_fleet(sd_bus_message *reply, uint64_t *ret) {
        struct fleet fleet;
        int r;

        fields_init(fleet_fields, ARRAY_LEN(fleet_fields), &fleet);
        r = dict_read(fleet_fields, ARRAY_LEN(fleet_fields), reply, &fleet);
        if (r < 0)
                return r;
        /* a host that is in no fleet has no keys of one */
        *ret = r > 0 && fleet.keys != UINT64_MAX ? fleet.keys : 0;
        return 0;
}

static enum exit_code count(const struct args *args, uint64_t *ret) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        bool fleet = args_has(args, "fleet");
        enum exit_code rc =
                call_once(args->control, fleet ? "FleetStatus" : "CountKeys", &reply, "");
        int r;

        if (rc != CTL_OK)
                return rc;
        r = fleet ? read_fleet(reply, ret) : sd_bus_message_read(reply, "t", ret);
        return r < 0 ? call_misread(r) : CTL_OK;
}

static const char *what(const struct args *args) {
        return args_has(args, "fleet") ? "keys of the fleet, on all its hosts"
                                       : "keys of all users";
}

static enum exit_code ask(const struct args *args, uint64_t n) {
        (void) fprintf(stderr,
                       "This removes all %" PRIu64 " %s, for good. Type %" PRIu64 " to go on: ", n,
                       what(args), n);
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
                say_error("this removes all %s: run it on a terminal, where it "
                          "asks, or give --yes",
                          what(args));
                return CTL_USAGE;
        }
        rc = count(args, ret_expected);
        return rc != CTL_OK ? rc : ask(args, *ret_expected);
}

enum exit_code cmd_key_remove_all(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        uint64_t expected, n;
        enum exit_code rc;

        rc = decide(args, &expected);
        if (rc == CTL_OK)
                rc = call_once(args->control,
                               args_has(args, "fleet") ? "RemoveAllFleetKeys" : "RemoveAllKeys",
                               &reply, "t", expected);
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
