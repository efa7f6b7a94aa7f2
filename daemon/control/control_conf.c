/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts the helper that reads the configuration, and goes on with the call when it has answered.
 * Does not know what a configuration is read for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/control_conf.h"
#include "control/control_reload.h"
#include "control/control_state.h"

static void unlist(struct control_conf_call *reading) {
        if (reading->listed)
                LIST_REMOVE(reading, entries);
        reading->listed = false;
}

static void on_read(struct conf *conf, const char *error, void *userdata) {
        struct control_conf_call *reading = userdata;

        reading->conf = conf;
        if (!conf)
                (void) snprintf(reading->error, sizeof(reading->error), "%s", error);
        reading->ask = conf_ask_free(reading->ask);
        unlist(reading);
        reading->take(reading);
}

void control_conf_ask(struct control_conf_call *reading,
                      void (*take)(struct control_conf_call *reading)) {
        struct control *control = reading->call.control;
        struct control_confs *confs = control->fixed.confs;
        int r;

        reading->take = take;
        reading->serial = control_reload_serial(control);
        r = conf_ask_start(&reading->ask, confs->event, control->fixed.conf_path,
                           conf_must_be_there(control->loop.conf, control->fixed.conf_required),
                           on_read, reading);
        if (r >= 0) {
                LIST_INSERT_HEAD(&confs->calls, reading, entries);
                reading->listed = true;
                return;
        }
        control_fail(&reading->call, CONTROL_BUSY,
                     "The configuration cannot be read now: %s; try again.", strerrordesc_np(-r));
        control_answer(&reading->call);
}

void control_conf_release(struct control_conf_call *reading) {
        unlist(reading);
        reading->ask = conf_ask_free(reading->ask);
        reading->conf = conf_free(reading->conf);
}

int control_conf_new(struct control_confs **ret, sd_event *event) {
        struct control_confs *confs = calloc(1, sizeof(*confs));

        if (!confs)
                return -ENOMEM;
        confs->event = event;
        LIST_INIT(&confs->calls);
        *ret = confs;
        return 0;
}

struct control_confs *control_conf_free(struct control_confs *confs) {
        struct control_conf_call *reading;

        if (!confs)
                return NULL;
        while ((reading = LIST_FIRST(&confs->calls)))
                control_drop(&reading->call);
        free(confs);
        return NULL;
}
