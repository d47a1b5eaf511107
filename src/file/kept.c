/* Datasets through filters: they stay open, with room for the chunks that are asked for again. */
#include <string.h>

#include "base/memory.h"
#include "file/handle.h"

/* Of a file; of a dataset, unless a chunk is larger: those around one index of its first axis. */
enum { MOST_KEPT = 8, MOST_BYTES = 1 << 25 };
/* HDF5's own, and the most that take little memory. */
enum { FEWEST_SLOTS = 521, MOST_SLOTS = 1 << 18 };

typedef struct tx_kept {
    int next; /* the one that was taken first */
    struct {
        char *path;
        hid_t dataset;
    } list[MOST_KEPT];
} tx_kept;

tx_status tx_kept_create(tx_error *error, tx_kept **out)
{
    return tx_allocate(sizeof(tx_kept), error, out);
}

static void release(tx_kept *kept, int k)
{
    if (kept->list[k].path) {
        tx_free(kept->list[k].path);
        tx_id_release(&kept->list[k].dataset);
        kept->list[k].path = NULL;
    }
}

void tx_kept_destroy(tx_kept *kept)
{
    for (int k = 0; kept && k < MOST_KEPT; k++) {
        release(kept, k);
    }
    tx_free(kept);
}

/* ---- Chunks ---- */

bool tx_array_chunk(hid_t dataset, int rank, int64_t *chunk)
{
    hsize_t size[TX_FILE_MAX_RANK];
    tx_scoped_id creation = H5Dget_create_plist(dataset);
    if (H5Pget_layout(creation) != H5D_CHUNKED || H5Pget_chunk(creation, TX_FILE_MAX_RANK, size) != rank) {
        return false;
    }
    bool good = true;
    for (int a = 0; a < rank; a++) {
        chunk[a] = (int64_t)size[a];
        good = good && size[a];
    }
    return good;
}

static bool has_filters(hid_t dataset)
{
    tx_scoped_id creation = H5Dget_create_plist(dataset);
    return H5Pget_nfilters(creation) > 0;
}

/* Chunks around one index of the first axis: how many bytes, and how many places HDF5 wants for them, where it counts along each
 * axis up to a power of two. */
static bool measure(hid_t dataset, int64_t chunk[TX_FILE_MAX_RANK], size_t *chunk_bytes, size_t *bytes, size_t *slots)
{
    hsize_t size[TX_FILE_MAX_RANK];
    tx_scoped_id space = H5Dget_space(dataset);
    tx_scoped_id type = H5Dget_type(dataset);
    const int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 1 || rank > TX_FILE_MAX_RANK || !tx_array_chunk(dataset, rank, chunk) || !has_filters(dataset)) {
        return false;
    }
    H5Sget_simple_extent_dims(space, size, NULL);
    size_t one = H5Tget_size(type) * (size_t)chunk[0], around = one;
    *slots = 1;
    for (int a = 1; a < rank; a++) {
        const size_t across = ((size_t)size[a] + (size_t)chunk[a] - 1) / (size_t)chunk[a];
        one *= (size_t)chunk[a];
        around *= (size_t)chunk[a] * across;
        for (size_t power = 1; power < across && *slots < MOST_SLOTS; power *= 2) {
            *slots *= 2;
        }
    }
    *slots = *slots < FEWEST_SLOTS ? FEWEST_SLOTS : *slots;
    *chunk_bytes = one;
    *bytes = one > MOST_BYTES ? one : around < MOST_BYTES ? around : MOST_BYTES;
    return true;
}

/* ---- Keeping ---- */

static bool is_kept(const tx_kept *kept, const char *path)
{
    for (int k = 0; k < MOST_KEPT; k++) {
        if (kept->list[k].path && strcmp(kept->list[k].path, path) == 0) {
            return true;
        }
    }
    return false;
}

/* Whoever opens it from now on shares these chunks. What fails here fails again where it is told. */
void tx_array_keep(const tx_file *file, const char *path)
{
    TX_READING(file);
    tx_kept *kept = file->kept;
    int64_t chunk[TX_FILE_MAX_RANK];
    size_t chunk_bytes, bytes, slots;
    if (!kept || is_kept(kept, path)) {
        return;
    }
    hid_t dataset = H5Dopen2(file->id, path, H5P_DEFAULT);
    const bool wanted = dataset >= 0 && measure(dataset, chunk, &chunk_bytes, &bytes, &slots);
    tx_id_release(&dataset);
    if (!wanted) {
        return;
    }
    tx_scoped_id access = H5Pcreate(H5P_DATASET_ACCESS);
    char *copy;
    if (H5Pset_chunk_cache(access, slots, bytes, H5D_CHUNK_CACHE_W0_DEFAULT) < 0 || tx_duplicate(path, NULL, &copy) != TX_OK) {
        return;
    }
    release(kept, kept->next);
    kept->list[kept->next].path = copy;
    kept->list[kept->next].dataset = H5Dopen2(file->id, path, access);
    kept->next = (kept->next + 1) % MOST_KEPT;
}

size_t tx_file_working(const tx_file *file, const char *path, int64_t *chunk)
{
    TX_QUIETLY;
    TX_READING(file);
    int64_t found[TX_FILE_MAX_RANK] = {0};
    size_t chunk_bytes = 0, bytes = 0, slots = 0;
    tx_scoped_id dataset = H5Dopen2(file->id, path, H5P_DEFAULT);
    enum { STATES = 4 }; /* of a chunk at a time: stored, shuffled, in the type of the file, in that which is wanted */
    const bool filtered = dataset >= 0 && measure(dataset, found, &chunk_bytes, &bytes, &slots);
    for (int a = 0; chunk && a < TX_FILE_MAX_RANK; a++) {
        chunk[a] = filtered ? found[a] : 1;
    }
    return filtered ? bytes + slots * sizeof(void *) + STATES * chunk_bytes : 0;
}
