/* Linked into a test: whatever it plans runs on an OpenCL device, as `auto` finds it. */
#include "kernel/backend.h"

extern const tx_backend_class tx_opencl_class;

__attribute__((constructor)) static void choose(void)
{
    tx_backend_default = &tx_opencl_class;
}
