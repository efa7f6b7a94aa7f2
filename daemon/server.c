/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts all parts in the order in which they need each other, connects them, and ends them in the
 * reverse order. What the parts do is not here. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

#include "accounts/accounts.h"
#include "accounts/accounts_update.h"
#include "badpage.h"
#include "base/clock.h"
#include "base/closer.h"
#include "base/log.h"
#include "base/nudge.h"
#include "base/sockets.h"
#include "bootstrap.h"
#include "cleanup.h"
#include "control/control_bus.h"
#include "control/control_cert_read.h"
#include "control/control_conf.h"
#include "control/control_follow.h"
#include "control/control_mirror.h"
#include "control/control_names.h"
#include "control/control_password.h"
#include "control/control_reload.h"
#include "control/control_state.h"
#include "fleet/fleet.h"
#include "fleet/fleet_age.h"
#include "keys/audit.h"
#include "keys/sweep_timer.h"
#include "login/leftout.h"
#include "login/listener.h"
#include "login/readers.h"
#include "login/verify.h"
#include "mirror/mirror.h"
#include "notify.h"
#include "server.h"
#include "store/store_look.h"
#include "watchdog.h"

#define FLUSH_USEC UINT64_C(2000000)
/* between two refreshes because of unknown accounts */
#define UNKNOWN_FLUSHES 15
#define ETC             "/etc"
#define NOTIFY_READY    "READY=1\nSTATUS=Serving keys"

struct server {
        const struct server_options *options;
        struct store_shared shared;
        /* The worker owns its writer once that thread runs. */
        struct bootstrap state;
        /* control owns it once that is filled */
        struct conf *conf;
        struct verify *verify;
        struct firstuse *firstuse;
        struct spellings *spellings;
        struct audit *audit;
        struct readers *readers;
        struct mirror *mirror;
        struct fleet *fleet;
        struct control_password *password;
        struct control_cert_reads *cert_reads;
        struct control_confs *confs;
        struct control_names *names;
        /* the configuration, which is being read after a SIGHUP */
        struct conf_ask *reading;
        uint64_t reading_serial;
        bool read_again;
        struct control control;
        sd_event *event;
        struct worker *worker;
        struct accounts *accounts;
        struct sweep_timer *sweeper;
        unsigned unknown_wait;
        sd_event_source *flush, *reload, *watchdog, *notify;
        struct store_look *look;
        struct sockets sockets;
        struct listener *listener;
        struct control_bus *control_bus;
};

/* Those of the writer thread come with its next line, and at its end. */
static void say_left_out(struct server *s, bool last) {
        if (s->verify)
                leftout_say(verify_limits(s->verify), "logins", clock_now(), last);
        if (s->firstuse)
                leftout_say(firstuse_limits(s->firstuse), "first uses", clock_now(), last);
        if (last)
                leftout_say(&s->control.writer.changes, "changes of keys", clock_now(), true);
}

static int on_flush(sd_event_source *source, uint64_t usec, void *userdata) {
        struct server *s = userdata;

        (void) usec;
        verify_flush(s->verify, s->worker);
        say_left_out(s, false);
        store_look_poke(s->look);
        if (s->unknown_wait > 0)
                s->unknown_wait--;
        audit_flush(s->audit, s->worker, clock_now());
        control_follow_repeats(&s->control);
        /* Clients that did not keep up get the rest now. */
        control_follow_pump(&s->control);
        control_mirror_tidy(&s->control, 0);
        (void) sd_event_source_set_time_relative(source, FLUSH_USEC);
        (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

/* The next start looks through all of the store, and mends it. */
static void on_damage(void *userdata) {
        bootstrap_note_damage(((struct server *) userdata)->state.lock);
}

/* A login waits for what is not known of an account. Refreshing all accounts is expensive. Do it at
 * most every 30 s, however often keys of unknown accounts are tried. */
static void on_unknown(void *userdata) {
        struct server *s = userdata;

        if (s->unknown_wait > 0)
                return;
        s->unknown_wait = UNKNOWN_FLUSHES;
        accounts_refresh(s->accounts);
}

/* Logins may wait for whose name another spelling is. */
static void on_spelling(void *userdata) {
        listener_look_again(((struct server *) userdata)->listener);
}

static void read_conf(struct server *s);

static void on_conf(struct conf *conf, const char *error, void *userdata) {
        struct server *s = userdata;

        s->reading = conf_ask_free(s->reading);
        control_reload_apply(&s->control, s->reading_serial, conf, error);
        if (s->read_again)
                read_conf(s);
        else
                notify_state(&s->notify, s->event, NOTIFY_READY);
}

/* A signal that comes while a helper reads may tell of a change that the helper has not seen. */
static void read_conf(struct server *s) {
        bool required = conf_must_be_there(s->control.loop.conf, s->options->conf_required);
        int r;

        s->read_again = s->reading != NULL;
        if (s->reading)
                return;
        notify_state(&s->notify, s->event, "RELOADING=1");
        s->reading_serial = control_reload_serial(&s->control);
        r = conf_ask_start(&s->reading, s->event, s->options->conf, required, on_conf, s);
        if (r >= 0)
                return;
        control_reload_apply(&s->control, s->reading_serial, NULL, strerrordesc_np(-r));
        notify_state(&s->notify, s->event, NOTIFY_READY);
}

static int on_sighup(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        (void) source;
        (void) si;
        read_conf(userdata);
        return 0;
}

static void on_finished(void *userdata) {
        struct server *s = userdata;

        (void) sd_event_exit(s->event, 0);
}

/* Logins go on until the last client of the control socket has its answer. Then no connection is
 * left: at the end of the loop sd-bus would wait for each client that has not authenticated. */
static int on_sigterm(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        struct server *s = userdata;

        (void) source;
        (void) si;
        if (s->control_bus)
                control_bus_finish(s->control_bus, on_finished, s);
        else
                on_finished(s);
        return 0;
}

/* The writer has finished something. The reader's old snapshot would keep the log from being
 * reused, something else may be due next, logins may wait for what is known of an account, and
 * clients may follow the audit log. */
static void on_written(void *userdata) {
        struct server *s = userdata;

        store_release(s->state.reader);
        sweep_timer_poke(s->sweeper);
        listener_look_again(s->listener);
        control_follow_pump(&s->control);
}

/* How long the queues are. On the loop. */
static void look_at_queues(struct control_queue out[static CONTROL_QUEUES], void *userdata) {
        struct server *s = userdata;
        struct listener_lengths lengths = listener_lengths(s->listener);

        out[0] = (struct control_queue){ "writer", worker_length(s->worker), WORKER_QUEUE_MAX };
        out[1] = (struct control_queue){ "connections", lengths.pending, LISTENER_PENDING_MAX };
        out[2] = (struct control_queue){ "challenges", lengths.offered, LISTENER_OFFERED_MAX };
        out[3] = (struct control_queue){ "certificates", readers_length(s->readers),
                                         READERS_WAITING_MAX };
        out[4] = (struct control_queue){ "accounts", lengths.waiting, LISTENER_WAITING_MAX };
}

static int start_loop(struct server *s) {
        sigset_t signals;
        int r;

        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        (void) sigaddset(&signals, SIGHUP);
        /* Before the first thread starts, so that all threads inherit it. */
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return -errno;
        r = sd_event_new(&s->event);
        if (r >= 0)
                r = sd_event_add_signal(s->event, NULL, SIGTERM, on_sigterm, s);
        if (r >= 0)
                r = sd_event_add_signal(s->event, NULL, SIGINT, on_sigterm, s);
        if (r >= 0)
                r = sd_event_add_signal(s->event, &s->reload, SIGHUP, on_sighup, s);
        if (r >= 0)
                r = watchdog_start(&s->watchdog, s->event);
        if (r >= 0)
                r = closer_start(s->event);
        return r < 0 ? r
                     : sd_event_add_time_relative(s->event, &s->flush, CLOCK_MONOTONIC, FLUSH_USEC,
                                                  0, on_flush, s);
}

/* This host goes on without its fleet when that cannot be read. Then the fleet's keys are refused,
 * and each call of the control socket tries again. */
static int start_fleet(struct server *s, struct store *writer) {
        int64_t ms;
        int r;

        r = fleet_new(&s->fleet, s->state.lock, s->state.keymint);
        if (r < 0)
                return r;
        (void) !fleet_load(s->fleet, writer);
        ms = fleet_age_current(s->fleet);
        atomic_store(&s->shared.fleet_at, ms == INT64_MIN ? ms : ms / 1000);
        return 0;
}

static int start_threads(struct server *s) {
        struct accounts_source source = { .etc = ETC, .realms = s->conf->realms };
        struct store *writer;
        int r;

        r = log_start();
        if (r < 0)
                return r;
        writer = take_ptr(s->state.writer);
        s->conf->had_admin_group = accounts_update_had_group(writer);
        source.admin_group = conf_admin_group(s->conf);
        (void) accounts_update_start(writer, &source);
        r = start_fleet(s, writer);
        if (r < 0) {
                s->state.writer = writer;
                return r;
        }
        r = worker_new(&s->worker, s->event, writer, on_written, s);
        if (r < 0)
                s->state.writer = writer;
        return r;
}

static int start_handlers(struct server *s) {
        int r;

        r = verify_new(&s->verify, s->state.reader, s->state.keymint);
        if (r < 0)
                return r;
        r = audit_new(&s->audit);
        if (r < 0)
                return r;
        r = readers_new(&s->readers, s->event, s->verify, s->audit);
        if (r < 0)
                return r;
        verify_set_conf(s->verify, s->conf);
        verify_set_worker(s->verify, s->worker);
        r = mirror_new(&s->mirror, s->state.lock, s->state.keymint);
        if (r < 0)
                return r;
        r = accounts_new(&s->accounts, s->event, s->worker, ETC);
        if (r < 0)
                return r;
        accounts_set_conf(s->accounts, s->conf);
        r = spellings_new(&s->spellings, s->accounts, on_spelling, s);
        if (r < 0)
                return r;
        verify_set_spellings(s->verify, s->spellings);
        verify_on_unknown(s->verify, on_unknown, s);
        r = firstuse_new(&s->firstuse, s->worker, s->accounts, s->state.keymint, s->audit);
        if (r < 0)
                return r;
        r = control_password_new(&s->password, s->event);
        if (r < 0)
                return r;
        r = control_cert_read_new(&s->cert_reads, s->event);
        if (r < 0)
                return r;
        r = control_conf_new(&s->confs, s->event);
        if (r < 0)
                return r;
        r = store_look_new(&s->look, s->event, s->state.reader, s->state.unchecked > 0, on_damage,
                           s);
        if (r < 0)
                return r;
        r = sweep_timer_new(&s->sweeper, s->event, s->worker, &s->shared);
        if (r >= 0)
                sweep_timer_set_uses(s->sweeper, verify_get_uses(s->verify));
        return r;
}

/* What the methods of the control socket work with. All of it has been started by now, and no
 * client has connected yet. */
static int fill_control(struct server *s) {
        int r;

        s->control = (struct control){
                .fixed = { .worker = s->worker,
                           .verify = s->verify,
                           .accounts = s->accounts,
                           .audit = s->audit,
                           .sweeper = s->sweeper,
                           .look = s->look,
                           .password = s->password,
                           .cert = s->cert_reads,
                           .confs = s->confs,
                           .shared = &s->shared,
                           .keymint = s->state.keymint,
                           .state_dir = s->options->state_dir,
                           .state_fd = s->state.lock,
                           .conf_path = s->options->conf,
                           .conf_required = s->options->conf_required,
                           .own_sockets = s->sockets.made_verify || s->sockets.made_control,
                           .started_at = clock_now(),
                           .queues = look_at_queues,
                           .queues_userdata = s },
                .loop = { .conf = take_ptr(s->conf) },
                .writer = { .mirror = s->mirror, .fleet = s->fleet },
        };
        r = control_quota_init(&s->control.loop.quota);
        if (r >= 0)
                r = control_names_new(&s->names, s->event, &s->control, ETC);
        s->control.fixed.names = s->names;
        return r < 0 ? r : loglimit_init(&s->control.writer.changes);
}

static int start_sockets(struct server *s, char *error) {
        int r;

        r = sockets_open(s->options->verify_socket, s->options->control_socket, &s->sockets, error);
        if (r < 0)
                return r;
        r = fill_control(s);
        if (r < 0)
                return r;
        r = listener_new(&s->listener, s->event, s->sockets.verify, s->verify, s->firstuse,
                         s->audit, s->readers);
        if (r >= 0) {
                s->sockets.verify = -1; /* the listener owns it */
                r = control_bus_new(&s->control_bus, s->event, s->sockets.control, &s->control);
        }
        if (r >= 0)
                s->sockets.control = -1;
        else
                (void) snprintf(error, ERROR_LEN, "cannot serve the sockets: %s",
                                strerrordesc_np(-r));
        return r;
}

static int start(struct server *s, char *error) {
        int r;

        r = conf_load(&s->conf, s->options->conf, s->options->conf_required, error);
        if (r >= 0)
                r = bootstrap_open(s->options->state_dir, &s->shared, &s->state, error);
        if (r >= 0)
                badpage_watch(s->state.lock);
        if (r >= 0 && s->options->seed)
                r = seed_plant(s->options->seed, s->state.keymint, s->state.writer, error);
        if (s->options->seed)
                explicit_bzero(s->options->seed, sizeof(*s->options->seed));
        if (r < 0)
                return r;
        r = start_loop(s);
        if (r >= 0)
                r = start_threads(s);
        if (r >= 0)
                r = start_handlers(s);
        if (r < 0) {
                (void) snprintf(error, ERROR_LEN, "cannot start: %s", strerrordesc_np(-r));
                return r;
        }
        return start_sockets(s, error);
}

int server_new(struct server **ret, const struct server_options *options,
               char error[static ERROR_LEN]) {
        __attribute__((cleanup(server_freep))) struct server *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->options = options;
        s->sockets.verify = s->sockets.control = s->state.lock = -1;
        /* Readers have seen 0, so their first look finds something new. */
        atomic_init(&s->shared.generation, 1);
        r = start(s, error);
        if (r < 0)
                return r;
        *ret = take_ptr(s);
        return 0;
}

static void end_worker(struct server *s) {
        if (s->verify && s->worker)
                verify_finish(s->verify, s->worker);
        sweep_timer_stop(s->sweeper);
        accounts_stop(s->accounts);
        if (s->audit && s->worker)
                audit_finish(s->audit, s->worker, clock_now());
        /* runs what is queued, the flushes too */
        worker_free(s->worker);
        say_left_out(s, true);
}

struct server *server_free(struct server *s) {
        if (!s)
                return NULL;
        sockets_remove(s->options->verify_socket, s->options->control_socket, &s->sockets);
        /* the worker still calls on_written() */
        s->listener = listener_free(s->listener);
        readers_free(s->readers);
        control_bus_free(s->control_bus);
        control_password_free(s->password);
        control_cert_read_free(s->cert_reads);
        control_conf_free(s->confs);
        control_names_free(s->names);
        (void) conf_ask_free(s->reading);
        cleanup_close(&s->sockets.verify);
        cleanup_close(&s->sockets.control);
        end_worker(s);
        control_fleet_stop(&s->control);
        control_follow_stop(&s->control);
        (void) sweep_timer_free(s->sweeper);
        (void) store_look_free(s->look);
        (void) accounts_free(s->accounts);
        sd_event_source_disable_unref(s->flush);
        sd_event_source_disable_unref(s->reload);
        sd_event_source_disable_unref(s->watchdog);
        sd_event_source_disable_unref(s->notify);
        verify_free(s->verify);
        (void) spellings_free(s->spellings);
        firstuse_free(s->firstuse);
        audit_free(s->audit);
        mirror_free(s->mirror);
        (void) fleet_free(s->fleet);
        closer_stop();
        sd_event_unref(s->event);
        store_free(s->state.reader);
        store_free(s->state.writer);
        (void) highwater_free(s->state.seen);
        cleanup_close(&s->state.lock);
        (void) keymint_free(s->state.keymint);
        (void) conf_free(s->control.loop.conf);
        (void) conf_free(s->conf);
        (void) log_stop(); /* What nobody reads is lost. */
        free(s);
        return NULL;
}

void server_freep(struct server **s) {
        *s = server_free(*s);
}

int server_run(struct server *s) {
        int r;

        notify_state(&s->notify, s->event, NOTIFY_READY);
        log_message(MESSAGE_READY, LOG_INFO, "ready: state in '%s'", s->options->state_dir);
        r = nudge_loop(s->event);
        (void) notify_once("STOPPING=1");
        return r;
}
