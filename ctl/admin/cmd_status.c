/* SPDX-License-Identifier: BSD-2-Clause */
/* Shows how the daemon is doing, and has it reload its configuration. Looks at nothing itself. */
#include <errno.h>

#include "admin/cmd_status.h"
#include "call/call.h"
#include "call/dict.h"

struct status {
        const char *version;
        int enabled;
        uint64_t keys_active, keys_expired, keys_revoked, keys_idle, accepted, refused;
        int64_t started;
};

/* The daemon tells some users less. They see fewer lines, and null in JSON. */
static const struct field fields[] = {
        { "version", FIELD_TEXT, offsetof(struct status, version), "-" },
        { "enabled", FIELD_BOOL, offsetof(struct status, enabled), "-" },
        { "keys-active", FIELD_COUNT, offsetof(struct status, keys_active), NULL },
        { "keys-expired", FIELD_COUNT, offsetof(struct status, keys_expired), NULL },
        { "keys-revoked", FIELD_COUNT, offsetof(struct status, keys_revoked), NULL },
        { "keys-idle", FIELD_COUNT, offsetof(struct status, keys_idle), NULL },
        { "started", FIELD_TIME, offsetof(struct status, started), NULL },
        { "accepted", FIELD_COUNT, offsetof(struct status, accepted), NULL },
        { "refused", FIELD_COUNT, offsetof(struct status, refused), NULL },
};

enum exit_code cmd_status_reload(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;

        return call_once(args->control, "Reload", &reply, "");
}

enum exit_code cmd_status(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        struct status status;
        enum exit_code rc;
        int r;

        rc = call_once(args->control, "GetStatus", &reply, "");
        if (rc != CTL_OK)
                return rc;
        fields_init(fields, ARRAY_LEN(fields), &status);
        r = dict_read(fields, ARRAY_LEN(fields), reply, &status);
        if (r <= 0)
                return call_misread(r < 0 ? r : -EBADMSG);
        fields_print(fields, ARRAY_LEN(fields), &status, args->json);
        return CTL_OK;
}
