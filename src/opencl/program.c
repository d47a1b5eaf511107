/* From the texts of the kernels to a program of one device and precision. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "opencl/opencl.h"

extern const unsigned char tx_opencl_source[]; /* call.h, common.cl, then the others: embedded when built */

/* Processors have long vectors and no use for groups that wait for each other. */
static const tx_opencl_form forms[] = {{.group = 64, .sum = 64, .width = {1, 1}, .tile = 4, .pairs = 4},
                                       {.group = 64, .sum = 1, .width = {16, 8}, .tile = 4, .pairs = 2}};

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
                      "#define REAL %s\n#define LEAST_NORMAL %s\n#define GROUP %d\n#define SUM %d\n#define WIDTH %d\n"
                      "#define TILE %d\n#define PAIRS %d\n",
                      single ? "float" : "double", single ? "FLT_MIN" : "DBL_MIN", form->group, form->sum,
                      form->width[opencl->backend.precision], form->tile, form->pairs);
    for (int k = 0; k < TX_ACTIVATION_COUNT; k++) {
        at += snprintf(text + at, size - (size_t)at, "#define E_%s %d\n", tx_activation_rows[k].name, k);
    }
}

/* The compiler's first line, in the message. */
static tx_status build_failed(const tx_opencl *opencl, tx_error *error)
{
    char *log;
    size_t size = 0;
    tx_cl->clGetProgramBuildInfo(opencl->program, opencl->device.id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
    TX_TRY(tx_allocate(size + 1, error, &log));
    tx_cl->clGetProgramBuildInfo(opencl->program, opencl->device.id, CL_PROGRAM_BUILD_LOG, size, log, NULL);
    const tx_status status =
        tx_error_set(error, TX_FAILURE, "OpenCL: kernels are not compiled for %s: %.*s", opencl->device.text.name, 600, log);
    tx_free(log);
    return status;
}

static tx_status build(const tx_opencl *opencl, tx_error *error)
{
    const cl_int status = tx_opencl_fails()
                              ? CL_OUT_OF_RESOURCES
                              : tx_cl->clBuildProgram(opencl->program, 1, &opencl->device.id, "-cl-std=CL1.2", NULL, NULL);
    return status == CL_BUILD_PROGRAM_FAILURE ? build_failed(opencl, error) : tx_opencl_check(status, "clBuildProgram", error);
}

static tx_status make_kernels(tx_opencl *opencl, tx_error *error)
{
    for (int k = 0; tx_opencl_function(k); k++) {
        char name[64];
        snprintf(name, sizeof name, "tx_%s", tx_opencl_function(k));
        TX_OPENCL_MAKE(error, opencl->kernels[k], clCreateKernel, opencl->program, name);
    }
    return TX_OK;
}

tx_status tx_opencl_build(tx_opencl *opencl, tx_error *error)
{
    char header[1024];
    opencl->form = &forms[chosen < 0 ? opencl->device.processor : chosen];
    write_header(opencl, header, sizeof header);
    TX_OPENCL_MAKE(error, opencl->program, clCreateProgramWithSource, opencl->context, 2,
                   (const char *[]){header, (const char *)tx_opencl_source}, NULL);
    TX_TRY(build(opencl, error));
    return make_kernels(opencl, error);
}
