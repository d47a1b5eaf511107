/* Command buffers (cl_khr_command_buffer 0.9, provisional): many launches given to the driver at once, where it has them. Its types
 * are stated here, as not all headers know them. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "opencl/opencl.h"

typedef uint32_t sync_point;
typedef void *made_commands; /* the driver's */

struct tx_opencl_driver {
    made_commands (*create)(cl_uint num_queues, const cl_command_queue *queues, const void *properties, cl_int *status);
    cl_int (*release)(made_commands commands);
    cl_int (*finalize)(made_commands commands);
    cl_int (*enqueue)(cl_uint num_queues, cl_command_queue *queues, made_commands commands, cl_uint num_events,
                      const cl_event *events, cl_event *event);
    cl_int (*add)(made_commands commands, cl_command_queue queue, const void *properties, cl_kernel kernel, cl_uint dimensions,
                  const size_t *offset, const size_t *global, const size_t *local, cl_uint num_points, const sync_point *points,
                  sync_point *point, void *handle);
};

struct tx_opencl_commands {
    made_commands made;
    sync_point last; /* each launch waits for the one before */
    bool any;
};

/* ---- Does the driver have them? ---- */

static bool names_extension(const char *text)
{
    static const char name[] = "cl_khr_command_buffer";
    for (const char *at = strstr(text, name); at; at = strstr(at + 1, name)) {
        if (at[sizeof name - 1] == ' ' || at[sizeof name - 1] == 0) {
            return true;
        }
    }
    return false;
}

static tx_status find_functions(const tx_opencl_device *device, tx_opencl_driver *out)
{
    const struct {
        const char *name;
        void *to;
    } functions[] = {{"clCreateCommandBufferKHR", &out->create},
                     {"clReleaseCommandBufferKHR", &out->release},
                     {"clFinalizeCommandBufferKHR", &out->finalize},
                     {"clEnqueueCommandBufferKHR", &out->enqueue},
                     {"clCommandNDRangeKernelKHR", &out->add}};
    for (size_t k = 0; k < sizeof functions / sizeof *functions; k++) {
        void *found = tx_cl->clGetExtensionFunctionAddressForPlatform(device->platform, functions[k].name);
        if (!found) {
            return TX_FAILURE;
        }
        memcpy(functions[k].to, &found, sizeof found);
    }
    return TX_OK;
}

tx_status tx_opencl_find_commands(const tx_opencl_device *device, tx_error *error, tx_opencl_driver **out)
{
    size_t size = 0;
    char *text = NULL;
    TX_TRY(TX_OPENCL_CALL(error, clGetDeviceInfo, device->id, CL_DEVICE_EXTENSIONS, 0, NULL, &size));
    TX_TRY(tx_allocate(size + 1, error, &text));
    tx_status status = TX_OPENCL_CALL(error, clGetDeviceInfo, device->id, CL_DEVICE_EXTENSIONS, size, text, NULL);
    const bool named = status == TX_OK && names_extension(text);
    tx_free(text);
    status = named ? tx_allocate(sizeof **out, error, out) : status;
    if (named && status == TX_OK && find_functions(device, *out) != TX_OK) {
        tx_free(*out);
        *out = NULL;
    }
    return status;
}

/* ---- Making and running them ---- */

tx_status tx_opencl_commands_begin(const tx_opencl *opencl, tx_error *error, tx_opencl_commands **out)
{
    tx_opencl_commands *commands;
    cl_int status = CL_OUT_OF_RESOURCES;
    TX_TRY(tx_allocate(sizeof *commands, error, &commands));
    commands->made = tx_opencl_fails() ? NULL : opencl->driver->create(1, &opencl->queue, NULL, &status);
    if (tx_opencl_check(status, "clCreateCommandBufferKHR", error) != TX_OK) {
        tx_free(commands);
        return TX_FAILURE;
    }
    tx_opencl_keep(1);
    *out = commands;
    return TX_OK;
}

tx_status tx_opencl_commands_add(const tx_opencl *opencl, tx_opencl_commands *commands, cl_kernel kernel, const size_t global[2],
                                 size_t group, tx_error *error)
{
    sync_point point;
    const cl_int status = tx_opencl_fails()
                              ? CL_OUT_OF_RESOURCES
                              : opencl->driver->add(commands->made, NULL, NULL, kernel, 2, NULL, global, (const size_t[]){group, 1},
                                                    commands->any, commands->any ? &commands->last : NULL, &point, NULL);
    TX_TRY(tx_opencl_check(status, "clCommandNDRangeKernelKHR", error));
    commands->last = point;
    commands->any = true;
    return TX_OK;
}

tx_status tx_opencl_commands_end(const tx_opencl *opencl, tx_opencl_commands *commands, tx_error *error)
{
    return tx_opencl_check(tx_opencl_fails() ? CL_OUT_OF_RESOURCES : opencl->driver->finalize(commands->made),
                           "clFinalizeCommandBufferKHR", error);
}

tx_status tx_opencl_commands_run(const tx_opencl *opencl, const tx_opencl_commands *commands, tx_error *error)
{
    return tx_opencl_check(tx_opencl_fails() ? CL_OUT_OF_RESOURCES
                                             : opencl->driver->enqueue(0, NULL, commands->made, 0, NULL, NULL),
                           "clEnqueueCommandBufferKHR", error);
}

void tx_opencl_commands_free(const tx_opencl *opencl, tx_opencl_commands *commands)
{
    if (commands) {
        opencl->driver->release(commands->made);
        tx_opencl_keep(-1);
        tx_free(commands);
    }
}
