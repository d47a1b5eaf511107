/* Attributes: one text or one number each; others are copied only. */
#include <string.h>

#include "base/memory.h"
#include "file/handle.h"

bool tx_file_has_attribute(const tx_file *file, const char *object, const char *name)
{
    TX_QUIETLY;
    TX_READING(file);
    return tx_file_has(file, object) && H5Aexists_by_name(file->id, object, name, H5P_DEFAULT) > 0;
}

static tx_status failed(const tx_file *file, tx_status status, const char *verb, const char *name, tx_error *error)
{
    return tx_error_set(error, status, "cannot %s the attribute '%s' in '%s': %s", verb, name, file->path, tx_reason_last().text);
}

/* ---- Setting ---- */

static tx_status set(tx_file *file, const char *object, const char *name, hid_t stored, hid_t given, const void *value,
                     tx_error *error)
{
    if (!file->created) {
        return tx_error_set(error, TX_FAILURE, "'%s' is open for reading only", file->path);
    }
    TX_TRY(tx_file_make_groups(file, object, true, error));
    if (tx_file_has_attribute(file, object, name) && H5Adelete_by_name(file->id, object, name, H5P_DEFAULT) < 0) {
        return failed(file, TX_FAILURE, "replace", name, error);
    }
    tx_scoped_id space = H5Screate(H5S_SCALAR);
    tx_scoped_id attribute = H5Acreate_by_name(file->id, object, name, stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0 || H5Awrite(attribute, given, value) < 0) {
        return failed(file, TX_FAILURE, "write", name, error);
    }
    return TX_OK;
}

/* Text in memory, of any length (H5T_VARIABLE) or in so many bytes, the last one a NUL. */
static hid_t text_type(H5T_cset_t characters, size_t bytes)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, bytes);
    H5Tset_cset(type, characters);
    return type;
}

tx_status tx_file_set_text(tx_file *file, const char *object, const char *name, const char *text, tx_error *error)
{
    TX_QUIETLY;
    tx_scoped_id type = text_type(H5T_CSET_UTF8, H5T_VARIABLE); /* what h5py gives as str */
    return set(file, object, name, type, type, &text, error);
}

tx_status tx_file_set_integer(tx_file *file, const char *object, const char *name, int64_t value, tx_error *error)
{
    TX_QUIETLY;
    return set(file, object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value, error);
}

tx_status tx_file_set_real(tx_file *file, const char *object, const char *name, double value, tx_error *error)
{
    TX_QUIETLY;
    return set(file, object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value, error);
}

/* ---- Getting ---- */

/* Opens an attribute of one element, whatever its rank; sets its type. Both ids are the caller's, on failure too. */
static tx_status open_attribute(const tx_file *file, const char *object, const char *name, tx_error *error, hid_t *attribute,
                                hid_t *type)
{
    if (!tx_file_has_attribute(file, object, name)) {
        return tx_error_set(error, TX_BAD_DATA, "no attribute '%s' of '%s' in '%s'", name, object, file->path);
    }
    *attribute = H5Aopen_by_name(file->id, object, name, H5P_DEFAULT, H5P_DEFAULT);
    *type = H5Aget_type(*attribute);
    tx_scoped_id space = H5Aget_space(*attribute);
    if (*attribute < 0 || *type < 0 || space < 0) {
        return failed(file, TX_BAD_DATA, "open", name, error);
    }
    if (H5Sget_simple_extent_npoints(space) != 1) {
        return tx_error_set(error, TX_BAD_DATA, "the attribute '%s' of '%s' in '%s' holds more than one value or none", name,
                            object, file->path);
    }
    return TX_OK;
}

static tx_status wrong_type(const tx_file *file, const char *object, const char *name, const char *wanted, tx_error *error)
{
    return tx_error_set(error, TX_BAD_DATA, "the attribute '%s' of '%s' in '%s' is not %s", name, object, file->path, wanted);
}

static tx_status get_number(const tx_file *file, const char *object, const char *name, hid_t wanted, tx_error *error, void *out)
{
    TX_QUIETLY;
    TX_READING(file);
    tx_scoped_id attribute = -1;
    tx_scoped_id type = -1;
    const bool integer = H5Tget_class(wanted) == H5T_INTEGER;
    TX_TRY(open_attribute(file, object, name, error, &attribute, &type));
    const H5T_class_t class = H5Tget_class(type);
    if (class != H5T_INTEGER && (integer || class != H5T_FLOAT)) {
        return wrong_type(file, object, name, integer ? "an integer" : "a number", error);
    }
    return H5Aread(attribute, wanted, out) < 0 ? failed(file, TX_BAD_DATA, "read", name, error) : TX_OK;
}

tx_status tx_file_get_integer(const tx_file *file, const char *object, const char *name, tx_error *error, int64_t *out)
{
    return get_number(file, object, name, H5T_NATIVE_INT64, error, out);
}

tx_status tx_file_get_real(const tx_file *file, const char *object, const char *name, tx_error *error, double *out)
{
    return get_number(file, object, name, H5T_NATIVE_DOUBLE, error, out);
}

static tx_status get_variable(const tx_file *file, const char *name, hid_t attribute, hid_t type, tx_error *error, char **out)
{
    char *text = NULL;
    tx_scoped_id memory = text_type(H5Tget_cset(type), H5T_VARIABLE);
    if (H5Aread(attribute, memory, &text) < 0) {
        return failed(file, TX_BAD_DATA, "read", name, error);
    }
    const tx_status status = tx_duplicate(text ? text : "", error, out);
    H5free_memory(text);
    return status;
}

static tx_status get_fixed(const tx_file *file, const char *name, hid_t attribute, hid_t type, tx_error *error, char **out)
{
    const size_t bytes = H5Tget_size(type);
    char *text;
    TX_TRY(tx_allocate(bytes + 1, error, &text));
    if (H5Aread(attribute, type, text) < 0) {
        tx_free(text);
        return failed(file, TX_BAD_DATA, "read", name, error);
    }
    if (H5Tget_strpad(type) == H5T_STR_SPACEPAD) {
        for (size_t k = bytes; k && text[k - 1] == ' '; k--) {
            text[k - 1] = '\0';
        }
    }
    *out = text;
    return TX_OK;
}

tx_status tx_file_get_text(const tx_file *file, const char *object, const char *name, tx_error *error, char **out)
{
    TX_QUIETLY;
    TX_READING(file);
    tx_scoped_id attribute = -1;
    tx_scoped_id type = -1;
    TX_TRY(open_attribute(file, object, name, error, &attribute, &type));
    if (H5Tget_class(type) != H5T_STRING) {
        return wrong_type(file, object, name, "text", error);
    }
    return H5Tis_variable_str(type) > 0 ? get_variable(file, name, attribute, type, error, out)
                                        : get_fixed(file, name, attribute, type, error, out);
}

/* ---- Lists ---- */

/* Of any number of elements, in the order of its axes. Ids are the caller's, on failure too. */
static tx_status open_list(const tx_file *file, const char *object, const char *name, tx_error *error, hid_t *attribute,
                           hid_t *type, size_t *count)
{
    if (!tx_file_has_attribute(file, object, name)) {
        return tx_error_set(error, TX_BAD_DATA, "no attribute '%s' of '%s' in '%s'", name, object, file->path);
    }
    *attribute = H5Aopen_by_name(file->id, object, name, H5P_DEFAULT, H5P_DEFAULT);
    *type = H5Aget_type(*attribute);
    tx_scoped_id space = H5Aget_space(*attribute);
    const hssize_t points = H5Sget_simple_extent_npoints(space);
    if (*attribute < 0 || *type < 0 || points < 0 || points > TX_FILE_MOST_VALUES) {
        return failed(file, TX_BAD_DATA, "open", name, error);
    }
    *count = (size_t)points;
    return TX_OK;
}

tx_status tx_file_get_integers(const tx_file *file, const char *object, const char *name, int most, tx_error *error, int64_t *out,
                               int *count)
{
    TX_QUIETLY;
    TX_READING(file);
    tx_scoped_id attribute = -1;
    tx_scoped_id type = -1;
    size_t found;
    TX_TRY(open_list(file, object, name, error, &attribute, &type, &found));
    const H5T_class_t class = H5Tget_class(type);
    if (found > (size_t)most || (found && class != H5T_INTEGER && class != H5T_ENUM)) {
        return wrong_type(file, object, name, "integers (or yes and no), as many as it may have", error);
    }
    *count = (int)found;
    return found && H5Aread(attribute, H5T_NATIVE_INT64, out) < 0 ? failed(file, TX_BAD_DATA, "read", name, error) : TX_OK;
}

/* Texts of any length into one allocation: pointers, then what they point at. */
static tx_status gather_texts(char *const *texts, size_t count, tx_error *error, char ***out)
{
    size_t bytes = 0;
    for (size_t k = 0; k < count; k++) {
        bytes += strlen(texts[k] ? texts[k] : "") + 1;
    }
    char **all, *to;
    TX_TRY(tx_allocate(count * sizeof *all + bytes, error, &all));
    to = (char *)(all + count);
    for (size_t k = 0; k < count; k++) {
        all[k] = to;
        to = stpcpy(to, texts[k] ? texts[k] : "") + 1;
    }
    *out = all;
    return TX_OK;
}

static tx_status read_texts(const tx_file *file, const char *name, hid_t attribute, size_t count, tx_error *error, char ***out)
{
    tx_scoped_id type = H5Aget_type(attribute);
    tx_scoped_id space = H5Aget_space(attribute);
    const bool variable = H5Tis_variable_str(type) > 0;
    const size_t bytes = variable ? sizeof(char *) : H5Tget_size(type) + 1;
    tx_scoped_id memory = text_type(H5Tget_cset(type), variable ? H5T_VARIABLE : bytes);
    char **texts, *fixed;
    TX_TRY(tx_allocate(count * (sizeof *texts + bytes), error, &texts));
    fixed = (char *)(texts + count);
    tx_status status =
        H5Aread(attribute, memory, variable ? (void *)texts : fixed) < 0 ? failed(file, TX_BAD_DATA, "read", name, error) : TX_OK;
    for (size_t k = 0; k < count && !variable; k++) {
        texts[k] = fixed + k * bytes;
    }
    if (status == TX_OK) {
        status = gather_texts(texts, count, error, out);
        if (variable) {
            H5Dvlen_reclaim(memory, space, H5P_DEFAULT, texts);
        }
    }
    tx_free(texts);
    return status;
}

tx_status tx_file_get_texts(const tx_file *file, const char *object, const char *name, tx_error *error, int *count, char ***out)
{
    TX_QUIETLY;
    TX_READING(file);
    tx_scoped_id attribute = -1;
    tx_scoped_id type = -1;
    size_t found;
    TX_TRY(open_list(file, object, name, error, &attribute, &type, &found));
    if (found && H5Tget_class(type) != H5T_STRING) {
        return wrong_type(file, object, name, "a list of texts", error);
    }
    TX_TRY(found ? read_texts(file, name, attribute, found, error, out) : tx_allocate(0, error, out));
    *count = (int)found;
    return TX_OK;
}

static tx_status set_texts(tx_file *file, const char *name, int count, const char *const *texts, tx_error *error)
{
    const hsize_t size = (hsize_t)count;
    tx_scoped_id type = text_type(H5T_CSET_UTF8, H5T_VARIABLE);
    tx_scoped_id space = H5Screate_simple(1, &size, NULL);
    tx_scoped_id attribute = H5Acreate_by_name(file->id, "/", name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    return attribute < 0 || H5Awrite(attribute, type, texts) < 0 ? failed(file, TX_FAILURE, "write", name, error) : TX_OK;
}

tx_status tx_file_set_texts(tx_file *file, const char *name, int count, const char *const *texts, tx_error *error)
{
    TX_QUIETLY;
    return file->created ? set_texts(file, name, count, texts, error)
                         : tx_error_set(error, TX_FAILURE, "'%s' is open for reading only", file->path);
}

/* ---- Copying ---- */

/* Of `count` elements in memory; texts of any length are memory of HDF5's then. */
static tx_status copy_values(const tx_file *from, const tx_file *to, const char *name, hid_t source, hid_t target, hid_t type,
                             void *values, tx_error *error)
{
    if (H5Aread(source, type, values) < 0) {
        return failed(from, TX_BAD_DATA, "read", name, error);
    }
    const bool written = H5Awrite(target, type, values) >= 0;
    const tx_status status = written ? TX_OK : failed(to, TX_FAILURE, "write", name, error);
    tx_scoped_id space = H5Aget_space(source);
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, values);
    return status;
}

static tx_status copy(const tx_file *from, tx_file *to, const char *object, const char *name, tx_error *error)
{
    tx_scoped_id source = H5Aopen_by_name(from->id, object, name, H5P_DEFAULT, H5P_DEFAULT);
    tx_scoped_id stored = H5Aget_type(source);
    tx_scoped_id type = H5Tget_native_type(stored, H5T_DIR_DEFAULT);
    tx_scoped_id space = H5Aget_space(source);
    if (source < 0 || stored < 0 || type < 0 || space < 0) {
        return failed(from, TX_BAD_DATA, "open", name, error);
    }
    tx_scoped_id target = H5Acreate_by_name(to->id, object, name, stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (target < 0) {
        return failed(to, TX_FAILURE, "write", name, error);
    }
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    void *values;
    TX_TRY(tx_allocate_array(count > 0 ? (size_t)count : 0, H5Tget_size(type), error, &values));
    const tx_status status = count > 0 ? copy_values(from, to, name, source, target, type, values, error) : TX_OK;
    tx_free(values);
    return status;
}

tx_status tx_file_copy_attribute(const tx_file *from, tx_file *to, const char *object, const char *name, tx_error *error)
{
    TX_QUIETLY;
    TX_READING(from);
    if (!to->created) {
        return tx_error_set(error, TX_FAILURE, "'%s' is open for reading only", to->path);
    }
    if (!tx_file_has_attribute(from, object, name)) {
        return tx_error_set(error, TX_BAD_DATA, "no attribute '%s' of '%s' in '%s'", name, object, from->path);
    }
    TX_TRY(tx_file_make_groups(to, object, true, error));
    if (tx_file_has_attribute(to, object, name) && H5Adelete_by_name(to->id, object, name, H5P_DEFAULT) < 0) {
        return failed(to, TX_FAILURE, "replace", name, error);
    }
    return copy(from, to, object, name, error);
}
