/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration: who administers, who develops, which peers may speak for which services, and
 * which realms there are. Everything else is policy in the store. It is read strictly: an unknown
 * section or key is an error, and a file that others can write is refused. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "attr.h"
#include "base/error.h"
#include "base/peer.h"
#include "base/realms.h"
#include "base/role.h"
#include "record.h"

#define CONF_PEERS_MAX 256

/* The number of a name that no user or group has any more: nobody's. */
#define CONF_NOBODY ((unsigned) -1)

/* The group of administrators where no file names one and /etc/group has it. The package makes it.
 */
#define CONF_ADMIN_GROUP "wfapikey-admin"
/* Likewise the group that may see all keys. */
#define CONF_READER_GROUP "wfapikey-reader"

/* In the place of the group that administers while there is no such group: see conf_admin_group().
 * Nobody has these numbers. */
#define CONF_ADMIN_GROUP_MISSING ((gid_t) -3)
#define CONF_ADMIN_GROUP_LOST    ((gid_t) -4)

struct conf_peer {
        char user[WIRE_USER_MAX + 1];
        uid_t uid;
        char services[RECORD_LIST_LEN]; /* separated by blanks */
        /* services for which its word on certificates counts; separated by blanks */
        char certificates[RECORD_LIST_LEN];
};

/* The numbers of its names may change: see conf_names.h. */
struct conf {
        bool from_file; /* the file itself was there */
        bool has_admin_group;
        bool admin_group_default; /* no file says anything of it */
        bool had_admin_group;     /* this host, before */
        /* One is named, even if nobody has this name any more. */
        bool has_developer_group;
        bool has_reader_group;
        bool reader_group_default;
        bool has_fleet_user;
        /* "": none */
        char admin_name[WIRE_USER_MAX + 1], developer_name[WIRE_USER_MAX + 1];
        char reader_name[WIRE_USER_MAX + 1], fleet_name[WIRE_USER_MAX + 1];
        gid_t admin_group;
        gid_t developer_group;
        gid_t reader_group; /* sees all keys */
        uid_t fleet_user;   /* wfapikey-fleetd runs as this one */
        size_t n_peers;
        struct conf_peer *peers; /* owned */
        /* it is one of the users; NULL: none are configured */
        struct realms *realms;
};

/**
 * conf_load(ret, path, required, error):
 * Reads the file at ${path} and those in ${path}.d. Where there is no file and it is not
 * ${required}, the defaults are in force. Asks NSS for the names in them. A later file replaces
 * those before it key by key: a group, or a list of one user.
 * Returns 0 with a configuration that conf_free() frees; a negative errno with a sentence in
 * ${error} that names file, line and column.
 */
int conf_load(struct conf **ret, const char *path, bool required,
              char error[static ERROR_LEN]) _must_check_;
struct conf *conf_free(struct conf *conf);
void conf_freep(struct conf **conf);

/**
 * conf_copy(conf): the same once more, for conf_free(). NULL: out of memory.
 */
struct conf *conf_copy(const struct conf *conf) _must_check_;

/**
 * conf_admin_group(conf): the group that administers; (gid_t) -1: none. Or
 * CONF_ADMIN_GROUP_MISSING: the group file may be wrong for a moment, so a user who was known to
 * administer still counts as an administrator where these may have no keys. Or
 * CONF_ADMIN_GROUP_LOST: the same where this host had the group, so a user of whom nothing is known
 * counts as one, too.
 */
static inline gid_t conf_admin_group(const struct conf *conf) {
        if (conf->has_admin_group)
                return conf->admin_group;
        if (!conf->admin_name[0])
                return (gid_t) -1;
        return conf->had_admin_group ? CONF_ADMIN_GROUP_LOST : CONF_ADMIN_GROUP_MISSING;
}

static inline bool conf_is_group_away(gid_t admin_group) {
        return admin_group == CONF_ADMIN_GROUP_MISSING || admin_group == CONF_ADMIN_GROUP_LOST;
}

/**
 * conf_must_be_there(conf, named): whether the file is ${required} when the configuration is read
 * again. It is when an administrator has named it, or when it was there before. A missing file must
 * not drop its rules.
 */
static inline bool conf_must_be_there(const struct conf *conf, bool named) {
        return named || conf->from_file;
}

/**
 * conf_role(conf, peer): the role of a peer of the control socket.
 */
enum role conf_role(const struct conf *conf, const struct peer *peer);

/**
 * conf_issues(conf, peer): the realms whose keys a peer of the control socket issues, lists and
 * revokes because it is in their group: the bit 1 << i for the realm conf->realms->of[i].
 */
uint64_t conf_issues(const struct conf *conf, const struct peer *peer);

/**
 * conf_same_peer(before, now, peer): whether both configurations give a peer of the control socket
 * the same role and make it an issuer of the same realms.
 */
bool conf_same_peer(const struct conf *before, const struct conf *now, const struct peer *peer);

/**
 * conf_peer_may_claim(conf, uid, service):
 * Whether a peer of the verify socket may ask in the name of ${service}. uid 0 and the daemon's own
 * may always. If the service is tied to peers, only those may; if not, everybody may.
 */
bool conf_peer_may_claim(const struct conf *conf, uid_t uid, const char *service);

/**
 * conf_peer_may_vouch(conf, uid, service):
 * Whether it counts when a peer of the verify socket says that a client of ${service} has proved to
 * have a certificate's key. The word of uid 0 and of the daemon's own uid always counts, that of
 * others where they are named.
 */
bool conf_peer_may_vouch(const struct conf *conf, uid_t uid, const char *service);
