/* SPDX-License-Identifier: BSD-2-Clause */
/* What the log is told of the keys that a sweep changes. */
#pragma once

#include "record.h"

/* lines in the log for one batch; each key has its record in the audit log */
#define SWEEP_LOG_MAX 20

/**
 * sweep_log_key(key, what): one line that says what has become of ${key}.
 */
void sweep_log_key(const struct key_record *key, const char *what);
