/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks for secrets in the memory of processes.
 *
 *   autopsy SECRETS REPORT PROGRAM [ARGUMENT]...
 *     becomes PROGRAM. A process beside it looks at it, and at each process that it starts, in the
 *     moment in which they end: what is in their memory then is what nobody has wiped. REPORT
 *     gets a line for each process, with its arguments and its exit status, a line for each secret
 *     in it, and "over" when none of the processes is left.
 *   autopsy SECRETS PID
 *     prints where the secrets are in a process that runs: name, access, flags (VmFlags of
 *     proc(5)) and name of the memory.
 *
 * Each line of SECRETS is a name and the secret's bytes in hexadecimal, or a dot and a file with
 * keys of wfapikey: what a program prints is known when it ends. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRETS_MAX 64
#define BYTES_MAX   64
#define KEY_LEN     63
#define SECRET_AT   15
#define PART_LEN    14
#define CHUNK       ((size_t) 1 << 20)
/* Memory of this size is reserved, and has no data. */
#define HUGE ((size_t) 1 << 30)

struct needle {
        char name[64];
        uint8_t bytes[BYTES_MAX];
        size_t len;
};

static struct needle needles[SECRETS_MAX];
static size_t n_needles;
static uint8_t chunk[CHUNK];

static void die(const char *what) {
        (void) fprintf(stderr, "autopsy: %s: %s\n", what, strerror(errno));
        exit(99);
}

static void add(const char *name, const void *bytes, size_t len) {
        struct needle *n = &needles[n_needles];

        if (n_needles == SECRETS_MAX || len > BYTES_MAX) {
                errno = E2BIG;
                die("secrets");
        }
        (void) snprintf(n->name, sizeof(n->name), "%s", name);
        memcpy(n->bytes, bytes, len);
        n->len = len;
        n_needles++;
}

/* Parts, because a part may be left where the whole is not. The last digits are a checksum. */
static void add_keys_of(const char *path) {
        char text[4096];
        FILE *f = fopen(path, "re");
        size_t len = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

        text[len] = '\0';
        if (f)
                (void) fclose(f);
        for (const char *key = strstr(text, "wfk_"); key && strlen(key) >= KEY_LEN;
             key = strstr(key + KEY_LEN, "wfk_"))
                for (size_t i = 0; i < 3; i++)
                        add("printed-key", key + SECRET_AT + i * PART_LEN, PART_LEN);
}

static void read_secrets(const char *path) {
        FILE *f = fopen(path, "re");
        char name[64], hex[2 * BYTES_MAX + 1];

        if (!f)
                die(path);
        n_needles = 0;
        while (fscanf(f, "%63s %128s", name, hex) == 2) {
                uint8_t bytes[BYTES_MAX];
                size_t len = 0;
                unsigned byte;

                if (strcmp(name, ".") == 0) {
                        add_keys_of(hex);
                        continue;
                }
                for (; sscanf(hex + 2 * len, "%2x", &byte) == 1; len++)
                        bytes[len] = (uint8_t) byte;
                add(name, bytes, len);
        }
        (void) fclose(f);
}

/* Which secrets are in the memory from ${from} to ${to}, as a mask. */
static uint64_t look_at(int mem, size_t from, size_t to) {
        uint64_t found = 0;

        while (from < to) {
                size_t want = to - from < CHUNK ? to - from : CHUNK;
                ssize_t n = pread(mem, chunk, want, (off_t) from);

                for (size_t i = 0; n > 0 && i < n_needles; i++)
                        if (memmem(chunk, (size_t) n, needles[i].bytes, needles[i].len))
                                found |= UINT64_C(1) << i;
                if (n <= 0)
                        from += 4096;
                else
                        from += (size_t) n > BYTES_MAX && from + (size_t) n < to
                                        ? (size_t) n - BYTES_MAX
                                        : (size_t) n;
        }
        return found;
}

/* The code and constants of programs and libraries have no secrets. */
static bool is_data(const char *line, size_t size) {
        const char *access = strchr(line, ' ');

        return access && access[1] == 'r' && size < HUGE && !strstr(line, "[v") &&
               (access[2] == 'w' || !strchr(line, '/'));
}

static void look(pid_t pid, FILE *report) {
        char path[64], line[4096], area[4096] = "";
        uint64_t found = 0;
        FILE *maps;
        int mem;

        (void) snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
        maps = fopen(path, "re");
        (void) snprintf(path, sizeof(path), "/proc/%d/mem", pid);
        mem = open(path, O_RDONLY | O_CLOEXEC);
        if (!maps || mem < 0) {
                (void) fprintf(report, "process %d cannot be looked at: %s\n", pid,
                               strerror(errno));
                return;
        }
        while (fgets(line, sizeof(line), maps)) {
                char *end;
                size_t from = strtoul(line, &end, 16),
                       to = *end == '-' ? strtoul(end + 1, NULL, 16) : 0;

                line[strcspn(line, "\n")] = '\0';
                if (to > from) {
                        found = is_data(line, to - from) ? look_at(mem, from, to) : 0;
                        memcpy(area, line, sizeof(area));
                }
                for (size_t i = 0; i < n_needles && strncmp(line, "VmFlags:", 8) == 0; i++)
                        if (found >> i & 1)
                                (void) fprintf(report, "found %s in %d, %s at %s\n",
                                               needles[i].name, pid, line, area);
        }
        (void) fclose(maps);
        (void) close(mem);
}

/* --- Processes that end --- */

static pid_t process_of(pid_t thread) {
        char path[64], line[256];
        pid_t process = thread;
        FILE *f;

        (void) snprintf(path, sizeof(path), "/proc/%d/status", thread);
        f = fopen(path, "re");
        while (f && fgets(line, sizeof(line), f))
                if (sscanf(line, "Tgid: %d", &process) == 1)
                        break;
        if (f)
                (void) fclose(f);
        return process;
}

static void print_arguments(pid_t pid, FILE *report) {
        char path[64];
        FILE *f;
        int c;

        (void) snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
        f = fopen(path, "re");
        while (f && (c = fgetc(f)) != EOF)
                (void) fputc(c ? c : ' ', report);
        (void) fputc('\n', report);
        if (f)
                (void) fclose(f);
}

static void end_of(pid_t thread, const char *secrets, FILE *report) {
        unsigned long status = 0;

        if (process_of(thread) != thread)
                return;
        (void) ptrace(PTRACE_GETEVENTMSG, thread, NULL, &status);
        read_secrets(secrets); /* there may be more by now */
        (void) fprintf(report, "process %d ends with %lu, signal %lu, core %lu: ", thread,
                       status >> 8, status & 0x7f, status >> 7 & 1);
        print_arguments(thread, report);
        look(thread, report);
        (void) fflush(report);
}

static void follow(const char *secrets, FILE *report) {
        int status;
        pid_t pid;

        while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
                int event = status >> 16, number = WSTOPSIG(status);
                long pass = 0;

                if (pid <= 0 || !WIFSTOPPED(status))
                        continue;
                if (event == PTRACE_EVENT_EXIT)
                        end_of(pid, secrets, report);
                else if (event == PTRACE_EVENT_STOP && number != SIGTRAP) {
                        (void) ptrace(PTRACE_LISTEN, pid, NULL, NULL);
                        continue;
                } else if (event == 0)
                        pass = number;
                (void) ptrace(PTRACE_CONT, pid, NULL, (void *) pass);
        }
        (void) fputs("over\n", report);
        (void) fflush(report);
}

static void watch(pid_t pid, const char *secrets, const char *report_path, int ready) {
        const long options =
                PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT;
        FILE *report = fopen(report_path, "ae");

        if (!report || ptrace(PTRACE_SEIZE, pid, NULL, (void *) options) < 0)
                die("cannot watch");
        (void) setsid();
        if (write(ready, "", 1) != 1)
                die("pipe");
        (void) close(ready);
        follow(secrets, report);
        (void) fclose(report);
}

/* The watcher is a child of nobody here: the program may wait for all of its children. */
static void start_watcher(const char *secrets, const char *report) {
        const pid_t program = getpid();
        int fds[2];
        pid_t pid;
        char byte;

        /* A kernel without such a limit says EINVAL. */
        (void) prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
        if (pipe2(fds, O_CLOEXEC) < 0)
                die("pipe");
        pid = fork();
        if (pid == 0) {
                if (fork() == 0)
                        watch(program, secrets, report, fds[1]);
                _exit(0);
        }
        (void) waitpid(pid, NULL, 0);
        (void) close(fds[1]);
        if (read(fds[0], &byte, 1) != 1)
                die("no watcher");
        (void) close(fds[0]);
}

int main(int argc, char *argv[]) {
        if (argc < 3)
                return 2;
        read_secrets(argv[1]);
        if (argc == 3) {
                look((pid_t) atoi(argv[2]), stdout);
                return 0;
        }
        start_watcher(argv[1], argv[2]);
        (void) execv(argv[3], argv + 3);
        die(argv[3]);
}
