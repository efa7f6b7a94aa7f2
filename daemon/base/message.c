/* SPDX-License-Identifier: BSD-2-Clause */
/* The ids of messages in the journal. They were drawn once and never change: a person who filters
 * by one must find it after an upgrade too. systemd/wfapikey.catalog explains each. */
#include "base/message.h"

static const char *const ids[] = {
        [MESSAGE_ACCEPTED] = "9d930d7e0bb651cb852f9a81dd528668",
        [MESSAGE_READY] = "61873fde4e9a5ed589153ba4f4520f0f",
        [MESSAGE_NOT_STARTED] = "f1ccd77d77b15ee2a61079d0d4b37c06",
        [MESSAGE_LOOP_FAILED] = "8c2f2186f38d5eac8922188d6b630ca8",
        [MESSAGE_CONF_READ] = "685b4afd423a55bc9235cb2504c68df0",
        [MESSAGE_CONF_REFUSED] = "4b8a8d8b1a365c80bdc32a04a62f56d2",
        [MESSAGE_LOG_LOST] = "a071dc062b0b58dba8acb3925d874f6d",
        [MESSAGE_AUDIT_WAITS] = "c2112ce3446452359c7b275f47e34872",
        [MESSAGE_AUDIT_LOST] = "f36a3b8ce1915cc588bfac6b12c9f3c0",
        [MESSAGE_AUDIT_BACK] = "b01682ca773c5207bf366b918a56c39d",
        [MESSAGE_SWEEP_FAILED] = "088e7501abac585aa08fd3f8c4381e73",
        [MESSAGE_CLOCK_SET] = "0c49b34001c25931803a0f7679d1ab67",
        [MESSAGE_ACCOUNTS_UNREAD] = "25c1ec5c80cc51bca0edac14726e472d",
        [MESSAGE_DIRECTORY_SILENT] = "fdb2354d6d875367ba54e67ffa8970a4",
        [MESSAGE_ACCOUNTS_VANISHED] = "d68c1c27d19059f2963a99cc5df4b6c6",
        [MESSAGE_PASSWORD_WRONG] = "a7228195d2bf5bec80f6fd3e49556c70",
        [MESSAGE_PASSWORD_UNCHECKED] = "c091511ae68c5ae8b90f5c953d06cc8c",
        [MESSAGE_HELPER_FAILED] = "3b9f0f2c78805788b21727345fb121c2",
        [MESSAGE_KEY_CHANGED] = "a1d28a98280a50cb9fdce4dbb8e02e10",
        [MESSAGE_KEYS_REMOVED] = "8af9037b61ee50ebbd2fd60e3aa5dab4",
        [MESSAGE_POLICY_CHANGED] = "52d5cf3c9aa15ac58644a2612a937e2e",
        [MESSAGE_STORE_LOST] = "df710ca19d24ffd3f3414d50a75921b2",
        [MESSAGE_STORE_FULL] = "26d0ca9262cf6e4743186c8443631972",
        [MESSAGE_STORE_READ_ONLY] = "ae3b4b2c17ec72a4892bc09ccd776d80",
        [MESSAGE_STORE_BACK] = "7043105776bd28177fdc4be8cd040337",
        [MESSAGE_CLOCK_BEHIND] = "13cd872f93434ee190a83815656dde80",
        [MESSAGE_CLOCK_BACK] = "c4bfc8bf558b416c8efe16c19e4a460c",
        [MESSAGE_CLOCK_AHEAD] = "7fdf691b734e4d3d94dcc0d712c58ba0",
        [MESSAGE_PASSWORDS_LOST] = "0c4f2bbadef04363a515fba208260919",
        [MESSAGE_COPY_OLD] = "5531827263dd41a6a0272bbbfc015c56",
        [MESSAGE_STORE_DAMAGED] = "e39734ba436c4057a4e58a381710821e",
        [MESSAGE_STORE_MENDED] = "ed76fca09ef74110a548b9511cac50a3",
        [MESSAGE_FLEET_REPORT] = "5d1f7a5293b64a0e8f4e7c2f10a6e3b9",
};
_Static_assert(ARRAY_LEN(ids) == _MESSAGE_MAX, "an id for each message");

static const char *const reason_ids[] = {
        [REASON_NONE] = "9d930d7e0bb651cb852f9a81dd528668",
        [REASON_STORE] = "5e168c5a016557139c04f5d9639ed43f",
        [REASON_DISABLED] = "cb0823d2ce305ff3a406bb25c671b773",
        [REASON_UNKNOWN_KEY] = "94715fec5d87517b81cd22f47098e04c",
        [REASON_WRONG_SECRET] = "936b278cbbf15a45bae69b4bde258397",
        [REASON_OTHER_USER] = "21b18fd12f78524fb9674389fa93fe7e",
        [REASON_REVOKED] = "58323aeaa558539c8d389c46324ab32d",
        [REASON_EXPIRED] = "ca82e420b4ec57f6bbba66c244aa2b8a",
        [REASON_SERVICE] = "5198e8403703575aa10c2cb43a0dfb27",
        [REASON_SOURCE] = "32a04ac3c4795f15befcb3c20c3749bf",
        [REASON_SOURCE_UNKNOWN] = "bb543c9235b252ddb559e601dbacf41e",
        [REASON_CERTIFICATE_MISSING] = "2f33242630c656fe8509577afeb78607",
        [REASON_PEER] = "43914b5c7d215d32aa4dd229fa6e7987",
        [REASON_STALE] = "5359542e5d115368bf0df30145c25d75",
        [REASON_ACCOUNT_UNKNOWN] = "dd1c216bc00a5da9add8534e437d60f3",
        [REASON_ACCOUNT_GONE] = "a2ae8ec57a3f514e9545ec5ef1af9222",
        [REASON_ACCOUNT_EXPIRED] = "040cbd5eb7be5ed0a6c2d6b15d3b61dd",
        [REASON_PASSWORD_EXPIRED] = "7464040a409555b3b293362cf6aa12cf",
        [REASON_ADMIN] = "1a164ba9856459bd8ca218d94f0fe8c9",
        [REASON_RETIRED] = "c163d587cf7655f4839f7707c7167690",
        [REASON_REMOVED] = "6f1040c839f553979dc1dcf816d9c393",
        [REASON_HAS_KEY] = "7226125bec405014903a6f3886d284eb",
        [REASON_NOT_ISSUABLE] = "1bbed110864d57b99cc407916689be61",
        [REASON_KEY_LIMIT] = "1ae3c05e3ff358e89551a26d18625584",
        [REASON_BUSY] = "4e6924c7f06e5627addfa73aae18a132",
        [REASON_CERTIFICATE_UNREADABLE] = "122b7af8cdd8557a8b8f8f8bd4680372",
        [REASON_CERTIFICATE_UNTRUSTED] = "dafc5734bb385bf0b1585d781e447ae2",
        [REASON_CERTIFICATE_NOT_YET_VALID] = "852891739b305adbad27f6646436f472",
        [REASON_CERTIFICATE_EXPIRED] = "db2f3bb6551a5f97871afda60823c53e",
        [REASON_CERTIFICATE_REVOKED] = "743706fd11de5755a54177c30ed0b4c2",
        [REASON_CERTIFICATE_CRL_EXPIRED] = "4eb203abaaa350aea0f4d42f967b4b42",
        [REASON_CERTIFICATE_WEAK] = "cab26352ec995c6dacd600a0e46e3e7f",
        [REASON_CERTIFICATE_PURPOSE] = "b95ad526d9da5b3cb75ace16fe19c08e",
        [REASON_CERTIFICATE_CHAIN] = "697cc892e2505da28091d19d08ba1fee",
        [REASON_CERTIFICATE_OTHER] = "21b80b4ca5f9568390229bf342045109",
        [REASON_CERTIFICATE_UNPROVED] = "91f7c6460b9959ddac472918b261ed3d",
        [REASON_CERTIFICATE_SIGNATURE] = "5ede193b5a4652bf94db7a2db6dbaea0",
        [REASON_CERTIFICATE_UNCHECKED] = "a50c3257510c55329902599eba622e7d",
        [REASON_SPELLING_UNKNOWN] = "7538a5fc24824b45a3baadae87668f76",
        [REASON_FLEET_STALE] = "b88dd016394b4a19a345d65fd899eb2f",
        [REASON_REALM] = "6be1f6e0a1f74c7e9b0f31f3d8a5c2e4",
        [REASON_REALM_SERVICE] = "0f9b8c52d1674c37a4b7e3a46d25f81c",
        [REASON_IDLE] = "d76a534956b61ce7953d76eacf99eb8c",
};
_Static_assert(ARRAY_LEN(reason_ids) == _REASON_MAX, "an id for each reason");

const char *message_id(enum message message) {
        return (unsigned) message < _MESSAGE_MAX ? ids[message] : "";
}

const char *message_id_of_reason(enum reason reason) {
        return (unsigned) reason < _REASON_MAX ? reason_ids[reason] : "";
}
