/* SPDX-License-Identifier: BSD-2-Clause */
/* Has the daemon end keys. Decides nothing: the daemon knows who may do what. */
#include "key/keyend.h"
#include "call/call.h"
#include "call/dict.h"
#include "cli/confirm.h"
#include "cli/say.h"
#include "draw/json.h"
#include "key/keyid.h"

static enum exit_code check_ids(const struct args *args) {
        if (args->n_words > KEYEND_MAX) {
                say_error("%zu ids are too many: one call takes at most %d, and is done for all of "
                          "them or none",
                          args->n_words, KEYEND_MAX);
                return CTL_USAGE;
        }
        for (size_t i = 0; i < args->n_words; i++) {
                enum exit_code rc = keyid_read(&args->words[i]);

                if (rc != CTL_OK)
                        return rc;
        }
        return CTL_OK;
}

struct status {
        int fleet_member;
};

static const struct field status_fields[] = {
        { "fleet-member", FIELD_BOOL, offsetof(struct status, fleet_member), NULL },
};

void keyend_say_reach(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        struct status status;

        fields_init(status_fields, ARRAY_LEN(status_fields), &status);
        if (call_aside(args->control, "GetServer", &reply) == CTL_OK &&
            dict_read(status_fields, ARRAY_LEN(status_fields), reply, &status) > 0 &&
            status.fleet_member > 0)
                say_line("This host is a member of a fleet: keys of the fleet are revoked on this "
                         "host only. Revoke them on an issuing host to end them everywhere.");
}

enum exit_code keyend_say(const struct args *args, size_t n, const char *what) {
        if (args->json)
                json_one_number(what, n);
        else
                say_note("%zu %s", n, what);
        return CTL_OK;
}

/* ${text} is not sent when it is NULL. */
static enum exit_code send(const struct args *args, const char *method, const char *const *ids,
                           size_t n, const char *text, sd_bus_message **ret) {
        _cleanup_call_ struct call call = {};
        _cleanup_message_ sd_bus_message *m = NULL;
        enum exit_code rc;
        int r;

        rc = call_begin(&call, args->control, method, &m);
        if (rc != CTL_OK)
                return rc;
        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "s");
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = sd_bus_message_append(m, "s", ids[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0 && text)
                r = sd_bus_message_append(m, "s", text);
        return call_send(&call, m, r, ret);
}

enum exit_code keyend_active(const struct args *args, const char *const *ids, size_t n,
                             const char *reason, uint32_t *ret_revoked, uint32_t *ret_skipped) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        enum exit_code rc = send(args, "RevokeActiveKeys", ids, n, reason, &reply);

        return rc != CTL_OK ? rc : call_read(reply, "uu", ret_revoked, ret_skipped);
}

enum exit_code keyend_words(const struct args *args, const char *method, const char *text,
                            const char *what) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        enum exit_code rc;
        uint32_t n;

        rc = check_ids(args);
        if (rc == CTL_OK)
                rc = send(args, method, args->words, args->n_words, text, &reply);
        if (rc == CTL_OK)
                rc = call_read(reply, "u", &n);
        return rc != CTL_OK ? rc : keyend_say(args, n, what);
}

enum exit_code keyend_confirm(size_t n) {
        (void) fprintf(stderr, "This revokes %zu keys, for good. Type %zu to go on: ", n, n);
        if (confirm_number(n))
                return CTL_OK;
        say_error("that is not the number of keys; none was revoked");
        return CTL_REFUSED;
}
