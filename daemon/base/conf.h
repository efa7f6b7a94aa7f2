/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration: who administers, who develops, and which peers may speak for which
 * services. Everything else is policy in the store. Read strictly: an unknown section or key is
 * an error, a file that others can write is none of ours. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "attr.h"
#include "base/peer.h"
#include "base/role.h"
#include "record.h"

#define CONF_ERROR_LEN 512

struct conf_peer {
        uid_t uid;
        char services[RECORD_LIST_LEN]; /* separated by blanks */
        /* services for which its word on certificates counts; likewise */
        char certificates[RECORD_LIST_LEN];
};

struct conf {
        bool from_file; /* there was one at the path itself */
        bool has_admin_group;
        bool has_developer_group;
        gid_t admin_group;
        gid_t developer_group;
        size_t n_peers;
        struct conf_peer *peers; /* owned */
};

/**
 * conf_load(ret, path, required, error):
 * Reads the file at ${path} and those in ${path}.d; where there is none and it is not
 * ${required}, the defaults. Asks NSS for the names in them. A later file takes the place of
 * those before it key by key: of a group, and of a list of one user.
 * Returns 0 with a configuration that conf_free() frees; a negative errno with a sentence, that
 * names file, line and column, in ${error}.
 */
int conf_load(struct conf **ret, const char *path, bool required,
              char error[static CONF_ERROR_LEN]) _must_check_;
struct conf *conf_free(struct conf *conf);
void conf_freep(struct conf **conf);

/**
 * conf_must_be_there(conf, named): whether a file is ${required} when what is in force is read
 * again: somebody has named it, or it was there. One that is gone is no leave to drop its rules.
 */
static inline bool conf_must_be_there(const struct conf *conf, bool named) {
        return named || conf->from_file;
}

/**
 * conf_role(conf, peer): the role of a peer of the control socket.
 */
enum role conf_role(const struct conf *conf, const struct peer *peer);

/**
 * conf_peer_may_claim(conf, uid, service):
 * Whether a peer of the verify socket may ask in the name of ${service}: uid 0 and the daemon's
 * own always; for a service that is tied to peers only those; for one that is tied to nobody
 * everybody.
 */
bool conf_peer_may_claim(const struct conf *conf, uid_t uid, const char *service);

/**
 * conf_peer_may_vouch(conf, uid, service):
 * Whether it counts when a peer of the verify socket says that a client of ${service} has proved
 * to have a certificate's key: uid 0 and the daemon's own always, others where they are named.
 */
bool conf_peer_may_vouch(const struct conf *conf, uid_t uid, const char *service);
