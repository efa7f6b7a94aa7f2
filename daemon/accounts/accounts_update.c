/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares the accounts in the store with the files and with the answers of directories, and does
 * to the keys what follows. Runs on the writer thread. It starts no helper and waits for nobody. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/accounts_change.h"
#include "accounts/accounts_files.h"
#include "accounts/accounts_look.h"
#include "accounts/accounts_update.h"
#include "accounts/accounts_vanished.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "keys/facts.h"
#include "keys/sweep.h"
#include "rules/expiry.h"
#include "store/store_account.h"
#include "store/store_audit.h"
#include "store/store_guard.h"
#include "text.h"

/* in one step */
#define TAKEN_AT_ONCE 500

/* How far the answers were written. What they say of accounts that are gone is found at one
 * moment. */
struct accounts_taking {
        int64_t now;
        bool clock_trusted;
        bool counted; /* who vanished */
        struct accounts_vanished vanished, expired;
        size_t at, next;
};

/* --- The files --- */

int accounts_update_read_step(struct accounts_update *facts, struct store *writer) {
        const char *error = store_error_text(-ENOMEM);
        int r = 0;

        if (!facts->look) {
                facts->n = 0;
                facts->changed = facts->overtaken = false;
                r = accounts_look_new(&facts->look);
        }
        if (r >= 0)
                r = accounts_look_step(facts->look, facts, writer, &error);
        if (r > 0)
                return 1;
        if (r < 0) {
                log_message(MESSAGE_ACCOUNTS_UNREAD, LOG_WARNING,
                            "what is known of accounts stays as it was: %s", error);
                facts->again = r == -EAGAIN;
                facts->n = 0;
        }
        facts->look = accounts_look_free(facts->look);
        return r;
}

int accounts_update_read(struct accounts_update *facts, struct store *writer) {
        int r;

        do
                r = accounts_update_read_step(facts, writer);
        while (r > 0);
        return r;
}

int accounts_update_start(struct store *writer, const struct accounts_source *source) {
        struct accounts_files_identity identity;
        bool certain;

        if (accounts_files_identify(source->etc, source->admin_group, &identity) >= 0) {
                identity.realms = accounts_realms_identify(source->realms, &certain);
                if (store_account_files_are(writer, &identity, sizeof(identity)) > 0)
                        return 0;
        }
        return accounts_update_look(writer, source);
}

bool accounts_update_had_group(struct store *writer) {
        struct accounts_files_identity identity;
        bool had = store_account_files_get(writer, &identity, sizeof(identity)) > 0 &&
                   identity.admin_group != (gid_t) -1 &&
                   identity.admin_group != CONF_ADMIN_GROUP_MISSING;

        return had || store_account_has_admins(writer) > 0;
}

int accounts_update_look(struct store *writer, const struct accounts_source *source) {
        struct accounts_update facts = { .etc = source->etc,
                                         .admin_group = source->admin_group,
                                         .memory = source->memory,
                                         .realms = source->realms,
                                         .lists = source->lists,
                                         .newcomers = true };
        int r;

        r = accounts_update_read(&facts, writer);
        accounts_update_done(&facts);
        return r < 0 ? r : facts.unknown;
}

/* --- Reports --- */

/* Files and directories agree that the account is gone, or that its password is not good, and the
 * report says that it is meant. */
static int end_said(struct store *writer, const struct account_record *account, int64_t now,
                    struct audit_record *record) {
        struct policy policy;
        int r;

        r = facts_policy(writer, &policy);
        if (r >= 0)
                r = sweep_account(writer, &policy, account, true, (struct sweep_when){ .now = now },
                                  UINT64_MAX, &record->count);
        if (r < 0 || record->count == 0)
                return r;
        text_escape(record->user, sizeof(record->user), account->name);
        return store_audit_add(writer, record);
}

/* What is said of one user. */
struct said {
        const char *user;
        /* in passwd and shadow at this moment; NULL: not there */
        const struct account_record *found;
        struct audit_record *record;
};

/* -EEXIST: a directory has the user, as far as is known. Its answers end the keys. */
static int note_removed(struct store *writer, const struct said *said) {
        int64_t now = clock_now();
        struct account_record account;
        int r;

        r = store_account_get(writer, said->user, &account);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (account.state == ACCOUNT_GONE && account.checked_at > 0)
                return end_said(writer, &account, now, said->record);
        if (!account.local)
                return -EEXIST;
        if (account.state != ACCOUNT_GONE)
                account.gone_since = now;
        account.state = ACCOUNT_GONE;
        account.checked_at = RECORD_REMOVED;
        return store_account_put(writer, &account);
}

/* An administrator says that the password is meant not to be good. The daemon may not have seen the
 * last change of the files yet. */
static int note_expired(struct store *writer, const struct said *said) {
        struct account_record account;
        int r;

        r = store_account_get(writer, said->user, &account);
        if (r < 0 || account.state != ACCOUNT_PRESENT)
                return r == -ENOENT ? 0 : r;
        if (said->found) {
                account.locked = said->found->locked;
                account.password_ends_at = said->found->password_ends_at;
        }
        return end_said(writer, &account, clock_now(), said->record);
}

static int write_once(struct store *writer, const struct said *said,
                      int (*note)(struct store *writer, const struct said *said)) {
        int r;

        r = store_begin_end(writer);
        if (r >= 0)
                r = note(writer, said);
        if (r >= 0)
                r = store_commit(writer);
        store_rollback(writer);
        return r;
}

static int write_said(struct store *writer, const struct said *said,
                      int (*note)(struct store *writer, const struct said *said)) {
        int r = write_once(writer, said, note);

        return store_guard_make_room(writer, r) ? write_once(writer, said, note) : r;
}

int accounts_update_expired(struct store *writer, const struct accounts_source *source,
                            const char *user, struct audit_record *record) {
        struct account_record found;
        struct said said = { .user = user, .record = record };
        int r;

        r = accounts_files_user(source->etc, user, source->memory, &found);
        if (r > 0)
                said.found = &found;
        return r < 0 ? r : write_said(writer, &said, note_expired);
}

/* Whether the passwd file, or the realm, still has the user. 1; 0; a negative errno. */
static int is_there(const struct accounts_source *source, const char *owner) {
        char name[REALM_NAME_MAX + 1], error[ERROR_LEN];
        const char *user = realm_split(owner, name);
        const struct realm *realm;
        int r;

        if (!user)
                return accounts_files_has(source->etc, owner, source->memory);
        source->memory->error[0] = '\0';
        realm = realms_find(source->realms, name);
        if (!realm || !realm->list[0])
                return realm && realm_has_suffix(user, realm->suffixes);
        r = accounts_realms_has(source->realms, realm, user, source->lists, error);
        if (r < 0)
                (void) text_copy(source->memory->error, ERROR_LEN, error);
        return r;
}

int accounts_update_removed(struct store *writer, const struct accounts_source *source,
                            const char *user, struct audit_record *record) {
        int r;

        r = is_there(source, user);
        if (r != 0)
                return r < 0 ? r : 0;
        r = write_said(writer, &(struct said){ .user = user, .record = record }, note_removed);
        if (r == -EEXIST)
                (void) text_copy(source->memory->error, ERROR_LEN,
                                 "a directory has the user, as far as the daemon knows, and the "
                                 "keys end when it says that the user is gone: revoke them");
        return r;
}

/* --- The answers --- */

/* Since when an account is gone that is gone now. A time in the future is the work of a clock that
 * was ahead. While the clock is not trusted, the time before counts for nothing: the clock may have
 * been behind when it was noted. One that is held ends by no time. */
static int64_t since(const struct accounts_taking *taking, const struct account_record *old) {
        return old->state == ACCOUNT_GONE && old->gone_since < taking->now &&
                               (taking->clock_trusted || old->held)
                       ? old->gone_since
                       : taking->now;
}

/* The user was lost, or a removal was reported, after the question was put. The directory may have
 * been asked before that, and its answer says nothing of now. A report alone makes no answer old
 * that says the user is gone. */
static bool is_stale(const struct account_record *now_known,
                     const struct accounts_directory_answer *asked) {
        bool present = asked->account.state == ACCOUNT_PRESENT;

        return now_known->state == ACCOUNT_GONE &&
               (asked->known_state != ACCOUNT_GONE ||
                asked->known_gone_since != now_known->gone_since ||
                (present &&
                 (asked->account.local || asked->known_checked_at != now_known->checked_at)));
}

/* What the answer says of the account that the store has as ${old}, which is not newer. The files
 * may have been read after the question was asked. */
static struct account_record answered(const struct accounts_taking *taking,
                                      const struct accounts_directory_answer *asked,
                                      const struct account_record *old) {
        struct account_record account = facts_answered(old, &asked->account);

        if (old->state == ACCOUNT_PRESENT && old->local)
                return account;
        /* Who has another name in passwd is not found there by this one. */
        account.local &= strcmp(asked->account.name, asked->asked) == 0;
        if (account.state == ACCOUNT_GONE) {
                bool was_gone = old->state == ACCOUNT_GONE;

                account.gone_since = since(taking, old);
                account.held = was_gone ? old->held : accounts_vanished_many(&taking->vanished);
                account.local = was_gone && old->local;
        } else
                expiry_note_password(old, &account, taking->now, taking->clock_trusted,
                                     accounts_vanished_many(&taking->expired));
        expiry_note_number(old, &account, taking->now, taking->clock_trusted);
        return account;
}

/* The row before the answer. 1; 0 when there is no answer, or it is stale; an error of the store.
 */
static int row_of(struct store *writer, const struct accounts_directory_answer *asked,
                  struct account_record *ret) {
        struct account_record row = {};
        int r;

        if (asked->account.state == ACCOUNT_UNKNOWN)
                return 0;
        r = store_account_get(writer, asked->asked, &row);
        if (r < 0 && r != -ENOENT)
                return r;
        memcpy(row.name, asked->asked, sizeof(row.name));
        *ret = row;
        return !is_stale(&row, asked);
}

/* Writes one answer. A removal that was reported, and that a directory confirms, ends the keys.
 * Returns 1 when more of them have to end before it is written. */
static int take_answer(struct accounts_change *c, const struct accounts_taking *taking,
                       const struct accounts_directory_answer *asked) {
        struct account_record old, account;
        int r;

        r = row_of(c->writer, asked, &old);
        if (r <= 0)
                return r;
        account = answered(taking, asked, &old);
        memcpy(account.name, old.name, sizeof(account.name));
        r = old.checked_at == RECORD_REMOVED && account.state == ACCOUNT_GONE
                    ? accounts_change_end(c, &account, true)
                    : 0;
        return r != 0 ? r : accounts_change_put(c, &old, &account, true);
}

/* What follows from the answer, when it is written. 1: there are more keys to end. */
static int follow_answer(struct accounts_change *c, const struct accounts_directory_answer *asked) {
        struct account_record account;
        int r;

        if (asked->account.state == ACCOUNT_UNKNOWN)
                return 0;
        r = store_account_get(c->writer, asked->asked, &account);
        return r < 0 ? r
                     : accounts_change_end(
                               c, &account,
                               expiry_account_over(&c->policy, &account, c->now, c->clock_trusted));
}

static int take_some(struct accounts_change *c, void *userdata) {
        struct accounts_update *facts = userdata;
        struct accounts_taking *taking = facts->taking;
        size_t at = taking->at, end = at + TAKEN_AT_ONCE;
        int r = 0;

        for (; at < end && at < facts->n && c->left > 0; at++) {
                r = take_answer(c, taking, &facts->asked[at]);
                if (r == 0)
                        r = follow_answer(c, &facts->asked[at]);
                if (r != 0)
                        break;
        }
        taking->next = at;
        return r;
}

static int count_one(struct accounts_taking *taking, struct store *writer,
                     const struct policy *policy, const struct accounts_directory_answer *asked) {
        struct account_record old, account;
        int r = row_of(writer, asked, &old);

        if (r <= 0 || old.state == ACCOUNT_GONE)
                return r;
        account = answered(taking, asked, &old);
        if (account.state == ACCOUNT_GONE)
                return accounts_vanished_add(&taking->vanished, writer, old.name);
        return policy->remove_on_password_expiry &&
                               expiry_password_lost(&old, &account, taking->now)
                       ? accounts_vanished_add(&taking->expired, writer, old.name)
                       : 0;
}

/* Those who are gone by these answers are counted before the first of them is written. */
static int count_some(struct accounts_update *facts, struct store *writer) {
        struct accounts_taking *taking = facts->taking;
        size_t end = taking->at + TAKEN_AT_ONCE;
        struct policy policy;
        bool first;
        int r = facts_policy(writer, &policy);

        for (; r >= 0 && taking->at < end && taking->at < facts->n; taking->at++)
                r = count_one(taking, writer, &policy, &facts->asked[taking->at]);
        if (r < 0 || taking->at < facts->n)
                return r;
        first = !facts->holds || !facts->holds->directories;
        r = accounts_vanished_all(&taking->vanished, writer, facts->holds, first);
        return r < 0 ? r : accounts_vanished_all(&taking->expired, writer, facts->holds, first);
}

static int take_step(struct accounts_update *facts, struct store *writer) {
        struct accounts_taking *taking = facts->taking;
        struct accounts_change c = { .writer = writer,
                                     .now = taking->now,
                                     .clock_trusted = taking->clock_trusted };
        int r;

        if (!taking->counted) {
                r = count_some(facts, writer);
                taking->counted = taking->at == facts->n;
                if (taking->counted)
                        taking->at = 0;
                return r < 0 ? r : 1;
        }
        r = accounts_change_run(&c, take_some, facts);
        if (r < 0)
                return r;
        facts->changed |= c.changed;
        taking->at = taking->next;
        return taking->at < facts->n;
}

int accounts_update_take_step(struct accounts_update *facts, struct store *writer) {
        int r = 0;

        if (!facts->taking) {
                facts->changed = false;
                facts->taking = calloc(1, sizeof(*facts->taking));
                if (facts->taking)
                        *facts->taking =
                                (struct accounts_taking){ .now = clock_now(),
                                                          .clock_trusted = clock_is_trusted(),
                                                          .expired.passwords = true };
                else
                        r = -ENOMEM;
        }
        if (r >= 0)
                r = take_step(facts, writer);
        if (r > 0)
                return 1;
        if (r < 0)
                log_line(LOG_WARNING, "what directories say of accounts was not written: %s",
                         store_error_text(r));
        else {
                accounts_vanished_say(&facts->taking->vanished);
                accounts_vanished_say(&facts->taking->expired);
                if (facts->holds)
                        facts->holds->directories = true;
        }
        free(facts->taking);
        facts->taking = NULL;
        return r;
}

void accounts_update_take(struct accounts_update *facts, struct store *writer) {
        while (accounts_update_take_step(facts, writer) > 0)
                continue;
}

int accounts_update_append(struct accounts_update *facts, const struct accounts_update *more) {
        struct accounts_directory_answer *asked;

        facts->holds = more->holds;
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
        facts->look = accounts_look_free(facts->look);
        free(facts->taking);
        facts->taking = NULL;
        free(facts->asked);
        facts->asked = NULL;
        facts->n = facts->room = 0;
}
