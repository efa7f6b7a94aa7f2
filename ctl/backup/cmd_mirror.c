/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the daemon for the key that files for this host are sealed with. Never sees its private
 * half. */
#include <stdio.h>

#include "backup/cmd_mirror.h"
#include "call/call.h"
#include "cli/say.h"
#include "draw/json.h"

static enum exit_code show_public(const struct args *args, sd_bus_message *reply) {
        const char *public;
        enum exit_code rc;

        rc = call_read(reply, "s", &public);
        if (rc != CTL_OK)
                return rc;
        if (args->json)
                json_one_text("public", public);
        else
                puts(public);
        return CTL_OK;
}

enum exit_code cmd_mirror_keygen(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        enum exit_code rc;

        rc = call_once(args->control, "MirrorKeygen", &reply, "b",
                       args_value(args, "force") != NULL);
        if (rc == CTL_REFUSED)
                say_note("'mirror show-key' prints its public half. --force replaces the key.");
        return rc == CTL_OK ? show_public(args, reply) : rc;
}

enum exit_code cmd_mirror_show_key(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        enum exit_code rc = call_once(args->control, "MirrorShowKey", &reply, "");

        return rc == CTL_OK ? show_public(args, reply) : rc;
}
