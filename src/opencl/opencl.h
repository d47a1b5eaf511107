/* The OpenCL backend as its files share it. */
#pragma once

#include <pthread.h>

#include "kernel/backend.h"
#include "opencl/library.h"

#include "opencl/call.h"

extern const tx_backend_class tx_opencl_class;

/* ---- device.c ---- */

typedef struct tx_opencl_device {
    cl_platform_id platform;
    cl_device_id id;
    tx_device text;   /* what it is called */
    bool processor;   /* runs on the host's own cores */
    bool apart;       /* has memory of its own */
    cl_ulong largest; /* buffer, in bytes */
} tx_opencl_device;

/* All devices of all platforms, in the loader's order; one tx_allocate. */
tx_status tx_opencl_devices(tx_error *error, tx_opencl_device **out, int *count);
tx_status tx_opencl_list(tx_error *error, tx_device **out, int *count); /* as a backend's `list` */
/* The one that is asked for: "auto" deals them out over the ranks of a machine. TX_INVALID: there is none such. */
tx_status tx_opencl_device_find(const char *asked, int rank, tx_error *error, tx_opencl_device *out);

/* ---- an open backend ---- */

/* How kernels are cut: for processors vectors in one item, for others groups of items. */
typedef struct tx_opencl_form {
    int group, run, sum, width[2], tile, pairs; /* device/common.cl; width: of each tx_precision */
} tx_opencl_form;

enum { TX_OPENCL_MOST_KERNELS = 96 };

typedef struct tx_opencl_driver tx_opencl_driver; /* functions that not all drivers have (commands.c) */

typedef struct tx_opencl {
    tx_backend backend;
    const tx_backend *cpu; /* whose kernels users' functions need */
    tx_opencl_device device;
    char computer[256]; /* that, in words */
    const tx_opencl_form *form;
    bool begun; /* context and what follows are there: only where something runs */
    cl_context context;
    cl_command_queue queue, timed; /* timed: for profiles, NULL until there is one */
    tx_opencl_driver *driver;      /* NULL: it has no command buffers */
    cl_program program;
    cl_kernel kernels[TX_OPENCL_MOST_KERNELS]; /* by tx_opencl_row */
    size_t taken;                              /* bytes of its memory */
    uint64_t serial;                           /* of its latest buffer */
    pthread_mutex_t mutex;                     /* a kernel's arguments belong to one thread at a time */
} tx_opencl;

static inline tx_opencl *tx_opencl_of(const tx_backend *backend)
{
    return backend->context;
}

typedef struct tx_opencl_buffer {
    tx_buffer buffer;
    cl_mem memory;   /* NULL: no bytes */
    uint64_t serial; /* no other one of the backend has, or had, this number */
} tx_opencl_buffer;

/* ---- program.c ---- */

void tx_opencl_form_of(tx_opencl *opencl); /* sets the form */
/* Builds the kernels of the backend's precision for its device. */
tx_status tx_opencl_build(tx_opencl *opencl, tx_error *error);
/* Function number k of the program by itself; tx_opencl_free. */
tx_status tx_opencl_make_kernel(const tx_opencl *opencl, int k, tx_error *error, cl_kernel *out);
/* Tests: the form of all backends from now on, 1: that of processors; -1: as the device asks. */
void tx_opencl_choose_form(int form);

/* ---- cache.c ---- */

uint64_t tx_opencl_sum(const void *bytes, size_t size); /* a checksum */
/* What was written under this key; NULL: nothing that is whole. tx_free. */
unsigned char *tx_opencl_cache_read(uint64_t key, size_t *size);
void tx_opencl_cache_write(uint64_t key, const void *bytes, size_t size);

/* ---- object.c: shapes, and what kernels find in tables ---- */

typedef struct tx_opencl_object {
    tx_object object;
    tx_conv_shape conv;
    tx_spectral_shape spectral; /* of a transform over all modes: with the counts that this means */
    tx_layout layout;           /* of a halo */
    tx_halo *halo;
    int64_t num_cells, num_gains;           /* of a halo's channel: its cells, those inside that its adjoint adds to */
    int64_t kernel_taps, most_taps, packed; /* taps of the weights, of a phase; packed reals */
    int phases, tiles, in, out, groups;     /* of a convolution; channels of a group and phase */
    int64_t matrices, wave_pitch,
        point_pitch; /* of its last axis: where matrices begin in the table, in reals; 0: there are none */
    int64_t stage;   /* reals of a stage's real parts, at most */
    int num_leaves;  /* of a sum */
    int64_t num_parameters, num_chunks, words, tops; /* where in its buffer, in integers; scales come first */
    int64_t *chunks;                                 /* (leaf, first parameter, end) of each */
    tx_buffer *table;
} tx_opencl_object;

tx_status tx_opencl_object_create(const tx_backend *backend, tx_object_kind kind, const void *shape, tx_error *error,
                                  tx_object **out);
tx_status tx_opencl_object_load(const tx_backend *backend, tx_object *object, tx_error *error);
void tx_opencl_object_destroy(const tx_backend *backend, tx_object *object);

int64_t tx_opencl_waves(const tx_opencl_object *object, int axis); /* of a transform: wavenumbers of an axis of x */

/* ---- launch.c: one call of one kernel ---- */

typedef struct tx_opencl_launch {
    const tx_instruction *instruction;
    tx_frame *frame;
    const tx_opencl *opencl;
    const tx_opencl_object *object; /* NULL: none */
    int kernel;                     /* function of the program */
    bool sums;                      /* a group a row, whose items add up; else items side by side */
    bool once;                      /* for all blocks together */
    int64_t items, rows;
    double alpha, beta;
    tx_opencl_call call;
    const tx_buffer *place[TX_CALL_PLACES];
} tx_opencl_launch;

/* As the instruction says; what is missing are items and rows. */
tx_opencl_launch tx_opencl_launch_of(const tx_instruction *instruction, tx_frame *frame, const char *function);
void tx_opencl_layout_to(const tx_layout *layout, tx_opencl_layout *out);
void tx_opencl_over(tx_opencl_launch *launch, const tx_opencl_layout *layout); /* all its rows */
tx_status tx_opencl_enqueue(const tx_opencl_launch *launch);

tx_status tx_opencl_set_arguments(const tx_opencl_launch *launch, cl_kernel kernel);
/* As a backend's. */
tx_status tx_opencl_time(const tx_instruction *instruction, tx_frame *frame, double *seconds);

/* What becomes of launches, where they do not just go onto the queue: one of these (a frame's pass). */
typedef struct tx_opencl_pass {
    tx_recording *recording; /* they are kept */
    double seconds;          /* else each is waited for, and its time on the device is added here */
} tx_opencl_pass;

/* ---- record.c ---- */

tx_status tx_opencl_record(tx_recording *recording, const tx_opencl_launch *launch, const size_t global[2], size_t group);
tx_status tx_opencl_record_host(tx_recording *recording, const tx_instruction *instruction, tx_error *error);
/* As a backend's. */
tx_status tx_opencl_run(const tx_instruction *instructions, size_t count, tx_frame *frame, tx_recording **recording);
void tx_opencl_forget(tx_recording *recording);

/* ---- commands.c: launches that the driver takes all at once ---- */

typedef struct tx_opencl_commands tx_opencl_commands;
/* *out stays NULL where the driver has none; tx_free. */
tx_status tx_opencl_find_commands(const tx_opencl_device *device, tx_error *error, tx_opencl_driver **out);
tx_status tx_opencl_commands_begin(const tx_opencl *opencl, tx_error *error, tx_opencl_commands **out);
tx_status tx_opencl_commands_add(const tx_opencl *opencl, tx_opencl_commands *commands, cl_kernel kernel, const size_t global[2],
                                 size_t group, tx_error *error);
tx_status tx_opencl_commands_end(const tx_opencl *opencl, tx_opencl_commands *commands, tx_error *error);
tx_status tx_opencl_commands_run(const tx_opencl *opencl, const tx_opencl_commands *commands, tx_error *error);
void tx_opencl_commands_free(const tx_opencl *opencl, tx_opencl_commands *commands); /* takes NULL */

/* ---- kernels.c ---- */

const tx_kernel *tx_opencl_find(const tx_backend *backend, const char *name);
/* Function number k of the program; NULL: there are no more. Its number by its name. */
const char *tx_opencl_function(int k);

/* ---- sum.c ---- */

tx_status tx_opencl_make_sum(const tx_opencl *opencl, const tx_sum_shape *shape, tx_error *error, tx_opencl_object *o);
tx_status tx_opencl_add_gradients(tx_frame *frame, const tx_object *object, const tx_gradient_sum *out); /* as a backend's */

/* ---- transform.c, host.c: operations of several launches, and of none ---- */
tx_status tx_opencl_transform(const tx_instruction *instruction, tx_frame *frame);
tx_status tx_opencl_on_host(const tx_instruction *instruction, tx_frame *frame);
