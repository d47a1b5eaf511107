/* The OpenCL loader, found when first asked for: programs start where there is none. Every call of it passes here, and tests let
 * any one fail. */
#pragma once

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <stdbool.h>

#include "trainax/status.h"

/* clang-format off */
#define TX_OPENCL_FUNCTIONS(F)                                                                                          \
    F(clGetPlatformIDs) F(clGetPlatformInfo) F(clGetDeviceIDs) F(clGetDeviceInfo)                                       \
    F(clCreateContext) F(clReleaseContext) F(clCreateCommandQueue) F(clReleaseCommandQueue)                             \
    F(clCreateBuffer) F(clReleaseMemObject) F(clEnqueueReadBuffer) F(clEnqueueReadBufferRect) F(clEnqueueWriteBuffer) F(clEnqueueFillBuffer)       \
    F(clCreateProgramWithSource) F(clCreateProgramWithBinary) F(clBuildProgram) F(clGetProgramBuildInfo)                \
    F(clGetProgramInfo) F(clReleaseProgram) F(clCreateKernel) F(clReleaseKernel) F(clSetKernelArg)                      \
    F(clEnqueueNDRangeKernel) F(clFinish)                                                                               \
    F(clGetEventProfilingInfo) F(clReleaseEvent) F(clGetExtensionFunctionAddressForPlatform)
/* clang-format on */

typedef struct tx_opencl_library {
#define TX_OPENCL_MEMBER(name) __typeof__(name) *name;
    TX_OPENCL_FUNCTIONS(TX_OPENCL_MEMBER)
} tx_opencl_library;

/* TX_FAILURE: there is no loader on this machine. From then on tx_cl is set, for good. */
tx_status tx_opencl_load(tx_error *error);
extern const tx_opencl_library *tx_cl;

/* Tests: the n-th of the calls that can fail does so, once (0: none). */
void tx_opencl_fail(long n);
long tx_opencl_count(void); /* of them since then */
bool tx_opencl_fails(void);

/* A call, by its name; of those that make something the last argument, a cl_int, is where it says how it went. */
#define TX_OPENCL_CALL(error, name, ...)                                                                                           \
    tx_opencl_check(tx_opencl_fails() ? CL_OUT_OF_RESOURCES : tx_cl->name(__VA_ARGS__), #name, error)
#define TX_OPENCL_MAKE(error, made, name, ...)                                                                                     \
    do {                                                                                                                           \
        cl_int status_ = CL_OUT_OF_RESOURCES;                                                                                      \
        (made) = tx_opencl_fails() ? NULL : tx_cl->name(__VA_ARGS__, &status_);                                                    \
        TX_TRY(tx_opencl_check(status_, #name, error));                                                                            \
        tx_opencl_keep(1);                                                                                                         \
    } while (0)

/* Gives back what was made; takes NULL. */
#define TX_OPENCL_FREE(name, made)                                                                                                 \
    do {                                                                                                                           \
        if (made) {                                                                                                                \
            tx_cl->name(made);                                                                                                     \
            tx_opencl_keep(-1);                                                                                                    \
        }                                                                                                                          \
    } while (0)
/* Tests: how many things are made and not given back; adds to them. */
long tx_opencl_keep(long more);

/* TX_FAILURE, with the names of the call and of what it returned, unless that is CL_SUCCESS. */
tx_status tx_opencl_check(cl_int status, const char *call, tx_error *error);
