/* SPDX-License-Identifier: BSD-2-Clause */
/* BindKey: ties a key to a certificate. Whether the certificate is trusted is not asked here: a
 * login finds that out. */
#include <string.h>

#include "base/clock.h"
#include "control/control_audit.h"
#include "control/control_cert.h"
#include "control/control_key.h"
#include "store/store_key.h"
#include "text.h"

struct bind_call {
        struct control_call call;
        char id[KEYTEXT_ID_LEN + 1];
        char which[WIRE_NAME_MAX + 1]; /* "": no certificate */
        struct key_record key;
};

static int parse(struct control_call *call, sd_bus_message *m) {
        struct bind_call *bind = (struct bind_call *) call;
        const char *id;
        int r;

        r = sd_bus_message_read_basic(m, 's', &id);
        if (r >= 0 && control_check_id(call, id))
                memcpy(bind->id, id, sizeof(bind->id));
        return r < 0 ? r : control_cert_take_which(call, m, bind->which);
}

/* An owner may narrow a key. Only an administrator makes it wider again. */
static bool check_may(struct bind_call *bind) {
        if (bind->call.role == ROLE_ADMIN || !bind->key.bound)
                return true;
        control_fail(&bind->call, CONTROL_ACCESS_DENIED,
                     "Key %s is bound to a certificate: only administrators change that.",
                     bind->id);
        return false;
}

static bool choose(struct bind_call *bind, struct store *writer,
                   char detail[static AUDIT_DETAIL_MAX + 1]) {
        struct cert_record cert;

        bind->key.bound = bind->which[0] != '\0';
        if (!bind->key.bound)
                return text_copy(detail, AUDIT_DETAIL_MAX + 1, "to none");
        if (!control_cert_find(&bind->call, writer, bind->which, &cert))
                return false;
        if (cert.kind != CERT_CLIENT) {
                control_fail(&bind->call, CONTROL_INVALID_ARGUMENT,
                             "The certificate '%s' is a CA's: a key is bound to one of a client.",
                             cert.name);
                return false;
        }
        memcpy(bind->key.certificate, cert.thumbprint, sizeof(bind->key.certificate));
        control_cert_detail(&cert, detail);
        return true;
}

static int bind_key(struct control_call *call, struct store *writer) {
        struct bind_call *bind = (struct bind_call *) call;
        char detail[AUDIT_DETAIL_MAX + 1];
        int r;

        if (!control_open_key(call, writer, bind->id, &bind->key) ||
            !control_key_is_active(call, writer, &bind->key) || !check_may(bind) ||
            !choose(bind, writer, detail))
                return 0;
        bind->key.updated_at = clock_now();
        r = store_key_update(writer, &bind->key);
        return r < 0 ? r : control_audit_add(call, writer, "bound", &bind->key, detail);
}

static void run(struct control_call *call, struct store *writer) {
        (void) control_transact(call, writer, bind_key);
}

static int reply_thumbprint(struct control_call *call, sd_bus_message *reply) {
        const struct bind_call *bind = (struct bind_call *) call;
        char thumbprint[2 * RECORD_THUMBPRINT_LEN + 1] = "";

        if (bind->key.bound)
                text_hex(thumbprint, bind->key.certificate, RECORD_THUMBPRINT_LEN);
        return sd_bus_message_append(reply, "s", thumbprint);
}

const struct control_handlers control_bind = {
        .size = sizeof(struct bind_call),
        .parse = parse,
        .run = run,
        .reply = reply_thumbprint,
};
