/* SPDX-License-Identifier: BSD-2-Clause */
/* The question for the numbers of names, its answer, and the helper's work. It does not know when
 * they are looked up, and what follows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/conf_names.h"
#include "base/helper.h"
#include "base/log.h"
#include "base/nss.h"
#include "cleanup.h"
#include "text.h"

#define HELPER_USEC UINT64_C(5000000)
#define KIND        'N'
#define NAMES_MAX   (4 + CONF_PEERS_MAX + REALMS_MAX)
#define PASSWD_FILE "/etc/passwd"
#define GROUP_FILE  "/etc/group"

enum kind {
        USER,
        GROUP,
        LOCAL_GROUP,
        _KIND_MAX,
};

/* A name in a configuration, and where its number is. */
struct name {
        enum kind kind;
        const char *name;
        unsigned *number;
        /* Follows from the number. NULL: stays as it is. */
        bool *has;
};

/* A name that is looked up. */
struct asked {
        enum kind kind;
        char name[WIRE_USER_MAX + 1];
        unsigned before, now;
};

struct conf_names {
        struct helper *helper;
        void (*done)(int r, const struct conf_names *names, void *userdata);
        void *userdata;
        enum conf_names_by by;
        bool steady, cut;
        size_t n;
        struct asked asked[];
};

/* --- The names of a configuration --- */

static size_t list(struct conf *conf, struct name out[static NAMES_MAX]) {
        size_t n = 0;

        out[n++] = (struct name){ conf->admin_group_default ? LOCAL_GROUP : GROUP, conf->admin_name,
                                  &conf->admin_group, &conf->has_admin_group };
        out[n++] = (struct name){ conf->reader_group_default ? LOCAL_GROUP : GROUP,
                                  conf->reader_name, &conf->reader_group, &conf->has_reader_group };
        out[n++] = (struct name){ GROUP, conf->developer_name, &conf->developer_group, NULL };
        out[n++] = (struct name){ USER, conf->fleet_name, &conf->fleet_user, NULL };
        for (size_t i = 0; i < conf->n_peers; i++)
                out[n++] = (struct name){ USER, conf->peers[i].user, &conf->peers[i].uid, NULL };
        for (size_t i = 0; conf->realms && i < conf->realms->n; i++) {
                struct realm *realm = &conf->realms->of[i];

                out[n++] = (struct name){ LOCAL_GROUP, realm->issuers_name, &realm->issuers, NULL };
        }
        return n;
}

static unsigned number_of(const struct name *name) {
        return name->has && !*name->has ? CONF_NOBODY : *name->number;
}

static const struct asked *find(const struct conf_names *names, enum kind kind, const char *name) {
        for (size_t i = 0; i < names->n; i++)
                if (names->asked[i].kind == kind && strcmp(names->asked[i].name, name) == 0)
                        return &names->asked[i];
        return NULL;
}

/* A user may have several sections. */
static void add(struct conf_names *names, const struct name *name) {
        bool local = name->kind == LOCAL_GROUP;

        if (!name->name[0] || local != (names->by == CONF_NAMES_LOCAL) ||
            find(names, name->kind, name->name))
                return;
        names->asked[names->n] = (struct asked){ .kind = name->kind, .before = number_of(name) };
        (void) text_copy(names->asked[names->n++].name, WIRE_USER_MAX + 1, name->name);
}

static void say(const struct asked *asked) {
        const char *what = asked->kind == USER ? "user" : "group";
        const char *where = asked->kind == LOCAL_GROUP ? "in " GROUP_FILE : "there";
        char shown[4 * WIRE_USER_MAX + 1];

        text_escape(shown, sizeof(shown), asked->name);
        if (asked->now == CONF_NOBODY)
                log_line(LOG_WARNING,
                         "the %s '%s' is not %s any more, so what the configuration gives it is "
                         "nobody's",
                         what, shown, where);
        else if (asked->before == CONF_NOBODY)
                log_line(LOG_NOTICE, "the %s '%s' is %s now", what, shown, where);
        else
                log_line(LOG_NOTICE, "the %s '%s' has another number now", what, shown);
}

bool conf_names_put(const struct conf_names *names, struct conf *conf) {
        struct name all[NAMES_MAX];
        size_t n = list(conf, all);
        bool changed = false;

        conf->had_admin_group |= conf->has_admin_group;
        for (size_t i = 0; i < n; i++) {
                const struct asked *asked = find(names, all[i].kind, all[i].name);

                /* Another configuration may have come, with a newer number. */
                if (!asked || number_of(&all[i]) != asked->before || asked->now == asked->before)
                        continue;
                *all[i].number = asked->now;
                if (all[i].has)
                        *all[i].has = asked->now != CONF_NOBODY;
                changed = true;
        }
        for (size_t i = 0; changed && i < names->n; i++)
                if (names->asked[i].now != names->asked[i].before)
                        say(&names->asked[i]);
        return changed;
}

/* --- In the helper --- */

/* Keeps the number where nobody could tell, but for one that the file gives to another name. */
static unsigned look_up(const struct asked *asked, bool by_nss) {
        struct nss_entry user = { .uid = CONF_NOBODY };
        unsigned number = CONF_NOBODY;
        int r = -EIO;

        switch (asked->kind) {
        case USER:
                if (by_nss)
                        r = nss_user(asked->name, &user);
                number = user.uid;
                if (r < 0 && nss_local_other_user(PASSWD_FILE, asked->name, asked->before))
                        r = -ENOENT;
                break;
        case GROUP:
                if (by_nss)
                        r = nss_group(asked->name, &number);
                if (r < 0 && nss_local_other_group(GROUP_FILE, asked->name, asked->before))
                        r = -ENOENT;
                break;
        case LOCAL_GROUP:
                r = nss_local_group(GROUP_FILE, asked->name, &number);
                break;
        case _KIND_MAX:
                break;
        }
        return r >= 0 || r == -ENOENT ? number : asked->before;
}

/* Whether the file can be believed. */
static bool believe(const char *path, bool steady, bool *cut) {
        switch (nss_local_file(path)) {
        case NSS_FILE_GOOD:
                return true;
        case NSS_FILE_CUT:
                *cut |= !steady;
                return steady;
        case NSS_FILE_BAD:
                break;
        }
        return false;
}

ssize_t conf_names_run(const uint8_t *in, size_t in_len, uint8_t *out) {
        struct bytes_writer w = { .out = out, .size = HELPER_BYTES_MAX };
        struct bytes_reader r = { .in = in, .len = in_len };
        bool by_nss, steady, users, groups, cut = false;
        size_t n;

        r.bad |= bytes_read(&r, 1) != KIND;
        by_nss = bytes_read_flag(&r);
        steady = bytes_read_flag(&r);
        users = believe(PASSWD_FILE, steady, &cut);
        groups = believe(GROUP_FILE, steady, &cut);
        n = bytes_read(&r, BYTES_NUMBER);
        r.bad |= n > NAMES_MAX;
        bytes_write(&w, 1, KIND);
        bytes_write(&w, 1, cut);
        for (size_t i = 0; i < n && !r.bad; i++) {
                struct asked asked = { .kind = (enum kind) bytes_read(&r, 1) };

                asked.before = (unsigned) bytes_read(&r, BYTES_NUMBER);
                bytes_read_text(&r, asked.name, sizeof(asked.name));
                r.bad |= asked.kind >= _KIND_MAX;
                if (!r.bad)
                        bytes_write(&w, BYTES_NUMBER,
                                    (asked.kind == USER ? users : groups) ? look_up(&asked, by_nss)
                                                                          : asked.before);
        }
        return bytes_is_at_end(&r) ? bytes_written(&w) : -EBADMSG;
}

/* --- On the loop --- */

static int take(struct conf_names *names, const uint8_t *out, size_t len) {
        struct bytes_reader r = { .in = out, .len = len };

        r.bad |= bytes_read(&r, 1) != KIND;
        names->cut = bytes_read_flag(&r);
        for (size_t i = 0; i < names->n; i++)
                names->asked[i].now = (unsigned) bytes_read(&r, BYTES_NUMBER);
        return bytes_is_at_end(&r) ? 0 : -EBADMSG;
}

static void on_helper(int r, const uint8_t *out, size_t len, void *userdata) {
        struct conf_names *names = userdata;

        if (r >= 0)
                r = take(names, out, len);
        names->helper = helper_free(names->helper);
        names->done(r, names, names->userdata);
}

static int start(struct conf_names *names, sd_event *event) {
        size_t size = 16 + names->n * sizeof(*names->asked);
        _cleanup_free_ uint8_t *question = malloc(size);
        struct bytes_writer w = { .out = question, .size = size };
        ssize_t len;

        if (!question)
                return -ENOMEM;
        bytes_write(&w, 1, KIND);
        bytes_write(&w, 1, names->by == CONF_NAMES_NSS);
        bytes_write(&w, 1, names->steady);
        bytes_write(&w, BYTES_NUMBER, names->n);
        for (size_t i = 0; i < names->n; i++) {
                bytes_write(&w, 1, names->asked[i].kind);
                bytes_write(&w, BYTES_NUMBER, names->asked[i].before);
                bytes_write_text(&w, names->asked[i].name);
        }
        len = bytes_written(&w);
        return len < 0 ? (int) len
                       : helper_start(&names->helper, event, CONF_NAMES_MODE, question,
                                      (size_t) len, 2 + names->n * BYTES_NUMBER, HELPER_USEC,
                                      on_helper, names);
}

int conf_names_start(struct conf_names **ret, sd_event *event, struct conf *conf,
                     enum conf_names_by by, bool steady,
                     void (*done)(int r, const struct conf_names *names, void *userdata),
                     void *userdata) {
        struct name all[NAMES_MAX];
        struct conf_names *names;
        size_t n = list(conf, all);
        int r;

        names = calloc(1, sizeof(*names) + n * sizeof(names->asked[0]));
        if (!names)
                return -ENOMEM;
        *names = (struct conf_names){
                .done = done, .userdata = userdata, .by = by, .steady = steady
        };
        for (size_t i = 0; i < n; i++)
                add(names, &all[i]);
        r = names->n > 0 ? start(names, event) : 0;
        if (r < 0 || names->n == 0) {
                free(names);
                return r;
        }
        *ret = names;
        return 1;
}

bool conf_names_is_cut(const struct conf_names *names) {
        return names->cut;
}

struct conf_names *conf_names_free(struct conf_names *names) {
        if (names)
                (void) helper_free(names->helper);
        free(names);
        return NULL;
}
