/* Chunks undone past HDF5: perhaps shuffled, then compressed by deflate or LZF, as nearly all are that are compressed. */
#include "file/undo.h"

#include <libdeflate.h>
#include <lzf.h>
#include <string.h>

#include "base/memory.h"
#include "file/lzf.h"

struct tx_undo {
    hid_t dataset; /* not its own */
    int rank;
    bool (*decompress)(tx_undo *undo, size_t bytes, void *out); /* what is stored */
    struct libdeflate_decompressor *inflater;
    size_t bytes, element; /* of a chunk; of what was shuffled, 1: nothing */
    unsigned char *stored, *shuffled;
    size_t room; /* for what is stored */
};

/* ---- Filters ---- */

static bool inflate(tx_undo *undo, size_t bytes, void *out)
{
    undo->inflater = undo->inflater ? undo->inflater : libdeflate_alloc_decompressor();
    return undo->inflater &&
           libdeflate_zlib_decompress(undo->inflater, undo->stored, bytes, out, undo->bytes, NULL) == LIBDEFLATE_SUCCESS;
}

static bool expand(tx_undo *undo, size_t bytes, void *out)
{
    return lzf_decompress(undo->stored, (unsigned)bytes, out, (unsigned)undo->bytes) == undo->bytes;
}

static const struct {
    H5Z_filter_t id;
    bool (*decompress)(tx_undo *undo, size_t bytes, void *out);
} compressions[] = {{H5Z_FILTER_DEFLATE, inflate}, {TX_LZF_FILTER, expand}};

static void unshuffle(const unsigned char *from, size_t size, size_t count, size_t first, unsigned char *to)
{
    for (size_t k = first; k < count; k++) {
        for (size_t b = 0; b < size; b++) {
            to[k * size + b] = from[b * count + k];
        }
    }
}

/* So many at a time that the compiler makes vectors of them; an element's first byte is its lowest, as everywhere here. */
#define DEFINE_UNSHUFFLE(name, word)                                                                                               \
    static void name(const unsigned char *from, size_t count, unsigned char *to)                                                   \
    {                                                                                                                              \
        enum { SOME = 32 };                                                                                                        \
        word elements[SOME];                                                                                                       \
        size_t first = 0;                                                                                                          \
        for (; first + SOME <= count; first += SOME) {                                                                             \
            for (int k = 0; k < SOME; k++) {                                                                                       \
                elements[k] = from[first + (size_t)k];                                                                             \
            }                                                                                                                      \
            for (size_t b = 1; b < sizeof(word); b++) {                                                                            \
                for (int k = 0; k < SOME; k++) {                                                                                   \
                    elements[k] |= (word)from[b * count + first + (size_t)k] << 8 * b;                                             \
                }                                                                                                                  \
            }                                                                                                                      \
            memcpy(to + first * sizeof(word), elements, sizeof elements);                                                          \
        }                                                                                                                          \
        unshuffle(from, sizeof(word), count, first, to);                                                                           \
    }
DEFINE_UNSHUFFLE(unshuffle32, uint32_t)
DEFINE_UNSHUFFLE(unshuffle64, uint64_t)

/* All first bytes of the elements, then all second ones, … */
static void order_bytes(const tx_undo *undo, unsigned char *out)
{
    const size_t count = undo->bytes / undo->element;
    if (undo->element == sizeof(uint32_t)) {
        unshuffle32(undo->shuffled, count, out);
    } else if (undo->element == sizeof(uint64_t)) {
        unshuffle64(undo->shuffled, count, out);
    } else {
        unshuffle(undo->shuffled, undo->element, count, 0, out);
    }
}

/* ---- Which datasets ---- */

static H5Z_filter_t filter_of(hid_t creation, int which, unsigned *value)
{
    enum { NAME = 1 };
    char name[NAME];
    unsigned flags, how;
    size_t values = 1;
    return H5Pget_filter2(creation, (unsigned)which, &flags, &values, value, sizeof name, name, &how);
}

/* Shuffled or not, then compressed, and nothing else. */
static bool know_filters(tx_undo *undo, hid_t creation, size_t type_bytes)
{
    const int count = H5Pget_nfilters(creation);
    unsigned value = 0;
    if (count < 1 || count > 2) {
        return false;
    }
    const H5Z_filter_t last = filter_of(creation, count - 1, &value);
    for (size_t k = 0; k < sizeof compressions / sizeof *compressions; k++) {
        undo->decompress = compressions[k].id == last ? compressions[k].decompress : undo->decompress;
    }
    undo->element = 1;
    if (count == 2) {
        undo->element = filter_of(creation, 0, &value) == H5Z_FILTER_SHUFFLE && value == type_bytes ? type_bytes : 0;
    }
    return undo->decompress && undo->element;
}

static bool measure(tx_undo *undo, hid_t creation, size_t type_bytes)
{
    int64_t chunk[TX_FILE_MAX_RANK];
    tx_scoped_id space = H5Dget_space(undo->dataset);
    undo->rank = H5Sget_simple_extent_ndims(space);
    undo->bytes = type_bytes;
    if (undo->rank < 1 || undo->rank > TX_FILE_MAX_RANK || !tx_array_chunk(undo->dataset, undo->rank, chunk)) {
        return false;
    }
    for (int a = 0; a < undo->rank; a++) {
        undo->bytes *= (size_t)chunk[a];
    }
    return know_filters(undo, creation, type_bytes) && undo->bytes <= UINT32_MAX;
}

tx_status tx_undo_create(hid_t dataset, tx_error *error, tx_undo **out)
{
    tx_scoped_id type = H5Dget_type(dataset);
    tx_scoped_id creation = H5Dget_create_plist(dataset);
    tx_undo undo = {.dataset = dataset};
    *out = NULL;
    if (!measure(&undo, creation, H5Tget_size(type))) {
        return TX_OK;
    }
    TX_TRY(tx_allocate(sizeof undo, error, out));
    **out = undo;
    return undo.element > 1 ? tx_allocate(undo.bytes, error, &(*out)->shuffled) : TX_OK;
}

void tx_undo_destroy(tx_undo *undo)
{
    if (undo) {
        libdeflate_free_decompressor(undo->inflater);
        tx_free(undo->stored);
        tx_free(undo->shuffled);
        tx_free(undo);
    }
}

/* ---- A chunk ---- */

/* False, too, where it is longer than what is compressed gets. */
static bool read_stored(tx_undo *undo, const int64_t *first, size_t *bytes)
{
    hsize_t at[TX_FILE_MAX_RANK], stored = 0;
    uint32_t left_out = 0; /* filters, for this chunk */
    for (int a = 0; a < undo->rank; a++) {
        at[a] = (hsize_t)first[a];
    }
    const bool known = H5Dget_chunk_storage_size(undo->dataset, at, &stored) >= 0 && stored <= 2 * undo->bytes;
    *bytes = (size_t)stored;
    return known && tx_reserve(*bytes, 1, &undo->room, NULL, &undo->stored) == TX_OK &&
           H5Dread_chunk(undo->dataset, H5P_DEFAULT, at, &left_out, undo->stored) >= 0 && !left_out;
}

bool tx_undo_chunk(tx_undo *undo, const int64_t *first, void *out)
{
    size_t bytes;
    if (!read_stored(undo, first, &bytes) || !undo->decompress(undo, bytes, undo->shuffled ? undo->shuffled : out)) {
        return false;
    }
    if (undo->shuffled) {
        order_bytes(undo, out);
    }
    return true;
}
