/* SPDX-License-Identifier: BSD-2-Clause */
/* Connects, listens, sends a statement and collects its answer. Knows no table of the fleet but the
 * one that has the version. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "answer.h"
#include "bells.h"
#include "cleanup.h"
#include "database.h"
#include "note.h"
#include "pause.h"
#include "timer.h"

/* the version in table fleet */
#define SCHEMA        "1"
#define DEADLINE_USEC (DATABASE_DEADLINE_S * UINT64_C(1000000))
#define ARRAYS_MAX    4

/* A thread that connects. It owns all of this until it has written to fd. */
struct attempt {
        pthread_t thread;
        int fd;
        char *conninfo;
        PGconn *conn;
};

enum state {
        CLOSED = 0,
        /* a pause, or an attempt is on its way */
        CONNECTING,
        /* the first statements */
        STARTING,
        UP,
};

/* Invariants: (1) conn is there in the states STARTING and UP only; (2) done is set while a
 * statement is on its way; (3) attempt outlives database_close(), because nothing ends the thread.
 */
struct database {
        sd_event *event;
        const struct database_owner *owner;
        void *userdata;
        enum state state;
        char *conninfo;
        char *listen; /* the statement */
        struct attempt *attempt;
        sd_event_source *attempted, *retry, *io, *deadline;
        struct pause pause;
        PGconn *conn;
        database_done *done;
        void *done_userdata;
        /* the first error, or else the last result */
        PGresult *result;
        /* how much of PQerrorMessage() is of the last statement */
        size_t told;
        const char *silent;
        /* They count over connections. */
        struct bells bells;
        /* listens no more when the connection is free */
        bool deaf;
};

/* --- Connecting, on a thread ---------------------------------------------------------- */

/* What holds unless the connection string says otherwise. A server that is gone without a word is
 * noticed within seconds. */
static const struct {
        const char *keyword, *value;
} defaults[] = {
        { "connect_timeout", "5" },     { "keepalives_idle", "10" },
        { "keepalives_interval", "5" }, { "keepalives_count", "2" },
        { "tcp_user_timeout", "5000" }, { "application_name", "wfapikey-fleetd" },
};

PGconn *database_connect_now(const char *conninfo) {
        PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
        const char *keywords[64] = {}, *values[64] = {};
        size_t n = 0;
        PGconn *conn;

        if (!options)
                return NULL;
        for (const PQconninfoOption *o = options; o->keyword; o++) {
                const char *value = o->val;

                for (size_t i = 0; !value && i < ARRAY_LEN(defaults); i++)
                        if (strcmp(o->keyword, defaults[i].keyword) == 0)
                                value = defaults[i].value;
                if (value && n + 1 < ARRAY_LEN(keywords)) {
                        keywords[n] = o->keyword;
                        values[n++] = value;
                }
        }
        conn = PQconnectdbParams(keywords, values, 0);
        PQconninfoFree(options);
        return conn;
}

char *database_verifier(PGconn *conn, const char *password, const char *role) {
        return PQencryptPasswordConn(conn, password, role, "scram-sha-256");
}

static void wiped_free(char *text) {
        if (text)
                explicit_bzero(text, strlen(text));
        free(text);
}

static void *attempt_run(void *userdata) {
        struct attempt *a = userdata;

        a->conn = database_connect_now(a->conninfo);
        /* Nothing else tells the loop, which would never try again. */
        for (int i = 0; i < 3 && eventfd_write(a->fd, 1) < 0; i++)
                ;
        return NULL;
}

/* The thread has ended. */
static void attempt_free(struct attempt *a) {
        PQfinish(a->conn);
        cleanup_close(&a->fd);
        wiped_free(a->conninfo);
        free(a);
}

static int attempt_new(struct attempt **ret, const char *conninfo) {
        struct attempt *a = calloc(1, sizeof(*a));
        int r;

        if (!a)
                return -ENOMEM;
        a->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        a->conninfo = strdup(conninfo);
        r = a->fd < 0 ? errno : !a->conninfo ? ENOMEM : 0;
        if (r == 0)
                r = pthread_create(&a->thread, NULL, attempt_run, a);
        if (r == 0) {
                *ret = a;
                return 0;
        }
        cleanup_close(&a->fd);
        wiped_free(a->conninfo);
        free(a);
        return -r;
}

/* --- Ends ------------------------------------------------------------------------------ */

static void drop_connection(struct database *d) {
        d->deaf = false;
        d->io = sd_event_source_disable_unref(d->io);
        (void) sd_event_source_set_enabled(d->deadline, SD_EVENT_OFF);
        PQclear(take_ptr(d->result));
        PQfinish(take_ptr(d->conn));
}

static void connect_later(struct database *d) {
        d->state = CONNECTING;
        timer_set(d->retry, pause_next(&d->pause));
}

/* Ends the connection and tries again later. */
static void down(struct database *d, const char *text) {
        database_done *done = take_ptr(d->done);
        char line[NOTE_TEXT_LEN];

        note_fold(line, text); /* before its owner is gone */
        drop_connection(d);
        connect_later(d);
        if (done)
                done(NULL, d->done_userdata);
        if (d->state == CONNECTING)
                d->owner->on_down(line, d->userdata);
}

/* What went wrong with the connection. libpq appends it to what a statement has had to say. */
static const char *why(const struct database *d) {
        const char *text = PQerrorMessage(d->conn);

        return strlen(text) > d->told ? text + d->told : text;
}

static uint64_t now_of(const struct database *d) {
        uint64_t now = 0;

        (void) sd_event_now(d->event, CLOCK_BOOTTIME, &now);
        return now;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        struct database *d = userdata;

        (void) source;
        (void) usec;
        /* It could not be stopped. */
        if (!d->conn)
                return 0;
        down(d,
             PQstatus(d->conn) == CONNECTION_OK ? "the server has not answered in time" : why(d));
        return 0;
}

/* --- Statements ------------------------------------------------------------------------ */

/* Returns whether the connection is still good. */
static bool flush(struct database *d) {
        int r = PQflush(d->conn);

        if (r < 0) {
                down(d, why(d));
                return false;
        }
        (void) sd_event_source_set_io_events(d->io, r > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
        return true;
}

static bool is_error(const PGresult *result) {
        ExecStatusType status = PQresultStatus(result);

        return status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK;
}

/* No statement of ours is a copy. libpq would say the same again and again. */
static bool is_copy(const PGresult *result) {
        ExecStatusType status = PQresultStatus(result);

        return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* Takes what has arrived of the answer. Returns 1 when it is complete, -EBADMSG when it is none. */
static int collect(struct database *d) {
        while (PQisBusy(d->conn) == 0) {
                PGresult *result = PQgetResult(d->conn);

                if (!result)
                        return !d->done || d->result ? 1 : -EBADMSG;
                if (is_copy(result)) {
                        PQclear(result);
                        return -EBADMSG;
                }
                if (d->result && is_error(d->result)) {
                        PQclear(result);
                        continue;
                }
                PQclear(d->result);
                d->result = result;
        }
        return 0;
}

/* Returns whether there were any. */
static bool take_bells(struct database *d) {
        uint64_t now = now_of(d);
        PGnotify *notify;
        bool any = false;

        while ((notify = PQnotifies(d->conn))) {
                PQfreemem(notify);
                any = true;
                if (!d->silent && !d->deaf)
                        d->deaf = bells_hear(&d->bells, now);
        }
        return any;
}

static void listen_no_more(struct database *d);

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct database *d = userdata;
        bool bell;
        int r;

        (void) source;
        (void) fd;
        if ((revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && PQconsumeInput(d->conn) == 0) {
                down(d, why(d));
                return 0;
        }
        if (!flush(d))
                return 0;
        bell = take_bells(d);
        r = collect(d);
        if (r < 0) {
                down(d, ANSWER_MALFORMED);
                return 0;
        }
        if (r > 0 && d->done) {
                database_done *done = take_ptr(d->done);

                (void) sd_event_source_set_enabled(d->deadline, SD_EVENT_OFF);
                d->told = strlen(PQerrorMessage(d->conn));
                done(take_ptr(d->result), d->done_userdata);
        }
        /* A connection can end between two statements. */
        if (d->conn && PQstatus(d->conn) != CONNECTION_OK)
                down(d, why(d));
        else if (d->deaf && d->state == UP && !d->done)
                listen_no_more(d);
        else if (bell && d->state == UP && !d->silent)
                d->owner->on_bell(d->userdata);
        return 0;
}

/* Where ${ok} is 0, libpq could not send: soon the loop ends the connection. */
static int sent(struct database *d, int ok, database_done *done, void *userdata) {
        timer_set(d->deadline, ok ? DEADLINE_USEC : 0);
        if (!ok)
                return -EIO;
        d->done = done;
        d->done_userdata = userdata;
        d->told = 0;
        /* The loop flushes: an error here would call back before this returns. */
        (void) sd_event_source_set_io_events(d->io, EPOLLIN | EPOLLOUT);
        return 0;
}

int database_ask(struct database *d, const char *sql, const struct array *arrays, int n,
                 database_done *done, void *userdata) {
        static const Oid types[ARRAYS_MAX] = {};
        const char *values[ARRAYS_MAX];
        int lengths[ARRAYS_MAX], formats[ARRAYS_MAX];

        assert(d->state == UP && !d->done && n <= ARRAYS_MAX);
        for (int i = 0; i < n; i++) {
                values[i] = (const char *) arrays[i].data;
                lengths[i] = (int) arrays[i].len;
                formats[i] = 1;
        }
        return sent(d, PQsendQueryParams(d->conn, sql, n, types, values, lengths, formats, 1), done,
                    userdata);
}

bool database_is_free(const struct database *d) {
        return d->state == UP && !d->done && !d->deaf;
}

bool database_is_connecting(const struct database *d) {
        return d->attempt != NULL;
}

char *database_password(struct database *d, const char *password, const char *role) {
        return d->conn ? database_verifier(d->conn, password, role) : NULL;
}

/* --- The first statements -------------------------------------------------------------- */

#define FLOOD "bells ring for nothing"

static void on_listen(PGresult *result, void *userdata) {
        struct database *d = userdata;

        /* A lost connection: down() says the rest. */
        if (!result)
                return;
        if (is_error(result))
                d->silent = "the server refuses LISTEN";
        PQclear(result);
        d->state = UP;
        d->owner->on_up(d->silent, d->userdata);
}

/* What was rung before may still come. */
static void listen_no_more(struct database *d) {
        d->deaf = false;
        d->silent = FLOOD;
        d->state = STARTING;
        if (sent(d, PQsendQuery(d->conn, "UNLISTEN *"), on_listen, d) < 0)
                down(d, why(d));
}

void database_bell_wasted(struct database *d) {
        if (d->state == UP && !d->silent && !d->deaf)
                d->deaf = bells_waste(&d->bells, now_of(d));
}

static const char *field(const PGresult *result, int column) {
        return PQgetvalue(result, 0, column);
}

static void on_version(PGresult *result, void *userdata) {
        struct database *d = userdata;
        char text[NOTE_TEXT_LEN] = "the fleet in the database is of another version";
        bool fits, found;

        if (!result)
                return;
        fits = answer_fits_text(result, 3) && PQntuples(result) == 1;
        found = fits && strcmp(field(result, 0), SCHEMA) == 0;
        if (!is_error(result) && !fits)
                (void) snprintf(text, sizeof(text), "%s", ANSWER_MALFORMED);
        if (is_error(result))
                (void) snprintf(text, sizeof(text), "%s (was the database prepared with --setup?)",
                                PQresultErrorMessage(result));
        if (!found) {
                PQclear(result);
                down(d, text);
                return;
        }
        /* Neither a standby nor a pooler passes on what rings at the server. */
        d->silent = *field(result, 1) == 't'   ? "the server is a standby"
                    : *field(result, 2) == 'f' ? "there is a pooler in front of the server"
                    : bells_are_off(&d->bells, now_of(d)) ? FLOOD
                                                          : NULL;
        PQclear(result);
        if (sent(d, PQsendQuery(d->conn, d->silent ? "SELECT 1" : d->listen), on_listen, d) < 0)
                down(d, why(d));
}

/* A pooler does not tell the number of the server's process, because that changes. */
static int ask_version(struct database *d) {
        char sql[160];

        (void) snprintf(sql, sizeof(sql),
                        "SELECT version, pg_catalog.pg_is_in_recovery(),"
                        " pg_catalog.pg_backend_pid() = %d FROM wfapikey.fleet",
                        PQbackendPID(d->conn));
        return sent(d, PQsendQuery(d->conn, sql), on_version, d);
}

static bool start_connection(struct database *d) {
        return PQsetnonblocking(d->conn, 1) == 0 &&
               sd_event_add_io(d->event, &d->io, PQsocket(d->conn), EPOLLIN, on_io, d) >= 0 &&
               ask_version(d) >= 0;
}

bool database_look(struct database *d) {
        if (!database_is_free(d) || !d->silent || bells_are_off(&d->bells, now_of(d)))
                return false;
        d->state = STARTING;
        if (ask_version(d) < 0)
                down(d, why(d));
        return true;
}

/* A warning of the server would go to stderr in many lines. */
static void drop_notice(void *userdata, const PGresult *result) {
        (void) userdata;
        (void) result;
}

static int start_attempt(struct database *d);

static int on_attempted(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct database *d = userdata;
        struct attempt *a = take_ptr(d->attempt);
        bool wanted;

        (void) source;
        (void) fd;
        (void) revents;
        d->attempted = sd_event_source_disable_unref(d->attempted);
        /* It does nothing more but end. What it has written is seen after that. */
        (void) pthread_join(a->thread, NULL);
        wanted = d->state == CONNECTING && strcmp(a->conninfo, d->conninfo) == 0;
        if (wanted) {
                d->conn = take_ptr(a->conn);
                d->state = STARTING;
        }
        attempt_free(a);
        if (!wanted && d->state == CONNECTING) {
                int r = start_attempt(d);

                if (r < 0)
                        down(d, strerrordesc_np(-r));
        }
        if (!wanted)
                return 0;
        d->told = 0;
        (void) PQsetNoticeReceiver(d->conn, drop_notice, NULL);
        (void) PQsetErrorVerbosity(d->conn, PQERRORS_TERSE);
        if (PQstatus(d->conn) != CONNECTION_OK || !start_connection(d))
                down(d, d->conn ? why(d) : DATABASE_BAD_INFO);
        return 0;
}

static int start_attempt(struct database *d) {
        int r = 0;

        /* One that nobody wants any more starts the next one when it has ended. */
        if (d->attempt && d->attempted)
                return 0;
        if (!d->attempt)
                r = attempt_new(&d->attempt, d->conninfo);
        if (r < 0)
                return r;
        return sd_event_add_io(d->event, &d->attempted, d->attempt->fd, EPOLLIN, on_attempted, d);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        struct database *d = userdata;
        /* Not when the timer could not be stopped. */
        int r = d->state == CONNECTING ? start_attempt(d) : 0;

        (void) source;
        (void) usec;
        if (r < 0)
                down(d, strerrordesc_np(-r));
        return 0;
}

/* --- The object ------------------------------------------------------------------------ */

static char *make_listen(const char *const *channels) {
        _cleanup_free_ char *sql = NULL;
        size_t len;
        FILE *f = open_memstream(&sql, &len);

        if (!f)
                return NULL;
        (void) fputs("SELECT 1;", f);
        for (; *channels; channels++) {
                (void) fputs("LISTEN \"", f);
                for (const char *p = *channels; *p; p++)
                        (void) fprintf(f, *p == '"' ? "\"\"" : "%c", *p);
                (void) fputs("\";", f);
        }
        return fclose(f) == 0 ? take_ptr(sql) : NULL;
}

int database_open(struct database *d, const char *conninfo, const char *const *channels) {
        int r;

        database_close(d);
        d->conninfo = strdup(conninfo);
        d->listen = make_listen(channels);
        if (!d->conninfo || !d->listen)
                return -ENOMEM;
        d->pause = (struct pause){};
        d->state = CONNECTING;
        r = start_attempt(d);
        if (r < 0)
                connect_later(d);
        return 0;
}

void database_is_good(struct database *d) {
        d->pause = (struct pause){};
}

void database_again(struct database *d, const char *text) {
        down(d, text);
}

void database_close(struct database *d) {
        d->state = CLOSED;
        d->done = NULL;
        drop_connection(d);
        (void) sd_event_source_set_enabled(d->retry, SD_EVENT_OFF);
        wiped_free(take_ptr(d->conninfo));
        free(take_ptr(d->listen));
}

int database_new(struct database **ret, sd_event *event, const struct database_owner *owner,
                 void *userdata) {
        struct database *d = calloc(1, sizeof(*d));
        int r;

        if (!d)
                return -ENOMEM;
        *d = (struct database){ .event = event, .owner = owner, .userdata = userdata };
        r = sd_event_add_time_relative(event, &d->retry, CLOCK_BOOTTIME, 0, 0, on_retry, d);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &d->deadline, CLOCK_BOOTTIME, 0, 0,
                                               on_deadline, d);
        if (r < 0) {
                (void) database_free(d);
                return r;
        }
        (void) sd_event_source_set_enabled(d->retry, SD_EVENT_OFF);
        (void) sd_event_source_set_enabled(d->deadline, SD_EVENT_OFF);
        *ret = d;
        return 0;
}

/* An attempt that is on its way keeps its memory until the process ends. */
struct database *database_free(struct database *d) {
        if (!d)
                return NULL;
        database_close(d);
        sd_event_source_disable_unref(d->attempted);
        sd_event_source_disable_unref(d->retry);
        sd_event_source_disable_unref(d->deadline);
        free(d);
        return NULL;
}
