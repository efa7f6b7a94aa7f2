/* SPDX-License-Identifier: BSD-2-Clause */
/* Talks to an SSH agent over its socket and chooses one of its keys. Never sees a private key;
 * agentwire knows the bytes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base64.h"
#include "cleanup.h"
#include "cli/harmless.h"
#include "cli/say.h"
#include "cli/unixsocket.h"
#include "pki/agent.h"
#include "pki/agentwire.h"

#define MESSAGE_MAX (256U * 1024) /* as in OpenSSH */
#define REQUEST_MAX 4096
#define PATIENCE_S  120 /* the agent may ask its user first */

#define FINGERPRINT     "SHA256:"
#define FINGERPRINT_LEN (sizeof(FINGERPRINT) + BASE64_LEN(SIGNKEY_HASH_LEN))

struct agent {
        int fd;
        /* the agent's answer; owns what chosen points to */
        uint8_t *keys;
        struct agentwire_key chosen;
};

/* --- Talking --- */

static int connect_to(const char *path) {
        struct timeval patience = { .tv_sec = PATIENCE_S };
        _cleanup_close_ int fd = unixsocket_connect(path, SOCK_STREAM, PATIENCE_S);

        if (fd < 0)
                return fd;
        if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
                return -errno;
        return take_fd(&fd);
}

static int send_all(int fd, const uint8_t *bytes, size_t len) {
        while (len > 0) {
                ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? -ETIMEDOUT : -errno;
                bytes += n;
                len -= (size_t) n;
        }
        return 0;
}

static int receive_all(int fd, uint8_t *bytes, size_t len) {
        while (len > 0) {
                ssize_t n = recv(fd, bytes, len, 0);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n == 0 ? -ECONNRESET : errno == EAGAIN ? -ETIMEDOUT : -errno;
                bytes += n;
                len -= (size_t) n;
        }
        return 0;
}

/* Sends a message of ${len} bytes and receives the answer, which the caller frees. ${message}
 * has four free bytes for the length before the message. */
static int ask(int fd, uint8_t *message, size_t len, uint8_t **ret, size_t *ret_len) {
        _cleanup_free_ uint8_t *answer = NULL;
        uint8_t head[4];
        size_t n;
        int r;

        for (unsigned i = 0; i < 4; i++)
                message[i] = (uint8_t) (len >> (24 - 8 * i));
        r = send_all(fd, message, 4 + len);
        if (r >= 0)
                r = receive_all(fd, head, sizeof(head));
        if (r < 0)
                return r;
        n = (size_t) head[0] << 24 | (size_t) head[1] << 16 | (size_t) head[2] << 8 | head[3];
        if (n == 0 || n > MESSAGE_MAX)
                return -EBADMSG;
        answer = malloc(n);
        if (!answer)
                return -ENOMEM;
        r = receive_all(fd, answer, n);
        if (r < 0)
                return r;
        *ret = take_ptr(answer);
        *ret_len = n;
        return 0;
}

static enum exit_code say_failed(int r) {
        if (r == -EACCES)
                say_error("the SSH agent refuses to sign: it may be locked, or its user did not "
                          "confirm");
        else if (r == -EBADMSG)
                say_error("the SSH agent's answer is not understood");
        else
                say_error("cannot ask the SSH agent at $SSH_AUTH_SOCK: %s", strerror(-r));
        return CTL_FAILED;
}

/* --- Choosing --- */

/* Writes the fingerprint as ssh-add -l shows it. base64_encode() uses '-' and '_', ssh-add '+'
 * and '/'. */
static void put_fingerprint(const struct agentwire_key *key, char out[static FINGERPRINT_LEN]) {
        uint8_t hash[SIGNKEY_HASH_LEN];

        memcpy(out, FINGERPRINT, sizeof(FINGERPRINT));
        if (!signkey_hash(key->blob, key->blob_len, hash))
                return;
        base64_encode(hash, sizeof(hash), out + sizeof(FINGERPRINT) - 1);
        for (char *p = out; *p; p++)
                *p = (char) (*p == '-' ? '+' : *p == '_' ? '/' : *p);
}

static bool is_meant(const struct agentwire_key *key, const struct agent_choice *choice) {
        char fingerprint[FINGERPRINT_LEN];
        const char *selector = choice->selector;
        struct signkey_public public = { .len = key->spki_len };

        memcpy(public.der, key->spki, key->spki_len);
        if (choice->der && key->spki_len > 0 && !signkey_is_of(&public, choice->der, choice->len))
                return false;
        if (!*selector)
                return !choice->der || key->spki_len > 0;
        put_fingerprint(key, fingerprint);
        return strcmp(selector, fingerprint) == 0 ||
               (strlen(selector) == key->comment_len &&
                memcmp(selector, key->comment, key->comment_len) == 0);
}

static bool can_sign(const struct agentwire_key *key) {
        return key->spki_len > 0;
}

static void say_key(const struct agentwire_key *key) {
        _cleanup_free_ char *comment = calloc(1, key->comment_len + 1), *buffer = NULL;
        char fingerprint[FINGERPRINT_LEN];

        if (comment && key->comment_len > 0)
                memcpy(comment, key->comment, key->comment_len);
        put_fingerprint(key, fingerprint);
        say_line("  agent:%s  %s", fingerprint, comment ? harmless(comment, &buffer) : "");
}

/* How many keys match the choice: usable ones, RSA keys, others. */
struct found {
        size_t n, rsa, other;
};

/* Says why no key was chosen; a certificate in ${choice} narrows the choice. */
static enum exit_code refuse(const struct agent_choice *choice, const struct found *found) {
        bool narrowed = choice->der;

        if (found->n > 1)
                say_error(narrowed ? "the SSH agent has several keys of this certificate: name one "
                                     "by its comment or fingerprint"
                                   : "the SSH agent has several keys: name one by its comment or "
                                     "fingerprint");
        else if (found->rsa > 0)
                say_error("an SSH agent signs with an RSA key in a form (PKCS#1 v1.5) that the "
                          "daemon does not accept: give the file of the key, or use an Ed25519 or "
                          "ECDSA key");
        else if (found->other > 0)
                say_error("the SSH agent's key is of a type that proves nothing here: use an "
                          "Ed25519 or ECDSA key that is not a security key");
        else
                say_error(narrowed ? "the SSH agent has no such key of this certificate: 'ssh-add "
                                     "-l' lists its keys; Ed25519 and ECDSA keys work here"
                                   : "the SSH agent has no such key: 'ssh-add -l' lists its keys; "
                                     "Ed25519 and ECDSA keys work here");
        return CTL_USAGE;
}

static enum exit_code choose(struct agent *a, size_t len, const struct agent_choice *choice) {
        struct found found = {};
        struct agentwire_key key;
        size_t at = 0;
        int r;

        while ((r = agentwire_take_key(a->keys, len, &at, &key)) > 0) {
                if (!is_meant(&key, choice))
                        continue;
                if (can_sign(&key)) {
                        a->chosen = key;
                        found.n++;
                } else
                        *(key.type == AGENTWIRE_RSA ? &found.rsa : &found.other) += 1;
        }
        if (r < 0)
                return say_failed(r);
        if (found.n == 1)
                return CTL_OK;
        (void) refuse(choice, &found);
        for (at = 0; found.n > 1 && agentwire_take_key(a->keys, len, &at, &key) > 0;)
                if (is_meant(&key, choice) && can_sign(&key))
                        say_key(&key);
        return CTL_USAGE;
}

enum exit_code agent_open(const struct agent_choice *choice, struct agent **ret) {
        _cleanup_agent_ struct agent *a = calloc(1, sizeof(*a));
        const char *path = secure_getenv("SSH_AUTH_SOCK");
        uint8_t message[4 + 1];
        enum exit_code rc;
        size_t len;
        int r;

        if (!a)
                return say_failed(-ENOMEM);
        a->fd = -1;
        if (!path || !*path) {
                say_error("there is no SSH agent: $SSH_AUTH_SOCK is not set");
                return CTL_USAGE;
        }
        a->fd = connect_to(path);
        r = a->fd < 0 ? a->fd
                      : ask(a->fd, message, agentwire_ask_keys(message + 4), &a->keys, &len);
        if (r < 0)
                return say_failed(r);
        rc = choose(a, len, choice);
        if (rc == CTL_OK)
                *ret = take_ptr(a);
        return rc;
}

void agent_free(struct agent *agent) {
        if (!agent)
                return;
        if (agent->fd >= 0)
                (void) close(agent->fd);
        free(agent->keys);
        free(agent);
}

/* --- Signing --- */

_Static_assert(AGENTWIRE_SPKI_MAX <= SIGNKEY_SPKI_MAX, "room");

void agent_get_public(const struct agent *agent, struct signkey_public *ret) {
        memcpy(ret->der, agent->chosen.spki, agent->chosen.spki_len);
        ret->len = agent->chosen.spki_len;
}

enum exit_code agent_sign(const struct agent *agent, const void *message, size_t len,
                          struct signkey_signature *ret) {
        _cleanup_free_ uint8_t *answer = NULL;
        uint8_t request[4 + REQUEST_MAX];
        size_t answer_len;
        ssize_t n;
        int r;

        n = agentwire_ask_sign(&agent->chosen, message, len, request + 4, REQUEST_MAX);
        r = n < 0 ? (int) n : ask(agent->fd, request, (size_t) n, &answer, &answer_len);
        if (r < 0)
                return say_failed(r);
        n = agentwire_take_signature(answer, answer_len, agent->chosen.type, ret->bytes);
        if (n < 0)
                return say_failed((int) n);
        ret->len = (size_t) n;
        return CTL_OK;
}
