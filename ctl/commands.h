/* SPDX-License-Identifier: BSD-2-Clause */
/* What wfapikeyctl can do. */
#pragma once

#include <stddef.h>

#include "cli/args.h"

/**
 * commands_all(ret_n): all commands. Static storage. Sets ${ret_n} to their number.
 */
const struct args_command *commands_all(size_t *ret_n);
