/* SPDX-License-Identifier: BSD-2-Clause */
/* What the methods share that change a key. */
#pragma once

#include "control/control.h"

/**
 * control_key_is_active(call, writer, key): whether ${key} lives; dead ones are history and do
 * not change any more. If not the call has failed.
 */
bool control_key_is_active(struct control_call *call, struct store *writer,
                           const struct key_record *key) _must_check_;
