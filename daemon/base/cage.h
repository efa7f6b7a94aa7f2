/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes from a process all that it does not need to work on bytes that it has already: no file,
 * no socket, no other process. For helpers that read what an attacker may have written: whoever
 * takes one over has won nothing but its answer. */
#pragma once

#include "attr.h"

/**
 * cage_enter(): for good. From then on this process can read and write what is open, get memory,
 * and end; every other system call fails with EPERM. And it has one second of processor time
 * left, 256 MiB of memory, and its errors go where its output goes.
 * Returns 0; a negative errno when that is not so: then nothing should be read.
 */
int cage_enter(void) _must_check_;
