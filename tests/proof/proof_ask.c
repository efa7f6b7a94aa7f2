/* SPDX-License-Identifier: BSD-2-Clause */
/* A question to the daemon, in which connecting, sending and receiving do what proof_connect.c and
 * proof_exchange.c leave to them: the answer is that of a connection on which the request was sent,
 * there are two of them at most, and one stays open for a challenge alone. */
#include "ask.c" /* for its static functions */
#include "calls.h"
#include "proof.h"

static int fd_now = 2; /* the last connection */
static bool sent, got;

static int any_error(void) {
        int r = nondet_int();

        grant(r < 0 && r > -4096);
        return r;
}

int any_connect(const struct ask_server *server, int64_t deadline) {
        (void) server, (void) deadline;
        if (nondet_bool())
                return any_error();
        sent = got = false;
        return ++fd_now;
}

size_t any_len(const struct wire_request *req) {
        (void) req;
        return WIRE_REQUEST_LEN;
}

int any_encode(uint8_t *out, const struct wire_request *req) {
        prove(writable(out, WIRE_REQUEST_LEN));
        (void) req;
        return nondet_bool() ? -EINVAL : 0;
}

int any_send(int fd, const uint8_t *out, size_t len, int64_t deadline) {
        (void) deadline;
        prove(fd == fd_now);
        prove(readable(out, len));
        if (nondet_bool())
                return any_error();
        sent = true;
        return 0;
}

int any_receive(int fd, uint32_t seq, int64_t deadline, struct wire_reply *ret) {
        (void) deadline;
        prove(fd == fd_now && sent);
        if (nondet_bool())
                return any_error();
        ret->verdict = (enum verdict) nondet_unsigned();
        ret->seq = seq;
        got = true;
        return 0;
}

int main(void) {
        const struct ask_server server = { .path = "/x", .timeout_ms = 2000 };
        struct wire_request req = { .kind = WIRE_VERIFY, .seq = nondet_unsigned() };
        enum verdict before = (enum verdict) nondet_unsigned();
        struct wire_reply reply = { .verdict = before };
        int r, fd = -1;

        if (nondet_bool())
                r = ask_verdict(&server, &req, &reply);
        else
                r = ask_offer(&server, &req, &reply, &fd);
        prove(r <= 0);
        prove(r < 0 || (sent && got && reply.seq == req.seq));
        prove(r == 0 || reply.verdict == before);
        prove(fd < 0 || (r == 0 && reply.verdict == VERDICT_CHALLENGE && fd == fd_now));
        prove(fd_now <= 4);
        return 0;
}
