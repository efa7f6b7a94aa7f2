/* SPDX-License-Identifier: BSD-2-Clause */
/* Has a helper process read the configuration. That asks NSS for names, and a directory may let it
 * wait for ever. So a daemon that serves reads the configuration in no other way. */
#pragma once

#include <systemd/sd-event.h>

#include "base/conf.h"

#define CONF_ASK_MODE "configuration" /* helper_start() */

struct conf_ask;

/**
 * conf_ask_start(ret, event, path, required, done, userdata):
 * Has a helper do what conf_load() does. ${done} is called from the loop when it has ended, once,
 * never from within this call, and may free the question. ${conf} is the callee's, for conf_free(),
 * or NULL: then ${error} says why. Within 20 seconds the helper has answered, or has been killed.
 * Returns 0 with the question, for conf_ask_free(); a negative errno.
 */
int conf_ask_start(struct conf_ask **ret, sd_event *event, const char *path, bool required,
                   void (*done)(struct conf *conf, const char *error, void *userdata),
                   void *userdata) _must_check_;

/**
 * conf_ask_free(ask): done() is not called any more. NULL-safe, returns NULL.
 */
struct conf_ask *conf_ask_free(struct conf_ask *ask);

/**
 * conf_ask_take(in, len, ret, error):
 * Reads the helper's answer. The helper has loaded modules of others, so its answer is read like a
 * peer's. Returns 0 with a configuration for conf_free(); -EINVAL with the sentence that the helper
 * found, in ${error}; -EBADMSG for what is no answer; -ENOMEM.
 */
int conf_ask_take(const uint8_t *in, size_t len, struct conf **ret,
                  char error[static ERROR_LEN]) _must_check_;

/**
 * conf_ask_run(in, in_len, out): what the helper does; see helper.h.
 */
ssize_t conf_ask_run(const uint8_t *in, size_t in_len, uint8_t *out);
