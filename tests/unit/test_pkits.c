/* SPDX-License-Identifier: BSD-2-Clause */
/* The cases of PKITS, NIST's test suite of certification paths, as far as they are about a chain
 * and its lists. pkits.txt says what each certificate and each list is. This program makes them
 * anew, registers the CAs, loads the lists, and has the client's certificate judged as a login
 * does. Where the daemon means to decide otherwise than PKITS, the case names why. */
#include "unit_cert.h"
#include "unit_store.h"

#include "store/store_cert.h"

#define NOW       UNIT_CERT_NOW
#define FIELDS    10
#define LINES_MAX 600
#define LISTS_MAX 64 /* entries of a list */

/* The fields of each kind of line; see pkits.txt. */
enum { C_LABEL = 1, C_SIGNER, C_KEY, C_SUBJECT, C_ISSUER, C_SERIAL, C_DATES, C_EXTENSIONS, C_LIST };
enum { L_LABEL = 1, L_SIGNER, L_ISSUER, L_SERIALS, L_DATES, L_EXTENSIONS };
enum {
        T_LABEL = 1,
        T_WANT,
        T_CAS,
        T_LISTS,
        T_SIGNER,
        T_SUBJECT,
        T_ISSUER,
        T_SERIAL,
        T_DATES,
        T_EXTENSIONS
};

struct line {
        char *field[FIELDS + 1];
        const struct unit_cert *made; /* of a CA */
};

static struct {
        char *text;
        struct line line[LINES_MAX];
        size_t n;
        CONF *names; /* the names in name constraints */
} table;

/* --- The table --- */

static struct line *find(char kind, const char *label) {
        for (size_t i = 0; i < table.n; i++)
                if (table.line[i].field[0][0] == kind && strcmp(table.line[i].field[1], label) == 0)
                        return &table.line[i];
        fail_msg("no line %c for '%s'", kind, label);
        return NULL;
}

static void take_line(char *text) {
        static char nothing[] = "";
        struct line *line = &table.line[table.n];

        if (!*text || *text == '#')
                return;
        assert_true(++table.n < LINES_MAX);
        for (size_t i = 0; i <= FIELDS; i++) {
                char *field = strsep(&text, "|");

                line->field[i] = field ? field : nothing;
        }
}

/* A name is C=..,CN=.. with /u for UTF8String and the like; ~ is the common beginning, and . the
 * name without any part. */
static X509_NAME *make_name(const char *text) {
        char copy[512], *rest = copy, *part;
        X509_NAME *name = X509_NAME_new();

        (void) snprintf(copy, sizeof(copy), "%s%s",
                        *text == '~' ? "C=US,O=Test Certificates 2011" : "", text + (*text == '~'));
        while (strcmp(text, ".") != 0 && (part = strsep(&rest, ","))) {
                char *value = strchr(part, '='), *type = strchr(part, '/');
                int tag = V_ASN1_PRINTABLESTRING;

                assert_non_null(value);
                *value++ = '\0';
                if (type && type < value) {
                        tag = type[1] == 'u' ? V_ASN1_UTF8STRING : V_ASN1_IA5STRING;
                        *type = '\0';
                }
                unit_cert_add_name(name, OBJ_sn2nid(part), tag, value, -1);
        }
        return name;
}

/* Sections for dirName, as openssl.cnf has them. */
static void make_sections(void) {
        BIO *bio = BIO_new(BIO_s_mem());
        long line;

        for (size_t i = 0; i < table.n; i++) {
                X509_NAME *name;

                if (table.line[i].field[0][0] != 'N')
                        continue;
                name = make_name(table.line[i].field[2]);
                BIO_printf(bio, "[%s]\n", table.line[i].field[1]);
                for (int e = 0; e < X509_NAME_entry_count(name); e++) {
                        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, e);
                        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);

                        BIO_printf(bio, "%d.%s=%.*s\n", e,
                                   OBJ_nid2sn(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry))),
                                   ASN1_STRING_length(value), ASN1_STRING_get0_data(value));
                }
                X509_NAME_free(name);
        }
        table.names = NCONF_new(NULL);
        assert_int_equal(NCONF_load_bio(table.names, bio, &line), 1);
        BIO_free(bio);
}

static int read_table(void **state) {
        const char *top = getenv("top_srcdir");
        char path[UNIT_PATH_LEN], *rest, *line;
        FILE *file;
        size_t size = 0;

        (void) state;
        (void) snprintf(path, sizeof(path), "%s/tests/unit/pkits.txt", top ? top : ".");
        file = fopen(path, "re");
        if (!file || getdelim(&table.text, &size, '\0', file) < 0 || fclose(file) != 0)
                return -1;
        for (rest = table.text; (line = strsep(&rest, "\n"));)
                take_line(line);
        make_sections();
        return 0;
}

static int free_table(void **state) {
        NCONF_free(table.names);
        free(table.text);
        return unit_cert_free(state);
}

/* --- Certificates and lists --- */

/* A key for each CA that has one of its own, one for all clients, one that signs nothing right. */
static EVP_PKEY *key_of(const char *label) {
        char name[32];

        (void) snprintf(name, sizeof(name), "ED25519#%s", label);
        if (strcmp(label, "-") != 0 && strcmp(label, "client") != 0)
                (void) snprintf(name, sizeof(name), "ED25519#%td", find('C', label) - table.line);
        return unit_cert_key(name);
}

static X509_NAME *subject_of(const struct line *ca) {
        char text[256];

        (void) snprintf(text, sizeof(text), "~,CN=%s", ca->field[C_LABEL]);
        return make_name(*ca->field[C_SUBJECT] ? ca->field[C_SUBJECT] : text);
}

/* An empty field is the name of the CA that signed. */
static X509_NAME *issuer_of(const char *text, const char *signer) {
        return *text ? make_name(text) : subject_of(find('C', signer));
}

static X509_EXTENSION *make_extension(const char *text) {
        static const char *const words[][2] = {
                { "$CA", "basicConstraints=critical,CA:TRUE" },
                { "$SIGN", "keyUsage=critical,keyCertSign,cRLSign" },
                { "$EE", "keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment,"
                         "dataEncipherment" },
        };
        char copy[1024], *value;
        X509V3_CTX ctx = {};
        X509_EXTENSION *extension;

        (void) snprintf(copy, sizeof(copy), "%s", text);
        for (size_t i = 0; i < ARRAY_LEN(words); i++) {
                size_t len = strlen(words[i][0]);

                if (strncmp(text, words[i][0], len) == 0)
                        (void) snprintf(copy, sizeof(copy), "%s%s", words[i][1], text + len);
        }
        value = strchr(copy, '=');
        assert_non_null(value);
        *value++ = '\0';
        X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, 0);
        X509V3_set_nconf(&ctx, table.names);
        extension = X509V3_EXT_nconf(table.names, &ctx, copy, value);
        if (!extension)
                fail_msg("no extension: %s", text);
        return extension;
}

/* They are separated by " ; ". Calls ${add} for each. */
static void each_extension(const char *list, void (*add)(void *to, X509_EXTENSION *extension),
                           void *to) {
        while (*list) {
                const char *end = strstr(list, " ; ");
                size_t len = end ? (size_t) (end - list) : strlen(list);
                X509_EXTENSION *extension;
                char one[1024] = "";

                assert_true(len < sizeof(one));
                memcpy(one, list, len);
                extension = make_extension(one);
                add(to, extension);
                X509_EXTENSION_free(extension);
                list += len + (end ? 3 : 0);
        }
}

static void add_to_cert(void *to, X509_EXTENSION *extension) {
        assert_int_equal(X509_add_ext(to, extension, -1), 1);
}

static void add_to_crl(void *to, X509_EXTENSION *extension) {
        assert_int_equal(X509_CRL_add_ext(to, extension, -1), 1);
}

/* "FROM TO" as they are encoded, or nothing for 2010 to 2030. */
static void take_dates(const char *text, ASN1_TIME **from, ASN1_TIME **to) {
        char copy[64], *rest = copy;

        (void) snprintf(copy, sizeof(copy), "%s", *text ? text : "100101083000Z 301231083000Z");
        *from = unit_cert_time(0, strsep(&rest, " "));
        *to = unit_cert_time(0, rest);
}

static const struct unit_cert *ca_of(struct line *ca);

/* Without them OpenSSL takes a CA that issued itself for a root, whatever key signed it. */
static void add_key_ids(X509 *x, const char *signer, bool own) {
        X509 *issuer = own || strcmp(signer, "-") == 0 ? x : ca_of(find('C', signer))->x;

        unit_cert_add_extensions(x, issuer, "subjectKeyIdentifier=hash");
        if (strcmp(signer, "-") != 0)
                unit_cert_add_extensions(x, issuer, "authorityKeyIdentifier=keyid");
}

static const struct unit_cert *make_cert(X509_NAME *subject, X509_NAME *issuer, const char *key,
                                         const char *signer, char *const field[3]) {
        ASN1_TIME *from, *to;
        X509 *x = X509_new();

        take_dates(field[1], &from, &to);
        assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
        unit_cert_set_serial(X509_get_serialNumber(x), field[0]);
        assert_true(X509_set_subject_name(x, subject) == 1 && X509_set_issuer_name(x, issuer) == 1);
        assert_true(X509_set1_notBefore(x, from) == 1 && X509_set1_notAfter(x, to) == 1);
        assert_int_equal(X509_set_pubkey(x, key_of(key)), 1);
        each_extension(field[2], add_to_cert, x);
        add_key_ids(x, signer, strcmp(key, signer) == 0);
        unit_cert_sign(x, key_of(signer), NULL, false);
        X509_NAME_free(subject);
        X509_NAME_free(issuer);
        ASN1_TIME_free(from);
        ASN1_TIME_free(to);
        return unit_cert_keep(x, NULL);
}

static const char *own_key(const struct line *ca) {
        return ca->field[*ca->field[C_KEY] ? C_KEY : C_LABEL];
}

static const struct unit_cert *ca_of(struct line *ca) {
        char *field[3] = { ca->field[C_SERIAL], ca->field[C_DATES], ca->field[C_EXTENSIONS] };
        static char plain[] = "$SIGN ; certificatePolicies=1.2.3.1 ; $CA";

        if (!*field[2])
                field[2] = plain;
        if (!ca->made)
                ca->made = make_cert(subject_of(ca),
                                     issuer_of(ca->field[C_ISSUER], ca->field[C_SIGNER]),
                                     own_key(ca), ca->field[C_SIGNER], field);
        return ca->made;
}

static const struct unit_cert *client_of(const struct line *row) {
        char *field[3] = { row->field[T_SERIAL], row->field[T_DATES], row->field[T_EXTENSIONS] };
        static char plain[] = "$EE ; certificatePolicies=1.2.3.1";
        char name[64];

        if (row->field[T_SIGNER][0] == '=')
                return ca_of(find('C', row->field[T_SIGNER] + 1));
        if (!*field[2])
                field[2] = plain;
        (void) snprintf(name, sizeof(name), "~,CN=%s", row->field[T_LABEL]);
        return make_cert(make_name(*row->field[T_SUBJECT] ? row->field[T_SUBJECT] : name),
                         issuer_of(row->field[T_ISSUER], row->field[T_SIGNER]), "client",
                         row->field[T_SIGNER], field);
}

static struct cert_blob make_list(X509_NAME *issuer, EVP_PKEY *signer, char *const field[3]) {
        static const struct unit_cert nobody;
        struct unit_crl_spec spec = { .issuer = &nobody, .signer = signer };
        X509_CRL *crl = X509_CRL_new();
        char copy[128], *rest = copy, *serial;
        ASN1_TIME *from, *to;

        take_dates(field[1], &from, &to);
        assert_int_equal(X509_CRL_set_version(crl, X509_CRL_VERSION_2), 1);
        assert_int_equal(X509_CRL_set_issuer_name(crl, issuer), 1);
        assert_true(X509_CRL_set1_lastUpdate(crl, from) == 1 &&
                    X509_CRL_set1_nextUpdate(crl, to) == 1);
        (void) snprintf(copy, sizeof(copy), "%s", field[0]);
        while ((serial = strsep(&rest, " ")) && *serial) {
                char *mark = strchr(serial, '!');

                if (mark)
                        *mark = '\0';
                unit_crl_add_entry(crl, serial, mark ? "1.2.3.4=critical,DER:0500" : NULL);
        }
        each_extension(field[2], add_to_crl, crl);
        X509_NAME_free(issuer);
        ASN1_TIME_free(from);
        ASN1_TIME_free(to);
        return unit_crl_finish(crl, &spec);
}

/* "=CA" is the plain list of a CA, any other word one that has a line. */
static struct cert_blob list_of(const char *word) {
        static char none[] = "";
        const struct line *line = word[0] == '=' ? find('C', word + 1) : find('L', word);

        if (word[0] == '=')
                return make_list(subject_of(line), key_of(own_key(line)),
                                 (char *const[3]){ line->field[C_LIST], none, none });
        return make_list(issuer_of(line->field[L_ISSUER], line->field[L_SIGNER]),
                         key_of(line->field[L_SIGNER]), line->field + L_SERIALS);
}

/* --- What the daemon does with them --- */

struct host {
        struct store *writer;
        struct cert_blob ca[CERT_CAS_MAX];
        size_t n_cas, n_refused; /* at once: CAs and lists */
};

static void add_ca(struct host *host, const char *label) {
        const struct cert_blob *der = &ca_of(find('C', label))->der;
        char detail[CERT_DETAIL_LEN];
        struct cert_record cert;

        if (cert_read(der, CERT_CA, NOW, &cert, detail) != CERT_FINE) {
                host->n_refused++;
                return;
        }
        cert.kind = CERT_CA;
        (void) snprintf(cert.name, sizeof(cert.name), "%zu", host->n_cas);
        assert_int_equal(store_cert_insert(host->writer, &cert, der->bytes, der->len), 0);
        host->ca[host->n_cas++] = *der;
}

static void load_list(struct host *host, const char *word) {
        struct cert_serial serials[LISTS_MAX];
        struct cert_blob der = list_of(word);
        char detail[CERT_DETAIL_LEN];
        struct crl_record crl;

        if (cert_read_crl(&der, host->ca, host->n_cas, NOW, &crl, serials, LISTS_MAX, detail) !=
            CERT_FINE) {
                host->n_refused++;
                return;
        }
        assert_int_equal(store_crl_replace(host->writer, &crl), 0);
        for (size_t i = 0; i < crl.revoked; i++)
                assert_int_equal(store_crl_add(host->writer, crl.ca, &serials[i]), 0);
}

static void each_word(struct host *host, const char *text, const char *before,
                      void (*use)(struct host *host, const char *word)) {
        char copy[512], word[128], *rest = copy, *one;

        (void) snprintf(copy, sizeof(copy), "%s", text);
        while ((one = strsep(&rest, " ")) && *one && strcmp(one, "-") != 0) {
                (void) snprintf(word, sizeof(word), "%s%s", before, one);
                use(host, word);
        }
}

static void load_own_list(struct host *host, const char *word) {
        if (strcmp(find('C', word + 1)->field[C_LIST], "-") != 0)
                load_list(host, word);
}

/* As a login decides. */
static bool is_accepted(struct host *host, const struct unit_cert *client) {
        struct cert_question question = {
                .der = client->der, .cas = host->ca, .n_cas = host->n_cas, .now = NOW
        };
        struct cert_verdict verdict;

        cert_judge(&question, &verdict);
        for (size_t i = 0; verdict.reason == REASON_NONE && i < verdict.n_serials; i++) {
                int64_t until;
                int r = store_cert_revoked(host->writer, &verdict.serials[i], &until);

                assert_true(r >= 0);
                if (r > 0 || until < NOW)
                        return false;
        }
        return verdict.reason == REASON_NONE;
}

/* Nothing is kept: the transaction ends without a commit. */
static void try_case(struct store *writer, const struct line *row) {
        struct host host = { .writer = writer };
        const char *want = row->field[T_WANT], *differs = strchr(want, ':');
        bool accepted;

        assert_int_equal(store_begin(writer), 0);
        add_ca(&host, "Root");
        each_word(&host, row->field[T_CAS], "", add_ca);
        load_list(&host, "=Root");
        if (*row->field[T_LISTS])
                each_word(&host, row->field[T_LISTS], "", load_list);
        else
                each_word(&host, row->field[T_CAS], "=", load_own_list);
        accepted = is_accepted(&host, client_of(row));
        store_rollback(writer);
        unit_int(row->field[T_LABEL], accepted, (strncmp(want, "yes", 3) == 0) == !differs);
        /* The administrator was told, when the lists were loaded. */
        if (differs && strcmp(differs, ":told") == 0)
                unit_int(row->field[T_LABEL], host.n_refused > 0, true);
}

static void test_section(void **state, const char *section) {
        struct unit_store *s;
        void *made = NULL;
        size_t n = 0;

        (void) state;
        assert_int_equal(unit_store_make(&made), 0);
        s = made;
        for (size_t i = 0; i < table.n; i++) {
                const struct line *row = &table.line[i];

                if (row->field[0][0] != 'T' ||
                    strncmp(row->field[T_LABEL], section, strlen(section)) != 0)
                        continue;
                try_case(s->writer, row);
                n++;
        }
        assert_true(n > 1);
        assert_int_equal(unit_store_remove(&made), 0);
}

#define SECTION(name, number)                                                                      \
        static void name(void **state) {                                                           \
                test_section(state, number ".");                                                   \
        }
SECTION(test_signatures, "4.1")
SECTION(test_validity, "4.2")
SECTION(test_name_chaining, "4.3")
SECTION(test_basic_revocation, "4.4")
SECTION(test_self_issued, "4.5")
SECTION(test_basic_constraints, "4.6")
SECTION(test_key_usage, "4.7")
SECTION(test_policies, "4.8")
SECTION(test_explicit_policy, "4.9")
SECTION(test_policy_mappings, "4.10")
SECTION(test_inhibit_mapping, "4.11")
SECTION(test_inhibit_any_policy, "4.12")
SECTION(test_name_constraints, "4.13")
SECTION(test_distribution_points, "4.14")
SECTION(test_delta_lists, "4.15")
SECTION(test_private_extensions, "4.16")

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_signatures),       cmocka_unit_test(test_validity),
                cmocka_unit_test(test_name_chaining),    cmocka_unit_test(test_basic_revocation),
                cmocka_unit_test(test_self_issued),      cmocka_unit_test(test_basic_constraints),
                cmocka_unit_test(test_key_usage),        cmocka_unit_test(test_policies),
                cmocka_unit_test(test_explicit_policy),  cmocka_unit_test(test_policy_mappings),
                cmocka_unit_test(test_inhibit_mapping),  cmocka_unit_test(test_inhibit_any_policy),
                cmocka_unit_test(test_name_constraints), cmocka_unit_test(test_distribution_points),
                cmocka_unit_test(test_delta_lists),      cmocka_unit_test(test_private_extensions),
        };

        return cmocka_run_group_tests(tests, read_table, free_table);
}
