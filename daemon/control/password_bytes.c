/* SPDX-License-Identifier: BSD-2-Clause */
/* How a password goes to the helper that checks it, and how the verdict comes back. Knows neither
 * libpam nor the control socket. A verdict that names nobody names no uid and no group. */
#include <errno.h>
#include <string.h>

#include "control/password_bytes.h"

/* What a question and an answer begin with. */
#define KIND 'P'

ssize_t password_bytes_put_question(const struct helper_password_question *question, uint8_t *out,
                                    size_t size) {
        struct bytes_writer w = { .out = out, .size = size };

        bytes_write(&w, 1, KIND);
        bytes_write_text(&w, question->user);
        bytes_write_text(&w, question->password);
        return bytes_written(&w);
}

int password_bytes_take_question(const uint8_t *in, size_t len,
                                 struct helper_password_question *ret) {
        struct helper_password_question question = {};
        struct bytes_reader r = { .in = in, .len = len };
        bool good;

        r.bad |= bytes_read(&r, 1) != KIND;
        bytes_read_text(&r, question.user, sizeof(question.user));
        bytes_read_text(&r, question.password, sizeof(question.password));
        good = bytes_is_at_end(&r);
        if (good)
                *ret = question;
        explicit_bzero(&question, sizeof(question));
        return good ? 0 : -EBADMSG;
}

ssize_t password_bytes_put_answer(const struct helper_password_answer *answer, uint8_t *out,
                                  size_t size) {
        struct bytes_writer w = { .out = out, .size = size };

        bytes_write(&w, 1, KIND);
        bytes_write(&w, 1, answer->verdict);
        bytes_write(&w, BYTES_NUMBER, answer->uid);
        bytes_write(&w, BYTES_NUMBER, answer->gid);
        bytes_write(&w, BYTES_NUMBER, (uint64_t) answer->n_groups);
        for (int i = 0; i < answer->n_groups; i++)
                bytes_write(&w, BYTES_NUMBER, answer->groups[i]);
        return bytes_written(&w);
}

static bool is_consistent(const struct helper_password_answer *answer) {
        switch (answer->verdict) {
        case HELPER_PASSWORD_RIGHT:
                return answer->uid != (uid_t) -1 && answer->gid != (gid_t) -1;
        case HELPER_PASSWORD_WRONG:
        case HELPER_PASSWORD_EXPIRED:
        case HELPER_PASSWORD_CLOSED:
                return answer->uid == 0 && answer->gid == 0 && answer->n_groups == 0;
        }
        return false;
}

int password_bytes_take_answer(const uint8_t *in, size_t len, struct helper_password_answer *ret) {
        struct helper_password_answer answer = {};
        struct bytes_reader r = { .in = in, .len = len };
        uint64_t n;

        r.bad |= bytes_read(&r, 1) != KIND;
        answer.verdict = (enum helper_password_verdict) bytes_read(&r, 1);
        answer.uid = (uid_t) bytes_read(&r, BYTES_NUMBER);
        answer.gid = (gid_t) bytes_read(&r, BYTES_NUMBER);
        n = bytes_read(&r, BYTES_NUMBER);
        r.bad |= n > HELPER_PASSWORD_GROUPS;
        for (uint64_t i = 0; i < n && !r.bad; i++)
                answer.groups[answer.n_groups++] = (gid_t) bytes_read(&r, BYTES_NUMBER);
        if (!bytes_is_at_end(&r) || !is_consistent(&answer))
                return -EBADMSG;
        *ret = answer;
        return 0;
}
