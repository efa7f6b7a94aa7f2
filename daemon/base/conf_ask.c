/* SPDX-License-Identifier: BSD-2-Clause */
/* The question to the helper that reads the configuration, its answer, and the helper's work. It
 * does not know what becomes of a configuration. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/conf_ask.h"
#include "base/conf_realm.h"
#include "base/helper.h"
#include "cleanup.h"
#include "text.h"

#define HELPER_USEC UINT64_C(20000000)
#define KIND        'C'

struct conf_ask {
        struct helper *helper;
        void (*done)(struct conf *conf, const char *error, void *userdata);
        void *userdata;
};

/* --- The answer --- */

static void put_realms(struct bytes_writer *w, const struct realms *realms) {
        bytes_write(w, BYTES_NUMBER, realms ? realms->n : 0);
        for (size_t i = 0; realms && i < realms->n; i++) {
                const struct realm *realm = &realms->of[i];

                bytes_write_text(w, realm->name);
                bytes_write_text(w, realm->services);
                bytes_write_text(w, realm->suffixes);
                bytes_write_text(w, realm->list);
                bytes_write(w, 1, realm->has_issuers);
                bytes_write_text(w, realm->issuers_name);
                bytes_write(w, BYTES_NUMBER, realm->issuers);
        }
}

static ssize_t put(const struct conf *conf, const char *error, uint8_t *out, size_t size) {
        struct bytes_writer w = { .out = out, .size = size };

        bytes_write(&w, 1, KIND);
        bytes_write_text(&w, conf ? "" : error);
        if (!conf)
                return bytes_written(&w);
        bytes_write(&w, 1, conf->from_file);
        bytes_write(&w, 1, conf->has_admin_group);
        bytes_write(&w, 1, conf->admin_group_default);
        bytes_write(&w, 1, conf->has_developer_group);
        bytes_write(&w, BYTES_NUMBER, conf->admin_group);
        bytes_write(&w, BYTES_NUMBER, conf->developer_group);
        bytes_write(&w, 1, conf->has_reader_group);
        bytes_write(&w, 1, conf->reader_group_default);
        bytes_write(&w, BYTES_NUMBER, conf->reader_group);
        bytes_write(&w, 1, conf->has_fleet_user);
        bytes_write(&w, BYTES_NUMBER, conf->fleet_user);
        bytes_write_text(&w, conf->admin_name);
        bytes_write_text(&w, conf->developer_name);
        bytes_write_text(&w, conf->reader_name);
        bytes_write_text(&w, conf->fleet_name);
        bytes_write(&w, BYTES_NUMBER, conf->n_peers);
        for (size_t i = 0; i < conf->n_peers; i++) {
                bytes_write_text(&w, conf->peers[i].user);
                bytes_write(&w, BYTES_NUMBER, conf->peers[i].uid);
                bytes_write_text(&w, conf->peers[i].services);
                bytes_write_text(&w, conf->peers[i].certificates);
        }
        put_realms(&w, conf->realms);
        return bytes_written(&w);
}

static void take_daemon(struct bytes_reader *r, struct conf *conf) {
        conf->from_file = bytes_read_flag(r);
        conf->has_admin_group = bytes_read_flag(r);
        conf->admin_group_default = bytes_read_flag(r);
        conf->has_developer_group = bytes_read_flag(r);
        conf->admin_group = (gid_t) bytes_read(r, BYTES_NUMBER);
        conf->developer_group = (gid_t) bytes_read(r, BYTES_NUMBER);
        conf->has_reader_group = bytes_read_flag(r);
        conf->reader_group_default = bytes_read_flag(r);
        conf->reader_group = (gid_t) bytes_read(r, BYTES_NUMBER);
        conf->has_fleet_user = bytes_read_flag(r);
        conf->fleet_user = (uid_t) bytes_read(r, BYTES_NUMBER);
        bytes_read_text(r, conf->admin_name, sizeof(conf->admin_name));
        bytes_read_text(r, conf->developer_name, sizeof(conf->developer_name));
        bytes_read_text(r, conf->reader_name, sizeof(conf->reader_name));
        bytes_read_text(r, conf->fleet_name, sizeof(conf->fleet_name));
}

static int take_peers(struct bytes_reader *r, struct conf *conf, size_t n) {
        conf->peers = n > 0 ? calloc(n, sizeof(*conf->peers)) : NULL;
        if (n > 0 && !conf->peers)
                return -ENOMEM;
        for (conf->n_peers = 0; conf->n_peers < n && !r->bad; conf->n_peers++) {
                struct conf_peer *peer = &conf->peers[conf->n_peers];

                bytes_read_text(r, peer->user, sizeof(peer->user));
                peer->uid = (uid_t) bytes_read(r, BYTES_NUMBER);
                bytes_read_text(r, peer->services, sizeof(peer->services));
                bytes_read_text(r, peer->certificates, sizeof(peer->certificates));
        }
        return r->bad ? -EBADMSG : 0;
}

/* Two realms with one service would make it a matter of luck whose key is good. */
static int take_realms(struct bytes_reader *r, struct conf *conf) {
        _cleanup_free_ struct realm *realms = calloc(REALMS_MAX, sizeof(*realms));
        size_t n = bytes_read(r, BYTES_NUMBER);
        char why[ERROR_LEN];

        if (!realms)
                return -ENOMEM;
        r->bad |= n > REALMS_MAX;
        for (size_t i = 0; i < n && !r->bad; i++) {
                bytes_read_text(r, realms[i].name, sizeof(realms[i].name));
                bytes_read_text(r, realms[i].services, sizeof(realms[i].services));
                bytes_read_text(r, realms[i].suffixes, sizeof(realms[i].suffixes));
                bytes_read_text(r, realms[i].list, sizeof(realms[i].list));
                realms[i].has_issuers = bytes_read_flag(r);
                bytes_read_text(r, realms[i].issuers_name, sizeof(realms[i].issuers_name));
                realms[i].issuers = (gid_t) bytes_read(r, BYTES_NUMBER);
                r->bad |= !realm_is_name(realms[i].name);
        }
        if (!bytes_is_at_end(r) || conf_realm_check(realms, n, why) < 0)
                return -EBADMSG;
        return n > 0 ? realms_new(&conf->realms, realms, n) : 0;
}

int conf_ask_take(const uint8_t *in, size_t len, struct conf **ret, char error[static ERROR_LEN]) {
        __attribute__((cleanup(conf_freep))) struct conf *conf = calloc(1, sizeof(*conf));
        struct bytes_reader r = { .in = in, .len = len };
        char sentence[ERROR_LEN];
        size_t n;
        int done;

        if (!conf)
                return -ENOMEM;
        r.bad |= bytes_read(&r, 1) != KIND;
        bytes_read_text(&r, sentence, sizeof(sentence));
        if (!r.bad && sentence[0]) {
                if (!bytes_is_at_end(&r) || !text_is_label(sentence, ERROR_LEN - 1))
                        return -EBADMSG;
                memcpy(error, sentence, sizeof(sentence));
                return -EINVAL;
        }
        take_daemon(&r, conf);
        n = bytes_read(&r, BYTES_NUMBER);
        if (r.bad || n > CONF_PEERS_MAX)
                return -EBADMSG;
        done = take_peers(&r, conf, n);
        if (done >= 0)
                done = take_realms(&r, conf);
        if (done >= 0)
                *ret = take_ptr(conf);
        return done;
}

/* --- In the helper --- */

ssize_t conf_ask_run(const uint8_t *in, size_t in_len, uint8_t *out) {
        __attribute__((cleanup(conf_freep))) struct conf *conf = NULL;
        struct bytes_reader r = { .in = in, .len = in_len };
        char path[PATH_MAX], error[ERROR_LEN] = "";
        bool required;

        r.bad |= bytes_read(&r, 1) != KIND;
        required = bytes_read_flag(&r);
        bytes_read_text(&r, path, sizeof(path));
        if (!bytes_is_at_end(&r))
                return -EBADMSG;
        if (conf_load(&conf, path, required, error) < 0)
                conf = NULL;
        return put(conf, error, out, HELPER_BYTES_MAX);
}

/* --- On the loop --- */

static void on_helper(int r, const uint8_t *out, size_t len, void *userdata) {
        struct conf_ask *ask = userdata;
        struct conf *conf = NULL;
        char error[ERROR_LEN];

        if (r >= 0)
                r = conf_ask_take(out, len, &conf, error);
        if (r == -ETIMEDOUT)
                (void) snprintf(error, sizeof(error),
                                "the names in it could not be looked up within 20 s; see what "
                                "answers for passwd and group in nsswitch.conf(5)");
        else if (r < 0 && r != -EINVAL)
                (void) snprintf(error, sizeof(error), "the process that reads it has failed: %s",
                                strerrordesc_np(-r));
        ask->helper = helper_free(ask->helper);
        ask->done(r < 0 ? NULL : conf, error, ask->userdata);
}

int conf_ask_start(struct conf_ask **ret, sd_event *event, const char *path, bool required,
                   void (*done)(struct conf *conf, const char *error, void *userdata),
                   void *userdata) {
        uint8_t question[PATH_MAX + 64];
        struct bytes_writer w = { .out = question, .size = sizeof(question) };
        struct conf_ask *ask;
        ssize_t len;
        int r;

        bytes_write(&w, 1, KIND);
        bytes_write(&w, 1, required);
        bytes_write_text(&w, path);
        len = bytes_written(&w);
        if (len < 0)
                return (int) len;
        ask = calloc(1, sizeof(*ask));
        if (!ask)
                return -ENOMEM;
        *ask = (struct conf_ask){ .done = done, .userdata = userdata };
        r = helper_start(&ask->helper, event, CONF_ASK_MODE, question, (size_t) len,
                         HELPER_BYTES_MAX, HELPER_USEC, on_helper, ask);
        if (r < 0) {
                free(ask);
                return r;
        }
        *ret = ask;
        return 0;
}

struct conf_ask *conf_ask_free(struct conf_ask *ask) {
        if (ask)
                (void) helper_free(ask->helper);
        free(ask);
        return NULL;
}
