/* SPDX-License-Identifier: BSD-2-Clause */
/* Which groups this host is in, as the fleet's changes say. Does not read records. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "fleet/fleet_groups.h"
#include "fleet/fleet_hosts.h"
#include "fleet/fleet_state.h"
#include "mirror/mirror_key.h"
#include "secret/secretfile.h"
#include "text.h"

int fleet_groups_leave(struct fleet *f, struct store *writer, const char *groups, bool *ret) {
        int r = 0;

        /* An issuing host is in all of them. */
        if (f->self.issuing)
                return 0;
        for (size_t i = 0; groups[0] && r >= 0 && i < f->n_groups; i++) {
                const char *name = f->groups[i].group.name;

                if (text_has_word(groups, name) || strcmp(name, FLEET_GROUP_ALL) == 0)
                        continue;
                r = store_fleet_leave_group(writer, name);
                *ret = true;
        }
        return r;
}

/* Another group of that name can have been made where the database has lost one. */
static bool has_key(struct fleet *f, const char *name, const uint8_t key[static FRAME_KEY_LEN]) {
        const struct fleet_member *member = fleet_find_group(f, name);

        return member && memcmp(key, member->key, FRAME_KEY_LEN) == 0;
}

int fleet_groups_join(struct fleet *f, struct store *writer, const char *name,
                      const uint8_t *sealed, bool *ret) {
        uint8_t secret[SEAL_SECRET_LEN], key[FRAME_KEY_LEN];
        char file[FLEET_KEY_NAME_LEN];
        struct store_fleet_group group = {};
        bool had;
        int r;

        r = mirror_key_read(f->dir, secret);
        if (r >= 0)
                r = seal_unbox(secret, sealed, key);
        explicit_bzero(secret, sizeof(secret));
        /* One that cannot be opened takes nothing away, and stops nothing. */
        had = r < 0 ? fleet_has_group(f, name) : has_key(f, name, key);
        if (!had && (r == -EBADMSG || r == -ENOKEY)) {
                log_line(LOG_ERR,
                         "the key of the fleet's group %s is not sealed for this host's mirror "
                         "key, so this host is not in that group: invite it again",
                         name);
                return 0;
        }
        /* It is on the disk before the group is in the store. */
        if (r >= 0 && !had)
                r = secretfile_write(f->dir, fleet_key_name(name, file), key);
        explicit_bzero(key, sizeof(key));
        if (r < 0 || had)
                return had ? 0 : r;
        memcpy(group.name, name, strlen(name));
        *ret = true;
        return store_fleet_join_group(writer, &group);
}

int fleet_groups_note(struct store *writer, const char *host, const char *group) {
        struct store_fleet_host row;
        size_t used;
        int r;

        r = fleet_hosts_find(writer, host, &row);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        used = strlen(row.groups);
        if (text_has_word(row.groups, group) || used + strlen(group) + 2 > sizeof(row.groups))
                return 0;
        (void) snprintf(row.groups + used, sizeof(row.groups) - used, " %s", group);
        return store_fleet_put_host(writer, &row);
}

static bool is_of_a_group(const struct fleet *f, const char *file) {
        char name[FLEET_KEY_NAME_LEN];

        for (size_t i = 0; f->joined && i < f->n_groups; i++)
                if (strcmp(file, fleet_key_name(f->groups[i].group.name, name)) == 0)
                        return true;
        return false;
}

/* After a power cut the host could be in the group again, and have no key for it. */
static bool is_certain(struct store *writer) {
        if (!store_fleet_is_on_disk(writer))
                store_settle(writer);
        return store_fleet_is_on_disk(writer);
}

void fleet_groups_tidy(const struct fleet *f, struct store *writer) {
        int fd = openat(f->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *files = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *file;

        if (!files && fd >= 0)
                (void) close(fd);
        while (files && (file = readdir(files)))
                if (fnmatch("fleet-*.key", file->d_name, 0) == 0 &&
                    !is_of_a_group(f, file->d_name) && is_certain(writer))
                        (void) unlinkat(f->dir, file->d_name, 0);
        if (files)
                (void) closedir(files);
}

static int count_issuer(const struct store_fleet_issuer *issuer, void *userdata) {
        (void) issuer;
        ++*(size_t *) userdata;
        return 0;
}

static int count_group(const struct store_fleet_group *group, void *userdata) {
        (void) group;
        ++*(size_t *) userdata;
        return 0;
}

int fleet_groups_check_room(struct store *writer) {
        size_t n_issuers = 0, n_groups = 0;
        int r;

        r = store_fleet_each_issuer(writer, count_issuer, &n_issuers);
        if (r >= 0)
                r = store_fleet_each_group(writer, count_group, &n_groups);
        if (r < 0)
                return r;
        return n_issuers > FLEET_ISSUERS_MAX ? -EUSERS : n_groups > FLEET_GROUPS_MAX ? -EDQUOT : 0;
}
