/* SPDX-License-Identifier: BSD-2-Clause */
/* Reload: a helper reads the configuration again. The loop puts the result into force, and the
 * caller waits for that. Nobody else waits: a directory may take its time over the names. */
#include "control/control_reload.h"
#include "accounts/accounts.h"
#include "base/log.h"
#include "cleanup.h"
#include "control/control_bus.h"
#include "control/control_conf.h"
#include "control/control_names.h"
#include "control/control_state.h"
#include "login/verify.h"

/* --- Into force --- */

void control_reload_force(struct control *control, struct conf *conf) {
        struct conf *before = control->loop.conf;

        conf->had_admin_group |=
                before->admin_name[0] && (before->has_admin_group || before->had_admin_group);
        control->loop.conf = conf;
        verify_set_conf(control->fixed.verify, conf);
        accounts_set_conf(control->fixed.accounts, conf);
        if (control->loop.bus)
                control_bus_conf(control->loop.bus, before);
        (void) conf_free(before);
}

uint64_t control_reload_serial(struct control *control) {
        return ++control->loop.conf_asked;
}

void control_reload_apply(struct control *control, uint64_t serial, struct conf *conf,
                          const char *error) {
        if (!conf) {
                log_message(MESSAGE_CONF_REFUSED, LOG_ERR, "the configuration stays as it was: %s",
                            error);
                return;
        }
        if (serial < control->loop.conf_serial) {
                (void) conf_free(conf);
                return;
        }
        control->loop.conf_serial = serial;
        control_reload_force(control, conf);
        log_message(MESSAGE_CONF_READ, LOG_NOTICE, "configuration read again");
        /* Since the helper has looked up the names they may have got other numbers. */
        control_names_look(control->fixed.names);
}

/* --- Reload --- */

static void reload_take(struct control_conf_call *reading) {
        if (!reading->conf)
                control_fail(&reading->call, CONTROL_CONFIGURATION, "%s", reading->error);
        control_reload_apply(reading->call.control, reading->serial, take_ptr(reading->conf),
                             reading->error);
        control_answer(&reading->call);
}

static void reload_detour(struct control_call *call) {
        control_conf_ask((struct control_conf_call *) call, reload_take);
}

static void reload_release(struct control_call *call) {
        control_conf_release((struct control_conf_call *) call);
}

const struct control_handlers control_reload = {
        .size = sizeof(struct control_conf_call),
        .detour = reload_detour,
        .release = reload_release,
};
