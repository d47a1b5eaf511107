/* A backend for tests: the CPU's kernels, called as a device's would be. Its memory is out of the host's reach but within its own
 * calls, all blocks of a run go into one call of each kernel, a kernel finds open only the buffers that its instruction names (to
 * be read only, where it only reads), and what lies around a buffer is watched. Any of its calls fails on demand. Calls may come
 * from several threads; what is set here may not change meanwhile. Whatever breaks a rule ends the process with a line on stderr,
 * or by a segmentation fault. */
#pragma once

#include "kernel/backend.h"

extern const tx_backend_class guard_class;

typedef enum guard_call {
    GUARD_OPEN,
    GUARD_ROOM,
    GUARD_KERNEL,
    GUARD_ALLOCATE,
    GUARD_UPLOAD,
    GUARD_DOWNLOAD,
    GUARD_CLEAR,
    GUARD_SYNCHRONISE,
    GUARD_CREATE,
    GUARD_LOAD,
    GUARD_CALLS,
} guard_call;

/* The n-th call of that kind from now on fails, once (0: none), with GUARD_MESSAGE. */
#define GUARD_MESSAGE "the guard lets"
void guard_fail(guard_call kind, long n);
long guard_count(guard_call kind); /* calls since guard_fail, or the start */

/* The backend has no kernel of that name (NULL: all). */
void guard_lack(const char *kernel);
/* Whether kernels are held to write the cells of their result's interior and nothing else of the arena. Costs a copy of it each
 * call. */
void guard_watch(bool watch);

int guard_num_buffers(void);             /* that are not freed, and backends that are open */
const char *guard_uncalled_kernel(void); /* one that nobody has called so far; NULL: none */
void guard_check_used(void);             /* ends the process if no kernel has been called so far, or a buffer is left */
