/* SPDX-License-Identifier: BSD-2-Clause */
/* Users and groups that the tests make up, by wrapping NSS at link time (-Wl,--wrap=...). So no
 * test depends on the accounts of the host that it runs on. */
#pragma once

#include <grp.h>
#include <pwd.h>

#include "unit.h"

/* The answer to the next question, when it is not 0. */
static int unit_nss_error;

static struct {
        const char *name;
        unsigned id;
} unit_nss_users[] = { { "alice", 1001 }, { "bob", 1002 }, { "postgres", 110 }, { NULL, 0 } },
  unit_nss_groups[] = { { "admins", 2001 },
                        { "developers", 2002 },
                        { "wfapikey-admin", 2999 }, /* of a directory */
                        { NULL, 0 } },
  /* of /etc/group */
        unit_nss_local[] = { { NULL, 0 }, { NULL, 0 } };

int __wrap_getpwnam_r(const char *name, struct passwd *pw, char *buffer, size_t len,
                      struct passwd **ret);
int __wrap_getpwuid_r(uid_t uid, struct passwd *pw, char *buffer, size_t len, struct passwd **ret);
int __wrap_getgrnam_r(const char *name, struct group *gr, char *buffer, size_t len,
                      struct group **ret);
int __wrap_nss_local_group(const char *path, const char *name, gid_t *ret);

int __wrap_nss_local_group(const char *path, const char *name, gid_t *ret) {
        assert_string_equal(path, "/etc/group");
        for (size_t i = 0; unit_nss_local[i].name; i++)
                if (strcmp(unit_nss_local[i].name, name) == 0) {
                        *ret = unit_nss_local[i].id;
                        return 0;
                }
        return -ENOENT;
}

static inline int unit_nss_answer(const char *name, unsigned id, struct passwd *pw, char *buffer,
                                  size_t len, struct passwd **ret) {
        (void) snprintf(buffer, len, "%s", name);
        *pw = (struct passwd){ .pw_name = buffer, .pw_uid = id };
        *ret = pw;
        return 0;
}

int __wrap_getpwnam_r(const char *name, struct passwd *pw, char *buffer, size_t len,
                      struct passwd **ret) {
        *ret = NULL;
        if (unit_nss_error != 0)
                return unit_nss_error;
        for (size_t i = 0; unit_nss_users[i].name; i++)
                if (strcmp(unit_nss_users[i].name, name) == 0)
                        return unit_nss_answer(name, unit_nss_users[i].id, pw, buffer, len, ret);
        return 0;
}

int __wrap_getpwuid_r(uid_t uid, struct passwd *pw, char *buffer, size_t len, struct passwd **ret) {
        *ret = NULL;
        if (unit_nss_error != 0)
                return unit_nss_error;
        for (size_t i = 0; unit_nss_users[i].name; i++)
                if (unit_nss_users[i].id == uid)
                        return unit_nss_answer(unit_nss_users[i].name, uid, pw, buffer, len, ret);
        return 0;
}

int __wrap_getgrnam_r(const char *name, struct group *gr, char *buffer, size_t len,
                      struct group **ret) {
        (void) buffer;
        (void) len;
        *ret = NULL;
        if (unit_nss_error != 0)
                return unit_nss_error;
        for (size_t i = 0; unit_nss_groups[i].name; i++)
                if (strcmp(unit_nss_groups[i].name, name) == 0) {
                        *gr = (struct group){ .gr_gid = unit_nss_groups[i].id };
                        *ret = gr;
                }
        return 0;
}
