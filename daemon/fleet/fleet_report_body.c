/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of a report as bytes. Does not decide whether they are believed. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "attr.h"
#include "fleet/fleet_report_body.h"
#include "keytext.h"
#include "store/store_mirror.h"
#include "text.h"

#define TEXT(member)                                                                               \
        { offsetof(struct audit_record, member), sizeof(((struct audit_record *) NULL)->member) }
/* in their order in the record */
static const struct {
        size_t offset, size;
} texts[] = {
        TEXT(event),   TEXT(verdict), TEXT(door),   TEXT(key),    TEXT(user),
        TEXT(service), TEXT(rhost),   TEXT(reason), TEXT(detail),
};

static size_t begin(struct bytes_writer *w, uint8_t type) {
        size_t at = w->len;

        bytes_write(w, 1, type);
        bytes_write(w, 4, 0);
        return at;
}

static void end(struct bytes_writer *w, size_t at) {
        if (!w->full)
                bytes_put(w->out + at + 1, 4, w->len - at - STORE_RECORD_HEAD);
}

static void put_mark(struct bytes_writer *w, const struct audit_mark *mark) {
        bytes_write(w, 8, (uint64_t) mark->seq);
        bytes_write_raw(w, mark->hash, sizeof(mark->hash));
}

/* A number that the store can have, and that nothing overflows with. */
static int64_t get_number(struct bytes_reader *r) {
        int64_t number = (int64_t) bytes_read(r, 8);

        r->bad |= number < 0 || number > INT64_MAX / 4;
        return number;
}

static void get_mark(struct bytes_reader *r, struct audit_mark *ret) {
        ret->seq = get_number(r);
        bytes_read_raw(r, ret->hash, sizeof(ret->hash));
}

static void get_text(struct bytes_reader *r, char *out, size_t size) {
        bytes_read_text(r, out, size);
        r->bad |= !r->bad && out[0] && !text_is_label(out, size - 1);
}

void fleet_report_body_put_log(struct bytes_writer *w, const struct fleet_report_log *log) {
        size_t at = begin(w, FLEET_REPORT_LOG);

        put_mark(w, &log->from);
        put_mark(w, &log->last);
        bytes_write(w, 1, log->fault);
        bytes_write(w, 8, (uint64_t) log->bad);
        end(w, at);
}

int fleet_report_body_get_log(struct bytes_reader *r, struct fleet_report_log *ret) {
        struct fleet_report_log log = {};
        uint64_t fault;

        get_mark(r, &log.from);
        get_mark(r, &log.last);
        fault = bytes_read(r, 1);
        log.bad = (int64_t) bytes_read(r, 8);
        if (!bytes_is_at_end(r) || fault > AUDIT_UNSEALED)
                return -EBADMSG;
        log.fault = (enum audit_fault) fault;
        *ret = log;
        return 0;
}

void fleet_report_body_put_use(struct bytes_writer *w, const struct key_use *use) {
        size_t at = begin(w, FLEET_REPORT_USE);

        bytes_write_text(w, use->id);
        bytes_write(w, 8, (uint64_t) use->at);
        bytes_write(w, 8, use->count);
        bytes_write_text(w, use->service);
        bytes_write_text(w, use->rhost);
        end(w, at);
}

int fleet_report_body_get_use(struct bytes_reader *r, struct key_use *ret) {
        struct key_use use = {};

        get_text(r, use.id, sizeof(use.id));
        use.at = get_number(r);
        use.count = (uint64_t) get_number(r);
        get_text(r, use.service, sizeof(use.service));
        get_text(r, use.rhost, sizeof(use.rhost));
        if (!bytes_is_at_end(r) || !keytext_is_id(use.id))
                return -EBADMSG;
        *ret = use;
        return 0;
}

void fleet_report_body_put_audit(struct bytes_writer *w, const struct audit_record *record,
                                 const uint8_t seal[static RECORD_DIGEST_LEN]) {
        size_t at = begin(w, FLEET_REPORT_AUDIT);

        bytes_write(w, 8, (uint64_t) record->seq);
        bytes_write(w, 8, (uint64_t) record->at);
        bytes_write(w, 8, (uint64_t) record->until);
        bytes_write(w, 8, record->count);
        bytes_write(w, 4, record->uid);
        bytes_write(w, 4, (uint64_t) record->pid);
        bytes_write(w, 4, record->owner_uid);
        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
                bytes_write_text(w, (const char *) record + texts[i].offset);
        bytes_write_raw(w, seal, RECORD_DIGEST_LEN);
        end(w, at);
        if (!record->has_login)
                return;
        at = begin(w, FLEET_REPORT_LOGIN);
        bytes_write(w, 8, (uint64_t) record->seq);
        bytes_write(w, 4, record->login_uid);
        end(w, at);
}

int fleet_report_body_get_audit(struct bytes_reader *r, struct audit_record *ret,
                                uint8_t seal[static RECORD_DIGEST_LEN]) {
        struct audit_record record = {};

        record.seq = get_number(r);
        record.at = get_number(r);
        record.until = get_number(r);
        record.count = (uint64_t) get_number(r);
        record.uid = (uid_t) bytes_read(r, 4);
        record.pid = (pid_t) bytes_read(r, 4);
        record.owner_uid = (uid_t) bytes_read(r, 4);
        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
                get_text(r, (char *) &record + texts[i].offset, texts[i].size);
        bytes_read_raw(r, seal, RECORD_DIGEST_LEN);
        if (!bytes_is_at_end(r) || record.seq == 0 || record.pid < 0 ||
            (record.key[0] && !keytext_is_id(record.key)))
                return -EBADMSG;
        *ret = record;
        return 0;
}

int fleet_report_body_get_login(struct bytes_reader *r, struct fleet_report_login *ret) {
        struct fleet_report_login login = {};

        login.seq = get_number(r);
        login.uid = (uid_t) bytes_read(r, 4);
        if (!bytes_is_at_end(r) || login.seq == 0 || login.uid == AUDIT_NOBODY)
                return -EBADMSG;
        *ret = login;
        return 0;
}

int fleet_report_body_next(struct bytes_reader *r, uint8_t *ret_type, struct bytes_reader *ret) {
        size_t left = r->len - r->at, len;

        if (left == 0)
                return 0;
        if (left < STORE_RECORD_HEAD)
                return -EBADMSG;
        len = bytes_get(r->in + r->at + 1, 4);
        if (len > left - STORE_RECORD_HEAD)
                return -EBADMSG;
        *ret_type = r->in[r->at];
        *ret = (struct bytes_reader){ .in = r->in + r->at + STORE_RECORD_HEAD, .len = len };
        r->at += STORE_RECORD_HEAD + len;
        return 1;
}
