/* SPDX-License-Identifier: BSD-2-Clause */
/* A look at the files, step by step. It starts no helper and waits for nobody.
 *
 * First it reads what the store knows, then the files, and then it compares. Others write accounts
 * between two steps: a new key brings its owner, and userdel's report takes one away. What they
 * wrote is newer than the files of this look. So a row is written only while it is as it was read
 * before the files were. Otherwise the look was overtaken, and there is another one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/accounts_change.h"
#include "accounts/accounts_files.h"
#include "accounts/accounts_look.h"
#include "accounts/accounts_vanished.h"
#include "base/clock.h"
#include "base/conf.h"
#include "cleanup.h"
#include "keys/facts.h"
#include "rules/expiry.h"
#include "store/store_account.h"

/* in one step */
#define ROWS_READ  1000
#define LINES_READ 5000
#define LOOKED_AT  500

struct accounts_look {
        size_t stage;
        int64_t now;
        bool clock_trusted;
        struct accounts_files *files;
        struct accounts_files_memory *memory, none;
        struct accounts_realms *lists;
        struct accounts_vanished vanished, expired;
        char after[WIRE_USER_MAX + 1]; /* the last name of the step before */
        size_t at;                     /* what of ${known} comes next */
        size_t asked;                  /* users listed by the steps before */
        size_t visited;                /* in this step */
        /* As the store had them, by name. Behind those are the users that keys name and that are
         * not known: owners by name, and then others. ACCOUNT_UNKNOWN. */
        size_t n, room, n_rows, n_owners;
        struct account_record *known;
        /* for each of them: a list of its realm has it */
        bool *listed;
};

int accounts_look_new(struct accounts_look **ret) {
        struct accounts_look *look = calloc(1, sizeof(*look));

        if (!look)
                return -ENOMEM;
        look->now = clock_now();
        look->clock_trusted = clock_is_trusted();
        look->expired.passwords = true;
        *ret = look;
        return 0;
}

struct accounts_look *accounts_look_free(struct accounts_look *look) {
        if (!look)
                return NULL;
        accounts_files_free(look->files);
        accounts_realms_free(look->lists);
        free(look->listed);
        free(look->known);
        free(look);
        return NULL;
}

/* --- What is known --- */

static int add_known(struct accounts_look *look, const struct account_record *account) {
        if (look->n == look->room) {
                size_t room = look->room > 0 ? 2 * look->room : 64;
                struct account_record *known = reallocarray(look->known, room, sizeof(*known));

                if (!known)
                        return -ENOMEM;
                look->known = known;
                look->room = room;
        }
        look->known[look->n++] = *account;
        return 0;
}

static int on_known(const struct account_record *account, void *userdata) {
        struct accounts_look *look = userdata;

        look->visited++;
        memcpy(look->after, account->name, sizeof(look->after));
        return add_known(look, account);
}

static int read_rows(struct accounts_look *look, struct accounts_update *facts,
                     struct store *writer) {
        int r;

        (void) facts;
        r = store_account_each(writer, look->after, ROWS_READ, on_known, look);
        look->n_rows = look->n_owners = look->n;
        return r < 0 ? r : look->visited == ROWS_READ;
}

static int compare_names(const void *name, const void *account) {
        return strcmp(name, ((const struct account_record *) account)->name);
}

static int on_name(const char *name, bool known, void *userdata) {
        struct accounts_look *look = userdata;
        struct account_record account = {};

        look->visited++;
        memcpy(account.name, name, strlen(name) + 1);
        memcpy(look->after, account.name, sizeof(look->after));
        if (known || (look->n_owners > look->n_rows &&
                      bsearch(name, look->known + look->n_rows, look->n_owners - look->n_rows,
                              sizeof(account), compare_names)))
                return 0;
        return add_known(look, &account);
}

static int read_names(struct accounts_look *look, const struct accounts_update *facts,
                      struct store *writer, bool linked) {
        int r;

        if (!facts->everybody && !facts->newcomers)
                return 0;
        r = store_account_each_name(writer, linked, look->after, ROWS_READ, on_name, look);
        return r < 0 ? r : look->visited == ROWS_READ;
}

static int read_owners(struct accounts_look *look, struct accounts_update *facts,
                       struct store *writer) {
        int r = read_names(look, facts, writer, false);

        if (r == 0)
                look->n_owners = look->n;
        return r;
}

static int read_linked(struct accounts_look *look, struct accounts_update *facts,
                       struct store *writer) {
        return read_names(look, facts, writer, true);
}

/* --- What the files say --- */

static int read_files(struct accounts_look *look, struct accounts_update *facts,
                      struct store *writer) {
        int r;

        (void) writer;
        if (look->files)
                return accounts_files_step(look->files, LINES_READ);
        look->memory = facts->memory ?: &look->none;
        r = accounts_files_open(&look->files, facts->etc, facts->admin_group, look->memory);
        return r < 0 ? r : 1;
}

/* --- What the lists of realms say --- */

static void mark(struct accounts_look *look, const char *owner, size_t from, size_t to) {
        const struct account_record *found = to > from
                                                     ? bsearch(owner, look->known + from, to - from,
                                                               sizeof(*found), compare_names)
                                                     : NULL;

        if (found)
                look->listed[found - look->known] = true;
}

static int on_listed(const char *owner, void *userdata) {
        struct accounts_look *look = userdata;

        mark(look, owner, 0, look->n_rows);
        mark(look, owner, look->n_rows, look->n_owners);
        return 0;
}

static int read_lists(struct accounts_look *look, struct accounts_update *facts,
                      struct store *writer) {
        int r = 0;

        (void) writer;
        if (!look->lists) {
                look->listed = calloc(look->n + 1, sizeof(*look->listed));
                r = look->listed ? accounts_realms_new(&look->lists, facts->realms, facts->lists)
                                 : -ENOMEM;
        }
        if (r >= 0)
                r = accounts_realms_step(look->lists, LINES_READ, on_listed, look);
        if (r != 0)
                return r;
        facts->again |= accounts_realms_again(look->lists);
        accounts_realms_say_unread(facts->realms, facts->lists);
        return 0;
}

enum standing {
        OF_ACCOUNT,
        UNDECIDED, /* what is known stays */
        UNREAD,    /* what is known was in another list */
        IN_REALM,
        OUT_OF_REALM,
};

static const struct realm *realm_of(const struct accounts_update *facts, const char *owner) {
        char name[REALM_NAME_MAX + 1];

        return realm_split(owner, name) ? realms_find(facts->realms, name) : NULL;
}

/* What a list that is not believed leaves. Who was in the list of the same path stays, but nobody
 * has said that those of another list, or of a suffix, are in this one. */
static enum standing standing_without(const struct account_record *old, const struct realm *realm) {
        return old->state != ACCOUNT_PRESENT || old->password_since == 0 ||
                               old->password_since == accounts_realms_which(realm)
                       ? UNDECIDED
                       : UNREAD;
}

/* Whether a realm has the owner. What the configuration does not say decides nothing: it may be
 * back tomorrow, and the rules refuse the key meanwhile. An account of this host with the name is
 * somebody else, and a service might take one for the other. */
static enum standing standing_of(const struct accounts_look *look,
                                 const struct accounts_update *facts,
                                 const struct account_record *old) {
        char name[REALM_NAME_MAX + 1];
        const char *user = realm_split(old->name, name);
        const struct realm *realm;
        bool listed;

        if (!user)
                return OF_ACCOUNT;
        realm = realm_of(facts, old->name);
        if (!realm || (!realm->list[0] && !realm_has_suffix(user, realm->suffixes)))
                return UNDECIDED;
        if (realm->list[0] && !accounts_realms_believed(look->lists, realm))
                return standing_without(old, realm);
        listed = !realm->list[0] || look->listed[old - look->known];
        return listed && !accounts_files_find(look->files, user) ? IN_REALM : OUT_OF_REALM;
}

/* --- What the files say, again --- */

static bool is_lost(const struct accounts_look *look, const struct accounts_update *facts,
                    const struct account_record *old) {
        enum standing standing = standing_of(look, facts, old);

        if (old->state != ACCOUNT_PRESENT || !old->local)
                return false;
        return standing == OF_ACCOUNT ? !accounts_files_find(look->files, old->name)
                                      : standing == OUT_OF_REALM;
}

static bool has_lost_password(const struct accounts_look *look, const struct account_record *old) {
        const struct account_record *found = accounts_files_find(look->files, old->name);

        return found && expiry_password_lost(old, found, look->now);
}

static int count_one(struct accounts_look *look, const struct accounts_update *facts,
                     struct store *writer, const struct policy *policy,
                     const struct account_record *old) {
        if (is_lost(look, facts, old))
                return accounts_vanished_add(&look->vanished, writer, old->name);
        return policy->remove_on_password_expiry && has_lost_password(look, old)
                       ? accounts_vanished_add(&look->expired, writer, old->name)
                       : 0;
}

static int count_lost(struct accounts_look *look, struct accounts_update *facts,
                      struct store *writer) {
        size_t end = look->at + LOOKED_AT;
        struct policy policy;
        bool first;
        int r = facts_policy(writer, &policy);

        for (; r >= 0 && look->at < end && look->at < look->n; look->at++)
                r = count_one(look, facts, writer, &policy, &look->known[look->at]);
        if (r < 0 || look->at < look->n)
                return r < 0 ? r : 1;
        first = !facts->holds || !facts->holds->files;
        r = accounts_vanished_all(&look->vanished, writer, facts->holds, first);
        return r < 0 ? r : accounts_vanished_all(&look->expired, writer, facts->holds, first);
}

/* --- What becomes of an account --- */

/* ${known}: what the store has of the user from now on; ${old}: before this look. */
static int to_ask(struct accounts_update *facts, const struct account_record *old,
                  const struct account_record *known) {
        struct accounts_directory_answer asked = { .known_state = known->state,
                                                   .known_gone_since = known->gone_since,
                                                   .known_checked_at = known->checked_at };

        if (facts->n == facts->room) {
                size_t room = facts->room > 0 ? 2 * facts->room : 16;
                struct accounts_directory_answer *all =
                        reallocarray(facts->asked, room, sizeof(*all));

                if (!all)
                        return -ENOMEM;
                facts->asked = all;
                facts->room = room;
        }
        memcpy(asked.asked, old->name, sizeof(asked.asked));
        facts->asked[facts->n++] = asked;
        facts->unknown |= !expiry_account_known(old);
        return 0;
}

/* Whether the row is as it was before the files were read. 1; 0; an error of the store. */
static int is_current(struct store *writer, const struct account_record *old) {
        struct account_record row = {};
        int r = store_account_get(writer, old->name, &row);

        if (r < 0)
                return r != -ENOENT ? r : old->state == ACCOUNT_UNKNOWN;
        return accounts_change_same(&row, old) && row.checked_at == old->checked_at;
}

/* The account is refused from now on. It is noted as not answered for, in case this process does
 * not hear the answer. The account may have moved to a directory, so the directories decide what
 * becomes of the keys. No directory has users of a realm, and the answer of that question is only
 * when their keys end. */
static int lose(struct accounts_change *c, struct accounts_update *facts,
                const struct account_record *old) {
        struct account_record gone = { .state = ACCOUNT_GONE,
                                       .local = true,
                                       .gone_since = c->now,
                                       .held = accounts_vanished_many(&facts->look->vanished) };
        char realm[REALM_NAME_MAX + 1];
        int r;

        r = accounts_change_put(c, old, &gone, realm_split(old->name, realm));
        return r < 0 ? r : to_ask(facts, old, &gone);
}

/* Writes what the files say: ${account}, or that there is none. 1: not yet, keys must end first. */
static int write_row(struct accounts_change *c, struct accounts_update *facts,
                     const struct account_record *old, struct account_record *account) {
        int r = is_current(c->writer, old);

        if (r <= 0) {
                facts->overtaken |= r == 0;
                return r;
        }
        if (account->state != ACCOUNT_PRESENT)
                return lose(c, facts, old);
        /* The account was removed and made anew: the keys are those of the one before. */
        r = old->checked_at == RECORD_REMOVED ? accounts_change_end(c, old, true) : 0;
        return r != 0 ? r : accounts_change_put(c, old, account, true);
}

/* A line that is missing in shadow says nothing. What is known of the password stays, because it
 * would be good otherwise, and with it a key that is refused. */
static void keep_password(const struct accounts_look *look, const struct account_record *old,
                          struct account_record *account) {
        if (old->state != ACCOUNT_PRESENT || !old->local || old->uid != account->uid ||
            accounts_files_has_shadow(look->files, account->name))
                return;
        account->locked = old->locked;
        account->password_ends_at = old->password_ends_at;
        account->closes_at = old->closes_at;
}

/* Nobody knows whether the realm has the user, so no login is refused for good and no key ends. The
 * list that comes decides. */
static int write_unread(struct accounts_change *c, struct accounts_update *facts,
                        const struct account_record *old) {
        struct account_record unread = {
                .state = ACCOUNT_GONE, .local = true, .gone_since = c->now, .held = true
        };
        int r = is_current(c->writer, old);

        facts->overtaken |= r == 0;
        return r <= 0 ? r : accounts_change_put(c, old, &unread, false);
}

/* 1: not yet. */
static int look_at_user(struct accounts_change *c, struct accounts_update *facts,
                        const struct account_record *old, enum standing standing) {
        struct account_record account = {
                .state = ACCOUNT_PRESENT, .uid = RECORD_UNBOUND, .local = true, .checked_at = c->now
        };

        if (standing == UNDECIDED)
                return 0;
        if (standing == UNREAD)
                return write_unread(c, facts, old);
        if (standing == IN_REALM)
                account.password_since = accounts_realms_which(realm_of(facts, old->name));
        if (standing == OUT_OF_REALM && old->state == ACCOUNT_GONE)
                return facts->everybody ? to_ask(facts, old, old) : 0;
        if (standing == OUT_OF_REALM)
                account = (struct account_record){};
        else if (accounts_change_same(old, &account))
                return 0;
        return write_row(c, facts, old, &account);
}

/* A directory alone may know that a user is a member of a group. Until it has answered, what was
 * known of the same account counts, and else that it is so: a key of an administrator must not be
 * good for a moment. 1: nothing is written before the answer. */
static int look_at_admin(const struct accounts_change *c, struct accounts_update *facts,
                         const struct account_record *old, struct account_record *account) {
        bool same = old->state == ACCOUNT_PRESENT && old->uid == account->uid;
        int r;

        if (conf_is_group_away(facts->admin_group))
                account->admin |= same ? old->admin : facts->admin_group == CONF_ADMIN_GROUP_LOST;
        if (facts->admin_group == (gid_t) -1 || conf_is_group_away(facts->admin_group) ||
            account->admin || (same && !facts->everybody && !old->admin))
                return 0;
        r = to_ask(facts, old, old);
        if (r < 0)
                return r;
        account->admin = same ? old->admin : true;
        return old->state == ACCOUNT_UNKNOWN && !c->policy.admin_keys;
}

/* 1: not yet. */
static int look_at(struct accounts_change *c, struct accounts_update *facts,
                   const struct account_record *old) {
        enum standing standing = standing_of(facts->look, facts, old);
        const struct account_record *found = accounts_files_find(facts->look->files, old->name);
        struct account_record account = {};
        int r;

        if (standing != OF_ACCOUNT)
                return look_at_user(c, facts, old, standing);
        if (is_lost(facts->look, facts, old))
                return write_row(c, facts, old, &account);
        if (!found)
                return facts->everybody || !expiry_account_known(old) ? to_ask(facts, old, old) : 0;
        account = *found;
        r = look_at_admin(c, facts, old, &account);
        if (r != 0)
                return r < 0 ? r : 0;
        keep_password(facts->look, old, &account);
        account.checked_at = c->now;
        expiry_note_number(old, &account, c->now, c->clock_trusted);
        expiry_note_password(old, &account, c->now, c->clock_trusted,
                             accounts_vanished_many(&facts->look->expired));
        return accounts_change_same(old, &account) ? 0 : write_row(c, facts, old, &account);
}

/* Drops what is known of users that nobody needs to know, among those that were just looked at. */
static int forget(struct accounts_change *c, const struct accounts_look *look, size_t end) {
        const char *after = look->at > 0 ? look->known[look->at - 1].name : "";

        if (end > look->n_rows)
                end = look->n_rows;
        return end <= look->at ? 0
                               : store_account_forget(c->writer, after, look->known[end - 1].name);
}

/* On an account that is not ready the next transaction goes on. */
static int write_some(struct accounts_change *c, void *userdata) {
        struct accounts_update *facts = userdata;
        struct accounts_look *look = facts->look;
        size_t at = look->at, end = look->at + LOOKED_AT;
        int r = 0;

        for (facts->n = look->asked; at < end && at < look->n && c->left > 0; at++) {
                size_t listed = facts->n;

                r = look_at(c, facts, &look->known[at]);
                if (r > 0)
                        facts->n = listed;
                if (r != 0)
                        break;
        }
        look->visited = at - look->at;
        return r >= 0 && facts->everybody ? forget(c, look, at) : r;
}

/* One transaction with some of ${known}. 1: there are more. */
static int change_some(struct accounts_update *facts, struct store *writer,
                       int (*some)(struct accounts_change *c, void *userdata)) {
        struct accounts_look *look = facts->look;
        struct accounts_change c = { .writer = writer,
                                     .now = look->now,
                                     .clock_trusted = look->clock_trusted };
        int r;

        r = accounts_change_run(&c, some, facts);
        if (r < 0)
                return r;
        facts->changed |= c.changed;
        look->at += look->visited;
        look->asked = facts->n;
        return look->at < look->n;
}

static int write_rows(struct accounts_look *look, struct accounts_update *facts,
                      struct store *writer) {
        (void) look;
        return change_some(facts, writer, write_some);
}

/* --- Passwords that end keys --- */

static int end_keys_of(struct accounts_change *c, const struct accounts_look *look, size_t i) {
        const struct account_record *found = accounts_files_find(look->files, look->known[i].name);
        struct account_record account;
        int r;

        if (!found || expiry_password_good(found, c->now))
                return 0;
        r = store_account_get(c->writer, look->known[i].name, &account);
        return r < 0 ? (r == -ENOENT ? 0 : r) : accounts_change_end(c, &account, false);
}

static int end_some(struct accounts_change *c, void *userdata) {
        struct accounts_look *look = ((struct accounts_update *) userdata)->look;
        size_t at = look->at, end = look->at + LOOKED_AT;
        int r = 0;

        if (!c->policy.remove_on_password_expiry)
                at = look->n;
        for (; at < end && at < look->n; at++) {
                r = end_keys_of(c, look, at);
                if (r != 0)
                        break;
        }
        look->visited = at - look->at;
        return r;
}

static int end_keys(struct accounts_look *look, struct accounts_update *facts,
                    struct store *writer) {
        (void) look;
        return change_some(facts, writer, end_some);
}

/* --- The next start --- */

static int note(struct accounts_change *c, void *userdata) {
        const struct accounts_files_identity *identity = userdata;

        return store_account_files_set(c->writer, identity, sizeof(*identity));
}

/* Everything was compared with these files, so the next start need not do it. Where that is not
 * certain, it is noted at least which group administers, with files that are none. */
static int note_files(struct accounts_look *look, struct accounts_update *facts,
                      struct store *writer) {
        struct accounts_change c = { .writer = writer, .now = look->now };
        struct accounts_files_identity identity, noted;
        bool certain = accounts_files_identity(look->files, &identity), lists;
        int r;

        identity.realms = accounts_realms_identify(facts->realms, &lists);
        if (facts->overtaken || facts->again || !certain || !lists) {
                r = store_account_files_get(writer, &noted, sizeof(noted));
                if (r < 0 || (r > 0 && noted.admin_group == identity.admin_group))
                        return r < 0 ? r : 0;
                memset(identity.of, 0, sizeof(identity.of));
        }
        r = store_account_files_are(writer, &identity, sizeof(identity));
        if (r != 0)
                return r < 0 ? r : 0;
        return accounts_change_run(&c, note, &identity);
}

/* --- All of it --- */

/* 1: the next step is of the same kind; 0; a negative errno. */
typedef int stage_fn(struct accounts_look *look, struct accounts_update *facts,
                     struct store *writer);

static stage_fn *const stages[] = { read_rows,  read_owners, read_linked, read_files, read_lists,
                                    count_lost, write_rows,  end_keys,    note_files };

int accounts_look_step(struct accounts_look *look, struct accounts_update *facts,
                       struct store *writer, const char **ret_error) {
        stage_fn *stage = stages[look->stage];
        int r;

        look->visited = 0;
        r = stage(look, facts, writer);
        if (r < 0) {
                *ret_error = stage == read_files ? look->memory->error : store_error_text(r);
                return r;
        }
        if (r > 0)
                return 1;
        look->at = 0;
        look->after[0] = '\0';
        if (++look->stage < ARRAY_LEN(stages))
                return 1;
        accounts_vanished_say(&look->vanished);
        accounts_vanished_say(&look->expired);
        if (facts->holds)
                facts->holds->files = true;
        return 0;
}
