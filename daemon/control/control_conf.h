/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls for which a helper reads the configuration first. */
#pragma once

#include <sys/queue.h>

#include "base/conf_ask.h"
#include "control/control.h"

/* The first member of the struct of such a method. */
struct control_conf_call {
        struct control_call call;
        LIST_ENTRY(control_conf_call) entries;
        bool listed;
        uint64_t serial;
        struct conf_ask *ask;
        struct conf *conf; /* owned; NULL: error says why */
        char error[ERROR_LEN];
        /* goes on with the call */
        void (*take)(struct control_conf_call *reading);
};

/* What these calls share. Invariant: the list has the calls that wait for a helper. */
struct control_confs {
        sd_event *event; /* borrowed */
        LIST_HEAD(, control_conf_call) calls;
};

/**
 * control_conf_ask(reading, take): has a helper read the configuration, and ${take} go on with the
 * call. When no helper can be started, the call fails.
 */
void control_conf_ask(struct control_conf_call *reading,
                      void (*take)(struct control_conf_call *reading));

/**
 * control_conf_release(reading): to be called when the method's struct is released.
 */
void control_conf_release(struct control_conf_call *reading);

/**
 * control_conf_new(ret, event): makes what these calls share. Returns 0, or a negative errno.
 * control_conf_free(confs): drops the calls that wait for a helper.
 */
int control_conf_new(struct control_confs **ret, sd_event *event) _must_check_;
struct control_confs *control_conf_free(struct control_confs *confs);
