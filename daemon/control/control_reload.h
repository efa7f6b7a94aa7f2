/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts a configuration into force, for Reload and for SIGHUP. */
#pragma once

struct conf;
struct control;

/**
 * control_reload_apply(control, conf): ${conf} is in force from now on, and ${control} owns it.
 * Frees the configuration before it. On the loop.
 */
void control_reload_apply(struct control *control, struct conf *conf);
