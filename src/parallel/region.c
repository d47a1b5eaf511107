/* Memory that the ranks of a machine share. */
#include "parallel/region.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "parallel/job.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

/* An anonymous file, reached through its owner's /proc entry: it has no name to clash or to be left behind, and is not bound
 * to the size of /dev/shm, which is 64 MiB in many containers. */
static int make_file(size_t bytes)
{
    const int file = memfd_create("trainax", MFD_CLOEXEC);
    if (file >= 0 && ftruncate(file, (off_t)bytes)) {
        close(file);
        return -1;
    }
    return file;
}

static int open_file(const int64_t owner[2])
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)owner[0], (int)owner[1]);
    return owner[1] < 0 ? -1 : open(path, O_RDWR | O_CLOEXEC);
}

static tx_region map(int file, size_t bytes)
{
    char *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return base == MAP_FAILED ? (tx_region){0} : (tx_region){base, bytes};
}

/* Pages cost the system as much each, however large they are: large ones, where it has them for what is shared (shmem_enabled). */
static bool populate(const tx_region *region, size_t offset, size_t part)
{
    enum { LARGE = 1 << 23 };
    const size_t before = offset % (size_t)sysconf(_SC_PAGESIZE);
    if (region->bytes >= LARGE) {
        madvise(region->base, region->bytes, MADV_HUGEPAGE);
    }
    return madvise(region->base + offset - before, before + part, MADV_POPULATE_WRITE) == 0;
}

/* Now: a lack of memory is then an error instead of a bus error at some later write. */
static bool reserve(const tx_region *region, int file, size_t offset, size_t part)
{
    int code = 0;
    if (!region->base || !part || populate(region, offset, part)) {
        return region->base;
    }
    do {
        code = posix_fallocate(file, (off_t)offset, (off_t)part);
    } while (code == EINTR);
    return code == 0;
}

tx_status tx_region_create(tx_parallel *parallel, size_t bytes, size_t offset, size_t part, tx_error *error, tx_region *out)
{
    bytes = bytes ? bytes : 1;
    const bool leader = parallel->machine_rank == 0;
    int file = leader ? make_file(bytes) : -1;
    int64_t owner[2] = {getpid(), file};
    tx_status status = tx_parallel_broadcast_from(parallel, parallel->machine, 0, owner, sizeof owner, error);
    if (status == TX_OK && !leader) {
        file = open_file(owner);
    }
    tx_region region = status == TX_OK && file >= 0 ? map(file, bytes) : (tx_region){0};
    int64_t shared = reserve(&region, file, offset, part);
    if (status == TX_OK) { /* also keeps the leader's file open until all have theirs */
        status = tx_parallel_allreduce(parallel, parallel->machine, &shared, 1, MPI_INT64_T, MPI_MIN, error);
    }
    if (file >= 0) {
        close(file);
    }
    if (status != TX_OK || !shared) {
        tx_region_destroy(&region);
    }
    if (status == TX_OK) {
        *out = region;
    }
    return status;
}

void tx_region_destroy(tx_region *region)
{
    if (region->base) {
        munmap(region->base, region->bytes);
    }
    *region = (tx_region){0};
}
