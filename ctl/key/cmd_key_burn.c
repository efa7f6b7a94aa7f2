/* SPDX-License-Identifier: BSD-2-Clause */
/* Ends a key that the user has. Needs no right, so it asks for the whole key. */
#include "key/cmd_key_burn.h"
#include "call/call.h"
#include "cli/say.h"
#include "draw/json.h"
#include "key/askkey.h"
#include "key/keyend.h"

static int append_key(sd_bus_message *m, const struct secret *key) {
        int r = sd_bus_message_sensitive(m); /* sd-bus wipes it when it is freed */

        return r < 0 ? r : sd_bus_message_append(m, "s", key->text);
}

enum exit_code cmd_key_burn(const struct args *args) {
        _cleanup_secret_ struct secret key = {};
        _cleanup_call_ struct call call = {};
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        enum exit_code rc;
        const char *id;

        rc = askkey_read(&key);
        if (rc == CTL_REFUSED)
                say_error("%s", ASKKEY_NONE);
        if (rc == CTL_OK)
                rc = call_begin(&call, args->control, "BurnKey", &m);
        if (rc == CTL_OK)
                rc = call_send(&call, m, append_key(m, &key), &reply);
        if (rc == CTL_OK)
                rc = call_read(reply, "s", &id);
        if (rc != CTL_OK)
                return rc;
        if (args->json)
                json_one_text("id", id);
        else
                say_note("The key %s is revoked.", id);
        keyend_say_reach(args);
        return CTL_OK;
}
