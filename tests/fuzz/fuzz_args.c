/* SPDX-License-Identifier: BSD-2-Clause */
/* The arguments of every method of the control socket. The input chooses the method and the values,
 * which go into a message of the method's own signature, and the method's parse function reads it
 * as when it has come over the bus. What it accepts it has read to the end; what it refuses it
 * explains in a sentence that can be shown. */
#include "fuzz.h"

#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "accounts/accounts.h"
#include "control/control.h"
#include "control/control_state.h"
#include "text.h"

#define DEPTH_MAX 8

struct accounts_source __wrap_accounts_source(struct accounts *a);

struct accounts_source __wrap_accounts_source(struct accounts *a) {
        (void) a;
        return (struct accounts_source){ .etc = "/nonexistent" };
}

#define ROW(name, arguments, results, verb, traits, handlers) { name, #arguments },

static const struct {
        const char *member, *arguments; /* as they stand in the table */
} methods[] = { CONTROL_METHODS(ROW) };

/* The types in ("s", name, "a{sv}", name), which are between quotes. */
static void take_types(const char *arguments, char out[static 64]) {
        size_t n = 0;

        for (const char *p = arguments; (p = strchr(p, '"'));) {
                size_t len = strcspn(p + 1, "\"");

                must(n + len < 64);
                memcpy(out + n, p + 1, len);
                n += len;
                p += len + 2;
        }
        out[n] = '\0';
}

static sd_bus *bus;
static struct control control;

static void make_bus(void) {
        int fds[2];

        must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) >= 0);
        must(sd_bus_new(&bus) >= 0 && sd_bus_set_fd(bus, fds[0], fds[0]) >= 0);
        must(sd_bus_start(bus) >= 0);
        (void) close(fds[1]);
}

/* --- Values --- */

/* The length of the first complete type in a signature. */
static size_t type_len(const char *types) {
        size_t len = 0;
        int depth = 0;

        do {
                depth += types[len] == '(' || types[len] == '{';
                depth -= types[len] == ')' || types[len] == '}';
                len++;
        } while (types[len - 1] == 'a' || depth > 0);
        return len;
}

static bool put_values(sd_bus_message *m, struct fuzz *f, const char *types, unsigned depth);

static bool put_bytes(sd_bus_message *m, struct fuzz *f) {
        struct fuzz part = fuzz_take(f, fuzz_number(f, 2) % 4096);

        return sd_bus_message_append_array(m, 'y', part.at, part.left) >= 0;
}

static bool put_array(sd_bus_message *m, struct fuzz *f, const char *type, unsigned depth) {
        unsigned n = fuzz_byte(f) % 8;
        bool right = sd_bus_message_open_container(m, 'a', type) >= 0;

        while (right && n-- > 0 && f->left > 0)
                right = put_values(m, f, type, depth + 1);
        return right && sd_bus_message_close_container(m) >= 0;
}

static bool put_variant(sd_bus_message *m, struct fuzz *f, unsigned depth) {
        static const char *const types[] = { "s", "as", "b", "u", "t", "x", "ay", "i", "v", "g" };
        const char *type = types[fuzz_byte(f) % ARRAY_LEN(types)];

        return sd_bus_message_open_container(m, 'v', type) >= 0 &&
               put_values(m, f, type, depth + 1) && sd_bus_message_close_container(m) >= 0;
}

static bool put_group(sd_bus_message *m, struct fuzz *f, const char *type, size_t len,
                      unsigned depth) {
        char inner[64] = "";

        memcpy(inner, type + 1, len - 2);
        return sd_bus_message_open_container(m, type[0] == '(' ? 'r' : 'e', inner) >= 0 &&
               put_values(m, f, inner, depth + 1) && sd_bus_message_close_container(m) >= 0;
}

/* A number with many or few bits. */
static bool put_number(sd_bus_message *m, struct fuzz *f, char type) {
        uint64_t v = fuzz_number(f, fuzz_byte(f) % 9);
        int truth = v & 1;

        if (type == 'b')
                return sd_bus_message_append_basic(m, type, &truth) >= 0;
        return sd_bus_message_append_basic(m, type, &v) >= 0;
}

static bool put_string(sd_bus_message *m, struct fuzz *f, char type) {
        struct fuzz part = fuzz_take(f, fuzz_byte(f));
        char *text = fuzz_text(&part);
        bool right = sd_bus_message_append_basic(m, type, text) >= 0;

        free(text);
        return right;
}

static bool put_value(sd_bus_message *m, struct fuzz *f, const char *type, size_t len,
                      unsigned depth) {
        char inner[64] = "";

        if (depth == DEPTH_MAX)
                return false;
        switch (type[0]) {
        case 'a':
                if (type[1] == 'y')
                        return put_bytes(m, f);
                memcpy(inner, type + 1, len - 1);
                return put_array(m, f, inner, depth);
        case 'v':
                return put_variant(m, f, depth);
        case '(':
        case '{':
                return put_group(m, f, type, len, depth);
        case 's':
        case 'g':
        case 'o':
                return put_string(m, f, type[0]);
        default:
                return put_number(m, f, type[0]);
        }
}

static bool put_values(sd_bus_message *m, struct fuzz *f, const char *types, unsigned depth) {
        bool right = true;

        for (size_t len; right && *types; types += len) {
                len = type_len(types);
                right = put_value(m, f, types, len, depth);
        }
        return right;
}

/* --- The call --- */

static void parse(const struct control_method *method, sd_bus_message *m, enum role role) {
        const struct control_handlers *handlers = method->handlers;
        struct control_call *call = calloc(1, handlers->size);
        int r;

        must(call && handlers->size >= sizeof(*call));
        *call = (struct control_call){ .method = method,
                                       .control = &control,
                                       .message = m,
                                       .uid = 1000,
                                       .role = role,
                                       .connection = 1 };
        (void) snprintf(call->about.user, sizeof(call->about.user), "alice");
        r = handlers->parse(call, m);
        must(memchr(call->error_text, '\0', sizeof(call->error_text)));
        if (call->error != CONTROL_OK)
                must(text_is_label(call->error_text, sizeof(call->error_text) - 1));
        else
                must(r < 0 || sd_bus_message_at_end(m, true) > 0);
        if (handlers->release)
                handlers->release(call);
        free(call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct fuzz f = { data, size };
        size_t row = fuzz_byte(&f) % ARRAY_LEN(methods);
        const struct control_method *method = control_methods_find(methods[row].member);
        enum role role = (enum role)(fuzz_byte(&f) % _ROLE_MAX);
        sd_bus_message *m = NULL;
        char types[64];

        take_types(methods[row].arguments, types);
        must(method != NULL);
        if (!bus)
                make_bus();
        if (!method->handlers->parse)
                return 0;
        must(sd_bus_message_new_method_call(bus, &m, "a.b", "/a", "a.b", methods[row].member) >= 0);
        if (put_values(m, &f, types, 0) && sd_bus_message_seal(m, 1, 0) >= 0 &&
            sd_bus_message_rewind(m, true) >= 0)
                parse(method, m, role);
        sd_bus_message_unref(m);
        return 0;
}
