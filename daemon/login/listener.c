/* SPDX-License-Identifier: BSD-2-Clause */
/* The connections of the verify socket: accepts them, waits for requests, sends replies. Knows
 * no key, no store and no policy: it passes bytes to verify.c, and does what the outcome says. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/closer.h"
#include "base/log.h"
#include "base/peer.h"
#include "cleanup.h"
#include "login/listener.h"
#include "login/readers.h"
#include "login/verify_audit.h"
#include "rules/share.h"

/* After so many connections the other sources of the loop have their turn. All sources have the
 * same priority, so that the loop serves them in turn: a flood of logins must not keep an
 * administrator from revoking a key. */
#define ACCEPTS_PER_TURN 64

/* A connection that waits: for its request, for the answer to a challenge, or until it is known who
 * the key's owner is. In the last case the request stays in the socket, so no secret waits here. */
struct pending {
        TAILQ_ENTRY(pending) entries;
        struct listener *listener;
        struct verify_session session;
        /* with a challenge: what to log if no answer comes */
        struct verify_event untold;
        bool told;
        bool waiting; /* for who the key's owner is */
        struct peer_cred peer;
        uint64_t until; /* CLOCK_MONOTONIC, microseconds */
        sd_event_source *source;
        int fd;
};

/* All connections in a queue wait equally long, so the oldest is the first. */
TAILQ_HEAD(queue, pending);

/* Invariants: (1) lengths has the lengths of waiting, pending (without a challenge) and offered
 * (with one); (2) the timer is armed for the connection whose time ends first, or off when none
 * waits; (3) the sources of waiting are off. */
struct listener {
        int fd;
        struct verify *verify;
        struct firstuse *firstuse;
        struct audit *audit;
        sd_event *event; /* borrowed */
        sd_event_source *source, *timer;
        struct readers *readers;
        struct queue pending, offered, waiting;
        struct listener_lengths lengths;
        struct peer_logins logins;
        /* Connections are being served in the order in which they came. */
        bool accepting;
};

static void pending_remove(struct pending *p) {
        struct listener *l = p->listener;

        if (p->waiting) {
                TAILQ_REMOVE(&l->waiting, p, entries);
                l->lengths.waiting--;
        } else if (p->session.offered) {
                TAILQ_REMOVE(&l->offered, p, entries);
                l->lengths.offered--;
        } else {
                TAILQ_REMOVE(&l->pending, p, entries);
                l->lengths.pending--;
        }
}

/* After the answer, which does not wait for the look at the client's login session. */
static void tell(struct listener *l, int fd, struct verify_event *event) {
        if (l->accepting)
                peer_find_login_again(&l->logins, fd, &event->peer);
        else
                peer_find_login(fd, &event->peer);
        verify_log(l->verify, event);
        verify_audit_note(l->audit, event);
}

/* A client that sent a key and then disconnected still made an attempt: log it. */
static void pending_free(struct pending *p) {
        if (p->session.offered && !p->told)
                tell(p->listener, p->fd, &p->untold);
        pending_remove(p);
        sd_event_source_disable_unref(p->source);
        closer_close(&p->fd);
        free(p);
}

static void arm(struct listener *l) {
        struct pending *first = TAILQ_FIRST(&l->pending),
                       *others[] = { TAILQ_FIRST(&l->offered), TAILQ_FIRST(&l->waiting) };

        for (size_t i = 0; i < ARRAY_LEN(others); i++)
                if (!first || (others[i] && others[i]->until < first->until))
                        first = others[i];
        if (!first) {
                (void) sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
                return;
        }
        (void) sd_event_source_set_time(l->timer, first->until);
        (void) sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT);
}

enum served {
        SERVED,  /* the connection is done with */
        GONE,    /* likewise, without a request */
        WAITING, /* for its request */
        OFFERED, /* for its second one */
        UNKNOWN, /* for who the key's owner is */
};

/* Does what the outcome of a verification asks for. */
static enum served finish(struct listener *l, int outcome, int fd, struct verify_login *login,
                          const uint8_t *out, struct verify_event *event) {
        if (outcome < 0)
                return GONE;
        if (outcome == VERIFY_WAIT)
                return UNKNOWN;
        if (outcome == VERIFY_ISSUE || outcome == VERIFY_READ)
                peer_find_login(fd, &login->peer);
        if (outcome == VERIFY_ISSUE) {
                firstuse_serve(l->firstuse, &login->req, &login->peer, login->of_realm, fd);
                return SERVED;
        }
        if (outcome == VERIFY_READ) {
                readers_serve(l->readers, login, fd);
                return SERVED;
        }
        /* One reply fits the buffer of any socket. If it cannot be sent at once, nobody is there
         * to read it. */
        (void) send(fd, out, WIRE_REPLY_LEN, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (outcome == VERIFY_ANSWERED) {
                tally_time(verify_tally(l->verify), login->received, clock_ticks());
                tell(l, fd, event);
        }
        return outcome == VERIFY_OFFERED ? OFFERED : SERVED;
}

/* Reads one request and answers it. A request that has to wait stays in the socket. */
static enum served serve(struct listener *l, int fd, const struct peer_cred *peer,
                         struct verify_session *session, bool may_wait,
                         struct verify_event *event) {
        _uncleared_ uint8_t in[WIRE_REQUEST_MAX + 1];
        uint8_t out[WIRE_REPLY_LEN];
        struct verify_packet packet = {
                .in = in, .peer = peer, .session = session, .may_wait = may_wait
        };
        _cleanup_login_ struct verify_login login;
        enum served served;
        int outcome;
        ssize_t n;

        n = peer_peek(fd, in, sizeof(in));
        if (n == -EAGAIN || n == -EINTR)
                return WAITING;
        if (n <= 0)
                return GONE;
        packet.len = (size_t) n;
        packet.received = clock_ticks();
        packet.now = clock_now();
        outcome = verify_packet(l->verify, &packet, &login, out, event);
        if (outcome != VERIFY_WAIT)
                (void) recv(fd, NULL, 0, MSG_DONTWAIT);
        served = finish(l, outcome, fd, &login, out, event);
        explicit_bzero(in, packet.len < sizeof(in) ? packet.len : sizeof(in));
        explicit_bzero(out, sizeof(out));
        return served;
}

static uint64_t in_ms(const struct listener *l, uint64_t ms) {
        uint64_t now = 0;

        (void) sd_event_now(l->event, CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
        return now + ms * UINT64_C(1000);
}

/* The user gets time to sign the challenge. */
static void become_offered(struct pending *p, const struct verify_session *session,
                           const struct verify_event *event) {
        struct listener *l = p->listener;

        pending_remove(p);
        p->waiting = false;
        p->session = *session;
        p->untold = *event;
        p->until = in_ms(l, LISTENER_CHALLENGE_MS);
        (void) sd_event_source_set_enabled(p->source, SD_EVENT_ON);
        TAILQ_INSERT_TAIL(&l->offered, p, entries);
        l->lengths.offered++;
        arm(l);
}

static void become_waiting(struct pending *p) {
        struct listener *l = p->listener;

        pending_remove(p);
        p->waiting = true;
        p->until = in_ms(l, LISTENER_WAIT_MS);
        (void) sd_event_source_set_enabled(p->source, SD_EVENT_OFF);
        TAILQ_INSERT_TAIL(&l->waiting, p, entries);
        l->lengths.waiting++;
        arm(l);
}

static ssize_t find_place(const struct queue *queue, uid_t uid, const struct share_limits *limits) {
        uid_t uids[LISTENER_QUEUE_MAX];
        const struct pending *p;
        size_t n = 0;

        TAILQ_FOREACH(p, queue, entries)
                uids[n++] = p->peer.uid;
        return share_find(uids, n, uid, limits);
}

/* Returns whether there is a place in the queue now. A connection may have lost its own for that.
 */
static bool make_place(const struct queue *queue, uid_t uid, const struct share_limits *limits) {
        ssize_t at = find_place(queue, uid, limits);
        struct pending *p;

        if (at == SHARE_FREE || at == SHARE_NONE)
                return at == SHARE_FREE;
        p = TAILQ_FIRST(queue);
        for (ssize_t i = 0; i < at; i++)
                p = TAILQ_NEXT(p, entries);
        pending_free(p);
        return true;
}

static bool is_same_key(const struct verify_event *a, const struct verify_event *b) {
        return strcmp(a->id, b->id) == 0;
}

static bool is_same_owner(const struct verify_event *a, const struct verify_event *b) {
        return strcmp(a->owner, b->owner) == 0;
}

/* Many services name no source. */
static bool is_same_source(const struct verify_event *a, const struct verify_event *b) {
        return a->rhost[0] && strcmp(a->rhost, b->rhost) == 0;
}

/* A key, an owner of keys and a source can have a few open challenges for each uid, or block of
 * uids. One more takes the place of the oldest of these: a user who has somebody's key ends no
 * challenge of that person at sshd, and a client of sshd with many keys none of anybody else's. */
static void make_room_among(struct listener *l, const struct verify_event *event, size_t most,
                            bool (*is_same)(const struct verify_event *a,
                                            const struct verify_event *b)) {
        struct pending *p, *oldest = NULL;
        size_t n = 0;

        TAILQ_FOREACH_REVERSE(p, &l->offered, queue, entries)
        if (share_range(p->peer.uid) == share_range(event->peer.uid) &&
            is_same(&p->untold, event)) {
                oldest = p;
                n++;
        }
        if (n >= most)
                pending_free(oldest);
}

static bool has_place_to_offer(struct listener *l, const struct verify_event *event) {
        static const struct share_limits limits = { .all = LISTENER_OFFERED_MAX,
                                                    .root = LISTENER_OFFERED_MAX / 2,
                                                    .per_uid = LISTENER_PER_UID_MAX,
                                                    .per_range = LISTENER_OFFERED_PER_RANGE };

        make_room_among(l, event, LISTENER_OFFERED_PER_KEY, is_same_key);
        make_room_among(l, event, LISTENER_OFFERED_PER_OWNER, is_same_owner);
        make_room_among(l, event, LISTENER_OFFERED_PER_SOURCE, is_same_source);
        return make_place(&l->offered, event->peer.uid, &limits);
}

/* These have sent their requests, so none gives its place to another. */
static bool has_place_to_wait(const struct listener *l, uid_t uid) {
        static const struct share_limits limits = { .all = LISTENER_WAITING_MAX,
                                                    .root = LISTENER_WAITING_MAX / 2,
                                                    .per_uid = LISTENER_WAITING_PER_UID,
                                                    .per_range = LISTENER_WAITING_PER_RANGE };

        return find_place(&l->waiting, uid, &limits) == SHARE_FREE;
}

static void serve_pending(struct pending *p, bool may_wait) {
        struct listener *l = p->listener;
        struct verify_session session = p->session;
        struct verify_event event;
        int fd = sd_event_source_get_io_fd(p->source);

        switch (serve(l, fd, &p->peer, &session, may_wait, &event)) {
        case WAITING:
                return;
        case UNKNOWN:
                if (!p->waiting)
                        become_waiting(p);
                return;
        case OFFERED:
                if (has_place_to_offer(l, &event)) {
                        become_offered(p, &session, &event);
                        return;
                }
                tell(l, fd, &event);
                break;
        case SERVED:
                p->told = true;
                break;
        case GONE:
                break;
        }
        pending_free(p);
        arm(l);
}

static int on_request(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct pending *p = userdata;

        (void) source;
        (void) fd;
        (void) revents;
        serve_pending(p, has_place_to_wait(p->listener, p->peer.uid));
        return 0;
}

void listener_look_again(struct listener *l) {
        struct pending *p = l ? TAILQ_FIRST(&l->waiting) : NULL, *next;

        for (; p; p = next) {
                next = TAILQ_NEXT(p, entries);
                serve_pending(p, true);
        }
}

/* What is not known by now is not known in time. */
static void decide_late(struct listener *l, uint64_t usec) {
        struct pending *p = TAILQ_FIRST(&l->waiting), *next;

        for (; p && p->until <= usec; p = next) {
                next = TAILQ_NEXT(p, entries);
                serve_pending(p, false);
        }
}

static void drop_late(struct queue *queue, uint64_t usec) {
        struct pending *p;

        while ((p = TAILQ_FIRST(queue)) && p->until <= usec)
                pending_free(p);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct listener *l = userdata;

        (void) source;
        drop_late(&l->pending, usec);
        drop_late(&l->offered, usec);
        decide_late(l, usec);
        arm(l);
        return 0;
}

static bool has_place(struct listener *l, uid_t uid) {
        static const struct share_limits limits = { .all = LISTENER_PENDING_MAX,
                                                    .root = LISTENER_ROOT_SHARE,
                                                    .per_uid = LISTENER_PER_UID_MAX,
                                                    .per_range = LISTENER_PER_RANGE_MAX };

        return make_place(&l->pending, uid, &limits);
}

/* A connection that waits for its request; NULL when there is no memory. */
static struct pending *keep(struct listener *l, int *fd, const struct peer_cred *peer) {
        struct pending *p;
        int r;

        p = calloc(1, sizeof(*p));
        if (!p)
                return NULL;
        *p = (struct pending){
                .listener = l, .peer = *peer, .fd = *fd, .until = in_ms(l, LISTENER_PATIENCE_MS)
        };
        r = sd_event_add_io(l->event, &p->source, *fd, EPOLLIN, on_request, p);
        if (r < 0) {
                free(p);
                return NULL;
        }
        (void) take_fd(fd);
        TAILQ_INSERT_TAIL(&l->pending, p, entries);
        l->lengths.pending++;
        if (l->lengths.pending == 1)
                arm(l);
        return p;
}

/* Closes the connection that has waited longest, because without a descriptor the loop would
 * spin on the one that it cannot accept. Returns whether there was one. */
static bool make_room(struct listener *l) {
        struct pending *longest = TAILQ_FIRST(&l->pending);

        if (!longest)
                longest = TAILQ_FIRST(&l->offered);
        if (!longest)
                return false;
        pending_free(longest);
        arm(l);
        return true;
}

/* Returns whether there may be more connections. */
static bool accept_one(struct listener *l) {
        _cleanup_connection_ int fd = -1;
        struct verify_session session = {};
        struct verify_event event;
        struct pending *p = NULL;
        enum served served;
        struct peer_cred peer;

        fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
                return make_room(l);
        if (fd < 0)
                return errno == EINTR || errno == ECONNABORTED;
        /* Most requests have arrived with their connection: serve them without waiting. */
        if (peer_cred(fd, &peer) < 0)
                return true;
        l->accepting = true;
        served = serve(l, fd, &peer, &session, has_place_to_wait(l, peer.uid), &event);
        l->accepting = false;
        if (served == UNKNOWN || (served == WAITING && has_place(l, peer.uid)) ||
            (served == OFFERED && has_place_to_offer(l, &event)))
                p = keep(l, &fd, &peer);
        if (served == UNKNOWN && p)
                become_waiting(p);
        else if (served == OFFERED && p)
                become_offered(p, &session, &event);
        else if (served == OFFERED)
                tell(l, fd, &event);
        return true;
}

static int on_accept(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        (void) source;
        (void) fd;
        (void) revents;
        for (unsigned n = 1; accept_one(userdata) && n < ACCEPTS_PER_TURN; n++)
                continue;
        return 0;
}

struct listener *listener_free(struct listener *l) {
        struct pending *p;

        if (!l)
                return NULL;
        while ((p = TAILQ_FIRST(&l->pending)) || (p = TAILQ_FIRST(&l->offered)) ||
               (p = TAILQ_FIRST(&l->waiting)))
                pending_free(p);
        sd_event_source_disable_unref(l->source);
        sd_event_source_disable_unref(l->timer);
        closer_close(&l->fd);
        peer_logins_done(&l->logins);
        free(l);
        return NULL;
}

int listener_new(struct listener **ret, sd_event *event, int fd, struct verify *verify,
                 struct firstuse *firstuse, struct audit *audit, struct readers *readers) {
        struct listener *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        *l = (struct listener){ .fd = fd,
                                .verify = verify,
                                .firstuse = firstuse,
                                .audit = audit,
                                .readers = readers,
                                .event = event };
        TAILQ_INIT(&l->pending);
        TAILQ_INIT(&l->offered);
        TAILQ_INIT(&l->waiting);
        peer_refuse_descriptors(fd);
        r = sd_event_add_io(event, &l->source, fd, EPOLLIN, on_accept, l);
        if (r >= 0)
                r = sd_event_add_time(event, &l->timer, CLOCK_MONOTONIC, 0, 0, on_timer, l);
        if (r >= 0)
                r = sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
        if (r < 0) {
                l->fd = -1; /* the caller keeps it */
                listener_free(l);
                return r;
        }
        *ret = l;
        return 0;
}

struct listener_lengths listener_lengths(const struct listener *l) {
        return l->lengths;
}
