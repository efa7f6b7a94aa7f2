/* SPDX-License-Identifier: BSD-2-Clause */
/* What systemctl says of units. Asks nothing where systemd is not the first process. */
#pragma once

#include <stddef.h>

/**
 * systemctl_show(arguments, out, size):
 * Writes to ${out} what `systemctl show` says with ${arguments}, which end with NULL, and a NUL.
 * Times are UTC. Returns the number of bytes; 0 when it says nothing.
 */
size_t systemctl_show(const char *const *arguments, char *out, size_t size);
