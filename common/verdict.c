/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of reasons: the verdict, the word and the sentence of each. It must not decide: the
 * rules of the daemon choose the reason. */
#include "verdict.h"
#include "attr.h"

static const struct {
        enum verdict verdict;
        const char *name;
        const char *text;
} reasons[] = {
        [REASON_NONE] = { VERDICT_ALLOW, "accepted", "key accepted" },
        [REASON_STORE] = { VERDICT_INTERNAL, "store-failure", "the key store could not be read" },
        [REASON_DISABLED] = { VERDICT_DENY, "disabled",
                              "API keys are disabled (policy enabled=no)" },
        [REASON_UNKNOWN_KEY] = { VERDICT_DENY, "unknown-key", "no key has this id" },
        [REASON_WRONG_SECRET] = { VERDICT_DENY, "wrong-secret",
                                  "the id exists but the secret is wrong" },
        [REASON_OTHER_USER] = { VERDICT_DENY, "other-user", "the key belongs to another user" },
        [REASON_REVOKED] = { VERDICT_DENY, "revoked", "the key was revoked" },
        [REASON_EXPIRED] = { VERDICT_DENY, "expired", "the key has expired" },
        [REASON_SERVICE] = { VERDICT_DENY, "service", "the key is not good for this service" },
        [REASON_SOURCE] = { VERDICT_DENY, "source", "the key is not good from this address" },
        [REASON_SOURCE_UNKNOWN] = { VERDICT_DENY, "source-unknown",
                                    "the key is bound to networks and the service gave no literal "
                                    "address" },
        [REASON_CERTIFICATE_MISSING] = { VERDICT_DENY_CERTIFICATE, "certificate-missing",
                                         "a client certificate is required and none was "
                                         "presented" },
        [REASON_PEER] = { VERDICT_DENY, "peer",
                          "the asking process may not speak for this service" },
        [REASON_STALE] = { VERDICT_DENY, "stale",
                           "the key has had another secret since the login" },
        [REASON_ACCOUNT_UNKNOWN] = { VERDICT_INTERNAL, "account-unknown",
                                     "it is not known yet whether the key's owner exists" },
        [REASON_ACCOUNT_GONE] = { VERDICT_DENY, "account-gone",
                                  "the account that the key was made for does not exist any more" },
        [REASON_ACCOUNT_EXPIRED] = { VERDICT_DENY, "account-expired", "the account has expired" },
        [REASON_PASSWORD_EXPIRED] = { VERDICT_DENY, "password-expired",
                                      "the password has expired (policy "
                                      "remove-on-password-expiry)" },
        [REASON_ADMIN] = { VERDICT_DENY, "admin",
                           "the key is an administrator's (policy admin-keys=no)" },
        [REASON_RETIRED] = { VERDICT_DENY, "retired",
                             "the key was rotated: another has taken its place" },
        [REASON_REMOVED] = { VERDICT_DENY, "removed", "the key was removed with all others" },
        [REASON_HAS_KEY] = { VERDICT_DENY, "has-key",
                             "the user already has a key for this service, alive or revoked" },
        [REASON_NOT_ISSUABLE] = { VERDICT_DENY, "not-issuable",
                                  "no key can be made for such a user or service" },
        [REASON_KEY_LIMIT] = { VERDICT_DENY, "key-limit",
                               "the user has reached the limit of keys" },
        [REASON_BUSY] = { VERDICT_INTERNAL, "busy", "too many calls are waiting" },
        [REASON_CERTIFICATE_UNREADABLE] = { VERDICT_DENY_CERTIFICATE, "certificate-unreadable",
                                            "what was presented is not a readable certificate" },
        [REASON_CERTIFICATE_UNTRUSTED] = { VERDICT_DENY_CERTIFICATE, "certificate-untrusted",
                                           "the certificate is not registered, nor is a CA that "
                                           "issued it" },
        [REASON_CERTIFICATE_NOT_YET_VALID] = { VERDICT_DENY_CERTIFICATE,
                                               "certificate-not-yet-valid",
                                               "the certificate, or one of its chain, is not valid "
                                               "yet" },
        [REASON_CERTIFICATE_EXPIRED] = { VERDICT_DENY_CERTIFICATE, "certificate-expired",
                                         "the certificate, or one of its chain, has expired" },
        [REASON_CERTIFICATE_REVOKED] = { VERDICT_DENY_CERTIFICATE, "certificate-revoked",
                                         "the certificate, or one of its chain, is on a revocation "
                                         "list" },
        [REASON_CERTIFICATE_CRL_EXPIRED] = { VERDICT_DENY_CERTIFICATE, "certificate-crl-expired",
                                             "the revocation list of an issuer is out of date, or "
                                             "not for "
                                             "this certificate" },
        [REASON_CERTIFICATE_WEAK] = { VERDICT_DENY_CERTIFICATE, "certificate-weak",
                                      "the certificate, or one of its chain, is too weak" },
        [REASON_CERTIFICATE_PURPOSE] = { VERDICT_DENY_CERTIFICATE, "certificate-purpose",
                                         "the certificate is not for clients" },
        [REASON_CERTIFICATE_CHAIN] = { VERDICT_DENY_CERTIFICATE, "certificate-chain",
                                       "the certificate's chain is not valid" },
        [REASON_CERTIFICATE_OTHER] = { VERDICT_DENY_CERTIFICATE, "certificate-other",
                                       "the key is bound to another certificate" },
        [REASON_CERTIFICATE_UNPROVED] = { VERDICT_DENY_CERTIFICATE, "certificate-unproved",
                                          "the certificate was shown, but its key must be proved" },
        [REASON_CERTIFICATE_SIGNATURE] = { VERDICT_DENY_CERTIFICATE, "certificate-signature",
                                           "the challenge was not signed with the certificate's "
                                           "key" },
        [REASON_CERTIFICATE_UNCHECKED] = { VERDICT_INTERNAL, "certificate-unchecked",
                                           "the certificate could not be checked in time" },
        [REASON_SPELLING_UNKNOWN] = { VERDICT_INTERNAL, "spelling-unknown",
                                      "it is not known yet whether this is another spelling of the "
                                      "owner's name" },
        [REASON_FLEET_STALE] = { VERDICT_INTERNAL, "fleet-stale",
                                 "this host has heard nothing of its fleet for too long (policy "
                                 "replica-max-age)" },
        [REASON_REALM] = { VERDICT_DENY, "realm",
                           "the realm of the key is not configured, or does not have this user" },
        [REASON_REALM_SERVICE] = { VERDICT_DENY, "realm-service",
                                   "the service is of a realm and the key is not, or the key is of "
                                   "a realm and the service is not" },
        [REASON_IDLE] = { VERDICT_DENY, "idle", "the key was not used for too long (policy idle)" },
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
