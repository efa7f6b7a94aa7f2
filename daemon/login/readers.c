/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue of logins whose certificate has to be read, and the helper processes that read them.
 * Must not look into a certificate: verify.c writes the question and decides what the answer
 * means. The secret of a login never comes here. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/closer.h"
#include "base/helper.h"
#include "base/peer.h"
#include "cert/cert_work.h"
#include "cleanup.h"
#include "login/readers.h"
#include "login/verify_audit.h"
#include "rules/share.h"

/* A login that waits. It holds no key but may hold a ticket, so it is wiped. */
struct waiter {
        TAILQ_ENTRY(waiter) entries;
        int fd;
        struct verify_login login;
};

/* A certificate that has to be read, and the logins that wait for it. Not started while helper
 * is NULL. */
struct reading {
        TAILQ_ENTRY(reading) entries;
        struct readers *readers;
        struct verify_question question;
        /* CLOCK_MONOTONIC, microseconds: no login waits longer */
        uint64_t until;
        struct helper *helper;
        bool of_root; /* uid 0 waits for it */
        uint8_t *ask; /* owned, until it is started */
        size_t ask_len;
        TAILQ_HEAD(, waiter) waiters;
};

/* Invariants: (1) n_waiting is the number of waiters of all readings, n_running the number of
 * readings with a helper; (2) no two running readings have the same owner; (3) the timer is
 * armed for the first reading that has not been started, or off. */
struct readers {
        sd_event *event; /* borrowed */
        struct verify *verify;
        struct audit *audit;
        sd_event_source *timer;
        size_t n_waiting, n_running;
        TAILQ_HEAD(, reading) readings; /* the oldest first */
};

static void waiter_free(struct waiter *waiter) {
        closer_close(&waiter->fd);
        explicit_bzero(waiter, sizeof(*waiter));
        free(waiter);
}

static void reading_free(struct reading *reading) {
        struct waiter *waiter;

        while ((waiter = TAILQ_FIRST(&reading->waiters))) {
                TAILQ_REMOVE(&reading->waiters, waiter, entries);
                reading->readers->n_waiting--;
                waiter_free(waiter);
        }
        if (reading->helper)
                reading->readers->n_running--;
        (void) helper_free(reading->helper);
        TAILQ_REMOVE(&reading->readers->readings, reading, entries);
        free(reading->ask);
        free(reading);
}

/* ${question}: NULL when it was not asked; ${verdict}: NULL when the helper had no answer. */
static void answer(struct readers *readers, struct waiter *waiter,
                   const struct verify_question *question, const struct cert_verdict *verdict) {
        const struct verify_reading reading = { .question = question,
                                                .verdict = verdict,
                                                .gone = peer_is_gone(waiter->fd) };
        uint8_t out[WIRE_REPLY_LEN];
        struct verify_event event;

        if (verify_resume(readers->verify, &waiter->login, &reading, clock_now(), out, &event) !=
            VERIFY_ANSWERED)
                return;
        (void) send(waiter->fd, out, sizeof(out), MSG_DONTWAIT | MSG_NOSIGNAL);
        tally_time(verify_tally(readers->verify), waiter->login.received, clock_ticks());
        explicit_bzero(out, sizeof(out));
        verify_log(readers->verify, &event);
        verify_audit_note(readers->audit, &event);
}

static void answer_all(struct reading *reading, const struct cert_verdict *verdict) {
        struct waiter *waiter;

        TAILQ_FOREACH(waiter, &reading->waiters, entries)
                answer(reading->readers, waiter, &reading->question, verdict);
}

static void start_next(struct readers *readers);

static void on_helper(int r, const uint8_t *out, size_t len, void *userdata) {
        struct reading *reading = userdata;
        struct readers *readers = reading->readers;
        struct cert_verdict judged;

        if (r >= 0)
                r = cert_work_take_verdict(out, len, &judged);
        answer_all(reading, r >= 0 ? &judged : NULL);
        reading_free(reading);
        start_next(readers);
}

/* Whether it has not been started, no other reading of its owner is running, and it is no user's
 * where root waits for one of this owner: sshd is not to wait behind the certificates of a thief.
 */
static bool may_start(const struct reading *reading) {
        const struct reading *other;

        if (reading->helper)
                return false;
        TAILQ_FOREACH(other, &reading->readers->readings, entries)
                if ((other->helper || (other->of_root && !reading->of_root)) &&
                    strcmp(other->question.owner, reading->question.owner) == 0)
                        return false;
        return true;
}

static uint64_t now_usec(const struct readers *readers) {
        uint64_t now = 0;

        (void) sd_event_now(readers->event, CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
        return now;
}

static int start(struct reading *reading) {
        struct readers *readers = reading->readers;
        uint64_t now = now_usec(readers), left = reading->until > now ? reading->until - now : 0;
        int r;

        r = helper_start(&reading->helper, readers->event, CERT_WORK_MODE, reading->ask,
                         reading->ask_len, CERT_WORK_VERDICT_MAX, left, on_helper, reading);
        if (r < 0)
                return r;
        readers->n_running++;
        free(take_ptr(reading->ask));
        return 0;
}

static void arm(struct readers *readers) {
        const struct reading *reading;

        TAILQ_FOREACH(reading, &readers->readings, entries) {
                if (reading->helper)
                        continue;
                (void) sd_event_source_set_time(readers->timer, reading->until);
                (void) sd_event_source_set_enabled(readers->timer, SD_EVENT_ONESHOT);
                return;
        }
        (void) sd_event_source_set_enabled(readers->timer, SD_EVENT_OFF);
}

/* For a helper that could not be started, or not in time. */
static void give_up(struct reading *reading) {
        answer_all(reading, NULL);
        reading_free(reading);
}

static size_t readings_of(const struct readers *readers, const char *owner) {
        const struct reading *reading;
        size_t n = 0;

        TAILQ_FOREACH(reading, &readers->readings, entries)
                n += strcmp(reading->question.owner, owner) == 0;
        return n;
}

/* Of the owner who has fewest, and of these the oldest. NULL when none may start. */
static struct reading *find_next(const struct readers *readers) {
        struct reading *reading, *best = NULL;
        size_t least = SIZE_MAX;

        TAILQ_FOREACH(reading, &readers->readings, entries) {
                size_t n = may_start(reading) ? readings_of(readers, reading->question.owner)
                                              : SIZE_MAX;

                if (n < least) {
                        best = reading;
                        least = n;
                }
        }
        return best;
}

static void start_next(struct readers *readers) {
        struct reading *next;

        while (readers->n_running < READERS_HELPERS_MAX && (next = find_next(readers)))
                if (start(next) < 0)
                        give_up(next);
        arm(readers);
}

/* Readings whose time ended before their turn came. */
static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct readers *readers = userdata;
        struct reading *reading, *next;

        (void) source;
        for (reading = TAILQ_FIRST(&readers->readings); reading; reading = next) {
                next = TAILQ_NEXT(reading, entries);
                if (!reading->helper && reading->until <= usec)
                        give_up(reading);
        }
        arm(readers);
        return 0;
}

/* --- Coming in --- */

static struct waiter *waiter_new(const struct verify_login *login, int fd) {
        struct waiter *waiter = calloc(1, sizeof(*waiter));

        if (!waiter)
                return NULL;
        waiter->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        verify_keep(login, &waiter->login);
        if (waiter->fd >= 0)
                return waiter;
        waiter_free(waiter);
        return NULL;
}

/* Whether one answer is good for both questions. Only of one owner: nobody waits in the queue of
 * another. */
static bool is_same(const struct verify_question *a, const struct verify_question *b) {
        return !a->is_signed && !b->is_signed && a->trust == b->trust &&
               strcmp(a->owner, b->owner) == 0 &&
               memcmp(a->thumbprint, b->thumbprint, RECORD_THUMBPRINT_LEN) == 0;
}

/* A reading that the login can share. */
static struct reading *find(const struct readers *readers, const struct verify_question *question) {
        struct reading *reading;

        TAILQ_FOREACH(reading, &readers->readings, entries)
                if (is_same(&reading->question, question))
                        return reading;
        return NULL;
}

static struct reading *reading_new(struct readers *readers, const struct verify_question *question,
                                   uint8_t **ask, size_t ask_len) {
        struct reading *reading = calloc(1, sizeof(*reading));
        uint8_t *shorter = realloc(*ask, ask_len);

        if (shorter)
                *ask = shorter;
        if (!reading)
                return NULL;
        reading->readers = readers;
        reading->question = *question;
        reading->until = now_usec(readers) + READERS_USEC;
        reading->ask = take_ptr(*ask);
        reading->ask_len = ask_len;
        TAILQ_INIT(&reading->waiters);
        TAILQ_INSERT_TAIL(&readers->readings, reading, entries);
        return reading;
}

/* Uids other than 0 get at most half of the places, in all, of one owner and of one source, because
 * sshd asks as root. ${owner}: NULL when it is not known yet. */
static bool has_place(const struct readers *readers, const struct verify_login *login,
                      const char *owner) {
        uid_t uid = login->peer.uid;
        const char *rhost = login->req.rhost;
        const struct reading *reading;
        const struct waiter *waiter;
        size_t same_user = 0, same_owner = 0, same_source = 0, part = uid == 0 ? 1 : 2;

        if (readers->n_waiting >= READERS_WAITING_MAX / part)
                return false;
        TAILQ_FOREACH(reading, &readers->readings, entries) {
                bool same = owner && strcmp(reading->question.owner, owner) == 0;

                TAILQ_FOREACH(waiter, &reading->waiters, entries) {
                        bool of_user = share_range(waiter->login.peer.uid) == share_range(uid);

                        same_owner += same;
                        same_user += of_user;
                        same_source +=
                                of_user && rhost[0] && strcmp(waiter->login.req.rhost, rhost) == 0;
                }
        }
        return same_owner < READERS_PER_OWNER_MAX / part &&
               same_source < READERS_PER_SOURCE_MAX / part &&
               (uid == 0 || same_user < READERS_PER_UID_MAX);
}

/* The reading that the login will wait for; NULL when it cannot wait. */
static struct reading *enqueue(struct readers *readers, const struct verify_login *login) {
        _cleanup_free_ uint8_t *ask = NULL;
        struct verify_question question;
        struct reading *reading;
        ssize_t n;

        if (!has_place(readers, login, NULL))
                return NULL;
        ask = malloc(HELPER_BYTES_MAX);
        if (!ask)
                return NULL;
        n = verify_ask(readers->verify, login, ask, HELPER_BYTES_MAX, &question);
        if (n < 0 || !has_place(readers, login, question.owner))
                return NULL;
        reading = find(readers, &question);
        return reading ? reading : reading_new(readers, &question, &ask, (size_t) n);
}

void readers_serve(struct readers *readers, const struct verify_login *login, int fd) {
        struct waiter *waiter = waiter_new(login, fd);
        struct reading *reading;

        if (!waiter)
                return;
        reading = enqueue(readers, login);
        if (!reading) {
                answer(readers, waiter, NULL, NULL);
                waiter_free(waiter);
                return;
        }
        TAILQ_INSERT_TAIL(&reading->waiters, waiter, entries);
        readers->n_waiting++;
        reading->of_root |= login->peer.uid == 0;
        start_next(readers);
}

size_t readers_length(const struct readers *readers) {
        return readers->n_waiting;
}

struct readers *readers_free(struct readers *readers) {
        struct reading *reading;

        if (!readers)
                return NULL;
        while ((reading = TAILQ_FIRST(&readers->readings)))
                reading_free(reading);
        sd_event_source_disable_unref(readers->timer);
        free(readers);
        return NULL;
}

int readers_new(struct readers **ret, sd_event *event, struct verify *verify, struct audit *audit) {
        struct readers *readers = calloc(1, sizeof(*readers));
        int r;

        if (!readers)
                return -ENOMEM;
        *readers = (struct readers){ .event = event, .verify = verify, .audit = audit };
        TAILQ_INIT(&readers->readings);
        r = sd_event_add_time(event, &readers->timer, CLOCK_MONOTONIC, 0, 0, on_timer, readers);
        if (r >= 0)
                r = sd_event_source_set_enabled(readers->timer, SD_EVENT_OFF);
        if (r < 0) {
                (void) readers_free(readers);
                return r;
        }
        *ret = readers;
        return 0;
}
