/* Which program this is. */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of what the public headers declare: counted up with each change that compiled code would not survive. */
enum { TX_ABI = 9 };

/* "0.1.0 (v0.1-3-g852fb11)": the version and, where it was built in a git checkout, git's description of that. Stands in
 * run.log, config.yaml, networks and checkpoints. */
const char *tx_version(void);

/* What it works with: "MPI", "HDF5", …, "compiler". Ends with a name that is NULL. */
typedef struct tx_library {
    const char *name;
    void (*version)(char *text, size_t size); /* writes "1.10.8"; starts nothing */
} tx_library;
extern const tx_library tx_libraries[];

#ifdef __cplusplus
}
#endif
