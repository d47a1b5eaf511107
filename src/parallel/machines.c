/* Who and what carries the job. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "parallel/job.h"

void tx_parallel_library(char *text, size_t size)
{
    char version[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    MPI_Get_library_version(version, &length); /* may be called without starting MPI */
    snprintf(text, size, "%.*s", (int)strcspn(version, ",\n"), version);
}

typedef struct machine_name {
    char text[64];
} machine_name;

static machine_name own_name(void)
{
    machine_name name = {0};
    if (gethostname(name.text, sizeof name.text - 1) != 0) {
        strcpy(name.text, "unknown");
    }
    return name;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const machine_name *)a)->text, ((const machine_name *)b)->text);
}

static tx_status gather(const tx_parallel *parallel, machine_name *names, tx_error *error)
{
    const machine_name mine = own_name();
    if (parallel->size == 1) {
        names[0] = mine;
        return TX_OK;
    }
    MPI_Request request;
    const int code = MPI_Igather(&mine, sizeof mine, MPI_BYTE, names, sizeof mine, MPI_BYTE, 0, parallel->all, &request);
    TX_TRY(tx_mpi_status(code, "gathering names", error));
    return tx_parallel_wait(parallel, 1, &request, "gathering names", error);
}

static void write_counts(machine_name *names, int count, char *out)
{
    qsort(names, (size_t)count, sizeof *names, compare);
    for (int first = 0, next = 0; first < count; first = next) {
        while (next < count && compare(&names[first], &names[next]) == 0) {
            next++;
        }
        out += sprintf(out, "%s%s x %d", first ? ", " : "", names[first].text, next - first);
    }
}

tx_status tx_parallel_machines(tx_parallel *parallel, tx_error *error, char **out)
{
    const size_t count = parallel->rank == 0 ? (size_t)parallel->size : 0, longest = sizeof(machine_name) + 16;
    machine_name *names = NULL;
    char *text = NULL;
    tx_status status = tx_allocate_array(count, sizeof *names, error, &names);
    status = status ? status : tx_allocate_array(count + 1, longest, error, &text);
    status = tx_parallel_agree(parallel, status, error);
    status = status ? status : gather(parallel, names, error);
    if (status == TX_OK) {
        write_counts(names, (int)count, text);
        *out = text;
    } else {
        tx_free(text);
    }
    tx_free(names);
    return status;
}
