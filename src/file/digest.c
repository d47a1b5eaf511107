/* The result of a run as a short text: a digest of its parameters. */
#include "file/digest.h"

#include <endian.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { PIECE = 4096 }; /* numbers turned at a time */

void tx_digest_library(char *text, size_t size)
{
    snprintf(text, size, "%s", OpenSSL_version(OPENSSL_VERSION_STRING));
}

static void to_little_endian(size_t bytes, size_t count, const void *values, void *out)
{
    for (size_t k = 0; k < count; k++) {
        if (bytes == 4) {
            ((uint32_t *)out)[k] = htole32(((const uint32_t *)values)[k]);
        } else {
            ((uint64_t *)out)[k] = htole64(((const uint64_t *)values)[k]);
        }
    }
}

static bool digest(EVP_MD_CTX *context, size_t bytes, size_t count, const void *values, unsigned char *out)
{
    bool good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    for (size_t done = 0; good && done < count; done += PIECE) {
        uint64_t piece[PIECE];
        const size_t more = count - done < PIECE ? count - done : PIECE;
        to_little_endian(bytes, more, (const char *)values + done * bytes, piece);
        good = EVP_DigestUpdate(context, piece, more * bytes);
    }
    return good && EVP_DigestFinal_ex(context, out, NULL);
}

static bool digest_stream(EVP_MD_CTX *context, FILE *file, unsigned char *out)
{
    char piece[PIECE];
    size_t got;
    bool good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    while (good && (got = fread(piece, 1, sizeof piece, file)) > 0) {
        good = EVP_DigestUpdate(context, piece, got);
    }
    return good && !ferror(file) && EVP_DigestFinal_ex(context, out, NULL);
}

static void write_digits(const unsigned char *whole, char out[TX_DIGEST_SIZE])
{
    for (size_t k = 0; k < 8; k++) {
        sprintf(out + 2 * k, "%02x", whole[k]);
    }
}

tx_status tx_digest_file(const char *path, tx_error *error, char out[TX_DIGEST_SIZE])
{
    unsigned char whole[EVP_MAX_MD_SIZE];
    FILE *file = fopen(path, "re");
    if (!file) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' cannot be read: %s", path, strerror(errno));
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool good = digest_stream(context, file, whole);
    EVP_MD_CTX_free(context);
    fclose(file);
    if (!good) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' cannot be read to its end", path);
    }
    write_digits(whole, out);
    return TX_OK;
}

tx_status tx_digest_reals(tx_precision precision, size_t count, const void *values, tx_error *error, char out[TX_DIGEST_SIZE])
{
    unsigned char whole[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool good = digest(context, tx_real_bytes(precision), count, values, whole);
    EVP_MD_CTX_free(context);
    if (!good) {
        return tx_error_set(error, TX_FAILURE, "cannot compute SHA-256: libcrypto refuses it");
    }
    write_digits(whole, out);
    return TX_OK;
}
