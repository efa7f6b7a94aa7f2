/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/queue.h>

#include "accounts/accounts.h"
#include "accounts/accounts_update.h"
#include "base/helper.h"
#include "base/log.h"
#include "cleanup.h"

#define ASK_USEC UINT64_C(5000000) /* for one directory to answer */
/* between two looks at directories, which report no change */
#define PERIODIC_USEC UINT64_C(600000000)
#define RETRY_USEC    UINT64_C(1000000)
/* times, when the files change meanwhile */
#define ASK_AGAIN_MAX 5

/* A pass over everybody: the files, on the writer thread; the directories for whom the files do
 * not settle, in helpers; the answers, there. */
struct pass {
        struct worker_job job;
        struct accounts *accounts;
        struct accounts_update facts;
        size_t at, batch;
};

struct ask {
        LIST_ENTRY(ask) entries;
        struct accounts *accounts;
        struct helper *helper;
        char name[WIRE_USER_MAX + 1];
        /* of the files, as they were counted when it was asked */
        uint64_t changes;
        unsigned again; /* how often, because of those */
        void (*done)(int r, const struct account_record *account, void *userdata);
        void *userdata;
};

/* Somebody who waits for a pass over everybody. */
struct settle {
        LIST_ENTRY(settle) entries;
        struct accounts *accounts;
        sd_event_source *deadline;
        bool begun; /* the pass has begun after the call */
        void (*done)(void *userdata);
        void *userdata;
};

/* Invariants: (1) one pass at a time, ${pass} is it; (2) again and again_everybody say that
 * another one is due then; (3) while it waits for a helper, changes of the files are seen to by
 * ${quick}, so that a directory that hangs does not hold them up, and whom the files have lost
 * is asked for behind the others. */
struct accounts {
        sd_event *event;
        struct worker *worker;
        const char *etc;
        const struct conf *conf;
        sd_event_source *watch, *timer;
        struct pass *pass;
        struct helper *helper; /* of the pass */
        struct pass *quick;    /* the files alone; the writer's */
        /* that one, until the pass is the loop's again */
        struct pass *waiting;
        bool again, again_everybody, stopped;
        /* of the files, as far as they were seen */
        uint64_t changes;
        LIST_HEAD(, ask) asks;
        size_t n_asks;
        LIST_HEAD(, settle) settles;
};

static void start_pass(struct accounts *a, bool everybody);
static void start_quick(struct accounts *a);
static void ask_next(struct accounts *a);

/* --- The way of a pass --- */

static struct pass *pass_free(struct pass *pass) {
        if (pass)
                accounts_update_done(&pass->facts);
        free(pass);
        return NULL;
}

static void settle_end(struct settle *settle) {
        void (*done)(void *userdata) = settle->done;
        void *userdata = settle->userdata;

        LIST_REMOVE(settle, entries);
        sd_event_source_disable_unref(settle->deadline);
        free(settle);
        done(userdata);
}

/* The pass over everybody that has ended is the one that they waited for. */
static void end_settles(struct accounts *a) {
        struct settle *settle = LIST_FIRST(&a->settles), *next;

        for (; settle; settle = next) {
                next = LIST_NEXT(settle, entries);
                if (settle->begun)
                        settle_end(settle);
        }
}

static void end_pass(struct accounts *a) {
        bool everybody = a->again_everybody, again = a->again || everybody;

        if (a->pass && a->pass->facts.everybody)
                end_settles(a);
        a->pass = pass_free(a->pass);
        if (a->stopped)
                a->waiting = pass_free(a->waiting);
        else if (a->waiting) {
                a->pass = take_ptr(a->waiting);
                ask_next(a);
                start_quick(a);
        } else {
                a->again = a->again_everybody = false;
                if (again)
                        start_pass(a, everybody);
        }
}

static void later(struct accounts *a, uint64_t usec) {
        (void) sd_event_source_set_time_relative(a->timer, usec);
        (void) sd_event_source_set_enabled(a->timer, SD_EVENT_ONESHOT);
}

static int submit(struct pass *pass, void (*run)(struct worker_job *job, struct store *writer),
                  void (*done)(struct worker_job *job)) {
        pass->job = (struct worker_job){ .run = run, .done = done, .urgent = true };
        return worker_submit(pass->accounts->worker, &pass->job);
}

static void submit_pass(struct accounts *a,
                        void (*run)(struct worker_job *job, struct store *writer),
                        void (*done)(struct worker_job *job)) {
        if (submit(a->pass, run, done) >= 0)
                return;
        later(a, RETRY_USEC); /* everything again then */
        a->again = a->again_everybody = false;
        end_pass(a);
}

static gid_t admin_group_of(const struct conf *conf) {
        return conf && conf->has_admin_group ? conf->admin_group : (gid_t) -1;
}

static struct pass *new_pass(struct accounts *a, bool everybody) {
        struct pass *pass = calloc(1, sizeof(*pass));

        if (!pass)
                return NULL;
        pass->accounts = a;
        pass->facts.etc = a->etc;
        pass->batch = ACCOUNTS_DIRECTORY_BATCH;
        pass->facts.everybody = everybody;
        pass->facts.admin_group = admin_group_of(a->conf);
        return pass;
}

static void files_run(struct worker_job *job, struct store *writer) {
        accounts_update_read(&((struct pass *) job)->facts, writer);
}

static void answers_run(struct worker_job *job, struct store *writer) {
        accounts_update_take(&((struct pass *) job)->facts, writer);
}

static void answers_done(struct worker_job *job) {
        end_pass(((struct pass *) job)->accounts);
}

static void on_answers(int r, const uint8_t *out, size_t len, void *userdata) {
        struct accounts *a = userdata;
        /* its answer goes with it */
        _cleanup_(helper_freep) struct helper *helper = take_ptr(a->helper);
        struct pass *pass = a->pass;
        struct accounts_directory_answer look;
        size_t at = 0;

        if (r < 0 && pass->batch > 1) {
                /* one of them hangs, and must not stand for the others */
                pass->batch = 1;
                ask_next(a);
                return;
        }
        if (r < 0)
                log_message(MESSAGE_DIRECTORY_SILENT, LOG_WARNING,
                            "nobody says whether user '%s' exists, going by what was known: %s",
                            pass->facts.asked[pass->at].look.asked, strerrordesc_np(-r));
        for (size_t i = 0;
             r >= 0 && i < pass->batch && accounts_directory_next(out, len, &at, &look) > 0; i++)
                if (strcmp(look.asked, pass->facts.asked[pass->at + i].look.asked) == 0)
                        pass->facts.asked[pass->at + i].look = look;
        pass->at += pass->batch;
        ask_next(a);
}

static int start_helper(struct accounts *a, const char *const *names, size_t n, gid_t admin_group,
                        struct helper **ret,
                        void (*done)(int r, const uint8_t *out, size_t len, void *userdata),
                        void *userdata) {
        uint8_t in[sizeof(gid_t) + ACCOUNTS_DIRECTORY_BATCH * (WIRE_USER_MAX + 1)];
        ssize_t len;

        len = accounts_directory_ask(names, n, admin_group, in, sizeof(in));
        if (len < 0)
                return (int) len;
        return helper_start(ret, a->event, ACCOUNTS_DIRECTORY_MODE, in, (size_t) len,
                            n * sizeof(struct accounts_directory_answer), ASK_USEC, done, userdata);
}

static void ask_next(struct accounts *a) {
        const char *names[ACCOUNTS_DIRECTORY_BATCH];
        struct pass *pass = a->pass;
        int r;

        if (a->stopped || pass->at == pass->facts.n) {
                if (a->stopped || pass->facts.n == 0)
                        end_pass(a);
                else
                        submit_pass(a, answers_run, answers_done);
                return;
        }
        if (pass->batch > pass->facts.n - pass->at)
                pass->batch = pass->facts.n - pass->at;
        for (size_t i = 0; i < pass->batch; i++)
                names[i] = pass->facts.asked[pass->at + i].look.asked;
        r = start_helper(a, names, pass->batch, pass->facts.admin_group, &a->helper, on_answers, a);
        if (r < 0) {
                log_message(MESSAGE_DIRECTORY_SILENT, LOG_WARNING, "no directory can be asked: %s",
                            strerrordesc_np(-r));
                later(a, RETRY_USEC);
                end_pass(a);
        }
}

static void quick_done(struct worker_job *job);

/* The files have changed while directories are asked. */
static void start_quick(struct accounts *a) {
        if (!a->again || !a->helper || a->quick || a->stopped)
                return;
        a->quick = new_pass(a, false);
        if (!a->quick || submit(a->quick, files_run, quick_done) < 0) {
                a->quick = pass_free(a->quick);
                /* again says that it is still to be done */
                return;
        }
        a->again = false;
}

static void quick_done(struct worker_job *job) {
        struct pass *quick = (struct pass *) job;
        struct accounts *a = quick->accounts;

        a->quick = NULL;
        if (!a->stopped && quick->facts.n > 0) {
                if (!a->pass) {
                        a->pass = quick;
                        ask_next(a);
                        start_quick(a);
                        return;
                }
                if (!a->helper) {
                        a->waiting = quick;
                        return;
                }
                if (accounts_update_append(&a->pass->facts, &quick->facts) < 0)
                        later(a, RETRY_USEC);
        }
        (void) pass_free(quick);
        start_quick(a);
}

static void files_done(struct worker_job *job) {
        struct accounts *a = ((struct pass *) job)->accounts;

        ask_next(a);
        start_quick(a);
}

static void start_pass(struct accounts *a, bool everybody) {
        struct settle *settle;

        if (a->stopped)
                return;
        if (a->pass) {
                a->again |= !everybody;
                a->again_everybody |= everybody;
                start_quick(a);
                return;
        }
        LIST_FOREACH(settle, &a->settles, entries)
                settle->begun |= everybody;
        a->pass = new_pass(a, everybody);
        if (a->pass)
                submit_pass(a, files_run, files_done);
        else
                later(a, RETRY_USEC);
}

void accounts_refresh(struct accounts *a) {
        start_pass(a, true);
}

void accounts_set_conf(struct accounts *a, const struct conf *conf) {
        a->conf = conf;
        start_pass(a, true);
}

struct accounts_source accounts_source(const struct accounts *a) {
        return (struct accounts_source){ .etc = a->etc, .admin_group = admin_group_of(a->conf) };
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

        if (a->stopped)
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
        start_pass(a, true);
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

static void on_answer(int r, const uint8_t *out, size_t len, void *userdata) {
        struct ask *ask = userdata;
        struct accounts_directory_answer look = {};
        size_t at = 0;

        /* It may be of before the change, and the store know better by now: it would be written
         * over that. */
        if (r >= 0 && ask->changes != ask->accounts->changes) {
                ask->helper = helper_free(ask->helper);
                r = ask->again++ < ASK_AGAIN_MAX ? start_ask(ask) : -EAGAIN;
                if (r >= 0)
                        return;
        }
        if (r >= 0 && (accounts_directory_next(out, len, &at, &look) <= 0 ||
                       strcmp(look.asked, ask->name) != 0))
                r = -EBADMSG;
        ask->done(r, r < 0 ? NULL : &look.account, ask->userdata);
        ask_free(ask);
}

static int start_ask(struct ask *ask) {
        struct accounts *a = ask->accounts;
        const char *name = ask->name;

        ask->changes = a->changes;
        return start_helper(a, &name, 1, admin_group_of(a->conf), &ask->helper, on_answer, ask);
}

int accounts_ask(struct accounts *a, const char *name,
                 void (*done)(int r, const struct account_record *account, void *userdata),
                 void *userdata) {
        struct ask *ask;
        int r;

        if (a->stopped || a->n_asks >= ACCOUNTS_ASKS_MAX)
                return -EBUSY;
        if (strlen(name) > WIRE_USER_MAX)
                return -ENAMETOOLONG;
        ask = calloc(1, sizeof(*ask));
        if (!ask)
                return -ENOMEM;
        *ask = (struct ask){ .accounts = a, .done = done, .userdata = userdata };
        memcpy(ask->name, name, strlen(name));
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
        /* too much for the kernel to remember what */
        bool overflow = event->mask & IN_Q_OVERFLOW;
        struct accounts *a = userdata;

        (void) source;
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
                if (overflow || (event->len > 0 && strcmp(event->name, names[i]) == 0)) {
                        a->changes++;
                        start_pass(a, false);
                        break;
                }
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source;
        (void) usec;
        later(userdata, PERIODIC_USEC);
        start_pass(userdata, true);
        return 0;
}

int accounts_new(struct accounts **ret, sd_event *event, struct worker *worker, const char *etc) {
        struct accounts *a = calloc(1, sizeof(*a));
        int r;

        if (!a)
                return -ENOMEM;
        *a = (struct accounts){ .event = event, .worker = worker, .etc = etc };
        LIST_INIT(&a->asks);
        LIST_INIT(&a->settles);
        /* The directory, not the files: passwd(1) and the others put a new file in the place of
         * the old one. */
        r = sd_event_add_inotify(event, &a->watch, etc,
                                 IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE |
                                         IN_MOVED_FROM | IN_ONLYDIR,
                                 on_change, a);
        if (r < 0)
                log_line(LOG_WARNING, "changes of accounts in '%s' are seen late: %s", etc,
                         strerrordesc_np(-r));
        else /* before an answer of a helper that is older than the change */
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
        if (!a || a->stopped)
                return;
        a->stopped = true;
        a->watch = sd_event_source_disable_unref(a->watch);
        a->timer = sd_event_source_disable_unref(a->timer);
        /* A pass that waits for a helper ends here; one that is the writer's ends when its job
         * is done. */
        if (a->helper) {
                a->helper = helper_free(a->helper);
                end_pass(a);
        }
        while (!LIST_EMPTY(&a->asks)) {
                struct ask *ask = LIST_FIRST(&a->asks);

                ask->done(-ECANCELED, NULL, ask->userdata);
                ask_free(ask);
        }
        while (!LIST_EMPTY(&a->settles))
                settle_end(LIST_FIRST(&a->settles));
}

struct accounts *accounts_free(struct accounts *a) {
        accounts_stop(a);
        free(a);
        return NULL;
}
