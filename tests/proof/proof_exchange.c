/* SPDX-License-Identifier: BSD-2-Clause */
/* A request and its reply on a connection, where every system call fails or succeeds as it likes: a
 * request counts as sent when it was sent whole, and a reply as received when one with the number
 * of the request has arrived. */
#include "ask.c" /* for its static functions */
#include "calls.h"
#include "proof.h"

enum { FD = 3, LEN = 9 };

static bool sent, got;
static uint32_t seq_got;

ssize_t send(int fd, const void *p, size_t len, int flags) {
        size_t n = nondet_size();

        prove(fd == FD && len == LEN);
        prove(readable(p, len));
        prove((flags & MSG_NOSIGNAL) && (flags & MSG_DONTWAIT));
        if (nondet_bool())
                return fails();
        grant(n <= len);
        sent = n == len;
        return (ssize_t) n;
}

/* Without MSG_TRUNC a reply that is too long would look like one. */
ssize_t recv(int fd, void *p, size_t len, int flags) {
        size_t n = nondet_size();

        prove(fd == FD);
        prove(writable(p, len));
        prove(len > WIRE_REPLY_LEN);
        prove((flags & MSG_TRUNC) && (flags & MSG_DONTWAIT));
        if (nondet_bool())
                return fails();
        grant(n <= 65536);
        got = n == WIRE_REPLY_LEN;
        return (ssize_t) n;
}

int any_decode(const uint8_t *in, size_t len, struct wire_reply *ret) {
        prove(len <= 65536);
        if (len != WIRE_REPLY_LEN || nondet_bool())
                return -EBADMSG;
        prove(readable(in, len));
        ret->verdict = (enum verdict) nondet_unsigned();
        seq_got = ret->seq = nondet_unsigned();
        return 0;
}

int main(void) {
        struct wire_reply reply = { .verdict = VERDICT_DENY };
        uint8_t out[LEN];
        uint32_t seq = nondet_unsigned();
        int64_t deadline, timeout = nondet_int64();
        int r;

        grant(timeout >= 0 && timeout <= 60000); /* as pam_args_parse() has it */
        deadline = ask_now_ms() + timeout;
        r = ask_send(FD, out, sizeof(out), deadline);
        prove(r <= 0);
        prove(r < 0 || sent);
        r = ask_receive(FD, seq, deadline, &reply);
        prove(r <= 0);
        prove(r < 0 || (got && seq_got == seq));
        prove(r == 0 || reply.verdict == VERDICT_DENY);
        return 0;
}
