/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts the helper that reads certificates and revocation lists, and goes on with the call when
 * it has answered. Knows nothing of what was read. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cert/cert_work.h"
#include "cleanup.h"
#include "control/control_cert_read.h"
#include "control/control_state.h"

#define HELPER_USEC UINT64_C(10000000)

static void on_helper(int r, const uint8_t *out, size_t len, void *userdata) {
        struct control_cert_read *reading = userdata;
        void (*next)(struct control_cert_read * reading);

        if (r >= 0)
                reading->take(reading, out, len);
        else {
                log_message(MESSAGE_HELPER_FAILED, LOG_ERR,
                            "%s of %s: the process that reads certificates %s",
                            reading->call.method->member, reading->call.who,
                            r == -ETIMEDOUT ? "took too long" : "has failed");
                control_fail(&reading->call, CONTROL_REFUSED,
                             "That could not be read: nothing was changed.");
        }
        reading->helper = helper_free(reading->helper);
        LIST_REMOVE(reading, entries);
        reading->listed = false;
        next = take_ptr(reading->next);
        if (next && reading->call.error == CONTROL_OK)
                next(reading);
        else
                control_resume(&reading->call);
}

void control_cert_read_ask(struct control_cert_read *reading, const uint8_t *question, ssize_t n) {
        struct control_cert_reads *cert = reading->call.control->fixed.cert;
        int r = (int) n;

        if (n >= 0)
                r = helper_start(&reading->helper, cert->event, CERT_WORK_MODE, question,
                                 (size_t) n, HELPER_BYTES_MAX, HELPER_USEC, on_helper, reading);
        if (r >= 0) {
                LIST_INSERT_HEAD(&cert->calls, reading, entries);
                reading->listed = true;
                return;
        }
        if (r == -EMSGSIZE)
                control_fail(&reading->call, CONTROL_LIMIT_EXCEEDED,
                             "That and all registered CAs are too much to be read at once: at most "
                             "1 MiB.");
        else
                control_fail(&reading->call, CONTROL_BUSY,
                             "That cannot be read now: %s; try again.", strerrordesc_np(-r));
        control_resume(&reading->call);
}

void control_cert_read_release(struct control_cert_read *reading) {
        if (reading->listed)
                LIST_REMOVE(reading, entries);
        (void) helper_free(reading->helper);
}

int control_cert_read_new(struct control_cert_reads **ret, sd_event *event) {
        struct control_cert_reads *cert = calloc(1, sizeof(*cert));

        if (!cert)
                return -ENOMEM;
        cert->event = event;
        LIST_INIT(&cert->calls);
        *ret = cert;
        return 0;
}

struct control_cert_reads *control_cert_read_free(struct control_cert_reads *cert) {
        struct control_cert_read *reading;

        if (!cert)
                return NULL;
        while ((reading = LIST_FIRST(&cert->calls)))
                control_drop(&reading->call);
        free(cert->crl);
        free(cert);
        return NULL;
}
