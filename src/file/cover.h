/* Checksums of numbers that all ranks write, and of which each reads a part: one of each group of bytes, in a table behind
 * what HDF5 reads. The file's seal (seal.h) covers the table and everything but the numbers. Who reads a part reads the whole
 * groups around it, once, and checks those: damage elsewhere does not concern him. */
#pragma once

#include "file/seal.h"
#include "trainax/file.h"

typedef struct tx_cover tx_cover;

/* ---- Writing: each rank adds what it writes, every byte once; the sums over the ranks are written by one of them. ---- */

tx_status tx_cover_create(int64_t bytes, tx_error *error, tx_cover **out);
void tx_cover_destroy(tx_cover *cover);                                          /* takes NULL; closes the file that it reads */
void tx_cover_add(tx_cover *cover, int64_t at, const void *data, int64_t bytes); /* both multiples of 4 */
/* To be summed over the ranks: a checksum of each group, and how many bytes were added at all. */
int64_t *tx_cover_sums(tx_cover *cover, size_t *count);
bool tx_cover_complete(const tx_cover *cover);    /* after that: was everything written, and nothing twice? */
size_t tx_cover_footprint(const tx_cover *cover); /* bytes that finish will append */
/* Appends the table and the seal to the finished file; the numbers begin at `offset`. TX_BAD_DATA, naming `path`. */
tx_status tx_cover_finish(tx_cover *cover, const char *file, const char *path, int64_t offset, tx_error *error);

/* ---- Reading ---- */

/* `fd`: a file with a good seal and this gap; the cover's on success. `path` stays the caller's. */
tx_status tx_cover_open(int fd, const char *path, const tx_seal_gap *gap, tx_error *error, tx_cover **out);
int64_t tx_cover_offset(const tx_cover *cover); /* in the file; -1 for NULL */
/* Bytes at, at + 1, … of the numbers, followed by `follower` (NULL: by none) once they are checked. TX_BAD_DATA: unreadable or
 * damaged. */
tx_status tx_cover_read(tx_cover *cover, int64_t at, int64_t bytes, const tx_follower *follower, void *out, tx_error *error);
