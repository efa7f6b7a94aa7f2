/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads a private key by OpenSSL and signs with it. Does not know what is signed. */
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "cli/infile.h"
#include "cli/say.h"
#include "pki/privkey.h"
#include "pki/signkey.h"

#define KEY_FILE_MAX (256U * 1024)
/* how many objects of a store to look at */
#define PROPERTIES_MAX 128
#define PASSPHRASE_MAX 1024 /* as OpenSSL's own buffers */
#define OBJECTS_MAX    64
#define COORD_MAX      66 /* bytes, of P-521 */
#define DIGEST_LEN     32 /* the shortest digest of RSA-PSS */
#define RSA_BITS_MIN   2048
#define RIGHT          "use Ed25519, EC over P-256 (prime256v1), P-384 or P-521, or RSA of 2048 to 8192 bits"

/* How a key signs. */
struct scheme {
        bool ec, rsa;     /* neither: Ed25519 */
        char digest[32];  /* "": Ed25519 has its own */
        size_t coord_len; /* EC: bytes of r, and of s */
        char name[64];    /* of the key, for people */
};

struct signkey {
        EVP_PKEY *pkey;
        OSSL_PROVIDER *provider, *standard;
        /* which implementations of OpenSSL to prefer; "" for any */
        char properties[PROPERTIES_MAX];
};

static const struct {
        const char *group, *other, *digest;
        size_t len;
} curves[] = {
        { "prime256v1", "P-256", "SHA256", 32 },
        { "secp384r1", "P-384", "SHA384", 48 },
        { "secp521r1", "P-521", "SHA512", COORD_MAX },
};

static bool look_at_curve(const EVP_PKEY *pkey, struct scheme *s) {
        char group[40] = "";
        size_t len = 0;

        (void) EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group,
                                              sizeof(group), &len);
        (void) snprintf(s->name, sizeof(s->name), "EC over %s",
                        group[0] ? group : "an unnamed curve");
        for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
                if (strcmp(group, curves[i].group) != 0 && strcmp(group, curves[i].other) != 0)
                        continue;
                (void) snprintf(s->digest, sizeof(s->digest), "%s", curves[i].digest);
                s->coord_len = curves[i].len;
                return true;
        }
        return false;
}

/* An RSA-PSS key can prescribe a digest. */
static bool look_at_rsa(EVP_PKEY *pkey, struct scheme *s) {
        int bits = EVP_PKEY_get_bits(pkey), size;
        EVP_MD *md;

        if (EVP_PKEY_get_default_digest_name(pkey, s->digest, sizeof(s->digest)) != 2)
                (void) snprintf(s->digest, sizeof(s->digest), "SHA256");
        (void) snprintf(s->name, sizeof(s->name), "RSA of %d bits for %s", bits, s->digest);
        md = EVP_MD_fetch(NULL, s->digest, NULL);
        size = md ? EVP_MD_get_size(md) : 0;
        EVP_MD_free(md);
        return size >= DIGEST_LEN && bits >= RSA_BITS_MIN &&
               EVP_PKEY_get_size(pkey) <= WIRE_SIGNATURE_MAX;
}

/* Whether ${pkey} can make a proof, and how. Its name is there in any case. */
static bool look_at(EVP_PKEY *pkey, struct scheme *ret) {
        const char *type = EVP_PKEY_get0_type_name(pkey);

        *ret = (struct scheme){ .ec = EVP_PKEY_is_a(pkey, "EC"),
                                .rsa = EVP_PKEY_is_a(pkey, "RSA") ||
                                       EVP_PKEY_is_a(pkey, "RSA-PSS") };
        (void) snprintf(ret->name, sizeof(ret->name), "%.32s", type ? type : "unknown");
        if (ret->ec)
                return look_at_curve(pkey, ret);
        return ret->rsa ? look_at_rsa(pkey, ret) : EVP_PKEY_is_a(pkey, "ED25519");
}

/* OpenSSL's first error. The last one mostly says only that something failed. */
static const char *reason(void) {
        const char *text = ERR_reason_error_string(ERR_peek_error());

        return text ? text : "no reason was given";
}

/* --- Loading --- */

/* Whether it begins with a word and a colon. A path with a slash first does not. */
static bool is_uri(const char *key) {
        size_t len =
                strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

        return len > 1 && key[len] == ':';
}

/* Warns when other users can read or write the file. */
static void warn_of_mode(const char *key) {
        const char *path = strncmp(key, "file:", 5) == 0 ? key + 5 : key;
        struct stat st;

        if (strncmp(path, "//", 2) == 0)
                path = strchr(path + 2, '/');
        if (path && stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & (S_IROTH | S_IWOTH))
                say_error(st.st_mode & S_IROTH
                                  ? "warning: %s can be read by everybody, so any user may have "
                                    "this private key: 'chmod go= %s', and better make a new key"
                                  : "warning: %s can be written by everybody, so any user may have "
                                    "replaced this private key: 'chmod go= %s', and better make a "
                                    "new key",
                          path, path);
}

static const char *properties_of(const struct signkey *k) {
        return k->properties[0] ? k->properties : NULL;
}

static enum exit_code load_provider(struct signkey *k, const char *provider) {
        if (!provider)
                return CTL_OK;
        /* Otherwise the default provider is asked first. It gets the public half of a TPM's key,
         * and finds no private one. */
        (void) snprintf(k->properties, sizeof(k->properties), "?provider=%s", provider);
        /* so that ${provider} does not displace it */
        k->standard = OSSL_PROVIDER_load(NULL, "default");
        k->provider = OSSL_PROVIDER_load(NULL, provider);
        if (k->standard && k->provider)
                return CTL_OK;
        say_error("--provider=%s: OpenSSL cannot load it (%s)", provider, reason());
        return CTL_USAGE;
}

struct asking {
        signkey_ask_t ask;
        /* ask once: a file has one passphrase, though OpenSSL may try it in several ways */
        bool once;
        bool asked, failed;
        char kept[PASSPHRASE_MAX]; /* wiped by asking_done() */
        int kept_len;
};

static void asking_done(struct asking *asking) {
        explicit_bzero(asking, sizeof(*asking));
}

static int ask_person(char *buf, int size, int writing, void *userdata) {
        struct asking *asking = userdata;

        if (!asking->failed && (!asking->once || !asking->asked)) {
                asking->kept_len = asking->ask(asking->kept, sizeof(asking->kept), writing, NULL);
                asking->asked = true;
                asking->failed = asking->kept_len < 0;
        }
        if (asking->failed || asking->kept_len > size)
                return -1;
        memcpy(buf, asking->kept, (size_t) asking->kept_len);
        return asking->kept_len;
}

/* Returns the first private key of the store. */
static EVP_PKEY *take_first(OSSL_STORE_CTX *store, const struct asking *asking) {
        EVP_PKEY *pkey = NULL;

        /* An object that OpenSSL does not understand, such as parameters, is an error, but the
         * key may follow. */
        for (unsigned i = 0; i < OBJECTS_MAX && !pkey && !OSSL_STORE_eof(store) && !asking->asked;
             i++) {
                OSSL_STORE_INFO *info = OSSL_STORE_load(store);

                if (info && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
                        pkey = OSSL_STORE_INFO_get1_PKEY(info);
                OSSL_STORE_INFO_free(info);
        }
        return pkey;
}

static void store_closep(OSSL_STORE_CTX **store) {
        if (*store)
                (void) OSSL_STORE_close(*store);
}

static void bio_freep(BIO **bio) {
        (void) BIO_free(*bio);
}

static void ui_freep(UI_METHOD **ui) {
        UI_destroy_method(*ui);
}

/* ${properties}: which implementations of OpenSSL to prefer; NULL for any. */
static EVP_PKEY *load(const char *uri, const struct infile *file, const char *properties,
                      struct asking *asking) {
        _cleanup_(ui_freep) UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(ask_person, 0);
        _cleanup_(bio_freep) BIO *bio =
                file->bytes ? BIO_new_mem_buf(file->bytes, (int) file->len) : NULL;
        _cleanup_(store_closep) OSSL_STORE_CTX *store = NULL;

        if (!ui || (file->bytes && !bio))
                return NULL;
        if (bio)
                store = OSSL_STORE_attach(bio, "file", NULL, properties, ui, asking, NULL, NULL,
                                          NULL);
        else
                store = OSSL_STORE_open_ex(uri, NULL, properties, ui, asking, NULL, NULL, NULL);
        if (!store || !OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY))
                return NULL;
        return take_first(store, asking);
}

/* Whether the passphrase was right, but OpenSSL no longer has what the key is encrypted with: RC2,
 * RC4 or DES. */
static bool is_too_old(void) {
        unsigned long error;
        bool old = false;

        while ((error = ERR_get_error()) != 0)
                old |= ERR_GET_LIB(error) == ERR_LIB_EVP &&
                       ERR_GET_REASON(error) == ERR_R_UNSUPPORTED;
        return old;
}

static void say_too_old(const char *key, const struct infile *file) {
        if (file->bytes && privkey_in_der(file->bytes, file->len) == PRIVKEY_PKCS12)
                say_error("%s is a PKCS#12 store of an old kind (RC2), which OpenSSL 3 does not "
                          "open. This command writes its key to a file that it opens: openssl "
                          "pkcs12 -legacy -in %s -nocerts -out new.key",
                          key, key);
        else
                say_error("%s is encrypted in an old way (RC2, RC4 or DES), which OpenSSL 3 does "
                          "not open. This command writes the key to a file that it opens: openssl "
                          "pkey -provider default -provider legacy -in %s -aes256 -out new.key",
                          key, key);
}

static enum exit_code say_unloaded(const char *key, const struct infile *file,
                                   const struct asking *asking) {
        enum privkey_form form =
                file->bytes ? privkey_in_text((const char *) file->bytes, file->len) : PRIVKEY_NONE;

        if (asking->failed)
                return CTL_USAGE; /* a message said why */
        if (asking->asked && is_too_old())
                say_too_old(key, file);
        else if (asking->asked)
                say_error("%s cannot be opened: the passphrase is wrong, or the file is damaged",
                          key);
        else if (form == PRIVKEY_OPENSSH)
                say_error("%s is a private key in a form that only OpenSSH reads: 'ssh-add %s' "
                          "puts it into the agent, and --key=agent: uses it from there",
                          key, key);
        else if (file->bytes)
                say_error(
                        "%s holds no private key that OpenSSL can read: use PEM, best with PKCS#8",
                        key);
        else
                say_error("there is no private key at %s (%s); --provider=NAME loads a provider "
                          "for other places, such as pkcs11",
                          key, reason());
        return CTL_USAGE;
}

static enum exit_code check_algorithm(const char *key, EVP_PKEY *pkey) {
        struct scheme scheme;

        if (look_at(pkey, &scheme))
                return CTL_OK;
        say_error("%s is a key of the type %s, which proves nothing here: " RIGHT, key,
                  scheme.name);
        return CTL_USAGE;
}

enum exit_code signkey_load(const char *key, const char *provider, signkey_ask_t ask,
                            struct signkey **ret) {
        _cleanup_signkey_ struct signkey *k = calloc(1, sizeof(*k));
        _cleanup_infile_ struct infile file = {};
        _cleanup_(asking_done) struct asking asking = { .ask = ask };
        enum exit_code rc;

        if (!k)
                return say_no_memory();
        rc = load_provider(k, provider);
        if (rc == CTL_OK && !is_uri(key))
                rc = infile_read(key, KEY_FILE_MAX, &file);
        if (rc != CTL_OK)
                return rc;
        warn_of_mode(key);
        asking.once = file.bytes != NULL;
        ERR_clear_error();
        k->pkey = load(key, &file, properties_of(k), &asking);
        if (!k->pkey)
                return say_unloaded(key, &file, &asking);
        rc = check_algorithm(key, k->pkey);
        if (rc == CTL_OK)
                *ret = take_ptr(k);
        return rc;
}

void signkey_free(struct signkey *key) {
        if (!key)
                return;
        EVP_PKEY_free(key->pkey);
        if (key->provider)
                (void) OSSL_PROVIDER_unload(key->provider);
        if (key->standard)
                (void) OSSL_PROVIDER_unload(key->standard);
        free(key);
}

/* --- Using --- */

enum exit_code signkey_get_public(const struct signkey *key, struct signkey_public *ret) {
        uint8_t *p = ret->der;
        int len;

        /* The daemon knows the key by this form, whichever one the file has. Keys in a provider
         * may have only one form. */
        if (EVP_PKEY_is_a(key->pkey, "EC"))
                (void) EVP_PKEY_set_utf8_string_param(
                        key->pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed");
        len = i2d_PUBKEY(key->pkey, NULL);
        if (len <= 0 || (size_t) len > sizeof(ret->der) || i2d_PUBKEY(key->pkey, &p) != len) {
                say_error("cannot get the public half of the key (%s)", reason());
                return CTL_FAILED;
        }
        ret->len = (size_t) len;
        return CTL_OK;
}

static void md_ctx_freep(EVP_MD_CTX **ctx) {
        EVP_MD_CTX_free(*ctx);
}

/* MGF1 takes the same digest without being told. Not all providers can be told. */
static bool set_pss(EVP_PKEY_CTX *ctx) {
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
}

/* Turns DER into r and s, of ${half} bytes each. */
static bool unpack_ecdsa(struct signkey_signature *s, size_t half) {
        const uint8_t *p = s->bytes;
        ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long) s->len);
        uint8_t out[2 * COORD_MAX];
        int n = (int) half;
        bool ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, n) == n &&
                  BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + half, n) == n;

        ECDSA_SIG_free(sig);
        if (!ok)
                return false;
        memcpy(s->bytes, out, 2 * half);
        s->len = 2 * half;
        return true;
}

/* Turns r and s, of ${half} bytes each, into DER. */
static bool pack_ecdsa(const struct signkey_signature *in, size_t half,
                       struct signkey_signature *out) {
        ECDSA_SIG *sig = ECDSA_SIG_new();
        BIGNUM *r = BN_bin2bn(in->bytes, (int) half, NULL),
               *s = BN_bin2bn(in->bytes + half, (int) half, NULL);
        uint8_t *p = out->bytes;
        int len = -1;

        if (sig && r && s && in->len == 2 * half && ECDSA_SIG_set0(sig, r, s)) {
                r = s = NULL; /* sig owns them now */
                len = i2d_ECDSA_SIG(sig, &p);
        }
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(sig);
        out->len = len > 0 ? (size_t) len : 0;
        return len > 0;
}

static const char *digest_or_null(const struct scheme *scheme) {
        return scheme->digest[0] ? scheme->digest : NULL;
}

enum exit_code signkey_sign(const struct signkey *key, const void *message, size_t len,
                            struct signkey_signature *ret) {
        _cleanup_(md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        struct signkey_signature s = { .len = sizeof(s.bytes) };
        EVP_PKEY_CTX *pctx = NULL; /* owned by ctx */
        struct scheme scheme;

        ERR_clear_error();
        if (ctx && look_at(key->pkey, &scheme) &&
            EVP_DigestSignInit_ex(ctx, &pctx, digest_or_null(&scheme), NULL, properties_of(key),
                                  key->pkey, NULL) > 0 &&
            (!scheme.rsa || set_pss(pctx)) &&
            EVP_DigestSign(ctx, s.bytes, &s.len, message, len) > 0 &&
            (!scheme.ec || unpack_ecdsa(&s, scheme.coord_len))) {
                *ret = s;
                return CTL_OK;
        }
        say_error("cannot sign with the key (%s)", reason());
        return CTL_FAILED;
}

static void pkey_freep(EVP_PKEY **pkey) {
        EVP_PKEY_free(*pkey);
}

bool signkey_verify(const struct signkey_public *public, const void *message, size_t len,
                    const struct signkey_signature *signature) {
        _cleanup_(md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        const uint8_t *p = public->der;
        _cleanup_(pkey_freep) EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long) public->len);
        struct signkey_signature s = *signature;
        EVP_PKEY_CTX *pctx = NULL; /* owned by ctx */
        struct scheme scheme;

        return ctx && pkey && look_at(pkey, &scheme) &&
               (!scheme.ec || pack_ecdsa(signature, scheme.coord_len, &s)) &&
               EVP_DigestVerifyInit_ex(ctx, &pctx, digest_or_null(&scheme), NULL, NULL, pkey,
                                       NULL) > 0 &&
               (!scheme.rsa || (set_pss(pctx) && EVP_PKEY_CTX_set_rsa_mgf1_md_name(
                                                         pctx, scheme.digest, NULL) > 0)) &&
               EVP_DigestVerify(ctx, s.bytes, s.len, message, len) == 1;
}

bool signkey_is_of(const struct signkey_public *public, const uint8_t *der, size_t len) {
        const uint8_t *p = public->der, *q = der;
        _cleanup_(pkey_freep) EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long) public->len);
        X509 *x = d2i_X509(NULL, &q, (long) len);
        bool is = pkey && x && X509_get0_pubkey(x) && EVP_PKEY_eq(X509_get0_pubkey(x), pkey) == 1;

        X509_free(x);
        return is;
}

bool signkey_hash(const void *bytes, size_t len, uint8_t out[static SIGNKEY_HASH_LEN]) {
        size_t n = 0;

        return EVP_Q_digest(NULL, "SHA256", NULL, bytes, len, out, &n) > 0 && n == SIGNKEY_HASH_LEN;
}
