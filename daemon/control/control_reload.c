/* SPDX-License-Identifier: BSD-2-Clause */
/* Reload: reads the configuration again. That asks NSS, so the writer thread does it. The loop
 * puts the result into force, and the caller waits for that. */
#include "control/control_reload.h"
#include "accounts/accounts.h"
#include "base/log.h"
#include "cleanup.h"
#include "control/control_state.h"
#include "login/verify.h"

struct reload_call {
        struct control_call call;
        bool required;
        struct conf *conf; /* owned, until it is in force */
};

void control_reload_apply(struct control *control, struct conf *conf) {
        struct conf *before = control->loop.conf;

        control->loop.conf = conf;
        verify_set_conf(control->fixed.verify, conf);
        accounts_set_conf(control->fixed.accounts, conf);
        (void) conf_free(before);
        log_message(MESSAGE_CONF_READ, LOG_NOTICE, "configuration read again");
}

static int reload_parse(struct control_call *call, sd_bus_message *m) {
        const struct control *control = call->control;

        (void) m;
        ((struct reload_call *) call)->required =
                conf_must_be_there(control->loop.conf, control->fixed.conf_required);
        return 0;
}

static void reload_run(struct control_call *call, struct store *writer) {
        struct reload_call *reload = (struct reload_call *) call;
        char error[ERROR_LEN];

        (void) writer;
        if (conf_load(&reload->conf, call->control->fixed.conf_path, reload->required, error) >= 0)
                return;
        reload->conf = NULL;
        control_fail(call, CONTROL_CONFIGURATION, "%s", error);
        log_message(MESSAGE_CONF_REFUSED, LOG_ERR, "the configuration stays as it was: %s", error);
}

static int reload_reply(struct control_call *call, sd_bus_message *reply) {
        struct reload_call *reload = (struct reload_call *) call;

        (void) reply;
        control_reload_apply(call->control, take_ptr(reload->conf));
        return 0;
}

static void reload_release(struct control_call *call) {
        (void) conf_free(((struct reload_call *) call)->conf);
}

const struct control_handlers control_reload = {
        .size = sizeof(struct reload_call),
        .parse = reload_parse,
        .run = reload_run,
        .reply = reload_reply,
        .release = reload_release,
};
