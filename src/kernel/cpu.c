/* The CPU as a backend: buffers are plain memory, objects the kernels' own, an instruction one call of the table of kernels. */
#include <string.h>

#include "base/available.h"
#include "base/memory.h"
#include "kernel/cpu.h"

/* ---- Memory ---- */

static tx_status allocate(const tx_backend *backend, size_t bytes, tx_error *error, tx_buffer **out)
{
    tx_buffer *buffer;
    TX_TRY(tx_allocate(sizeof *buffer, error, &buffer));
    const tx_status status = tx_allocate(bytes, error, &buffer->data);
    if (status != TX_OK) {
        tx_free(buffer);
        return status;
    }
    buffer->backend = backend;
    buffer->bytes = bytes;
    *out = buffer;
    return TX_OK;
}

static void free_buffer(tx_buffer *buffer)
{
    if (buffer) {
        tx_free(buffer->data);
        tx_free(buffer);
    }
}

static tx_status upload(tx_buffer *buffer, size_t offset, const void *from, size_t bytes, tx_error *error)
{
    (void)error;
    if (bytes) {
        memcpy(buffer->data + offset, from, bytes);
    }
    return TX_OK;
}

static tx_status download(tx_buffer *buffer, size_t offset, void *to, size_t bytes, tx_error *error)
{
    (void)error;
    if (bytes) {
        memcpy(to, buffer->data + offset, bytes);
    }
    return TX_OK;
}

static tx_status clear(tx_buffer *buffer, size_t offset, size_t bytes, tx_error *error)
{
    (void)error;
    memset(buffer->data + offset, 0, bytes);
    return TX_OK;
}

static tx_status synchronise(const tx_backend *backend, tx_error *error)
{
    (void)backend, (void)error;
    return TX_OK;
}

/* ---- Objects ---- */

static tx_status make(const tx_backend *backend, tx_object_kind kind, const void *shape, tx_error *error, tx_object *object)
{
    const tx_kernels *kernels = backend->context;
    const size_t real = tx_real_bytes(backend->precision);
    switch (kind) {
    case TX_OBJECT_CONVOLUTION:
        TX_TRY(kernels->conv_create(shape, error, (tx_conv **)&object->made));
        object->packed_bytes = kernels->conv_packed_size(object->made) * real;
        object->scratch_bytes = kernels->conv_scratch(object->made) * real;
        return TX_OK;
    case TX_OBJECT_SPECTRAL:
        TX_TRY(kernels->spectral_create(shape, error, (tx_spectral **)&object->made));
        object->table_bytes = kernels->spectral_bytes(object->made);
        object->scratch_bytes = kernels->spectral_scratch(object->made) * real;
        return TX_OK;
    case TX_OBJECT_RFFTN:
        TX_TRY(kernels->rfftn_create(shape, error, (tx_rfft **)&object->made));
        object->scratch_bytes = kernels->rfftn_scratch(object->made) * real;
        return TX_OK;
    default:
        return tx_halo_create(((const tx_halo_shape *)shape)->layout, ((const tx_halo_shape *)shape)->mode, error,
                              (tx_halo **)&object->made);
    }
}

static tx_status create(const tx_backend *backend, tx_object_kind kind, const void *shape, tx_error *error, tx_object **out)
{
    tx_object *object;
    TX_TRY(tx_allocate(sizeof *object, error, &object));
    object->kind = kind;
    const tx_status status = make(backend, kind, shape, error, object);
    if (status != TX_OK) {
        tx_free(object);
        return status;
    }
    *out = object;
    return TX_OK;
}

static tx_status load(const tx_backend *backend, tx_object *object, tx_error *error)
{
    const tx_kernels *kernels = backend->context;
    return object->kind == TX_OBJECT_SPECTRAL ? kernels->spectral_prepare(object->made, error) : TX_OK;
}

static void destroy(const tx_backend *backend, tx_object *object)
{
    const tx_kernels *kernels = backend->context;
    if (!object) {
        return;
    }
    switch (object->kind) {
    case TX_OBJECT_CONVOLUTION:
        kernels->conv_destroy(object->made);
        break;
    case TX_OBJECT_SPECTRAL:
        kernels->spectral_destroy(object->made);
        break;
    case TX_OBJECT_RFFTN:
        kernels->rfftn_destroy(object->made);
        break;
    default:
        tx_halo_destroy(object->made);
    }
    tx_free(object);
}

/* ---- Kernels ---- */

/* A table. clang-format would tear it apart. */
/* clang-format off */
#define KERNEL(name, ...)                                                   \
    static tx_status run_##name(const tx_instruction *i, tx_frame *frame) \
    {                                                                       \
        const tx_kernels *k = frame->backend->context;                      \
        __VA_ARGS__;                                                        \
        return TX_OK;                                                       \
    }
#define IN(n) tx_frame_at(frame, i->operand[n])
#define MAYBE(n) (i->operand[n].space == TX_SPACE_NONE ? NULL : IN(n))
#define OUT tx_frame_at(frame, i->out)
#define AT(n) i->layout[n], IN(n)
#define RESULT i->out_layout, OUT
#define TENSOR(n) (tx_tensor){i->layout[n], MAYBE(n)}
#define RESULT_TENSOR (tx_tensor){RESULT}
#define MADE i->object->made
#define SCRATCH IN(TX_MAX_OPERANDS - 1)

/* Every part has its own. */
static void *part_scratch(const tx_instruction *i, const tx_frame *frame)
{
    const size_t bytes = i->object->scratch_bytes;
    return bytes ? (char *)SCRATCH + (size_t)frame->part.index * tx_whole_lines(bytes) : NULL;
}

static tx_status run_store(const tx_instruction *i, tx_frame *frame)
{
    const tx_kernels *k = frame->backend->context;
    if (frame->outputs && frame->outputs[i->output]) {
        k->store(AT(0), frame->outputs[i->output] + frame->first, 0, frame->count);
    }
    return TX_OK;
}

static void concatenate(const tx_kernels *k, const tx_instruction *i, const tx_frame *frame)
{
    const int64_t first = i->layout[0]->shape.channels, second = i->layout[1]->shape.channels;
    const tx_layout a = tx_layout_channels(i->out_layout, 0, first), b = tx_layout_channels(i->out_layout, first, second);
    k->copy(AT(0), &a, OUT);
    k->copy(AT(1), &b, OUT);
}

/* Of modes, whose rows are [sample][mode]: a lane is a part of each row. */
static void take_lane_of_modes(const tx_kernels *k, const tx_instruction *i, const tx_frame *frame)
{
    tx_layout lane = *i->layout[0];
    lane.row = lane.shape.n[0];
    lane.origin += i->lane * lane.row;
    lane.stride[0] = lane.block = 1;
    k->copy(&lane, IN(0), RESULT);
}

/* One sample in every lane. */
static void fixed(const tx_kernels *k, const tx_instruction *i, const tx_frame *frame)
{
    const int block = i->out_layout->block;
    for (int lane = 0; lane < block; lane++) {
        frame->scratch_samples[lane] = IN(0);
    }
    k->load(i->out_layout, (const void *const *)frame->scratch_samples, 0, block, OUT);
}

/* Seeds are there for padding lanes, too. */
KERNEL(load, k->load(i->out_layout, frame->samples[i->source], i->offset, i->source == TX_SOURCE_SEED ? i->out_layout->block : frame->count, OUT))
KERNEL(fixed, fixed(k, i, frame))
KERNEL(take_lane, k->take_lane(i->lane, AT(0), RESULT))
KERNEL(pack, k->conv_pack(MADE, IN(0), OUT))
KERNEL(halo, k->halo(MADE, frame->part, OUT))
KERNEL(fold, k->fold(MADE, frame->part, OUT))
KERNEL(zero, k->zero(RESULT))
KERNEL(copy, k->copy(AT(0), RESULT))
KERNEL(reshape, k->reshape(AT(0), RESULT))
KERNEL(concatenate, concatenate(k, i, frame))
KERNEL(split, k->split(i->stride, i->low, AT(0), RESULT))
KERNEL(join, k->join(i->stride, AT(0), RESULT))
/* operand 1: packed weights, 2: bias, 3: mask, 4: what is added */
KERNEL(conv, k->conv_apply(MADE, frame->part, &(tx_conv_operands){IN(0), IN(1), MAYBE(2), MAYBE(3), MAYBE(4), OUT, part_scratch(i, frame)}))
KERNEL(conv_weights, k->conv_weights(MADE, frame->part, IN(0), IN(1), OUT, part_scratch(i, frame)))
KERNEL(bias_gradient, k->bias_gradient(AT(0), OUT))
KERNEL(activate, k->activate(i->activation, AT(0), RESULT))
KERNEL(activate_gradient, k->activate_gradient(i->activation, AT(1), AT(0), RESULT))
KERNEL(add, k->axpby(i->alpha, AT(0), i->beta, AT(1), RESULT))
KERNEL(scale, k->axpby(i->alpha, AT(0), 0, NULL, NULL, RESULT))
KERNEL(multiply, k->multiply(AT(0), AT(1), RESULT))
KERNEL(power, k->power(i->alpha, AT(0), RESULT))
KERNEL(power_gradient, k->power_gradient(i->alpha, AT(1), AT(0), RESULT))
KERNEL(lane_scale, k->lane_scale(i->alpha, IN(1), TENSOR(0), NULL, RESULT_TENSOR))
KERNEL(broadcast, k->lane_scale(i->alpha, IN(0), (tx_tensor){0}, NULL, RESULT_TENSOR))
KERNEL(sum, k->lane_sum(i->alpha, AT(0), OUT))
KERNEL(dot, k->lane_dot(i->alpha, AT(0), AT(1), OUT))
KERNEL(square_error, k->lane_square_error(i->alpha, AT(0), AT(1), OUT))
KERNEL(square_error_gradient, k->square_error_gradient(i->alpha, IN(2), TENSOR(0), TENSOR(1), MAYBE(3), RESULT_TENSOR))
KERNEL(group_statistics, k->group_statistics(i->groups, i->alpha, TENSOR(0), RESULT_TENSOR))
KERNEL(group_norm, k->group_norm(i->groups, i->activation, TENSOR(0), TENSOR(1), IN(2), IN(3), TENSOR(4), RESULT_TENSOR))
KERNEL(group_moments, k->group_moments(i->groups, TENSOR(0), TENSOR(1), TENSOR(2), RESULT_TENSOR))
KERNEL(group_pull, k->group_pull(i->groups, i->alpha, TENSOR(0), TENSOR(1), IN(2), RESULT_TENSOR))
KERNEL(group_norm_gradient, k->group_norm_gradient(i->groups, i->activation == TX_RELU, TENSOR(0), TENSOR(1), TENSOR(2), IN(3), TENSOR(4), RESULT_TENSOR))
KERNEL(spectral_analyse, k->spectral_analyse(MADE, frame->part, IN(0), OUT, part_scratch(i, frame)))
KERNEL(spectral_synthesise, k->spectral_synthesise(MADE, frame->part, IN(0), OUT, part_scratch(i, frame)))
KERNEL(spectral_multiply, k->spectral_multiply(frame->part, i->flip, i->groups, AT(0), IN(1), IN(2), RESULT))
KERNEL(spectral_take_lane, take_lane_of_modes(k, i, frame))
KERNEL(spectral_weights, k->spectral_weights(frame->part, i->flip, i->groups, AT(0), AT(1), OUT))
KERNEL(rfftn, k->rfftn_forward(MADE, frame->part, IN(0), OUT, part_scratch(i, frame)))
KERNEL(irfftn, k->rfftn_backward(MADE, frame->part, IN(0), OUT, part_scratch(i, frame)))
KERNEL(multiply_modes, k->multiply_modes(frame->part, i->flip, i->groups, AT(0), IN(1), RESULT))

#define ROW(name) {#name, run_##name}
const tx_kernel tx_cpu_kernels[] = {
    ROW(load), ROW(fixed), ROW(store), ROW(take_lane), ROW(pack), ROW(halo), ROW(fold), ROW(zero), ROW(copy), {"flatten", run_reshape}, {"unflatten", run_reshape},
    {"take_channels", run_copy},
    ROW(concatenate), ROW(split), ROW(join), ROW(conv), ROW(conv_weights), ROW(bias_gradient), ROW(activate), ROW(activate_gradient),
    ROW(add), ROW(scale), ROW(multiply), ROW(power), ROW(power_gradient), ROW(lane_scale), ROW(broadcast), ROW(sum), ROW(dot),
    ROW(square_error), ROW(square_error_gradient), ROW(group_statistics), ROW(group_norm), ROW(group_moments), ROW(group_pull),
    ROW(group_norm_gradient), ROW(spectral_analyse), ROW(spectral_synthesise), ROW(spectral_multiply), ROW(spectral_take_lane),
    ROW(spectral_weights), ROW(rfftn), ROW(irfftn), ROW(multiply_modes),
    {"call", tx_cpu_call}, {"call_result", tx_cpu_call_result}, {"call_vjp", tx_cpu_call_vjp}, {"call_jvp", tx_cpu_call_jvp}, {0},
};

/* clang-format on */

static const tx_kernel *find(const tx_backend *backend, const char *name)
{
    (void)backend;
    const tx_kernel *kernel = tx_cpu_kernels;
    while (kernel->name && strcmp(kernel->name, name) != 0) {
        kernel++;
    }
    return kernel->name ? kernel : NULL;
}

/* ---- The backend ---- */

static tx_status open_cpu(const tx_backend_options *options, tx_error *error, const tx_backend **out)
{
    *out = tx_backend_cpu(options->isa, options->precision);
    return *out ? TX_OK : tx_error_set(error, TX_FAILURE, "this machine cannot run instruction set %d", options->isa);
}

static void close_cpu(const tx_backend *backend)
{
    (void)backend; /* is there for good */
}

static tx_status room(const tx_backend *backend, tx_error *error, size_t *out)
{
    (void)backend, (void)error;
    const tx_available available = tx_available_now("");
    *out = tx_available_least(&available);
    return TX_OK;
}

const tx_backend_class tx_cpu_class = {.name = "cpu",
                                       .in_place = true,
                                       .open = open_cpu,
                                       .close = close_cpu,
                                       .room = room,
                                       .allocate = allocate,
                                       .free = free_buffer,
                                       .upload = upload,
                                       .download = download,
                                       .clear = clear,
                                       .synchronise = synchronise,
                                       .find = find,
                                       .create = create,
                                       .load = load,
                                       .destroy = destroy};
