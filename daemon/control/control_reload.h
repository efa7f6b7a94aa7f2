/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts a configuration into force, for Reload and for SIGHUP. */
#pragma once

#include <stdint.h>

struct conf;
struct control;

/**
 * control_reload_serial(control): the place in the order of those who have the configuration read.
 * control_reload_apply(control, serial, conf, error): ${conf} is in force from now on, and
 * ${control} owns it. The configuration before it is freed. When one that was asked for later is in
 * force already, that one stays. NULL: nothing changes, and the log says why with ${error}. On the
 * loop.
 */
uint64_t control_reload_serial(struct control *control);
void control_reload_apply(struct control *control, uint64_t serial, struct conf *conf,
                          const char *error);

/**
 * control_reload_force(control, conf): the same for a copy of the configuration in force whose
 * names have other numbers.
 */
void control_reload_force(struct control *control, struct conf *conf);
