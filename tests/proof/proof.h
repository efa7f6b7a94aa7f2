/* SPDX-License-Identifier: BSD-2-Clause */
/* What the proofs share. A proof is a program for CBMC, which follows all of its paths at once: for
 * every value that nobody has set, and for every answer of what fails as it likes. `prove` says how
 * a proof is built. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Any value of its type. CBMC knows such functions by the lack of a body. */
bool nondet_bool(void);
int nondet_int(void);
unsigned nondet_unsigned(void);
size_t nondet_size(void);
int64_t nondet_int64(void);

/* What the proof is about: CBMC looks for a path on which it is false. */
#define prove(what) __CPROVER_assert(what, #what)
/* What the proof takes for granted. Each has its reason beside it. */
#define grant(what) __CPROVER_assume(what)
/* Gives all bytes of an object any value. */
#define any(object) __CPROVER_havoc_object(object)
/* Whether ${len} bytes at ${p} may be read or written. */
#define readable(p, len) __CPROVER_r_ok(p, len)
#define writable(p, len) __CPROVER_w_ok(p, len)
