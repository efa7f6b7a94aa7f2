/* SPDX-License-Identifier: BSD-2-Clause */
/* What the sections and keys of the configuration mean. It asks NSS for the names, so the loop must
 * not call conf_load(). It does not know how a file is read: see conf_file.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/conf_file.h"
#include "base/conf_realm.h"
#include "base/nss.h"
#include "cleanup.h"
#include "text.h"

struct reading {
        struct conf *conf;
        /* peers of the files before this one */
        size_t n_before;
        enum { NOWHERE, IN_DAEMON, IN_PEER, IN_REALM } section;
        struct conf_realms realms;
        /* named in this file */
        bool admin_group, developer_group, reader_group, fleet_user;
        bool any_admin_group, any_reader_group; /* in any file */
};

struct conf *conf_free(struct conf *conf) {
        if (conf) {
                free(conf->peers);
                (void) realms_unref(conf->realms);
        }
        free(conf);
        return NULL;
}

void conf_freep(struct conf **conf) {
        *conf = conf_free(*conf);
}

static bool wrong(struct conf_file *file, enum conf_file_place place, size_t offset,
                  const char *what, const char *name, const char *instead) {
        char shown[128];

        text_escape(shown, sizeof(shown), name);
        return conf_file_wrong(file, place, offset, "%s '%s': %s", what, shown, instead);
}

struct conf *conf_copy(const struct conf *conf) {
        __attribute__((cleanup(conf_freep))) struct conf *copy = malloc(sizeof(*copy));

        if (!copy)
                return NULL;
        *copy = *conf;
        copy->realms = NULL;
        copy->peers = calloc(conf->n_peers + 1, sizeof(*copy->peers));
        if (!copy->peers)
                return NULL;
        if (conf->n_peers > 0)
                memcpy(copy->peers, conf->peers, conf->n_peers * sizeof(*copy->peers));
        if (conf->realms && realms_new(&copy->realms, conf->realms->of, conf->realms->n) < 0)
                return NULL;
        return take_ptr(copy);
}

static void on_file(void *userdata) {
        struct reading *reading = userdata;

        reading->n_before = reading->conf->n_peers;
        reading->section = NOWHERE;
        reading->admin_group = reading->developer_group = reading->reader_group = false;
        reading->fleet_user = false;
        conf_realm_begin_file(&reading->realms);
}

/* --- [daemon] --- */

struct group_key {
        const char *key;
        bool *given, *has;
        char *name; /* of WIRE_USER_MAX + 1 bytes */
        gid_t *gid;
};

static bool take_group(struct conf_file *file, const struct group_key *group, const char *value) {
        if (*group->given)
                return wrong(file, CONF_FILE_NAME, 0, "given twice", group->key,
                             "a group is named once, in one line");
        *group->given = true;
        *group->has = false;
        group->name[0] = '\0';
        if (!value[0])
                return true;
        if (!text_copy(group->name, WIRE_USER_MAX + 1, value) || nss_group(value, group->gid) < 0)
                return wrong(file, CONF_FILE_VALUE, 0, "no such group", value,
                             "name a group of this host");
        *group->has = true;
        return true;
}

static bool take_user(struct reading *reading, struct conf_file *file, const char *name,
                      const char *value) {
        struct nss_entry account;

        if (reading->fleet_user)
                return wrong(file, CONF_FILE_NAME, 0, "given twice", name,
                             "a user is named once, in one line");
        reading->fleet_user = true;
        reading->conf->has_fleet_user = false;
        reading->conf->fleet_name[0] = '\0';
        if (!value[0])
                return true;
        if (!text_copy(reading->conf->fleet_name, WIRE_USER_MAX + 1, value) ||
            nss_user(value, &account) < 0)
                return wrong(file, CONF_FILE_VALUE, 0, "no such user", value,
                             "name the user that wfapikey-fleetd runs as");
        reading->conf->has_fleet_user = true;
        reading->conf->fleet_user = account.uid;
        return true;
}

static bool take_daemon(struct reading *reading, struct conf_file *file, const char *name,
                        const char *value) {
        struct conf *conf = reading->conf;

        const struct group_key groups[] = {
                { "admin-group", &reading->admin_group, &conf->has_admin_group, conf->admin_name,
                  &conf->admin_group },
                { "developer-group", &reading->developer_group, &conf->has_developer_group,
                  conf->developer_name, &conf->developer_group },
                { "reader-group", &reading->reader_group, &conf->has_reader_group,
                  conf->reader_name, &conf->reader_group },
        };

        reading->any_admin_group |= strcmp(name, "admin-group") == 0;
        reading->any_reader_group |= strcmp(name, "reader-group") == 0;
        for (size_t i = 0; i < ARRAY_LEN(groups); i++)
                if (strcmp(name, groups[i].key) == 0)
                        return take_group(file, &groups[i], value);
        if (strcmp(name, "fleet-user") == 0)
                return take_user(reading, file, name, value);
        return wrong(file, CONF_FILE_NAME, 0, "unknown key in [daemon]", name,
                     "known are admin-group, developer-group, reader-group and fleet-user");
}

/* --- [Peer USER] --- */

static bool begin_peer(struct reading *reading, struct conf_file *file, const char *user,
                       size_t offset) {
        struct conf *conf = reading->conf;
        struct nss_entry account;
        struct conf_peer *more;

        if (strlen(user) > WIRE_USER_MAX || nss_user(user, &account) < 0)
                return wrong(file, CONF_FILE_SECTION, offset, "no such user in [Peer]", user,
                             "name the user that the service runs as");
        if (conf->n_peers == CONF_PEERS_MAX)
                return wrong(file, CONF_FILE_SECTION, 0, "too many sections, from [Peer]", user,
                             "256 are enough");
        more = reallocarray(conf->peers, conf->n_peers + 1, sizeof(*more));
        if (!more)
                return wrong(file, CONF_FILE_SECTION, 0, "out of memory at [Peer]", user,
                             "try again");
        conf->peers = more;
        conf->peers[conf->n_peers] = (struct conf_peer){ .uid = account.uid };
        return text_copy(conf->peers[conf->n_peers++].user, WIRE_USER_MAX + 1, user);
}

static bool take_services(struct conf_file *file, char list[static RECORD_LIST_LEN],
                          const char *value) {
        const char *p = value + strspn(value, " \t");

        while (*p) {
                size_t len = strcspn(p, " \t"), used = strlen(list);
                char word[WIRE_SERVICE_MAX + 1] = {};

                if (len <= WIRE_SERVICE_MAX)
                        memcpy(word, p, len);
                if (!text_is_service(word))
                        return wrong(file, CONF_FILE_VALUE, (size_t) (p - value),
                                     "bad service list", value,
                                     "PAM service names separated by blanks");
                if (used + len + 2 > RECORD_LIST_LEN)
                        return wrong(file, CONF_FILE_VALUE, (size_t) (p - value),
                                     "too many services", value, "at most 16 for one peer");
                if (used > 0)
                        list[used++] = ' ';
                text_fold_service(word);
                memcpy(list + used, word, len + 1);
                p += len;
                p += strspn(p, " \t");
        }
        return true;
}

static char *list_of(struct conf_peer *peer, bool certificates) {
        return certificates ? peer->certificates : peer->services;
}

static bool take_peer(struct reading *reading, struct conf_file *file, const char *name,
                      const char *value) {
        bool certificates = strcmp(name, "certificates") == 0;
        struct conf *conf = reading->conf;
        struct conf_peer *peer = &conf->peers[conf->n_peers - 1];

        if (!certificates && strcmp(name, "services") != 0)
                return wrong(file, CONF_FILE_NAME, 0, "unknown key in [Peer]", name,
                             "known are services and certificates");
        /* In this key of this user a file replaces what the files before it say. */
        for (size_t i = 0; i < reading->n_before; i++)
                if (conf->peers[i].uid == peer->uid)
                        list_of(&conf->peers[i], certificates)[0] = '\0';
        return take_services(file, list_of(peer, certificates), value);
}

/* --- All of it --- */

static bool on_section(struct conf_file *file, const char *section, void *userdata) {
        struct reading *reading = userdata;

        if (strcasecmp(section, "daemon") == 0) {
                reading->section = IN_DAEMON;
                return true;
        }
        if (strncasecmp(section, "Peer ", 5) == 0) {
                size_t offset = 5 + strspn(section + 5, " ");

                reading->section = IN_PEER;
                return begin_peer(reading, file, section + offset, offset);
        }
        if (strncasecmp(section, "Realm ", 6) == 0) {
                size_t offset = 6 + strspn(section + 6, " ");

                reading->section = IN_REALM;
                return conf_realm_begin(&reading->realms, file, section + offset, offset);
        }
        return wrong(file, CONF_FILE_SECTION, 0, "unknown section", section,
                     "known are [daemon], [Peer USER] and [Realm NAME]");
}

static bool on_value(struct conf_file *file, const char *name, const char *value, void *userdata) {
        struct reading *reading = userdata;

        if (reading->section == NOWHERE)
                return wrong(file, CONF_FILE_NAME, 0, "before any [section] stands", name,
                             "known are [daemon], [Peer USER] and [Realm NAME]");
        if (reading->section == IN_REALM)
                return conf_realm_take(&reading->realms, file, name, value);
        return reading->section == IN_DAEMON ? take_daemon(reading, file, name, value)
                                             : take_peer(reading, file, name, value);
}

/* Not a group of a directory, where somebody else might make one of that name. A group file that
 * cannot be read counts as one without the group: that is looked for later, too. */
static void take_defaults(const struct reading *reading) {
        struct conf *conf = reading->conf;

        conf->admin_group_default = !reading->any_admin_group;
        conf->reader_group_default = !reading->any_reader_group;
        if (conf->admin_group_default) {
                memcpy(conf->admin_name, CONF_ADMIN_GROUP, sizeof(CONF_ADMIN_GROUP));
                conf->has_admin_group =
                        nss_local_group("/etc/group", CONF_ADMIN_GROUP, &conf->admin_group) >= 0;
        }
        if (conf->reader_group_default) {
                memcpy(conf->reader_name, CONF_READER_GROUP, sizeof(CONF_READER_GROUP));
                conf->has_reader_group =
                        nss_local_group("/etc/group", CONF_READER_GROUP, &conf->reader_group) >= 0;
        }
}

int conf_load(struct conf **ret, const char *path, bool required, char error[static ERROR_LEN]) {
        __attribute__((cleanup(conf_freep))) struct conf *conf = calloc(1, sizeof(*conf));
        _cleanup_free_ struct reading *reading = calloc(1, sizeof(*reading));
        const struct conf_file_reader reader = {
                .begin = on_file, .section = on_section, .value = on_value, .userdata = reading
        };
        int r;

        if (!conf || !reading)
                return -ENOMEM;
        reading->conf = conf;
        r = conf_file_read(path, required, &reader, &conf->from_file, error);
        if (r >= 0)
                r = conf_realm_check(reading->realms.of, reading->realms.n, error);
        if (r >= 0 && reading->realms.n > 0)
                r = realms_new(&conf->realms, reading->realms.of, reading->realms.n);
        if (r < 0)
                return r;
        take_defaults(reading);
        *ret = take_ptr(conf);
        return 0;
}

enum role conf_role(const struct conf *conf, const struct peer *peer) {
        if (peer->cred.uid == 0 || peer->cred.uid == geteuid())
                return ROLE_ADMIN;
        if (conf->has_admin_group && peer_has_group(peer, conf->admin_group))
                return ROLE_ADMIN;
        if (conf->has_fleet_user && peer->cred.uid == conf->fleet_user)
                return ROLE_FLEET;
        if (conf->has_developer_group && peer_has_group(peer, conf->developer_group))
                return ROLE_DEVELOPER;
        if (conf->has_reader_group && peer_has_group(peer, conf->reader_group))
                return ROLE_READER;
        return ROLE_USER;
}

uint64_t conf_issues(const struct conf *conf, const struct peer *peer) {
        uint64_t issues = 0;

        for (size_t i = 0; conf->realms && i < conf->realms->n; i++)
                if (conf->realms->of[i].has_issuers &&
                    peer_has_group(peer, conf->realms->of[i].issuers))
                        issues |= UINT64_C(1) << i;
        return issues;
}

/* Whether a peer that issues the keys of ${from}'s realms ${issues} issues those of ${to} too. */
static bool issues_all(const struct conf *from, uint64_t issues, const struct conf *to,
                       uint64_t issues_there) {
        for (size_t i = 0; from->realms && i < from->realms->n; i++) {
                const struct realm *there;

                if ((issues & UINT64_C(1) << i) == 0)
                        continue;
                there = to->realms ? realms_find(to->realms, from->realms->of[i].name) : NULL;
                if (!there || (issues_there & UINT64_C(1) << (there - to->realms->of)) == 0)
                        return false;
        }
        return true;
}

bool conf_same_peer(const struct conf *before, const struct conf *now, const struct peer *peer) {
        uint64_t issued = conf_issues(before, peer), issues = conf_issues(now, peer);

        return conf_role(before, peer) == conf_role(now, peer) &&
               issues_all(before, issued, now, issues) && issues_all(now, issues, before, issued);
}

bool conf_peer_may_claim(const struct conf *conf, uid_t uid, const char *service) {
        bool tied = false;

        if (conf->n_peers == 0 || uid == 0 || uid == geteuid())
                return true;
        for (size_t i = 0; i < conf->n_peers; i++)
                if (text_has_word(conf->peers[i].services, service)) {
                        if (conf->peers[i].uid == uid)
                                return true;
                        tied = true;
                }
        return !tied;
}

bool conf_peer_may_vouch(const struct conf *conf, uid_t uid, const char *service) {
        if (uid == 0 || uid == geteuid())
                return true;
        for (size_t i = 0; i < conf->n_peers; i++)
                if (conf->peers[i].uid == uid &&
                    text_has_word(conf->peers[i].certificates, service))
                        return true;
        return false;
}
