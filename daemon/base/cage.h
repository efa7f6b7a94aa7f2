/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes from a process all that it does not need to work on bytes that it already has: no file, no
 * socket, no other process. It is for helpers that read what an attacker may have written. An
 * attacker who takes such a helper over controls its answer and nothing else. */
#pragma once

#include "attr.h"

/**
 * cage_enter(): enters the cage, for good. From then on this process can read and write what is
 * open, get memory, and end. Every other system call fails with EPERM. The process has one second
 * of processor time and 256 MiB of memory left. Its errors go where its output goes.
 * Returns 0; a negative errno when the cage is not complete. Then read nothing.
 */
int cage_enter(void) _must_check_;
