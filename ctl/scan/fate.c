/* SPDX-License-Identifier: BSD-2-Clause */
/* CheckKey and BurnKey. Does not know where a key was found. */
#include <errno.h>
#include <string.h>

#include "call/call.h"
#include "call/dict.h"
#include "scan/fate.h"
#include "text.h"

static const char *const words[] = {
        [FATE_NOT_ASKED] = NULL,    [FATE_UNKNOWN] = "unknown", [FATE_ACTIVE] = "active",
        [FATE_EXPIRED] = "expired", [FATE_REVOKED] = "revoked", [FATE_REPLACED] = "replaced",
};

struct answer {
        const char *status, *owner, *name;
};

static const struct field answer_fields[] = {
        { "status", FIELD_TEXT, offsetof(struct answer, status), NULL },
        { "owner", FIELD_TEXT, offsetof(struct answer, owner), NULL },
        { "name", FIELD_TEXT, offsetof(struct answer, name), NULL },
};

const char *fate_word(enum fate fate) {
        return (size_t) fate < ARRAY_LEN(words) ? words[fate] : NULL;
}

static enum exit_code send(const struct args *args, const char *method,
                           const struct keyring_key *key, sd_bus_message **ret) {
        _cleanup_call_ struct call call = {};
        _cleanup_message_ sd_bus_message *m = NULL;
        enum exit_code rc;
        int r;

        rc = call_begin(&call, args->control, method, &m);
        if (rc != CTL_OK)
                return rc;
        r = sd_bus_message_sensitive(m); /* sd-bus wipes it when it is freed */
        if (r >= 0)
                r = sd_bus_message_append(m, "s", key->secret.text);
        return call_send(&call, m, r, ret);
}

enum exit_code fate_ask(const struct args *args, struct keyring_key *key) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        enum exit_code rc = send(args, "CheckKey", key, &reply);
        struct answer answer;
        int r;

        if (rc != CTL_OK)
                return rc;
        fields_init(answer_fields, ARRAY_LEN(answer_fields), &answer);
        r = dict_read(answer_fields, ARRAY_LEN(answer_fields), reply, &answer);
        if (r <= 0 || !answer.status)
                return call_misread(r < 0 ? r : -EBADMSG);
        for (size_t i = 0; i < ARRAY_LEN(words); i++)
                if (words[i] && strcmp(words[i], answer.status) == 0)
                        key->fate = (enum fate) i;
        (void) text_copy(key->owner, sizeof(key->owner), answer.owner ? answer.owner : "");
        (void) text_copy(key->name, sizeof(key->name), answer.name ? answer.name : "");
        return CTL_OK;
}

enum exit_code fate_burn(const struct args *args, struct keyring_key *key) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        enum exit_code rc = send(args, "BurnKey", key, &reply);

        if (rc == CTL_OK)
                key->fate = FATE_REVOKED;
        return rc;
}
