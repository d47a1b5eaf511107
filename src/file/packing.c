#include "file/packing.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

/* An attribute of numbers, or an id below 0: there is none, or it is something else. */
static hid_t open_numbers(hid_t dataset, const char *name)
{
    if (H5Aexists(dataset, name) <= 0) {
        return -1;
    }
    const hid_t attribute = H5Aopen(dataset, name, H5P_DEFAULT);
    tx_scoped_id type = H5Aget_type(attribute);
    const H5T_class_t class = H5Tget_class(type);
    if (class != H5T_INTEGER && class != H5T_FLOAT) {
        tx_id_release(&attribute);
        return -1;
    }
    return attribute;
}

static hssize_t count_numbers(hid_t attribute)
{
    tx_scoped_id space = H5Aget_space(attribute);
    return H5Sget_simple_extent_npoints(space);
}

static tx_status bad_attribute(const tx_file *file, const char *path, const char *name, tx_error *error)
{
    return tx_error_set(error, TX_BAD_DATA, "the attribute '%s' of '%s' in '%s' makes no sense", name, path, file->path);
}

/* One finite number; *out stays where there is no such attribute. */
static tx_status read_number(const tx_file *file, const char *path, hid_t dataset, const char *name, tx_error *error, double *out)
{
    tx_scoped_id attribute = open_numbers(dataset, name);
    double value;
    if (attribute < 0) {
        return TX_OK;
    }
    if (count_numbers(attribute) != 1 || H5Aread(attribute, H5T_NATIVE_DOUBLE, &value) < 0 || !isfinite(value)) {
        return bad_attribute(file, path, name, error);
    }
    *out = value;
    return TX_OK;
}

/* Rounded to the stored type first: that is how the missing numbers were stored. */
static tx_status read_missing(const tx_file *file, const char *path, hid_t dataset, const char *name, hid_t native, tx_error *error,
                              tx_packing *packing)
{
    long double values[TX_MOST_MISSING]; /* the widest type */
    tx_scoped_id attribute = open_numbers(dataset, name);
    if (attribute < 0) {
        return TX_OK;
    }
    const hssize_t count = count_numbers(attribute);
    if (count < 0 || count > TX_MOST_MISSING - packing->num_missing || H5Tget_size(native) > sizeof *values ||
        (count && (H5Aread(attribute, native, values) < 0 ||
                   H5Tconvert(native, H5T_NATIVE_DOUBLE, (size_t)count, values, NULL, H5P_DEFAULT) < 0))) {
        return bad_attribute(file, path, name, error);
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
    if (attribute < 0 || H5Tget_class(type) != H5T_STRING || count_numbers(attribute) != 1) {
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

tx_status tx_packing_read(const tx_file *file, const char *path, hid_t dataset, hid_t native, tx_error *error, tx_packing *out)
{
    tx_packing packing = {.scale = 1.0};
    TX_TRY(read_number(file, path, dataset, "scale_factor", error, &packing.scale));
    TX_TRY(read_number(file, path, dataset, "add_offset", error, &packing.offset));
    TX_TRY(read_missing(file, path, dataset, "_FillValue", native, error, &packing));
    if (!packing.num_missing) {
        add_netcdf_fill(file, dataset, native, &packing);
    }
    TX_TRY(read_missing(file, path, dataset, "missing_value", native, error, &packing));
    if (H5Tget_class(native) == H5T_INTEGER && is_unsigned(dataset)) {
        packing.wrap = ldexp(1.0, 8 * (int)H5Tget_size(native));
    }
    packing.any = packing.scale != 1.0 || packing.offset != 0.0 || packing.wrap != 0.0 || packing.num_missing;
    *out = packing;
    return TX_OK;
}

static double value_of(const tx_packing *packing, double stored)
{
    for (int k = 0; k < packing->num_missing; k++) {
        if (stored == packing->missing[k]) {
            return (double)NAN;
        }
    }
    return (stored < 0 ? stored + packing->wrap : stored) * packing->scale + packing->offset;
}

void tx_packing_undo(const tx_packing *packing, const double *stored, size_t count, tx_precision precision, void *out)
{
    for (size_t k = 0; k < count; k++) {
        const double value = value_of(packing, stored[k]);
        if (precision == TX_FLOAT32) {
            ((float *)out)[k] = (float)value;
        } else {
            ((double *)out)[k] = value;
        }
    }
}
