/* OpenCL devices as a backend: one queue, in order; nothing waits but transfers. Opened when something first lies there. */
#include "opencl/opencl.h"

#include <stdio.h>

#include "base/memory.h"
#include "kernel/cpu.h"

/* ---- Memory ---- */

static cl_mem memory_of(const tx_buffer *buffer)
{
    return ((const tx_opencl_buffer *)buffer)->memory;
}

static tx_status fill_zeros(const tx_opencl *opencl, cl_mem memory, size_t offset, size_t bytes, tx_error *error)
{
    static const char zero = 0;
    return bytes ? TX_OPENCL_CALL(error, clEnqueueFillBuffer, opencl->queue, memory, &zero, 1, offset, bytes, 0, NULL, NULL)
                 : TX_OK;
}

static tx_status check_room(const tx_opencl *opencl, size_t bytes, tx_error *error)
{
    const tx_device *device = &opencl->device.text;
    return bytes > opencl->device.largest || opencl->taken + bytes > device->memory
               ? tx_error_set(
                     error, TX_FAILURE,
                     "not enough memory on %s: %zu MiB are asked for beside %zu MiB; it has %zu MiB, at most %zu MiB in one "
                     "piece",
                     device->name, bytes >> 20, opencl->taken >> 20, device->memory >> 20, (size_t)opencl->device.largest >> 20)
               : TX_OK;
}

static tx_status make_memory(tx_opencl *opencl, size_t bytes, tx_error *error, cl_mem *out)
{
    cl_mem memory;
    TX_TRY(check_room(opencl, bytes, error));
    TX_OPENCL_MAKE(error, memory, clCreateBuffer, opencl->context, CL_MEM_READ_WRITE, bytes, NULL);
    const tx_status status = fill_zeros(opencl, memory, 0, bytes, error);
    if (status != TX_OK) {
        TX_OPENCL_FREE(clReleaseMemObject, memory);
        return status;
    }
    *out = memory;
    return TX_OK;
}

static tx_status begin(tx_opencl *opencl, tx_error *error);

static tx_status allocate(const tx_backend *backend, size_t bytes, tx_error *error, tx_buffer **out)
{
    tx_opencl *opencl = tx_opencl_of(backend);
    tx_opencl_buffer *b;
    TX_TRY(begin(opencl, error));
    TX_TRY(tx_allocate(sizeof *b, error, &b));
    b->buffer = (tx_buffer){.backend = backend, .bytes = bytes};
    const tx_status status = bytes ? make_memory(opencl, bytes, error, &b->memory) : TX_OK;
    if (status != TX_OK) {
        tx_free(b);
        return status;
    }
    __atomic_add_fetch(&opencl->taken, bytes, __ATOMIC_RELAXED);
    b->serial = __atomic_add_fetch(&opencl->serial, 1, __ATOMIC_RELAXED);
    *out = &b->buffer;
    return TX_OK;
}

static void free_buffer(tx_buffer *buffer)
{
    if (buffer) {
        TX_OPENCL_FREE(clReleaseMemObject, memory_of(buffer));
        __atomic_sub_fetch(&tx_opencl_of(buffer->backend)->taken, buffer->bytes, __ATOMIC_RELAXED);
        tx_free(buffer);
    }
}

static tx_status upload(tx_buffer *buffer, size_t offset, const void *from, size_t bytes, tx_error *error)
{
    return bytes ? TX_OPENCL_CALL(error, clEnqueueWriteBuffer, tx_opencl_of(buffer->backend)->queue, memory_of(buffer), CL_TRUE,
                                  offset, bytes, from, 0, NULL, NULL)
                 : TX_OK;
}

static tx_status download(tx_buffer *buffer, size_t offset, void *to, size_t bytes, tx_error *error)
{
    return bytes ? TX_OPENCL_CALL(error, clEnqueueReadBuffer, tx_opencl_of(buffer->backend)->queue, memory_of(buffer), CL_TRUE,
                                  offset, bytes, to, 0, NULL, NULL)
                 : TX_OK;
}

static tx_status download_rows(tx_buffer *buffer, size_t offset, size_t pitch, void *to, size_t bytes, size_t rows, tx_error *error)
{
    const size_t from[] = {offset % pitch, offset / pitch, 0}, zero[3] = {0}, region[] = {bytes, rows, 1};
    return TX_OPENCL_CALL(error, clEnqueueReadBufferRect, tx_opencl_of(buffer->backend)->queue, memory_of(buffer), CL_TRUE, from,
                          zero, region, pitch, 0, bytes, 0, to, 0, NULL, NULL);
}

static tx_status clear(tx_buffer *buffer, size_t offset, size_t bytes, tx_error *error)
{
    return fill_zeros(tx_opencl_of(buffer->backend), memory_of(buffer), offset, bytes, error);
}

static tx_status synchronise(const tx_backend *backend, tx_error *error)
{
    return TX_OPENCL_CALL(error, clFinish, tx_opencl_of(backend)->queue);
}

static tx_status room(const tx_backend *backend, tx_error *error, size_t *out)
{
    const tx_opencl *opencl = tx_opencl_of(backend);
    (void)error;
    *out = opencl->device.text.memory > opencl->taken ? opencl->device.text.memory - opencl->taken : 0;
    return TX_OK;
}

/* ---- The backend ---- */

static void end(tx_opencl *opencl)
{
    for (int k = 0; k < TX_OPENCL_MOST_KERNELS; k++) {
        TX_OPENCL_FREE(clReleaseKernel, opencl->kernels[k]);
        opencl->kernels[k] = NULL;
    }
    TX_OPENCL_FREE(clReleaseProgram, opencl->program);
    TX_OPENCL_FREE(clReleaseCommandQueue, opencl->timed);
    TX_OPENCL_FREE(clReleaseCommandQueue, opencl->queue);
    TX_OPENCL_FREE(clReleaseContext, opencl->context);
    tx_free(opencl->driver);
    opencl->program = NULL;
    opencl->timed = opencl->queue = NULL;
    opencl->context = NULL;
    opencl->driver = NULL;
}

static void close_opencl(const tx_backend *backend)
{
    tx_opencl *opencl = tx_opencl_of(backend);
    end(opencl);
    pthread_mutex_destroy(&opencl->mutex);
    tx_free(opencl);
}

static tx_status make_all(tx_opencl *opencl, tx_error *error)
{
    const tx_opencl_device *device = &opencl->device;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)device->platform, 0};
    TX_OPENCL_MAKE(error, opencl->context, clCreateContext, properties, 1, &device->id, NULL, NULL);
    TX_OPENCL_MAKE(error, opencl->queue, clCreateCommandQueue, opencl->context, device->id, 0);
    TX_TRY(tx_opencl_find_commands(device, error, &opencl->driver));
    return tx_opencl_build(opencl, error);
}

/* Not when it is opened: whoever only plans needs none of it. */
static tx_status begin(tx_opencl *opencl, tx_error *error)
{
    pthread_mutex_lock(&opencl->mutex);
    const tx_status status = opencl->begun ? TX_OK : make_all(opencl, error);
    opencl->begun = status == TX_OK;
    if (status != TX_OK) {
        end(opencl);
    }
    pthread_mutex_unlock(&opencl->mutex);
    return status;
}

static tx_status open_opencl(const tx_backend_options *options, tx_error *error, const tx_backend **out)
{
    tx_opencl_device device;
    tx_opencl *opencl;
    const tx_backend *cpu;
    TX_TRY(tx_cpu_class.open(options, error, &cpu));
    TX_TRY(tx_opencl_device_find(options->device ? options->device : "auto", options->rank, error, &device));
    if (options->precision == TX_FLOAT64 && !device.text.doubles) {
        return tx_error_set(error, TX_INVALID, "%s computes in float32 only", device.text.name);
    }
    TX_TRY(tx_allocate(sizeof *opencl, error, &opencl));
    opencl->device = device;
    opencl->cpu = cpu;
    opencl->backend = (tx_backend){.class_ = &tx_opencl_class,
                                   .precision = options->precision,
                                   .isa = options->isa,
                                   .context = opencl,
                                   .computer = opencl->computer,
                                   .apart = device.apart};
    snprintf(opencl->computer, sizeof opencl->computer, "%s, driver %s", device.text.name, device.text.driver);
    pthread_mutex_init(&opencl->mutex, NULL);
    tx_opencl_form_of(opencl);
    *out = &opencl->backend;
    return TX_OK;
}

const tx_backend_class tx_opencl_class = {.name = "opencl",
                                          .list = tx_opencl_list,
                                          .open = open_opencl,
                                          .close = close_opencl,
                                          .room = room,
                                          .allocate = allocate,
                                          .free = free_buffer,
                                          .upload = upload,
                                          .download = download,
                                          .download_rows = download_rows,
                                          .clear = clear,
                                          .synchronise = synchronise,
                                          .find = tx_opencl_find,
                                          .run = tx_opencl_run,
                                          .forget = tx_opencl_forget,
                                          .time = tx_opencl_time,
                                          .create = tx_opencl_object_create,
                                          .load = tx_opencl_object_load,
                                          .destroy = tx_opencl_object_destroy,
                                          .add_gradients = tx_opencl_add_gradients};
