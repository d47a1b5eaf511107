/* What the fuzz targets share. A target is a function of some bytes which must neither crash, nor leak, nor fail without a
 * message: tests/fuzz/fuzz_NAME.c, with its first inputs in corpus/NAME/. scripts/fuzz.sh searches for more with libFuzzer;
 * in every other build the corpus alone is run, by replay.c. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "trainax/trainax.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                                                                      \
    do {                                                                                                                           \
        if (!(condition)) {                                                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                        \
            abort();                                                                                                               \
        }                                                                                                                          \
    } while (0)

/* An error is told in one line. */
static inline void fuzz_check_status(tx_status status, const tx_error *error)
{
    FUZZ_CHECK(status == TX_OK || (error->message[0] && !strchr(error->message, '\n')));
}

/* The bytes up to the next zero, or all that are left, as text; freed by the caller. */
static inline char *fuzz_text(const uint8_t **data, size_t *size)
{
    const size_t length = strnlen((const char *)*data, *size), taken = length < *size ? length + 1 : length;
    char *text = malloc(length + 1);
    memcpy(text, *data, length);
    text[length] = '\0';
    *data += taken;
    *size -= taken;
    return text;
}

/* Everything that the program knows; made once. */
static inline tx_registry *fuzz_registry(void)
{
    static tx_registry *registry;
    if (!registry) {
        FUZZ_CHECK(tx_registry_create_builtin(NULL, &registry) == TX_OK);
    }
    return registry;
}
