/* Trajectories files that all ranks write together.
 *
 * Rank 0 builds the file without its numbers in memory and writes it by plain system calls, then reserves the disk space for
 * all of it; only then does HDF5 open it on all ranks. So a full disk shows up before anything is computed, and the library,
 * whose parallel driver cannot recover from a failed flush, finds room for all that it will ever write.
 *
 * finish and abandon are the same sequence of collective calls: a rank that gives up meets those that want to finish. */
#include <errno.h>
#include <fcntl.h>
#include <mpi.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "file/atomic.h"
#include "file/cover.h"
#include "file/handle.h"
#include "file/npy.h"
#include "parallel/communicator.h"

struct tx_file_writer {
    tx_parallel *parallel; /* NULL: one rank */
    tx_file file;          /* the temporary, called by its final name */
    hid_t dataset, spread; /* the second: -1 where the file has none */
    bool npy;              /* a file of numpy, not of HDF5: a header, then the numbers, which are written as they are */
    int fd;                /* of that; else -1 */
    char *temporary;
    int rank;
    int64_t size[TX_FILE_MAX_RANK];
    int64_t bytes, level_bytes; /* of all numbers, of one level */
    tx_precision precision;
    tx_cover *cover; /* the checksums of what this rank wrote */
    int64_t offset;  /* of the numbers in the file, known at its end */
    bool fresh;      /* nothing may stand at the final name */
    tx_error error;  /* the first failure of a write on this rank */
};

static const char dataset_path[] = "/trajectories";

static bool is_first(const tx_file_writer *writer)
{
    return !writer->parallel || tx_parallel_rank(writer->parallel) == 0;
}

static tx_status agree(tx_parallel *parallel, tx_status mine, tx_error *error)
{
    return parallel ? tx_parallel_agree(parallel, mine, error) : mine;
}

/* Closing is collective; all ranks have the same ids open, or none. */
static bool close_ids(tx_file_writer *writer)
{
    const bool dataset = writer->dataset < 0 || H5Dclose(writer->dataset) >= 0;
    const bool spread = writer->spread < 0 || H5Dclose(writer->spread) >= 0;
    const bool file = writer->file.id < 0 || H5Fclose(writer->file.id) >= 0;
    const bool fd = writer->fd < 0 || close(writer->fd) == 0;
    writer->dataset = writer->spread = writer->file.id = writer->fd = -1;
    return dataset && spread && file && fd;
}

static void free_writer(tx_file_writer *writer)
{
    if (writer) {
        tx_free(writer->file.path);
        tx_free(writer->temporary);
        tx_cover_destroy(writer->cover);
        tx_free(writer);
    }
}

/* ---- Creation ---- */

/* Fills in the sizes in bytes; false when they are no sizes. */
static bool measure(tx_file_writer *writer)
{
    writer->level_bytes = (int64_t)tx_real_bytes(writer->precision);
    for (int a = writer->rank - 1; a >= 0; a--) {
        int64_t *bytes = a >= 2 ? &writer->level_bytes : &writer->bytes;
        if (a == 1) {
            writer->bytes = writer->level_bytes;
        }
        if (writer->size[a] < 0 || __builtin_mul_overflow(*bytes, writer->size[a], bytes)) {
            return false;
        }
    }
    return true;
}

static tx_status make_writer(tx_parallel *parallel, const char *path, int rank, const int64_t *size, tx_precision precision,
                             tx_error *error, tx_file_writer **out)
{
    if (rank < 2 || rank > TX_FILE_MAX_RANK) {
        return tx_error_set(error, TX_INVALID, "cannot write '%s': trajectories have 2 to 8 axes, not %d", path, rank);
    }
    tx_file_writer *writer;
    TX_TRY(tx_allocate(sizeof *writer, error, &writer));
    *writer = (tx_file_writer){.parallel = parallel,
                               .file.id = -1,
                               .dataset = -1,
                               .spread = -1,
                               .npy = tx_npy_is_named(path),
                               .fd = -1,
                               .rank = rank,
                               .precision = precision};
    memcpy(writer->size, size, (size_t)rank * sizeof *size);
    tx_status status = measure(writer) ? tx_duplicate(path, error, &writer->file.path)
                                       : tx_error_set(error, TX_INVALID, "cannot write '%s': its size is no size", path);
    if (status == TX_OK) {
        status = tx_cover_create(writer->bytes, error, &writer->cover);
    }
    if (status != TX_OK) {
        free_writer(writer);
        return status;
    }
    *out = writer;
    return TX_OK;
}

static tx_status add_dataset(const tx_file_writer *writer, tx_file *skeleton, tx_error *error)
{
    return tx_array_announce(skeleton, dataset_path, writer->rank, writer->size, tx_stored_real_type(writer->precision), error);
}

tx_status tx_file_announce_spread(tx_file *file, int rank, const int64_t *size, tx_precision precision, tx_error *error)
{
    return tx_array_announce(file, TX_SPREAD_PATH, rank, size, tx_stored_real_type(precision), error);
}

static tx_status build_skeleton(const tx_file_writer *writer, tx_file *given, tx_error *error, unsigned char **image, size_t *bytes)
{
    tx_file *skeleton = given;
    if (!given) {
        TX_TRY(tx_file_create(error, &skeleton));
    }
    tx_status status = add_dataset(writer, skeleton, error);
    if (status == TX_OK) {
        status = tx_file_image(skeleton, 0, error, image, bytes);
    }
    if (!given) {
        tx_file_close(skeleton);
    }
    return status;
}

static tx_status write_skeleton(const tx_file_writer *writer, tx_file *given, tx_error *error)
{
    const size_t attributes = (size_t)1 << 16; /* more than all that may be added to the skeleton */
    const size_t datasets = given && tx_file_has(given, TX_SPREAD_PATH) ? 2 : 1;
    unsigned char *image;
    size_t bytes;
    TX_TRY(build_skeleton(writer, given, error, &image, &bytes));
    tx_status status = tx_atomic_write(writer->temporary, writer->file.path, image, bytes, error);
    tx_free(image);
    if (status == TX_OK) {
        const size_t all = bytes + attributes + datasets * (size_t)writer->bytes + tx_cover_footprint(writer->cover);
        status = tx_atomic_reserve(writer->temporary, writer->file.path, all, error);
    }
    return status;
}

static tx_status write_header(const tx_file_writer *writer, tx_error *error)
{
    char header[TX_NPY_HEADER];
    tx_npy_header(writer->rank, writer->size, writer->precision, header);
    TX_TRY(tx_atomic_write(writer->temporary, writer->file.path, header, sizeof header, error));
    return tx_atomic_reserve(writer->temporary, writer->file.path, sizeof header + (size_t)writer->bytes, error);
}

/* Before the collective opening, in which a rank that fails alone would leave the others waiting. */
static tx_status see_temporary(const tx_file_writer *writer, tx_error *error)
{
    const int fd = open(writer->temporary, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return tx_error_set(error, TX_BAD_DATA, "cannot write '%s' on rank %d: %s (do all machines share this folder?)",
                            writer->file.path, writer->parallel ? tx_parallel_rank(writer->parallel) : 0, strerror(errno));
    }
    close(fd);
    return TX_OK;
}

/* Collective. */
static tx_status share_temporary(tx_file_writer *writer, tx_status mine, tx_error *error)
{
    TX_TRY(agree(writer->parallel, mine, error));
    return writer->parallel ? tx_parallel_broadcast_text(writer->parallel, &writer->temporary, error) : TX_OK;
}

/* A file without a name where all ranks see that of rank 0, else one that will have a name. Collective. */
static tx_status choose_temporary(tx_file_writer *writer, tx_error *error)
{
    tx_parallel *parallel = writer->parallel;
    const char *path = writer->file.path;
    const bool first = is_first(writer);
    TX_TRY(share_temporary(writer, first ? tx_atomic_hidden(path, error, &writer->temporary) : TX_OK, error));
    int64_t unseen = access(writer->temporary, W_OK) != 0;
    TX_TRY(parallel ? tx_parallel_max(parallel, &unseen, 1, error) : TX_OK);
    if (!unseen) {
        return TX_OK;
    }
    if (first) {
        tx_atomic_remove(writer->temporary);
    }
    tx_free(writer->temporary);
    writer->temporary = NULL;
    return share_temporary(writer, first ? tx_atomic_temporary(path, error, &writer->temporary) : TX_OK, error);
}

/* A box of a dataset, of which `data` is a copy. Halved while it is large: MPI counts the bytes of a write in an int. */
static tx_status write_box(tx_file_writer *writer, hid_t dataset, const hsize_t *first, const hsize_t *count, const char *data)
{
    const hsize_t most = (hsize_t)1 << 29;
    hsize_t bytes = tx_real_bytes(writer->precision);
    int axis = writer->rank - 1; /* of those that are longer than 1, the first */
    for (int a = writer->rank - 1; a >= 0; a--) {
        /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): it has `rank` of them */
        bytes *= count[a];
        axis = count[a] > 1 ? a : axis;
    }
    if (bytes > most && count[axis] > 1) {
        hsize_t half[TX_FILE_MAX_RANK], middle[TX_FILE_MAX_RANK];
        memcpy(half, count, (size_t)writer->rank * sizeof *half);
        memcpy(middle, first, (size_t)writer->rank * sizeof *middle);
        half[axis] = count[axis] / 2;
        TX_TRY(write_box(writer, dataset, first, half, data));
        data += bytes / count[axis] * half[axis];
        middle[axis] += half[axis];
        half[axis] = count[axis] - half[axis];
        return write_box(writer, dataset, middle, half, data);
    }
    tx_scoped_id space = H5Dget_space(dataset);
    tx_scoped_id memory = H5Screate_simple(writer->rank, count, NULL);
    const hid_t type = tx_real_type(writer->precision);
    if (H5Sselect_hyperslab(space, H5S_SELECT_SET, first, NULL, count, NULL) < 0 ||
        H5Dwrite(dataset, type, memory, space, H5P_DEFAULT, data) < 0) {
        return tx_error_set(&writer->error, TX_BAD_DATA, "cannot write '%s': %s", writer->file.path, tx_reason_last().text);
    }
    return TX_OK;
}

/* The numbers get their place before any attribute does. HDF5 does so by itself when several ranks open the dataset, but else
 * at the first write. */
static tx_status take_place(tx_file_writer *writer, hid_t dataset, tx_error *error)
{
    const hsize_t first[TX_FILE_MAX_RANK] = {0}, count[TX_FILE_MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
    const double zero = 0;
    const tx_status status = writer->bytes ? write_box(writer, dataset, first, count, (const char *)&zero) : TX_OK;
    return status ? tx_error_set(error, status, "%s", writer->error.message) : TX_OK;
}

static tx_status cannot_write(tx_file_writer *writer, tx_error *error)
{
    return tx_error_set(error, TX_BAD_DATA, "cannot write '%s': %s", writer->file.path, strerror(errno));
}

static tx_status open_temporary(tx_file_writer *writer, tx_error *error)
{
    if (writer->npy) {
        writer->fd = open(writer->temporary, O_RDWR | O_CLOEXEC);
        return writer->fd < 0 ? cannot_write(writer, error) : TX_OK;
    }
    tx_scoped_id access = tx_file_access();
    const MPI_Comm communicator = writer->parallel ? tx_parallel_communicator(writer->parallel) : MPI_COMM_NULL;
    const bool many = communicator != MPI_COMM_NULL && tx_parallel_size(writer->parallel) > 1;
    /* Neither driver asks for the real name of a file that may have none. */
    if ((many ? H5Pset_fapl_mpio(access, communicator, MPI_INFO_NULL) : H5Pset_fapl_stdio(access)) < 0) {
        return tx_file_failed(&writer->file, TX_FAILURE, "open", "/", error);
    }
    writer->file.id = H5Fopen(writer->temporary, H5F_ACC_RDWR, access);
    writer->dataset = writer->file.id < 0 ? -1 : H5Dopen2(writer->file.id, dataset_path, H5P_DEFAULT);
    if (writer->dataset < 0) {
        return tx_file_failed(&writer->file, TX_BAD_DATA, "open", dataset_path, error);
    }
    TX_TRY(take_place(writer, writer->dataset, error));
    if (!tx_file_has(&writer->file, TX_SPREAD_PATH)) {
        return TX_OK;
    }
    writer->spread = H5Dopen2(writer->file.id, TX_SPREAD_PATH, H5P_DEFAULT);
    return writer->spread < 0 ? tx_file_failed(&writer->file, TX_BAD_DATA, "open", TX_SPREAD_PATH, error)
                              : take_place(writer, writer->spread, error);
}

tx_status tx_file_writer_create(tx_parallel *parallel, const char *path, int rank, const int64_t *size, tx_precision precision,
                                tx_error *error, tx_file_writer **out)
{
    return tx_file_writer_create_in(parallel, NULL, path, rank, size, precision, error, out);
}

tx_status tx_file_writer_create_in(tx_parallel *parallel, tx_file *file, const char *path, int rank, const int64_t *size,
                                   tx_precision precision, tx_error *error, tx_file_writer **out)
{
    TX_QUIETLY;
    TX_HOLD_SIZE_LIMIT;
    tx_file_writer *writer = NULL;
    tx_status status = agree(parallel, make_writer(parallel, path, rank, size, precision, error, &writer), error);
    if (status != TX_OK) {
        free_writer(writer);
        return status;
    }
    status = choose_temporary(writer, error);
    if (status == TX_OK) {
        status = agree(parallel,
                       !is_first(writer) ? TX_OK
                       : writer->npy     ? write_header(writer, error)
                                         : write_skeleton(writer, file, error),
                       error);
    }
    if (status == TX_OK) {
        status = agree(parallel, see_temporary(writer, error), error);
    }
    if (status == TX_OK) {
        status = agree(parallel, open_temporary(writer, error), error);
    }
    if (status != TX_OK) {
        close_ids(writer);
        if (is_first(writer) && writer->temporary) {
            tx_atomic_remove(writer->temporary);
        }
        free_writer(writer);
        return status;
    }
    *out = writer;
    return TX_OK;
}

/* ---- Writing ---- */

tx_status tx_file_writer_set_real(tx_file_writer *writer, const char *name, double value, tx_error *error)
{
    TX_QUIETLY;
    TX_HOLD_SIZE_LIMIT;
    if (writer->npy) {
        return TX_OK;
    }
    tx_scoped_id space = H5Screate(H5S_SCALAR);
    tx_scoped_id attribute =
        H5Acreate_by_name(writer->file.id, "/", name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const bool good = attribute >= 0 && H5Awrite(attribute, H5T_NATIVE_DOUBLE, &value) >= 0;
    const tx_status mine = good ? TX_OK : tx_file_failed(&writer->file, TX_BAD_DATA, "write", name, error);
    return agree(writer->parallel, mine, error);
}

/* The largest box that begins at `level`: the rest of a trajectory, or whole trajectories. Returns its number of levels. */
static int64_t next_box(const tx_file_writer *writer, int64_t level, int64_t left, hsize_t *first, hsize_t *count)
{
    const int64_t levels = writer->size[1], time = level % levels;
    const int64_t trajectories = time == 0 && left >= levels ? left / levels : 1;
    const int64_t times = left < levels - time ? left : levels - time;
    first[0] = (hsize_t)(level / levels);
    first[1] = (hsize_t)time;
    count[0] = (hsize_t)trajectories;
    count[1] = (hsize_t)times;
    for (int a = 2; a < writer->rank; a++) {
        first[a] = 0;
        count[a] = (hsize_t)writer->size[a];
    }
    return trajectories * times;
}

static tx_status write_bytes(tx_file_writer *writer, int64_t at, const char *data, int64_t bytes)
{
    while (bytes) {
        const ssize_t written = pwrite(writer->fd, data, (size_t)bytes, (off_t)(TX_NPY_HEADER + at));
        if (written < 0 && errno != EINTR) {
            return cannot_write(writer, &writer->error);
        }
        at += written > 0 ? written : 0;
        data += written > 0 ? written : 0;
        bytes -= written > 0 ? written : 0;
    }
    return TX_OK;
}

/* spread: of that dataset, whose checksum is that of the file around the trajectories. */
static tx_status write_levels(tx_file_writer *writer, bool spread, int64_t level, int64_t left, const char *data)
{
    if (level < 0 || left < 0 || level > writer->size[0] * writer->size[1] - left) {
        return tx_error_set(&writer->error, TX_FAILURE, "cannot write '%s': levels %lld to %lld are outside of it",
                            writer->file.path, (long long)level, (long long)(level + left));
    }
    while (left && writer->level_bytes) {
        hsize_t first[TX_FILE_MAX_RANK], count[TX_FILE_MAX_RANK];
        const int64_t done = next_box(writer, level, left, first, count);
        TX_TRY(writer->npy ? write_bytes(writer, level * writer->level_bytes, data, done * writer->level_bytes)
                           : write_box(writer, spread ? writer->spread : writer->dataset, first, count, data));
        if (!spread) {
            tx_cover_add(writer->cover, level * writer->level_bytes, data, done * writer->level_bytes);
        }
        level += done;
        left -= done;
        data += done * writer->level_bytes;
    }
    return TX_OK;
}

static tx_status write_either(tx_file_writer *writer, bool spread, int64_t first, int64_t count, const void *data, tx_error *error)
{
    TX_QUIETLY;
    TX_HOLD_SIZE_LIMIT;
    if (writer->error.status == TX_OK) {
        write_levels(writer, spread, first, count, data);
    }
    const tx_status status = writer->error.status;
    return status == TX_OK ? TX_OK : tx_error_set(error, status, "%s", writer->error.message);
}

tx_status tx_file_writer_write(tx_file_writer *writer, int64_t first_level, int64_t num_levels, const void *data, tx_error *error)
{
    return write_either(writer, false, first_level, num_levels, data, error);
}

tx_status tx_file_writer_write_spread(tx_file_writer *writer, int64_t first, int64_t count, const void *data, tx_error *error)
{
    return writer->npy ? TX_OK : write_either(writer, true, first, count, data, error);
}

/* ---- The end ---- */

static tx_status close_file(tx_file_writer *writer, tx_status mine, tx_error *error)
{
    tx_status status = agree(writer->parallel, mine, error);
    if (status == TX_OK && !writer->npy) {
        const bool flushed = H5Fflush(writer->file.id, H5F_SCOPE_GLOBAL) >= 0;
        mine = flushed ? TX_OK : tx_file_failed(&writer->file, TX_BAD_DATA, "write", "/", error);
        status = agree(writer->parallel, mine, error);
    }
    const haddr_t offset = status == TX_OK && !writer->npy ? H5Dget_offset(writer->dataset) : HADDR_UNDEF;
    writer->offset = offset == HADDR_UNDEF ? 0 : (int64_t)offset; /* no numbers, no place */
    const bool closed = close_ids(writer);
    mine = status == TX_OK && !closed ? tx_file_failed(&writer->file, TX_BAD_DATA, "write", "/", error) : status;
    return agree(writer->parallel, mine, error);
}

/* The checksums of what all ranks wrote. Collective. */
static tx_status sum_checksums(tx_file_writer *writer, tx_error *error)
{
    size_t count;
    int64_t *sums = tx_cover_sums(writer->cover, &count);
    if (writer->parallel) {
        TX_TRY(tx_parallel_sum(writer->parallel, sums, count, error));
    }
    return tx_cover_complete(writer->cover)
               ? TX_OK
               : tx_error_set(error, TX_FAILURE, "cannot write '%s': not every level was written, once", writer->file.path);
}

static tx_status publish(const tx_file_writer *writer, tx_error *error)
{
    TX_TRY(writer->npy ? TX_OK : tx_cover_finish(writer->cover, writer->temporary, writer->file.path, writer->offset, error));
    tx_status status = tx_atomic_flush(writer->temporary, writer->file.path, error);
    if (status == TX_OK) {
        status = writer->fresh ? tx_atomic_publish_new(writer->temporary, writer->file.path, error)
                               : tx_atomic_publish(writer->temporary, writer->file.path, NULL, error);
    }
    return status;
}

static tx_status end(tx_file_writer *writer, tx_status mine, tx_error *error)
{
    TX_QUIETLY;
    TX_HOLD_SIZE_LIMIT;
    const bool alone = writer->parallel && tx_parallel_is_lost(writer->parallel); /* closing would wait for the others */
    tx_status status = alone ? mine : close_file(writer, mine, error);
    if (status == TX_OK) {
        status = sum_checksums(writer, error);
    }
    if (is_first(writer)) {
        status = status == TX_OK ? publish(writer, error) : status;
        if (status != TX_OK) {
            tx_atomic_remove(writer->temporary);
        }
    }
    status = agree(writer->parallel, status, error);
    free_writer(writer);
    return status;
}

tx_status tx_file_writer_finish(tx_file_writer *writer, tx_error *error)
{
    tx_status mine = writer->error.status;
    if (mine != TX_OK) {
        mine = tx_error_set(error, mine, "%s", writer->error.message);
    }
    return end(writer, mine, error);
}

tx_status tx_file_writer_finish_new(tx_file_writer *writer, tx_error *error)
{
    writer->fresh = true;
    return tx_file_writer_finish(writer, error);
}

void tx_file_writer_abandon(tx_file_writer *writer)
{
    if (writer) {
        tx_error error = {0};
        const tx_status mine = tx_error_set(&error, TX_FAILURE, "another rank gave up writing '%s'", writer->file.path);
        end(writer, mine, &error);
    }
}
