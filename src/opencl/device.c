/* The devices of this machine, and which of them is meant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "opencl/opencl.h"

enum { MOST_PLATFORMS = 16, MOST_DEVICES = 64 };

/* A text without the spaces that some drivers put around it. */
static void trim(char *text)
{
    const size_t before = strspn(text, " ");
    size_t length = strlen(text + before);
    memmove(text, text + before, length + 1);
    while (length && text[length - 1] == ' ') {
        text[--length] = 0;
    }
}

static tx_status describe(cl_platform_id platform, cl_device_id id, tx_error *error, tx_opencl_device *out)
{
    tx_opencl_device d = {.platform = platform, .id = id};
    cl_device_type type = 0;
    cl_ulong memory = 0;
    cl_device_fp_config doubles = 0;
    cl_bool unified = CL_FALSE;
    TX_TRY(TX_OPENCL_CALL(error, clGetPlatformInfo, platform, CL_PLATFORM_NAME, sizeof d.text.platform, d.text.platform, NULL));
    TX_TRY(TX_OPENCL_CALL(error, clGetDeviceInfo, id, CL_DEVICE_NAME, sizeof d.text.name, d.text.name, NULL));
    TX_TRY(TX_OPENCL_CALL(error, clGetDeviceInfo, id, CL_DRIVER_VERSION, sizeof d.text.driver, d.text.driver, NULL));
    TX_TRY(TX_OPENCL_CALL(error, clGetDeviceInfo, id, CL_DEVICE_TYPE, sizeof type, &type, NULL));
    TX_TRY(TX_OPENCL_CALL(error, clGetDeviceInfo, id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof memory, &memory, NULL));
    TX_TRY(TX_OPENCL_CALL(error, clGetDeviceInfo, id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof d.largest, &d.largest, NULL));
    TX_TRY(TX_OPENCL_CALL(error, clGetDeviceInfo, id, CL_DEVICE_DOUBLE_FP_CONFIG, sizeof doubles, &doubles, NULL));
    TX_TRY(TX_OPENCL_CALL(error, clGetDeviceInfo, id, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof unified, &unified, NULL));
    trim(d.text.platform);
    trim(d.text.name);
    d.text.memory = memory;
    d.text.doubles = doubles != 0;
    d.processor = (type & CL_DEVICE_TYPE_CPU) != 0;
    d.apart = !d.processor && !unified;
    *out = d;
    return TX_OK;
}

/* Of one platform; which may have none. */
static tx_status add_devices(cl_platform_id platform, tx_error *error, tx_opencl_device *devices, int *count)
{
    cl_device_id ids[MOST_DEVICES];
    cl_uint found = 0;
    const cl_int status =
        tx_opencl_fails() ? CL_OUT_OF_RESOURCES : tx_cl->clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, MOST_DEVICES, ids, &found);
    TX_TRY(status == CL_DEVICE_NOT_FOUND ? TX_OK : tx_opencl_check(status, "clGetDeviceIDs", error));
    for (cl_uint k = 0; k < found && k < MOST_DEVICES && *count < MOST_DEVICES; k++) {
        TX_TRY(describe(platform, ids[k], error, &devices[*count]));
        devices[*count].text.number = *count;
        (*count)++;
    }
    return TX_OK;
}

static tx_status add_platforms(tx_error *error, tx_opencl_device *devices, int *count)
{
    cl_platform_id platforms[MOST_PLATFORMS];
    cl_uint found = 0;
    const cl_int status = tx_opencl_fails() ? CL_OUT_OF_RESOURCES : tx_cl->clGetPlatformIDs(MOST_PLATFORMS, platforms, &found);
    const bool none = status == -1001; /* the loader's own word for no platform */
    TX_TRY(none ? TX_OK : tx_opencl_check(status, "clGetPlatformIDs", error));
    for (cl_uint k = 0; !none && k < found && k < MOST_PLATFORMS; k++) {
        TX_TRY(add_devices(platforms[k], error, devices, count));
    }
    return TX_OK;
}

tx_status tx_opencl_devices(tx_error *error, tx_opencl_device **out, int *count)
{
    tx_opencl_device *devices;
    *count = 0;
    TX_TRY(tx_opencl_load(error));
    TX_TRY(tx_allocate_array(MOST_DEVICES, sizeof *devices, error, &devices));
    const tx_status status = add_platforms(error, devices, count);
    if (status != TX_OK) {
        tx_free(devices);
        return status;
    }
    *out = devices;
    return TX_OK;
}

tx_status tx_opencl_list(tx_error *error, tx_device **out, int *count)
{
    tx_opencl_device *devices;
    tx_device *list;
    TX_TRY(tx_opencl_devices(error, &devices, count));
    const tx_status status = tx_allocate_array((size_t)*count + 1, sizeof *list, error, &list);
    for (int k = 0; status == TX_OK && k < *count; k++) {
        list[k] = devices[k].text;
    }
    tx_free(devices);
    TX_TRY(status);
    *out = list;
    return TX_OK;
}

/* ---- Which one ---- */

static bool is_number(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

/* Its place in the list; -1: none such. Accelerators before processors where nobody has a wish. */
static int choose(const tx_opencl_device *devices, int count, const char *asked, int rank)
{
    if (is_number(asked)) {
        return strlen(asked) < 9 && atoi(asked) < count ? atoi(asked) : -1;
    }
    const bool any = strcmp(asked, "auto") == 0;
    int fit[MOST_DEVICES], found = 0;
    for (int processors = 0; processors < 2 && (!any || !found); processors++) {
        for (int k = 0; k < count; k++) {
            if (devices[k].processor == processors && (any || strcasestr(devices[k].text.name, asked))) {
                fit[found++] = k;
            }
        }
    }
    return found ? fit[any ? rank % found : 0] : -1;
}

static tx_status none_such(const tx_opencl_device *devices, int count, const char *asked, tx_error *error)
{
    char names[512] = "";
    for (int k = 0, at = 0; k < count && at < (int)sizeof names - 1; k++) {
        at += snprintf(names + at, sizeof names - (size_t)at, "%s%d %s", k ? ", " : "", k, devices[k].text.name);
    }
    return count ? tx_error_set(error, TX_INVALID, "there is no OpenCL device '%s'; there are: %s", asked, names)
                 : tx_error_set(error, TX_FAILURE,
                                "OpenCL finds no device on this machine; `trainax list devices` shows what it finds");
}

tx_status tx_opencl_device_find(const char *asked, int rank, tx_error *error, tx_opencl_device *out)
{
    tx_opencl_device *devices;
    int count;
    TX_TRY(tx_opencl_devices(error, &devices, &count));
    const int k = choose(devices, count, asked, rank);
    const tx_status status = k < 0 ? none_such(devices, count, asked, error) : TX_OK;
    if (status == TX_OK) {
        *out = devices[k];
    }
    tx_free(devices);
    return status;
}
