/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares the accounts in the store with the files and with the answers of directories, and does
 * to the keys what follows. Runs on the writer thread. It starts no helper and waits for nobody. */
#include <errno.h>
#include <stdio.h>
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
#include "store/store_audit.h"
#include "store/store_guard.h"
#include "text.h"

/* --- One account --- */

/* A look at the accounts. All that it finds is found at one moment. */
struct look {
        struct accounts_update *facts;
        struct store *writer;
        struct policy policy;
        int64_t now;
        bool clock_trusted;
};

static bool same(const struct account_record *a, const struct account_record *b) {
        return a->state == b->state && a->uid == b->uid && a->local == b->local &&
               a->admin == b->admin && a->locked == b->locked &&
               a->password_ends_at == b->password_ends_at && a->closes_at == b->closes_at &&
               a->gone_since == b->gone_since && a->held == b->held &&
               (a->checked_at > 0) == (b->checked_at > 0);
}

/* Writes what is new of an account. */
static int put(struct look *look, const struct account_record *old, struct account_record *account,
               bool answered) {
        int r;

        memcpy(account->name, old->name, sizeof(account->name)); /* as the keys have it */
        account->checked_at = answered ? look->now : 0;
        if (same(old, account))
                return 0;
        r = store_account_put(look->writer, account);
        look->facts->changed |= r >= 0;
        return r;
}

/* Ends the keys that must end with the account. */
static int end_keys(struct look *look, const struct account_record *account, bool over) {
        uint64_t ended;
        int r;

        r = sweep_account(look->writer, &look->policy, account, over,
                          (struct sweep_when){ look->now, look->clock_trusted }, &ended);
        look->facts->changed |= r >= 0 && ended > 0;
        return r;
}

static int update(struct look *look, const struct account_record *old,
                  struct account_record *account) {
        int r = put(look, old, account, true);

        return r < 0 ? r : end_keys(look, account, false);
}

/* --- Many who vanish --- */

/* More are a fault of a file or a directory until an administrator says that it is meant. */
#define VANISH_MAX 3
#define NAMED_MAX  5

struct vanished {
        int64_t since;
        size_t n;
        char names[NAMED_MAX * (2 * WIRE_USER_MAX + 4)];
};

static int on_gone(const struct account_record *account, void *userdata) {
        struct vanished *vanished = userdata;
        size_t len = strlen(vanished->names);
        char name[2 * WIRE_USER_MAX];

        if (account->gone_since != vanished->since || !account->held)
                return 0;
        text_escape(name, sizeof(name), account->name);
        if (vanished->n++ < NAMED_MAX)
                (void) snprintf(vanished->names + len, sizeof(vanished->names) - len, "%s'%s'",
                                len > 0 ? ", " : "", name);
        return 0;
}

/* Of those that this look has found gone. Call it before keys end. */
static int hold_many(struct look *look, struct vanished *vanished) {
        int r;

        vanished->since = look->now;
        r = store_account_hold(look->writer, look->now, VANISH_MAX + 1);
        return r <= 0 ? r : store_account_each_gone(look->writer, "", INT64_MAX, on_gone, vanished);
}

static void say_vanished(const struct vanished *vanished) {
        if (vanished->n > 0)
                log_message(MESSAGE_ACCOUNTS_VANISHED, LOG_WARNING,
                            "%zu accounts with keys are gone at one look: %s%s; their keys are "
                            "refused, and none ends before an administrator says that it is meant "
                            "(wfapikeyctl account removed)",
                            vanished->n, vanished->names, vanished->n > NAMED_MAX ? ", ..." : "");
}

/* --- The files --- */

struct reading {
        struct look look;
        const struct accounts_files *files;
        struct vanished vanished;
        bool lost; /* an account */
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

/* The account is refused from now on. It is noted as not answered for, in case this process does
 * not hear the answer. The account may have moved to a directory, so the directories decide what
 * becomes of the keys. */
static int lose(struct reading *reading, const struct account_record *old) {
        struct account_record gone = { .state = ACCOUNT_GONE,
                                       .local = true,
                                       .gone_since = reading->look.now };
        int r;

        reading->lost = true;
        r = put(&reading->look, old, &gone, false);
        return r < 0 ? r : to_ask(reading->look.facts, old, &gone);
}

static int look_at(struct reading *reading, const struct account_record *old) {
        const struct account_record *found = accounts_files_find(reading->files, old->name);
        struct accounts_update *facts = reading->look.facts;
        struct account_record account;
        int r;

        if (!found && old->local && old->state == ACCOUNT_PRESENT)
                return lose(reading, old);
        if (!found)
                return facts->everybody || !expiry_account_known(old) ? to_ask(facts, old, old) : 0;
        /* The account was removed and made anew: the keys are those of the one before. */
        if (old->checked_at == RECORD_REMOVED) {
                r = end_keys(&reading->look, old, true);
                if (r < 0)
                        return r;
        }
        account = *found;
        /* A directory alone may know that a user is a member of a group. */
        if (facts->admin_group != (gid_t) -1 && !account.admin &&
            (facts->everybody || old->admin || old->state == ACCOUNT_UNKNOWN)) {
                account.admin = old->admin;
                r = to_ask(facts, old, old);
                if (r < 0)
                        return r;
        }
        return update(&reading->look, old, &account);
}

static int look_at_all(struct reading *reading, struct store *writer) {
        struct accounts_update *facts = reading->look.facts;
        int r;

        r = facts_policy(writer, &reading->look.policy);
        if (r >= 0)
                r = store_account_each(writer, on_known, reading);
        if (r >= 0 && (facts->everybody || facts->newcomers))
                r = store_account_each_missing(writer, on_missing, reading);
        for (size_t i = 0; r >= 0 && i < reading->n; i++)
                r = look_at(reading, &reading->known[i]);
        if (r >= 0 && reading->lost)
                r = hold_many(&reading->look, &reading->vanished);
        if (r >= 0 && facts->everybody)
                r = store_account_forget(writer);
        return r;
}

/* All of it in one transaction. */
static int write_all(struct reading *reading, struct store *writer) {
        struct accounts_update *facts = reading->look.facts;
        int r;

        reading->vanished = (struct vanished){};
        reading->lost = false;
        reading->n = facts->n = 0;
        facts->changed = false;
        r = store_begin_end(writer);
        if (r >= 0)
                r = look_at_all(reading, writer);
        if (r >= 0)
                r = facts->changed ? store_commit(writer) : store_commit_quietly(writer);
        store_rollback(writer);
        return r;
}

int accounts_update_read(struct accounts_update *facts, struct store *writer) {
        _cleanup_(accounts_files_freep) struct accounts_files *files = NULL;
        struct accounts_files_memory none = {}, *memory = facts->memory ? facts->memory : &none;
        struct reading reading = { .look = { facts, writer, .now = clock_now(),
                                             .clock_trusted = clock_is_trusted() } };
        int r;

        r = accounts_files_read(&files, facts->etc, facts->admin_group, memory);
        if (r < 0) {
                log_message(MESSAGE_ACCOUNTS_UNREAD, LOG_WARNING,
                            "what is known of accounts stays as it was: %s", memory->error);
                facts->again = r == -EAGAIN;
                return r;
        }
        reading.files = files;
        r = write_all(&reading, writer);
        if (store_guard_make_room(writer, r))
                r = write_all(&reading, writer);
        free(reading.known);
        if (r < 0) {
                log_message(MESSAGE_ACCOUNTS_UNREAD, LOG_WARNING,
                            "what is known of accounts stays as it was: %s", store_error_text(r));
                facts->n = 0;
                return r;
        }
        say_vanished(&reading.vanished);
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

/* Files and directories agree that the account is gone, and the report says that it is meant. */
static int end_removed(struct store *writer, const struct account_record *account, int64_t now,
                       struct audit_record *record) {
        struct policy policy;
        int r;

        r = facts_policy(writer, &policy);
        if (r >= 0)
                r = sweep_account(writer, &policy, account, true, (struct sweep_when){ .now = now },
                                  &record->count);
        if (r < 0 || record->count == 0)
                return r;
        text_escape(record->user, sizeof(record->user), account->name);
        return store_audit_add(writer, record);
}

static int note_removed(struct store *writer, const char *user, struct audit_record *record) {
        int64_t now = clock_now();
        struct account_record account;
        int r;

        r = store_account_get(writer, user, &account);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (account.state == ACCOUNT_GONE && account.checked_at > 0)
                return end_removed(writer, &account, now, record);
        if (!account.local)
                return 0;
        if (account.state != ACCOUNT_GONE)
                account.gone_since = now;
        account.state = ACCOUNT_GONE;
        account.checked_at = RECORD_REMOVED;
        return store_account_put(writer, &account);
}

static int write_removed(struct store *writer, const char *user, struct audit_record *record) {
        int r;

        r = store_begin_end(writer);
        if (r >= 0)
                r = note_removed(writer, user, record);
        if (r >= 0)
                r = store_commit(writer);
        store_rollback(writer);
        return r;
}

int accounts_update_removed(struct store *writer, const struct accounts_source *source,
                            const char *user, struct audit_record *record) {
        _cleanup_(accounts_files_freep) struct accounts_files *files = NULL;
        int r;

        r = accounts_files_read(&files, source->etc, source->admin_group, source->memory);
        if (r < 0 || accounts_files_find(files, user))
                return r;
        r = write_removed(writer, user, record);
        return store_guard_make_room(writer, r) ? write_removed(writer, user, record) : r;
}

/* --- The answers --- */

/* Since when an account is gone that is gone now. A time in the future is the work of a clock that
 * was ahead. */
static int64_t since(const struct account_record *old, int64_t now) {
        return old->state == ACCOUNT_GONE && old->gone_since < now ? old->gone_since : now;
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

/* Writes one answer. A removal that was reported, and that a directory confirms, ends the keys. */
static int take_answer(struct look *look, const struct accounts_directory_answer *asked) {
        struct account_record old = {}, account = asked->account;
        int r;

        if (account.state == ACCOUNT_UNKNOWN)
                return 0;
        r = store_account_get(look->writer, asked->asked, &old);
        if (r < 0 && r != -ENOENT)
                return r;
        memcpy(old.name, asked->asked, sizeof(old.name));
        if (is_stale(&old, asked))
                return 0;
        /* The files have the user. They may have been read after the question was asked. A
         * directory only adds whether the user administers. */
        if (old.state == ACCOUNT_PRESENT && old.local) {
                bool admin = account.state == ACCOUNT_PRESENT ? account.admin : old.admin;

                account = old;
                account.admin = admin;
        } else if (account.state == ACCOUNT_GONE) {
                account.gone_since = since(&old, look->now);
                account.held = old.state == ACCOUNT_GONE && old.held;
                account.local = old.state == ACCOUNT_GONE && old.local;
        }
        r = put(look, &old, &account, true);
        if (r >= 0 && old.checked_at == RECORD_REMOVED && account.state == ACCOUNT_GONE)
                return end_keys(look, &account, true);
        return r;
}

/* What follows from an answer, when all are written and the many are held. */
static int follow_answer(struct look *look, const struct accounts_directory_answer *asked) {
        struct account_record account;
        int r;

        if (asked->account.state == ACCOUNT_UNKNOWN)
                return 0;
        r = store_account_get(look->writer, asked->asked, &account);
        return r < 0 ? r
                     : end_keys(look, &account,
                                expiry_account_over(&look->policy, &account, look->now,
                                                    look->clock_trusted));
}

static int take_all(struct look *look, struct vanished *vanished) {
        const struct accounts_update *facts = look->facts;
        int r = facts_policy(look->writer, &look->policy);

        for (size_t i = 0; r >= 0 && i < facts->n; i++)
                r = take_answer(look, &facts->asked[i]);
        if (r >= 0 && facts->changed)
                r = hold_many(look, vanished);
        for (size_t i = 0; r >= 0 && i < facts->n; i++)
                r = follow_answer(look, &facts->asked[i]);
        return r;
}

static int write_answers(struct look *look, struct store *writer, struct vanished *vanished) {
        struct accounts_update *facts = look->facts;
        int r;

        *vanished = (struct vanished){};
        facts->changed = false;
        r = store_begin_end(writer);
        if (r >= 0)
                r = take_all(look, vanished);
        if (r >= 0)
                r = facts->changed ? store_commit(writer) : store_commit_quietly(writer);
        store_rollback(writer);
        return r;
}

void accounts_update_take(struct accounts_update *facts, struct store *writer) {
        struct look look = { facts, writer, .now = clock_now(),
                             .clock_trusted = clock_is_trusted() };
        struct vanished vanished = {};
        int r;

        r = write_answers(&look, writer, &vanished);
        if (store_guard_make_room(writer, r))
                r = write_answers(&look, writer, &vanished);
        if (r < 0)
                log_line(LOG_WARNING, "what directories say of accounts was not written: %s",
                         store_error_text(r));
        else
                say_vanished(&vanished);
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
