/* SPDX-License-Identifier: BSD-2-Clause */
/* passwd, shadow and group, and the list of a realm, as they may be on a host. Well-formed lines
 * are read a second time by simple code, and both must agree: who exists, with which number, and
 * whose password is locked. Reading in steps and looking for one user give the same. The files are
 * separated by FF FE: passwd, shadow, group, list. */
#include "fuzz.h"

#include <errno.h>

#include "accounts/accounts_files.h"
#include "accounts/accounts_realms.h"
#include "cleanup.h"
#include "text.h"

#define ADMIN_GROUP 50

enum {
        FIELDS_PASSWD = 7,
        FIELDS_SHADOW = 9,
        USERS_MAX = 20,
};

static const char *const names[] = { "passwd", "shadow", "group", "list" };

/* A line that is well-formed for any reader: so many fields, printable, and not too long. */
static bool cut(char *line, char **fields, size_t n) {
        size_t i = 0;

        for (char *p = line; *p; p++)
                if (*p < ' ' || *p > '~')
                        return false;
        if (line[0] == ' ' || line[0] == '#' || line[0] == '+' || line[0] == '-')
                return false;
        for (char *p = line; p && i < n; i++) {
                fields[i] = p;
                p = strchr(p, ':');
                if (p)
                        *p++ = '\0';
                if (i == n - 1 && p)
                        return false;
        }
        return i == n && fields[0][0];
}

static bool is_number(const char *text) {
        return text[0] && strlen(text) < 9 && strspn(text, "0123456789") == strlen(text);
}

/* The next line, without its end; NULL: there is none. */
static char *next_line(char **p) {
        char *line = *p, *end = strchr(line, '\n');

        if (!*line)
                return NULL;
        *p = end ? end + 1 : line + strlen(line);
        if (end)
                *end = '\0';
        return line;
}

struct ageing {
        char hash[64];
        long changed, max; /* days; -1: empty */
};

/* The shadow line of a user. False: there is none that is well-formed, or something may be one. */
static bool find_shadow(const char *shadow, const char *name, struct ageing *ret) {
        char *copy = strdup(shadow), *p = copy, *line, *fields[FIELDS_SHADOW];
        bool found = false, odd = false;

        must(copy != NULL);
        while (!found && !odd && (line = next_line(&p))) {
                if (strncmp(line, name, strlen(name)) != 0)
                        odd = strstr(line, name) != NULL;
                else if (!cut(line, fields, FIELDS_SHADOW))
                        odd = true;
                else
                        found = strcmp(fields[0], name) == 0;
                for (size_t i = 2; found && i < FIELDS_SHADOW; i++)
                        odd |= fields[i][0] && !is_number(fields[i]);
                if (found && !odd) {
                        (void) snprintf(ret->hash, sizeof(ret->hash), "%.60s", fields[1]);
                        ret->changed = fields[2][0] ? atol(fields[2]) : -1;
                        ret->max = fields[4][0] ? atol(fields[4]) : -1;
                }
        }
        free(copy);
        return found && !odd;
}

/* When the password ends, and whether it is locked, by shadow(5). */
static void check_password(const struct account_record *account, const struct ageing *ageing) {
        const char *hash = ageing->hash + strspn(ageing->hash, "!");
        bool has = hash[0] && hash[0] != '*' && strcmp(hash, "x") != 0;
        int64_t ends = 0;

        if (has && ageing->changed == 0)
                ends = 1;
        else if (has && ageing->changed > 0 && ageing->max >= 0 && ageing->max < 99999)
                ends = ((int64_t) ageing->changed + ageing->max + 1) * 86400;
        must(account->locked == (has && ageing->hash[0] == '!'));
        must(account->password_ends_at == ends);
}

static void check_one(const struct accounts_files *all, const char *dir, const char *name) {
        struct accounts_files_memory memory = {};
        struct account_record one = {};
        const struct account_record *found = accounts_files_find(all, name);
        int r;

        r = accounts_files_has(dir, name, &memory);
        must(r == (found != NULL));
        r = accounts_files_user(dir, name, &memory, &one);
        must(r == (found != NULL));
        if (!found)
                return;
        must(strcmp(found->name, name) == 0 && found->state == ACCOUNT_PRESENT && found->local);
        must(strcmp(one.name, name) == 0 && one.uid == found->uid);
        must(one.locked == found->locked);
        must(found->uid != 0 || found->admin);
}

/* Whether an earlier line could be of the same user in a way that libc sees and this file does not.
 */
static bool is_first(const char *passwd, const char *at, const char *name) {
        const char *first = strstr(passwd, name);

        return first == at;
}

static void check_users(const struct accounts_files *all, const char *dir, const char *passwd,
                        const char *shadow) {
        char *copy = strdup(passwd), *p = copy, *line, *fields[FIELDS_PASSWD];
        struct ageing ageing;
        unsigned n = 0;

        must(copy != NULL);
        while ((line = next_line(&p)) && n < USERS_MAX) {
                const struct account_record *found;

                if (!cut(line, fields, FIELDS_PASSWD) || !is_number(fields[2]) ||
                    !is_number(fields[3]) || strlen(fields[0]) > WIRE_USER_MAX)
                        continue;
                if (n++ == 0)
                        check_one(all, dir, fields[0]);
                if (!is_first(passwd, passwd + (line - copy), fields[0]))
                        continue;
                found = accounts_files_find(all, fields[0]);
                must(found && found->uid == (uid_t) atol(fields[2]));
                must(found->admin || (found->uid != 0 && atol(fields[3]) != ADMIN_GROUP));
                if (find_shadow(shadow, fields[0], &ageing)) {
                        must(accounts_files_has_shadow(all, fields[0]));
                        check_password(found, &ageing);
                }
        }
        free(copy);
}

/* One line at a time. */
static int read_in_steps(struct accounts_files **ret, const char *dir,
                         struct accounts_files_memory *memory) {
        int r = accounts_files_open(ret, dir, ADMIN_GROUP, memory);

        while (r >= 0 && (r = accounts_files_step(*ret, 1)) > 0)
                continue;
        return r;
}

static void try_files(const char *dir, const char *passwd, const char *shadow) {
        struct accounts_files_memory memory = {}, other = {};
        _cleanup_(accounts_files_freep) struct accounts_files *all = NULL, *steps = NULL;
        int r = accounts_files_read(&all, dir, ADMIN_GROUP, &memory);

        must(read_in_steps(&steps, dir, &other) == r);
        must((r < 0) == (memory.error[0] != '\0') && strcmp(memory.error, other.error) == 0);
        if (r < 0)
                return;
        /* It was believed: it has root, and ends with a line. */
        must(strstr(passwd, ":") && passwd[strlen(passwd) - 1] == '\n');
        check_users(all, dir, passwd, shadow);
        check_users(steps, dir, passwd, shadow);
        check_one(all, dir, "nobody-has-this-name");
}

/* --- The list of a realm --- */

struct owners {
        const char *text;
        const struct realms *realms;
        unsigned n;
};

static int on_owner(const char *owner, void *userdata) {
        struct owners *owners = userdata;
        char realm[REALM_NAME_MAX + 1];
        const char *user = realm_split(owner, realm);

        must(user && strcmp(realm, "web") == 0 && realm_is_user(user));
        must(strstr(owners->text, user));
        owners->n++;
        return 0;
}

/* How many lines begin with the name of a user. */
static unsigned count_names(char *text) {
        unsigned n = 0;
        char *line;

        while ((line = next_line(&text))) {
                line[strcspn(line, " \t\r:|")] = '\0';
                n += realm_is_user(line) && strlen("web:") + strlen(line) <= WIRE_USER_MAX;
        }
        return n;
}

static void try_list(const char *dir, const struct fuzz *part) {
        struct realm realm = { .name = "web", .services = "nginx" };
        struct accounts_realms *lists = NULL;
        struct owners owners = {};
        struct realms *realms = NULL;
        char *text = fuzz_text(part), *copy = fuzz_text(part);
        bool whole = part->left > 0 && part->at[part->left - 1] == '\n';

        (void) snprintf(realm.list, sizeof(realm.list), "%s/list", dir);
        must(realms_new(&realms, &realm, 1) == 0);
        must(accounts_realms_new(&lists, realms, NULL) == 0);
        owners = (struct owners){ .text = text, .realms = realms };
        /* text ends at its first NUL, and a line with one says nothing */
        if (strlen(text) == part->left) {
                while (accounts_realms_step(lists, 1, on_owner, &owners) > 0)
                        continue;
                must(owners.n == count_names(copy));
                must(accounts_realms_believed(lists, &realms->of[0]) == whole);
        }
        accounts_realms_freep(&lists);
        (void) realms_unref(realms);
        free(text);
        free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct fuzz f = { data, size }, parts[ARRAY_LEN(names)];
        const char *dir = fuzz_dir_get();
        char *passwd, *shadow;

        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                parts[i] = fuzz_until(&f, "\xff\xfe");
                fuzz_write(names[i], parts[i].at, parts[i].left);
        }
        passwd = fuzz_text(&parts[0]);
        shadow = fuzz_text(&parts[1]);
        if (strlen(passwd) == parts[0].left && strlen(shadow) == parts[1].left)
                try_files(dir, passwd, shadow);
        free(passwd);
        free(shadow);
        try_list(dir, &parts[3]);
        return 0;
}
