/* A plan's launches, made once and run again by every step: kernels of their own whose arguments are set, in command buffers where
 * the driver has them. What has changed is seen by the buffers that a run has, and by how many samples. */
#include <string.h>

#include "base/memory.h"
#include "opencl/opencl.h"

enum { PLACES = TX_SPACE_COUNT + TX_SOURCE_COUNT + 1, LISTS = 2 /* whole minibatches, and the last one */ };

/* What the arguments of a list were set for. */
typedef struct key {
    uint64_t serial[PLACES];
    int64_t blocks, total, count;
} key;

/* One kernel, or a user's function on the host. */
typedef struct entry {
    cl_kernel kernel;
    size_t global[2], group;
    const tx_instruction *host;
    tx_opencl_commands *commands; /* of this one and those behind it */
    size_t length;                /* how many these are; of another entry 1 */
} entry;

typedef struct list {
    key key;
    entry *entries;
    size_t count, capacity;
    bool made;
} list;

struct tx_recording {
    const tx_opencl *opencl;
    list lists[LISTS];
    int latest;
};

static uint64_t serial_of(const tx_place *place)
{
    return place->buffer ? ((const tx_opencl_buffer *)place->buffer)->serial : 0;
}

static key key_of(const tx_staged *staged, size_t count)
{
    key key = {.blocks = staged->blocks, .total = staged->total, .count = (int64_t)count};
    for (int k = 0; k < TX_SPACE_COUNT; k++) {
        key.serial[k] = serial_of(&staged->place[k]);
    }
    for (int k = 0; k < TX_SOURCE_COUNT; k++) {
        key.serial[TX_SPACE_COUNT + k] = serial_of(&staged->given[k]);
    }
    key.serial[PLACES - 1] = serial_of(&staged->results);
    return key;
}

/* ---- Making a list ---- */

static void clear(const tx_opencl *opencl, list *list)
{
    for (size_t k = 0; k < list->count; k++) {
        tx_opencl_commands_free(opencl, list->entries[k].commands);
        TX_OPENCL_FREE(clReleaseKernel, list->entries[k].kernel);
    }
    tx_free(list->entries);
    memset(list, 0, sizeof *list);
}

static tx_status append(list *list, const entry *new, tx_error *error)
{
    TX_TRY(tx_reserve(list->count + 1, sizeof *list->entries, &list->capacity, error, &list->entries));
    list->entries[list->count] = *new;
    list->entries[list->count++].length = 1;
    return TX_OK;
}

static list *latest(tx_recording *recording)
{
    return &recording->lists[recording->latest];
}

tx_status tx_opencl_record(tx_recording *recording, const tx_opencl_launch *l, const size_t global[2], size_t group)
{
    entry new = {.global = {global[0], global[1]}, .group = group};
    TX_TRY(tx_opencl_make_kernel(l->opencl, l->kernel, l->frame->error, &new.kernel));
    tx_status status = tx_opencl_set_arguments(l, new.kernel);
    status = status ? status : append(latest(recording), &new, l->frame->error);
    if (status != TX_OK) {
        TX_OPENCL_FREE(clReleaseKernel, new.kernel);
    }
    return status;
}

tx_status tx_opencl_record_host(tx_recording *recording, const tx_instruction *instruction, tx_error *error)
{
    return append(latest(recording), &(entry){.host = instruction}, error);
}

static size_t length_of_stretch(const list *list, size_t first)
{
    size_t end = first;
    while (end < list->count && !list->entries[end].host) {
        end++;
    }
    return end - first;
}

static tx_status fill_commands(const tx_opencl *opencl, const entry *first, size_t length, tx_error *error)
{
    for (size_t k = 0; k < length; k++) {
        TX_TRY(tx_opencl_commands_add(opencl, first->commands, first[k].kernel, first[k].global, first[k].group, error));
    }
    return tx_opencl_commands_end(opencl, first->commands, error);
}

static tx_status make_commands(const tx_opencl *opencl, list *list, tx_error *error)
{
    for (size_t k = 0; opencl->driver && k < list->count;) {
        const size_t length = length_of_stretch(list, k);
        if (length > 0) {
            TX_TRY(tx_opencl_commands_begin(opencl, error, &list->entries[k].commands));
            list->entries[k].length = length;
            TX_TRY(fill_commands(opencl, &list->entries[k], length, error));
        }
        k += length ? length : 1;
    }
    return TX_OK;
}

static tx_status make(tx_recording *recording, const tx_instruction *instructions, size_t count, const tx_frame *frame)
{
    list *list = latest(recording);
    tx_opencl_pass pass = {.recording = recording};
    tx_frame recorded = *frame;
    recorded.pass = &pass;
    clear(recording->opencl, list);
    for (size_t k = 0; k < count; k++) {
        TX_TRY(instructions[k].run(&instructions[k], &recorded));
    }
    TX_TRY(make_commands(recording->opencl, list, frame->error));
    list->key = key_of(frame->staged, count);
    list->made = true;
    return TX_OK;
}

/* ---- Running it ---- */

static tx_status run_entry(const tx_opencl *opencl, const entry *e, tx_frame *frame)
{
    return e->host       ? e->host->run(e->host, frame)
           : e->commands ? tx_opencl_commands_run(opencl, e->commands, frame->error)
                         : TX_OPENCL_CALL(frame->error, clEnqueueNDRangeKernel, opencl->queue, e->kernel, 2, NULL, e->global,
                                          (const size_t[]){e->group, 1}, 0, NULL, NULL);
}

static bool find(tx_recording *recording, const key *key)
{
    for (int k = 0; k < LISTS; k++) {
        if (recording->lists[k].made && memcmp(&recording->lists[k].key, key, sizeof *key) == 0) {
            recording->latest = k;
            return true;
        }
    }
    return false;
}

tx_status tx_opencl_run(const tx_instruction *instructions, size_t count, tx_frame *frame, tx_recording **recording)
{
    const tx_opencl *opencl = tx_opencl_of(frame->backend);
    const key key = key_of(frame->staged, count);
    if (!*recording) {
        TX_TRY(tx_allocate(sizeof **recording, frame->error, recording));
        (*recording)->opencl = opencl;
    }
    if (!find(*recording, &key)) {
        (*recording)->latest = ((*recording)->latest + 1) % LISTS;
        TX_TRY(make(*recording, instructions, count, frame));
    }
    const list *list = latest(*recording);
    for (size_t k = 0; k < list->count; k += list->entries[k].length) {
        TX_TRY(run_entry(opencl, &list->entries[k], frame));
    }
    return TX_OK;
}

void tx_opencl_forget(tx_recording *recording)
{
    for (int k = 0; recording && k < LISTS; k++) {
        clear(recording->opencl, &recording->lists[k]);
    }
    tx_free(recording);
}
