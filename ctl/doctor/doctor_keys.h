/* SPDX-License-Identifier: BSD-2-Clause */
/* What doctor asks the daemon about keys. */
#pragma once

#include <stdbool.h>

/**
 * doctor_keys_unlimited(control): whether the daemon at ${control} has an active key that is for
 * all services. Without an answer it is false.
 */
bool doctor_keys_unlimited(const char *control);
