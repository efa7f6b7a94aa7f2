/* SPDX-License-Identifier: BSD-2-Clause */
/* Hands an invitation to the daemon, which opens and judges it. */
#include <errno.h>

#include "call/call.h"
#include "call/dict.h"
#include "cleanup.h"
#include "cli/say.h"
#include "fleet/cmd_fleet_join.h"
#include "fleet/invitation.h"

struct joined {
        const char *fleet, *host;
        int issuing;
};

static const struct field fields[] = {
        { "fleet", FIELD_TEXT, offsetof(struct joined, fleet), "-" },
        { "host", FIELD_TEXT, offsetof(struct joined, host), "-" },
        { "issuing", FIELD_BOOL, offsetof(struct joined, issuing), "-" },
};

static enum exit_code show(const struct args *args, sd_bus_message *reply) {
        struct joined joined;
        int r;

        fields_init(fields, ARRAY_LEN(fields), &joined);
        r = dict_read(fields, ARRAY_LEN(fields), reply, &joined);
        if (r > 0)
                fields_print(fields, ARRAY_LEN(fields), &joined, args->json);
        if (r <= 0)
                return call_misread(r < 0 ? r : -EBADMSG);
        say_line("Next: systemctl enable --now wfapikey-fleetd");
        return CTL_OK;
}

enum exit_code cmd_fleet_join(const struct args *args) {
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_call_ struct call call = {};
        _cleanup_free_ uint8_t *bytes = NULL;
        enum exit_code rc;
        size_t len = 0;

        rc = invitation_read(args->n_words > 0 ? args->words[0] : "-", &bytes, &len);
        if (rc == CTL_OK)
                rc = call_begin(&call, args->control, "FleetJoin", &m);
        if (rc == CTL_OK)
                rc = call_send(&call, m, sd_bus_message_append_array(m, 'y', bytes, len), &reply);
        return rc == CTL_OK ? show(args, reply) : rc;
}
