/* SPDX-License-Identifier: BSD-2-Clause */
/* The connection to this host's wfapikeyd, by its control socket. Connects again when it is lost.
 * What is called is the owner's matter. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "attr.h"
#include "cleanup.h"

#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)

struct local;

struct local_owner {
        void (*on_up)(void *userdata);
        /* No answer to any call follows. */
        void (*on_down)(void *userdata);
        /* The daemon's signal FleetWork. */
        void (*on_work)(sd_bus_message *m, void *userdata);
};

/**
 * local_new(ret, event, path, owner, userdata):
 * Connects to the socket ${path}. Borrows all that it gets. 0, or a negative errno.
 */
int local_new(struct local **ret, sd_event *event, const char *path,
              const struct local_owner *owner, void *userdata) _must_check_;

/**
 * local_free(l): NULL-safe, returns NULL.
 */
struct local *local_free(struct local *l);

/**
 * local_is_good(l): the daemon has accepted us. Another loss begins with a short pause.
 */
void local_is_good(struct local *l);

/**
 * local_again(l, text): leaves a daemon that does not do its part, which is ${text}, and tries
 * again after a pause. Calls on_down.
 */
void local_again(struct local *l, const char *text);

/**
 * local_begin(l, method, ret): makes an empty call of ${method}. 0, or a negative errno.
 */
int local_begin(struct local *l, const char *method, sd_bus_message **ret) _must_check_;

/**
 * local_send(l, m, filled, callback, userdata):
 * Sends ${m}. ${filled} is the result of filling it: where it is a negative errno, or sending
 * fails, the connection begins anew. ${callback} gets the answer.
 */
void local_send(struct local *l, sd_bus_message *m, int filled, sd_bus_message_handler_t callback,
                void *userdata);

/**
 * local_ping(l): says that we are still there.
 */
void local_ping(struct local *l);

/* What became of a call. */
enum local_outcome {
        /* There is no answer. The connection begins anew, and on_down was called. */
        LOCAL_LOST = 0,
        LOCAL_REFUSED,
        LOCAL_ANSWERED,
};

/**
 * local_outcome(l, m, ret_text): looks at the answer ${m}. ${ret_text} says why a call was refused.
 */
enum local_outcome local_outcome(struct local *l, sd_bus_message *m, const char **ret_text);

/**
 * local_is_refusal(m): whether the error ${m} says that the daemon does not believe what it was
 * given. Otherwise it could not write it, and later it can.
 */
bool local_is_refusal(sd_bus_message *m);
