/* Numbers of a dataset, all or a slab: in which pieces they are read, past HDF5 or through it, and turned into what is wanted. */
#include <stdio.h>
#include <string.h>

#include "base/behind.h"
#include "base/memory.h"
#include "file/cells.h"
#include "file/handle.h"
#include "file/packing.h"
#include "file/undo.h"

/* ---- Reading ---- */

/* One read: where the numbers come from, and what they shall be. */
typedef struct reading {
    const tx_file *file;
    const char *path;
    hid_t dataset;
    hid_t type;   /* of the file */
    hid_t native; /* the type of this machine that holds exactly what the file holds */
    hid_t wanted;
    int rank;
    const int64_t *size; /* of the dataset */
    tx_packing packing;
    const struct way *way;
    tx_undo *undo;                   /* NULL: HDF5 knows the way */
    int64_t chunk[TX_FILE_MAX_RANK]; /* that it undoes */
    const int64_t *first, *count;    /* the box that is read … */
    char *data;                      /* … to here */
    char *staging;                   /* a piece that does not lie there in a row */
    const tx_follower *follower;     /* NULL: none, or pieces come in no order */
    tx_behind *behind;               /* it follows there; NULL: right here */
    tx_error *error;
} reading;

/* Numbers up to `end` are there. */
static void reach(const reading *r, const char *end)
{
    if (r->behind) {
        tx_behind_advance(r->behind, end - r->data);
    } else if (r->follower) {
        r->follower->reach(r->follower->user, end, NULL);
    }
}

static void follow(void *user, int64_t from, int64_t to)
{
    const reading *r = user;
    (void)from;
    r->follower->reach(r->follower->user, r->data + to, NULL);
}

static int64_t product(int rank, const int64_t *count)
{
    int64_t elements = 1;
    for (int a = 0; a < rank; a++) {
        elements *= count[a];
    }
    return elements;
}

static tx_status read_as(const reading *r, hid_t type, const int64_t *offset, const int64_t *count, void *data)
{
    TX_READING_NUMBERS(r->file);
    hsize_t from[TX_FILE_MAX_RANK], many[TX_FILE_MAX_RANK];
    for (int a = 0; a < r->rank; a++) {
        from[a] = (hsize_t)offset[a];
        many[a] = (hsize_t)count[a];
    }
    tx_scoped_id space = H5Dget_space(r->dataset);
    tx_scoped_id memory = r->rank ? H5Screate_simple(r->rank, many, NULL) : H5Screate(H5S_SCALAR);
    if (memory < 0 || (r->rank && H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, many, NULL) < 0) ||
        H5Dread(r->dataset, type, memory, space, H5P_DEFAULT, data) < 0) {
        return tx_file_failed(r->file, TX_BAD_DATA, "read", r->path, r->error);
    }
    return TX_OK;
}

/* Numbers with checksums, past HDF5: this machine's type, in C order from the cover's beginning on. Rows of the box that follow
 * each other in the file are read at once. `place` counts elements; *data moves on. */
static tx_status read_rows(const reading *r, int axis, int64_t place, const int64_t *offset, const int64_t *count,
                           const tx_follower *follower, char **data)
{
    const int64_t bytes = (int64_t)H5Tget_size(r->native);
    int64_t inner = 1;
    bool whole = true;
    for (int a = axis + 1; a < r->rank; a++) {
        inner *= r->size[a];
        whole = whole && count[a] == r->size[a];
    }
    if (axis == r->rank || whole) {
        const int64_t first = axis == r->rank ? 0 : offset[axis], rows = axis == r->rank ? 1 : count[axis];
        TX_TRY(tx_cover_read(r->file->cover, (place + first * inner) * bytes, rows * inner * bytes, follower, *data, r->error));
        *data += rows * inner * bytes;
        return TX_OK;
    }
    for (int64_t k = 0; k < count[axis]; k++) {
        TX_TRY(read_rows(r, axis + 1, place + (offset[axis] + k) * inner, offset, count, follower, data));
    }
    return TX_OK;
}

static bool is_foreign(const reading *r)
{
    return H5Tequal(r->type, r->native) <= 0;
}

static bool is_covered(const reading *r)
{
    return r->file->cover && !is_foreign(r) && tx_array_is_inside(r->file, r->dataset) &&
           (int64_t)H5Dget_offset(r->dataset) == tx_cover_offset(r->file->cover);
}

/* A part of the box that a cell is cut to is a chunk where it is as large as one. */
static bool is_chunk(const reading *r, const int64_t *count)
{
    return r->undo && memcmp(count, r->chunk, (size_t)r->rank * sizeof *count) == 0;
}

static bool undo_chunk(const reading *r, const int64_t *offset, const int64_t *count, char *data)
{
    TX_READING_NUMBERS(r->file);
    return is_chunk(r, count) && tx_undo_chunk(r->undo, offset, data) &&
           (!is_foreign(r) || H5Tconvert(r->type, r->native, (size_t)product(r->rank, count), data, NULL, H5P_DEFAULT) >= 0);
}

static tx_status read_native(const reading *r, const int64_t *offset, const int64_t *count, char *data)
{
    return is_covered(r)                        ? read_rows(r, 0, 0, offset, count, NULL, &data)
           : undo_chunk(r, offset, count, data) ? TX_OK
                                                : read_as(r, r->native, offset, count, data);
}

static tx_status read_wanted(const reading *r, const int64_t *offset, const int64_t *count, char *data)
{
    return H5Tequal(r->wanted, r->native) > 0 ? read_native(r, offset, count, data) : read_as(r, r->wanted, offset, count, data);
}

/* The bytes of a foreign type are turned first, then converted: HDF5 converts between byte orders by its own arithmetic, which
 * does not round ties to even; between types of this machine it lets the processor do it. */
static tx_status read_in_two_steps(const reading *r, const int64_t *offset, const int64_t *count, char *data)
{
    const size_t elements = (size_t)product(r->rank, count);
    const hid_t type = r->packing.any ? H5T_NATIVE_DOUBLE : r->wanted;
    const size_t bytes = H5Tget_size(type), native = H5Tget_size(r->native);
    void *staging;
    TX_TRY(tx_allocate_array(elements, bytes > native ? bytes : native, r->error, &staging));
    tx_status status = read_native(r, offset, count, staging);
    if (status == TX_OK && H5Tconvert(r->native, type, elements, staging, NULL, H5P_DEFAULT) < 0) {
        status = tx_file_failed(r->file, TX_BAD_DATA, "convert", r->path, r->error);
    }
    if (status == TX_OK && r->packing.any) {
        tx_packing_undo(&r->packing, staging, elements, H5Tget_size(r->wanted) == sizeof(float) ? TX_FLOAT32 : TX_FLOAT64, data);
    } else if (status == TX_OK) {
        memcpy(data, staging, elements * bytes);
    }
    tx_free(staging);
    return status;
}

/* How a box is read. Halved at the first axis that can be, until a piece has at most `most` numbers. */
typedef struct way {
    tx_status (*read)(const reading *r, const int64_t *offset, const int64_t *count, char *data);
    int64_t most;
} way;

/* What is staged stays small beside what is read, and so does what HDF5 does for each piece. */
static const way in_two_steps = {read_in_two_steps, (int64_t)1 << 18}, in_a_row = {read_wanted, (int64_t)1 << 20};
/* HDF5 knows best where numbers of virtual datasets come from. */
static const way at_once = {read_wanted, INT64_MAX};

/* A piece, to its place in the box. */
static tx_status read_piece(const reading *r, const int64_t *offset, const int64_t *count)
{
    const size_t bytes = H5Tget_size(r->wanted);
    int64_t place[TX_FILE_MAX_RANK], index = 0;
    for (int a = 0; a < r->rank; a++) {
        place[a] = offset[a] - r->first[a];
        index = index * r->count[a] + place[a];
    }
    if (!tx_part_is_dense(r->rank, count, r->count)) {
        TX_TRY(r->way->read(r, offset, count, r->staging));
        tx_part_put(r->rank, count, place, r->count, bytes, r->staging, r->data);
        return TX_OK;
    }
    char *to = r->data + (size_t)index * bytes;
    TX_TRY(r->way->read(r, offset, count, to));
    reach(r, to + (size_t)product(r->rank, count) * bytes);
    return TX_OK;
}

static tx_status read_in_pieces(const reading *r, const int64_t *offset, const int64_t *count)
{
    int64_t part[TX_FILE_MAX_RANK], from[TX_FILE_MAX_RANK];
    int axis = 0;
    if (product(r->rank, count) <= r->way->most || is_chunk(r, count)) {
        return read_piece(r, offset, count);
    }
    while (count[axis] == 1) {
        axis++;
    }
    memcpy(part, count, (size_t)r->rank * sizeof *part);
    memcpy(from, offset, (size_t)r->rank * sizeof *from);
    part[axis] = count[axis] / 2;
    TX_TRY(read_in_pieces(r, from, part));
    from[axis] += part[axis];
    part[axis] = count[axis] - part[axis];
    return read_in_pieces(r, from, part);
}

static tx_status read_pieces_followed(reading *r)
{
    if (r->follower && product(r->rank, r->count) > r->way->most) {
        TX_TRY(tx_behind_create(follow, r, r->error, &r->behind));
    }
    const tx_status status = read_in_pieces(r, r->first, r->count);
    tx_behind_destroy(r->behind);
    return status;
}

/* All that is wanted of a chunk before the next one. */
static tx_status read_cells(reading *r)
{
    tx_cells cells = tx_cells_begin(r->rank, r->chunk, r->first, r->count, r->undo ? 1 : r->way->most);
    int64_t from[TX_FILE_MAX_RANK], part[TX_FILE_MAX_RANK];
    const int64_t chunk = r->undo ? product(r->rank, r->chunk) : 0, most = chunk > r->way->most ? chunk : r->way->most;
    tx_status status = TX_OK;
    if (!tx_cells_are_dense(&cells)) {
        r->follower = NULL;
        TX_TRY(tx_allocate_array((size_t)most, H5Tget_size(r->wanted), r->error, &r->staging));
    }
    while (status == TX_OK && tx_cells_next(&cells, from, part)) {
        status = read_in_pieces(r, from, part);
    }
    tx_free(r->staging);
    return status;
}

/* Is there room for a chunk in the box? Of less, HDF5 keeps what is asked for again. */
static bool may_hold_chunk(const reading *r)
{
    int axis = 0;
    while (axis < r->rank && r->count[axis] >= r->chunk[axis]) {
        axis++;
    }
    return axis == r->rank;
}

static bool takes_two_steps(const reading *r)
{
    const bool same = H5Tequal(r->wanted, r->native) > 0;
    return r->packing.any || (!same && (is_foreign(r) || is_covered(r) || r->undo));
}

static tx_status read_box(reading *r)
{
    tx_scoped_id creation = H5Dget_create_plist(r->dataset);
    const bool virtual = H5Pget_layout(creation) == H5D_VIRTUAL, chunked = tx_array_chunk(r->dataset, r->rank, r->chunk);
    tx_status status = chunked && may_hold_chunk(r) ? tx_undo_create(r->dataset, r->error, &r->undo) : TX_OK;
    r->way = takes_two_steps(r) ? &in_two_steps : virtual ? &at_once : &in_a_row;
    if (status == TX_OK) {
        status = chunked ? read_cells(r) : read_pieces_followed(r);
    }
    tx_undo_destroy(r->undo);
    return status;
}

static tx_status read_numbers(reading *r)
{
    tx_scoped_id type = H5Dget_type(r->dataset);
    tx_scoped_id native = H5Tget_native_type(type, H5T_DIR_ASCEND);
    if (native < 0) {
        return tx_file_failed(r->file, TX_BAD_DATA, "convert", r->path, r->error);
    }
    if (product(r->rank, r->count) == 0) {
        return TX_OK;
    }
    r->type = type;
    r->native = native;
    if (!is_covered(r)) {
        TX_TRY(tx_stored_check(r->file, r->path, r->dataset, r->first, r->count, r->error));
    }
    if (H5Tget_class(r->wanted) == H5T_FLOAT) {
        TX_TRY(tx_packing_read(r->file, r->path, r->dataset, native, r->error, &r->packing));
    }
    return is_covered(r) && !takes_two_steps(r) ? read_rows(r, 0, 0, r->first, r->count, r->follower, &(char *){r->data})
                                                : read_box(r);
}

/* ---- What is asked for against what is there ---- */

/* "(3, 4)" */
static const char *shape_text(char text[256], int rank, const int64_t *size)
{
    size_t used = (size_t)snprintf(text, 256, "(");
    for (int a = 0; a < rank; a++) {
        used += (size_t)snprintf(text + used, 256 - used, a ? ", %lld" : "%lld", (long long)size[a]);
    }
    snprintf(text + used, 256 - used, ")");
    return text;
}

static tx_status wrong_type(const tx_file *file, const char *path, const char *type, const char *wanted, tx_error *error)
{
    return tx_error_set(error, TX_BAD_DATA, "'%s' in '%s' is of type %s: %s are needed", path, file->path, type, wanted);
}

/* slab->offset NULL: the whole dataset, whose shape must be `count`. */
static tx_status read_checked(const tx_file *file, const char *path, const tx_slab *slab, hid_t wanted, const tx_follower *follower,
                              void *data, tx_error *error)
{
    static const int64_t origin[TX_FILE_MAX_RANK];
    const int64_t *offset = slab->offset, *count = slab->count;
    const bool integers = H5Tget_class(wanted) == H5T_INTEGER;
    char found[256], asked[256];
    tx_array_shape shape;
    tx_array_keep(file, path);
    tx_scoped_id dataset = -1;
    TX_TRY(tx_array_open(file, path, error, &dataset));
    TX_TRY(tx_array_describe(file, path, dataset, error, &shape));
    if (!shape.is_integer && (integers || !shape.is_float)) {
        return wrong_type(file, path, shape.type, integers ? "integers" : "numbers", error);
    }
    bool fits = shape.rank == slab->rank;
    for (int a = 0; a < slab->rank && fits; a++) {
        fits = offset ? offset[a] >= 0 && count[a] >= 0 && offset[a] <= shape.size[a] - count[a] : count[a] == shape.size[a];
    }
    if (!fits) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' in '%s' has the shape %s, not %s%s", path, file->path,
                            shape_text(found, shape.rank, shape.size), offset ? "room for a part " : "",
                            shape_text(asked, slab->rank, count));
    }
    reading r = {.file = file,
                 .path = path,
                 .dataset = dataset,
                 .wanted = wanted,
                 .rank = slab->rank,
                 .size = shape.size,
                 .first = offset ? offset : origin,
                 .count = count,
                 .data = data,
                 .follower = follower,
                 .error = error};
    return read_numbers(&r);
}

tx_status tx_file_read_reals(const tx_file *file, const char *path, int rank, const int64_t *size, tx_precision precision,
                             void *data, tx_error *error)
{
    TX_QUIETLY;
    return read_checked(file, path, &(tx_slab){rank, NULL, size}, tx_real_type(precision), NULL, data, error);
}

tx_status tx_file_read_integers(const tx_file *file, const char *path, int rank, const int64_t *size, int64_t *data,
                                tx_error *error)
{
    TX_QUIETLY;
    return read_checked(file, path, &(tx_slab){rank, NULL, size}, H5T_NATIVE_INT64, NULL, data, error);
}

tx_status tx_file_read_integer_slab(const tx_file *file, const char *path, const tx_slab *slab, int64_t *data, tx_error *error)
{
    TX_QUIETLY;
    return read_checked(file, path, slab, H5T_NATIVE_INT64, NULL, data, error);
}

tx_status tx_file_read_slab(const tx_file *file, const char *path, const tx_slab *slab, tx_precision precision,
                            const tx_follower *follower, void *data, tx_error *error)
{
    TX_QUIETLY;
    return read_checked(file, path, slab, tx_real_type(precision), follower, data, error);
}

tx_status tx_file_stored(const tx_file *file, const char *path, const int64_t *offset, const int64_t *count, tx_error *error)
{
    TX_QUIETLY;
    tx_scoped_id dataset = -1;
    TX_TRY(tx_array_open(file, path, error, &dataset));
    return tx_stored_check(file, path, dataset, offset, count, error);
}
