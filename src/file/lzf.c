/* The filter of h5py's compression="lzf" (number 32000) by liblzf: Debian's plugin does not find its symbols. */
#include "file/lzf.h"

#include <errno.h>
#include <hdf5.h>
#include <lzf.h>

enum { CHUNK_BYTES = 2 }; /* which of the filter's values says how long a chunk is */

/* The longest that so many bytes can become: three stand for 264 at most. */
static size_t longest(size_t bytes)
{
    return bytes * 88 + 264;
}

/* One chunk; `*buffer` is replaced. 0: failed. */
static size_t decompress(size_t bytes, size_t expected, size_t *room, void **buffer)
{
    const size_t most = longest(bytes);
    for (size_t size = expected && expected < most ? expected : most; size <= UINT32_MAX; size = most) {
        void *out = H5allocate_memory(size, false);
        const unsigned written = out ? lzf_decompress(*buffer, (unsigned)bytes, out, (unsigned)size) : 0;
        if (written) {
            H5free_memory(*buffer);
            *buffer = out;
            *room = size;
            return written;
        }
        H5free_memory(out);
        if (errno != E2BIG || size == most) {
            return 0;
        }
    }
    return 0;
}

/* 0, too, where that is not shorter: HDF5 stores it as it is. */
static size_t compress(size_t bytes, size_t *room, void **buffer)
{
    void *out = H5allocate_memory(bytes, false);
    const unsigned written = out && bytes <= UINT32_MAX ? lzf_compress(*buffer, (unsigned)bytes, out, (unsigned)bytes - 1) : 0;
    H5free_memory(written ? *buffer : out);
    if (written) {
        *buffer = out;
        *room = bytes;
    }
    return written;
}

static size_t filter(unsigned flags, size_t count, const unsigned values[], size_t bytes, size_t *room, void **buffer)
{
    return flags & H5Z_FLAG_REVERSE ? decompress(bytes, count > CHUNK_BYTES ? values[CHUNK_BYTES] : 0, room, buffer)
                                    : compress(bytes, room, buffer);
}

void tx_lzf_register(void)
{
    static const H5Z_class2_t class = {.version = H5Z_CLASS_T_VERS,
                                       .id = TX_LZF_FILTER,
                                       .encoder_present = 1,
                                       .decoder_present = 1,
                                       .name = "lzf",
                                       .filter = filter};
    H5Zregister(&class);
}
