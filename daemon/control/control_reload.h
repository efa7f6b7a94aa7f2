/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts a configuration into force, whoever had it read. */
#pragma once

struct conf;
struct control;

/**
 * control_reload_apply(control, conf): ${conf} is in force from now on, and owned. The one before
 * it is freed. On the loop.
 */
void control_reload_apply(struct control *control, struct conf *conf);
