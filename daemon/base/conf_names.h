/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks up the users and groups that a configuration names once more. A number stands for rights
 * only as long as the name has it: when a user or a group is removed, the next one that is made may
 * get the number. NSS may block, so a helper does it. */
#pragma once

#include <systemd/sd-event.h>

#include "base/conf.h"

#define CONF_NAMES_MODE "names" /* helper_start() */

/* Which names, and who is asked. */
enum conf_names_by {
        /* groups that only /etc/group may have */
        CONF_NAMES_LOCAL,
        /* all others, by NSS */
        CONF_NAMES_NSS,
        /* all others, where NSS does not answer: whose number the files give to another name */
        CONF_NAMES_TAKEN,
};

struct conf_names;

/**
 * conf_names_start(ret, event, conf, by, steady, done, userdata):
 * Has a helper look up names of ${conf}, which is not changed and not kept. Names keep their
 * numbers while their file has nobody with the number 0, or ends within a line and is not
 * ${steady}: has not changed for a while. ${done} is called from the loop, once, never from within
 * this call, and may free the question. ${r} is 0 with answers in ${names}; a negative errno when
 * there are none, -ETIMEDOUT after 5 s. Returns 1 with the question, for conf_names_free(); 0 when
 * there is no such name; a negative errno.
 */
int conf_names_start(struct conf_names **ret, sd_event *event, struct conf *conf,
                     enum conf_names_by by, bool steady,
                     void (*done)(int r, const struct conf_names *names, void *userdata),
                     void *userdata) _must_check_;

/**
 * conf_names_is_cut(names): whether names kept their numbers because a file ends within a line.
 */
bool conf_names_is_cut(const struct conf_names *names);

/**
 * conf_names_put(names, conf): gives the names in ${conf} the numbers that were found, and says in
 * the log what is new. A name that nobody has gets ${CONF_NOBODY}. What nobody could tell stays as
 * it was. Returns whether anything has changed.
 */
bool conf_names_put(const struct conf_names *names, struct conf *conf);

/**
 * conf_names_free(names): done() is not called any more. NULL-safe, returns NULL.
 */
struct conf_names *conf_names_free(struct conf_names *names);

/**
 * conf_names_run(in, in_len, out): what the helper does; see helper.h.
 */
ssize_t conf_names_run(const uint8_t *in, size_t in_len, uint8_t *out);
