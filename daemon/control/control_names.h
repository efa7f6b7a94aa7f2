/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps the numbers of the users and groups that the configuration names. It reads no
 * configuration: that is for a reload. */
#pragma once

#include <systemd/sd-event.h>

#include "attr.h"

struct control;
struct control_names;

/**
 * control_names_new(ret, event, control, etc):
 * Looks up the names of the configuration in force, and again after each change of the files passwd
 * and group in the directory ${etc}, and every 10 minutes for directories, which report no change.
 * ${control} and ${etc} must outlive the result. 0; a negative errno.
 */
int control_names_new(struct control_names **ret, sd_event *event, struct control *control,
                      const char *etc) _must_check_;

/**
 * control_names_look(names): looks them up again. NULL-safe.
 */
void control_names_look(struct control_names *names);

/**
 * control_names_free(names): NULL-safe, returns NULL.
 */
struct control_names *control_names_free(struct control_names *names);
