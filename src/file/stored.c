/* Was it ever stored? HDF5 answers with fill values where nothing was written, where a virtual dataset has no source, where an
 * external file is too short. Here the file is asked, by the layout of the dataset, before anything is read. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "file/handle.h"
#include "file/selection.h"

/* A box of an open dataset. */
typedef struct part {
    const tx_file *file;
    const char *name; /* of the file that it is in: a link may lead to another one */
    const char *path;
    hid_t dataset, creation;
    int rank;
    hsize_t size[TX_FILE_MAX_RANK], first[TX_FILE_MAX_RANK], count[TX_FILE_MAX_RANK];
    int depth; /* of virtual datasets above this one */
    tx_error *error;
} part;

enum { MOST_DEPTH = 16 };

static tx_status check_part(const part *part);

static tx_status not_stored(const part *part, const char *why)
{
    return tx_error_set(part->error, TX_BAD_DATA, "'%s' in '%s' is not all stored: %s", part->path, part->name, why);
}

static hsize_t file_size(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (hsize_t)info.st_size : 0;
}

/* Of the file that the dataset is in: as it is open, whatever stands under its name by now. */
static hsize_t open_size(const part *part)
{
    tx_scoped_id file = H5Iget_file_id(part->dataset);
    struct stat info;
    void *descriptor = NULL;
    const bool known = H5Fget_vfd_handle(file, H5P_DEFAULT, &descriptor) >= 0 && descriptor;
    return known && fstat(*(int *)descriptor, &info) == 0 ? (hsize_t)info.st_size : 0;
}

void tx_file_beside(const char *base, const char *name, char out[TX_NAME_SIZE])
{
    const char *slash = strrchr(base, '/');
    const int folder = *name == '/' || !slash ? 0 : (int)(slash - base + 1);
    if (snprintf(out, TX_NAME_SIZE, "%.*s%s", folder, base, name) >= TX_NAME_SIZE) {
        *out = '\0'; /* no file has such a name */
    }
}

/* ---- One after the other ---- */

/* Bytes from the beginning of the dataset to the end of the part. */
static hsize_t bytes_needed(const part *part)
{
    tx_scoped_id type = H5Dget_type(part->dataset);
    hsize_t last = 0;
    for (int a = 0; a < part->rank; a++) {
        last = last * part->size[a] + part->first[a] + part->count[a] - 1;
    }
    return (last + 1) * H5Tget_size(type);
}

/* As HDF5 finds external files: from the shell's folder, unless the environment says another. */
static void external_path(const part *part, const char *name, char out[TX_NAME_SIZE])
{
    static const char origin[] = "${ORIGIN}";
    const char *prefix = getenv("HDF5_EXTFILE_PREFIX");
    char joined[TX_NAME_SIZE];
    if (*name == '/' || !prefix || !*prefix) {
        snprintf(out, TX_NAME_SIZE, "%s", name);
    } else if (strncmp(prefix, origin, sizeof origin - 1) == 0) {
        snprintf(joined, sizeof joined, ".%s/%s", prefix + sizeof origin - 1, name);
        tx_file_beside(part->name, joined, out);
    } else {
        snprintf(out, TX_NAME_SIZE, "%s/%s", prefix, name);
    }
}

static tx_status check_external(const part *part, int num_files)
{
    hsize_t left = bytes_needed(part);
    for (int k = 0; k < num_files && left; k++) {
        char name[TX_NAME_SIZE / 2] = "", found[TX_NAME_SIZE], why[TX_MESSAGE_SIZE];
        off_t offset;
        hsize_t size;
        if (H5Pget_external(part->creation, (unsigned)k, sizeof name - 1, name, &offset, &size) < 0) {
            return tx_file_failed(part->file, TX_BAD_DATA, "understand", part->path, part->error);
        }
        external_path(part, name, found);
        const hsize_t here = size < left ? size : left, has = file_size(found);
        if (offset < 0 || has < (hsize_t)offset || has - (hsize_t)offset < here) {
            snprintf(why, sizeof why, "its external file '%.500s' is missing or too short (%llu bytes, where %llu are needed)",
                     found, (unsigned long long)has, (unsigned long long)offset + here);
            return not_stored(part, why);
        }
        left -= here;
    }
    return left ? not_stored(part, "its external files have no room for it") : TX_OK;
}

static tx_status check_contiguous(const part *part)
{
    const int num_files = H5Pget_external_count(part->creation);
    if (num_files > 0) {
        return check_external(part, num_files);
    }
    const haddr_t offset = H5Dget_offset(part->dataset);
    const hsize_t needed = bytes_needed(part), size = open_size(part);
    if (offset == HADDR_UNDEF) {
        return not_stored(part, "nothing was ever written to it");
    }
    if (H5Dget_storage_size(part->dataset) < needed || offset > size || size - offset < needed) {
        return not_stored(part, "the file has no room for it");
    }
    return TX_OK;
}

static tx_status check_compact(const part *part)
{
    return H5Dget_storage_size(part->dataset) < bytes_needed(part) ? not_stored(part, "the file has no room for it") : TX_OK;
}

/* ---- In chunks ---- */

/* Goes to the next chunk that meets the part, in C order; false after the last. */
static bool next_chunk(const part *part, const hsize_t *chunk, hsize_t *at)
{
    for (int a = part->rank - 1; a >= 0; a--) {
        at[a] += chunk[a];
        if (at[a] < part->first[a] + part->count[a]) {
            return true;
        }
        at[a] = part->first[a] / chunk[a] * chunk[a];
    }
    return false;
}

static tx_status chunk_missing(const part *part, const hsize_t *at)
{
    char why[256];
    size_t used = (size_t)snprintf(why, sizeof why, "the chunk at (");
    for (int a = 0; a < part->rank; a++) {
        used += (size_t)snprintf(why + used, sizeof why - used, a ? ", %llu" : "%llu", (unsigned long long)at[a]);
    }
    snprintf(why + used, sizeof why - used, ") was never written");
    return not_stored(part, why);
}

/* The first that is asked for reads the index. */
static bool has_chunk(const part *part, const hsize_t *at)
{
    TX_READING(part->file);
    hsize_t bytes;
    return H5Dget_chunk_storage_size(part->dataset, at, &bytes) >= 0 && bytes > 0;
}

static tx_status check_chunks(const part *part)
{
    hsize_t chunk[TX_FILE_MAX_RANK], at[TX_FILE_MAX_RANK], chunks = 0;
    if (H5Pget_chunk(part->creation, part->rank, chunk) != part->rank) {
        return tx_file_failed(part->file, TX_BAD_DATA, "understand", part->path, part->error);
    }
    for (int a = 0; a < part->rank; a++) {
        if (!chunk[a]) {
            return not_stored(part, "its chunks are empty");
        }
        at[a] = part->first[a] / chunk[a] * chunk[a];
    }
    const hsize_t most = open_size(part); /* a chunk takes a byte at least */
    do {
        if (!has_chunk(part, at) || ++chunks > most) {
            return chunk_missing(part, at);
        }
    } while (next_chunk(part, chunk, at));
    return TX_OK;
}

/* Filters that others use, by the numbers that the HDF Group gave them, and where Debian has them. */
static const struct {
    H5Z_filter_t id;
    const char *name, *package;
} known_filters[] = {
    {H5Z_FILTER_DEFLATE, "deflate", "an HDF5 built with zlib"},
    {H5Z_FILTER_SZIP, "szip", "an HDF5 built with libaec"},
    {307, "bzip2", "hdf5-filter-plugin"},
    {32001, "blosc", "hdf5-filter-plugin-blosc-serial"},
    {32004, "lz4", "hdf5-filter-plugin"},
    {32008, "bitshuffle", "hdf5-filter-plugin"},
    {32013, "zfp", "hdf5-filter-plugin-zfp-serial"},
    {32015, "zstd", "hdf5plugin of PyPI"},
    {32017, "sz", "hdf5plugin of PyPI"},
    {32026, "blosc2", "hdf5plugin of PyPI"},
};

static tx_status filter_missing(const part *part, H5Z_filter_t id, const char *stored)
{
    const char *name = "of an unknown kind", *package = "its plugin";
    for (size_t k = 0; k < sizeof known_filters / sizeof *known_filters; k++) {
        if (known_filters[k].id == id) {
            name = known_filters[k].name;
            package = known_filters[k].package;
        }
    }
    return tx_error_set(part->error, TX_BAD_DATA,
                        "'%s' in '%s' was stored through the filter %d (%s), which is not installed: install %s and let "
                        "HDF5_PLUGIN_PATH name its folder, or store it anew (h5repack -f NONE)",
                        part->path, part->name, (int)id, *stored ? stored : name, package);
}

static tx_status check_filters(const part *part)
{
    const int count = H5Pget_nfilters(part->creation);
    for (int k = 0; k < count; k++) {
        char name[64] = "";
        unsigned flags, how;
        size_t values = 0;
        const H5Z_filter_t id = H5Pget_filter2(part->creation, (unsigned)k, &flags, &values, NULL, sizeof name - 1, name, &how);
        if (id >= 0 && H5Zfilter_avail(id) <= 0) {
            return filter_missing(part, id, name);
        }
    }
    return TX_OK;
}

/* ---- In other datasets ---- */

/* Where a virtual dataset's elements come from: a selection of its own, and one of the same size of a dataset elsewhere. */
typedef struct mapping {
    char file[TX_NAME_SIZE / 2], dataset[TX_MESSAGE_SIZE];
    hid_t to, from;
} mapping;

static void close_mapping(const mapping *m)
{
    tx_id_release(&m->to);
    tx_id_release(&m->from);
}
#define scoped_mapping __attribute__((cleanup(close_mapping))) mapping

void tx_block_name(char *name, size_t size, hsize_t block)
{
    char out[TX_NAME_SIZE];
    size_t used = 0;
    for (const char *c = name; *c && used < sizeof out - 24; c++) {
        if (*c == '%' && c[1] == '%') {
            out[used++] = *c++;
        } else if (*c == '%' && c[strspn(c + 1, "0123456789") + 1] == 'b') {
            char *end;
            const unsigned long width = strtoul(c + 1, &end, 10);
            used += (size_t)snprintf(out + used, 24, "%0*llu", width < 20 ? (int)width : 20, (unsigned long long)block);
            c = end;
        } else {
            out[used++] = *c;
        }
    }
    out[used] = '\0';
    memcpy(name, out, used < size ? used + 1 : 0);
}

/* Replaces a selection without end by what of it lies within `size`; of its blocks only one, if `block` >= 0. Returns how many
 * blocks there are, 0 where the selection has an end. */
static hsize_t clip(hid_t space, const hsize_t *size, int64_t block)
{
    hsize_t start[H5S_MAX_RANK], stride[H5S_MAX_RANK], count[H5S_MAX_RANK], length[H5S_MAX_RANK], blocks = 0;
    const int rank = H5Sget_simple_extent_ndims(space);
    if (H5Sget_select_type(space) != H5S_SEL_HYPERSLABS || H5Sis_regular_hyperslab(space) <= 0 ||
        H5Sget_regular_hyperslab(space, start, stride, count, length) < 0) {
        return 0;
    }
    for (int a = 0; a < rank; a++) {
        const hsize_t room = size[a] > start[a] ? size[a] - start[a] : 0;
        if (length[a] == H5S_UNLIMITED) {
            blocks = 1;
            length[a] = room;
        }
        if (count[a] == H5S_UNLIMITED) {
            count[a] = blocks = stride[a] ? (room + stride[a] - 1) / stride[a] : 0;
            if (block >= 0) {
                start[a] += (hsize_t)block * stride[a];
                count[a] = 1;
            }
        }
    }
    if (blocks) {
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, stride, count, length);
    }
    return blocks;
}

/* A selection of everything, as boxes: HDF5 combines only those. */
static void select_boxes(hid_t space)
{
    hsize_t size[H5S_MAX_RANK], origin[H5S_MAX_RANK] = {0};
    if (H5Sget_select_type(space) == H5S_SEL_ALL) {
        H5Sget_simple_extent_dims(space, size, NULL);
        H5Sselect_hyperslab(space, H5S_SELECT_SET, origin, NULL, size, NULL);
    }
}

static tx_status source_missing(const part *part, const mapping *m, const tx_error *reason)
{
    return tx_error_set(part->error, TX_BAD_DATA, "'%s' in '%s' is virtual, and a source is not there: %.600s", part->path,
                        part->name, *reason->message ? reason->message : m->file);
}

/* As HDF5 looks for sources: beside the file (or where the environment says), then from the shell's folder. */
static tx_status open_source(const part *part, const mapping *m, tx_error *reason, tx_file **out)
{
    const char *prefix = getenv("HDF5_VDS_PREFIX");
    char name[TX_NAME_SIZE];
    struct stat info;
    if (prefix && *prefix && strncmp(prefix, "${ORIGIN}", 9) != 0 && *m->file != '/') {
        snprintf(name, sizeof name, "%s/%s", prefix, m->file);
    } else {
        tx_file_beside(part->name, m->file, name);
    }
    return tx_file_open(stat(name, &info) == 0 || stat(m->file, &info) != 0 ? name : m->file, reason, out);
}

/* The box around what of the source stands for the part of the virtual dataset. */
static tx_status check_source_part(const part *part, const mapping *m, const tx_file *file)
{
    struct part source = {
        .file = file, .name = file->path, .path = m->dataset, .dataset = -1, .depth = part->depth + 1, .error = part->error};
    tx_error reason = {0};
    if (tx_array_open(file, m->dataset, &reason, &source.dataset) != TX_OK) {
        return source_missing(part, m, &reason);
    }
    tx_scoped_id dataset = source.dataset;
    tx_scoped_id space = H5Dget_space(dataset);
    tx_scoped_id creation = H5Dget_create_plist(dataset);
    source.creation = creation;
    source.rank = H5Sget_simple_extent_ndims(space);
    tx_scoped_id from = H5Scopy(H5Sget_select_type(m->from) == H5S_SEL_ALL ? space : m->from);
    if (source.rank < 0 || source.rank > TX_FILE_MAX_RANK || source.rank != H5Sget_simple_extent_ndims(from)) {
        return not_stored(part, "a source has another number of axes");
    }
    H5Sget_simple_extent_dims(space, source.size, NULL);
    clip(from, source.size, -1);
    select_boxes(from);
    if (H5Sget_select_npoints(from) != H5Sget_select_npoints(m->to) ||
        !tx_selection_partner(m->to, part->first, part->count, from, source.first, source.count)) {
        return not_stored(part, "a source is smaller than its place");
    }
    for (int a = 0; a < source.rank; a++) {
        if (source.first[a] + source.count[a] > source.size[a]) {
            return not_stored(part, "a source is smaller than its place");
        }
    }
    return check_part(&source);
}

static tx_status check_source(const part *part, const mapping *m)
{
    tx_error reason = {0};
    tx_file *file;
    if (strcmp(m->file, ".") == 0) {
        return check_source_part(part, m, part->file);
    }
    if (open_source(part, m, &reason, &file) != TX_OK) {
        return source_missing(part, m, &reason);
    }
    const tx_status status = check_source_part(part, m, file);
    tx_file_close(file);
    return status;
}

/* Takes away from `left` what this mapping (or a block of it) gives, if that is there. By differences alone: HDF5 1.10 crashes
 * where an intersection is empty. */
static tx_status check_mapping(const part *part, const mapping *m, hid_t left)
{
    const hssize_t before = H5Sget_select_npoints(left);
    select_boxes(m->to);
    if (before < 1 || H5Sget_select_npoints(m->to) < 1) {
        return TX_OK;
    }
    if (H5Smodify_select(left, H5S_SELECT_NOTB, m->to) < 0) {
        return tx_file_failed(part->file, TX_BAD_DATA, "understand", part->path, part->error);
    }
    return H5Sget_select_npoints(left) == before ? TX_OK : check_source(part, m);
}

static tx_status get_mapping(const part *part, size_t k, mapping *m)
{
    TX_READING(part->file);
    m->to = H5Pget_virtual_vspace(part->creation, k);
    m->from = H5Pget_virtual_srcspace(part->creation, k);
    const ssize_t file = H5Pget_virtual_filename(part->creation, k, m->file, sizeof m->file);
    const ssize_t dataset = H5Pget_virtual_dsetname(part->creation, k, m->dataset, sizeof m->dataset);
    return m->to < 0 || m->from < 0 || file < 0 || dataset < 0 || (size_t)file >= sizeof m->file ||
                   (size_t)dataset >= sizeof m->dataset
               ? tx_file_failed(part->file, TX_BAD_DATA, "understand", part->path, part->error)
               : TX_OK;
}

/* All blocks of a mapping whose sources have numbered names. */
static tx_status check_numbered(const part *part, size_t k, hsize_t blocks, hid_t left)
{
    for (hsize_t block = 0; block < blocks && H5Sget_select_npoints(left) > 0; block++) {
        scoped_mapping m = {.to = -1, .from = -1};
        TX_TRY(get_mapping(part, k, &m));
        clip(m.to, part->size, (int64_t)block);
        tx_block_name(m.file, sizeof m.file, block);
        tx_block_name(m.dataset, sizeof m.dataset, block);
        TX_TRY(check_mapping(part, &m, left));
    }
    return TX_OK;
}

static tx_status check_virtual(const part *part)
{
    size_t count = 0;
    tx_scoped_id left = H5Screate_simple(part->rank, part->size, NULL);
    if (part->depth >= MOST_DEPTH) {
        return not_stored(part, "it is virtual, and so are its sources without end");
    }
    if (H5Sselect_hyperslab(left, H5S_SELECT_SET, part->first, NULL, part->count, NULL) < 0 ||
        H5Pget_virtual_count(part->creation, &count) < 0) {
        return tx_file_failed(part->file, TX_BAD_DATA, "understand", part->path, part->error);
    }
    for (size_t k = 0; k < count && H5Sget_select_npoints(left) > 0; k++) {
        scoped_mapping m = {.to = -1, .from = -1};
        TX_TRY(get_mapping(part, k, &m));
        const hsize_t blocks = clip(m.to, part->size, -1);
        const bool numbered = strchr(m.file, '%') || strchr(m.dataset, '%');
        TX_TRY(blocks && numbered ? check_numbered(part, k, blocks, left) : check_mapping(part, &m, left));
    }
    return H5Sget_select_npoints(left) > 0 ? not_stored(part, "it is virtual, and a part of it has no source") : TX_OK;
}

/* ---- All of them ---- */

static tx_status check_part(const part *part)
{
    static tx_status (*const checks[])(const struct part *) = {[H5D_COMPACT] = check_compact,
                                                               [H5D_CONTIGUOUS] = check_contiguous,
                                                               [H5D_CHUNKED] = check_chunks,
                                                               [H5D_VIRTUAL] = check_virtual};
    const H5D_layout_t layout = H5Pget_layout(part->creation);
    if (layout < 0 || layout > H5D_VIRTUAL) {
        return tx_file_failed(part->file, TX_BAD_DATA, "understand", part->path, part->error);
    }
    for (int a = 0; a < part->rank; a++) {
        if (!part->count[a]) {
            return TX_OK;
        }
    }
    TX_TRY(check_filters(part));
    return checks[layout](part);
}

tx_status tx_stored_check(const tx_file *file, const char *path, hid_t dataset, const int64_t *first, const int64_t *count,
                          tx_error *error)
{
    TX_READING_NUMBERS(file);
    char name[TX_NAME_SIZE] = "";
    tx_scoped_id creation = H5Dget_create_plist(dataset);
    tx_scoped_id space = H5Dget_space(dataset);
    part part = {.file = file, .name = name, .path = path, .dataset = dataset, .creation = creation, .error = error};
    part.rank = H5Sget_simple_extent_ndims(space);
    if (creation < 0 || part.rank < 0 || part.rank > TX_FILE_MAX_RANK || H5Fget_name(dataset, name, sizeof name) < 0) {
        return tx_file_failed(file, TX_BAD_DATA, "understand", path, error);
    }
    if (file->created) {
        return TX_OK;
    }
    part.name = file->outside ? file->path : name;
    if (!tx_array_is_inside(file, dataset)) {
        TX_TRY(tx_file_look(name, error));
    }
    H5Sget_simple_extent_dims(space, part.size, NULL);
    for (int a = 0; a < part.rank; a++) {
        part.first[a] = (hsize_t)first[a];
        part.count[a] = (hsize_t)count[a];
    }
    return check_part(&part);
}
