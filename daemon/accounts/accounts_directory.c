/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/accounts_directory.h"
#include "accounts/accounts_files.h"
#include "accounts/pwage.h"
#include "cleanup.h"

#define NSS_BUFFER_LEN (256 * 1024)
#define GROUPS_MAX     65536

ssize_t accounts_directory_ask(const char *const *names, size_t n, gid_t admin_group, uint8_t *out,
                               size_t size) {
        size_t used = sizeof(admin_group);

        if (used > size || n > ACCOUNTS_DIRECTORY_BATCH)
                return -EMSGSIZE;
        memcpy(out, &admin_group, sizeof(admin_group));
        for (size_t i = 0; i < n; i++) {
                size_t len = strlen(names[i]) + 1;

                if (used + len > size)
                        return -EMSGSIZE;
                memcpy(out + used, names[i], len);
                used += len;
        }
        return (ssize_t) used;
}

/* Whether the bytes of switches and state are some that these can have: before they are read as
 * such. */
static bool is_sane(const uint8_t *look) {
        int state;

        memcpy(&state, look + offsetof(struct accounts_directory_answer, account.state),
               sizeof(state));
        return look[offsetof(struct accounts_directory_answer, account.local)] <= 1 &&
               look[offsetof(struct accounts_directory_answer, account.admin)] <= 1 &&
               look[offsetof(struct accounts_directory_answer, account.locked)] <= 1 &&
               (state == ACCOUNT_UNKNOWN || state == ACCOUNT_PRESENT || state == ACCOUNT_GONE);
}

int accounts_directory_next(const uint8_t *in, size_t len, size_t *at,
                            struct accounts_directory_answer *ret) {
        struct accounts_directory_answer look;

        if (*at == len)
                return 0;
        /* The helper is this very program, but what it has loaded is not. */
        if (len - *at < sizeof(look) || !is_sane(in + *at))
                return -EBADMSG;
        memcpy(&look, in + *at, sizeof(look));
        if (!memchr(look.asked, 0, sizeof(look.asked)) ||
            !memchr(look.account.name, 0, sizeof(look.account.name)) ||
            (look.account.state == ACCOUNT_PRESENT &&
             (!look.account.name[0] || look.account.uid == (uid_t) -1)))
                return -EBADMSG;
        *at += sizeof(look);
        *ret = look;
        return 1;
}

/* --- In the helper --- */

/* Membership that only a directory knows of. */
static bool is_member(const char *name, gid_t primary, gid_t group) {
        int n = 64, room;
        gid_t *groups = NULL;
        bool found = false;

        for (room = 0; room < n && n <= GROUPS_MAX;) {
                gid_t *more = reallocarray(groups, (size_t) n, sizeof(*more));

                if (!more)
                        break;
                groups = more;
                room = n;
                if (getgrouplist(name, primary, groups, &n) >= 0) {
                        for (int i = 0; i < n; i++)
                                found |= groups[i] == group;
                        break;
                }
        }
        free(groups);
        return found;
}

static void look_at_shadow(const char *name, char *buffer, struct account_record *account) {
        struct spwd sp, *found = NULL;

        if (getspnam_r(name, &sp, buffer, NSS_BUFFER_LEN, &found) == 0 && found)
                pwage_apply(found, account);
        explicit_bzero(buffer, NSS_BUFFER_LEN);
}

/* "There is no such user" is what all the sources say together (0); an errno means that one of
 * them did not answer. */
static void look_up(const char *name, gid_t admin_group, char *buffer,
                    struct account_record *account) {
        struct passwd pw, *found = NULL;
        int error = getpwnam_r(name, &pw, buffer, NSS_BUFFER_LEN, &found);
        gid_t gid;

        if (!found) {
                account->state = error == 0 ? ACCOUNT_GONE : ACCOUNT_UNKNOWN;
                return;
        }
        if (!pw.pw_name[0] || strlen(pw.pw_name) > WIRE_USER_MAX || pw.pw_uid == (uid_t) -1)
                return;
        memcpy(account->name, pw.pw_name, strlen(pw.pw_name) + 1);
        account->state = ACCOUNT_PRESENT;
        account->uid = pw.pw_uid;
        gid = pw.pw_gid;
        account->admin = account->uid == 0;
        look_at_shadow(account->name, buffer, account);
        if (admin_group != (gid_t) -1 && !account->admin)
                account->admin = is_member(account->name, gid, admin_group);
}

static void look_at(const struct accounts_files *files, const char *name, gid_t admin_group,
                    char *buffer, struct account_record *account) {
        const struct account_record *local = files ? accounts_files_find(files, name) : NULL;
        struct passwd pw, *found = NULL;

        if (!local) {
                look_up(name, admin_group, buffer, account);
                return;
        }
        *account = *local;
        if (admin_group == (gid_t) -1 || account->admin)
                return;
        if (getpwnam_r(name, &pw, buffer, NSS_BUFFER_LEN, &found) == 0 && found)
                account->admin = is_member(name, pw.pw_gid, admin_group);
}

ssize_t accounts_directory_run(const uint8_t *in, size_t in_len, uint8_t *out) {
        _cleanup_(accounts_files_freep) struct accounts_files *files = NULL;
        _cleanup_free_ char *buffer = malloc(NSS_BUFFER_LEN);
        char error[ACCOUNTS_FILES_ERROR_LEN];
        size_t used = 0, n = 0;
        gid_t admin_group;

        if (!buffer || in_len < sizeof(admin_group) ||
            (in_len > sizeof(admin_group) && in[in_len - 1] != 0))
                return -EBADMSG;
        memcpy(&admin_group, in, sizeof(admin_group));
        /* Where they cannot be read, NSS will hardly do better; but that is for it to say. */
        (void) !accounts_files_read(&files, "/etc", admin_group, error);
        for (size_t at = sizeof(admin_group); at < in_len && n < ACCOUNTS_DIRECTORY_BATCH; n++) {
                const char *name = (const char *) in + at;
                struct accounts_directory_answer look = {};
                size_t len = strlen(name);

                if (len > WIRE_USER_MAX)
                        return -EBADMSG;
                memcpy(look.asked, name, len);
                look_at(files, name, admin_group, buffer, &look.account);
                memcpy(out + used, &look, sizeof(look));
                used += sizeof(look);
                at += len + 1;
        }
        return (ssize_t) used;
}
