/* SPDX-License-Identifier: BSD-2-Clause */
/* Attributes and small macros for every file. */
#pragma once

#define _public_     __attribute__((visibility("default")))
#define _must_check_ __attribute__((warn_unused_result))
#define _unused_     __attribute__((unused))
/* A large buffer whose bytes are written before they are read: the compiler does not clear it. */
#define _uncleared_ __attribute__((uninitialized))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
