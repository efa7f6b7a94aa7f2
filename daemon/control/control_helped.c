/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cert/cert_work.h"
#include "control/control_helped.h"

#define HELPER_USEC UINT64_C(10000000)

static void on_helper(int r, const uint8_t *out, size_t len, void *userdata) {
        struct control_helped *helped = userdata;

        if (r >= 0)
                helped->take(helped, out, len);
        else {
                log_message(MESSAGE_HELPER_FAILED, LOG_ERR,
                            "%s of uid %u: the process that reads certificates %s",
                            helped->call.method->member, helped->call.uid,
                            r == -ETIMEDOUT ? "took too long" : "has failed");
                control_fail(&helped->call, CONTROL_REFUSED,
                             "That could not be read: nothing was changed.");
        }
        helped->helper = helper_free(helped->helper);
        LIST_REMOVE(helped, entries);
        helped->listed = false;
        control_resume(&helped->call);
}

/* ${n}: the length of the question, or a negative errno. */
void control_helped_ask(struct control_helped *helped, const uint8_t *question, ssize_t n) {
        struct control_cert *cert = helped->call.control->cert;
        int r = (int) n;

        if (n >= 0)
                r = helper_start(&helped->helper, cert->event, CERT_WORK_MODE, question, (size_t) n,
                                 HELPER_BYTES_MAX, HELPER_USEC, on_helper, helped);
        if (r >= 0) {
                LIST_INSERT_HEAD(&cert->calls, helped, entries);
                helped->listed = true;
                return;
        }
        if (r == -EMSGSIZE)
                control_fail(&helped->call, CONTROL_LIMIT_EXCEEDED,
                             "That and all registered CAs are too much to be read at once: at most "
                             "1 MiB.");
        else
                control_fail(&helped->call, CONTROL_BUSY, "That cannot be read now: %s; try again.",
                             strerrordesc_np(-r));
        control_resume(&helped->call);
}

void control_helped_release(struct control_helped *helped) {
        if (helped->listed)
                LIST_REMOVE(helped, entries);
        (void) helper_free(helped->helper);
}

int control_helped_new(struct control_cert **ret, sd_event *event) {
        struct control_cert *cert = calloc(1, sizeof(*cert));

        if (!cert)
                return -ENOMEM;
        cert->event = event;
        LIST_INIT(&cert->calls);
        *ret = cert;
        return 0;
}

struct control_cert *control_helped_free(struct control_cert *cert) {
        struct control_helped *helped;

        if (!cert)
                return NULL;
        while ((helped = LIST_FIRST(&cert->calls)))
                control_drop(&helped->call);
        free(cert->crl);
        free(cert);
        return NULL;
}
