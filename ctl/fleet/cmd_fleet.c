/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the daemon for its key, and has hosts leave the fleet. Decides nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "call/call.h"
#include "call/dict.h"
#include "cli/confirm.h"
#include "cli/say.h"
#include "draw/json.h"
#include "fleet/cmd_fleet.h"
#include "fleet/fleetstatus.h"

enum exit_code cmd_fleet_key(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        const char *key;
        enum exit_code rc;

        rc = call_once(args->control, "FleetKey", &reply, "");
        if (rc == CTL_OK)
                rc = call_read(reply, "s", &key);
        if (rc != CTL_OK)
                return rc;
        if (args->json)
                json_one_text("key", key);
        else
                puts(key);
        say_note("On an issuing host: wfapikeyctl fleet invite HOST %s >FILE", key);
        return CTL_OK;
}

static enum exit_code move(const struct args *args, const char *groups, int issuing) {
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_call_ struct call call = {};
        enum exit_code rc;
        int r;

        rc = call_begin(&call, args->control, "FleetMove", &m);
        if (rc != CTL_OK)
                return rc;
        r = sd_bus_message_append_basic(m, 's', args->words[0]);
        if (r >= 0)
                r = dict_append_words(m, groups);
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 'b', &issuing);
        return call_send(&call, m, r, &reply);
}

enum exit_code cmd_fleet_move(const struct args *args) {
        return move(args, args_value(args, "groups"), false);
}

enum exit_code cmd_fleet_promote(const struct args *args) {
        return move(args, NULL, true);
}

/* Has ${method} done, which has no answer. */
static enum exit_code order(const struct args *args, const char *method) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        return call_once(args->control, method, &reply, "");
}

enum exit_code cmd_fleet_snapshot(const struct args *args) {
        return order(args, "FleetAskSnapshot");
}

enum exit_code cmd_fleet_report(const struct args *args) {
        enum exit_code rc = order(args, "FleetAskReport");

        if (rc == CTL_OK)
                say_note("Issuing hosts have it in a moment: 'wfapikeyctl fleet audit verify' "
                         "there. "
                         "The journal of wfapikeyd says why, if the database does not take it.");
        return rc;
}

enum exit_code cmd_fleet_rebase(const struct args *args) {
        enum exit_code rc;

        if (!args_has(args, "yes")) {
                say_error("with this, all hosts go on from what this host has: keys that it does "
                          "not know are gone; if that is right, give --yes");
                return CTL_USAGE;
        }
        rc = order(args, "FleetRebase");
        if (rc == CTL_OK)
                say_note("It has begun: 'wfapikeyctl fleet status' shows when the link is "
                         "connected, and 'journalctl -u wfapikey-fleetd' what was refused.");
        return rc;
}

enum exit_code cmd_fleet_drop(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        enum exit_code rc = call_once(args->control, "FleetDrop", &reply, "s", args->words[0]);

        if (rc != CTL_OK)
                return rc;
        say_note("The keys of the fleet stay good on that host until 'wfapikeyctl fleet leave' "
                 "there, or until replica-max-age is over.");
        return CTL_OK;
}

static enum exit_code ask(const struct call *call) {
        _cleanup_fleetstatus_ struct fleetstatus status = {};
        enum exit_code rc = fleetstatus_fetch(call, &status);
        uint64_t n;

        if (rc != CTL_OK)
                return rc;
        if (status.joined == 0) {
                say_error("this host is in no fleet that it could leave");
                return CTL_REFUSED;
        }
        n = status.keys != UINT64_MAX ? status.keys : 0;
        (void) fprintf(stderr,
                       "This takes this host out of its fleet, and removes the %" PRIu64
                       " keys of the fleet from it. Type %" PRIu64 " to go on: ",
                       n, n);
        if (confirm_number(n))
                return CTL_OK;
        say_error("that is not the number of keys; nothing was changed");
        return CTL_REFUSED;
}

enum exit_code cmd_fleet_leave(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_call_ struct call call = {};
        enum exit_code rc;
        uint64_t n;

        if (!args_has(args, "yes") && !isatty(STDIN_FILENO)) {
                say_error("this removes all keys of the fleet from this host: run it on a "
                          "terminal, where it asks, or give --yes");
                return CTL_USAGE;
        }
        rc = call_open(&call, args->control);
        if (rc == CTL_OK && !args_has(args, "yes"))
                rc = ask(&call);
        if (rc == CTL_OK)
                rc = call_plain(&call, "FleetLeave", &reply, "");
        if (rc == CTL_OK)
                rc = call_read(reply, "t", &n);
        if (rc != CTL_OK)
                return rc;
        if (args->json)
                json_one_number("removed", n);
        else
                say_note("%" PRIu64 " keys removed from this host. 'wfapikeyctl fleet drop' on an "
                         "issuing host closes its way to the database.",
                         n);
        return CTL_OK;
}
