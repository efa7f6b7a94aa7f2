/* SPDX-License-Identifier: BSD-2-Clause */
/* What the methods that change a key share. */
#pragma once

#include "control/control.h"

/**
 * control_key_is_active(call, writer, key): whether ${key} is active. A key that is not cannot be
 * changed any more. If it is not, the call has failed.
 */
bool control_key_is_active(struct control_call *call, struct store *writer,
                           const struct key_record *key) _must_check_;

/**
 * control_key_can_end(call, writer, key):
 * Whether ${key} can be revoked: it is active, or idle and could be revived. If not, the call has
 * failed and says so.
 */
bool control_key_can_end(struct control_call *call, struct store *writer,
                         const struct key_record *key);
