/* SPDX-License-Identifier: BSD-2-Clause */
/* The question to the helper that asks directories, its answer, and the helper's work. It knows no
 * store and no loop. NSS may block, so only the helper calls accounts_directory_run(). */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accounts/accounts_directory.h"
#include "accounts/accounts_files.h"
#include "accounts/pwage.h"
#include "base/conf.h"
#include "base/helper.h"
#include "base/log.h"
#include "cleanup.h"

#define NSS_BUFFER_LEN (256 * 1024)
#define GROUPS_MAX     65536

/* What a question and each answer begin with. */
#define KIND 'A'

/* --- The question --- */

ssize_t accounts_directory_ask(const char *const *names, size_t n, gid_t admin_group, uint8_t *out,
                               size_t size) {
        struct bytes_writer w = { .out = out, .size = size };

        if (n > ACCOUNTS_DIRECTORY_BATCH)
                return -EMSGSIZE;
        bytes_write(&w, 1, KIND);
        bytes_write(&w, BYTES_NUMBER, admin_group);
        bytes_write(&w, BYTES_NUMBER, n);
        for (size_t i = 0; i < n; i++)
                bytes_write_text(&w, names[i]);
        return bytes_written(&w);
}

int accounts_directory_take_question(const uint8_t *in, size_t len,
                                     struct accounts_directory_question *ret) {
        struct accounts_directory_question question = {};
        struct bytes_reader r = { .in = in, .len = len };

        r.bad |= bytes_read(&r, 1) != KIND;
        question.admin_group = (gid_t) bytes_read(&r, BYTES_NUMBER);
        question.n = bytes_read(&r, BYTES_NUMBER);
        r.bad |= question.n > ACCOUNTS_DIRECTORY_BATCH;
        for (size_t i = 0; i < question.n && !r.bad; i++)
                bytes_read_text(&r, question.names[i], sizeof(question.names[i]));
        if (!bytes_is_at_end(&r))
                return -EBADMSG;
        *ret = question;
        return 0;
}

/* --- The answer --- */

void accounts_directory_put(struct bytes_writer *w,
                            const struct accounts_directory_answer *answer) {
        const struct account_record *account = &answer->account;

        bytes_write(w, 1, KIND);
        bytes_write_text(w, answer->asked);
        bytes_write(w, 1, account->state);
        bytes_write_text(w, account->name);
        bytes_write(w, BYTES_NUMBER, account->uid);
        bytes_write(w, 1, account->local);
        bytes_write(w, 1, account->admin);
        bytes_write(w, 1, account->admin_unsure);
        bytes_write(w, 1, account->locked);
        bytes_write(w, BYTES_TIME, (uint64_t) account->password_ends_at);
        bytes_write(w, BYTES_TIME, (uint64_t) account->closes_at);
}

/* An account that is not present has no name, no number and no password. */
static bool is_consistent(const struct account_record *account) {
        switch (account->state) {
        case ACCOUNT_PRESENT:
                return account->name[0] && account->uid != (uid_t) -1;
        case ACCOUNT_UNKNOWN:
        case ACCOUNT_GONE:
                return !account->name[0] && account->uid == 0 && !account->local &&
                       !account->admin && !account->admin_unsure && !account->locked &&
                       account->password_ends_at == 0 && account->closes_at == 0;
        }
        return false;
}

static void take(struct bytes_reader *r, struct accounts_directory_answer *answer) {
        struct account_record *account = &answer->account;

        r->bad |= bytes_read(r, 1) != KIND;
        bytes_read_text(r, answer->asked, sizeof(answer->asked));
        account->state = (enum account_state) bytes_read(r, 1);
        bytes_read_text(r, account->name, sizeof(account->name));
        account->uid = (uid_t) bytes_read(r, BYTES_NUMBER);
        account->local = bytes_read_flag(r);
        account->admin = bytes_read_flag(r);
        account->admin_unsure = bytes_read_flag(r);
        account->locked = bytes_read_flag(r);
        account->password_ends_at = (int64_t) bytes_read(r, BYTES_TIME);
        account->closes_at = (int64_t) bytes_read(r, BYTES_TIME);
        r->bad |= !is_consistent(account);
}

/* The first time checks everything, the second time keeps it. */
static int take_all(const uint8_t *in, size_t len, struct accounts_directory_answer *answers,
                    size_t n, bool keep) {
        struct bytes_reader r = { .in = in, .len = len };

        for (size_t i = 0; i < n && !r.bad; i++) {
                struct accounts_directory_answer answer = {};

                take(&r, &answer);
                r.bad |= strcmp(answer.asked, answers[i].asked) != 0;
                if (keep)
                        answers[i].account = answer.account;
        }
        return bytes_is_at_end(&r) ? 0 : -EBADMSG;
}

int accounts_directory_take(const uint8_t *in, size_t len,
                            struct accounts_directory_answer *answers, size_t n) {
        int r;

        r = take_all(in, len, answers, n, false);
        return r < 0 ? r : take_all(in, len, answers, n, true);
}

/* --- In the helper --- */

/* What a question is answered with. */
struct looking {
        const struct accounts_files *files; /* NULL: they are not believed */
        gid_t admin_group;
        char *buffer;
};

/* getpwnam(3): with these there is no such name. Some modules set ENOENT where a server is away,
 * too. */
static bool is_answer(int error) {
        return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

/* 1; 0; a negative errno. */
static int find_group(const char *name, gid_t primary, gid_t group) {
        _cleanup_free_ gid_t *groups = NULL;
        int n = 64;

        for (int room = 0; room < n && n <= GROUPS_MAX;) {
                gid_t *more = reallocarray(groups, (size_t) n, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                groups = more;
                room = n;
                errno = 0;
                if (getgrouplist(name, primary, groups, &n) < 0)
                        continue;
                for (int i = 0; i < n; i++)
                        if (groups[i] == group)
                                return 1;
                return is_answer(errno) ? 0 : -errno;
        }
        return -E2BIG;
}

/* Whether all sources of groups answer, and one of them has the group. A group file without it may
 * be wrong for a moment. */
static bool groups_answer(const struct looking *l) {
        struct group gr, *found = NULL;
        int error = getgrgid_r(l->admin_group, &gr, l->buffer, NSS_BUFFER_LEN, &found);

        if (!found && error != ERANGE)
                return false;
        /* Nobody has this number, so all are asked. */
        return getgrgid_r((gid_t) -1, &gr, l->buffer, NSS_BUFFER_LEN, &found) == 0;
}

/* A membership that only a directory may know. getgrouplist(3) leaves out what does not answer. So
 * that a user is no member counts only when everything else answers. */
static void look_at_groups(const struct looking *l, const char *name, gid_t primary,
                           struct account_record *account) {
        int r;

        if (l->admin_group == (gid_t) -1 || account->admin)
                return;
        if (conf_is_group_away(l->admin_group)) {
                account->admin_unsure = true;
                account->admin = l->admin_group == CONF_ADMIN_GROUP_LOST;
                return;
        }
        r = find_group(name, primary, l->admin_group);
        account->admin_unsure = r < 0 || (r == 0 && (!l->files || !groups_answer(l)));
        account->admin = r > 0 || account->admin_unsure;
}

/* Errors of the files of this host, where there is no shadow or this process may not read it. They
 * say nothing of a directory. */
static bool is_without_shadow(int error) {
        return (error == EACCES && geteuid() != 0) ||
               (error == ENOENT && access("/etc/shadow", F_OK) < 0);
}

/* Whether all sources together have answered. */
static bool look_at_shadow(const char *name, char *buffer, struct account_record *account) {
        struct spwd sp, *found = NULL;
        int error = getspnam_r(name, &sp, buffer, NSS_BUFFER_LEN, &found);

        if (error == 0 && found)
                (account->local ? pwage_apply : pwage_apply_directory)(found, account);
        explicit_bzero(buffer, NSS_BUFFER_LEN);
        return error == 0 || is_without_shadow(error);
}

/* Whether the user that NSS has found is the one of passwd. A user of passwd who counts as one of a
 * directory could be removed and made anew, and nobody would see it. So this does not depend on
 * whether the files as a whole are believed. */
static bool is_in_passwd(const struct account_record *account, char *buffer) {
        FILE *f = fopen("/etc/passwd", "re");
        struct passwd pw, *found;
        bool is = false;

        while (f && !is && fgetpwent_r(f, &pw, buffer, NSS_BUFFER_LEN, &found) == 0)
                is = strcmp(pw.pw_name, account->name) == 0 && pw.pw_uid == account->uid;
        if (f)
                (void) fclose(f);
        return is;
}

/* 0 means that all sources together know no such user. An errno means that one of them did not
 * answer. */
static void look_up(const struct looking *l, const char *name, struct account_record *account) {
        struct passwd pw, *found = NULL;
        int error = 0;
        gid_t gid;

        /* The name of an account ends at a colon, and what has one is a user of a realm. */
        if (!strchr(name, ':'))
                error = getpwnam_r(name, &pw, l->buffer, NSS_BUFFER_LEN, &found);
        if (!found) {
                account->state = error == 0 ? ACCOUNT_GONE : ACCOUNT_UNKNOWN;
                return;
        }
        if (!pw.pw_name[0] || strlen(pw.pw_name) > WIRE_USER_MAX || pw.pw_uid == (uid_t) -1 ||
            strchr(pw.pw_name, ':'))
                return;
        memcpy(account->name, pw.pw_name, strlen(pw.pw_name) + 1);
        account->state = ACCOUNT_PRESENT;
        account->uid = pw.pw_uid;
        gid = pw.pw_gid;
        account->admin = account->uid == 0;
        account->local = is_in_passwd(account, l->buffer);
        /* The account may have expired, or the password. */
        if (!look_at_shadow(account->name, l->buffer, account)) {
                *account = (struct account_record){};
                return;
        }
        look_at_groups(l, account->name, gid, account);
}

static void look_at(const struct looking *l, const char *name, struct account_record *account) {
        const struct account_record *local = l->files ? accounts_files_find(l->files, name) : NULL;
        struct passwd pw, *found = NULL;
        bool answered;

        if (!local) {
                look_up(l, name, account);
                return;
        }
        answered = getpwnam_r(name, &pw, l->buffer, NSS_BUFFER_LEN, &found) == 0 && found;
        /* nsswitch.conf(5) has a directory before the files, and it has another user of that name:
         * services log that one in. So the one of passwd is nobody who could have a key. */
        if (answered && pw.pw_uid != local->uid) {
                account->state = ACCOUNT_GONE;
                return;
        }
        *account = *local;
        if (l->admin_group == (gid_t) -1 || account->admin)
                return;
        if (answered)
                look_at_groups(l, local->name, pw.pw_gid, account);
        else
                account->admin = account->admin_unsure = true;
}

ssize_t accounts_directory_run(const uint8_t *in, size_t in_len, uint8_t *out) {
        _cleanup_(accounts_files_freep) struct accounts_files *files = NULL;
        _cleanup_free_ char *buffer = malloc(NSS_BUFFER_LEN);
        struct bytes_writer w = { .out = out, .size = HELPER_BYTES_MAX };
        struct accounts_directory_question question;
        struct accounts_files_memory memory = {};
        int r;

        if (!buffer)
                return -ENOMEM;
        r = accounts_directory_take_question(in, in_len, &question);
        if (r < 0)
                return r;
        /* Where the files cannot be read, NSS can hardly read them either. NSS says so itself. */
        accounts_files_recall("/etc", &memory);
        (void) !accounts_files_read(&files, "/etc", question.admin_group, &memory);
        for (size_t i = 0; i < question.n; i++) {
                struct accounts_directory_answer answer = {};

                memcpy(answer.asked, question.names[i], sizeof(answer.asked));
                look_at(&(struct looking){ files, question.admin_group, buffer }, answer.asked,
                        &answer.account);
                accounts_directory_put(&w, &answer);
        }
        return bytes_written(&w);
}

/* A source of groups is silent, or the group is gone from the group file. */
void accounts_directory_say(int r, const struct accounts_directory_answer *answers, size_t n) {
        const char *first = NULL;
        size_t unsure = 0;

        if (r < 0) {
                log_message(MESSAGE_DIRECTORY_SILENT, LOG_WARNING,
                            "nobody says whether user '%s' exists, going by what was known: %s",
                            answers[0].asked, strerrordesc_np(-r));
                return;
        }
        for (size_t i = 0; i < n; i++)
                if (answers[i].account.admin_unsure && answers[i].account.admin && unsure++ == 0)
                        first = answers[i].asked;
        if (unsure > 0)
                log_message(MESSAGE_DIRECTORY_SILENT, LOG_WARNING,
                            "nobody says whether user '%s'%s is in the group of administrators, "
                            "going by what was known",
                            first, unsure > 1 ? ", among others," : "");
}
