/* SPDX-License-Identifier: BSD-2-Clause */
/* A key for a user who logs in to a service by other means and has none (kind 3 of the verify
 * protocol). The writer thread decides and makes it, while the connection waits. Only uid 0 and
 * the daemon's own uid may say that a user has logged in. */
#pragma once

#include "accounts/accounts.h"
#include "keys/audit.h"
#include "login/verify.h"
#include "secret/keymint.h"
#include "store/worker.h"

#define FIRSTUSE_MAX 32 /* on their way at one time */

struct firstuse;

/**
 * firstuse_new(ret, worker, accounts, keymint, audit): all of them must outlive it, and it must
 * outlive the jobs that the worker still has. 0; -ENOMEM.
 */
int firstuse_new(struct firstuse **ret, struct worker *worker, struct accounts *accounts,
                 const struct keymint *keymint, struct audit *audit) _must_check_;
struct firstuse *firstuse_free(struct firstuse *f);

/**
 * firstuse_limits(f): how often each thing was said in the log. Borrowed.
 */
struct loglimit *firstuse_limits(struct firstuse *f);

/**
 * firstuse_serve(f, req, peer, of_realm, fd):
 * Answers the request ${req} of kind WIRE_ISSUE or WIRE_WARN, at once or later. No key is made or
 * counted where the service is ${of_realm}: its users are no accounts. Keeps copies of ${req} and
 * ${fd} until then. Such a request has no secret and borrows nothing. On the loop.
 */
void firstuse_serve(struct firstuse *f, const struct wire_request *req,
                    const struct peer_cred *peer, bool of_realm, int fd);
