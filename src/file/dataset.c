/* Datasets: their shapes, and their numbers in and out. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/behind.h"
#include "base/memory.h"
#include "file/handle.h"
#include "file/packing.h"

/* ---- Words for errors ---- */

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

/* Appends "(it has: /a, /b)": the members of the deepest group on the way to `path` that exists. */
static void list_neighbours(const tx_file *file, const char *path, char *text, size_t bytes)
{
    enum { MOST = 24 };
    char group[TX_MESSAGE_SIZE];
    char **names;
    int count;
    snprintf(group, sizeof group, "%s%s", *path == '/' ? "" : "/", path);
    do {
        *strrchr(group, '/') = '\0';
    } while (*group && !tx_file_has(file, group));
    if (tx_file_members(file, *group ? group : "/", NULL, &count, &names) != TX_OK) {
        return;
    }
    size_t used = (size_t)snprintf(text, bytes, count ? " (it has: " : " (it is empty)");
    for (int k = 0; k < count && k <= MOST && used < bytes; k++) {
        const char *after = k + 1 < count ? ", " : ")";
        used += k == MOST ? (size_t)snprintf(text + used, bytes - used, "…)")
                          : (size_t)snprintf(text + used, bytes - used, "%s/%s%s", group, names[k], after);
    }
    tx_free(names);
}

/* Why another file that a link leads into cannot be opened, if that is so. */
static void add_reason(const tx_file *file, const char *other, char *text, size_t bytes)
{
    char name[TX_NAME_SIZE];
    tx_error reason = {0};
    tx_file *opened = NULL;
    tx_file_beside(file->path, other, name);
    if (tx_file_open(name, &reason, &opened) != TX_OK) {
        const size_t used = strlen(text);
        snprintf(text + used, bytes - used, ": %.600s", reason.message);
    }
    tx_file_close(opened);
}

/* "'/a' is a link to '/b'", where such a link leads nowhere; another file's name behind what is in it. */
static bool describe_link(const tx_file *file, const char *path, char *text, size_t bytes)
{
    char value[TX_MESSAGE_SIZE / 2];
    const char *target = value, *other = "", *inside = value;
    unsigned flags;
    H5L_info_t info;
    if (H5Lget_info(file->id, path, &info, H5P_DEFAULT) < 0 || (info.type != H5L_TYPE_SOFT && info.type != H5L_TYPE_EXTERNAL) ||
        info.u.val_size > sizeof value || H5Lget_val(file->id, path, value, sizeof value, H5P_DEFAULT) < 0) {
        return false;
    }
    if (info.type == H5L_TYPE_EXTERNAL && H5Lunpack_elink_val(value, info.u.val_size, &flags, &other, &inside) >= 0) {
        target = inside;
    }
    snprintf(text, bytes, "'%s' in '%s' is a link to '%s'%s%s%s, which leads nowhere", path, file->path, target,
             *other ? " in '" : "", other, *other ? "'" : "");
    if (*other) {
        add_reason(file, other, text, bytes);
    }
    return true;
}

static tx_status missing(const tx_file *file, const char *path, tx_error *error)
{
    char neighbours[640] = "", link[TX_MESSAGE_SIZE];
    if (describe_link(file, path, link, sizeof link)) {
        return tx_error_set(error, TX_BAD_DATA, "%s", link);
    }
    if (error && error->status == TX_OK) {
        list_neighbours(file, path, neighbours, sizeof neighbours);
    }
    return tx_error_set(error, TX_BAD_DATA, "no dataset '%s' in '%s'%s", path, file->path, neighbours);
}

/* ---- Types ---- */

static bool has_members(hid_t type, const char *first, const char *second)
{
    return H5Tget_nmembers(type) == 2 && H5Tget_member_index(type, first) >= 0 && H5Tget_member_index(type, second) >= 0;
}

/* As h5py and others write them: a record of two reals. */
static bool is_complex(hid_t type)
{
    static const char *const names[][2] = {{"r", "i"}, {"re", "im"}, {"real", "imag"}};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        if (has_members(type, names[k][0], names[k][1])) {
            return H5Tget_member_class(type, 0) == H5T_FLOAT && H5Tget_member_class(type, 1) == H5T_FLOAT;
        }
    }
    return false;
}

static const char *type_text(hid_t type)
{
    static const char *const names[H5T_NCLASSES] = {
        [H5T_INTEGER] = "integer",    [H5T_FLOAT] = "float",         [H5T_TIME] = "time",       [H5T_STRING] = "text",
        [H5T_BITFIELD] = "bit field", [H5T_OPAQUE] = "opaque bytes", [H5T_COMPOUND] = "record", [H5T_REFERENCE] = "reference",
        [H5T_ENUM] = "enumeration",   [H5T_VLEN] = "list",           [H5T_ARRAY] = "array"};
    const H5T_class_t class = H5Tget_class(type);
    const size_t bytes = H5Tget_size(type);
    if (class == H5T_FLOAT && bytes <= 16) {
        return bytes == 2 ? "float16" : bytes == 4 ? "float32" : bytes == 8 ? "float64" : bytes > 8 ? "long double" : names[class];
    }
    if (class == H5T_COMPOUND && is_complex(type)) {
        return bytes == 8 ? "complex64" : bytes == 16 ? "complex128" : "complex";
    }
    if (class == H5T_ENUM && has_members(type, "FALSE", "TRUE")) {
        return "mask (true or false)";
    }
    return class >= 0 && class < H5T_NCLASSES ? names[class] : "unknown";
}

static tx_status wrong_type(const tx_file *file, const char *path, const char *type, const char *wanted, tx_error *error)
{
    return tx_error_set(error, TX_BAD_DATA, "'%s' in '%s' is of type %s: %s are needed", path, file->path, type, wanted);
}

/* ---- Shapes ---- */

tx_status tx_dataset_open(const tx_file *file, const char *path, tx_error *error, hid_t *out)
{
    TX_READING(file);
    if (!tx_file_has(file, path)) {
        return missing(file, path, error);
    }
    const hid_t id = H5Oopen(file->id, path, H5P_DEFAULT);
    if (id < 0) {
        return tx_file_failed(file, TX_BAD_DATA, "open", path, error);
    }
    if (H5Iget_type(id) != H5I_DATASET) {
        const char *what = H5Iget_type(id) == H5I_GROUP ? "group" : "named type";
        tx_id_release(&id);
        return tx_error_set(error, TX_BAD_DATA, "'%s' in '%s' is a %s, not a dataset", path, file->path, what);
    }
    *out = id;
    return TX_OK;
}

/* No file holds more numbers; their bytes, and those of a block of them, can then be counted without overflow. */
static const hsize_t MOST_ELEMENTS = (hsize_t)1 << 50;

/* Sizes are checked here, where they come out of a file, and nowhere else; an axis may be empty. */
static tx_status check_sizes(const tx_file *file, const char *path, int rank, const hsize_t *size, tx_error *error)
{
    hsize_t elements = 1;
    for (int a = 0; a < rank; a++) {
        if (__builtin_mul_overflow(elements, size[a] ? size[a] : 1, &elements) || elements > MOST_ELEMENTS) {
            return tx_error_set(error, TX_BAD_DATA, "'%s' in '%s' says that it holds more numbers than any file could", path,
                                file->path);
        }
    }
    return TX_OK;
}

static tx_status describe(const tx_file *file, const char *path, hid_t dataset, tx_error *error, tx_dataset_shape *out)
{
    TX_READING(file);
    tx_scoped_id space = H5Dget_space(dataset);
    tx_scoped_id type = H5Dget_type(dataset);
    const int rank = H5Sget_simple_extent_ndims(space);
    hsize_t size[H5S_MAX_RANK];
    if (rank < 0 || type < 0) {
        return tx_file_failed(file, TX_BAD_DATA, "understand", path, error);
    }
    if (rank > TX_FILE_MAX_RANK || H5Sget_simple_extent_type(space) == H5S_NULL) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' in '%s' has %s", path, file->path,
                            rank > TX_FILE_MAX_RANK ? "more than 8 axes" : "no elements");
    }
    H5Sget_simple_extent_dims(space, size, NULL);
    TX_TRY(check_sizes(file, path, rank, size, error));
    tx_dataset_shape shape = {.rank = rank, .bytes = (int)H5Tget_size(type), .type = type_text(type)};
    for (int a = 0; a < rank; a++) {
        shape.size[a] = (int64_t)size[a];
    }
    shape.is_float = H5Tget_class(type) == H5T_FLOAT;
    shape.is_integer = H5Tget_class(type) == H5T_INTEGER;
    *out = shape;
    return TX_OK;
}

tx_status tx_file_shape(const tx_file *file, const char *path, tx_error *error, tx_dataset_shape *out)
{
    TX_QUIETLY;
    tx_scoped_id dataset = -1;
    TX_TRY(tx_dataset_open(file, path, error, &dataset));
    return describe(file, path, dataset, error, out);
}

/* ---- Writing ---- */

static tx_status write_numbers(tx_file *file, const char *path, int rank, const int64_t *size, hid_t stored, hid_t given,
                               const void *data, tx_error *error)
{
    TX_QUIETLY;
    if (!file->created || rank < 0 || rank > TX_FILE_MAX_RANK || tx_file_has(file, path)) {
        const char *why = !file->created ? "the file is open for reading only" : "it exists already or has more than 8 axes";
        return tx_error_set(error, TX_FAILURE, "cannot write '%s' in '%s': %s", path, file->path, why);
    }
    TX_TRY(tx_file_make_groups(file, path, false, error));
    hsize_t extent[TX_FILE_MAX_RANK];
    bool empty = false;
    for (int a = 0; a < rank; a++) {
        extent[a] = (hsize_t)size[a];
        empty |= size[a] == 0;
    }
    tx_scoped_id space = rank ? H5Screate_simple(rank, extent, NULL) : H5Screate(H5S_SCALAR);
    tx_scoped_id creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(creation, false);
    tx_scoped_id dataset = H5Dcreate2(file->id, path, stored, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (dataset < 0 || (!empty && H5Dwrite(dataset, given, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)) {
        return tx_file_failed(file, TX_FAILURE, "write", path, error);
    }
    return TX_OK;
}

hid_t tx_real_type(tx_precision precision)
{
    return precision == TX_FLOAT32 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
}

hid_t tx_stored_real_type(tx_precision precision)
{
    return precision == TX_FLOAT32 ? H5T_IEEE_F32LE : H5T_IEEE_F64LE;
}

tx_status tx_dataset_announce(tx_file *file, const char *path, int rank, const int64_t *size, hid_t stored, tx_error *error)
{
    hsize_t extent[TX_FILE_MAX_RANK];
    for (int a = 0; a < rank; a++) {
        extent[a] = (hsize_t)size[a];
    }
    tx_scoped_id space = H5Screate_simple(rank, extent, NULL);
    tx_scoped_id creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(creation, false);
    H5Pset_alloc_time(creation, H5D_ALLOC_TIME_LATE);
    H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
    tx_scoped_id dataset = H5Dcreate2(file->id, path, stored, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    return dataset < 0 ? tx_file_failed(file, TX_FAILURE, "create", path, error) : TX_OK;
}

tx_status tx_file_write_reals(tx_file *file, const char *path, int rank, const int64_t *size, tx_precision precision,
                              const void *data, tx_error *error)
{
    return write_numbers(file, path, rank, size, tx_stored_real_type(precision), tx_real_type(precision), data, error);
}

tx_status tx_file_write_integers(tx_file *file, const char *path, int rank, const int64_t *size, const int64_t *data,
                                 tx_error *error)
{
    return write_numbers(file, path, rank, size, H5T_STD_I64LE, H5T_NATIVE_INT64, data, error);
}

/* ---- Reading ---- */

/* One read: where the numbers come from, and what they shall be. */
typedef struct reading {
    const tx_file *file;
    const char *path;
    hid_t dataset;
    hid_t native; /* the type of this machine that holds exactly what the file holds */
    hid_t wanted;
    int rank;
    const int64_t *size; /* of the dataset */
    tx_packing packing;
    const tx_follower *follower; /* NULL: none */
    tx_behind *behind;           /* it follows there; NULL: right here */
    const char *data;            /* the beginning of what is read, for it */
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

bool tx_dataset_is_inside(const tx_file *file, hid_t dataset)
{
    char name[PATH_MAX];
    const ssize_t length = H5Fget_name(dataset, name, sizeof name);
    return length >= 0 && (size_t)length < sizeof name && strcmp(name, file->path) == 0;
}

static bool is_covered(const reading *r)
{
    tx_scoped_id type = H5Dget_type(r->dataset);
    return r->file->cover && H5Tequal(type, r->native) > 0 && tx_dataset_is_inside(r->file, r->dataset) &&
           (int64_t)H5Dget_offset(r->dataset) == tx_cover_offset(r->file->cover);
}

static tx_status read_native(const reading *r, const int64_t *offset, const int64_t *count, char *data)
{
    return is_covered(r) ? read_rows(r, 0, 0, offset, count, NULL, &data) : read_as(r, r->native, offset, count, data);
}

static tx_status read_wanted(const reading *r, const int64_t *offset, const int64_t *count, char *data)
{
    return read_as(r, r->wanted, offset, count, data);
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

/* What is staged stays small beside what is read. */
static const way in_two_steps = {read_in_two_steps, (int64_t)1 << 18};
/* No chunk is read twice for the pieces around it; others are large beside what HDF5 does for each of them. */
static const way at_once = {read_wanted, INT64_MAX}, in_a_row = {read_wanted, (int64_t)1 << 20};

static tx_status read_in_pieces(const reading *r, const way *way, const int64_t *offset, const int64_t *count, char *data)
{
    int64_t part[TX_FILE_MAX_RANK], from[TX_FILE_MAX_RANK];
    int axis = 0;
    if (product(r->rank, count) <= way->most) {
        TX_TRY(way->read(r, offset, count, data));
        reach(r, data + (size_t)product(r->rank, count) * H5Tget_size(r->wanted));
        return TX_OK;
    }
    while (count[axis] == 1) {
        axis++;
    }
    memcpy(part, count, (size_t)r->rank * sizeof *part);
    memcpy(from, offset, (size_t)r->rank * sizeof *from);
    part[axis] = count[axis] / 2;
    TX_TRY(read_in_pieces(r, way, from, part, data));
    data += (size_t)product(r->rank, part) * H5Tget_size(r->wanted);
    from[axis] += part[axis];
    part[axis] = count[axis] - part[axis];
    return read_in_pieces(r, way, from, part, data);
}

static tx_status read_pieces_followed(reading *r, const way *way, const int64_t *offset, const int64_t *count, char *data)
{
    r->data = data;
    if (r->follower && product(r->rank, count) > way->most) {
        TX_TRY(tx_behind_create(follow, r, r->error, &r->behind));
    }
    const tx_status status = read_in_pieces(r, way, offset, count, data);
    tx_behind_destroy(r->behind);
    return status;
}

static const way *best_way(const reading *r, bool in_two)
{
    tx_scoped_id creation = H5Dget_create_plist(r->dataset);
    return in_two ? &in_two_steps : H5Pget_layout(creation) == H5D_CONTIGUOUS && r->follower ? &in_a_row : &at_once;
}

static tx_status read_numbers(reading *r, const int64_t *offset, const int64_t *count, char *data)
{
    tx_scoped_id type = H5Dget_type(r->dataset);
    tx_scoped_id native = H5Tget_native_type(type, H5T_DIR_ASCEND);
    if (native < 0) {
        return tx_file_failed(r->file, TX_BAD_DATA, "convert", r->path, r->error);
    }
    if (product(r->rank, count) == 0) {
        return TX_OK;
    }
    r->native = native;
    if (!is_covered(r)) {
        TX_TRY(tx_stored_check(r->file, r->path, r->dataset, offset, count, r->error));
    }
    if (H5Tget_class(r->wanted) == H5T_FLOAT) {
        TX_TRY(tx_packing_read(r->file, r->path, r->dataset, native, r->error, &r->packing));
    }
    const bool covered = is_covered(r), same = H5Tequal(r->wanted, native) > 0;
    const bool in_two = r->packing.any || H5Tequal(type, native) <= 0 || (covered && !same);
    if (covered && !in_two) {
        return read_rows(r, 0, 0, offset, count, r->follower, &data);
    }
    return read_pieces_followed(r, best_way(r, in_two), offset, count, data);
}

/* offset NULL: the whole dataset, whose shape must be `count`. */
static tx_status read_checked(const tx_file *file, const char *path, int rank, const int64_t *offset, const int64_t *count,
                              hid_t wanted, const tx_follower *follower, void *data, tx_error *error)
{
    static const int64_t origin[TX_FILE_MAX_RANK];
    const bool integers = H5Tget_class(wanted) == H5T_INTEGER;
    char found[256], asked[256];
    tx_dataset_shape shape;
    tx_scoped_id dataset = -1;
    TX_TRY(tx_dataset_open(file, path, error, &dataset));
    TX_TRY(describe(file, path, dataset, error, &shape));
    if (!shape.is_integer && (integers || !shape.is_float)) {
        return wrong_type(file, path, shape.type, integers ? "integers" : "numbers", error);
    }
    bool fits = shape.rank == rank;
    for (int a = 0; a < rank && fits; a++) {
        fits = offset ? offset[a] >= 0 && count[a] >= 0 && offset[a] <= shape.size[a] - count[a] : count[a] == shape.size[a];
    }
    if (!fits) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' in '%s' has the shape %s, not %s%s", path, file->path,
                            shape_text(found, shape.rank, shape.size), offset ? "room for a part " : "",
                            shape_text(asked, rank, count));
    }
    reading r = {.file = file,
                 .path = path,
                 .dataset = dataset,
                 .wanted = wanted,
                 .rank = rank,
                 .size = shape.size,
                 .follower = follower,
                 .error = error};
    return read_numbers(&r, offset ? offset : origin, count, data);
}

tx_status tx_file_read_reals(const tx_file *file, const char *path, int rank, const int64_t *size, tx_precision precision,
                             void *data, tx_error *error)
{
    TX_QUIETLY;
    return read_checked(file, path, rank, NULL, size, tx_real_type(precision), NULL, data, error);
}

tx_status tx_file_read_integers(const tx_file *file, const char *path, int rank, const int64_t *size, int64_t *data,
                                tx_error *error)
{
    TX_QUIETLY;
    return read_checked(file, path, rank, NULL, size, H5T_NATIVE_INT64, NULL, data, error);
}

tx_status tx_file_read_integer_slab(const tx_file *file, const char *path, int rank, const int64_t *offset, const int64_t *count,
                                    int64_t *data, tx_error *error)
{
    TX_QUIETLY;
    return read_checked(file, path, rank, offset, count, H5T_NATIVE_INT64, NULL, data, error);
}

tx_status tx_file_read_slab_followed(const tx_file *file, const char *path, int rank, const int64_t *offset, const int64_t *count,
                                     tx_precision precision, const tx_follower *follower, void *data, tx_error *error)
{
    TX_QUIETLY;
    return read_checked(file, path, rank, offset, count, tx_real_type(precision), follower, data, error);
}

tx_status tx_file_read_slab(const tx_file *file, const char *path, int rank, const int64_t *offset, const int64_t *count,
                            tx_precision precision, void *data, tx_error *error)
{
    TX_QUIETLY;
    return read_checked(file, path, rank, offset, count, tx_real_type(precision), NULL, data, error);
}

tx_status tx_file_stored(const tx_file *file, const char *path, const int64_t *offset, const int64_t *count, tx_error *error)
{
    TX_QUIETLY;
    tx_scoped_id dataset = -1;
    TX_TRY(tx_dataset_open(file, path, error, &dataset));
    return tx_stored_check(file, path, dataset, offset, count, error);
}
