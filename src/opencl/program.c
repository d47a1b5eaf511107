/* From the texts of the kernels to a program of one device and precision. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "opencl/opencl.h"
#include "trainax/version.h"

extern const unsigned char tx_opencl_source[]; /* call.h, common.cl, then the others: embedded when built */

/* Processors have long vectors and no use for groups that wait for each other. */
static const tx_opencl_form forms[] = {{.group = 64, .run = 1, .sum = 64, .width = {1, 1}, .tile = 4, .pairs = 4},
                                       {.group = 1, .run = 1024, .sum = 1, .width = {16, 8}, .tile = 6, .pairs = 4}};

static int chosen = -1;

void tx_opencl_choose_form(int form)
{
    chosen = form;
}

/* What the host knows and the texts do not. */
static void write_header(const tx_opencl *opencl, char *text, size_t size)
{
    const tx_opencl_form *form = opencl->form;
    const bool single = opencl->backend.precision == TX_FLOAT32;
    int at = snprintf(text, size,
                      "#define REAL %s\n#define DOUBLES %d\n#define LEAST_NORMAL %s\n#define GROUP %d\n#define RUN %d\n#define SUM "
                      "%d\n#define WIDTH %d\n"
                      "#define TILE %d\n#define PAIRS %d\n",
                      single ? "float" : "double", !single, single ? "FLT_MIN" : "DBL_MIN", form->group, form->run, form->sum,
                      form->width[opencl->backend.precision], form->tile, form->pairs);
    for (int k = 0; k < TX_ACTIVATION_COUNT; k++) {
        at += snprintf(text + at, size - (size_t)at, "#define E_%s %d\n", tx_activation_rows[k].name, k);
    }
}

/* Where the compiler speaks of its first error, else where it begins. */
static const char *first_words(const char *log)
{
    const char *at = strstr(log, "error");
    while (at && at > log && at[-1] != '\n') {
        at--;
    }
    return at ? at : log;
}

/* What the compiler has to say, in a line. */
static tx_status build_failed(const tx_opencl *opencl, tx_error *error)
{
    enum { MOST = 600 };
    char *log;
    size_t size = 0;
    tx_cl->clGetProgramBuildInfo(opencl->program, opencl->device.id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
    TX_TRY(tx_allocate(size + 1, error, &log));
    tx_cl->clGetProgramBuildInfo(opencl->program, opencl->device.id, CL_PROGRAM_BUILD_LOG, size, log, NULL);
    char *words = log + (first_words(log) - log);
    for (char *c = words; *c; c++) {
        *c = *c == '\n' || *c == '\t' ? ' ' : *c;
    }
    const tx_status status =
        tx_error_set(error, TX_FAILURE, "OpenCL: kernels are not compiled for %s: %.*s", opencl->device.text.name, MOST, words);
    tx_free(log);
    return status;
}

static const char options[] = "-cl-std=CL1.2";

static tx_status build(const tx_opencl *opencl, tx_error *error)
{
    const cl_int status = tx_opencl_fails() ? CL_OUT_OF_RESOURCES
                                            : tx_cl->clBuildProgram(opencl->program, 1, &opencl->device.id, options, NULL, NULL);
    return status == CL_BUILD_PROGRAM_FAILURE ? build_failed(opencl, error) : tx_opencl_check(status, "clBuildProgram", error);
}

/* ---- Compiled before ---- */

/* Of all that a compiled program depends on. */
static uint64_t key_of(const tx_opencl *opencl, const char *header)
{
    const tx_device *device = &opencl->device.text;
    char about[2048];
    const int length = snprintf(about, sizeof about, "%s\n%s\n%s\n%s\n%s\n%s", header, options, device->platform, device->name,
                                device->driver, tx_version());
    return tx_opencl_sum(about, (size_t)length) ^ tx_opencl_sum(tx_opencl_source, strlen((const char *)tx_opencl_source)) * 3;
}

static tx_status make_stored(tx_opencl *opencl, size_t size, const unsigned char *bytes)
{
    cl_int taken;
    TX_OPENCL_MAKE(NULL, opencl->program, clCreateProgramWithBinary, opencl->context, 1, &opencl->device.id, &size, &bytes, &taken);
    return build(opencl, NULL);
}

/* False: there is none, or the driver does not take it. */
static bool build_stored(tx_opencl *opencl, uint64_t key)
{
    size_t size;
    unsigned char *bytes = tx_opencl_cache_read(key, &size);
    const bool built = bytes && make_stored(opencl, size, bytes) == TX_OK;
    tx_free(bytes);
    if (!built) {
        TX_OPENCL_FREE(clReleaseProgram, opencl->program);
        opencl->program = NULL;
    }
    return built;
}

static void store(const tx_opencl *opencl, uint64_t key)
{
    size_t size = 0;
    unsigned char *bytes;
    if (tx_cl->clGetProgramInfo(opencl->program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, NULL) != CL_SUCCESS || !size ||
        tx_allocate(size, NULL, &bytes) != TX_OK) {
        return;
    }
    if (tx_cl->clGetProgramInfo(opencl->program, CL_PROGRAM_BINARIES, sizeof bytes, &bytes, NULL) == CL_SUCCESS) {
        tx_opencl_cache_write(key, bytes, size);
    }
    tx_free(bytes);
}

static tx_status build_source(tx_opencl *opencl, const char *header, uint64_t key, tx_error *error)
{
    TX_OPENCL_MAKE(error, opencl->program, clCreateProgramWithSource, opencl->context, 2,
                   (const char *[]){header, (const char *)tx_opencl_source}, NULL);
    TX_TRY(build(opencl, error));
    store(opencl, key);
    return TX_OK;
}

/* ---- The whole ---- */

tx_status tx_opencl_make_kernel(const tx_opencl *opencl, int k, tx_error *error, cl_kernel *out)
{
    char name[64];
    snprintf(name, sizeof name, "tx_%s", tx_opencl_function(k));
    TX_OPENCL_MAKE(error, *out, clCreateKernel, opencl->program, name);
    return TX_OK;
}

static tx_status make_kernels(tx_opencl *opencl, tx_error *error)
{
    for (int k = 0; tx_opencl_function(k); k++) {
        TX_TRY(tx_opencl_make_kernel(opencl, k, error, &opencl->kernels[k]));
    }
    return TX_OK;
}

void tx_opencl_form_of(tx_opencl *opencl)
{
    opencl->form = &forms[chosen < 0 ? opencl->device.processor : chosen];
}

tx_status tx_opencl_build(tx_opencl *opencl, tx_error *error)
{
    char header[1024];
    write_header(opencl, header, sizeof header);
    const uint64_t key = key_of(opencl, header);
    TX_TRY(build_stored(opencl, key) ? TX_OK : build_source(opencl, header, key, error));
    return make_kernels(opencl, error);
}
