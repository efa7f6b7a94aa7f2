/* SPDX-License-Identifier: BSD-2-Clause */
/* A process of git with an environment of its own. Which settings of a repository run something is
 * git's matter, so only commands are run that need none of them, and the known ones are off. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli/become.h"
#include "scan/gitrun.h"

#define ARGUMENTS_MAX 48
#define MESSAGES_MAX  65536

/* The repository may belong to anybody: we give git no right and no setting of the caller's. */
static const char *const before[] = {
        "git",
        "--no-pager",
        "-c",
        "safe.directory=*",
        /* an object that is missing stays so */
        "-c",
        "protocol.allow=never",
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.attributesFile=/dev/null",
        "-c",
        "core.sshCommand=false",
        "-c",
        "core.gitProxy=",
        "-c",
        "diff.external=",
        "-c",
        "credential.helper=",
        "-c",
        "gpg.program=false",
        "-c",
        "log.showSignature=false",
        "-c",
        "maintenance.auto=false",
        "-c",
        "gc.auto=0",
};

/* There are no others. */
static const struct {
        const char *name, *value;
} environment[] = {
        { "PATH", "/usr/local/bin:/usr/bin:/bin" },
        { "HOME", "/nonexistent" },
        { "LC_ALL", "C" },
        { "GIT_CONFIG_NOSYSTEM", "1" },
        { "GIT_CONFIG_GLOBAL", "/dev/null" },
        { "GIT_ATTR_NOSYSTEM", "1" },
        { "GIT_NO_REPLACE_OBJECTS", "1" },
        { "GIT_NO_LAZY_FETCH", "1" },
        { "GIT_ALLOW_PROTOCOL", "none" },
        { "GIT_TERMINAL_PROMPT", "0" },
        { "GIT_OPTIONAL_LOCKS", "0" },
};

/* execvp(3) takes text that is not constant, and does not change it. */
union arguments {
        const char *given[ARGUMENTS_MAX];
        char *taken[ARGUMENTS_MAX];
};

/* Without GIT_DIR git would look for a repository further up, and use one of anybody. */
static int set_environment(void) {
        struct stat st;
        int r = clearenv();

        if (r == 0)
                r = setenv("GIT_DIR", lstat(".git", &st) < 0 ? "." : ".git", 1);

        for (size_t i = 0; r == 0 && i < ARRAY_LEN(environment); i++)
                r = setenv(environment[i].name, environment[i].value, 1);
        return r;
}

/* What the first line of the file DIR/NAME has behind ${prefix}, which is a path from ${dir} on. ""
 * without one. */
static int read_path(const char *dir, const char *name, const char *prefix,
                     char out[static PATH_MAX]) {
        char path[PATH_MAX], text[sizeof("gitdir: ") + PATH_MAX];
        _cleanup_close_ int fd = -1;
        ssize_t n;

        out[0] = '\0';
        if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= PATH_MAX)
                return -ENAMETOOLONG;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        if (n < 0) /* .git is mostly a directory */
                return errno == ENOENT || errno == ENOTDIR || errno == EISDIR ? 0 : -errno;
        text[n] = '\0';
        text[strcspn(text, "\r\n")] = '\0';
        if (strncmp(text, prefix, strlen(prefix)) != 0)
                return 0;
        memmove(text, text + strlen(prefix), (size_t) n + 1 - strlen(prefix));
        n = snprintf(out, PATH_MAX, "%s%s%s", text[0] == '/' ? "" : dir, text[0] == '/' ? "" : "/",
                     text);
        return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static bool can_others_write(const struct stat *st) {
        return (st->st_mode & S_IWOTH) != 0 || (st->st_gid != 0 && (st->st_mode & S_IWGRP) != 0);
}

/* 1: ${path}, or a directory on the way to it, is not root's, so its owner could put another one
 * there after this look; whose it is. 0: all are root's. -EPERM: so they are, and others can. */
static int look_at_way(const char *path, struct stat *ret) {
        char part[PATH_MAX];

        for (size_t n = 0;; n++) {
                n += strcspn(path + n, "/");
                (void) snprintf(part, sizeof(part), "%.*s", n > 0 ? (int) n : 1, path);
                if (lstat(part, ret) < 0)
                        return -errno; /* and anybody could make it */
                if (ret->st_uid != 0)
                        return 1;
                if (!S_ISLNK(ret->st_mode) && (ret->st_mode & S_ISVTX) == 0 &&
                    can_others_write(ret))
                        return -EPERM;
                if (!path[n])
                        return 0;
        }
}

/* The same of what git uses in a directory: a link itself, or what is behind it. */
static int look_at(const char *dir, struct stat *ret) {
        static const char *const parts[] = {
                ".", "config", "HEAD", "objects", "refs", "commondir"
        };
        char path[PATH_MAX];
        int r = look_at_way(dir, ret);

        for (size_t i = 0; r == 0 && i < ARRAY_LEN(parts); i++) {
                if (snprintf(path, sizeof(path), "%s/%s", dir, parts[i]) >= PATH_MAX)
                        return -ENAMETOOLONG;
                if (lstat(path, ret) < 0)
                        continue;
                if (ret->st_uid != 0)
                        return 1;
                if (stat(path, ret) < 0)
                        continue;
                if (ret->st_uid != 0)
                        return 1;
                if (can_others_write(ret))
                        return -EPERM;
        }
        return r;
}

/* Whose repository that is: not root's if any of what git will use is somebody else's, such as a
 * .git in a directory of root for all, or a bare repository without a directory of its own. A
 * worktree or a submodule has a file .git, which names its directory, and the repository of a
 * worktree is what commondir names there. -EPERM: others could put another one there after this
 * look, and git would run with root's rights in it. */
static int find_owner(struct stat *ret) {
        char other[PATH_MAX], common[PATH_MAX] = "";
        const char *const used[] = { ".git", other, common };
        struct stat git;
        bool inside;
        int r;

        r = read_path(".", ".git", "gitdir: ", other);
        inside = lstat(".git", &git) < 0;
        if (r >= 0)
                r = read_path(other[0] ? other : inside ? "." : ".git", "commondir", "", common);
        if (r < 0)
                return r;
        if (stat(".", ret) < 0)
                return -errno;
        if (ret->st_uid != 0)
                return 0;
        /* A .git that is there stays where only its owner may rename it. */
        if (can_others_write(ret) && (inside || (ret->st_mode & S_ISVTX) == 0))
                return -EPERM;
        for (size_t i = 0; r == 0 && i < ARRAY_LEN(used); i++)
                if (used[i][0])
                        r = look_at(inside && i == 0 ? "." : used[i], ret);
        if (r == 0)
                ret->st_uid = 0;
        return r < 0 ? r : 0;
}

static _Noreturn void say_and_end(int err, const char *what) {
        (void) !write(err, what, strlen(what));
        _exit(127);
}

/* In the child: the rights of the repository's owner, if root's would be more. */
static void give_up_rights(pid_t parent, int err) {
        struct stat st;
        int r = 0;

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                r = -errno;
        if (r >= 0 && geteuid() == 0) {
                r = find_owner(&st);
                if (r == -EPERM)
                        say_and_end(err, "others than root can write to this repository of root: "
                                         "scan it as one of them");
                if (r >= 0 && st.st_uid != 0)
                        r = become_user(NULL, st.st_uid, st.st_gid, parent);
        }
        if (r < 0)
                say_and_end(err, "git cannot be run without rights");
}

static void run(const char *path, int in, int out, int err, pid_t parent,
                const union arguments *arguments) {
        static const struct rlimit messages = { MESSAGES_MAX, MESSAGES_MAX };

        if (in < 0)
                in = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
            dup2(err, STDERR_FILENO) < 0)
                _exit(127);
        (void) signal(SIGPIPE, SIG_DFL);
        /* messages beyond that are lost, and take no memory */
        (void) signal(SIGXFSZ, SIG_IGN);
        (void) setrlimit(RLIMIT_FSIZE, &messages);
        if (chdir(path) < 0)
                say_and_end(err, "that is no directory, or it cannot be entered");
        give_up_rights(parent, err);
        if (set_environment() == 0)
                (void) execvp("git", arguments->taken);
        say_and_end(err, "git cannot be run: is it installed?");
}

int gitrun_start(struct gitrun *ret, const char *path, int in, const char *const *arguments) {
        _cleanup_close_ int out = -1, to = -1, err = -1;
        union arguments all = {};
        size_t n = ARRAY_LEN(before);
        int fds[2];
        pid_t pid, parent = getpid();

        memcpy(all.given, before, sizeof(before));
        for (size_t i = 0; arguments[i]; i++) {
                if (n + 1 >= ARRAY_LEN(all.given))
                        return -E2BIG;
                all.given[n++] = arguments[i];
        }
        err = memfd_create("git", MFD_CLOEXEC);
        if (err < 0 || pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        out = fds[0];
        to = fds[1];
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                run(path, in, to, err, parent, &all);
        *ret = (struct gitrun){ .pid = pid, .out = take_fd(&out), .err = take_fd(&err) };
        return 0;
}

/* The last line of the messages. */
static void read_error(int err, char out[static GITRUN_ERROR_LEN]) {
        off_t size = lseek(err, 0, SEEK_END);
        ssize_t n;
        char *line;

        if (size >= GITRUN_ERROR_LEN)
                n = pread(err, out, GITRUN_ERROR_LEN - 1, size - (GITRUN_ERROR_LEN - 1));
        else
                n = pread(err, out, GITRUN_ERROR_LEN - 1, 0);
        while (n > 0 && out[n - 1] == '\n')
                n--;
        out[n > 0 ? n : 0] = '\0';
        line = strrchr(out, '\n');
        if (line)
                memmove(out, line + 1, strlen(line + 1) + 1);
        if (!out[0])
                memcpy(out, "git has failed", sizeof("git has failed"));
}

static int wait_for(struct gitrun *g) {
        int status = -1;

        while (waitpid(g->pid, &status, 0) < 0)
                if (errno != EINTR)
                        break;
        g->pid = 0;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

int gitrun_finish(struct gitrun *g, char ret_error[static GITRUN_ERROR_LEN]) {
        int r;

        cleanup_close(&g->out);
        g->out = -1;
        r = wait_for(g);
        if (r < 0)
                read_error(g->err, ret_error);
        return r;
}

void gitrun_drop(struct gitrun *g) {
        cleanup_close(&g->out);
        if (g->pid > 0)
                (void) wait_for(g);
        cleanup_close(&g->err);
        *g = GITRUN_NONE;
}
