/* HDF5's identifiers, closed by themselves, and its words for errors. */
#include "file/handle.h"

#include <stdio.h>
#include <string.h>

#undef tx_file_failed /* what stands in for it under the analyzer */

void tx_file_library(char *text, size_t size)
{
    unsigned major, minor, release;
    H5get_libversion(&major, &minor, &release);
    snprintf(text, size, "%u.%u.%u", major, minor, release);
}

tx_quiet tx_quiet_begin(void)
{
    tx_quiet quiet = {0};
    H5Eget_auto2(H5E_DEFAULT, &quiet.function, &quiet.data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return quiet;
}

void tx_quiet_end(const tx_quiet *quiet)
{
    H5Eset_auto2(H5E_DEFAULT, quiet->function, quiet->data);
}

void tx_id_release(const hid_t *id)
{
    if (*id >= 0) {
        H5Idec_ref(*id);
    }
}

/* What HDF5 does not know may come from a newer one, or be damage. */
static void doubt_version(tx_reason *reason)
{
    const size_t used = strlen(reason->text);
    char library[24];
    if (strstr(reason->text, "bad version") || strstr(reason->text, "bad superblock version")) {
        tx_file_library(library, sizeof library);
        snprintf(reason->text + used, sizeof reason->text - used,
                 " (written for a newer HDF5 than %s, or damaged; h5py takes libver=('earliest', 'v110'))", library);
    }
}

/* Called from the innermost failure outwards: the first one knows what really happened. */
static herr_t note_failure(unsigned n, const H5E_error2_t *failure, void *user)
{
    tx_reason *reason = user;
    if (n == 0 && failure->desc) {
        snprintf(reason->text, sizeof reason->text, "%s", failure->desc);
        reason->text[strcspn(reason->text, "\n")] = '\0';
        doubt_version(reason);
    }
    reason->truncated |= failure->min_num == H5E_TRUNCATED;
    reason->no_hdf5 |= failure->min_num == H5E_NOTHDF5;
    return 0;
}

tx_reason tx_reason_last(void)
{
    tx_reason reason = {.text = "HDF5 failed"};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, note_failure, &reason);
    return reason;
}

tx_status tx_file_failed(const tx_file *file, tx_status status, const char *verb, const char *object, tx_error *error)
{
    return tx_error_set(error, status, "cannot %s '%s' in '%s': %s", verb, object, file->path, tx_reason_last().text);
}

hid_t tx_file_access(void)
{
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    /* Any HDF5 from 1.8 on reads what we write, and checks its checksums. No locks: many cluster file systems have none, and files
     * that we write change by rename only. */
    H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V110);
    H5Pset_file_locking(access, false, true);
    /* Room taken in advance is given back by one driver and not by another: the same content would have other bytes. */
    H5Pset_meta_block_size(access, 0);
    H5Pset_small_data_block_size(access, 0);
    return access;
}

hid_t tx_group_creation(hid_t class)
{
    const hid_t creation = H5Pcreate(class);
    H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    H5Pset_obj_track_times(creation, false);
    return creation;
}
