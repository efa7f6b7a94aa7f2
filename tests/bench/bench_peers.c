/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_peers DIR rounds ROUNDS MS CLIENTS...: logins through each of the peers in the file
 * DIR/peers, with so many clients at a time, in shuffled rounds. Prints a line for each slice.
 * bench_peers DIR check PEER: whether a peer accepts what is right and nothing else. A client is a
 * process that makes one whole PAM transaction after another. This program must not know what a
 * peer is: tests/bench/peers sets them up. */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <security/pam_appl.h>

#include "bench.h"
#include "cleanup.h"

#define PEERS_MAX        32
#define CLIENT_KINDS_MAX 8
#define CLIENTS_MAX      64
#define SLICE_LOGINS_MAX (1 << 15) /* of one client */
#define CODE_LEN         6
#define TEXT_LEN         128

/* A line of the file: NAME DOOR SERVICE ACCEPTS USERS SECRET.
 *   DOOR     pam, or the path of the socket of a saslauthd
 *   ACCEPTS  password: SECRET is that of all users. any: nothing is checked.
 *            key: one of those in the file SECRET. code: the next one of those in the file SECRET.
 *   USERS    client N is the user USERS with the number N behind it, or with keys USERS itself */
struct peer {
        char name[32], door[64], service[32], accepts[16], users[32], secret[64];
        struct bench_keys keys;
        char (*codes)[CODE_LEN + 1]; /* owned */
        size_t n_codes;
};

/* What clients and their parents share. A slice has it for itself, but for next_code. */
struct board {
        int64_t began_at, ends_at;
        size_t next_code[PEERS_MAX][CLIENTS_MAX];
        struct {
                int64_t ended_at;
                size_t n, failed;
                int64_t ns[SLICE_LOGINS_MAX];
        } clients[CLIENTS_MAX];
};

struct bench {
        struct peer peers[PEERS_MAX];
        size_t n_peers;
        struct board *board;
        int64_t slice_ns;
        size_t clients[CLIENT_KINDS_MAX];
        size_t n_clients;
        struct bench_random random;
};

static void bench_done(struct bench *b) {
        for (size_t i = 0; i < PEERS_MAX; i++) {
                free(b->peers[i].keys.keys);
                free(b->peers[i].codes);
        }
}

/* --- The peers --- */

static int load_codes(struct peer *p) {
        FILE *f = fopen(p->secret, "re");
        char code[CODE_LEN + 1];
        size_t size = 0;

        if (!f)
                return -errno;
        while (fscanf(f, "%6s", code) == 1) {
                if (p->n_codes == size) {
                        void *grown = realloc(p->codes, (size = 2 * size + 1024) * sizeof(code));

                        if (!grown) {
                                (void) fclose(f);
                                return -ENOMEM;
                        }
                        p->codes = grown;
                }
                memcpy(p->codes[p->n_codes++], code, sizeof(code));
        }
        (void) fclose(f);
        return p->n_codes > 0 ? 0 : -EBADMSG;
}

static int load_peers(struct bench *b) {
        FILE *f = fopen("peers", "re");
        struct peer *p;
        int r = 0;

        if (!f)
                return -errno;
        for (; r >= 0 && b->n_peers < PEERS_MAX; b->n_peers++) {
                p = &b->peers[b->n_peers];
                if (fscanf(f, "%31s %63s %31s %15s %31s %63s", p->name, p->door, p->service,
                           p->accepts, p->users, p->secret) != 6)
                        break;
                if (strcmp(p->accepts, "key") == 0)
                        r = bench_keys_load(p->secret, &p->keys);
                else if (strcmp(p->accepts, "code") == 0)
                        r = load_codes(p);
        }
        (void) fclose(f);
        return r < 0 || b->n_peers > 0 ? r : -EBADMSG;
}

/* --- One login --- */

struct login {
        char user[TEXT_LEN], secret[TEXT_LEN];
};

/* A peer's codes are good once, in their order, and each user has its own place in them. */
static int next_code(struct bench *b, const struct peer *p, size_t client, char out[TEXT_LEN]) {
        size_t *next = &b->board->next_code[p - b->peers][client];

        if (*next == p->n_codes)
                return -ERANGE;
        (void) snprintf(out, TEXT_LEN, "%s", p->codes[(*next)++]);
        return 0;
}

static int make_login(struct bench *b, const struct peer *p, size_t client, struct login *ret) {
        struct secret key;

        (void) snprintf(ret->user, sizeof(ret->user), "%s%zu", p->users, client + 1);
        if (strcmp(p->accepts, "code") == 0)
                return next_code(b, p, client, ret->secret);
        if (strcmp(p->accepts, "key") == 0) {
                bench_key_pick(&p->keys, BENCH_AS_IT_IS, &b->random, &key);
                (void) snprintf(ret->user, sizeof(ret->user), "%s", p->users);
                (void) snprintf(ret->secret, sizeof(ret->secret), "%s", key.text);
        } else {
                (void) snprintf(ret->secret, sizeof(ret->secret), "%s", p->secret);
        }
        return 0;
}

/* The application, which types the secret at each hidden prompt. */
static int converse(int n, const struct pam_message **messages, struct pam_response **ret,
                    void *userdata) {
        const struct login *login = userdata;
        struct pam_response *answers = calloc((size_t) n, sizeof(*answers));

        if (!answers)
                return PAM_BUF_ERR;
        for (int i = 0; i < n; i++)
                if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
                        answers[i].resp = strdup(login->secret);
        *ret = answers;
        return PAM_SUCCESS;
}

static int login_by_pam(const char *service, struct login *login) {
        struct pam_conv conv = { .conv = converse, .appdata_ptr = login };
        pam_handle_t *pamh = NULL;
        int rv;

        rv = pam_start(service, login->user, &conv, &pamh);
        if (rv != PAM_SUCCESS)
                return -EIO;
        rv = pam_authenticate(pamh, 0);
        if (rv == PAM_SUCCESS)
                rv = pam_acct_mgmt(pamh, 0);
        (void) pam_end(pamh, rv);
        return rv == PAM_SUCCESS ? 0 : -EACCES;
}

static size_t put_counted(uint8_t *out, const char *text) {
        size_t n = strlen(text);

        out[0] = (uint8_t) (n >> 8);
        out[1] = (uint8_t) n;
        memcpy(out + 2, text, n);
        return 2 + n;
}

/* saslauthd is sent four counted strings: user, password, service and realm. Its answer is one,
 * which begins with OK or NO. Source: saslauthd-main.c and testsaslauthd.c of Cyrus SASL. */
static int login_by_saslauthd(const char *path, const char *service, const struct login *login) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        uint8_t out[4 * (2 + TEXT_LEN)], in[256];
        size_t n, got = 0;
        ssize_t more = 1;

        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
        if (fd < 0 || connect(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0)
                return -errno;
        n = put_counted(out, login->user);
        n += put_counted(out + n, login->secret);
        n += put_counted(out + n, service);
        n += put_counted(out + n, "");
        if (send(fd, out, n, MSG_NOSIGNAL) != (ssize_t) n)
                return -EIO;
        while (got < 4 && more > 0) {
                more = recv(fd, in + got, sizeof(in) - got, 0);
                got += more > 0 ? (size_t) more : 0;
        }
        return got >= 4 && memcmp(in + 2, "OK", 2) == 0 ? 0 : -EACCES;
}

static int log_in(const struct peer *p, struct login *login) {
        return strcmp(p->door, "pam") == 0 ? login_by_pam(p->service, login)
                                           : login_by_saslauthd(p->door, p->service, login);
}

/* --- One slice --- */

static void be_client(struct bench *b, const struct peer *p, size_t client) {
        struct board *board = b->board;
        int64_t began, now = bench_now_ns();
        size_t n = 0, failed = 0;
        struct login login;

        while (now < board->ends_at && n < SLICE_LOGINS_MAX) {
                if (make_login(b, p, client, &login) < 0)
                        break;
                began = bench_now_ns();
                if (log_in(p, &login) == 0)
                        board->clients[client].ns[n++] = bench_now_ns() - began;
                else
                        failed++;
                now = bench_now_ns();
        }
        board->clients[client].n = n;
        board->clients[client].failed = failed;
        board->clients[client].ended_at = now;
}

static int fork_client(struct bench *b, const struct peer *p, size_t client, int start[2]) {
        pid_t pid = fork();
        char c;

        if (pid != 0)
                return pid < 0 ? -errno : 0;
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) close(start[1]);
        b->random.state += (client + 1) << 32;
        /* All begin when the other end is closed. */
        (void) !read(start[0], &c, 1);
        be_client(b, p, client);
        _exit(0);
}

/* A process of its own for the slice, so that no peer finds the libraries of another one. What the
 * first transaction of a process loads is there for all clients, because they are its children. */
static int lead(struct bench *b, const struct peer *p, size_t clients) {
        struct login login;
        int start[2], r;

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        r = make_login(b, p, 0, &login);
        if (r >= 0)
                (void) log_in(p, &login);
        if (r < 0 || pipe(start) < 0)
                return 1;
        for (size_t i = 0; i < clients; i++)
                if (fork_client(b, p, i, start) < 0)
                        return 1;
        b->board->began_at = bench_now_ns();
        b->board->ends_at = b->board->began_at + b->slice_ns;
        (void) close(start[1]);
        while (wait(NULL) > 0)
                ;
        return 0;
}

static int measure(struct bench *b, const struct peer *p, size_t clients) {
        int status;
        pid_t pid;

        memset(b->board->clients, 0, clients * sizeof(b->board->clients[0]));
        (void) fflush(stdout);
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                _exit(lead(b, p, clients));
        if (waitpid(pid, &status, 0) < 0)
                return -errno;
        return status == 0 ? 0 : -ECHILD;
}

static int compare_times(const void *a, const void *b) {
        int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;

        return (x > y) - (x < y);
}

/* ROUND PEER CLIENTS LOGINS FAILED SECONDS P50 P99, the last two in microseconds. */
static void print_slice(const struct board *board, size_t round, const struct peer *p,
                        size_t clients) {
        static int64_t all[CLIENTS_MAX * SLICE_LOGINS_MAX];
        size_t n = 0, failed = 0;
        int64_t ended_at = 0;

        for (size_t i = 0; i < clients; i++) {
                memcpy(all + n, board->clients[i].ns, board->clients[i].n * sizeof(all[0]));
                n += board->clients[i].n;
                failed += board->clients[i].failed;
                if (board->clients[i].ended_at > ended_at)
                        ended_at = board->clients[i].ended_at;
        }
        qsort(all, n, sizeof(all[0]), compare_times);
        (void) printf("%zu\t%s\t%zu\t%zu\t%zu\t%.3f", round, p->name, clients, n, failed,
                      (double) (ended_at - board->began_at) / 1e9);
        if (n > 0)
                (void) printf("\t%.1f\t%.1f\n", (double) all[n / 2] / 1e3,
                              (double) all[n * 99 / 100] / 1e3);
        else
                (void) puts("\t-\t-");
}

/* --- What is asked of this program --- */

static int run_rounds(struct bench *b, size_t rounds) {
        size_t order[PEERS_MAX * CLIENT_KINDS_MAX], n = b->n_peers * b->n_clients;
        struct bench_random random = { .state = (uint64_t) bench_now_ns() };
        int r = 0;

        for (size_t round = 0; round <= rounds; round++) { /* the first one only warms up */
                bench_shuffle(order, n, &random);
                for (size_t i = 0; r >= 0 && i < n; i++) {
                        const struct peer *p = &b->peers[order[i] / b->n_clients];
                        size_t clients = b->clients[order[i] % b->n_clients];

                        bench_progress("round %zu of %zu, %zu of %zu: %s, clients: %zu", round,
                                       rounds, i + 1, n, p->name, clients);
                        r = measure(b, p, clients);
                        if (r >= 0 && round > 0)
                                print_slice(b->board, round, p, clients);
                }
        }
        bench_progress("%s", "");
        return r;
}

/* The first and the last user get in, and with a wrong secret they do not. */
static int check(struct bench *b, const struct peer *p) {
        static const size_t clients[] = { 0, CLIENTS_MAX - 1 };
        bool any = strcmp(p->accepts, "any") == 0;
        struct login login;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(clients); i++) {
                r = make_login(b, p, clients[i], &login);
                if (r >= 0)
                        r = log_in(p, &login);
                login.secret[strlen(login.secret) - 1] ^= 1;
                if (r >= 0 && log_in(p, &login) == 0 && !any)
                        r = -EBADE;
        }
        return r;
}

static int run_check(struct bench *b, const char *name) {
        for (size_t i = 0; i < b->n_peers; i++)
                if (strcmp(b->peers[i].name, name) == 0)
                        return check(b, &b->peers[i]);
        return -EINVAL;
}

static int parse_rounds(struct bench *b, int argc, char *argv[], uint64_t *ret_rounds) {
        uint64_t ms, clients;

        if (argc < 3 || argc - 2 > CLIENT_KINDS_MAX ||
            bench_number(argv[0], BENCH_ROUNDS_MAX, ret_rounds) < 0 ||
            bench_number(argv[1], 60000, &ms) < 0)
                return -EINVAL;
        b->slice_ns = (int64_t) ms * 1000000;
        for (int i = 2; i < argc; i++) {
                if (bench_number(argv[i], CLIENTS_MAX, &clients) < 0)
                        return -EINVAL;
                b->clients[b->n_clients++] = clients;
        }
        return 0;
}

static int run(int argc, char *argv[]) {
        static struct bench b;
        uint64_t rounds;
        int r;

        b.random.state = (uint64_t) bench_now_ns();
        b.board = mmap(NULL, sizeof(*b.board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                       -1, 0);
        if (b.board == MAP_FAILED)
                return -errno;
        r = load_peers(&b);
        if (r >= 0 && argc == 2 && strcmp(argv[0], "check") == 0)
                r = run_check(&b, argv[1]);
        else if (r >= 0 && argc > 1 && strcmp(argv[0], "rounds") == 0) {
                r = parse_rounds(&b, argc - 1, argv + 1, &rounds);
                if (r >= 0)
                        r = run_rounds(&b, rounds);
        } else if (r >= 0) {
                r = -EINVAL;
        }
        bench_done(&b);
        return r;
}

int main(int argc, char *argv[]) {
        return bench_main(argc, argv, "DIR rounds ROUNDS MS CLIENTS... | DIR check PEER", run);
}
