/* Datasets that come in pieces while their file is saved: the file without them is formed in memory, written and given its
 * disk space; HDF5 then finds room for all that it adds. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "file/atomic.h"
#include "file/crc.h"
#include "file/handle.h"
#include "file/seal.h"

enum { ASKED = 1 << 14, REFERRED = 1 << 23 }; /* bytes of a piece, or one item */

typedef struct tx_file_stream {
    char *path;
    int rank;
    int64_t size[TX_FILE_MAX_RANK];
    hid_t given;      /* the type in memory */
    const void *data; /* all of it; NULL: asked of the source */
    tx_file_source source;
    tx_seal_known written; /* what stands in the file */
    struct tx_file_stream *next;
} tx_file_stream;

void tx_file_free_streams(tx_file *file)
{
    for (tx_file_stream *stream = file->streams, *next; stream; stream = next) {
        next = stream->next;
        tx_free(stream->path);
        tx_free(stream);
    }
    file->streams = NULL;
}

/* ---- Announcing ---- */

/* like: what the stream is but for path and size. */
static tx_status announce(tx_file *file, const char *path, const int64_t *size, hid_t stored, tx_file_stream like, tx_error *error)
{
    TX_QUIETLY;
    tx_file_stream *stream, **last = &file->streams;
    TX_TRY(tx_file_make_groups(file, path, false, error));
    TX_TRY(tx_allocate(sizeof *stream, error, &stream));
    *stream = like;
    memcpy(stream->size, size, (size_t)like.rank * sizeof *size);
    while (*last) {
        last = &(*last)->next;
    }
    *last = stream;
    TX_TRY(tx_duplicate(path, error, &stream->path));
    return tx_array_announce(file, path, like.rank, size, stored, error);
}

tx_status tx_file_stream_reals(tx_file *file, const char *path, int rank, const int64_t *size, tx_precision precision,
                               tx_file_source source, tx_error *error)
{
    const tx_file_stream like = {.rank = rank, .given = tx_real_type(precision), .source = source};
    return announce(file, path, size, tx_stored_real_type(precision), like, error);
}

tx_status tx_file_refer_reals(tx_file *file, const char *path, int rank, const int64_t *size, tx_precision precision,
                              const void *data, tx_error *error)
{
    size_t bytes = tx_real_bytes(precision);
    for (int a = 0; a < rank; a++) {
        bytes *= (size_t)size[a];
    }
    const tx_file_stream like = {.rank = rank, .given = tx_real_type(precision), .data = data};
    return bytes < TX_FILE_REFERRED ? tx_file_write_reals(file, path, rank, size, precision, data, error)
                                    : announce(file, path, size, tx_stored_real_type(precision), like, error);
}

tx_status tx_file_stream_integers(tx_file *file, const char *path, int rank, const int64_t *size, tx_file_source source,
                                  tx_error *error)
{
    const tx_file_stream like = {.rank = rank, .given = H5T_NATIVE_INT64, .source = source};
    return announce(file, path, size, H5T_STD_I64LE, like, error);
}

/* ---- Saving ---- */

typedef struct saving {
    tx_file file; /* the temporary, called by its final name */
    hid_t dataset;
    int64_t flowed; /* where the bytes end that are on their way to the disk */
    tx_error *error;
} saving;

static size_t item_bytes(const tx_file_stream *stream)
{
    size_t bytes = H5Tget_size(stream->given);
    for (int a = 1; a < stream->rank; a++) {
        bytes *= (size_t)stream->size[a];
    }
    return bytes;
}

static tx_status write_piece(const saving *s, const tx_file_stream *stream, int64_t first, int64_t count, const void *data)
{
    hsize_t from[TX_FILE_MAX_RANK] = {(hsize_t)first}, many[TX_FILE_MAX_RANK] = {(hsize_t)count};
    for (int a = 1; a < stream->rank; a++) {
        many[a] = (hsize_t)stream->size[a];
    }
    tx_scoped_id space = H5Dget_space(s->dataset);
    tx_scoped_id memory = H5Screate_simple(stream->rank, many, NULL);
    const bool good = H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, many, NULL) >= 0 &&
                      H5Dwrite(s->dataset, stream->given, memory, space, H5P_DEFAULT, data) >= 0;
    return good ? TX_OK : tx_file_failed(&s->file, TX_BAD_DATA, "write", stream->path, s->error);
}

/* The dataset has been written up to there: once that is much, it need not stay in memory. */
static tx_status flow(saving *s, int64_t bytes)
{
    const int64_t end = (int64_t)H5Dget_offset(s->dataset) + bytes;
    void *descriptor;
    if (end - s->flowed < REFERRED || H5Fget_vfd_handle(s->file.id, H5P_DEFAULT, &descriptor) < 0) {
        return TX_OK;
    }
    const bool good = tx_atomic_flow(*(int *)descriptor, s->flowed, end - s->flowed);
    s->flowed = end;
    return good ? TX_OK : tx_error_set(s->error, TX_BAD_DATA, "cannot write '%s': %s", s->file.path, strerror(errno));
}

/* `room`: for `most` items, of a source. */
static tx_status write_pieces(saving *s, const tx_file_stream *stream, int64_t most, void *room, tx_crc *crc)
{
    const size_t item = item_bytes(stream);
    for (int64_t first = 0, count; first < stream->size[0]; first += count) {
        const char *data = stream->data ? (const char *)stream->data + (size_t)first * item : room;
        count = stream->size[0] - first < most ? stream->size[0] - first : most;
        TX_TRY(stream->data ? TX_OK : stream->source.read(stream->source.user, first, count, room, s->error));
        TX_TRY(write_piece(s, stream, first, count, data));
        TX_TRY(flow(s, (first + count) * (int64_t)item));
        tx_crc_add(crc, data, (size_t)count * item);
    }
    return TX_OK;
}

/* Numbers stand there as in memory, but on a machine of another byte order. */
static void note_written(const saving *s, tx_file_stream *stream, const tx_crc *crc)
{
    tx_scoped_id type = H5Dget_type(s->dataset);
    const int64_t bytes = stream->size[0] * (int64_t)item_bytes(stream);
    stream->written = (tx_seal_known){.offset = (int64_t)H5Dget_offset(s->dataset),
                                      .bytes = H5Tequal(type, stream->given) > 0 ? bytes : 0,
                                      .checksum = tx_crc_end(crc),
                                      .next = stream->next ? &stream->next->written : NULL};
}

static tx_status write_stream(saving *s, tx_file_stream *stream)
{
    const size_t item = item_bytes(stream), piece = stream->data ? REFERRED : ASKED;
    const int64_t most = item < piece ? (int64_t)(piece / (item ? item : 1)) : 1;
    tx_scoped_id dataset = H5Dopen2(s->file.id, stream->path, H5P_DEFAULT);
    void *room = NULL;
    tx_crc crc;
    if (dataset < 0) {
        return tx_file_failed(&s->file, TX_BAD_DATA, "open", stream->path, s->error);
    }
    TX_TRY(stream->data ? TX_OK : tx_allocate_array((size_t)most, item, s->error, &room));
    s->dataset = dataset;
    tx_crc_begin(&crc);
    const tx_status status = write_pieces(s, stream, most, room, &crc);
    tx_free(room);
    note_written(s, stream, &crc);
    return status;
}

static tx_status write_streams(const tx_file *from, const char *temporary, tx_error *error)
{
    tx_scoped_id access = tx_file_access();
    saving s = {.file = {.id = H5Fopen(temporary, H5F_ACC_RDWR, access), .path = from->path}, .error = error};
    if (s.file.id < 0) {
        return tx_file_failed(&s.file, TX_BAD_DATA, "open", "/", error);
    }
    tx_status status = TX_OK;
    for (tx_file_stream *stream = from->streams; stream && status == TX_OK; stream = stream->next) {
        status = write_stream(&s, stream);
    }
    if (status == TX_OK && H5Fflush(s.file.id, H5F_SCOPE_GLOBAL) < 0) {
        status = tx_file_failed(&s.file, TX_BAD_DATA, "write", "/", error);
    }
    return H5Fclose(s.file.id) >= 0 || status ? status : tx_file_failed(&s.file, TX_BAD_DATA, "write", "/", error);
}

static tx_status fill(const tx_file *file, const char *temporary, const char *path, size_t bytes, tx_error *error)
{
    for (const tx_file_stream *stream = file->streams; stream; stream = stream->next) {
        bytes += (size_t)stream->size[0] * item_bytes(stream);
    }
    TX_HOLD_SIZE_LIMIT;
    TX_TRY(tx_atomic_reserve(temporary, path, bytes + ((size_t)1 << 14), error));
    TX_TRY(write_streams(file, temporary, error));
    TX_TRY(tx_seal_append(temporary, path, NULL, &file->streams->written, error));
    return tx_atomic_flush(temporary, path, error);
}

tx_status tx_file_save_streams(const tx_file *file, const char *path, const char *previous, bool fresh, const void *image,
                               size_t bytes, tx_error *error)
{
    char *temporary;
    TX_TRY(tx_atomic_temporary(path, error, &temporary));
    tx_status status = tx_atomic_write(temporary, path, image, bytes, error);
    if (status == TX_OK) {
        status = fill(file, temporary, path, bytes, error);
        if (status == TX_OK) {
            status = fresh ? tx_atomic_publish_new(temporary, path, error) : tx_atomic_publish(temporary, path, previous, error);
        } else {
            tx_atomic_remove(temporary);
        }
    }
    tx_free(temporary);
    return status;
}
