/* Loading OpenCL's loader, and what its errors are called. */
#include "opencl/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>

const tx_opencl_library *tx_cl;

/* ---- Loading ---- */

static tx_opencl_library library;
static const char *lacking;

/* Drivers start when they are asked for devices, and compilers with them: LLVM's takes SIGUSR1. What signals do here stays. */
static void load_drivers(void)
{
    struct sigaction kept[NSIG];
    cl_platform_id platforms[16];
    cl_uint found = 0, count;
    for (int k = 1; k < NSIG; k++) {
        sigaction(k, NULL, &kept[k]);
    }
    library.clGetPlatformIDs(sizeof platforms / sizeof *platforms, platforms, &found);
    for (cl_uint k = 0; k < found && k < sizeof platforms / sizeof *platforms; k++) {
        library.clGetDeviceIDs(platforms[k], CL_DEVICE_TYPE_ALL, 0, NULL, &count);
    }
    for (int k = 1; k < NSIG; k++) {
        sigaction(k, &kept[k], NULL);
    }
}

static void load(void)
{
    void *handle = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
    lacking = handle ? NULL : "libOpenCL.so.1";
#define FIND(name)                                                                                                                 \
    if (!lacking) {                                                                                                                \
        *(void **)&library.name = dlsym(handle, #name);                                                                            \
        lacking = library.name ? NULL : #name;                                                                                     \
    }
    TX_OPENCL_FUNCTIONS(FIND)
    if (!lacking) {
        load_drivers();
    }
    tx_cl = lacking ? NULL : &library;
}

tx_status tx_opencl_load(tx_error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return tx_cl ? TX_OK
                 : tx_error_set(error, TX_FAILURE,
                                "no OpenCL on this machine: %s is not found (Debian: ocl-icd-libopencl1 and a driver's package)",
                                lacking);
}

/* ---- Failures ---- */

static long calls, fail_at;

void tx_opencl_fail(long n)
{
    calls = 0;
    fail_at = n;
}

long tx_opencl_count(void)
{
    return calls;
}

bool tx_opencl_fails(void)
{
    return __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) == fail_at;
}

long tx_opencl_keep(long more)
{
    static long kept;
    return __atomic_add_fetch(&kept, more, __ATOMIC_RELAXED);
}

static const struct {
    cl_int status;
    const char *name;
} names[] = {
#define NAME(name)                                                                                                                 \
    {                                                                                                                              \
        name, #name                                                                                                                \
    }
    NAME(CL_DEVICE_NOT_FOUND),       NAME(CL_DEVICE_NOT_AVAILABLE),
    NAME(CL_COMPILER_NOT_AVAILABLE), NAME(CL_MEM_OBJECT_ALLOCATION_FAILURE),
    NAME(CL_OUT_OF_RESOURCES),       NAME(CL_OUT_OF_HOST_MEMORY),
    NAME(CL_BUILD_PROGRAM_FAILURE),  NAME(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST),
    NAME(CL_INVALID_VALUE),          NAME(CL_INVALID_DEVICE),
    NAME(CL_INVALID_CONTEXT),        NAME(CL_INVALID_COMMAND_QUEUE),
    NAME(CL_INVALID_MEM_OBJECT),     NAME(CL_INVALID_BINARY),
    NAME(CL_INVALID_BUILD_OPTIONS),  NAME(CL_INVALID_PROGRAM_EXECUTABLE),
    NAME(CL_INVALID_KERNEL_NAME),    NAME(CL_INVALID_KERNEL_ARGS),
    NAME(CL_INVALID_ARG_SIZE),       NAME(CL_INVALID_WORK_GROUP_SIZE),
    NAME(CL_INVALID_BUFFER_SIZE),    {-1001, "CL_PLATFORM_NOT_FOUND_KHR"},
};

tx_status tx_opencl_check(cl_int status, const char *call, tx_error *error)
{
    if (status == CL_SUCCESS) {
        return TX_OK;
    }
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        if (names[k].status == status) {
            return tx_error_set(error, TX_FAILURE, "OpenCL fails: %s: %s", call, names[k].name);
        }
    }
    return tx_error_set(error, TX_FAILURE, "OpenCL fails: %s: error %d", call, status);
}
