/* SPDX-License-Identifier: BSD-2-Clause */
/* How many keys of a user end soon, for a line at a login (kind 5 of the verify protocol). Only uid
 * 0 and the daemon's own uid may ask. */
#pragma once

#include "login/verify.h"
#include "store/worker.h"

/* requests on their way at one time; further ones get no answer */
#define ENDSOON_MAX 32
#define ENDSOON_S   (14 * INT64_C(86400))

/**
 * endsoon_serve(worker, n, req, peer, fd):
 * Answers the request ${req} of kind WIRE_WARN later, or not at all: the client does not wait for
 * long. ${n} is the number of requests on their way, and must outlive the jobs of ${worker}. Keeps
 * copies of ${req} and ${fd} until then. On the loop.
 */
void endsoon_serve(struct worker *worker, unsigned *n, const struct wire_request *req,
                   const struct peer_cred *peer, int fd);
