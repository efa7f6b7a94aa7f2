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
 * mirror_certs_check(s): whether all certificates of ${s} are such as the daemon would have
 * registered. 0; -EBADMSG; an error of the store.
 */
int mirror_certs_check(struct store *s) _must_check_;
