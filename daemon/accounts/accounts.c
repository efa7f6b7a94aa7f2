/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps the accounts in the store up to date: the loop's part. It starts what accounts_pass.c says,
 * on the writer thread and in helpers, and answers questions about one user. It asks no directory
 * itself, and reads no file but passwd and group, for names, numbers and members. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/queue.h>

#include "accounts/accounts.h"
#include "accounts/accounts_names.h"
#include "accounts/accounts_pass.h"
#include "accounts/accounts_update.h"
#include "accounts/accounts_vanished.h"
#include "accounts/accounts_watch.h"
#include "base/helper.h"
#include "base/log.h"
#include "cleanup.h"
#include "text.h"

#define ASK_USEC UINT64_C(5000000) /* for one directory to answer */
/* between two looks at the directories, which report no change */
#define PERIODIC_USEC UINT64_C(600000000)
#define RETRY_USEC    UINT64_C(1000000)
/* until a file that may be written just now is read again */
#define AGAIN_USEC (ACCOUNTS_STEADY_S * UINT64_C(1000000) + UINT64_C(100000))
/* questions, when files change meanwhile */
#define ASK_AGAIN_MAX 5

/* A job of the writer thread, and the users that it is about. They belong to the writer thread
 * until the job is done. */
struct work {
        struct worker_job job;
        struct accounts *accounts;
        bool more; /* there is another step */
        struct accounts_update facts;
        struct realms *realms; /* that it uses; NULL: none */
};

/* How often what the files say has changed, as far as the daemon has seen: passwd of names, numbers
 * and groups; group of the group that administers; shadow, which matters for a user of passwd. */
struct changes {
        uint64_t names, group, secrets;
};

struct ask {
        LIST_ENTRY(ask) entries;
        struct accounts *accounts;
        struct helper *helper;
        size_t n;
        char names[ACCOUNTS_ASK_NAMES][WIRE_USER_MAX + 1];
        struct changes seen; /* when the helper was started */
        unsigned again;      /* how often it was asked again */
        void (*done)(int r, const struct account_record *accounts, void *userdata);
        void *userdata;
};

/* A caller that waits for a pass over everybody. */
struct settle {
        LIST_ENTRY(settle) entries;
        struct accounts *accounts;
        sd_event_source *deadline;
        bool begun; /* the pass has begun after the call */
        void (*done)(void *userdata);
        void *userdata;
};

/* Invariants: (1) ${reading} is the writer thread's while the state says that files are read.
 * ${list} is the writer thread's while the state says that answers are written. (2) ${helper} is
 * there exactly while the state says that directories are asked. Its question is the ${batch} users
 * of ${list} from ${at}. */
struct accounts {
        sd_event *event;
        struct worker *worker;
        const char *etc;
        const struct conf *conf;
        sd_event_source *watch, *timer;
        struct accounts_pass pass;
        struct work reading; /* the files */
        /* of the files; the writer thread's at all times */
        struct accounts_files_memory memory;
        struct accounts_holds holds;
        struct accounts_realms_memory lists; /* of the realms, likewise */
        struct accounts_watch watches;       /* of their directories */
        struct work list;                    /* users to ask for */
        size_t at, batch;
        bool one_by_one; /* a question has one user */
        struct helper *helper;
        struct changes changes;
        struct accounts_names names;
        bool unread; /* a file of them has changed since */
        LIST_HEAD(, ask) asks;
        size_t n_asks;
        LIST_HEAD(, settle) settles;
};

static void step(struct accounts *a, enum accounts_pass_event event);

static bool is_stopped(const struct accounts *a) {
        return a->pass.state == ACCOUNTS_PASS_STOPPED;
}

static void later(struct accounts *a, uint64_t usec) {
        (void) sd_event_source_set_time_relative(a->timer, usec);
        (void) sd_event_source_set_enabled(a->timer, SD_EVENT_ONESHOT);
}

/* --- Callers that wait for the end of a pass --- */

static void settle_end(struct settle *settle) {
        void (*done)(void *userdata) = settle->done;
        void *userdata = settle->userdata;

        LIST_REMOVE(settle, entries);
        sd_event_source_disable_unref(settle->deadline);
        free(settle);
        done(userdata);
}

/* The pass that has ended is the one that these callers waited for. */
static void end_settles(struct accounts *a) {
        struct settle *settle = LIST_FIRST(&a->settles), *next;

        for (; settle; settle = next) {
                next = LIST_NEXT(settle, entries);
                if (settle->begun)
                        settle_end(settle);
        }
}

static void begin_settles(struct accounts *a) {
        struct settle *settle;

        LIST_FOREACH(settle, &a->settles, entries)
                settle->begun = true;
}

/* --- What a pass does, and when it is done --- */

static gid_t admin_group_of(const struct conf *conf) {
        return conf ? conf_admin_group(conf) : (gid_t) -1;
}

static struct realms *realms_of(const struct conf *conf) {
        return conf ? conf->realms : NULL;
}

static int submit(struct accounts *a, struct work *work,
                  void (*run)(struct worker_job *job, struct store *writer),
                  void (*done)(struct worker_job *job)) {
        work->job = (struct worker_job){ .run = run, .done = done, .urgent = true };
        work->accounts = a;
        return worker_submit(a->worker, &work->job);
}

static void end_work(struct work *work) {
        accounts_update_done(&work->facts);
        work->facts.realms = NULL;
        work->realms = realms_unref(work->realms);
}

/* Has the writer thread go on with what it has done a step of. Others had their turn. Returns
 * whether that was all. */
static bool is_done(struct work *work, enum accounts_pass_event failed) {
        struct accounts *a = work->accounts;

        if (!work->more || is_stopped(a))
                return true;
        if (worker_submit(a->worker, &work->job) >= 0)
                return false;
        end_work(work);
        later(a, RETRY_USEC);
        step(a, failed);
        return false;
}

static void read_run(struct worker_job *job, struct store *writer) {
        struct work *reading = (struct work *) job;

        reading->more = accounts_update_read_step(&reading->facts, writer) > 0;
}

static void read_done(struct worker_job *job) {
        struct work *reading = (struct work *) job;
        struct accounts *a = reading->accounts;

        if (!is_done(reading, ACCOUNTS_PASS_NOT_READ))
                return;
        if (reading->facts.overtaken)
                later(a, RETRY_USEC);
        if (accounts_update_append(&a->list.facts, &reading->facts) < 0)
                later(a, RETRY_USEC);
        /* All are looked at then, because a look at all may be what could not be done now. */
        if (reading->facts.again)
                later(a, AGAIN_USEC);
        end_work(reading);
        step(a, ACCOUNTS_PASS_READ);
}

static int read_files(struct accounts *a, bool everybody) {
        int r;

        a->reading.realms = realms_ref(realms_of(a->conf));
        a->reading.facts = (struct accounts_update){ .etc = a->etc,
                                                     .admin_group = admin_group_of(a->conf),
                                                     .memory = &a->memory,
                                                     .holds = &a->holds,
                                                     .realms = a->reading.realms,
                                                     .lists = &a->lists,
                                                     .everybody = everybody };
        r = submit(a, &a->reading, read_run, read_done);
        if (r < 0)
                end_work(&a->reading);
        if (r >= 0 && everybody)
                begin_settles(a);
        return r;
}

static void write_run(struct worker_job *job, struct store *writer) {
        struct work *list = (struct work *) job;

        list->more = accounts_update_take_step(&list->facts, writer) > 0;
}

static void write_done(struct worker_job *job) {
        struct work *list = (struct work *) job;

        if (is_done(list, ACCOUNTS_PASS_NOT_WRITTEN))
                step(list->accounts, ACCOUNTS_PASS_WRITTEN);
}

static void end_pass(struct accounts *a) {
        accounts_update_done(&a->list.facts);
        a->list.facts = (struct accounts_update){};
        a->at = 0;
        a->one_by_one = false;
        end_settles(a);
}

static void on_answers(int r, const uint8_t *out, size_t len, void *userdata) {
        struct accounts *a = userdata;
        /* the answer is freed with it */
        _cleanup_(helper_freep) struct helper *helper = take_ptr(a->helper);
        struct accounts_directory_answer *asked = a->list.facts.asked + a->at;

        if (r >= 0)
                r = accounts_directory_take(out, len, asked, a->batch);
        if (r < 0 && a->batch > 1) {
                /* A user whose directory hangs must not hold up the others. */
                a->one_by_one = true;
                step(a, ACCOUNTS_PASS_ANSWERED);
                return;
        }
        accounts_directory_say(r, asked, a->batch);
        a->at += a->batch;
        step(a, ACCOUNTS_PASS_ANSWERED);
}

static int start_helper(struct accounts *a, const char *const *names, size_t n, gid_t admin_group,
                        struct helper **ret,
                        void (*done)(int r, const uint8_t *out, size_t len, void *userdata),
                        void *userdata) {
        uint8_t in[ACCOUNTS_DIRECTORY_QUESTION_MAX];
        ssize_t len;

        len = accounts_directory_ask(names, n, admin_group, in, sizeof(in));
        if (len < 0)
                return (int) len;
        return helper_start(ret, a->event, ACCOUNTS_DIRECTORY_MODE, in, (size_t) len,
                            n * ACCOUNTS_DIRECTORY_ANSWER_MAX, ASK_USEC, done, userdata);
}

static int ask_next(struct accounts *a) {
        const char *names[ACCOUNTS_DIRECTORY_BATCH];
        int r;

        a->batch = a->one_by_one ? 1 : ACCOUNTS_DIRECTORY_BATCH;
        if (a->batch > a->list.facts.n - a->at)
                a->batch = a->list.facts.n - a->at;
        for (size_t i = 0; i < a->batch; i++)
                names[i] = a->list.facts.asked[a->at + i].asked;
        r = start_helper(a, names, a->batch, admin_group_of(a->conf), &a->helper, on_answers, a);
        if (r < 0)
                log_message(MESSAGE_DIRECTORY_SILENT, LOG_WARNING, "no directory can be asked: %s",
                            strerrordesc_np(-r));
        return r;
}

static const struct {
        enum accounts_pass_act act;
        enum accounts_pass_event failed;
} acts[] = {
        { ACCOUNTS_PASS_END, _ACCOUNTS_PASS_EVENT_MAX }, /* does not fail */
        { ACCOUNTS_PASS_ASK, ACCOUNTS_PASS_NOT_ASKED },
        { ACCOUNTS_PASS_WRITE, ACCOUNTS_PASS_NOT_WRITTEN },
        { ACCOUNTS_PASS_READ_FILES, ACCOUNTS_PASS_NOT_READ },
        { ACCOUNTS_PASS_READ_ALL, ACCOUNTS_PASS_NOT_READ },
};

static int act(struct accounts *a, enum accounts_pass_act what) {
        switch (what) {
        case ACCOUNTS_PASS_END:
                end_pass(a);
                return 0;
        case ACCOUNTS_PASS_ASK:
                return ask_next(a);
        case ACCOUNTS_PASS_WRITE:
                return submit(a, &a->list, write_run, write_done);
        case ACCOUNTS_PASS_READ_FILES:
                return read_files(a, false);
        case ACCOUNTS_PASS_READ_ALL:
                return read_files(a, true);
        }
        return 0;
}

static unsigned next(struct accounts *a, enum accounts_pass_event event) {
        size_t n = a->list.facts.n;

        return accounts_pass_step(&a->pass, event,
                                  (struct accounts_pass_list){ .left = n > a->at, .any = n > 0 });
}

/* The only way from one state to another. */
static void step(struct accounts *a, enum accounts_pass_event event) {
        unsigned todo = next(a, event);

        for (size_t i = 0; i < ARRAY_LEN(acts);) {
                if (!(todo & acts[i].act)) {
                        i++;
                        continue;
                }
                todo &= ~(unsigned) acts[i].act;
                if (act(a, acts[i].act) >= 0)
                        continue;
                later(a, RETRY_USEC);
                todo |= next(a, acts[i].failed);
                i = 0;
        }
}

static int on_list_change(sd_event_source *source, const struct inotify_event *event,
                          void *userdata) {
        struct accounts *a = userdata;

        (void) source;
        if (accounts_watch_is_list(realms_of(a->conf), event))
                step(a, ACCOUNTS_PASS_CHANGED);
        return 0;
}

void accounts_refresh(struct accounts *a) {
        step(a, ACCOUNTS_PASS_REFRESH);
}

void accounts_set_conf(struct accounts *a, const struct conf *conf) {
        a->conf = conf;
        a->unread = true; /* another group may administer */
        if (!is_stopped(a))
                accounts_watch_lists(&a->watches, a->event, realms_of(conf), on_list_change, a);
        /* Who is of a realm now is looked at beside a directory that does not answer. */
        step(a, ACCOUNTS_PASS_CHANGED);
        step(a, ACCOUNTS_PASS_REFRESH);
}

struct accounts_source accounts_source(struct accounts *a) {
        return (struct accounts_source){ .etc = a->etc,
                                         .admin_group = admin_group_of(a->conf),
                                         .memory = &a->memory,
                                         .realms = realms_of(a->conf),
                                         .lists = &a->lists };
}

const char *accounts_unread(const struct accounts *a) {
        return a->memory.error;
}

const char *accounts_realm_unread(const struct accounts *a, size_t realm) {
        return realm < ARRAY_LEN(a->lists.of) ? a->lists.of[realm].error : "";
}

/* Only where it matters: the files can be long, and a user can change them often. */
static void look_at_names(struct accounts *a) {
        struct accounts_names now = a->names;

        if (a->unread)
                now = accounts_names_read(a->etc, admin_group_of(a->conf));
        a->changes.names += now.users != a->names.users;
        a->changes.group += now.group != a->names.group;
        a->names = now;
        a->unread = false;
}

uint64_t accounts_names_changes(struct accounts *a) {
        look_at_names(a);
        return a->changes.names;
}

static int on_settle_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source;
        (void) usec;
        settle_end(userdata);
        return 0;
}

int accounts_settle(struct accounts *a, void (*done)(void *userdata), void *userdata) {
        struct settle *settle;
        int r;

        if (is_stopped(a))
                return -EBUSY;
        settle = calloc(1, sizeof(*settle));
        if (!settle)
                return -ENOMEM;
        *settle = (struct settle){ .accounts = a, .done = done, .userdata = userdata };
        r = sd_event_add_time_relative(a->event, &settle->deadline, CLOCK_MONOTONIC, ASK_USEC, 0,
                                       on_settle_deadline, settle);
        if (r < 0) {
                free(settle);
                return r;
        }
        LIST_INSERT_HEAD(&a->settles, settle, entries);
        step(a, ACCOUNTS_PASS_REFRESH);
        return 0;
}

/* --- One user --- */

static void ask_free(struct ask *ask) {
        LIST_REMOVE(ask, entries);
        ask->accounts->n_asks--;
        helper_free(ask->helper);
        free(ask);
}

static int start_ask(struct ask *ask);
/* The store may know better than an answer from before a change, which would overwrite that. */
static bool is_overtaken(const struct ask *ask, const struct accounts_directory_answer *answers) {
        const struct changes *now = &ask->accounts->changes;
        bool local = false;

        look_at_names(ask->accounts);
        for (size_t i = 0; i < ask->n; i++)
                local |= answers[i].account.local;
        return ask->seen.names != now->names || ask->seen.group != now->group ||
               (local && ask->seen.secrets != now->secrets);
}

static void on_answer(int r, const uint8_t *out, size_t len, void *userdata) {
        struct ask *ask = userdata;
        struct accounts_directory_answer answers[ACCOUNTS_ASK_NAMES] = {};
        struct account_record accounts[ACCOUNTS_ASK_NAMES];

        for (size_t i = 0; i < ask->n; i++)
                memcpy(answers[i].asked, ask->names[i], sizeof(answers[i].asked));
        if (r >= 0)
                r = accounts_directory_take(out, len, answers, ask->n);
        if (r >= 0 && is_overtaken(ask, answers)) {
                ask->helper = helper_free(ask->helper);
                r = ask->again++ < ASK_AGAIN_MAX ? start_ask(ask) : -EAGAIN;
                if (r >= 0)
                        return;
        }
        for (size_t i = 0; i < ask->n; i++)
                accounts[i] = answers[i].account;
        ask->done(r, r < 0 ? NULL : accounts, ask->userdata);
        ask_free(ask);
}

static int start_ask(struct ask *ask) {
        struct accounts *a = ask->accounts;
        const char *names[ACCOUNTS_ASK_NAMES];

        for (size_t i = 0; i < ask->n; i++)
                names[i] = ask->names[i];
        look_at_names(a);
        ask->seen = a->changes;
        return start_helper(a, names, ask->n, admin_group_of(a->conf), &ask->helper, on_answer,
                            ask);
}

static int fill_names(struct ask *ask, const char *const *names) {
        assert(ask->n > 0 && ask->n <= ACCOUNTS_ASK_NAMES);
        for (size_t i = 0; i < ask->n; i++)
                if (!text_copy(ask->names[i], sizeof(ask->names[i]), names[i]))
                        return -ENAMETOOLONG;
        return 0;
}

int accounts_ask(struct accounts *a, const char *const *names, size_t n,
                 void (*done)(int r, const struct account_record *accounts, void *userdata),
                 void *userdata) {
        struct ask *ask;
        int r;

        if (is_stopped(a) || a->n_asks >= ACCOUNTS_ASKS_MAX)
                return -EBUSY;
        ask = calloc(1, sizeof(*ask));
        if (!ask)
                return -ENOMEM;
        *ask = (struct ask){ .accounts = a, .n = n, .done = done, .userdata = userdata };
        r = fill_names(ask, names);
        if (r >= 0)
                r = start_ask(ask);
        if (r < 0) {
                free(ask);
                return r;
        }
        LIST_INSERT_HEAD(&a->asks, ask, entries);
        a->n_asks++;
        return 0;
}

/* --- Watching --- */

static int on_change(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        static const char *const names[] = { "passwd", "shadow", "group" };
        /* too many events for the kernel to keep */
        bool overflow = event->mask & IN_Q_OVERFLOW;
        struct accounts *a = userdata;

        (void) source;
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
                if (overflow || (event->len > 0 && strcmp(event->name, names[i]) == 0)) {
                        a->unread |= i != 1 || overflow;
                        a->changes.secrets += i == 1 || overflow;
                        if (a->n_asks > 0)
                                look_at_names(a); /* before it is taken back */
                        step(a, ACCOUNTS_PASS_CHANGED);
                        break;
                }
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source;
        (void) usec;
        later(userdata, PERIODIC_USEC);
        step(userdata, ACCOUNTS_PASS_REFRESH);
        return 0;
}

int accounts_new(struct accounts **ret, sd_event *event, struct worker *worker, const char *etc) {
        struct accounts *a = calloc(1, sizeof(*a));
        int r;

        if (!a)
                return -ENOMEM;
        *a = (struct accounts){ .event = event, .worker = worker, .etc = etc, .unread = true };
        LIST_INIT(&a->asks);
        LIST_INIT(&a->settles);
        /* Watch the directory, not the files: passwd(1) and other programs replace a file by a new
         * one. */
        r = sd_event_add_inotify(event, &a->watch, etc, ACCOUNTS_WATCHED, on_change, a);
        if (r < 0)
                log_line(LOG_WARNING, "changes of accounts in '%s' are seen late: %s", etc,
                         strerrordesc_np(-r));
        else
                /* A change is handled before an answer of a helper, which may be older. */
                (void) sd_event_source_set_priority(a->watch, SD_EVENT_PRIORITY_IMPORTANT);
        r = sd_event_add_time_relative(event, &a->timer, CLOCK_MONOTONIC, PERIODIC_USEC, 0,
                                       on_timer, a);
        if (r < 0) {
                accounts_free(a);
                return r;
        }
        *ret = a;
        return 0;
}

void accounts_stop(struct accounts *a) {
        if (!a || is_stopped(a))
                return;
        step(a, ACCOUNTS_PASS_STOP);
        a->watch = sd_event_source_disable_unref(a->watch);
        accounts_watch_end(&a->watches);
        a->timer = sd_event_source_disable_unref(a->timer);
        /* The lists may be the writer thread's now. accounts_free() frees them. */
        a->helper = helper_free(a->helper);
        while (!LIST_EMPTY(&a->asks)) {
                struct ask *ask = LIST_FIRST(&a->asks);

                ask->done(-ECANCELED, NULL, ask->userdata);
                ask_free(ask);
        }
        while (!LIST_EMPTY(&a->settles))
                settle_end(LIST_FIRST(&a->settles));
}

struct accounts *accounts_free(struct accounts *a) {
        if (!a)
                return NULL;
        accounts_stop(a);
        end_work(&a->reading);
        end_work(&a->list);
        free(a);
        return NULL;
}
