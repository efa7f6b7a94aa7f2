/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates that come from another host. */
#pragma once

#include "store/store.h"

/**
 * mirror_certs_check_room(s, fleet): there are not more certificates of the host itself, or of its
 * fleet (${fleet}), than can be registered: 0; -EMLINK; an error of the store.
 */
int mirror_certs_check_room(struct store *s, bool fleet) _must_check_;

/**
 * mirror_certs_check(s, writer): whether all certificates of ${s} are such as the host of ${writer}
 * can have. A host that has left a fleet has kept those of the fleet beside its own, so one that is
 * in none takes twice as many. 0; -EBADMSG; an error of the store.
 */
int mirror_certs_check(struct store *s, struct store *writer) _must_check_;
