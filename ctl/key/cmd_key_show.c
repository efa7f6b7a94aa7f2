/* SPDX-License-Identifier: BSD-2-Clause */
/* Shows one key. Its secret never comes here: the daemon does not have it. */
#include <errno.h>

#include "call/call.h"
#include "key/cmd_key_show.h"
#include "key/keyfields.h"
#include "key/keyid.h"

enum exit_code cmd_key_show(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_(keyfields_done) struct key key = {};
        enum exit_code rc;
        int r;

        rc = keyid_read(&args->words[0]);
        if (rc == CTL_OK)
                rc = call_once(args->control, "GetKey", &reply, "s", args->words[0]);
        if (rc != CTL_OK)
                return rc;
        r = keyfields_read(&key, reply);
        if (r <= 0)
                return call_misread(r < 0 ? r : -EBADMSG);
        fields_print(keyfields, _KEYFIELD_MAX, &key, args->json);
        return CTL_OK;
}
