/* Gradients of a run's blocks, added up where they lie: only integers travel, once, however many blocks there are. */
#include <string.h>

#include "base/memory.h"
#include "opencl/opencl.h"

enum { CHUNK = 512 }; /* parameters of a group of items */

/* ---- The object ---- */

static int64_t num_chunks(const tx_sum_shape *shape)
{
    int64_t count = 0;
    for (int leaf = 0; leaf < shape->num_leaves; leaf++) {
        count += (shape->leaf_sizes[leaf] + CHUNK - 1) / CHUNK;
    }
    return count;
}

static void list_chunks(const tx_sum_shape *shape, int64_t *chunks)
{
    int64_t first = 0;
    for (int leaf = 0; leaf < shape->num_leaves; leaf++) {
        const int64_t end = first + shape->leaf_sizes[leaf];
        for (; first < end; first += CHUNK) {
            memcpy(chunks, (int64_t[]){leaf, first, first + CHUNK < end ? first + CHUNK : end}, 3 * sizeof *chunks);
            chunks += 3;
        }
        first = end;
    }
}

tx_status tx_opencl_make_sum(const tx_opencl *opencl, const tx_sum_shape *shape, tx_error *error, tx_opencl_object *o)
{
    const int limbs = opencl->backend.precision == TX_FLOAT64 ? 2 : 1;
    for (int leaf = 0; leaf < shape->num_leaves; leaf++) {
        o->num_parameters += shape->leaf_sizes[leaf];
    }
    o->num_leaves = shape->num_leaves;
    o->num_chunks = num_chunks(shape);
    o->words = o->num_leaves;
    o->tops = o->words + limbs * o->num_parameters;
    o->object.table_bytes = (size_t)(3 * o->num_chunks) * sizeof(int64_t);
    o->object.sum_bytes = (size_t)(o->tops + o->num_chunks) * sizeof(int64_t);
    TX_TRY(tx_allocate_array((size_t)(3 * o->num_chunks) + 1, sizeof *o->chunks, error, &o->chunks));
    list_chunks(shape, o->chunks);
    return TX_OK;
}

/* ---- A run's ---- */

static tx_status enqueue(tx_frame *frame, const tx_opencl_object *o, int low_bits)
{
    const tx_instruction i = {.object = &o->object, .operand = {{TX_SPACE_GRADIENT, 0}}};
    const tx_place *sum = &frame->staged->sum;
    tx_opencl_launch l = tx_opencl_launch_of(&i, frame, "add_gradients");
    const long more[] = {o->num_parameters, frame->staged->blocks, low_bits, o->words, o->tops};
    memcpy(l.call.more, more, sizeof more);
    l.place[TX_CALL_OUT] = sum->buffer;
    l.rows = o->num_chunks;
    l.sums = true;
    l.once = true;
    return tx_opencl_enqueue(&l);
}

static void find_tops(const tx_opencl_object *o, const int64_t *tops, int64_t *out)
{
    memset(out, 0, (size_t)o->num_leaves * sizeof *out);
    for (int64_t k = 0; k < o->num_chunks; k++) {
        int64_t *top = &out[o->chunks[3 * k]];
        *top = tops[k] > *top ? tops[k] : *top;
    }
}

static tx_status deliver(const tx_frame *frame, const tx_opencl_object *o, const tx_gradient_sum *out)
{
    const tx_backend_class *class_ = frame->backend->class_;
    tx_buffer *sum = frame->staged->sum.buffer;
    const size_t word = sizeof(int64_t);
    int64_t *tops;
    TX_TRY(tx_allocate_array((size_t)o->num_chunks + 1, word, frame->error, &tops));
    tx_status status =
        class_->download(sum, (size_t)o->words * word, out->words, (size_t)(o->tops - o->words) * word, frame->error);
    status = status ? status : class_->download(sum, (size_t)o->tops * word, tops, (size_t)o->num_chunks * word, frame->error);
    if (status == TX_OK) {
        find_tops(o, tops, out->tops);
    }
    tx_free(tops);
    return status;
}

tx_status tx_opencl_add_gradients(tx_frame *frame, const tx_object *object, const tx_gradient_sum *out)
{
    const tx_opencl_object *o = (const tx_opencl_object *)object;
    TX_TRY(frame->backend->class_->upload(frame->staged->sum.buffer, 0, out->scales, (size_t)o->num_leaves * sizeof(int64_t),
                                          frame->error));
    TX_TRY(enqueue(frame, o, out->low_bits));
    return deliver(frame, o, out);
}
