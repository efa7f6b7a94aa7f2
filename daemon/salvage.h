/* SPDX-License-Identifier: BSD-2-Clause */
/* wfapikeyd --salvage, which "wfapikeyctl salvage" runs. */
#pragma once

#include <stdbool.h>

#include "attr.h"

/**
 * salvage_run(dir, yes):
 * Says on stdout what can be saved of the key store in the state directory ${dir}. If ${yes}, saves
 * it. Returns the exit status: 0; 1 after a message on stderr.
 */
int salvage_run(const char *dir, bool yes) _must_check_;
