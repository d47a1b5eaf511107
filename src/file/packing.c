/* Numbers as other programs pack them: scale, offset and missing values of the CF conventions. */
#include "file/packing.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/real.h"

static tx_status bad_attribute(const tx_file *file, const char *path, const char *name, const char *why, tx_error *error)
{
    return tx_error_set(error, TX_BAD_DATA, "the attribute '%s' of '%s' in '%s' makes no sense: %s", name, path, file->path, why);
}

static hssize_t count_elements(hid_t attribute)
{
    tx_scoped_id space = H5Aget_space(attribute);
    return H5Sget_simple_extent_npoints(space);
}

/* *out below 0: there is no such attribute. The id is the caller's, on failure too. */
static tx_status open_numbers(const tx_file *file, const char *path, hid_t dataset, const char *name, tx_error *error, hid_t *out)
{
    *out = H5Aexists(dataset, name) > 0 ? H5Aopen(dataset, name, H5P_DEFAULT) : -1;
    tx_scoped_id type = *out < 0 ? -1 : H5Aget_type(*out);
    const H5T_class_t class = H5Tget_class(type);
    return *out < 0 || class == H5T_INTEGER || class == H5T_FLOAT ? TX_OK
                                                                  : bad_attribute(file, path, name, "it is no number", error);
}

/* One finite number; *out stays where there is no such attribute. */
static tx_status read_number(const tx_file *file, const char *path, hid_t dataset, const char *name, tx_error *error, double *out)
{
    tx_scoped_id attribute = -1;
    double value;
    TX_TRY(open_numbers(file, path, dataset, name, error, &attribute));
    if (attribute < 0) {
        return TX_OK;
    }
    if (count_elements(attribute) != 1 || H5Aread(attribute, H5T_NATIVE_DOUBLE, &value) < 0 || !isfinite(value)) {
        return bad_attribute(file, path, name, "one finite number is needed", error);
    }
    *out = value;
    return TX_OK;
}

/* `count` numbers of the attribute, as they compare with stored ones: integers with their value, whatever the type of the
 * attribute (what does not fit the stored type never occurs); reals rounded to the stored type, as they were stored. */
static bool read_as_stored(hid_t attribute, hid_t native, size_t count, long double *values)
{
    return H5Tget_class(native) == H5T_INTEGER ? H5Aread(attribute, H5T_NATIVE_DOUBLE, values) >= 0
                                               : H5Aread(attribute, native, values) >= 0 &&
                                                     H5Tconvert(native, H5T_NATIVE_DOUBLE, count, values, NULL, H5P_DEFAULT) >= 0;
}

static tx_status read_missing(const tx_file *file, const char *path, hid_t dataset, const char *name, hid_t native, tx_error *error,
                              tx_packing *packing)
{
    long double values[TX_MOST_MISSING]; /* the widest type */
    tx_scoped_id attribute = -1;
    TX_TRY(open_numbers(file, path, dataset, name, error, &attribute));
    const hssize_t count = attribute < 0 ? 0 : count_elements(attribute);
    if (count < 0 || count > TX_MOST_MISSING - packing->num_missing || H5Tget_size(native) > sizeof *values) {
        return bad_attribute(file, path, name, "too many numbers", error);
    }
    if (count && !read_as_stored(attribute, native, (size_t)count, values)) {
        return bad_attribute(file, path, name, "it cannot be read", error);
    }
    memcpy(packing->missing + packing->num_missing, values, (size_t)count * sizeof(double));
    packing->num_missing += (int)count;
    return TX_OK;
}

/* What netCDF fills new variables with is no value either (but in single bytes, of which all are values). */
static void add_netcdf_fill(const tx_file *file, hid_t dataset, hid_t native, tx_packing *packing)
{
    tx_scoped_id creation = H5Dget_create_plist(dataset);
    H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
    long double value[1];
    const size_t bytes = H5Tget_size(native);
    if (H5Aexists_by_name(file->id, "/", "_NCProperties", H5P_DEFAULT) > 0 && bytes > 1 && bytes <= sizeof value &&
        H5Pfill_value_defined(creation, &defined) >= 0 && defined == H5D_FILL_VALUE_USER_DEFINED &&
        H5Pget_fill_value(creation, native, value) >= 0 &&
        H5Tconvert(native, H5T_NATIVE_DOUBLE, 1, value, NULL, H5P_DEFAULT) >= 0 && packing->num_missing < TX_MOST_MISSING) {
        memcpy(&packing->missing[packing->num_missing++], value, sizeof(double));
    }
}

static bool is_unsigned(hid_t dataset)
{
    char text[8] = "";
    tx_scoped_id attribute = H5Aexists(dataset, "_Unsigned") > 0 ? H5Aopen(dataset, "_Unsigned", H5P_DEFAULT) : -1;
    tx_scoped_id type = H5Aget_type(attribute);
    if (attribute < 0 || H5Tget_class(type) != H5T_STRING || count_elements(attribute) != 1) {
        return false;
    }
    if (H5Tis_variable_str(type) > 0) {
        char *given = NULL;
        const bool is = H5Aread(attribute, type, &given) >= 0 && given && strcasecmp(given, "true") == 0;
        H5free_memory(given);
        return is;
    }
    return H5Tget_size(type) < sizeof text && H5Aread(attribute, type, text) >= 0 && strcasecmp(text, "true") == 0;
}

/* Integers without sign, stored with one. */
static double unwrap(const tx_packing *packing, double number)
{
    return number < 0 ? number + packing->wrap : number;
}

tx_status tx_packing_read(const tx_file *file, const char *path, hid_t dataset, hid_t native, tx_error *error, tx_packing *out)
{
    TX_READING(file);
    tx_packing packing = {.scale = 1.0};
    TX_TRY(read_number(file, path, dataset, "scale_factor", error, &packing.scale));
    TX_TRY(read_number(file, path, dataset, "add_offset", error, &packing.offset));
    if (packing.scale == 0.0) {
        return bad_attribute(file, path, "scale_factor", "with 0 all numbers are the same", error);
    }
    TX_TRY(read_missing(file, path, dataset, "_FillValue", native, error, &packing));
    if (!packing.num_missing) {
        add_netcdf_fill(file, dataset, native, &packing);
    }
    TX_TRY(read_missing(file, path, dataset, "missing_value", native, error, &packing));
    if (H5Tget_class(native) == H5T_INTEGER && is_unsigned(dataset)) {
        packing.wrap = ldexp(1.0, 8 * (int)H5Tget_size(native));
    }
    for (int k = 0; k < packing.num_missing; k++) {
        packing.missing[k] = unwrap(&packing, packing.missing[k]);
    }
    packing.any = packing.scale != 1.0 || packing.offset != 0.0 || packing.wrap != 0.0 || packing.num_missing;
    *out = packing;
    return TX_OK;
}

static double value_of(const tx_packing *packing, double stored)
{
    const double number = unwrap(packing, stored);
    for (int k = 0; k < packing->num_missing; k++) {
        if (number == packing->missing[k]) {
            return (double)NAN;
        }
    }
    return number * packing->scale + packing->offset;
}

void tx_packing_undo(const tx_packing *packing, const double *stored, size_t count, tx_precision precision, void *out)
{
    for (size_t k = 0; k < count; k++) {
        const double value = value_of(packing, stored[k]);
        tx_real_put(precision, out, k, value);
    }
}
