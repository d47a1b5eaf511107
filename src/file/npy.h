/* Arrays that numpy.save has written, read as datasets are. */
#pragma once

#include "trainax/file.h"

bool tx_npy_is(const char *path);       /* does it begin as one? */
bool tx_npy_is_named(const char *path); /* does its name end with .npy? */
/* What stands before the numbers of an array in C order. */
enum { TX_NPY_HEADER = 256 };
void tx_npy_header(int rank, const int64_t *size, tx_precision precision, char out[TX_NPY_HEADER]);
/* A file for reading whose one dataset is `/array`. *fortran: its numbers lie in Fortran order, and the dataset's axes are
 * the array's from the last to the first. TX_BAD_DATA: missing, no .npy, no numbers, damaged. */
tx_status tx_npy_open(const char *path, tx_error *error, tx_file **out, bool *fortran);
