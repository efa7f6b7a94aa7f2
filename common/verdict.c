#include "verdict.h"
#include "attr.h"

static const struct {
        enum verdict verdict;
        const char *name;
        const char *text;
} reasons[] = {
        [REASON_NONE] = { VERDICT_ALLOW, "accepted", "key accepted" },
        [REASON_STORE] = { VERDICT_INTERNAL, "store-failure", "the key store could not be read" },
        [REASON_DISABLED] = { VERDICT_DENY, "disabled", "API keys are disabled (policy enabled=no)" },
        [REASON_UNKNOWN_KEY] = { VERDICT_DENY, "unknown-key", "no key has this id" },
        [REASON_WRONG_SECRET] = { VERDICT_DENY, "wrong-secret", "the id exists but the secret is wrong" },
        [REASON_OTHER_USER] = { VERDICT_DENY, "other-user", "the key belongs to another user" },
        [REASON_REVOKED] = { VERDICT_DENY, "revoked", "the key was revoked" },
        [REASON_EXPIRED] = { VERDICT_DENY, "expired", "the key has expired" },
        [REASON_SERVICE] = { VERDICT_DENY, "service", "the key is not good for this service" },
        [REASON_SOURCE] = { VERDICT_DENY, "source", "the key is not good from this address" },
        [REASON_SOURCE_UNKNOWN] = { VERDICT_DENY, "source-unknown",
                                    "the key is bound to networks and the service gave no literal address" },
        [REASON_CERTIFICATE_MISSING] = { VERDICT_DENY_CERTIFICATE, "certificate-missing",
                                         "a client certificate is required and none was presented" },
        [REASON_PEER] = { VERDICT_DENY, "peer", "the asking process may not speak for this service" },
        [REASON_STALE] = { VERDICT_DENY, "stale", "the login is not of the key as it is now" },
};
_Static_assert(ARRAY_LEN(reasons) == _REASON_MAX, "a row for each reason");

enum verdict verdict_of(enum reason reason) {
        return (unsigned) reason < _REASON_MAX ? reasons[reason].verdict : VERDICT_INTERNAL;
}

const char *verdict_reason_name(enum reason reason) {
        return (unsigned) reason < _REASON_MAX ? reasons[reason].name : "unknown-reason";
}

const char *verdict_reason_text(enum reason reason) {
        return (unsigned) reason < _REASON_MAX ? reasons[reason].text
                                               : "a reason that this version does not know";
}
