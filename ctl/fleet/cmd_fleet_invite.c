/* SPDX-License-Identifier: BSD-2-Clause */
/* Has the daemon make an invitation, and prints it. Cannot read what is in it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "call/call.h"
#include "call/dict.h"
#include "cli/say.h"
#include "draw/json.h"
#include "fleet/cmd_fleet_invite.h"
#include "fleet/invitation.h"

static int append_invite(sd_bus_message *m, const struct args *args) {
        int r;

        r = sd_bus_message_append(m, "ss", args->words[0], args->words[1]);
        if (r >= 0)
                r = dict_append_words(m, args_value(args, "groups"));
        return r < 0 ? r
                     : sd_bus_message_append(m, "bs", args_has(args, "issuing"),
                                             args_value(args, "database") ?: "");
}

static enum exit_code print(const struct args *args, sd_bus_message *reply) {
        _cleanup_free_ char *text = NULL;
        const void *bytes;
        size_t len;
        int r;

        r = sd_bus_message_read_array(reply, 'y', &bytes, &len);
        if (r < 0 || len == 0 || len > INVITATION_MAX)
                return call_misread(r < 0 ? r : -EBADMSG);
        if (invitation_format(bytes, len, &text) < 0)
                return say_no_memory();
        if (args->json)
                json_one_text("invitation", text);
        else
                fputs(text, stdout);
        if (fflush(stdout) != 0 || ferror(stdout)) {
                say_error("the invitation could not be written (%s): run the command again",
                          strerror(errno));
                return CTL_FAILED;
        }
        say_note("It is for %s alone, and no secret. There: wfapikeyctl fleet join FILE",
                 args->words[0]);
        return CTL_OK;
}

enum exit_code cmd_fleet_invite(const struct args *args) {
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_call_ struct call call = {};
        enum exit_code rc;

        rc = call_begin(&call, args->control, "FleetInvite", &m);
        if (rc == CTL_OK)
                rc = call_send(&call, m, append_invite(m, args), &reply);
        return rc == CTL_OK ? print(args, reply) : rc;
}
