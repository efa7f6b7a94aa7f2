#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "clock.h"
#include "listener.h"
#include "log.h"
#include "peer.h"

/* So many connections, then it is the turn of the others. All sources of the loop have one priority, which makes it serve them in turn: put
 * before the control socket, a flood here would keep an administrator from revoking. */
#define ACCEPTS_PER_TURN 64

/* A connection whose request has not come with it. Ordered by age; all have the same patience. */
struct pending {
        TAILQ_ENTRY(pending) entries;
        struct listener *listener;
        struct ucred peer;
        uint64_t until;          /* CLOCK_MONOTONIC, microseconds */
        sd_event_source *source; /* owns the descriptor */
};

/* Invariants: (1) n_pending is the length of pending; (2) the timer is armed for the first of them, or off when there is none. */
struct listener {
        int fd;
        struct verify *verify;
        struct firstuse *firstuse;
        struct audit *audit;
        sd_event *event; /* borrowed */
        sd_event_source *source, *timer;
        TAILQ_HEAD(, pending) pending;
        size_t n_pending;
};

static void pending_free(struct pending *p) {
        TAILQ_REMOVE(&p->listener->pending, p, entries);
        p->listener->n_pending--;
        sd_event_source_disable_unref(p->source);
        free(p);
}

static void arm(struct listener *l) {
        struct pending *first = TAILQ_FIRST(&l->pending);

        if (!first) {
                (void) sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
                return;
        }
        (void) sd_event_source_set_time(l->timer, first->until);
        (void) sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT);
}

/* Takes the request that is there and answers it. Returns whether the connection is done with. */
static bool serve(struct listener *l, int fd, const struct ucred *peer) {
        uint8_t in[WIRE_REQUEST_LEN + 1], out[WIRE_REPLY_LEN];
        struct verify_event event;
        ssize_t n;
        int r;

        /* MSG_TRUNC makes the kernel report the true length, so that too long a message is seen as such. */
        n = recv(fd, in, sizeof(in), MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return false;
        if (n <= 0)
                return true;

        r = verify_packet(l->verify, in, (size_t) n, peer, clock_now(), out, &event);
        if (r == VERIFY_ISSUE)
                firstuse_serve(l->firstuse, in, (size_t) n, peer, fd);
        explicit_bzero(in, sizeof(in));
        if (r < 0 || r == VERIFY_ISSUE)
                return true;
        /* One reply fits any socket's buffer; where it does not go out at once there is nobody to read it. */
        (void) send(fd, out, sizeof(out), MSG_DONTWAIT | MSG_NOSIGNAL);
        explicit_bzero(out, sizeof(out));
        if (r > 0) {
                verify_log(l->verify, &event);
                audit_login(l->audit, &event);
        }
        return true;
}

static int on_request(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct pending *p = userdata;
        struct listener *l = p->listener;

        (void) source;
        (void) revents;
        if (serve(l, fd, &p->peer)) {
                pending_free(p);
                arm(l);
        }
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct listener *l = userdata;
        struct pending *p;

        (void) source;
        while ((p = TAILQ_FIRST(&l->pending)) && p->until <= usec)
                pending_free(p);
        arm(l);
        return 0;
}

static bool has_place(const struct listener *l, uid_t uid) {
        const struct pending *p;
        size_t same = 0;

        if (uid == 0)
                return l->n_pending < LISTENER_PENDING_MAX;
        if (l->n_pending >= LISTENER_PENDING_MAX - LISTENER_ROOT_SHARE)
                return false;
        TAILQ_FOREACH(p, &l->pending, entries)
        if (p->peer.uid == uid)
                same++;
        return same < LISTENER_PER_UID_MAX;
}

static int wait_for_request(struct listener *l, int *fd, const struct ucred *peer) {
        struct pending *p;
        uint64_t now;
        int r;

        r = sd_event_now(l->event, CLOCK_MONOTONIC, &now);
        if (r < 0)
                return r;
        p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        *p = (struct pending){ .listener = l,
                               .peer = *peer,
                               .until = now + LISTENER_PATIENCE_MS * UINT64_C(1000) };
        r = sd_event_add_io(l->event, &p->source, *fd, EPOLLIN, on_request, p);
        if (r >= 0)
                r = sd_event_source_set_io_fd_own(p->source, true);
        if (r < 0) {
                sd_event_source_disable_unref(p->source);
                free(p);
                return r;
        }
        (void) take_fd(fd);
        TAILQ_INSERT_TAIL(&l->pending, p, entries);
        if (l->n_pending++ == 0)
                arm(l);
        return 0;
}

/* Returns whether there may be more. */
static bool accept_one(struct listener *l) {
        _cleanup_close_ int fd = -1;
        struct ucred peer;

        fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) &&
            !TAILQ_EMPTY(&l->pending)) {
                /* Whoever has waited longest makes room; else this loop would spin on the one who cannot be let in. */
                pending_free(TAILQ_FIRST(&l->pending));
                arm(l);
                return true;
        }
        if (fd < 0)
                return errno == EINTR || errno == ECONNABORTED;
        /* Most requests have come with the connection: no second wake-up then. */
        if (peer_cred(fd, &peer) < 0 || serve(l, fd, &peer))
                return true;
        if (has_place(l, peer.uid))
                (void) wait_for_request(l, &fd, &peer);
        return true;
}

static int on_accept(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        (void) source;
        (void) fd;
        (void) revents;
        for (unsigned i = 0; i < ACCEPTS_PER_TURN; i++)
                if (!accept_one(userdata))
                        break;
        return 0;
}

struct listener *listener_free(struct listener *l) {
        struct pending *p;

        if (!l)
                return NULL;
        while ((p = TAILQ_FIRST(&l->pending)))
                pending_free(p);
        sd_event_source_disable_unref(l->source);
        sd_event_source_disable_unref(l->timer);
        if (l->fd >= 0)
                (void) close(l->fd);
        free(l);
        return NULL;
}

int listener_new(struct listener **ret, sd_event *event, int fd, struct verify *verify,
                 struct firstuse *firstuse, struct audit *audit) {
        struct listener *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        *l = (struct listener){
                .fd = fd, .verify = verify, .firstuse = firstuse, .audit = audit, .event = event
        };
        TAILQ_INIT(&l->pending);
        peer_refuse_descriptors(fd);
        r = sd_event_add_io(event, &l->source, fd, EPOLLIN, on_accept, l);
        if (r >= 0)
                r = sd_event_add_time(event, &l->timer, CLOCK_MONOTONIC, 0, 0, on_timer, l);
        if (r >= 0)
                r = sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
        if (r < 0) {
                l->fd = -1; /* still the caller's */
                listener_free(l);
                return r;
        }
        *ret = l;
        return 0;
}
