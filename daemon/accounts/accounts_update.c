/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares the accounts in the store with the files and with the answers of directories, and does
 * to the keys what follows. Runs on the writer thread. It starts no helper and waits for nobody. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/accounts_files.h"
#include "accounts/accounts_update.h"
#include "base/clock.h"
#include "base/log.h"
#include "cleanup.h"
#include "keys/facts.h"
#include "keys/sweep.h"
#include "rules/expiry.h"
#include "store/store_account.h"

/* --- The files --- */

struct reading {
        struct accounts_update *facts;
        const struct accounts_files *files;
        size_t n, room;
        /* as the store has them; others ACCOUNT_UNKNOWN */
        struct account_record *known;
};

static int add_known(struct reading *reading, const struct account_record *account) {
        if (reading->n == reading->room) {
                size_t room = reading->room > 0 ? 2 * reading->room : 64;
                struct account_record *known = reallocarray(reading->known, room, sizeof(*known));

                if (!known)
                        return -ENOMEM;
                reading->known = known;
                reading->room = room;
        }
        reading->known[reading->n++] = *account;
        return 0;
}

static int on_known(const struct account_record *account, void *userdata) {
        return add_known(userdata, account);
}

static int on_missing(const char *name, void *userdata) {
        struct account_record account = {};

        memcpy(account.name, name, strlen(name) + 1);
        return add_known(userdata, &account);
}

static int to_ask(struct accounts_update *facts, const struct account_record *old) {
        if (facts->n == facts->room) {
                size_t room = facts->room > 0 ? 2 * facts->room : 16;
                struct accounts_directory_answer *asked =
                        reallocarray(facts->asked, room, sizeof(*asked));

                if (!asked)
                        return -ENOMEM;
                facts->asked = asked;
                facts->room = room;
        }
        facts->asked[facts->n] = (struct accounts_directory_answer){};
        memcpy(facts->asked[facts->n++].asked, old->name, sizeof(old->name));
        facts->unknown |= !expiry_account_known(old);
        return 0;
}

static bool same(const struct account_record *a, const struct account_record *b) {
        return a->state == b->state && a->uid == b->uid && a->local == b->local &&
               a->admin == b->admin && a->locked == b->locked &&
               a->password_ends_at == b->password_ends_at && a->closes_at == b->closes_at &&
               a->gone_since == b->gone_since && (a->checked_at > 0) == (b->checked_at > 0);
}

/* Writes what is new of an account, and ends its keys where that follows. */
static int update(struct accounts_update *facts, struct store *writer, const struct policy *policy,
                  const struct account_record *old, struct account_record *account, bool answered) {
        int64_t now = clock_now();
        uint64_t ended;
        int r;

        memcpy(account->name, old->name, sizeof(account->name)); /* as the keys have it */
        account->checked_at = answered ? now : 0;
        if (!same(old, account)) {
                r = store_account_put(writer, account);
                if (r < 0)
                        return r;
                facts->changed = true;
        }
        r = sweep_account(writer, policy, account, now, &ended);
        facts->changed |= r >= 0 && ended > 0;
        return r;
}

/* The account is refused from now on. It is noted as not answered for, in case this process does
 * not hear the answer. The account may have moved to a directory, so the directories decide what
 * becomes of the keys. */
static int lose(struct reading *reading, struct store *writer, const struct policy *policy,
                const struct account_record *old) {
        struct account_record gone = { .state = ACCOUNT_GONE,
                                       .local = true,
                                       .gone_since = clock_now() };
        int r;

        r = update(reading->facts, writer, policy, old, &gone, false);
        return r < 0 ? r : to_ask(reading->facts, old);
}

/* The account was removed and made anew: the keys are those of the one that was removed. */
static int end(struct reading *reading, struct store *writer, const struct policy *policy,
               const struct account_record *old) {
        struct account_record gone = *old;

        return update(reading->facts, writer, policy, old, &gone, true);
}

static int look_at(struct reading *reading, struct store *writer, const struct policy *policy,
                   const struct account_record *old) {
        const struct account_record *found = accounts_files_find(reading->files, old->name);
        struct accounts_update *facts = reading->facts;
        struct account_record account;
        int r;

        if (!found && old->local && old->state == ACCOUNT_PRESENT)
                return lose(reading, writer, policy, old);
        if (!found)
                return facts->everybody || !expiry_account_known(old) ? to_ask(facts, old) : 0;
        if (old->checked_at == RECORD_REMOVED) {
                r = end(reading, writer, policy, old);
                if (r < 0)
                        return r;
        }
        account = *found;
        /* A directory alone may know that a user is a member of a group. */
        if (facts->admin_group != (gid_t) -1 && !account.admin &&
            (facts->everybody || old->admin || old->state == ACCOUNT_UNKNOWN)) {
                account.admin = old->admin;
                r = to_ask(facts, old);
                if (r < 0)
                        return r;
        }
        return update(facts, writer, policy, old, &account, true);
}

static int look_at_all(struct reading *reading, struct store *writer) {
        struct policy policy;
        int r;

        r = facts_policy(writer, &policy);
        if (r >= 0)
                r = store_account_each(writer, on_known, reading);
        if (r >= 0 && (reading->facts->everybody || reading->facts->newcomers))
                r = store_account_each_missing(writer, on_missing, reading);
        for (size_t i = 0; r >= 0 && i < reading->n; i++)
                r = look_at(reading, writer, &policy, &reading->known[i]);
        if (r >= 0 && reading->facts->everybody)
                r = store_account_forget(writer);
        return r;
}

int accounts_update_read(struct accounts_update *facts, struct store *writer) {
        _cleanup_(accounts_files_freep) struct accounts_files *files = NULL;
        struct accounts_files_memory none = {}, *memory = facts->memory ? facts->memory : &none;
        struct reading reading = { .facts = facts };
        int r;

        r = accounts_files_read(&files, facts->etc, facts->admin_group, memory);
        if (r < 0) {
                log_message(MESSAGE_ACCOUNTS_UNREAD, LOG_WARNING,
                            "what is known of accounts stays as it was: %s", memory->error);
                facts->again = r == -EAGAIN;
                return r;
        }
        reading.files = files;
        r = store_begin(writer);
        if (r >= 0)
                r = look_at_all(&reading, writer);
        if (r >= 0)
                r = facts->changed ? store_commit(writer) : store_commit_quietly(writer);
        store_rollback(writer);
        free(reading.known);
        if (r < 0) {
                log_message(MESSAGE_ACCOUNTS_UNREAD, LOG_WARNING,
                            "what is known of accounts stays as it was: %s", store_error_text(r));
                facts->n = 0;
                return r;
        }
        return 0;
}

int accounts_update_look(struct store *writer, const struct accounts_source *source) {
        struct accounts_update facts = { .etc = source->etc,
                                         .admin_group = source->admin_group,
                                         .memory = source->memory,
                                         .newcomers = true };
        int r;

        r = accounts_update_read(&facts, writer);
        accounts_update_done(&facts);
        return r < 0 ? r : facts.unknown;
}

static int note_removed(struct store *writer, const char *user) {
        struct account_record account;
        int r;

        r = store_account_get(writer, user, &account);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (!account.local || (account.state == ACCOUNT_GONE && account.checked_at > 0))
                return 0;
        if (account.state != ACCOUNT_GONE)
                account.gone_since = clock_now();
        account.state = ACCOUNT_GONE;
        account.checked_at = RECORD_REMOVED;
        return store_account_put(writer, &account);
}

int accounts_update_removed(struct store *writer, const struct accounts_source *source,
                            const char *user) {
        _cleanup_(accounts_files_freep) struct accounts_files *files = NULL;
        int r;

        r = accounts_files_read(&files, source->etc, source->admin_group, source->memory);
        if (r < 0 || accounts_files_find(files, user))
                return r;
        r = store_begin(writer);
        if (r >= 0)
                r = note_removed(writer, user);
        if (r >= 0)
                r = store_commit(writer);
        store_rollback(writer);
        return r;
}

/* --- The answers --- */

static int take_answer(struct accounts_update *facts, struct store *writer,
                       const struct policy *policy, const struct accounts_directory_answer *asked) {
        struct account_record old = {}, account = asked->account;
        int r;

        if (account.state == ACCOUNT_UNKNOWN)
                return 0;
        r = store_account_get(writer, asked->asked, &old);
        if (r < 0 && r != -ENOENT)
                return r;
        memcpy(old.name, asked->asked, sizeof(old.name));
        /* The files have the user. They may have been read after the question was asked. A
         * directory only adds whether the user administers. */
        if (old.state == ACCOUNT_PRESENT && old.local) {
                bool admin = account.state == ACCOUNT_PRESENT ? account.admin : old.admin;

                account = old;
                account.admin = admin;
        } else if (account.state == ACCOUNT_GONE) {
                account.gone_since = old.state == ACCOUNT_GONE ? old.gone_since : clock_now();
                account.local = old.state == ACCOUNT_GONE && old.local;
        }
        return update(facts, writer, policy, &old, &account, true);
}

void accounts_update_take(struct accounts_update *facts, struct store *writer) {
        struct policy policy;
        int r;

        r = store_begin(writer);
        if (r >= 0)
                r = facts_policy(writer, &policy);
        for (size_t i = 0; r >= 0 && i < facts->n; i++)
                r = take_answer(facts, writer, &policy, &facts->asked[i]);
        if (r >= 0)
                r = facts->changed ? store_commit(writer) : store_commit_quietly(writer);
        store_rollback(writer);
        if (r < 0)
                log_line(LOG_WARNING, "what directories say of accounts was not written: %s",
                         store_error_text(r));
}

int accounts_update_append(struct accounts_update *facts, const struct accounts_update *more) {
        struct accounts_directory_answer *asked;

        if (more->n == 0)
                return 0;
        asked = reallocarray(facts->asked, facts->n + more->n, sizeof(*asked));
        if (!asked)
                return -ENOMEM;
        memcpy(asked + facts->n, more->asked, more->n * sizeof(*asked));
        facts->asked = asked;
        facts->n = facts->room = facts->n + more->n;
        return 0;
}

void accounts_update_done(struct accounts_update *facts) {
        free(facts->asked);
        facts->asked = NULL;
        facts->n = facts->room = 0;
}
